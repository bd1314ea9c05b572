package schedule

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/go-co-op/gocron/v2"

	"trasloco/imapsync"
	"trasloco/migration"
)

// stopWithin is how long Shutdown waits for the work to end.
const stopWithin = 5 * time.Second

// Options are what a Scheduler needs. Store, Engine and Journal must be set.
type Options struct {
	Store  Store
	Engine Engine
	// Journal returns the memory of a resource in a pass, by its number.
	Journal func(customer, resourceID int64, pass int) imapsync.Journal
	// Notifier sends the notices; nil: they stay pending, for the pages to show.
	Notifier Notifier
	// Resolver reads MX records; nil: they are not watched.
	Resolver Resolver
	// Policy holds the numbers of the specification.
	Policy migration.Policy

	Now    func() time.Time // nil: time.Now
	Logger *slog.Logger     // nil: silence
	Rhythm Rhythm

	Runs        int // at once; 0: 8
	RunsPerHost int // with one source server, checks too; 0: 4
	Checks      int // at once; 0: 8
}

// Rhythm says how often the clock ticks where nothing else does. Zero values
// stand for those of DefaultRhythm.
type Rhythm struct {
	Tick    time.Duration // what is due is looked for
	Record  time.Duration // what runs tell is written down
	Notices time.Duration // notices that are due are sent
	Cleanup time.Duration // old migrations are deleted
	MX      time.Duration // MX records that are due are read
	Again   time.Duration // before a write that failed is tried again
}

// DefaultRhythm returns the rhythm of a panel.
func DefaultRhythm() Rhythm {
	return Rhythm{
		Tick: 2 * time.Second, Record: time.Second, Notices: 10 * time.Second, Cleanup: time.Hour, MX: 30 * time.Second, Again: time.Second,
	}
}

// Scheduler makes things happen when they are due. Its methods may be called
// from any goroutine.
type Scheduler struct {
	store    Store
	engine   Engine
	journal  func(customer, resourceID int64, pass int) imapsync.Journal
	notifier Notifier
	resolver Resolver
	policy   migration.Policy
	now      func() time.Time
	log      *slog.Logger

	hub          *Hub
	book         *logbook
	runs, checks *pool

	ticks, records, notices, cleanups, mx *beat

	// mu is held while it is decided what starts, ends or is held.
	mu   sync.Mutex
	held map[int64]bool // migrations that are being cancelled
	// waits are those that the last look for checks has found.
	waits map[wait]migration.HostPause

	stopping chan struct{} // closed when Shutdown begins

	// These are set by Start.
	clock  gocron.Scheduler
	cancel context.CancelCauseFunc
}

var (
	errNotWhole = errors.New("store, engine and journal must be given")
	errStarted  = errors.New("scheduler was started before")
)

// New returns a Scheduler that does nothing until Start.
func New(o Options) (*Scheduler, error) {
	if o.Store == nil || o.Engine == nil || o.Journal == nil {
		return nil, fmt.Errorf("new scheduler: %w", errNotWhole)
	}
	o = o.withDefaults()
	s := &Scheduler{
		store: o.Store, engine: o.Engine, journal: o.Journal, notifier: o.Notifier, resolver: o.Resolver,
		policy: o.Policy, now: o.Now, log: o.Logger,
		held: map[int64]bool{}, stopping: make(chan struct{}),
	}
	s.hub = newHub(s.recall)
	s.book = &logbook{
		store: o.Store, hub: s.hub, now: o.Now, log: o.Logger, again: o.Rhythm.Again, life: s.stopping,
		open: map[*recorder]bool{},
	}
	s.runs = newPool(o.Runs, o.RunsPerHost, s.Wake)
	s.checks = newPool(o.Checks, o.RunsPerHost, s.Wake)
	s.ticks = newBeat("tick", o.Rhythm.Tick, s.tick)
	s.records = newBeat("record", o.Rhythm.Record, s.book.write)
	s.notices = newBeat("notices", o.Rhythm.Notices, s.sendNotices)
	s.cleanups = newBeat("cleanup", o.Rhythm.Cleanup, s.cleanup)
	s.mx = newBeat("mx", o.Rhythm.MX, s.watchMX)
	return s, nil
}

func (o Options) withDefaults() Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	defaultTo(&o.Runs, 8)
	defaultTo(&o.RunsPerHost, 4)
	defaultTo(&o.Checks, 8)
	usual := DefaultRhythm()
	defaultTo(&o.Rhythm.Tick, usual.Tick)
	defaultTo(&o.Rhythm.Record, usual.Record)
	defaultTo(&o.Rhythm.Notices, usual.Notices)
	defaultTo(&o.Rhythm.Cleanup, usual.Cleanup)
	defaultTo(&o.Rhythm.MX, usual.MX)
	defaultTo(&o.Rhythm.Again, usual.Again)
	return o
}

func defaultTo[T comparable](value *T, usual T) {
	var zero T
	if *value == zero {
		*value = usual
	}
}

// Start begins to look for work, at once and from then on, until Shutdown or the
// end of ctx. What a dead process left running must have been recovered in the
// store; it goes on with the first tick. A Scheduler starts once.
func (s *Scheduler) Start(ctx context.Context) error {
	if s.clock != nil {
		return errStarted
	}
	clock, err := gocron.NewScheduler(
		gocron.WithLocation(time.UTC), gocron.WithLogger(s.log), gocron.WithStopTimeout(stopWithin),
	)
	if err != nil {
		return fmt.Errorf("start scheduler: %w", err)
	}
	for _, b := range s.beats() {
		if err := addJob(clock, b); err != nil {
			return errors.Join(fmt.Errorf("start %s: %w", b.name, err), clock.Shutdown())
		}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	s.clock, s.cancel = clock, cancel
	for _, b := range s.beats() {
		go b.follow(ctx) // Shutdown waits for it
	}
	clock.Start()
	return nil
}

// addJob lets the clock nudge a beat. The job itself is over in no time: gocron
// is the clock and nothing more, so none of its limits is ever met.
func addJob(clock gocron.Scheduler, b *beat) error {
	_, err := clock.NewJob(gocron.DurationJob(b.every), gocron.NewTask(b.nudge), gocron.WithName(b.name),
		gocron.WithSingletonMode(gocron.LimitModeReschedule), gocron.WithStartAt(gocron.WithStartImmediately()))
	return err
}

// Shutdown stops the scheduler: no new work begins, runs under way are told to
// end and are written down as interrupted, and those who watch go. It returns
// within 5 seconds, or when ctx ends, with an error if something did not stop in
// time. The store may be closed afterwards.
func (s *Scheduler) Shutdown(ctx context.Context) error {
	if !s.beginStop() {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, stopWithin)
	defer cancel()
	defer s.hub.Close()
	if s.clock == nil {
		return nil
	}
	s.cancel(errStopping)
	errs := []error{s.clock.ShutdownWithContext(ctx)}
	for _, b := range s.beats() {
		errs = append(errs, b.wait(ctx))
	}
	errs = append(errs, s.runs.close(ctx), s.checks.close(ctx))
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("stop scheduler: %w", err)
	}
	return nil
}

// beginStop returns true the first time it is called.
func (s *Scheduler) beginStop() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.stopping:
		return false
	default:
		close(s.stopping)
		return true
	}
}

func (s *Scheduler) beats() []*beat { return []*beat{s.ticks, s.records, s.notices, s.cleanups, s.mx} }

// Hub is where those who watch hear how migrations get on.
func (s *Scheduler) Hub() *Hub { return s.hub }

// tick does what is due.
func (s *Scheduler) tick(ctx context.Context) {
	steps := []struct {
		task string
		do   func(ctx context.Context) error
	}{
		{"take checks", s.takeChecks},
		{"look for servers", s.takeDiscoveries},
		{"settle validating migrations", s.settle},
		{"move passes", s.movePasses},
		{"take runs", s.takeRuns},
	}
	for _, step := range steps {
		s.mu.Lock()
		if ctx.Err() == nil {
			s.report(step.task, step.do(ctx))
		}
		s.mu.Unlock()
	}
}

// report logs a task that was not done. That somebody else was faster, or that
// the program stops, is no trouble.
func (s *Scheduler) report(task string, err error, args ...any) {
	args = append([]any{"task", task, "error", err}, args...)
	switch {
	case err == nil, errors.Is(err, context.Canceled), errors.Is(err, errStopping):
	case errors.Is(err, migration.ErrConflict), errors.Is(err, migration.ErrNotFound):
		s.log.Debug("somebody was faster", args...)
	default:
		s.log.Error("not done", args...)
	}
}
