package store

import (
	"crypto/sha256"
	"errors"
	"reflect"
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
	want := session(1, 0)
	check(t, p.SaveSession(t.Context(), want))
	got := must(p.Session(t.Context(), want.TokenHash))(t)
	want.read = true
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	want.UserID, want.SeenAt, want.Address, want.Agent, want.Data = p.user.ID, testNow, "2001:db8::1", "\xff", nil
	check(t, p.SaveSession(t.Context(), want))
	want.Agent = "\uFFFD"
	if got := must(p.Session(t.Context(), want.TokenHash))(t); !reflect.DeepEqual(got, want) {
		t.Errorf("changed: %+v, want %+v", got, want)
	}
	if _, err := p.Session(t.Context(), session(2, 0).TokenHash); !errors.Is(err, migration.ErrNotFound) {
		t.Errorf("a session nobody made: %v", err)
	}
}

func TestASessionThatHasEndedStaysEnded(t *testing.T) {
	p := newPanel(t)
	ways := map[string]func(Session) error{
		"logged out":       func(s Session) error { return p.DeleteSession(t.Context(), s.TokenHash) },
		"all his sessions": func(s Session) error { return p.DeleteSessionsOf(t.Context(), s.UserID) },
		"a new password":   func(s Session) error { return p.SetPassword(t.Context(), s.UserID, "new", false) },
		"too old":          func(s Session) error { return p.PruneSessions(t.Context(), testNow, testNow) },
	}
	for name, end := range ways {
		t.Run(name, func(t *testing.T) {
			check(t, p.SaveSession(t.Context(), session(1, p.user.ID)))
			underWay := must(p.Session(t.Context(), session(1, 0).TokenHash))(t)
			check(t, end(underWay))
			underWay.SeenAt = testNow
			check(t, p.SaveSession(t.Context(), underWay))
			wantSessions(t, p.Store, map[[32]byte]bool{underWay.TokenHash: false})
			check(t, end(underWay)) // ending what has ended is no error
		})
	}
}

func TestSessionsEndAlone(t *testing.T) {
	p := newPanel(t)
	one, two, nobodys := session(1, p.user.ID), session(2, p.user.ID), session(3, 0)
	for _, s := range []Session{one, two, nobodys} {
		check(t, p.SaveSession(t.Context(), s))
	}
	check(t, p.DeleteSession(t.Context(), one.TokenHash))
	wantSessions(t, p.Store, map[[32]byte]bool{one.TokenHash: false, two.TokenHash: true, nobodys.TokenHash: true})
	check(t, p.DeleteSessionsOf(t.Context(), p.user.ID))
	wantSessions(t, p.Store, map[[32]byte]bool{two.TokenHash: false, nobodys.TokenHash: true})
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
		check(t, p.SaveSession(t.Context(), s))
		want[s.TokenHash] = tt.stays
	}
	check(t, p.PruneSessions(t.Context(), idleBefore, createdBefore))
	wantSessions(t, p.Store, want)
}
