package imapsync

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"trasloco/imapsync/imaptest"
	"trasloco/migration"
)

const wrongLogin = "NO [AUTHENTICATIONFAILED] Authentication failed."

// account is that of a login with its own password at a server.
func account(ep migration.Endpoint, login, password string) migration.Endpoint {
	ep.Auth = migration.Auth{Kind: migration.AuthPassword, Login: login, Password: migration.NewSecret(password)}
	return ep
}

// connects logs in and out again, and returns the class of the error.
func connects(t *testing.T, e *Engine, ep migration.Endpoint, trials ...string) Class {
	t.Helper()
	conn, err := e.connect(context.Background(), SourceSide, ep, warrant{trials: trials})
	if err == nil {
		conn.Logout(context.Background())
		return ""
	}
	return FaultOf(err).Class
}

// C-2: of many wrong passwords at once a server hears three.
func TestAHostIsPausedAfterThreeRefusals(t *testing.T) {
	d := &door{refuse: wrongLogin}
	ep := at(t, imaptest.Script(t, d.script), migration.TLSNone)
	e := local()
	classes := make([]Class, 20)
	var all sync.WaitGroup
	for i := range classes {
		all.Go(func() { classes[i] = connects(t, e, account(ep, fmt.Sprint("user", i), "wrong")) })
	}
	all.Wait()
	slices.Sort(classes)
	if got := strings.Count(d.logins(), "LOGIN"); got != 3 || classes[16] != ClassHostPaused || classes[17] != ClassLogin {
		t.Fatalf("the server heard %d logins; %v", got, classes)
	}
	err := func() error {
		_, err := e.connect(t.Context(), SourceSide, account(ep, "anna", "pw"), warrant{})
		return err
	}()
	var paused *PausedError
	if !errors.As(err, &paused) || len(paused.Pause.Refused) != 3 || paused.Pause.Cause != migration.PauseLogins || paused.Pause.Refused[0].Said == "" {
		t.Errorf("the pause says %+v", err)
	}
	if EndingOf(t.Context(), err, e.opts.Now()).Status != migration.RunParked {
		t.Error("a run that was not let try does not wait")
	}
	other := ep
	other.Host = "localhost"
	if got := connects(t, e, account(other, "anna", "pw")); got != ClassLogin {
		t.Errorf("another host: %s", got)
	}
}

// Who gets no answer when he connects keeps nobody out who logs in at the same address.
func TestAConnectionThatHangsKeepsNobodyOut(t *testing.T) {
	hanging := make(chan struct{})
	silent := at(t, imaptest.Script(t, func(s *imaptest.Session) {
		hanging <- struct{}{}
		s.Stall(t.Context())
	}), migration.TLSNone)
	d := &door{opens: `LOGIN "anna" "pw"`, refuse: wrongLogin}
	ep := at(t, imaptest.Script(t, d.script), migration.TLSNone)
	e := local()
	ctx, hangUp := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for i := range migration.RefusalsInARow {
		all.Go(func() {
			_, err := e.connect(ctx, SourceSide, account(silent, fmt.Sprint("user", i), "pw"), warrant{})
			if !errors.Is(err, context.Canceled) {
				t.Errorf("user%d: %v", i, err)
			}
		})
		<-hanging
	}
	if got := connects(t, e, account(ep, "anna", "pw")); got != "" {
		t.Errorf("anna: %s", got)
	}
	hangUp()
	all.Wait()
}

// One that is let in between shows that the others' passwords are theirs.
func TestALoginBetweenRefusalsStartsTheCountAnew(t *testing.T) {
	d := &door{opens: `LOGIN "anna" "pw"`, refuse: wrongLogin}
	ep := at(t, imaptest.Script(t, d.script), migration.TLSNone)
	e := local()
	for round := range 3 {
		for i := range 2 {
			if got := connects(t, e, account(ep, fmt.Sprint("user", round, i), "wrong")); got != ClassLogin {
				t.Fatalf("round %d: %s", round, got)
			}
		}
		if got := connects(t, e, account(ep, "anna", "pw")); got != "" {
			t.Fatalf("round %d: anna: %s", round, got)
		}
	}
	for range 4 { // one account alone is no reason to stop the others
		if got := connects(t, e, account(ep, "bruno", "wrong")); got != ClassLogin {
			t.Fatalf("bruno: %s", got)
		}
	}
}

// What is no answer to a password counts neither way.
func TestOnlyRefusedLoginsPauseAHost(t *testing.T) {
	for _, said := range []string{"NO [UNAVAILABLE] later", "NO too many failed logins, try again later", "NO [LIMIT] no"} {
		d := &door{refuse: said}
		ep := at(t, imaptest.Script(t, d.script), migration.TLSNone)
		e := local()
		for i := range 5 {
			if got := connects(t, e, account(ep, fmt.Sprint("user", i), "pw")); got != ClassThrottled {
				t.Errorf("%s: login %d: %s", said, i, got)
			}
		}
	}
}

// A wrong password of a master user is sent once, not once a row; with one that was
// taken before, a refusal is about the row.
func TestAMasterThatIsRefusedStopsAllAtOnce(t *testing.T) {
	d := &door{opens: `LOGIN "anna*boss" "pw"`, refuse: wrongLogin}
	ep := at(t, imaptest.Script(t, d.script), migration.TLSNone)
	master := func(login, password string) migration.Endpoint {
		ep := ep
		ep.Auth = migration.Auth{
			Kind: migration.AuthMaster, Login: login, Master: "boss", Form: migration.MasterForm{Separator: "*"}, Password: migration.NewSecret(password),
		}
		return ep
	}
	e := local()
	classes := make([]Class, 8)
	var all sync.WaitGroup
	for i := range classes {
		all.Go(func() { classes[i] = connects(t, e, master(fmt.Sprint("user", i), "wrong")) })
	}
	all.Wait()
	slices.Sort(classes)
	if classes[7] != ClassLogin || classes[6] != ClassHostPaused || strings.Count(d.logins(), "LOGIN") != 1 {
		t.Fatalf("%v, the server heard %s", classes, d.logins())
	}
	e = local()
	for _, step := range []struct {
		login, password string
		class           Class
	}{
		{"anna", "pw", ""},
		{"nobody", "pw", ClassLogin},
		{"anna", "pw", ""},
		{"none", "pw", ClassLogin},
		{"never", "pw", ClassLogin},
		{"anna", "pw", ""},
		{"bruno", "typed wrong", ClassLogin},
		{"anna", "pw", ""}, // it was let in with another one: that row's fault
	} {
		if got := connects(t, e, master(step.login, step.password)); got != step.class {
			t.Fatalf("%s: %q, want %q", step.login, got, step.class)
		}
	}
}

// A trial is let through alone: if it fails the host stays paused, if not it is not.
func TestATrialLiftsAPauseOrNot(t *testing.T) {
	d := &door{opens: `LOGIN "anna" "pw"`, refuse: wrongLogin}
	ep := at(t, imaptest.Script(t, d.script), migration.TLSNone)
	e := local()
	for i := range 3 {
		connects(t, e, account(ep, fmt.Sprint("user", i), "wrong"))
	}
	key := migration.HostKey("source", ep)
	onTrial := func() {
		kept := e.opts.Refusals.(*keptRefusals)
		pause := kept.hosts[key]
		pause.TrialMigration = 1
		kept.hosts[key] = pause
	}
	if got := connects(t, e, account(ep, "anna", "pw"), key); got != ClassHostPaused {
		t.Fatalf("nobody asked for a trial: %q", got)
	}
	onTrial()
	if got := connects(t, e, account(ep, "user3", "wrong"), key); got != ClassLogin {
		t.Fatalf("trial that fails: %s", got)
	}
	if got := connects(t, e, account(ep, "anna", "pw"), key); got != ClassHostPaused {
		t.Fatalf("after it: %q", got)
	}
	onTrial()
	if got := connects(t, e, account(ep, "anna", "pw"), "source 192.0.2.1"); got != ClassHostPaused {
		t.Fatalf("a trial of another host: %q", got)
	}
	if got := connects(t, e, account(ep, "anna", "pw"), key); got != "" {
		t.Fatalf("trial: %s", got)
	}
	if got := connects(t, e, account(ep, "bruno", "wrong")); got != ClassLogin {
		t.Errorf("after a trial that was let in: %s", got)
	}
}

// unknownApp is an identity service that knows no application.
func unknownApp(w http.ResponseWriter, _ url.Values) {
	w.WriteHeader(http.StatusBadRequest)
	fmt.Fprint(w, `{"error":"unauthorized_client","error_description":"AADSTS700016: Application with identifier 'app' was not found in the directory"}`)
}

// appMailbox is a mailbox that an application opens, at a server of its own.
func appMailbox(t *testing.T, client, login, secret string) migration.Endpoint {
	t.Helper()
	return migration.Endpoint{
		Host: "127.0.0.1", Port: at(t, imaptest.Script(t, (&door{}).script), migration.TLSNone).Port, TLS: migration.TLSNone,
		Auth: migration.Auth{
			Kind: migration.AuthClientCredentials, Login: login, ClientID: client, ClientSecret: migration.NewSecret(secret), Tenant: "rossi.example",
		},
	}
}

// Of an application that is refused for all its mailboxes the identity service hears
// once; other applications at the same host are not held up.
func TestAnApplicationThatIsRefusedStopsItsOwn(t *testing.T) {
	p := &provider{answer: unknownApp}
	e := tokens(t, p)
	for i, want := range []Class{ClassTokenApp, ClassHostPaused, ClassHostPaused} {
		login := fmt.Sprint("user", i, "@rossi.example")
		if got := connects(t, e, appMailbox(t, "app", login, "s3cret")); got != want {
			t.Errorf("row %d: %s, want %s", i, got, want)
		}
		if got := connects(t, e, appMailbox(t, fmt.Sprint("another", i), login, "s3cret")); got != ClassTokenApp {
			t.Errorf("another application: %s", got)
		}
	}
	if p.count() != 4 {
		t.Errorf("asked for a token %d times", p.count())
	}
}

// A secret that is wrong in one row may be right in the next.
func TestAWrongSecretOfAnApplicationIsOneRows(t *testing.T) {
	e := tokens(t, &provider{answer: entra})
	for i, step := range []struct {
		secret string
		want   Class
	}{{"old", ClassTokenSecret}, {"old", ClassTokenSecret}, {"old", ClassTokenSecret}, {"s3cret", ClassHostPaused}} {
		if got := connects(t, e, appMailbox(t, "app", fmt.Sprint("user", i, "@rossi.example"), step.secret)); got != step.want {
			t.Errorf("row %d: %s, want %s", i, got, step.want)
		}
	}
}

// A login that a host let in before goes on where others are wrong, until one of its
// kind is refused too.
func TestKnownLoginsPassAPausedHostUntilOneIsRefused(t *testing.T) {
	d := &door{opens: `LOGIN "anna" "pw"`, refuse: wrongLogin}
	ep := at(t, imaptest.Script(t, d.script), migration.TLSNone)
	e := local()
	try := func(login, password string, w warrant) Class {
		conn, err := e.connect(t.Context(), SourceSide, account(ep, login, password), w)
		if err != nil {
			return FaultOf(err).Class
		}
		conn.Logout(t.Context())
		return ""
	}
	for i := range 3 {
		try(fmt.Sprint("user", i), "wrong", warrant{})
	}
	for i, step := range []struct {
		login, password string
		known           bool
		want            Class
	}{
		{"anna", "pw", true, ""},
		{"bruno", "wrong", false, ClassHostPaused}, // that anna was let in lifts nothing
		{"bruno", "changed", true, ClassLogin},
		{"anna", "pw", true, ClassHostPaused},
	} {
		if got := try(step.login, step.password, warrant{known: step.known}); got != step.want {
			t.Errorf("step %d, %s: %q, want %q", i, step.login, got, step.want)
		}
	}
	// Now that a known one was refused, one that is let in on trial speaks for all.
	key := migration.HostKey("source", ep)
	kept := e.opts.Refusals.(*keptRefusals)
	pause := kept.hosts[key]
	pause.TrialMigration = 1
	kept.hosts[key] = pause
	if got := try("anna", "pw", warrant{known: true, trials: []string{key}}); got != "" {
		t.Errorf("trial of anna: %s", got)
	}
	if got := try("carla", "wrong", warrant{}); got != ClassLogin {
		t.Errorf("after the trial: %q", got)
	}
}
