package imapsync

import (
	"cmp"
	"context"
	"net"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"trasloco/imapsync/wire"
	"trasloco/migration"
)

// Engine runs syncs and checks. It is safe for concurrent use; runs with the
// same destination mailbox must not overlap, which its caller sees to (P-3).
type Engine struct {
	opts Options

	memory *semaphore.Weighted // octets of messages of all runs
	disk   *semaphore.Weighted // the same, in files

	mu        sync.Mutex
	tokens    map[tokenKey]*shelf[accessToken]
	tenants   map[string]*shelf[string]       // by authority and domain
	gates     map[string]*gate                // by server, at either end
	paces     map[string]*pace                // by account at the source
	forms     map[string]migration.MasterForm // what a server took where nobody named a form, by address
	entrances map[string]*entrance            // by migration.HostKey
	proven    map[shared]bool                 // logins of many that let somebody in
}

// Options are what holds for every run of an Engine.
type Options struct {
	Now      func() time.Time // nil: time.Now
	TempDir  string           // for messages above 4 MiB; must exist
	Timeouts wire.Timeouts    // zero: wire.DefaultTimeouts

	// Memory and TempSpace bound the octets of messages that all runs together
	// hold in memory and in TempDir; 0: DefaultMemory and DefaultTempSpace. A run
	// that finds no room waits for its turn.
	Memory, TempSpace int64

	Patience Patience // zero: DefaultPatience

	// AllowPrivate lets connections go to loopback and private addresses.
	AllowPrivate bool
	// CA holds PEM certificates that are trusted besides the system's, for all
	// endpoints that bring none of their own.
	CA []byte
	// Authority is where tenants are found and tokens are given; "": that of the
	// cloud whose server the source is (migration.CloudOf).
	Authority string
	// GoogleTokens is where the keys of service accounts are exchanged for tokens; "":
	// at Google, and then its own server alone is shown them.
	GoogleTokens string
	// Cloud is Microsoft's cloud for sources that are none of its servers by name:
	// Cloud.Name; "": the public one.
	Cloud string
	// Resolver finds the addresses of names; nil: the system's.
	Resolver Resolver
	// Records leads Discover to servers, and Web reads what web servers say of them;
	// nil: the system's resolver, and the web.
	Records Records
	Web     http.RoundTripper
	// PerSource is how many connections to one source are made at once where nothing
	// was learnt of it (C-1); 0: as by default. Limits are what was learnt before, and
	// Learnt hears of what is learnt, from any goroutine; nil: nobody wants to.
	PerSource int
	Limits    []migration.ServerLimit
	Learnt    func(migration.ServerLimit)
	// Refusals remembers refused logins (C-2); nil: as long as the Engine lives.
	Refusals Refusals
}

// Patience says how long a run bears with servers that fail.
type Patience struct {
	FirstTries int           // connections tried before the first login
	Backoff    time.Duration // first wait before a reconnect; doubles each time
	MaxBackoff time.Duration
	// Throttle and MaxThrottle are the same for a server that asks to be left
	// alone without saying for how long; 0: as Backoff and MaxBackoff.
	Throttle, MaxThrottle time.Duration
	// GiveUp parks the run when no message was acknowledged for so long.
	GiveUp time.Duration
	// LateCommit is how long a server may still store what it was sent before a
	// connection broke (I-9), not counting the time a large message needs on a
	// slow line.
	LateCommit time.Duration
	// SlowestLine is what a line is taken for as long as nothing is known of it,
	// in octets per second; 0: as by default.
	SlowestLine int64
	// Grace is what a stopped run gets to hear the answers under way (P-2).
	Grace time.Duration
}

// DefaultPatience returns the values of rules 2.10, I-9 and P-2.
func DefaultPatience() Patience {
	return Patience{
		FirstTries: 3, Backoff: 500 * time.Millisecond, MaxBackoff: time.Minute,
		Throttle: 5 * time.Second, MaxThrottle: 15 * time.Minute,
		GiveUp: 30 * time.Minute, LateCommit: 10 * time.Second, SlowestLine: 64 << 10, Grace: 3 * time.Second,
	}
}

// What runs may hold together, unless Options say otherwise.
const (
	DefaultMemory    = 256 << 20
	DefaultTempSpace = 4 << 30
)

// New returns an Engine.
func New(opts Options) *Engine {
	opts.Memory = cmp.Or(opts.Memory, DefaultMemory)
	opts.TempSpace = cmp.Or(opts.TempSpace, DefaultTempSpace)
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Timeouts == (wire.Timeouts{}) {
		opts.Timeouts = wire.DefaultTimeouts()
	}
	if opts.Patience == (Patience{}) {
		opts.Patience = DefaultPatience()
	}
	opts.Patience.Throttle = cmp.Or(opts.Patience.Throttle, opts.Patience.Backoff)
	opts.Patience.MaxThrottle = cmp.Or(opts.Patience.MaxThrottle, opts.Patience.MaxBackoff)
	if opts.Patience.SlowestLine == 0 {
		opts.Patience.SlowestLine = DefaultPatience().SlowestLine
	}
	if opts.Learnt == nil {
		opts.Learnt = func(migration.ServerLimit) {}
	}
	if opts.Refusals == nil {
		opts.Refusals = &keptRefusals{hosts: map[string]migration.HostPause{}}
	}
	if opts.Resolver == nil {
		opts.Resolver = net.DefaultResolver
	}
	if opts.Records == nil {
		opts.Records = net.DefaultResolver
	}
	return &Engine{
		opts: opts, memory: semaphore.NewWeighted(opts.Memory), disk: semaphore.NewWeighted(opts.TempSpace),
		gates: map[string]*gate{}, tokens: map[tokenKey]*shelf[accessToken]{}, tenants: map[string]*shelf[string]{},
		forms: map[string]migration.MasterForm{}, paces: map[string]*pace{},
		entrances: map[string]*entrance{}, proven: map[shared]bool{},
	}
}

// Job is one run: a resource, a pass, and the rules that hold for it.
type Job struct {
	Resource migration.Resource
	Type     migration.ServerType
	Pass     int // from 1; messages copied in it count as copied, not as present
	Rules    migration.FolderRules
	MaxSize  int64 // octets; larger messages are skipped (T-5)
	DayLimit int64 // octets that are read of a Gmail account in a day (M-5); 0: no limit
	// Trials are the hosts, by migration.HostKey, where the job logs in although they
	// are paused (C-2).
	Trials []string
}

// Journal is the memory of a resource between passes and crashes. Every call
// has committed when it returns: what it took survives the death of the process.
type Journal interface {
	// Pairs returns all that is known of the resource's folders.
	Pairs(ctx context.Context) ([]migration.FolderPair, error)
	// SavePair stores a pair and its destination folder and sets their ids.
	SavePair(ctx context.Context, p *migration.FolderPair) error
	// RenamePair lets a pair go on under another source folder (F-16).
	RenamePair(ctx context.Context, pairID int64, source string) error
	// Known counts the messages of a pair that are still at the source; those of
	// pass count as copied, the others that were copied as present.
	Known(ctx context.Context, pairID int64, pass int) (migration.Known, error)
	// Sightings returns where the messages that have an identity were seen and
	// copied, in all folders of the resource, in no order (M-1).
	Sightings(ctx context.Context) ([]migration.Sighting, error)
	// Downloads returns what was read of the resource's source account since then, by
	// the hour, and AddDownload counts what was read now (M-5).
	Downloads(ctx context.Context, since time.Time) ([]migration.Download, error)
	AddDownload(ctx context.Context, at time.Time, octets int64) error
	// MoveMessage forgets a message of one pair and records it in another (I-15).
	MoveMessage(ctx context.Context, fromPair int64, fromUID uint32, toPair int64, to migration.MessageState) error
	// Messages returns the messages of a pair by ascending UID.
	Messages(ctx context.Context, pairID int64) ([]migration.MessageState, error)
	// MappedAbove returns the destination UIDs from low on that belong to a
	// message of any resource, ascending.
	MappedAbove(ctx context.Context, destID int64, low uint32) ([]uint32, error)
	// Begin stores a batch that is about to be appended and sets its id.
	Begin(ctx context.Context, b *migration.Batch) error
	// Settle stores what became of a batch and forgets the batch. destNext is
	// the destination folder's UIDNEXT afterwards, 0 if unknown.
	Settle(ctx context.Context, b migration.Batch, states []migration.MessageState, destNext uint32) error
	// Record stores messages that were settled without an append.
	Record(ctx context.Context, pairID int64, states []migration.MessageState) error
	// Rekey replaces all messages of a pair (I-12).
	Rekey(ctx context.Context, pairID int64, states []migration.MessageState) error
	// InFlight returns the batches that were never settled, oldest first.
	InFlight(ctx context.Context) ([]migration.Batch, error)
	// Clean reports whether the last run stopped in order (I-5).
	Clean(ctx context.Context) (bool, error)
	// Formers returns the sources that may be this one under another name, while
	// nothing was copied from this one. CountCopies tells how many of these
	// fingerprints are those of copies from a folder of one of them. TakeOver makes
	// what is known of it known of this source, with all numbers in doubt, and reports
	// whether its last run stopped in order (I-16).
	Formers(ctx context.Context) ([]migration.Former, error)
	CountCopies(ctx context.Context, former migration.Former, pairID int64, fingerprints []uint64) (int, error)
	TakeOver(ctx context.Context, former migration.Former) (clean bool, err error)
	// Whole reports whether every batch that was ever begun is still remembered: no
	// power cut has taken the last ones. Where nobody can tell it is false.
	Whole(ctx context.Context) (bool, error)
	// SetClean sets the mark that Clean reads.
	SetClean(ctx context.Context, clean bool) error
}

// Reporter hears what a run does. Its methods are called from several
// goroutines and must not block.
type Reporter interface {
	// Progress tells where the run stands; a later call replaces an earlier one.
	Progress(folder string, tally migration.Tally)
	// Message reports a message, or a folder's worth of them, that was skipped or
	// failed. Each is reported once a run.
	Message(o migration.Outcome)
	// Folder tells what became of a source folder, when the run is done with it or
	// ends before it is. Each is told once a run; together they are its tally.
	Folder(f migration.FolderTally)
	// Entry adds a line to the run's log.
	Entry(e migration.Entry)
}

// Discard is the Reporter that does nothing.
type Discard struct{}

// Progress does nothing.
func (Discard) Progress(string, migration.Tally) {}

// Message does nothing.
func (Discard) Message(migration.Outcome) {}

// Folder does nothing.
func (Discard) Folder(migration.FolderTally) {}

// Entry does nothing.
func (Discard) Entry(migration.Entry) {}
