package imapsync

import (
	"context"
	"errors"
	"io"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"trasloco/imapsync/imaptest"
	"trasloco/imapsync/wire"
	"trasloco/migration"
)

// gated is an engine with a clock that a test moves.
func gated(perSource int, limits ...migration.ServerLimit) (*Engine, *time.Time, *[]migration.ServerLimit) {
	now := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	learnt := []migration.ServerLimit{}
	e := New(Options{
		PerSource: perSource, Limits: limits, Now: func() time.Time { return now },
		Learnt: func(l migration.ServerLimit) { learnt = append(learnt, l) },
	})
	return e, &now, &learnt
}

var theSource = migration.Endpoint{Host: "imap.old.example", Port: 993, Addresses: "192.0.2.1"}

func sitDown(t *testing.T, g *gate, n int) (places []*seat) {
	t.Helper()
	for range n {
		place, err := g.take(t.Context(), false, func() { t.Error("there is room") })
		if err != nil {
			t.Fatal(err)
		}
		places = append(places, place)
	}
	return places
}

// C-1: a refusal at n lets n - 1 through for a day; then one more each minute, up to
// what there was.
func TestARefusalIsLearntFor24Hours(t *testing.T) {
	e, now, learnt := gated(8)
	g := e.gate(SourceSide, theSource)
	places := sitDown(t, g, 5)
	if ours, taught := places[4].refused(1); !ours || !taught {
		t.Fatalf("ours %v, taught %v", ours, taught)
	}
	want := migration.ServerLimit{Server: "source imap.old.example:993 192.0.2.1", Most: 4, Until: now.Add(24 * time.Hour)}
	if len(*learnt) != 1 || (*learnt)[0] != want {
		t.Fatalf("learnt %+v", *learnt)
	}
	began := *now
	for _, step := range []struct {
		after time.Duration
		most  int
	}{
		{0, 4}, {24*time.Hour - time.Second, 4}, {24 * time.Hour, 5}, {24*time.Hour + time.Minute, 6}, {24*time.Hour + 3*time.Minute, 8}, {99 * time.Hour, 8},
	} {
		*now = began.Add(step.after)
		if got := g.limitNow(); got != step.most {
			t.Errorf("after %v: %d, want %d", step.after, got, step.most)
		}
	}
	// After a restart it is as it was, for this address and no other.
	again, _, _ := gated(8, want)
	other := theSource
	other.Addresses = "192.0.2.2"
	if here, there := again.gate(SourceSide, theSource).limitNow(), again.gate(SourceSide, other).limitNow(); here != 4 || there != 8 {
		t.Errorf("after a restart: %d here, %d there", here, there)
	}
}

func TestWhatARefusalTeaches(t *testing.T) {
	e, now, learnt := gated(8)
	g := e.gate(SourceSide, theSource)
	alone := sitDown(t, g, 1)[0]
	if ours, _ := alone.refused(1); ours {
		t.Error("with no other connection of ours it is no matter of ours")
	}
	second, third := sitDown(t, g, 1)[0], sitDown(t, g, 1)[0]
	third.leave()
	third.leave() // once counts
	if ours, taught := second.refused(1); !ours || taught {
		t.Errorf("right after another one ended: ours %v, taught %v", ours, taught)
	}
	if ours, taught := second.refused(2); !ours || !taught || g.limitNow() != 1 {
		t.Errorf("the second time: ours %v, taught %v, %d", ours, taught, g.limitNow())
	}
	*now = now.Add(time.Minute)
	if _, taught := second.refused(1); !taught || len(*learnt) != 2 {
		t.Errorf("later: taught %v, %+v", taught, *learnt)
	}
}

// A server too old for our TLS hangs up on everybody, however few there are: that is no
// limit. Once it has greeted somebody it is (C-1, X-6).
func TestAHandshakeThatNeverWorkedTeachesNothing(t *testing.T) {
	e, now, learnt := gated(8)
	hungUp := &wire.DialError{Stage: wire.StageTLS, Err: io.EOF}
	g := e.gate(SourceSide, theSource)
	second := sitDown(t, g, 2)[1]
	for times, want := range []bool{true, true, false, false} {
		if ours, taught := second.refusedBy(hungUp, times+1); ours != want || taught {
			t.Errorf("the time %d: ours %v, taught %v", times+1, ours, taught)
		}
	}
	*now = now.Add(time.Minute)
	g.meets()
	if ours, taught := second.refusedBy(hungUp, 1); !ours || !taught || len(*learnt) != 1 || g.limitNow() != 1 {
		t.Errorf("of a server that greets: ours %v, taught %v, %+v", ours, taught, *learnt)
	}
}

// The same of two rows that are checked together.
func TestChecksOfAServerThatKnowsNoTLS(t *testing.T) {
	var learnt atomic.Int32
	together := make(chan struct{}, 2) // so that the first connections stand side by side
	addr := imaptest.Script(t, func(s *imaptest.Session) {
		if s.Number <= 2 {
			together <- struct{}{}
			for len(together) < 2 {
				runtime.Gosched()
			}
		}
	})
	e := New(Options{AllowPrivate: true, Timeouts: quick(), Patience: Patience{Backoff: time.Millisecond}, Learnt: func(migration.ServerLimit) { learnt.Add(1) }})
	source := at(t, addr, migration.TLSDirect)
	source.Auth = migration.Auth{Kind: migration.AuthPassword, Login: "anna", Password: migration.NewSecret("s3cret")}
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() {
			if _, err := e.CheckSource(t.Context(), Job{Resource: migration.Resource{Source: source}}); err == nil {
				t.Error("it is checked")
			}
		})
	}
	both.Wait()
	if n := learnt.Load(); n != 0 || e.Places(source) < 2 {
		t.Errorf("learnt %d times that it bears %d connections", n, e.Places(source))
	}
}

// C-1: who waits comes in when somebody leaves, checks first, and runs leave one
// place to them.
func TestTurnsAtAGate(t *testing.T) {
	e, _, _ := gated(5)
	g := e.gate(SourceSide, theSource)
	runs := sitDown(t, g, 4)
	if e.Places(theSource) != 4 {
		t.Errorf("%d places for runs", e.Places(theSource))
	}
	check, err := g.take(t.Context(), true, func() { t.Error("the place for checks is free") })
	if err != nil {
		t.Fatal(err)
	}
	came := make(chan string, 3)
	wait := func(name string, visit bool) {
		queued := make(chan struct{})
		go func() {
			if _, err := g.take(t.Context(), visit, func() { close(queued) }); err == nil {
				came <- name
			}
		}()
		<-queued
	}
	wait("first run", false)
	wait("second run", false)
	wait("check", true)
	gone, cancel := context.WithCancelCause(t.Context())
	cancel(context.DeadlineExceeded)
	if _, err := g.take(gone, false, nil); !errors.Is(err, ErrNoTurn) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("who gives up: %v", err)
	}
	check.leave()
	if got := <-came; got != "check" {
		t.Errorf("%s came first", got)
	}
	for _, want := range []string{"first run", "second run"} {
		runs[0].leave()
		if runs = runs[1:]; want != <-came {
			t.Errorf("not the %s", want)
		}
	}
	if len(g.queue) != 0 || g.used != 5 {
		t.Errorf("%d wait, %d are in", len(g.queue), g.used)
	}
	if g.further() != nil {
		t.Error("one more got through")
	}
	if must, err := g.second(t.Context()); err != nil || must == nil || g.used != 6 {
		t.Errorf("what must be was refused: %v", err)
	}
}

// Where a server bears few, the last place is for second connections, by turns; a run
// that has what it should not gives way.
func TestSecondConnectionsHaveAPlaceOfTheirOwn(t *testing.T) {
	e, _, _ := gated(0)
	g := e.gate(DestinationSide, theSource)
	g.limit = migration.ServerLimit{Most: 3, Until: g.now().Add(time.Hour)}
	runs := sitDown(t, g, 2)
	if g.further() != nil {
		t.Error("who could do without has the last place")
	}
	first, err := g.second(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	next := make(chan *seat)
	go func() {
		place, _ := g.second(t.Context())
		next <- place
	}()
	first.leave()
	place := <-next
	if place == nil {
		t.Fatal("the next one had no turn")
	}
	g.limit.Most = 2 // now one run is too many
	if _, err := g.second(t.Context()); !errors.Is(err, ErrNoTurn) {
		t.Errorf("got %v", err)
	}
	place.leave()
	runs[1].leave()
	if place, err = g.second(t.Context()); err != nil || place == nil {
		t.Errorf("after one gave way: %v", err)
	}
}

// The words and signs by which servers say that they have enough of us (C-1).
func TestWhoWantsFewerConnections(t *testing.T) {
	said := func(command, code, text string) error {
		return &wire.StatusError{Command: command, Status: wire.Status{Type: "NO", Code: code, Text: text}}
	}
	hung := func(stage wire.Stage, err error) error { return &wire.DialError{Stage: stage, Err: err} }
	master, google := theSource, theSource
	master.Auth.Kind, google.Host = migration.AuthMaster, migration.Gmail.Host()
	tests := []struct {
		name       string
		err        error
		one, byOne bool // with a password of one's own; by a master user, or at Google's, who count by account
	}{
		{"a limit of the address", said("greeting", "", "Too many connections from your IP"), true, true},
		{"another one", said("LOGIN", "LIMIT", "Maximum number of connections exceeded"), true, true},
		{"Dovecot, of one user", said("LOGIN", "UNAVAILABLE", "Maximum number of connections from user+IP exceeded (mail_max_userip_connections=10)"), false, true},
		{"Gmail, of one account", said("LOGIN", "ALERT", "Too many simultaneous connections. (Failure)"), false, true},
		{"Exchange, of one user", said("LOGIN", "", "Too many simultaneous connections."), false, true},
		{"a wrong password", said("LOGIN", "AUTHENTICATIONFAILED", "Invalid credentials"), false, false},
		{"too many errors", said("LOGIN", "", "Too many invalid commands"), false, false},
		{"Courier hangs up (X-6)", hung(wire.StageGreeting, io.ErrUnexpectedEOF), true, true},
		{"Courier hangs up within TLS", hung(wire.StageTLS, io.EOF), true, true},
		{"a server that is down", hung(wire.StageConnect, io.EOF), false, false},
		{"a silent one", hung(wire.StageGreeting, context.DeadlineExceeded), false, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if one, byOne := wantsFewer(test.err, theSource), wantsFewer(test.err, master); one != test.one || byOne != test.byOne {
				t.Errorf("got %v, by a master user %v", one, byOne)
			}
			if atGoogle := wantsFewer(test.err, google); atGoogle != test.byOne {
				t.Errorf("at Google's %v", atGoogle)
			}
		})
	}
}

// C-1: what is known of a server holds for all of its accounts, also for those of a
// migration that does not know it.
func TestWhatIsKnownOfAServerIsNotTried(t *testing.T) {
	e, _, _ := gated(8)
	known := theSource
	known.Most = 3
	for _, step := range []struct {
		name   string
		source migration.Endpoint
		most   int
	}{
		{"nobody knows", theSource, 8}, {"somebody does", known, 3}, {"the next does not", theSource, 3},
	} {
		if got := e.gate(SourceSide, step.source).limitNow(); got != step.most {
			t.Errorf("%s: %d are tried, want %d", step.name, got, step.most)
		}
	}
}
