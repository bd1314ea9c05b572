package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"time"

	"trasloco/handlers"
	"trasloco/imapsync/imaptest/mailgen"
	"trasloco/imapsync/imaptest/memory"
	"trasloco/locale"
	"trasloco/migration"
	"trasloco/notify"
	"trasloco/store"
)

// demoOptions are the arguments of demo.
type demoOptions struct {
	Listen string `placeholder:"HOST:PORT" default:"127.0.0.1:8080" env:"TRASLOCO_LISTEN" help:"Where the panel answers (default 127.0.0.1:8080; a free port if that is taken)."`
}

// What the demonstration is made of.
const (
	demoHost           = "localhost"
	demoDomain         = "nuovo.example"
	demoEmail          = "demo@nuovo.example"
	demoPassword       = "trasloco-demo"
	demoMaster         = "trasloco"
	demoMasterPassword = "solo-per-la-demo"
)

// demoAccount is an account at the old server.
type demoAccount struct {
	name, password string
	messages       int // beside the sample
	oversize       bool
}

func demoAccounts() []demoAccount {
	return []demoAccount{
		{name: "anna", password: "vecchia-anna", messages: 400, oversize: true},
		{name: "bruno", password: "vecchia-bruno", messages: 900},
		{name: "carla", password: `vecchia;"carla"`, messages: 150},
		{name: "info", password: "vecchia-info", messages: 1500},
	}
}

// demo runs the panel with two mail servers of its own until ctx ends. All it
// keeps lies in a temporary folder, which it removes.
func (p *program) demo(ctx context.Context, o demoOptions) int {
	d := &demonstration{program: p, log: slog.New(slog.NewTextHandler(p.stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))}
	err := d.start(ctx, o)
	if err == nil {
		fmt.Fprintf(p.stdout, "http://%s/\n", d.panel.listener.Addr())
		fmt.Fprintln(p.stdout, locale.T(ctx, "cli.demo", map[string]any{"email": demoEmail, "password": demoPassword}))
		select {
		case <-ctx.Done():
		case err = <-d.panel.served:
		}
	}
	if err = errors.Join(err, d.stop()); err != nil {
		fmt.Fprintln(p.stderr, "trasloco demo:", err)
		return exitFailed
	}
	return exitDone
}

// demonstration is a panel, an old and a new mail server, and a mail sink.
type demonstration struct {
	*program
	log     *slog.Logger
	folder  string
	panel   *panel
	stops   []func() error // in the order of the starts
	outbox  *outbox
	old     net.Addr
	new     net.Addr
	trusted []byte
}

func (d *demonstration) start(ctx context.Context, o demoOptions) (err error) {
	if d.folder, err = os.MkdirTemp("", "trasloco-demo-"); err != nil {
		return err
	}
	identity, err := memory.NewIdentity(demoHost)
	if err != nil {
		return err
	}
	d.trusted = identity.PEM
	if err := d.startMail(ctx, identity); err != nil {
		return err
	}
	if d.outbox, err = startOutbox(ctx); err != nil {
		return err
	}
	d.stops = append(d.stops, d.outbox.close)
	listener, err := listenSomewhere(ctx, o.Listen)
	if err != nil {
		return err
	}
	d.panel, err = d.startPanel(ctx, d.config(listener), panelParts{
		listener: listener, log: d.log, prepare: d.fill,
		demo: &handlers.Demo{Email: demoEmail, Password: demoPassword, CSV: d.csv(), Letters: d.outbox.Letters},
	})
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	d.stops = append(d.stops, d.panel.stop)
	return nil
}

// stop ends what was started, the last first, and removes the folder.
func (d *demonstration) stop() error {
	var errs []error
	for i := len(d.stops) - 1; i >= 0; i-- {
		errs = append(errs, d.stops[i]())
	}
	if d.folder != "" {
		errs = append(errs, os.RemoveAll(d.folder))
	}
	return errors.Join(errs...)
}

// listenSomewhere takes the address that was asked for, or a free port beside it
// when somebody else has that one.
func listenSomewhere(ctx context.Context, address string) (net.Listener, error) {
	listener, err := listen(ctx, address)
	if err == nil {
		return listener, nil
	}
	host, _, splitErr := net.SplitHostPort(address)
	if splitErr != nil {
		return nil, splitErr
	}
	return listen(ctx, net.JoinHostPort(host, "0"))
}

// startMail starts the old server, full of mail, and the new one, empty.
func (d *demonstration) startMail(ctx context.Context, identity memory.Identity) error {
	old := memory.New(memory.Options{Now: d.now(), TLS: identity.Config})
	fresh := memory.New(memory.Options{
		Now: d.now().Add(time.Minute), TLS: identity.Config, Master: demoMaster, MasterPassword: demoMasterPassword,
	})
	for i, account := range demoAccounts() {
		box, err := old.AddUser(account.name, account.password)
		if err == nil {
			err = fillDemoMailbox(box, uint64(i+1), account)
		}
		if err == nil {
			_, err = fresh.AddUser(account.name+"@"+demoDomain, "unused: the master user logs in")
		}
		if err != nil {
			return err
		}
	}
	var err error
	if d.old, err = d.serveMail(ctx, old); err != nil {
		return err
	}
	d.new, err = d.serveMail(ctx, fresh)
	return err
}

func fillDemoMailbox(box *memory.Mailbox, seed uint64, account demoAccount) error {
	if err := box.FillSample(account.oversize); err != nil {
		return err
	}
	take := func(path []string) bool { return len(path) == 1 }
	for message := range mailgen.New(seed, mailgen.Options{Messages: account.messages, Take: take, MaxSize: 256 << 10}).Messages() {
		if err := box.Put(message.Folder[0], message.Date, message.Flags, message.Raw); err != nil {
			return err
		}
	}
	return nil
}

// serveMail starts a server on a free port of loopback.
func (d *demonstration) serveMail(ctx context.Context, server *memory.Server) (net.Addr, error) {
	listener, err := listen(ctx, net.JoinHostPort(demoHost, "0"))
	if err != nil {
		return nil, err
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	d.stops = append(d.stops, func() error {
		err := server.Close()
		_ = listener.Close() // Close does not know of it if Serve has not begun yet
		return errors.Join(err, <-served)
	})
	return listener.Addr(), nil
}

func port(address net.Addr) int { return address.(*net.TCPAddr).Port }

// csv is the ready file of accounts.
func (d *demonstration) csv() []byte {
	text := "destination;host;login;password\r\n"
	for _, account := range demoAccounts() {
		password := account.password
		if password == `vecchia;"carla"` {
			password = `"vecchia;""carla"""`
		}
		text += fmt.Sprintf("%s@%s;%s:%d;%s;%s\r\n", account.name, demoDomain, demoHost, port(d.old), account.name, password)
	}
	return []byte(text)
}

func (d *demonstration) config(listener net.Listener) config {
	publicURL := "http://" + listener.Addr().String()
	zone, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		zone = time.UTC
	}
	return config{
		memory: defaultMemory << 20, tempSpace: defaultTempSpace << 20,
		data: filepath.Join(d.folder, "data"), policy: migration.DefaultPolicy(), runs: 8, perHost: 4,
		language: locale.English, zone: zone, allowPrivate: true, ca: d.trusted,
		support: handlers.Support{Name: "Trasloco demo", Email: "support@" + demoDomain},
		mail: &notify.Options{
			Host: "127.0.0.1", Port: port(d.outbox.address), TLS: migration.TLSNone,
			From: "trasloco@" + demoDomain, PublicURL: publicURL,
			Language: locale.English, Zone: zone, Policy: migration.DefaultPolicy(),
		},
	}
}

// fill sets the panel up: its operator, the domain and the new server.
func (d *demonstration) fill(ctx context.Context, s *store.Store) error {
	return s.SetUp(ctx, store.SetUp{
		Customer:     "Demo",
		Operator:     migration.User{Name: "Laura Demo", Email: demoEmail, Role: migration.Admin, Operator: true},
		PasswordHash: handlers.HashPassword(demoPassword),
		Domains:      []string{demoDomain},
		Destination: migration.Destination{
			Name: "Nuovo server",
			Endpoint: migration.Endpoint{
				Host: demoHost, Port: port(d.new), TLS: migration.TLSDirect,
				Auth: migration.Auth{Kind: migration.AuthMaster, Master: demoMaster, Password: migration.NewSecret(demoMasterPassword)},
			},
			MX: []string{"10 mx1." + demoDomain, "20 mx2." + demoDomain},
		},
	})
}
