package store

import (
	"errors"
	"testing"

	"trasloco/migration"
)

// refused is a login of a row that its source has refused.
func refused(r migration.Resource) migration.Refusal {
	return migration.Refusal{
		Key: migration.HostKey("source", r.Source), Side: "source", Host: r.Source.Host, Cause: migration.PauseLogins,
		RefusedLogin: migration.RefusedLogin{Account: r.SourceKey(), Login: r.Source.Auth.Login, Said: "NO no", At: testNow},
	}
}

// fiveRows is a draft of five rows at one source, of which none was tried.
func (p panel) fiveRows(t *testing.T) (migration.Migration, []migration.Resource) {
	t.Helper()
	names := []string{"user1", "user2", "user3", "user4", "user5"}
	return p.draft(t, names...), p.rows(names...)
}

// C-2: what was refused, and that nobody logs in any more, outlives the process.
func TestAPausedHostIsRemembered(t *testing.T) {
	p := newPanel(t)
	m, rows := p.fiveRows(t)
	for i, r := range rows[:3] {
		if got := must(p.HostPauses(t.Context()))(t); len(got) != 0 {
			t.Fatalf("after %d refusals it is paused: %+v", i, got)
		}
		check(t, p.Refuse(t.Context(), refused(r)))
		check(t, p.Refuse(t.Context(), refused(r))) // the same account is one
	}
	check(t, p.Close())
	p.Store = openStore(t, p.dir)
	views := must(p.PausesOf(t.Context(), p.customer, m.ID))(t)
	if len(views) != 1 || len(views[0].Rows) != 3 || views[0].Held != 2 || views[0].Others != 0 || views[0].Rows[2].Row != 3 || views[0].Rows[0].Said != "NO no" {
		t.Fatalf("the migration sees %+v", views)
	}
	if held := must(p.Held(t.Context(), m.ID))(t); held != 5 {
		t.Errorf("%d rows are held", held)
	}
	// Another migration at the same host is held up too, and learns of no login.
	other := p.draft(t, "carla")
	views = must(p.PausesOf(t.Context(), p.customer, other.ID))(t)
	if len(views) != 1 || views[0].Others != 3 || len(views[0].Rows) != 0 || len(views[0].Refused) != 0 || views[0].Held != 1 {
		t.Errorf("another migration sees %+v", views)
	}
	if views := must(p.PausesOf(t.Context(), p.customer+1, m.ID))(t); len(views) != 0 {
		t.Errorf("another customer sees %+v", views)
	}
	check(t, p.Accept(t.Context(), refused(rows[0]).Key))
	if got := must(p.HostPauses(t.Context()))(t); len(got) != 0 {
		t.Errorf("after a login: %+v", got)
	}
}

// Two rows of one account are one login that was refused, and rows are found at a host by
// the address that both their names lead to.
func TestRowsOfAPausedHost(t *testing.T) {
	p := newPanel(t)
	rows := p.rows("user1", "user2", "user3", "twice", "named", "elsewhere")
	rows[3].Source.Auth.Login = rows[0].Source.Auth.Login // into another mailbox
	rows[4].Source.Host, rows[5].Source.Host = "imap.alias.example", "imap.third.example"
	m := p.draft(t, "user1")
	check(t, p.SaveSheet(t.Context(), p.customer, m.ID, migration.NewSecret("file"), rows))
	stored := make([]migration.Resource, len(rows))
	for i := range rows {
		row := must(p.Resource(t.Context(), p.customer, m.ID, i+1))(t)
		at := migration.Addresses("192.0.2.7")
		if i == 5 {
			at = "192.0.2.77"
		}
		check(t, p.Freeze(t.Context(), p.customer, row.ID, at))
		stored[i] = must(p.Resource(t.Context(), p.customer, m.ID, i+1))(t).Resource
	}
	for _, r := range stored[:3] {
		check(t, p.Refuse(t.Context(), refused(r)))
	}
	views := must(p.PausesOf(t.Context(), p.customer, m.ID))(t)
	if len(views) != 1 || len(views[0].Rows) != 4 || views[0].Others != 0 || views[0].Accounts() != 3 || views[0].Held != 1 {
		t.Fatalf("the migration sees %+v", views)
	}
	if held := must(p.Held(t.Context(), m.ID))(t); held != 5 {
		t.Errorf("%d rows are held, of which one is at another host", held)
	}
}

// The first to log in again is the row that was corrected, or one of the migration
// whose admin said so; who fails is on trial no more.
func TestWhoTriesAPausedHost(t *testing.T) {
	p := newPanel(t)
	m, rows := p.fiveRows(t)
	for _, r := range rows[:3] {
		check(t, p.Refuse(t.Context(), refused(r)))
	}
	key := refused(rows[0]).Key
	pause := func() migration.HostPause { return must(p.HostPause(t.Context(), key))(t) }
	if pause().OnTrial() {
		t.Fatal("nobody said so")
	}
	rows[3].Source.Auth.Password = migration.NewSecret("another")
	check(t, p.SaveSheet(t.Context(), p.customer, m.ID, migration.NewSecret("file"), rows))
	if pause().OnTrial() {
		t.Error("a row that was not refused is tried")
	}
	for name, change := range map[string]func(){
		"password": func() { rows[1].Source.Auth.Password = migration.NewSecret("right") },
		"login":    func() { rows[1].Source.Auth.Login = "user2@other.example" },
	} {
		change()
		check(t, p.SaveSheet(t.Context(), p.customer, m.ID, migration.NewSecret("file"), rows))
		row := must(p.Resource(t.Context(), p.customer, m.ID, 2))(t)
		if got := pause(); !got.Tries(m.ID, row.ID) || got.Tries(m.ID, row.ID+1) {
			t.Errorf("%s: %+v, the row is %d", name, got, row.ID)
		}
		check(t, p.Refuse(t.Context(), refused(row.Resource)))
		if got := pause(); got.OnTrial() || !got.Paused() {
			t.Errorf("%s: after it was refused again: %+v", name, got)
		}
	}
	check(t, p.TryHost(t.Context(), p.customer, m.ID, key))
	if got := pause(); !got.Tries(m.ID, 99) || got.Tries(m.ID+1, 99) {
		t.Errorf("on the admin's word: %+v", got)
	}
	rows[1].Source.Auth.Password = migration.NewSecret("once more")
	check(t, p.SaveSheet(t.Context(), p.customer, m.ID, migration.NewSecret("file"), rows))
	corrected := pause().TrialResource
	other := p.draft(t, "user1") // its row was refused, and is not to be tried
	check(t, p.StartCheck(t.Context(), p.customer, must(p.Resource(t.Context(), p.customer, other.ID, 1))(t).ID))
	check(t, p.FinishCheck(t.Context(), p.customer, must(p.Resource(t.Context(), p.customer, other.ID, 1))(t).ID, migration.Check{Status: migration.CheckFailed, At: testNow}))
	if err := p.TryHost(t.Context(), p.customer, other.ID, key); !errors.Is(err, migration.ErrConflict) || pause().TrialResource != corrected || corrected == 0 {
		t.Errorf("a migration of which nothing is to come: %v, and on trial is %d, was %d", err, pause().TrialResource, corrected)
	}
	for _, err := range []error{p.TryHost(t.Context(), p.customer+1, m.ID, key), p.TryHost(t.Context(), p.customer, m.ID, "source elsewhere")} {
		if !errors.Is(err, migration.ErrConflict) {
			t.Errorf("got %v", err)
		}
	}
}

// Those who have handed a migration in are told once a pause, whoever caused it; who is
// in the wizard sees it there.
func TestAPauseIsToldOnce(t *testing.T) {
	p := newPanel(t)
	m, rows := p.fiveRows(t)
	draft := p.draft(t, "carla")
	check(t, p.Submit(t.Context(), p.customer, &m, p.twoPasses()))
	for _, r := range rows[:4] {
		check(t, p.Refuse(t.Context(), refused(r)))
	}
	pause := must(p.HostPauses(t.Context()))(t)[0]
	for range 2 {
		check(t, p.TellHeld(t.Context(), m.ID, pause))
		check(t, p.TellHeld(t.Context(), draft.ID, pause))
	}
	pending := must(p.PendingNotices(t.Context(), testNow))(t)
	if len(pending) != 1 || pending[0].Kind != migration.NoticeHostPaused || pending[0].MigrationID != m.ID {
		t.Fatalf("notices %+v", pending)
	}
	letter := must(p.Letter(t.Context(), pending[0]))(t)
	if len(letter.Pauses) != 1 || len(letter.Pauses[0].Rows) != 4 {
		t.Errorf("the letter tells %+v", letter.Pauses)
	}
}

// A mailbox that was moved weeks ago and is planned anew: the migration that is over
// waits for nothing, also if the host refuses its login now.
func TestAMigrationThatIsOverIsNotTold(t *testing.T) {
	p := newPanel(t)
	old := p.finish(t, p.running(t, "user1", "user2", "user3"), 1)
	check(t, p.BeginPass(t.Context(), p.customer, &old.Passes[1]))
	p.finish(t, old, 2)
	parked := p.running(t, "user1")
	p.move(t, p.run(t, parked, 1, 1), migration.RunConnecting, migration.RunParked)
	parked = p.finish(t, parked, 1)
	check(t, p.BeginPass(t.Context(), p.customer, &parked.Passes[1]))
	p.move(t, p.run(t, parked, 1, 2), migration.RunConnecting, migration.RunParked)
	p.finish(t, parked, 2)
	for _, r := range p.rows("user1", "user2", "user3") {
		check(t, p.Refuse(t.Context(), refused(r)))
	}
	check(t, p.TellHeld(t.Context(), old.ID, must(p.HostPauses(t.Context()))(t)[0]))
	pending := must(p.PendingNotices(t.Context(), p.at))(t)
	if len(pending) != 1 || pending[0].MigrationID != parked.ID { // whose run goes on alone
		t.Errorf("notices %+v, want one of migration %d", pending, parked.ID)
	}
}

// Another login of the destination server is another chance.
func TestAnotherLoginOfTheDestinationLiftsItsPause(t *testing.T) {
	p := newPanel(t)
	server := must(p.Destinations(t.Context()))(t)[0]
	check(t, p.Refuse(t.Context(), migration.Refusal{
		Key: migration.HostKey("destination", server.Endpoint), Side: "destination", Host: server.Endpoint.Host, Cause: migration.PauseMaster, AtOnce: true,
		RefusedLogin: migration.RefusedLogin{Account: "x", Login: "anna", At: testNow},
	}))
	server.Name = "Renamed"
	check(t, p.SaveDestination(t.Context(), &server))
	if len(must(p.HostPauses(t.Context()))(t)) != 1 {
		t.Fatal("another name lifts it")
	}
	server.Endpoint.Auth.Password = migration.NewSecret("corrected")
	check(t, p.SaveDestination(t.Context(), &server))
	if got := must(p.HostPauses(t.Context()))(t); len(got) != 0 {
		t.Errorf("still paused: %+v", got)
	}
}
