package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"trasloco/handlers"
	"trasloco/imapsync"
	"trasloco/migration"
	"trasloco/notify"
	"trasloco/schedule"
	"trasloco/static"
	"trasloco/store"
)

// Bounds of a connection from a browser. Live pages push their own deadline
// ahead of them.
const (
	headerTimeout = 5 * time.Second
	readTimeout   = 30 * time.Second
	writeTimeout  = 60 * time.Second
	idleTimeout   = 2 * time.Minute
	maxHeader     = 64 << 10
	answersWithin = 3 * time.Second
	stopWithin    = 10 * time.Second
)

// panel is the program that answers browsers, put together.
type panel struct {
	store     *store.Store
	scheduler *schedule.Scheduler
	web       *handlers.Server
	http      *http.Server
	listener  net.Listener
	log       *slog.Logger
	served    chan error
}

// serve runs the panel until ctx ends and returns the exit code.
func (p *program) serve(ctx context.Context, o serveOptions) int {
	c, problems := readServe(o)
	if len(problems) > 0 {
		return p.refuse(ctx, false, problems)
	}
	listener, err := listen(ctx, c.listen)
	if err != nil {
		return p.refuse(ctx, false, []migration.Problem{flagProblem(codeListen, "--listen", migration.Args{"detail": err.Error()})})
	}
	log := p.logger(c.jsonLog)
	running, err := p.startPanel(ctx, c, panelParts{listener: listener, log: log})
	if err != nil {
		_ = listener.Close()
		return p.refuse(ctx, false, []migration.Problem{dataProblem(c.data, err)})
	}
	fmt.Fprintf(p.stdout, "http://%s/\n", listener.Addr())
	return p.await(ctx, running)
}

func listen(ctx context.Context, address string) (net.Listener, error) {
	var config net.ListenConfig
	return config.Listen(ctx, "tcp", address)
}

// await returns when the panel has stopped, in order if ctx ends.
func (p *program) await(ctx context.Context, running *panel) int {
	var err error
	select {
	case <-ctx.Done():
	case err = <-running.served:
	}
	if err = errors.Join(err, running.stop()); err != nil {
		running.log.Error("stopped", "error", err)
		return exitFailed
	}
	return exitDone
}

func (p *program) logger(asJSON bool) *slog.Logger {
	if asJSON {
		return slog.New(slog.NewJSONHandler(p.stderr, nil))
	}
	return slog.New(slog.NewTextHandler(p.stderr, nil))
}

// panelParts are what serve and demo bring along, each its own.
type panelParts struct {
	listener net.Listener
	log      *slog.Logger
	demo     *handlers.Demo
	// prepare fills a store before anything else sees it.
	prepare func(ctx context.Context, s *store.Store) error
}

// startPanel opens the store and starts what works on it. What was started is
// stopped again if a later step fails.
func (p *program) startPanel(ctx context.Context, c config, parts panelParts) (*panel, error) {
	ctx = context.WithoutCancel(ctx)
	running := &panel{listener: parts.listener, log: parts.log, served: make(chan error, 1)}
	var err error
	if running.store, err = store.Open(ctx, c.data, store.Options{Now: p.now, Logger: parts.log}); err != nil {
		return nil, err
	}
	if err := p.startOn(ctx, c, parts, running); err != nil {
		return nil, errors.Join(err, running.store.Close())
	}
	return running, nil
}

func (p *program) startOn(ctx context.Context, c config, parts panelParts, running *panel) error {
	if parts.prepare != nil {
		if err := parts.prepare(ctx, running.store); err != nil {
			return err
		}
	}
	if err := running.store.Recover(ctx); err != nil {
		return err
	}
	var err error
	if running.scheduler, err = p.newScheduler(ctx, c, running); err != nil {
		return err
	}
	if running.web, err = p.newWeb(c, parts, running); err != nil {
		return err
	}
	if err := running.scheduler.Start(ctx); err != nil {
		return err
	}
	running.answer()
	return nil
}

func (p *program) newScheduler(ctx context.Context, c config, running *panel) (*schedule.Scheduler, error) {
	p.limit(c.memory)
	limits, err := running.store.ServerLimits(ctx)
	if err != nil {
		return nil, err
	}
	engine := imapsync.New(imapsync.Options{
		Now: p.now, TempDir: running.store.TempDir(), AllowPrivate: c.allowPrivate, Patience: p.patience, CA: c.ca,
		Memory: c.memory, TempSpace: c.tempSpace, Authority: p.authority, Cloud: c.policy.Cloud, Resolver: p.resolver,
		Refusals:  running.store,
		PerSource: c.perHost + 1, Limits: limits, Learnt: running.learnt, // one more: a check beside the runs
	})
	options := schedule.Options{
		Store: running.store, Engine: engine, Policy: c.policy, Now: p.now, Logger: running.log,
		Runs: c.runs, RunsPerHost: c.perHost,
		Journal: func(customer, resource int64, pass int) imapsync.Journal {
			return running.store.Journal(customer, resource, pass)
		},
	}
	if c.mail != nil {
		mail := *c.mail
		mail.Now = p.now
		mailer, err := notify.New(mail)
		if err != nil {
			return nil, fmt.Errorf("mail: %w", err)
		}
		options.Notifier = mailer
	}
	if c.watchMX {
		resolver, err := schedule.NewDNS(c.resolver)
		if err != nil { // everything else goes on without
			running.log.Warn("MX records are not watched", "error", err)
		} else {
			options.Resolver = resolver
		}
	}
	return schedule.New(options)
}

// learnt keeps what a server has taught of its limit, for the next start too.
func (r *panel) learnt(l migration.ServerLimit) {
	r.log.Info("a server wants fewer connections", "server", l.Server, "most", l.Most, "until", l.Until)
	if err := r.store.SaveServerLimit(context.Background(), l); err != nil {
		r.log.Error("limit of a server not kept", "server", l.Server, "error", err)
	}
}

func (p *program) newWeb(c config, parts panelParts, running *panel) (*handlers.Server, error) {
	files, err := static.New()
	if err != nil {
		return nil, err
	}
	return handlers.New(handlers.Options{
		Store: running.store, Feed: running.scheduler.Hub(), Desk: running.scheduler, Static: files,
		Policy: c.policy, Now: p.now, Logger: running.log,
		PublicURL: c.publicURL, TrustedProxies: c.proxies, AllowPrivate: c.allowPrivate, SendsMail: c.mail != nil,
		Support: c.support, Language: c.language, Zone: c.zone, Demo: parts.demo,
	})
}

// answer begins to answer browsers; how it ended comes through served.
func (r *panel) answer() {
	r.http = &http.Server{
		Handler: r.web, ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader, ErrorLog: slog.NewLogLogger(r.log.Handler(), slog.LevelWarn),
	}
	go func() {
		if err := r.http.Serve(r.listener); !errors.Is(err, http.ErrServerClosed) {
			r.served <- fmt.Errorf("answer browsers: %w", err)
		}
	}()
}

// stop ends everything in the reverse order of its start: nobody new is let in,
// live pages end, runs are interrupted, the store closes.
func (r *panel) stop() error {
	r.web.Close() // or Shutdown would wait for the live pages for ever
	answered, cancel := context.WithTimeout(context.Background(), answersWithin)
	defer cancel()
	if err := r.http.Shutdown(answered); err != nil {
		r.log.Warn("answers were cut off", "error", err)
		if err := r.http.Close(); err != nil {
			r.log.Warn("close connections", "error", err)
		}
	}
	// Runs get a time of their own: they must be written down before the store
	// closes.
	written, cancel := context.WithTimeout(context.Background(), stopWithin)
	defer cancel()
	return errors.Join(r.scheduler.Shutdown(written), r.store.Close())
}

// dataProblem says why the data folder cannot be used.
func dataProblem(folder string, err error) migration.Problem {
	problem := stateProblem(settings{state: folder}, err)
	if problem.Code == codeStateLocked {
		problem.Code = codeDataLocked
	}
	return flagProblem(problem.Code, "--data", problem.Args)
}
