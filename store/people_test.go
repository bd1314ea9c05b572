package store

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"testing"

	"trasloco/migration"
)

func firstSetUp() SetUp {
	return SetUp{
		Customer:     "Rossi s.r.l.",
		Operator:     migration.User{Name: "Ada", Email: "Ada@Rossi.example", Language: "it", TimeZone: "Europe/Rome"},
		PasswordHash: "hash of ada",
		Domains:      []string{"rossi.example", "bianchi.example"},
		Destination:  masterServer(),
	}
}

func count(t testing.TB, s *Store, table string) int {
	t.Helper()
	return must(queryOne(t.Context(), s.readers, scanValue[int], `SELECT count(*) FROM `+table))(t)
}

func TestSetUpMakesAllThatAPanelNeeds(t *testing.T) {
	s := openStore(t, t.TempDir()+"/state")
	if must(s.HasUsers(t.Context()))(t) {
		t.Error("a fresh store has users")
	}
	first := firstSetUp()
	check(t, s.SetUp(t.Context(), first))
	if !must(s.HasUsers(t.Context()))(t) {
		t.Error("set up, it has none")
	}
	customers := must(s.Customers(t.Context()))(t)
	if len(customers) != 1 || customers[0].Name != first.Customer {
		t.Fatalf("customers %+v", customers)
	}
	user, hash, err := s.UserByEmail(t.Context(), "ADA@rossi.EXAMPLE")
	check(t, err)
	want := first.Operator
	want.ID, want.CustomerID, want.Role, want.Operator, want.HasPassword = user.ID, customers[0].ID, migration.Admin, true, true
	want.Stamp = user.Stamp
	if !reflect.DeepEqual(user, want) || hash != first.PasswordHash {
		t.Errorf("user %+v with %q, want %+v", user, hash, want)
	}
	server := must(s.Destinations(t.Context()))(t)[0]
	domains := must(s.Domains(t.Context(), customers[0].ID))(t)
	names := []string{"bianchi.example", "rossi.example"}
	for i, d := range domains {
		if d.Name != names[i] || d.CustomerID != customers[0].ID || d.DestinationID != server.ID {
			t.Errorf("domain %+v", d)
		}
	}
	if len(domains) != len(names) {
		t.Errorf("%d domains", len(domains))
	}
}

func TestOfManySetUpsAtOnceOneWins(t *testing.T) {
	s := openStore(t, t.TempDir()+"/state")
	var all sync.WaitGroup
	results := make([]error, 8)
	for i := range results {
		first := firstSetUp() // nothing of two is alike that would keep one of them out
		first.Operator.Email = fmt.Sprintf("ada@rossi%d.example", i)
		first.Domains = []string{fmt.Sprintf("rossi%d.example", i)}
		all.Go(func() { results[i] = s.SetUp(t.Context(), first) })
	}
	all.Wait()
	won := 0
	for _, err := range results {
		if err == nil {
			won++
		} else {
			wantError(t, err, migration.ErrConflict)
		}
	}
	for _, table := range []string{"customer", "users", "destination"} {
		if n := count(t, s, table); won != 1 || n != 1 {
			t.Errorf("%d won, %s has %d rows", won, table, n)
		}
	}
}

func TestASetUpThatFailsLeavesNothingAndCanBeRepeated(t *testing.T) {
	s := openStore(t, t.TempDir()+"/state")
	twice := firstSetUp()
	twice.Domains = []string{"rossi.example", "rossi.example"}
	wantError(t, s.SetUp(t.Context(), twice), migration.ErrConflict)
	upper := firstSetUp()
	upper.Domains = []string{"Rossi.example"}
	if err := s.SetUp(t.Context(), upper); err == nil {
		t.Error("a domain in capitals would be another domain")
	}
	for _, table := range []string{"customer", "users", "destination", "domain"} {
		if n := count(t, s, table); n != 0 {
			t.Errorf("%s has %d rows", table, n)
		}
	}
	check(t, s.SetUp(t.Context(), firstSetUp()))
}

func TestThePanelsCustomerIsNotThatOfTheCommandLine(t *testing.T) {
	l := newLab(t)
	if customers := must(l.Customers(t.Context()))(t); len(customers) != 0 {
		t.Errorf("customers before set-up: %+v", customers)
	}
	user := migration.User{Email: "a@b.example", Role: migration.Admin}
	wantError(t, l.CreateUser(t.Context(), &user, "hash"), migration.ErrNotFound)
	check(t, l.SetUp(t.Context(), firstSetUp()))
	check(t, l.CreateUser(t.Context(), &user, "hash"))
	customers := must(l.Customers(t.Context()))(t)
	if len(customers) != 1 || customers[0].ID == LocalCustomer || user.CustomerID != customers[0].ID {
		t.Errorf("customers %+v, the user's is %d", customers, user.CustomerID)
	}
}

func TestAnAddressIsTakenWhateverItsCase(t *testing.T) {
	p := newPanel(t)
	for _, email := range []string{"laura@new.example", "Laura@new.example", "LAURA@NEW.EXAMPLE"} {
		user := migration.User{Email: email, Role: migration.TeamMember}
		wantError(t, p.CreateUser(t.Context(), &user, "hash"), migration.ErrConflict)
		if user.ID != 0 || user.CustomerID != 0 {
			t.Errorf("user %+v", user)
		}
	}
	other := migration.User{Email: "Émile@rossi.example", Role: migration.TeamMember}
	check(t, p.CreateUser(t.Context(), &other, "hash"))
	again := migration.User{Email: "éMILE@rossi.example", Role: migration.TeamMember}
	wantError(t, p.CreateUser(t.Context(), &again, "hash"), migration.ErrConflict)
	found, _, err := p.UserByEmail(t.Context(), "émile@ROSSI.example")
	check(t, err)
	if found.ID != other.ID || found.Email != other.Email {
		t.Errorf("found %+v", found)
	}
}

func TestAManagerHasDomainsOfHisCustomerOnly(t *testing.T) {
	p := newPanel(t)
	foreign := must(p.Domains(t.Context(), p.stranger(t).CustomerID))(t)[0].ID
	own := p.domains[0].ID

	manager := migration.User{Email: "m@rossi.example", Role: migration.Manager, DomainIDs: []int64{own, foreign}}
	wantError(t, p.CreateUser(t.Context(), &manager, "hash"), migration.ErrNotFound)
	if _, _, err := p.UserByEmail(t.Context(), manager.Email); !errors.Is(err, migration.ErrNotFound) {
		t.Errorf("half a user was made: %v", err)
	}
	manager.DomainIDs = []int64{own}
	check(t, p.CreateUser(t.Context(), &manager, "hash"))
	if got := must(p.User(t.Context(), manager.ID))(t); !reflect.DeepEqual(got, manager) {
		t.Errorf("%+v, want %+v", got, manager)
	}
	byEmail, _, err := p.UserByEmail(t.Context(), manager.Email)
	check(t, err)
	if !reflect.DeepEqual(byEmail, manager) {
		t.Errorf("by address %+v, want %+v", byEmail, manager)
	}
}

func TestUsersAndDomainsAreThoseOfTheCustomer(t *testing.T) {
	p := newPanel(t)
	admin := p.stranger(t)
	foreign := must(p.Domains(t.Context(), admin.CustomerID))(t)[0]
	manager := migration.User{
		CustomerID: admin.CustomerID, Email: "M@c.example", Role: migration.Manager, DomainIDs: []int64{foreign.ID},
	}
	check(t, p.CreateUser(t.Context(), &manager, "hash"))
	tests := []struct {
		name     string
		customer int64
		users    []migration.User
		domains  []string
	}{
		{"his own", p.customer, []migration.User{p.user}, []string{"a.example", "b.example"}},
		{"another", admin.CustomerID, []migration.User{manager, admin}, []string{"c.example"}},
		{"none", admin.CustomerID + 1, nil, nil},
		{
			"the operator's view", AnyCustomer,
			[]migration.User{p.user, manager, admin},
			[]string{"a.example", "b.example", "c.example"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := must(p.Users(t.Context(), tt.customer))(t); !reflect.DeepEqual(got, tt.users) {
				t.Errorf("users %+v, want %+v", got, tt.users)
			}
			var names []string
			for _, d := range must(p.Domains(t.Context(), tt.customer))(t) {
				names = append(names, d.Name)
			}
			if !slices.Equal(names, tt.domains) {
				t.Errorf("domains %v, want %v", names, tt.domains)
			}
		})
	}
}

func TestPreferencesAreAllThatAUserChangesOfHimself(t *testing.T) {
	p := newPanel(t)
	changed := p.user
	changed.Name, changed.Language, changed.TimeZone, changed.Theme = "Laura B.", "en", "UTC", migration.ThemeDark
	want := changed
	changed.Role, changed.Operator, changed.CustomerID, changed.Email = migration.Manager, false, 99, "x@y.example"
	check(t, p.SavePreferences(t.Context(), changed))
	if got := must(p.User(t.Context(), p.user.ID))(t); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	wantError(t, p.SavePreferences(t.Context(), migration.User{ID: 99}), migration.ErrNotFound)
}

func TestANewPasswordEndsTheSessionsOfItsUserAlone(t *testing.T) {
	p := newPanel(t)
	other := migration.User{Email: "b@rossi.example", Role: migration.TeamMember}
	check(t, p.CreateUser(t.Context(), &other, "hash of b"))
	mine, mineToo, his, nobodys := session(1, p.user.ID), session(2, p.user.ID), session(3, other.ID), session(4, 0)
	for _, one := range []Session{mine, mineToo, his, nobodys} {
		p.signedIn(t, one)
	}
	must(p.SetPassword(t.Context(), p.user, "new", false))(t)
	wantSessions(t, p.Store, map[[32]byte]bool{
		mine.TokenHash: false, mineToo.TokenHash: false, his.TokenHash: true, nobodys.TokenHash: true,
	})
	for email, want := range map[string]string{p.user.Email: "new", other.Email: "hash of b"} {
		_, hash, err := p.UserByEmail(t.Context(), email)
		check(t, err)
		if hash != want {
			t.Errorf("hash of %s is %q, want %q", email, hash, want)
		}
	}
	_, err := p.SetPassword(t.Context(), migration.User{ID: 99}, "x", true)
	wantError(t, err, migration.ErrConflict)
}

func TestWhoIsNotThereIsNotFound(t *testing.T) {
	p := newPanel(t)
	_, err := p.User(t.Context(), 99)
	wantError(t, err, migration.ErrNotFound)
	_, hash, err := p.UserByEmail(t.Context(), "nobody@rossi.example")
	wantError(t, err, migration.ErrNotFound)
	if hash != "" {
		t.Errorf("hash %q", hash)
	}
}

func TestASettingIsTheLastThatWasStored(t *testing.T) {
	s := openStore(t, t.TempDir()+"/state")
	if got := must(s.Setting(t.Context(), "key"))(t); got != "" {
		t.Errorf("nothing is stored, and it is %q", got)
	}
	for _, want := range []string{"one", "two", ""} {
		check(t, s.SetSetting(t.Context(), "key", want))
		check(t, s.SetSetting(t.Context(), "neighbour", "other"))
		if got := must(s.Setting(t.Context(), "key"))(t); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
