package imapsync

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"golang.org/x/sync/semaphore"

	"trasloco/imapsync/wire"
	"trasloco/migration"
)

// Sync copies what the source has and the destination has not been given yet.
// Called twice, it copies nothing the second time, whatever ended the first.
//
// The error is about the run: nil means that every message has its outcome,
// which may be Failed. It is an *Error, or the context's when that ended; then
// the tally holds what was reached. When ctx ends, answers under way are awaited
// for Patience.Grace.
func (e *Engine) Sync(ctx context.Context, job Job, journal Journal, report Reporter) (migration.Tally, error) {
	r := e.newRun(ctx, job, journal, report)
	defer r.close()
	err := ending(ctx, r.sync(ctx))
	if err != nil {
		r.logTranscripts(err)
	}
	return r.tally, errors.Join(err, r.markClean(err))
}

// ending returns the error of a run as Sync promises it.
func ending(ctx context.Context, err error) error {
	var known *Error
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil && !errors.Is(err, ctx.Err()):
		return fmt.Errorf("%w, after: %v", ctx.Err(), err) //nolint:errorlint // it was stopped; what else went wrong is no cause
	case ctx.Err() == nil && !errors.As(err, &known):
		return &Error{Side: DestinationSide, Class: ClassInternal, Err: err}
	default:
		return err
	}
}

// sync is the story of a run.
func (r *run) sync(ctx context.Context) error {
	if err := r.open(ctx); err != nil {
		return err
	}
	if err := r.persevere(ctx, r.survey); err != nil {
		return err
	}
	for _, f := range r.folders {
		if err := r.persevere(ctx, func(ctx context.Context) error { return r.syncFolder(ctx, f) }); err != nil {
			r.add(f)
			return err
		}
		r.finish(f)
	}
	return r.balance()
}

// syncFolder copies one folder. It begins anew each time it is called, from what
// the journal remembers.
func (r *run) syncFolder(ctx context.Context, f *folderRun) error {
	f.reset()
	r.report.Progress(f.display(), r.tally)
	err := r.walk(ctx, f)
	var folder *folderError
	switch {
	case errors.As(err, &folder):
		r.failFolder(f, folder)
		return nil
	case f.isStuck(err):
		r.failFolder(f, &folderError{migration.ReasonFolderClosed, 0, err})
		return nil
	default:
		return err
	}
}

func (r *run) walk(ctx context.Context, f *folderRun) error {
	if err := r.reconnect(ctx); err != nil { // the last folder's trouble may have cost a connection
		return err
	}
	switch {
	case f.reason != "":
		return r.countExcluded(ctx, f)
	case !f.opens():
		return nil
	}
	box, err := r.examine(ctx, f)
	if err != nil {
		return err
	}
	if f.closed != nil {
		return &folderError{f.closed.reason, int(box.Exists), f.closed.err}
	}
	known, err := r.journal.Messages(ctx, f.pair.ID)
	if err != nil {
		return err
	}
	if isUnchanged(f.pair, box.UIDValidity, box.UIDNext, box.Exists, box.HighestModSeq) && r.isSettled(f, known, int(box.Exists)) {
		return nil
	}
	snapshot := *box // as it was when the listing began
	listing, err := r.listMessages(ctx, box)
	if err != nil {
		return err
	}
	if f.pair.UIDValidity != 0 && f.pair.UIDValidity != box.UIDValidity {
		f.forget()
		if known, err = r.renumber(ctx, f, listing, known); err != nil {
			return err
		}
	}
	if err := r.rememberValidity(ctx, f, box.UIDValidity); err != nil {
		return err
	}
	if err := r.carryOut(ctx, f, planFolder(f.settled(listing), known, r.limits())); err != nil {
		return err
	}
	return r.remember(ctx, f, snapshot)
}

// carryOut does what a plan says.
func (r *run) carryOut(ctx context.Context, f *folderRun, p plan) error {
	f.count(p)
	if err := r.leaveOut(ctx, f, p.left); err != nil {
		return err
	}
	if len(p.copy) == 0 {
		return nil
	}
	if err := r.openTarget(ctx, f, len(p.copy)); err != nil {
		return err
	}
	missing, err := r.adoptTail(ctx, f, p.copy)
	if err != nil {
		return err
	}
	f.pair.Dest.UIDNext = f.low // not before the tail is adopted (I-5)
	if err := r.journal.SavePair(ctx, &f.pair); err != nil {
		return err
	}
	return r.copyMessages(ctx, f, missing)
}

// run is the state of one Sync.
type run struct {
	engine  *Engine
	job     Job
	journal Journal
	report  Reporter

	src, dst *wire.Conn
	ctl      *control            // open only while folders are made
	budget   *semaphore.Weighted // octets of messages in memory
	window   int64               // octets that may be unanswered
	rate     float64             // octets a second that the destination stores; 0: not known

	// hard outlives the caller's context by Patience.Grace, for the answers to
	// what was sent already and for the journal.
	hard   context.Context //nolint:containedctx // the run is the context's owner
	cancel func()

	clean   bool // the last run stopped in order
	doubt   bool // it did not, and a folder could not be looked through for what it left
	folders []*folderRun
	tally   migration.Tally

	lastAck time.Time
	backoff time.Duration
}

// folderRun is the state of one source folder in a run.
type folderRun struct {
	folder
	reason     migration.Reason // why it is left out; empty: it is not
	subscribed bool
	pair       migration.FolderPair
	closed     *folderError // the destination has no place for it
	vanished   bool         // the destination folder was deleted since
	remade     bool
	low        uint32 // no message that is appended now gets a lower UID
	permanent  []string

	tries map[uint32]int               // reads of a message that went wrong; the reader's
	sent  map[uint32]int               // appends of a message that went wrong; the writer's
	over  map[uint32]migration.Outcome // messages with their outcome in this run

	tally    migration.Tally
	outcomes []migration.Outcome
	lastDate time.Time
	keywords map[string]bool // dropped, and said so

	breaks   int // connections lost here without getting on
	progress int
}

func (e *Engine) newRun(ctx context.Context, job Job, journal Journal, report Reporter) *run {
	hard, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		timer := time.AfterFunc(e.opts.Patience.Grace, func() { cancel(ctx.Err()) })
		context.AfterFunc(hard, func() { timer.Stop() })
	})
	return &run{
		engine: e, job: job, journal: journal, report: report, hard: hard,
		budget: semaphore.NewWeighted(memoryOctets), window: 4 * minWindow,
		lastAck: e.opts.Now(), backoff: e.opts.Patience.Backoff,
		cancel: func() { stop(); cancel(context.Canceled) },
	}
}

func (r *run) close() {
	for _, conn := range []*wire.Conn{r.src, r.dst} {
		if conn != nil {
			conn.Logout(r.hard)
		}
	}
	r.cancel()
}

// markClean notes that nothing was under way when the run ended. After an error
// the batches that nobody heard of speak for themselves.
func (r *run) markClean(err error) error {
	inOrder := err == nil && !r.doubt || err != nil && r.clean && r.dst != nil && r.dst.Err() == nil
	if !inOrder || r.hard.Err() != nil {
		return nil
	}
	return r.journal.SetClean(r.hard, true)
}

// open connects both ends and settles what was under way when the last run of
// this resource ended.
func (r *run) open(ctx context.Context) error {
	var err error
	if r.clean, err = r.journal.Clean(ctx); err != nil {
		return err
	}
	began := r.engine.opts.Now()
	for try := 1; ; try++ {
		err := r.reconnect(ctx)
		if err == nil {
			break
		}
		if ctx.Err() != nil || !isBroken(err) || try >= r.engine.opts.Patience.FirstTries {
			return err
		}
		if err := r.wait(ctx, err); err != nil {
			return err
		}
	}
	if err := r.journal.SetClean(ctx, false); err != nil {
		return err
	}
	return r.persevere(ctx, func(ctx context.Context) error { return r.settleInFlight(ctx, began) })
}

// reconnect connects the ends that are not.
func (r *run) reconnect(ctx context.Context) error {
	ends := []struct {
		side Side
		conn **wire.Conn
		ep   migration.Endpoint
	}{
		{SourceSide, &r.src, r.job.Resource.Source},
		{DestinationSide, &r.dst, r.job.Resource.Destination},
	}
	for _, end := range ends {
		if *end.conn != nil && (*end.conn).Err() == nil {
			continue
		}
		conn, err := r.engine.connect(ctx, end.side, end.ep)
		if err != nil {
			return err
		}
		*end.conn = conn
		r.logConnection(end.side, conn)
	}
	return nil
}

// persevere repeats a step on new connections until it is done, something else
// than a connection is wrong, or nothing was acknowledged for too long.
func (r *run) persevere(ctx context.Context, step func(context.Context) error) error {
	for {
		err := step(ctx)
		if err == nil || ctx.Err() != nil {
			return err
		}
		if errors.Is(err, context.Canceled) { // the end of the other goroutine broke a connection
			err = &Error{Side: SourceSide, Class: ClassTransport, Err: err}
		}
		if !isBroken(err) {
			return err
		}
		if err := r.recover(ctx, err); err != nil {
			return err
		}
	}
}

func (r *run) recover(ctx context.Context, cause error) error {
	broke := r.engine.opts.Now()
	for {
		if r.engine.opts.Now().Sub(r.lastAck) > r.engine.opts.Patience.GiveUp {
			return cause
		}
		if err := r.wait(ctx, cause); err != nil {
			return err
		}
		err := r.reconnect(ctx)
		if err == nil {
			err = r.settleInFlight(ctx, broke)
		}
		if err == nil || ctx.Err() != nil || !isBroken(err) {
			return err
		}
		cause = err
	}
}

// wait lets time pass before the next try: what the server asked for, else the
// backoff, which doubles.
func (r *run) wait(ctx context.Context, cause error) error {
	pause := r.backoff + time.Duration(rand.Int64N(int64(r.backoff)/2+1)) //nolint:gosec // spreads load, guards nothing
	r.backoff = min(2*r.backoff, r.engine.opts.Patience.MaxBackoff)
	var e *Error
	if errors.As(cause, &e) && e.RetryAfter > 0 {
		pause = e.RetryAfter + e.RetryAfter/10
	}
	args := migration.Args{"wait": pause.Round(time.Millisecond).String()}
	if e != nil {
		args["side"], args["class"] = string(e.Side), string(e.Class)
	}
	r.entry(migration.Warning, "reconnecting", args, ServerText(cause))
	return sleep(ctx, pause)
}

// acknowledged notes that the destination took something: patience begins anew.
func (r *run) acknowledged() {
	r.lastAck, r.backoff = r.engine.opts.Now(), r.engine.opts.Patience.Backoff
}

func (r *run) limits() limits {
	return limits{pass: r.job.Pass, maxSize: r.job.MaxSize, destMax: r.destMax()}
}

func (r *run) entry(level migration.Level, code string, args migration.Args, said string) {
	r.report.Entry(migration.Entry{At: r.engine.opts.Now(), Level: level, Code: code, Args: args, ServerText: said})
}

var errUnbalanced = errors.New("not every message has an outcome")

// balance is rule V-1: a sum that does not come out is our own error, and is
// said so rather than shown as success.
func (r *run) balance() error {
	if r.tally.Balanced() {
		return nil
	}
	return &Error{Side: SourceSide, Class: ClassInternal, Err: fmt.Errorf("%w: %+v", errUnbalanced, r.tally)}
}
