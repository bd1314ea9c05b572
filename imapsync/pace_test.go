package imapsync

import (
	"context"
	"errors"
	"testing"
	"time"

	"trasloco/imapsync/imaptest"
	"trasloco/imapsync/wire"
	"trasloco/migration"
)

// Each answer that speaks of throttling doubles the delay, up to 16 seconds; it goes
// by a quarter with each later answer that does not (M-5).
func TestPace(t *testing.T) {
	now := time.Date(2026, 11, 26, 10, 0, 0, 0, time.UTC)
	p := New(Options{Now: func() time.Time { return now }}).pace(migration.Endpoint{Host: "imap.gmail.com"})
	fast := wire.Status{Type: "OK"}
	slow := wire.Status{Type: "OK", Code: "THROTTLED"}
	exchange := wire.Status{Type: "BAD", Text: "Request is throttled. Suggested Backoff Time: 1000 milliseconds"}
	steps := []struct {
		name  string
		later time.Duration
		heard wire.Status
		want  time.Duration
	}{
		{"all is well", 0, fast, 0},
		{"a request in an OK", 0, slow, 50 * time.Millisecond},
		{"right behind it", 499 * time.Millisecond, fast, 50 * time.Millisecond},
		{"another one", 0, slow, 100 * time.Millisecond},
		{"in Exchange's words (X-2)", 0, exchange, 200 * time.Millisecond},
		{"words in an OK are none", 499 * time.Millisecond, wire.Status{Type: "OK", Text: exchange.Text}, 200 * time.Millisecond},
		{"after a while", 500 * time.Millisecond, fast, 150 * time.Millisecond},
		{"not at once again", 0, fast, 150 * time.Millisecond},
	}
	for _, step := range steps {
		now = now.Add(step.later)
		if p.Heard(step.heard); p.delay != step.want {
			t.Errorf("%s: %v, want %v", step.name, p.delay, step.want)
		}
	}
	for range 20 {
		p.Heard(slow)
	}
	if p.delay != 16*time.Second {
		t.Errorf("at most %v", p.delay)
	}
	for range 40 {
		now = now.Add(time.Second)
		p.Heard(fast)
	}
	if p.delay != 0 {
		t.Errorf("at last %v", p.delay)
	}
	p.delay = time.Hour
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := p.Before(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("a stopped run waits: %v", err)
	}
}

// The connections of one account share its pace; another account has its own, and a
// destination has none.
func TestThePaceIsTheAccounts(t *testing.T) {
	e := New(Options{AllowPrivate: true, Timeouts: quick()})
	ep := at(t, imaptest.Script(t, func(s *imaptest.Session) {
		s.Send("* OK Gimap ready")
		for cmd := s.Command(); cmd.Name != "LOGOUT"; cmd = s.Command() {
			s.Reply(cmd.Tag, "OK [THROTTLED] done")
		}
	}), migration.TLSNone)
	ep.Auth = migration.Auth{Kind: migration.AuthPassword, Login: "anna", Password: migration.NewSecret("pw")}
	other := ep
	other.Auth.Login = "bruno"
	for _, side := range []Side{DestinationSide, SourceSide} {
		conn, err := e.connect(t.Context(), side, ep, warrant{})
		if err != nil {
			t.Fatal(err)
		}
		if slowed := e.pace(ep).delay > 0; slowed != (side == SourceSide) {
			t.Errorf("%s: slowed %v", side, slowed)
		}
		conn.Abort(nil)
	}
	if e.pace(other).delay != 0 {
		t.Error("another account is slowed too")
	}
}

// Google counts connections by account: fifteen are made of one, and the accounts do
// not wait for each other (M-5). What it refuses teaches of that account alone.
func TestConnectionsToAGmailAccount(t *testing.T) {
	e := New(Options{PerSource: 3})
	anna := migration.Endpoint{Host: "imap.gmail.com", Port: 993, Auth: migration.Auth{Kind: migration.AuthPassword, Login: "anna@b.example"}, Addresses: "192.0.2.1"}
	bruno := anna
	bruno.Auth.Login = "bruno@b.example"
	if a := e.gate(SourceSide, anna); a.most() != 15 || a == e.gate(SourceSide, bruno) || a != e.gate(SourceSide, anna) {
		t.Errorf("%s lets %d through", a.server, a.most())
	}
	refusal := &wire.StatusError{Command: "LOGIN", Status: wire.Status{Type: "NO", Code: "ALERT", Text: "Too many simultaneous connections. (Failure)"}}
	elsewhere := anna
	elsewhere.Host = "imap.old.example"
	if !wantsFewer(refusal, anna) || wantsFewer(refusal, elsewhere) {
		t.Error("the refusal is taken for another server's")
	}
}
