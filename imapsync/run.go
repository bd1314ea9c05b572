package imapsync

import (
	"cmp"
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"trasloco/imapsync/wire"
	"trasloco/migration"
)

// run is the state of one Sync.
type run struct {
	engine  *Engine
	job     Job
	journal Journal
	report  Reporter

	src, dst *wire.Conn
	seats    seats           // that they have (C-1)
	refused  int             // how often a server wanted fewer connections
	ctl      *control        // open only while folders are made
	dialing  chan *wire.Conn // where it will come from; nil: it has to be connected
	aside    sync.WaitGroup  // for what opens and closes it
	budget   *budget
	blocks   *blocks

	// hard outlives the caller's context by Patience.Grace, for the answers to
	// what was sent already and for the journal.
	hard   context.Context //nolint:containedctx // the run is the context's owner
	cancel func()

	shut      map[int64]error     // pairs whose destination folder hides what became of a batch
	undecided map[int64]undecided // by pair, until its folder is adopted
	lost      []lostBatch         // what was not found, to be looked for once more (I-9)
	clean     bool                // the last run stopped in order, or nothing of it is forgotten
	arrived   time.Time           // until then the destination may be storing what the last run sent
	again     bool                // something is remembered of an earlier run
	doubt     bool                // it did not, and a folder could not be looked through for what it left
	mapper    *mapper
	cautious  bool  // the source has hung up on us
	rest      error // it wants to be left alone, said in a sweep and not heeded yet
	looks     int   // at whether the source is a former one
	warned    bool  // of what the settings of a Gmail account hide
	placed    bool  // all folders have their place at the destination
	folders   []*folderRun
	orphans   []migration.FolderPair // whose source folder is gone
	spelled   map[string][]string    // sets of flags by their text: most messages share a few

	// books guards what several lanes write down: all below, and each folderRun
	// while messages are copied.
	books    sync.Mutex
	tally    migration.Tally
	window   int64          // octets that may be unanswered
	rate     float64        // octets a second that the destination stores; 0: not known
	told     map[place]bool // UIDs that answers to several lanes have named
	finding  sync.Mutex     // held while a lane looks for UIDs that no answer named
	fewer    bool           // it refused a further connection
	trouble  time.Time      // since when nothing gets on; zero: all is well
	backoff  time.Duration  // before the next try on a new connection
	throttle time.Duration  // the same, of a server that wants to be left alone
}

func (e *Engine) newRun(ctx context.Context, job Job, journal Journal, report Reporter) *run {
	hard, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		timer := time.AfterFunc(e.opts.Patience.Grace, func() { cancel(ctx.Err()) })
		context.AfterFunc(hard, func() { timer.Stop() })
	})
	return &run{
		engine: e, job: job, journal: journal, report: report, hard: hard,
		budget: e.newBudget(), blocks: &blocks{}, window: firstWindow,
		backoff: e.opts.Patience.Backoff, throttle: e.opts.Patience.Throttle, shut: map[int64]error{}, undecided: map[int64]undecided{}, told: map[place]bool{}, spelled: map[string][]string{},
		cancel: func() { stop(); cancel(context.Canceled) },
	}
}

func (r *run) close() {
	var all sync.WaitGroup
	r.closeControl()
	all.Go(leaving(DestinationSide, func() {
		r.aside.Wait()
		if r.dialing != nil {
			if conn := <-r.dialing; conn != nil {
				conn.Logout(r.hard)
			}
		}
	}))
	for _, conn := range []*wire.Conn{r.src, r.dst} {
		if conn != nil {
			all.Go(leaving(SourceSide, func() { conn.Logout(r.hard) }))
		}
	}
	all.Wait()
	r.seats.leave()
	r.cancel()
}

// markClean notes that nothing was under way when the run ended. If it failed,
// the batches that nobody heard of speak for themselves.
func (r *run) markClean(failed bool) error {
	inOrder := !failed && !r.doubt || failed && r.clean && r.dst != nil && r.dst.Err() == nil
	if inOrder && r.hard.Err() == nil {
		return r.journal.SetClean(r.hard, true)
	}
	return nil
}

// open connects both ends and settles what was under way when the last run of
// this resource ended.
func (r *run) open(ctx context.Context) error {
	var err error
	if r.clean, err = r.journal.Clean(ctx); err == nil && !r.clean {
		r.clean, err = r.journal.Whole(ctx) // a killed process loses nothing that it knew
	}
	if err != nil {
		return err
	}
	pairs, err := r.journal.Pairs(ctx)
	if err != nil {
		return err
	}
	r.again = len(pairs) > 0
	began := r.engine.opts.Now()
	r.arrived = began.Add(r.engine.opts.Patience.LateCommit)
	for try := 1; ; try++ {
		if err := r.sit(ctx); err != nil {
			return err
		}
		err := r.reconnect(ctx)
		if err == nil {
			break
		}
		if r.giveWay(ctx, err) {
			try--
			continue
		}
		if ctx.Err() != nil || !isBroken(err) || isMute(err) || try >= r.engine.opts.Patience.FirstTries {
			return err
		}
		if err := r.wait(ctx, err); err != nil {
			return err
		}
	}
	if !r.again {
		r.dialControl(ctx) // there will be folders to make
	}
	if err := r.journal.SetClean(ctx, false); err != nil {
		return err
	}
	return r.persevere(ctx, func(ctx context.Context) error { return r.settleInFlight(ctx, began, !r.clean) })
}

// dialControl connects to the destination a second time, ahead of its use.
func (r *run) dialControl(ctx context.Context) {
	r.dialing = make(chan *wire.Conn, 1)
	r.aside.Go(func() {
		var conn *wire.Conn
		defer func() { r.dialing <- conn }()
		err := fenced(DestinationSide, func() (err error) { conn, err = r.engine.second(ctx, r.job); return err })
		if err != nil {
			conn = nil // control tries again, and says what is wrong
		}
	})
}

// control returns the second connection to the destination, which is open while
// folders are made.
func (r *run) control(ctx context.Context) (*control, error) {
	if r.ctl != nil {
		return r.ctl, nil
	}
	var conn *wire.Conn
	if r.dialing != nil {
		conn, r.dialing = <-r.dialing, nil
	}
	if conn == nil {
		var err error
		if conn, err = r.engine.second(ctx, r.job); err != nil {
			return nil, err
		}
	}
	r.ctl = openControl(conn)
	return r.ctl, nil
}

// closeControl lets the second connection go, without waiting for the server's
// good-bye.
func (r *run) closeControl() {
	if ctl := r.ctl; ctl != nil {
		r.ctl = nil
		r.aside.Go(leaving(DestinationSide, func() { ctl.close(r.hard) }))
	}
}

// reconnect connects the ends that are not, both at once.
func (r *run) reconnect(ctx context.Context) error {
	var both sync.WaitGroup
	var source, destination error
	both.Go(func() { source = fenced(SourceSide, func() error { return r.connectSource(ctx) }) })
	both.Go(func() {
		destination = fenced(DestinationSide, func() error {
			return r.connect(ctx, DestinationSide, &r.dst, r.job.Resource.Destination)
		})
	})
	both.Wait()
	return cmp.Or(source, destination)
}

func (r *run) connectSource(ctx context.Context) error {
	if err := r.connect(ctx, SourceSide, &r.src, r.job.Resource.Source); err != nil {
		return err
	}
	if !r.again || r.src.TellsVanished() || r.src.Selected() != nil {
		return nil
	}
	return blame(SourceSide, r.src.EnableQResync(ctx))
}

// connect connects one end, unless it is.
func (r *run) connect(ctx context.Context, side Side, conn **wire.Conn, ep migration.Endpoint) error {
	if *conn != nil && (*conn).Err() == nil {
		return nil
	}
	fresh, err := r.engine.connect(ctx, side, ep, r.job.warrant())
	if err != nil {
		return err
	}
	*conn = fresh
	r.logConnection(side, fresh)
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
		r.cautious = r.cautious || r.src != nil && r.src.Err() != nil
		if err := r.giveUpStuck(err); err != nil {
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
		if errors.Is(cause, ErrNoTurn) { // more runs are connected than the server bears
			if err := r.stepAside(ctx); err != nil {
				return err
			}
		} else {
			if r.outOfPatience(cause) {
				return lasting(cause)
			}
			if err := r.wait(ctx, cause); err != nil {
				return err
			}
		}
		err := r.reconnect(ctx)
		r.learn(err)
		if err == nil {
			err = r.settleInFlight(ctx, broke, false)
		}
		if err == nil || ctx.Err() != nil || !isBroken(err) {
			return err
		}
		cause = err
	}
}

// patiently repeats a step that a server puts off, on the same connection and
// without the walk beginning anew: one that asks for a pause every few commands
// would never let it come to its end.
func (r *run) patiently(ctx context.Context, conn *wire.Conn, side Side, step func() error) error {
	for {
		err := blame(side, step())
		var e *Error
		if !errors.As(err, &e) || e.Class != ClassThrottled || conn.Err() != nil || r.outOfPatience(err) {
			return err
		}
		if err := r.wait(ctx, err); err != nil {
			return err
		}
	}
}

// outOfPatience reports whether nothing got on for too long, or a server asks for a
// rest that is longer than that: it is taken parked, and not in a connection's place.
func (r *run) outOfPatience(cause error) bool {
	var e *Error
	if errors.As(cause, &e) && e.RetryAfter > r.engine.opts.Patience.GiveUp {
		return true
	}
	r.books.Lock()
	defer r.books.Unlock()
	now := r.engine.opts.Now()
	if r.trouble.IsZero() {
		r.trouble = now
	}
	return now.Sub(r.trouble) > r.engine.opts.Patience.GiveUp
}

// lasting makes trouble that did not pass in all the time a run has patience
// one that parks it: it had begun, and can go on when the server is back.
func lasting(cause error) error {
	var e *Error
	if !errors.As(cause, &e) || e.Parks() {
		return cause
	}
	return &Error{Side: e.Side, Class: ClassTransport, Err: cause}
}

// wait lets time pass before the next try: what the server asked for, else the
// backoff, which doubles.
func (r *run) wait(ctx context.Context, cause error) error {
	pause := r.pause(cause)
	args := migration.Args{"wait": pause.Round(time.Millisecond).String()}
	var e *Error
	if errors.As(cause, &e) {
		args["side"], args["class"] = string(e.Side), string(e.Class)
	}
	r.entry(migration.Warning, "reconnecting", args, ServerText(cause))
	return sleep(ctx, pause)
}

// pause returns how long to wait, some of it at random, and never less than the
// server asked for: of many runs that were sent away together not all come back
// together.
func (r *run) pause(cause error) time.Duration {
	r.books.Lock()
	defer r.books.Unlock()
	patience := r.engine.opts.Patience
	backoff, most := &r.backoff, patience.MaxBackoff
	var e *Error
	if errors.As(cause, &e) {
		if e.RetryAfter > 0 {
			tenth := int64(e.RetryAfter / 10)
			return e.RetryAfter + time.Duration(tenth+rand.Int64N(tenth+1)) //nolint:gosec // as below
		}
		if e.Class == ClassThrottled {
			backoff, most = &r.throttle, patience.MaxThrottle
		}
	}
	pause := *backoff + time.Duration(rand.Int64N(int64(*backoff)/2+1)) //nolint:gosec // spreads load, guards nothing
	*backoff = min(2**backoff, most)
	return pause
}

// acknowledged notes that something got on: patience begins anew.
func (r *run) acknowledged() {
	patience := r.engine.opts.Patience
	r.trouble, r.backoff, r.throttle = time.Time{}, patience.Backoff, patience.Throttle
}

// errorsBearable is how many refusals a source may say before its connection is
// made anew: Exchange ends the session after about ten (2.10).
const errorsBearable = 5

// sourceTires reports whether the source should not be asked anything that it may
// refuse before it has rested, or its connection is made anew.
func (r *run) sourceTires() bool { return r.rest != nil || r.src.Refusals() >= errorsBearable }

// heed notes an answer of the source within a sweep that asks for rest: nothing more is
// sent ahead, and freshSource waits.
func (r *run) heed(answer error) {
	if answer != nil && isThrottled(answer) {
		r.rest = blame(SourceSide, answer)
	}
}

// sourceAhead returns how many commands may be sent to the source ahead, where
// most are enough. One that has hung up may have counted errors.
func (r *run) sourceAhead(most int) int {
	if r.cautious {
		return 2
	}
	return most
}

// freshSource makes the source's connection anew before the server hangs up
// because of all it had to refuse, and gives it the rest that it asked for.
func (r *run) freshSource(ctx context.Context) error {
	if rest := r.rest; rest != nil {
		r.rest = nil
		if r.outOfPatience(rest) {
			return rest
		}
		if err := r.wait(ctx, rest); err != nil {
			return err
		}
	}
	if !r.sourceTires() {
		return nil
	}
	r.src.Logout(ctx)
	return r.connectSource(ctx)
}

func (r *run) limits(ctx context.Context, f *folderRun) (limits, error) {
	most, err := r.destMax(ctx, f)
	return limits{pass: r.job.Pass, maxSize: r.job.MaxSize, destMax: most}, err
}

func (r *run) entry(level migration.Level, code string, args migration.Args, said string) {
	r.report.Entry(migration.Entry{At: r.engine.opts.Now(), Level: level, Code: code, Args: args, ServerText: said})
}
