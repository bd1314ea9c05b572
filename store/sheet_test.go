package store

import (
	"reflect"
	"testing"
	"time"

	"trasloco/migration"
)

func TestRowsComeBackWithBothEndsCompleteAndWithoutSecrets(t *testing.T) {
	p := newPanel(t)
	row := p.row(1, "x")
	row.Source.CA, row.Source.Insecure = []byte("pem"), true
	row.Source.Auth = migration.Auth{
		Kind: migration.AuthMaster, Login: "x", Master: "admin", Form: migration.MasterForm{AuthzID: true, Separator: "%", Pattern: "{user}+{master}", Command: migration.CommandProxyAuth},
		Password: migration.NewSecret("pw"), ClientID: "id", ClientSecret: migration.NewSecret("cs"), Tenant: "t.example",
	}
	m := p.draft(t)
	check(t, p.SaveSheet(t.Context(), p.customer, m.ID, migration.Secret{}, []migration.Resource{row}))
	want := row
	want.Source.Auth.Password, want.Source.Auth.ClientSecret = migration.Secret{}, migration.Secret{}
	want.Destination.Auth.Password = migration.Secret{}
	want.Check.Status = migration.CheckWaiting
	got := must(p.Resource(t.Context(), p.customer, m.ID, 1))(t).Resource
	want.ID = got.ID
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	check(t, p.OpenResource(t.Context(), p.customer, &got))
	want.Source.Auth, want.Destination.Auth.Password = row.Source.Auth, migration.NewSecret(moverPassword)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("opened %+v\nwant %+v", got, want)
	}
	if found := holding(t, p.dir, "hunter2-MASTER", `"pw"`, `"cs"`); found != nil {
		t.Errorf("in clear: %v", found)
	}
}

// The password that Destination.For put into a row is the master user's: with
// the row it would outlive its change at the destination.
func TestThePasswordOfTheMasterUserIsTheOneOfTheDestinationNow(t *testing.T) {
	p := newPanel(t)
	m := p.draft(t, "x")
	row := must(p.Resource(t.Context(), p.customer, m.ID, 1))(t).Resource
	if sealed := must(p.secretRow(t.Context(), p.customer, row.ID))(t); sealed.destination.Valid {
		t.Error("the row keeps a password of the master user")
	}
	server := must(p.Destinations(t.Context()))(t)[0]
	server.Endpoint.Host, server.Endpoint.Auth.Password = "imap2.new.example", migration.NewSecret("changed")
	check(t, p.SaveDestination(t.Context(), &server))
	check(t, p.OpenResource(t.Context(), p.customer, &row))
	if row.Destination.Auth.Password.Reveal() != "changed" || row.Destination.Host != "imap2.new.example" {
		t.Errorf("the destination is %+v", row.Destination)
	}
}

func TestAMailboxOwnPasswordIsKeptWhereTheServerHasNoMasterUser(t *testing.T) {
	p := newPanel(t)
	server := must(p.Destinations(t.Context()))(t)[0]
	server.Endpoint.Auth = migration.Auth{Kind: migration.AuthPassword}
	check(t, p.SaveDestination(t.Context(), &server))
	row := p.row(1, "x")
	row.Destination = server.For("x@a.example", migration.NewSecret("own"))
	m := p.draft(t)
	check(t, p.SaveSheet(t.Context(), p.customer, m.ID, migration.Secret{}, []migration.Resource{row}))
	got := must(p.Resource(t.Context(), p.customer, m.ID, 1))(t).Resource
	check(t, p.OpenResource(t.Context(), p.customer, &got))
	if got.Destination.Auth.Password.Reveal() != "own" || got.Destination.Auth.Login != "x@a.example" {
		t.Errorf("the destination is %+v", got.Destination)
	}
}

func TestOnlyWhatIsTheSameRowKeepsItsCheck(t *testing.T) {
	tests := []struct {
		name   string
		change func(r *migration.Resource)
		keeps  bool
	}{
		{"nothing changed", func(*migration.Resource) {}, true},
		{"another line", func(r *migration.Resource) { r.Row = 9 }, true},
		{"another password", func(r *migration.Resource) { r.Source.Auth.Password = migration.NewSecret("new") }, false},
		{"another client secret", func(r *migration.Resource) { r.Source.Auth.ClientSecret = migration.NewSecret("new") }, false},
		{"another source host", func(r *migration.Resource) { r.Source.Host = "imap2.old.example" }, false},
		{"the host in capitals", func(r *migration.Resource) { r.Source.Host = "IMAP.old.example" }, false},
		{"a pin", func(r *migration.Resource) { r.Source.Pin = "beef" }, false},
		{"another TLS mode", func(r *migration.Resource) { r.Source.TLS = migration.TLSDirect }, false},
		{"another destination login", func(r *migration.Resource) { r.Destination.Auth.Login = "X@a.example" }, false},
		{"another destination host", func(r *migration.Resource) { r.Destination.Host = "imap2.new.example" }, false},
		{"another domain", func(r *migration.Resource) { r.DomainID = 1 }, false}, // b.example
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := newPanel(t)
			m := p.draft(t, "x", "y")
			before := must(p.Resource(t.Context(), p.customer, m.ID, 1))(t)
			p.finishCheck(t, before.ID, migration.Check{Status: migration.CheckFailed, At: p.at, Class: "login"})
			check(t, p.LeaveOut(t.Context(), p.customer, m.ID, []int{1}, true))
			row := p.row(1, "x")
			tt.change(&row)
			check(t, p.SaveSheet(t.Context(), p.customer, m.ID, migration.Secret{}, []migration.Resource{row}))
			page := must(p.Resources(t.Context(), ResourceQuery{Customer: p.customer, MigrationID: m.ID}))(t)
			if len(page.Resources) != 1 {
				t.Fatalf("%d rows", len(page.Resources))
			}
			got := page.Resources[0]
			kept := got.ID == before.ID && got.LeftOut && got.Check.Status == migration.CheckFailed && got.Check.Class == "login"
			fresh := got.ID != before.ID && !got.LeftOut && got.Check == migration.Check{Status: migration.CheckWaiting}
			if tt.keeps && !kept || !tt.keeps && !fresh || got.Row != row.Row {
				t.Errorf("row is %+v", got)
			}
		})
	}
}

func TestRowsMayChangePlaces(t *testing.T) {
	p := newPanel(t)
	m := p.draft(t, "x", "y")
	p.checkAll(t)
	rows := p.rows("y", "x")
	rows[0].Source.Auth, rows[1].Source.Auth = rows[1].Source.Auth, rows[0].Source.Auth // now crossed
	check(t, p.SaveSheet(t.Context(), p.customer, m.ID, migration.Secret{}, rows))
	for i, row := range must(p.Resources(t.Context(), ResourceQuery{MigrationID: m.ID}))(t).Resources {
		check(t, p.OpenResource(t.Context(), p.customer, &row.Resource))
		if row.Row != i+1 || row.Source.Auth.Password != rows[i].Source.Auth.Password || row.Check.Status != migration.CheckWaiting {
			t.Errorf("row %d is %+v", i+1, row.Resource)
		}
	}
}

func TestADomainFollowsItsRows(t *testing.T) {
	p := newPanel(t)
	m := p.draft(t, "x", "y")
	rows := p.rows("x", "y")
	rows[1].DomainID = p.domains[1].ID
	check(t, p.SaveSheet(t.Context(), p.customer, m.ID, migration.Secret{}, rows))
	if got := p.reread(t, m).Domains; !reflect.DeepEqual(got, []string{"a.example", "b.example"}) {
		t.Errorf("domains %v", got)
	}
	check(t, p.SaveSheet(t.Context(), p.customer, m.ID, migration.Secret{}, rows[1:]))
	if got := p.reread(t, m).Domains; !reflect.DeepEqual(got, []string{"b.example"}) {
		t.Errorf("domains %v", got)
	}
}

func TestASheetIsSavedWholeOrNotAtAll(t *testing.T) {
	p := newPanel(t)
	m := p.draft(t, "x")
	twice := append(p.rows("y", "z"), p.row(3, "z"))
	if err := p.SaveSheet(t.Context(), p.customer, m.ID, migration.NewSecret("new"), twice); err == nil {
		t.Fatal("one row stands there twice")
	}
	if got := must(p.Sheet(t.Context(), p.customer, m.ID))(t).Reveal(); got != "the file" {
		t.Errorf("the file is %q", got)
	}
	if got := must(p.Resource(t.Context(), p.customer, m.ID, 1))(t); got.Destination.Auth.Login != "x@a.example" {
		t.Errorf("row 1 is %+v", got)
	}
}

func TestTheTextOfTheFileIsSealed(t *testing.T) {
	p := newPanel(t)
	m := p.draft(t, "x")
	const text = "a@x.it;imap;a;hunter2-TEXT \xff"
	check(t, p.SaveSheet(t.Context(), p.customer, m.ID, migration.NewSecret(text), p.rows("x")))
	if got := must(p.Sheet(t.Context(), p.customer, m.ID))(t).Reveal(); got != text {
		t.Errorf("the file is %q", got)
	}
	if found := holding(t, p.dir, "hunter2-TEXT", "pw-x"); found != nil {
		t.Errorf("in clear: %v", found)
	}
	check(t, p.Shred(t.Context(), p.customer, m.ID))
	if !must(p.Sheet(t.Context(), p.customer, m.ID))(t).IsZero() {
		t.Error("the file is there after its key was destroyed")
	}
	row := must(p.Resource(t.Context(), p.customer, m.ID, 1))(t).Resource
	wantError(t, p.OpenResource(t.Context(), p.customer, &row), ErrShredded)
}

// A key file that was lost must not hold the wizard up: the rows are new ones.
func TestASheetIsSavedAlsoWhereTheKeyOfTheFormerIsGone(t *testing.T) {
	p := newPanel(t)
	m := p.draft(t, "x")
	p.checkAll(t)
	check(t, p.keys.shred(m.ID))
	check(t, p.SaveSheet(t.Context(), p.customer, m.ID, migration.NewSecret("new"), p.rows("x")))
	row := must(p.Resource(t.Context(), p.customer, m.ID, 1))(t).Resource
	if row.Check.Status != migration.CheckWaiting {
		t.Errorf("the check is %+v", row.Check)
	}
	check(t, p.OpenResource(t.Context(), p.customer, &row))
	if row.Source.Auth.Password.Reveal() != "pw-x" {
		t.Error("the password is another")
	}
}

// A row that takes the place of one that is left out is left out too, and never was
// anything else: a program that ends here copies nothing that nobody wants.
func TestANewRowOnALineLeftOutIsLeftOut(t *testing.T) {
	p := newPanel(t)
	m := p.draft(t, "x", "y")
	check(t, p.SaveSheet(t.Context(), p.customer, m.ID, migration.Secret{}, p.rows("x", "z"), 2, 7))
	if jobs := must(p.ChecksToMake(t.Context(), 9))(t); len(jobs) != 1 || jobs[0].Resource.Row != 1 {
		t.Errorf("checks to make: %+v", jobs)
	}
	if row := must(p.Resource(t.Context(), p.customer, m.ID, 2))(t); !row.LeftOut {
		t.Errorf("%+v", row.Resource)
	}
}

func TestRowsAreLeftOutTogetherOrNotAtAll(t *testing.T) {
	p := newPanel(t)
	m := p.draft(t, "x", "y", "z")
	p.pass(time.Minute)
	wantError(t, p.LeaveOut(t.Context(), p.customer, m.ID, []int{1, 7}, true), migration.ErrNotFound)
	if got := p.reread(t, m); got.Checks.LeftOut != 0 || !got.ChangedAt.Equal(testNow) {
		t.Errorf("left out in part: %+v", got.Checks)
	}
	check(t, p.LeaveOut(t.Context(), p.customer, m.ID, []int{1, 3}, true))
	if got := p.reread(t, m); got.Checks != (migration.CheckSummary{Rows: 1, Waiting: 1, LeftOut: 2}) || !got.ChangedAt.Equal(p.at) {
		t.Errorf("checks %+v", got.Checks)
	}
	check(t, p.LeaveOut(t.Context(), p.customer, m.ID, []int{1}, false))
	if got := p.reread(t, m).Checks; got != (migration.CheckSummary{Rows: 2, Waiting: 2, LeftOut: 1}) {
		t.Errorf("checks %+v", got)
	}
}

func TestARowOfAnotherCustomersDomainIsRefused(t *testing.T) {
	p := newPanel(t)
	m := p.draft(t)
	row := p.row(1, "x")
	row.DomainID = must(p.Domains(t.Context(), p.stranger(t).CustomerID))(t)[0].ID
	err := p.SaveSheet(t.Context(), p.customer, m.ID, migration.Secret{}, []migration.Resource{row})
	wantError(t, err, migration.ErrNotFound)
}
