package imapsync

import (
	"context"
	"errors"
	"fmt"

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

	Quota *Quota // the destination's; nil: none, or not told
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
	ClassCertificate: StageTLS, ClassGreeting: StageGreeting, ClassToken: StageLogin, ClassLogin: StageLogin,
	ClassMechanism: StageLogin,
}

// failedAt returns the stage at which connecting ended with err.
func failedAt(err error) Stage {
	var e *Error
	if errors.As(err, &e) {
		if stage, ok := stageOf[e.Class]; ok {
			return stage
		}
	}
	return StageLogin
}

// CheckSource logs in to the source of a job and counts what is there. It
// changes nothing and reads no message. The error is an *Error or the context's.
func (e *Engine) CheckSource(ctx context.Context, job Job) (Findings, error) {
	conn, err := e.connect(ctx, SourceSide, job.Resource.Source)
	if err != nil {
		return Findings{Stage: failedAt(err)}, err
	}
	defer conn.Logout(ctx)
	found := Findings{Stage: StageInventory}
	if err := takeInventory(ctx, conn, job, &found); err != nil {
		return found, blame(SourceSide, err)
	}
	found.OK = true
	return found, nil
}

// CheckDestination logs in to the destination of a job, looks whether the
// mailbox opens, and asks for its quota.
func (e *Engine) CheckDestination(ctx context.Context, job Job) (Findings, error) {
	conn, err := e.connect(ctx, DestinationSide, job.Resource.Destination)
	if err != nil {
		return Findings{Stage: failedAt(err)}, err
	}
	found := Findings{Stage: StageDestination}
	if _, err := conn.List(ctx, "LIST", "", "%", ""); err != nil {
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

func takeInventory(ctx context.Context, conn *wire.Conn, job Job, found *Findings) error {
	t, err := readTree(ctx, conn, statusItems(conn))
	if err != nil {
		return err
	}
	for _, f := range t.folders {
		if !f.opens() {
			continue
		}
		status, ok := t.status[f.Name]
		if !ok {
			if status, err = conn.Status(ctx, f.Name, statusItems(conn)); err != nil && !isRefusal(err) {
				return err
			}
		}
		found.Folders++
		found.Messages += int(min(status["MESSAGES"], 1<<31))
		if err := measure(ctx, conn, job, f, status, excluded(f, t.folders, job.Rules) != "", found); err != nil {
			return err
		}
	}
	return nil
}

// statusItems adds the size of a folder where a server tells it (RFC 8438).
func statusItems(conn *wire.Conn) string {
	if conn.Has("STATUS=SIZE") {
		return "MESSAGES SIZE"
	}
	return "MESSAGES"
}

// measure adds a folder's octets and the number of its messages that are too
// large, as far as that is known without opening it, or by asking little.
func measure(ctx context.Context, conn *wire.Conn, job Job, f folder, status wire.FolderStatus, out bool, found *Findings) error {
	size, told := status["SIZE"]
	found.Bytes += int64(min(size, 1<<62))
	wantsOversize := job.MaxSize > 0 && !out && (!told || size > uint64(job.MaxSize))
	if status["MESSAGES"] == 0 || told && !wantsOversize {
		return nil
	}
	box, err := conn.Examine(ctx, f.Name)
	if err != nil {
		return ignoreRefusal(err) // the copy will name it
	}
	if !told {
		octets, err := estimate(ctx, conn, box.Exists)
		if err != nil {
			return ignoreRefusal(err)
		}
		found.Bytes += octets
	}
	if !wantsOversize {
		return nil
	}
	large, err := conn.Search(ctx, true, fmt.Sprintf("LARGER %d", job.MaxSize))
	found.Oversize += len(large)
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
