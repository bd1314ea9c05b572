package store

import (
	"encoding/base64"
	"reflect"
	"testing"

	"trasloco/migration"
)

// masterServer has all that an endpoint can have.
func masterServer() migration.Destination {
	return migration.Destination{
		Name: "mail.rossi.example",
		Endpoint: migration.Endpoint{
			Host: "mail.rossi.example", Port: 993, TLS: migration.TLSDirect, TLSName: "imap.rossi.example", Pin: "ab",
			CA: []byte("PEM"), Insecure: true,
			Auth: migration.Auth{
				Kind: migration.AuthMaster, Master: "mover", Form: migration.MasterForm{Separator: "%"},
				Password: migration.NewSecret(moverPassword),
			},
		},
		MX: []string{"10 mx1.rossi.example", "20 mx2.rossi.example"},
	}
}

func TestADestinationComesBackAsItWasStored(t *testing.T) {
	s := openStore(t, t.TempDir()+"/state")
	authzid := masterServer()
	authzid.Endpoint.Auth.Form = migration.MasterForm{AuthzID: true}
	bare := migration.Destination{Name: "a", Endpoint: migration.Endpoint{Host: "a.example", Port: 143, TLS: migration.TLSNone}}
	var want []migration.Destination
	for _, d := range []migration.Destination{bare, masterServer(), authzid} {
		check(t, s.SaveDestination(t.Context(), &d))
		if got := must(s.Destination(t.Context(), d.ID))(t); !reflect.DeepEqual(got, d) {
			t.Errorf("%+v, want %+v", got, d)
		}
		want = append(want, d)
	}
	if got := must(s.Destinations(t.Context()))(t); !reflect.DeepEqual(got, want) {
		t.Errorf("all: %+v, want %+v", got, want)
	}
	_, err := s.Destination(t.Context(), 99)
	wantError(t, err, migration.ErrNotFound)
	wantError(t, s.SaveDestination(t.Context(), &migration.Destination{ID: 99}), migration.ErrNotFound)
}

func TestAPasswordIsKeptUntilThereIsAnotherOrNoMasterUser(t *testing.T) {
	s := openStore(t, t.TempDir()+"/state")
	d := masterServer()
	check(t, s.SaveDestination(t.Context(), &d))
	steps := []struct {
		name   string
		change func(auth *migration.Auth)
		want   string
	}{
		{"an empty one keeps it", func(a *migration.Auth) { a.Password = migration.Secret{}; a.Master = "other" }, moverPassword},
		{"another takes its place", func(a *migration.Auth) { a.Password = migration.NewSecret("new") }, "new"},
		{"without a master user none is kept", func(a *migration.Auth) { a.Kind = migration.AuthPassword }, ""},
		{"and none comes back with one", func(a *migration.Auth) { *a = migration.Auth{Kind: migration.AuthMaster} }, ""},
	}
	for _, step := range steps {
		step.change(&d.Endpoint.Auth)
		check(t, s.SaveDestination(t.Context(), &d))
		got := must(s.Destination(t.Context(), d.ID))(t)
		if got.Endpoint.Auth.Password.Reveal() != step.want || got.Endpoint.Auth.Master != d.Endpoint.Auth.Master {
			t.Errorf("%s: %q of %q", step.name, got.Endpoint.Auth.Password.Reveal(), got.Endpoint.Auth.Master)
		}
	}
}

func TestTheMasterPasswordStandsNowhereInClearAndOpensInItsRowOnly(t *testing.T) {
	p := newPanel(t)
	encoded := base64.StdEncoding.EncodeToString([]byte(moverPassword))
	if found := holding(t, p.dir, "hunter2", encoded); found != nil {
		t.Errorf("in clear: %v", found)
	}
	other := masterServer()
	check(t, p.SaveDestination(t.Context(), &other))
	must(p.writer.ExecContext(t.Context(), `
		UPDATE destination SET secret = (SELECT secret FROM destination ORDER BY id LIMIT 1) WHERE id = $1`, other.ID))(t)
	got, err := p.Destination(t.Context(), other.ID)
	wantError(t, err, errSealed)
	if !got.Endpoint.Auth.Password.IsZero() {
		t.Error("a secret came out")
	}
}

func TestTheDestinationsOfDomains(t *testing.T) {
	p := newPanel(t)
	second := masterServer()
	second.Name = "second"
	check(t, p.SaveDestination(t.Context(), &second))
	must(p.writer.ExecContext(t.Context(), `UPDATE domain SET destination_id = $1 WHERE id = $2`, second.ID, p.domains[1].ID))(t)

	got := must(destinationsOf(t.Context(), p.readers, []int64{p.domains[0].ID, p.domains[1].ID, 0, 99}))(t)
	first := must(p.Destination(t.Context(), p.domains[0].DestinationID))(t)
	first.Endpoint.Auth.Password, second.Endpoint.Auth.Password = migration.Secret{}, migration.Secret{}
	want := map[int64]migration.Destination{p.domains[0].ID: first, p.domains[1].ID: second}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	if none := must(destinationsOf(t.Context(), p.readers, nil))(t); len(none) != 0 {
		t.Errorf("of no domains: %+v", none)
	}
}
