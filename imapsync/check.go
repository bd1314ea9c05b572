package imapsync

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"trasloco/imapsync/wire"
	"trasloco/migration"
)

// Findings are what a check learned of one end before it ended.
type Findings struct {
	Stage Stage // the last one tried
	OK    bool  // it came through the last stage

	// The source's own folders, those that will be left out included.
	Folders, Messages int
	Bytes             int64 // an estimate where the server does not tell sizes
	Oversize          int   // messages above the job's MaxSize in folders that are copied

	// Inventory are the source's folders one by one; see Places.
	Inventory migration.FolderInventory
	// Master is the form in which the source took the login of a master user.
	Master migration.MasterForm
	// Addresses are what the name of the source led to; none where it was given by
	// its address. Shown is the SHA-256 of the certificate it has.
	Addresses migration.Addresses
	Shown     string
	// Rate is how fast the source sent a few messages, in octets per second; 0: there
	// were too few to tell.
	Rate int64
	// Hidden is what the settings of a Gmail account may keep from us.
	Hidden migration.Hidden

	Quota *Quota // the destination's; nil: none, or not told

	tree *tree // of this end
}

// Stage is a step of a check, in this order.
type Stage string

// The stages of a check.
const (
	StageAddress     Stage = migration.StageAddress
	StageConnect     Stage = migration.StageConnect
	StageTLS         Stage = migration.StageTLS
	StageGreeting    Stage = migration.StageGreeting
	StageLogin       Stage = migration.StageLogin
	StageInventory   Stage = "inventory" // source
	StageDestination Stage = "mailbox"   // destination
)

var stageOf = map[Class]Stage{
	ClassAddress: StageAddress, ClassPrivate: StageAddress, ClassConnect: StageConnect, ClassTLS: StageTLS,
	ClassCertificate: StageTLS, ClassOldTLS: StageTLS, ClassNoTLS: StageTLS, ClassGreeting: StageGreeting, ClassLogin: StageLogin, ClassMechanism: StageLogin,
}

// failedAt returns the stage at which connecting ended with err.
func failedAt(err error) Stage {
	var e *Error
	if errors.As(err, &e) {
		if stage, ok := stageOf[e.Class]; ok {
			return stage
		}
		if stage, _ := migration.ProviderStage(string(e.Class)); stage != "" {
			return Stage(stage)
		}
	}
	return StageLogin
}

// CheckSource logs in to the source of a job and counts what is there. It
// changes nothing; of a few messages it reads the octets, keeping none, to see how
// fast they come. The error is an *Error or the context's.
func (e *Engine) CheckSource(ctx context.Context, job Job) (Findings, error) {
	source := job.Resource.Source
	var err error
	if source.Addresses == "" { // S7: from now on it stays with these
		if source.Addresses, err = e.Resolve(ctx, source); err != nil {
			return Findings{Stage: failedAt(err)}, err
		}
	}
	conn, err := e.visit(ctx, SourceSide, source, job.warrant())
	if paused := (*PausedError)(nil); errors.As(err, &paused) {
		return Findings{Addresses: source.Addresses}, err // so that nobody has to look them up again to know
	}
	if err != nil {
		err = e.weaknessOf(ctx, source, err)
		return Findings{Stage: failedAt(err)}, err
	}
	v := &visitor{engine: e, job: job, source: source, conn: conn}
	defer func() { v.conn.Logout(ctx) }()
	if err := opensToApp(ctx, conn, source.Auth); err != nil {
		return Findings{Stage: failedAt(err)}, err
	}
	found := Findings{
		Stage: StageInventory, Master: e.masterForm(source),
		Addresses: frozenBy(conn, source.Addresses), Shown: shownBy(conn),
	}
	if err := takeInventory(ctx, v, &found); err != nil {
		return found, blame(SourceSide, err)
	}
	if found.Rate, err = e.sample(ctx, v.conn, found.tree, found.Inventory); err != nil {
		return found, blame(SourceSide, err)
	}
	found.OK = true
	return found, nil
}

// CheckDestination logs in to the destination of a job, looks whether the
// mailbox opens, and asks for its folders and its quota.
func (e *Engine) CheckDestination(ctx context.Context, job Job) (Findings, error) {
	conn, err := e.visit(ctx, DestinationSide, job.Resource.Destination, job.warrant())
	if err != nil {
		return Findings{Stage: failedAt(err)}, err
	}
	found := Findings{Stage: StageDestination}
	if found.tree, err = readTree(ctx, conn, ""); err != nil {
		conn.Logout(ctx)
		return found, blame(DestinationSide, err)
	}
	ctl := openControl(conn)
	defer ctl.close(ctx)
	if found.Quota, err = ctl.quota(ctx); err != nil {
		return found, blame(DestinationSide, err)
	}
	found.OK = true
	return found, nil
}

// A visitor looks at a source for a check. Its connection may be another one after
// fresh.
type visitor struct {
	engine *Engine
	job    Job
	source migration.Endpoint // with its frozen address
	conn   *wire.Conn
}

// fresh makes the connection anew before the server hangs up because of all it had to
// refuse (2.10).
func (v *visitor) fresh(ctx context.Context) error {
	if v.conn.Refusals() < errorsBearable {
		return nil
	}
	v.conn.Logout(ctx)
	conn, err := v.engine.visit(ctx, SourceSide, v.source, v.job.warrant())
	if err == nil {
		v.conn = conn
	}
	return err
}

// takeInventory looks at every folder. What it says of leaving out holds without
// the admin's own choices; the sums hold with them.
func takeInventory(ctx context.Context, v *visitor, found *Findings) error {
	t, err := readSource(ctx, v.conn, statusItems(v.conn))
	if err != nil {
		return err
	}
	found.tree = t
	usual := v.job.Rules
	usual.Chosen = nil
	for _, f := range t.folders {
		one := foundFolder(f, t.folders, usual)
		if f.opens() && !f.repeats {
			if err := v.measure(ctx, f, t, &one); err != nil {
				return err
			}
			found.Folders++
			if t.isCounted(f) {
				found.Messages += one.Messages
				found.Bytes += one.Bytes
			}
		}
		found.Inventory = append(found.Inventory, one)
	}
	found.Oversize = found.Inventory.LeftOut(v.job.Rules.Chosen).Oversize
	found.Hidden = t.hides(func(i int) int { return found.Inventory[i].Messages })
	return v.fresh(ctx)
}

// foundFolder says of a folder what is known without opening it.
func foundFolder(f folder, all []folder, usual migration.FolderRules) migration.FoundFolder {
	one := migration.FoundFolder{
		Path: make([]string, len(f.path)), Role: f.role, Parent: !f.opens(), View: f.isView(),
		Reason: excluded(f, all, usual), Itself: excludedItself(f, usual) != "",
	}
	for i, level := range f.path {
		one.Path[i] = norm.NFC.String(level)
	}
	if f.Name != one.Name() {
		one.Raw = strings.ToValidUTF8(f.Name, "\uFFFD")
	}
	return one
}

// Places returns the source's folders with the place that each will have at the
// destination. Those that are left out have theirs too, in case they are not; the
// others get theirs first. It is pure.
func Places(source, destination Findings) migration.FolderInventory {
	if source.tree == nil || destination.tree == nil {
		return source.Inventory
	}
	m := newMapper(destination.tree, copiedOf(source))
	placed := slices.Clone(source.Inventory)
	for _, out := range []bool{false, true} {
		for i, f := range source.tree.folders {
			if !f.opens() || (placed[i].Reason != "") != out || placed[i].View {
				continue
			}
			if to := m.target(f); !slices.Equal(to, placed[i].Path) {
				placed[i].To = to
			}
		}
	}
	return placed
}

// copiedOf are the folders that nothing leaves out: a place of a role is theirs.
func copiedOf(source Findings) (folders []folder) {
	for i, f := range source.tree.folders {
		if source.Inventory[i].Reason == "" {
			folders = append(folders, f)
		}
	}
	return folders
}

// statusItems adds the size of a folder where a server tells it (RFC 8438).
func statusItems(conn *wire.Conn) string {
	if conn.Has("STATUS=SIZE") {
		return "MESSAGES SIZE"
	}
	return "MESSAGES"
}

// measure adds a folder's messages, its octets and the number of its messages that
// are too large, as far as that is known without opening it, or by asking little. One
// that holds no mail and stays here is counted only: Exchange refuses much of what is in
// its own.
func (v *visitor) measure(ctx context.Context, f folder, t *tree, one *migration.FoundFolder) error {
	if err := v.fresh(ctx); err != nil {
		return err
	}
	conn, job := v.conn, v.job
	status, listed := t.status[f.Name]
	if !listed {
		var err error
		if status, err = conn.Status(ctx, f.Name, statusItems(conn)); err != nil && !isRefusal(err) {
			return err
		}
	}
	one.Messages = int(min(status["MESSAGES"], 1<<31))
	size, told := status["SIZE"]
	one.Bytes = int64(min(size, 1<<62))
	wantsOversize := job.MaxSize > 0 && !one.View && t.isCounted(f) && (!told || size > uint64(job.MaxSize))
	reason := excluded(f, t.folders, job.Rules)
	isNoMail := reason == migration.ReasonNotMail || reason == migration.ReasonPublic
	if status["MESSAGES"] == 0 || isNoMail || told && !wantsOversize {
		return nil
	}
	box, err := conn.Examine(ctx, f.Name)
	if err != nil {
		return ignoreRefusal(err) // the copy will name it
	}
	if !told {
		if one.Bytes, err = estimate(ctx, conn, box.Exists); err != nil {
			return ignoreRefusal(err)
		}
	}
	if !wantsOversize {
		return nil
	}
	large, err := conn.Search(ctx, true, fmt.Sprintf("LARGER %d", job.MaxSize))
	one.Oversize = len(large)
	return ignoreRefusal(err)
}

func ignoreRefusal(err error) error {
	if isRefusal(err) {
		return nil
	}
	return err
}

const estimateMessages = 1000

// estimate measures the newest messages of the open folder and takes the others
// to be like them.
func estimate(ctx context.Context, conn *wire.Conn, exists uint32) (int64, error) {
	if exists == 0 {
		return 0, nil
	}
	low := uint32(1)
	if exists > estimateMessages {
		low = exists - estimateMessages + 1
	}
	var octets int64
	q := wire.Query{Set: fmt.Sprintf("%d:%d", low, exists), Items: "(RFC822.SIZE)"}
	status, err := conn.Fetch(ctx, q, nil, func(f wire.Fetched) error {
		octets += f.Size
		return nil
	})
	if err != nil {
		return 0, err
	}
	return octets * int64(exists) / int64(exists-low+1), status.Err("FETCH")
}
