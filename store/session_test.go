package store

import (
	"crypto/sha256"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"trasloco/migration"
)

// session returns the n-th session of these tests, n minutes old.
func session(n byte, user int64) Session {
	made := testNow.Add(-time.Duration(n) * time.Minute)
	return Session{
		TokenHash: sha256.Sum256([]byte{n}), UserID: user, CreatedAt: made, SeenAt: made,
		Address: "192.0.2.1", Agent: "Firefox", Data: []byte{1, 0, n},
	}
}

// signedIn stores a new session of its user as he is now, or of nobody.
func (p panel) signedIn(t *testing.T, session Session) {
	t.Helper()
	var user migration.User
	if session.UserID != 0 {
		user = must(p.User(t.Context(), session.UserID))(t)
	}
	check(t, p.AddSession(t.Context(), session, user))
}

// wantSessions says of each session whether it must be there.
func wantSessions(t *testing.T, s *Store, want map[[32]byte]bool) {
	t.Helper()
	for hash, there := range want {
		_, err := s.Session(t.Context(), hash)
		if there {
			check(t, err)
		} else {
			wantError(t, err, migration.ErrNotFound)
		}
	}
}

func TestASessionComesBackAndChanges(t *testing.T) {
	p := newPanel(t)
	want := session(1, p.user.ID)
	p.signedIn(t, want)
	got := must(p.Session(t.Context(), want.TokenHash))(t)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	want.SeenAt, want.Address, want.Agent, want.Data = testNow, "2001:db8::1", "\xff", nil
	check(t, p.SaveSession(t.Context(), want))
	want.Agent = "\uFFFD"
	if got := must(p.Session(t.Context(), want.TokenHash))(t); !reflect.DeepEqual(got, want) {
		t.Errorf("changed: %+v, want %+v", got, want)
	}
	if _, err := p.Session(t.Context(), session(2, 0).TokenHash); !errors.Is(err, migration.ErrNotFound) {
		t.Errorf("a session nobody made: %v", err)
	}
}

// What another request put into a session meanwhile stays.
func TestASessionThatIsOnlyUsedKeepsWhatItHolds(t *testing.T) {
	p := newPanel(t)
	p.signedIn(t, session(1, p.user.ID))
	stale, filled := session(1, p.user.ID), session(1, p.user.ID)
	filled.Data = []byte("a message")
	check(t, p.SaveSession(t.Context(), filled))
	stale.SeenAt, stale.Address = testNow, "2001:db8::1"
	check(t, p.TouchSession(t.Context(), stale))
	got := must(p.Session(t.Context(), stale.TokenHash))(t)
	if string(got.Data) != "a message" || !got.SeenAt.Equal(testNow) || got.Address != "2001:db8::1" {
		t.Errorf("%+v", got)
	}
}

// Who proved who he is, and was changed before he got his session, gets none.
func TestASessionIsForTheUserAsHeWasRead(t *testing.T) {
	p := newPanel(t)
	ctx := t.Context()
	secret := migration.NewSecret("JBSWY3DPEHPK3PXP")
	changes := map[string]func(migration.User) error{
		"another password":  func(u migration.User) error { _, err := p.SetPassword(ctx, u, "other", false); return err },
		"the same password": func(u migration.User) error { return p.SavePreferences(ctx, u) },
		"a second factor": func(u migration.User) error {
			check(t, p.OfferFactor(ctx, u.ID, secret))
			_, err := p.ConfirmFactor(ctx, must(p.User(ctx, u.ID))(t), 7, nil, false)
			return err
		},
		"a block": func(u migration.User) error { u.BlockedAt = p.at; return p.SaveUser(ctx, p.customer, u) },
		"a role":  func(u migration.User) error { u.Role = migration.Manager; return p.SaveUser(ctx, p.customer, u) },
		"his end": func(u migration.User) error { return p.DeleteUser(ctx, p.customer, u.ID) },
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			user := p.newUser(t, migration.User{Role: migration.TeamMember, Email: strings.ReplaceAll(name, " ", "-") + "@a.example"})
			check(t, change(user))
			err, same := p.AddSession(ctx, session(1, 0), user), name == "the same password"
			if same != (err == nil) || !same && !errors.Is(err, migration.ErrConflict) {
				t.Error(err)
			}
			wantSessions(t, p.Store, map[[32]byte]bool{session(1, 0).TokenHash: same})
			check(t, p.DeleteSession(ctx, session(1, 0).TokenHash))
		})
	}
}

// What was decided about somebody who has changed since is not done.
func TestAnAccountIsChangedAsItWasRead(t *testing.T) {
	p := newPanel(t)
	ctx := t.Context()
	user := p.newUser(t, migration.User{Role: migration.TeamMember, Email: "b@a.example"})
	now := user
	now.Operator = true
	check(t, p.SaveUser(ctx, AnyCustomer, now))
	_, err := p.SetPassword(ctx, user, "other", false)
	wantError(t, err, migration.ErrConflict)
	_, err = p.ConfirmFactor(ctx, user, 7, nil, false)
	wantError(t, err, migration.ErrConflict)
	_, err = p.RemoveFactor(ctx, AnyCustomer, user, false)
	wantError(t, err, migration.ErrConflict)
	wantError(t, p.ReplaceRecoveryCodes(ctx, user, nil), migration.ErrConflict)
	user.Role = migration.Manager // it would make him an operator no more
	wantError(t, p.SaveUser(ctx, p.customer, user), migration.ErrConflict)
	if got := must(p.User(ctx, user.ID))(t); !got.Operator || got.Role != migration.TeamMember {
		t.Errorf("%+v", got)
	}
}

func TestASessionThatHasEndedStaysEnded(t *testing.T) {
	p := newPanel(t)
	ways := map[string]func(Session) error{
		"logged out":      func(s Session) error { return p.DeleteSession(t.Context(), s.TokenHash) },
		"all but another": func(s Session) error { return p.DeleteOtherSessions(t.Context(), s.UserID, [32]byte{}) },
		"a new password": func(s Session) error {
			_, err := p.SetPassword(t.Context(), must(p.User(t.Context(), s.UserID))(t), "new", false)
			return err
		},
		"too old": func(s Session) error { return p.PruneSessions(t.Context(), testNow, testNow) },
	}
	for name, end := range ways {
		t.Run(name, func(t *testing.T) {
			p.signedIn(t, session(1, p.user.ID))
			underWay := must(p.Session(t.Context(), session(1, 0).TokenHash))(t)
			check(t, end(underWay))
			underWay.SeenAt = testNow
			check(t, p.SaveSession(t.Context(), underWay))
			check(t, p.TouchSession(t.Context(), underWay))
			wantSessions(t, p.Store, map[[32]byte]bool{underWay.TokenHash: false})
			check(t, end(underWay)) // ending what has ended is no error
		})
	}
}

func TestSessionsEndAlone(t *testing.T) {
	p := newPanel(t)
	one, two, nobodys := session(1, p.user.ID), session(2, p.user.ID), session(3, 0)
	for _, s := range []Session{one, two, nobodys} {
		p.signedIn(t, s)
	}
	check(t, p.DeleteSession(t.Context(), one.TokenHash))
	wantSessions(t, p.Store, map[[32]byte]bool{one.TokenHash: false, two.TokenHash: true, nobodys.TokenHash: true})
}

func TestPruneForgetsIdleAndOldSessions(t *testing.T) {
	p := newPanel(t)
	idleBefore, createdBefore := testNow.Add(-time.Hour), testNow.Add(-24*time.Hour)
	tests := []struct {
		name          string
		created, seen time.Time
		stays         bool
	}{
		{"in use", testNow.Add(-2 * time.Hour), testNow, true},
		{"idle to the last millisecond", createdBefore, idleBefore, true},
		{"idle too long", testNow.Add(-2 * time.Hour), idleBefore.Add(-time.Millisecond), false},
		{"in use for too long", createdBefore.Add(-time.Millisecond), testNow, false},
	}
	want := make(map[[32]byte]bool)
	for i, tt := range tests {
		s := session(byte(i), 0)
		s.CreatedAt, s.SeenAt = tt.created, tt.seen
		p.signedIn(t, s)
		want[s.TokenHash] = tt.stays
	}
	check(t, p.PruneSessions(t.Context(), idleBefore, createdBefore))
	wantSessions(t, p.Store, want)
}
