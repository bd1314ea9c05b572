package schedule

import (
	"errors"
	"testing"
	"time"

	"trasloco/migration"
	"trasloco/store"
)

// invited is a scheduler that is not started, with one invitation pending.
func invited(t *testing.T, box *postbox) (*lab, migration.User, migration.Secret) {
	t.Helper()
	l := newLab(t, &fakeEngine{}, imaginary())
	l.start()
	check(t, l.s.Shutdown(t.Context()))
	l.s.notifier = box
	token := migration.NewSecret("token-in-the-link")
	guest := migration.User{CustomerID: l.customer, Role: migration.TeamMember, Name: "Guest", Email: "guest@new.example"}
	check(t, l.store.Invite(t.Context(), &guest, store.Link{Token: token, Mail: true}))
	return l, guest, token
}

func (l *lab) invitation(user migration.User) migration.AccountNotice {
	l.t.Helper()
	n, err := l.store.LastAccountNotice(l.t.Context(), l.customer, user.ID)
	check(l.t, err)
	return n
}

func TestAnInvitationIsSentOnceWithItsLink(t *testing.T) {
	box := &postbox{refuse: errors.New("busy")}
	l, guest, token := invited(t, box)
	l.s.sendNotices(t.Context())
	if n := l.invitation(guest); n.Tries != 1 || n.Error != "busy" || !n.NextAt.Equal(l.now().Add(time.Minute)) {
		t.Fatalf("after a refusal: %+v", n)
	}
	box.refuse = nil
	l.s.sendNotices(t.Context()) // too early
	l.pass(time.Minute)
	l.s.sendNotices(t.Context())
	l.s.sendNotices(t.Context())
	if len(box.accounts) != 2 || box.accounts[1].Token.Reveal() != token.Reveal() || box.accounts[1].To.Email != guest.Email {
		t.Errorf("letters %+v", box.accounts)
	}
	if n := l.invitation(guest); n.SentAt.IsZero() {
		t.Errorf("%+v", n)
	}
}

func TestAnInvitationIsGivenUpAfterADay(t *testing.T) {
	box := &postbox{refuse: errors.New("no such host")}
	l, guest, _ := invited(t, box)
	for range 40 {
		l.s.sendNotices(t.Context())
		l.pass(time.Hour)
	}
	if n := l.invitation(guest); !n.GaveUp || n.Tries < 20 || n.Tries > 30 || n.Error != "no such host" {
		t.Errorf("%+v", n)
	}
}

// A link that works for an hour is tried often, and never sent after its end.
func TestALinkForANewPasswordIsNotSentTooLate(t *testing.T) {
	box := &postbox{refuse: errors.New("busy")}
	l, guest, _ := invited(t, box)
	_, err := l.store.RedeemLink(t.Context(), migration.LinkInvitation, migration.NewSecret("token-in-the-link"), "hash", true)
	check(t, err)
	check(t, l.store.AskReset(t.Context(), guest.Email, store.Link{Token: migration.NewSecret("reset"), Mail: true}, "net:192.0.2.0/24"))
	for range 59 {
		l.s.sendNotices(t.Context())
		l.pass(time.Minute)
	}
	tried := len(box.accounts)
	box.refuse = nil
	l.pass(time.Hour)
	l.s.sendNotices(t.Context())
	if n := l.invitation(guest); tried < 10 || len(box.accounts) != tried || !n.GaveUp || !n.SentAt.IsZero() {
		t.Errorf("%d letters, %+v", len(box.accounts), n)
	}
}

// What was replaced or used while it waited is not sent, and is no trouble.
func TestAnInvitationThatWasTakenBackIsNotSent(t *testing.T) {
	box := &postbox{}
	l, guest, _ := invited(t, box)
	check(t, l.store.DeleteUser(t.Context(), l.customer, guest.ID))
	l.s.sendNotices(t.Context())
	if len(box.accounts) != 0 {
		t.Errorf("letters %+v", box.accounts)
	}
}
