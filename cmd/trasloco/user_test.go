package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"trasloco/handlers"
	"trasloco/migration"
	"trasloco/store"
)

// typed runs the program with what somebody types, or pipes, into it.
func typed(t *testing.T, input string, args ...string) answer {
	t.Helper()
	var out, errors strings.Builder
	p := &program{stdin: strings.NewReader(input), stdout: &out, stderr: &errors, now: time.Now}
	return answer{code: p.main(t.Context(), args), out: out.String(), errors: errors.String()}
}

// inFolder works on the store of a folder.
func inFolder(t *testing.T, folder string, do func(ctx context.Context, s *store.Store) error) {
	t.Helper()
	s, err := store.Open(t.Context(), folder, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := do(t.Context(), s); err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestUsersAreAddedListedAndGivenPasswords(t *testing.T) {
	folder := t.TempDir() + "/data"
	const password = "a house on the road"
	refused := func(want string, a answer) {
		t.Helper()
		if a.code != exitRefused || !strings.Contains(a.errors, want) {
			t.Errorf("exit %d, %q, want %q", a.code, a.errors, want)
		}
	}
	refused("not set up", typed(t, password+"\n", "user", "add", "a@x.example", "--data", folder))
	inFolder(t, folder, func(ctx context.Context, s *store.Store) error {
		return s.SetUp(ctx, store.SetUp{
			Customer: "Studio", PasswordHash: "none", Domains: []string{"x.example"},
			Operator:    migration.User{Name: "Laura", Email: "laura@x.example"},
			Destination: migration.Destination{Endpoint: migration.Endpoint{Host: "mail.x.example", Port: 993, TLS: migration.TLSDirect}},
		})
	})
	if a := typed(t, password+"\n", "user", "add", "anna@x.example", "--role", "team_member", "--data", folder); a.code != exitDone {
		t.Fatalf("exit %d, %q", a.code, a.errors)
	}
	refused("already", typed(t, password, "user", "add", "ANNA@x.example", "--data", folder))
	refused("12", typed(t, "short\n", "user", "add", "b@x.example", "--data", folder))
	refused("admin, team_member, manager", typed(t, password, "user", "add", "b@x.example", "--role", "boss", "--data", folder))
	refused("e-mail address", typed(t, password, "user", "add", "nobody", "--data", folder))
	refused("No user", typed(t, password, "user", "passwd", "b@x.example", "--data", folder))
	if a := typed(t, "another house on the road", "user", "passwd", "anna@x.example", "--data", folder); a.code != exitDone || strings.Contains(a.out+a.errors, "another") {
		t.Errorf("exit %d, %q %q", a.code, a.out, a.errors)
	}
	list := typed(t, "", "user", "list", "--data", folder)
	for _, want := range []string{"laura@x.example", "anna@x.example", "Team member", "Active"} {
		if !strings.Contains(list.out, want) {
			t.Errorf("the list lacks %q:\n%s", want, list.out)
		}
	}
	inFolder(t, folder, func(ctx context.Context, s *store.Store) error {
		user, hash, err := s.UserByEmail(ctx, "anna@x.example")
		if user.Role != migration.TeamMember || hash == "" || hash == handlers.HashPassword(password) {
			t.Errorf("%+v", user)
		}
		return err
	})
}

// An operator who lost his phone, or whom somebody blocked, comes back in from the
// machine itself.
func TestALockedOutUserComesBackIn(t *testing.T) {
	folder := t.TempDir() + "/data"
	const email = "laura@x.example"
	inFolder(t, folder, func(ctx context.Context, s *store.Store) error {
		return s.SetUp(ctx, store.SetUp{
			Customer: "Studio", PasswordHash: "none", Domains: []string{"x.example"},
			Operator:    migration.User{Name: "Laura", Email: email},
			Destination: migration.Destination{Endpoint: migration.Endpoint{Host: "mail.x.example", Port: 993, TLS: migration.TLSDirect}},
		})
	})
	if a := typed(t, "", "user", "reset-factor", email, "--data", folder); a.code != exitRefused || !strings.Contains(a.errors, "no second factor") {
		t.Errorf("exit %d, %q", a.code, a.errors)
	}
	inFolder(t, folder, func(ctx context.Context, s *store.Store) error {
		user, _, err := s.UserByEmail(ctx, email)
		if err != nil {
			return err
		}
		if err := s.OfferFactor(ctx, user.ID, migration.NewSecret("JBSWY3DPEHPK3PXP")); err != nil {
			return err
		}
		if user, err = s.User(ctx, user.ID); err != nil {
			return err
		}
		_, err = s.ConfirmFactor(ctx, user, 1, nil, false)
		return err
	})
	for _, args := range [][]string{{"user", "reset-factor", email}, {"user", "unblock", email}} {
		if a := typed(t, "", append(args, "--data", folder)...); a.code != exitDone || !strings.Contains(a.out, email) {
			t.Errorf("%v: exit %d, %q", args, a.code, a.errors)
		}
	}
	if a := typed(t, "", "user", "unblock", "b@x.example", "--data", folder); a.code != exitRefused || !strings.Contains(a.errors, "No user") {
		t.Errorf("exit %d, %q", a.code, a.errors)
	}
	inFolder(t, folder, func(ctx context.Context, s *store.Store) error {
		user, _, err := s.UserByEmail(ctx, email)
		if user.SecondFactor || user.State() != migration.UserActive || !user.Operator {
			t.Errorf("%+v", user)
		}
		return err
	})
}

func TestUserVerbsSayThatThePanelIsRunning(t *testing.T) {
	folder := t.TempDir() + "/data"
	inFolder(t, folder, func(context.Context, *store.Store) error {
		if a := typed(t, "", "user", "list", "--data", folder); a.code != exitRefused || !strings.Contains(a.errors, "The panel is running") {
			t.Errorf("exit %d, %q", a.code, a.errors)
		}
		return nil
	})
}
