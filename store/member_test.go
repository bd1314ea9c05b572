package store

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"trasloco/migration"
)

// Who is unknown is counted like who is known, in the same write: neither the wait
// nor the time that it takes tells them apart.
func TestAskingForTheUnknownIsCountedToo(t *testing.T) {
	for _, email := range []string{"laura@new.example", "nobody@a.example"} {
		p := newPanel(t)
		for range 6 {
			check(t, p.AskReset(t.Context(), email, link("token of "+email, true), network))
			p.pass(resetPause)
		}
		p.pass(-resetPause)
		p.wantWait(t, time.Second, network)
	}
}

// user adds a user who can sign in.
func (p panel) newUser(t *testing.T, u migration.User) migration.User {
	t.Helper()
	if u.CustomerID == 0 {
		u.CustomerID = p.customer
	}
	check(t, p.CreateUser(t.Context(), &u, "hash"))
	return u
}

func link(token string, mail bool) Link { return Link{Token: migration.NewSecret(token), Mail: mail} }

// holds looks for octets in the database and what waits to be written into it.
func (p panel) holds(t *testing.T, text string) bool {
	t.Helper()
	for _, name := range []string{databaseName, databaseName + "-wal"} {
		content, err := os.ReadFile(filepath.Join(p.dir, name))
		check(t, err)
		if bytes.Contains(content, []byte(text)) {
			return true
		}
	}
	return false
}

func TestAnInvitationIsAcceptedOnceAndInTime(t *testing.T) {
	p := newPanel(t)
	ctx, token := t.Context(), migration.NewSecret("token-of-the-link")
	guest := migration.User{CustomerID: p.customer, Role: migration.Manager, Name: "Guest", Email: "g@a.example", DomainIDs: []int64{p.domains[0].ID}}
	check(t, p.Invite(ctx, &guest, Link{Token: token}))
	wantError(t, p.Invite(ctx, &migration.User{CustomerID: p.customer, Role: migration.Admin, Email: "G@A.example"}, link("x", false)), ErrEmailTaken)
	if got := must(p.User(ctx, guest.ID))(t); got.State() != migration.UserInvited || !slices.Equal(got.DomainIDs, guest.DomainIDs) {
		t.Errorf("invited: %+v", got)
	}
	if p.holds(t, "token-of-the-link") {
		t.Error("the token lies in the database")
	}
	_, err := p.UserByLink(ctx, migration.LinkReset, token)
	wantError(t, err, migration.ErrNotFound)
	p.pass(7*24*time.Hour - time.Second)
	if got := must(p.UserByLink(ctx, migration.LinkInvitation, token))(t); got.ID != guest.ID {
		t.Errorf("the link is %+v's", got)
	}
	user, err := p.RedeemLink(ctx, migration.LinkInvitation, token, "chosen", true)
	check(t, err)
	_, hash, err := p.UserByEmail(ctx, guest.Email)
	check(t, err)
	if user.State() != migration.UserActive || hash != "chosen" {
		t.Errorf("%+v with %q", user, hash)
	}
	_, err = p.RedeemLink(ctx, migration.LinkInvitation, token, "again", true)
	wantError(t, err, migration.ErrNotFound)
	if mails := must(p.PendingAccountNotices(ctx, p.at))(t); len(mails) != 0 {
		t.Errorf("who chose his first password is told of it: %+v", mails)
	}

	kind, err := p.RenewLink(ctx, p.customer, guest.ID, link("second", false))
	check(t, err)
	if kind != migration.LinkReset {
		t.Errorf("a link of the kind %s", kind)
	}
	p.pass(time.Hour)
	_, err = p.UserByLink(ctx, migration.LinkReset, migration.NewSecret("second"))
	wantError(t, err, migration.ErrNotFound)
	_, err = p.RenewLink(ctx, p.stranger(t).CustomerID, guest.ID, link("third", false))
	wantError(t, err, migration.ErrNotFound)
}

func TestANewLinkReplacesTheOneBefore(t *testing.T) {
	p := newPanel(t)
	ctx := t.Context()
	guest := migration.User{CustomerID: p.customer, Role: migration.TeamMember, Email: "g@a.example"}
	check(t, p.Invite(ctx, &guest, link("first", true)))
	must(p.RenewLink(ctx, p.customer, guest.ID, link("second", true)))(t)
	_, err := p.UserByLink(ctx, migration.LinkInvitation, migration.NewSecret("first"))
	wantError(t, err, migration.ErrNotFound)
	mails := must(p.PendingAccountNotices(ctx, p.at))(t)
	if len(mails) != 1 {
		t.Fatalf("mails %+v", mails)
	}
	if letter := must(p.AccountLetter(ctx, mails[0]))(t); letter.Token.Reveal() != "second" || letter.To.ID != guest.ID || !letter.Until.Equal(p.at.Add(7*24*time.Hour)) {
		t.Errorf("letter %+v", letter)
	}
}

func TestTheLinkOfAMailIsSealedAndShreddedWhenSent(t *testing.T) {
	p := newPanel(t)
	ctx := t.Context()
	guest := migration.User{CustomerID: p.customer, Role: migration.TeamMember, Email: "g@a.example"}
	check(t, p.Invite(ctx, &guest, link("clear-token", true)))
	n := must(p.PendingAccountNotices(ctx, p.at))(t)[0]
	sealed := must(queryOne(ctx, p.readers, scanValue[string], `SELECT sealed FROM account_notice WHERE id = $1`, n.ID))(t)
	if p.holds(t, "clear-token") || !p.holds(t, sealed) {
		t.Error("the token is not sealed")
	}
	n.Tries, n.NextAt, n.Error = 1, p.at.Add(time.Minute), "421"
	check(t, p.AccountNoticeFailed(ctx, n))
	if got := must(p.LastAccountNotice(ctx, p.customer, guest.ID))(t); got.Tries != 1 || got.Error != "421" {
		t.Errorf("after a failure: %+v", got)
	}
	if got := must(p.PendingAccountNotices(ctx, p.at))(t); len(got) != 0 {
		t.Errorf("tried again at once: %+v", got)
	}
	check(t, p.AccountNoticeSent(ctx, n))
	wantError(t, p.AccountNoticeSent(ctx, n), migration.ErrConflict)
	if p.holds(t, sealed) {
		t.Error("the sealed token is still there")
	}
	if got := must(p.UserByLink(ctx, migration.LinkInvitation, migration.NewSecret("clear-token")))(t); got.ID != guest.ID {
		t.Error("the link that was sent does not work")
	}
	_, err := p.LastAccountNotice(ctx, p.stranger(t).CustomerID, guest.ID)
	wantError(t, err, migration.ErrNotFound)
}

func TestAMailWhoseLinkWasUsedIsNotSent(t *testing.T) {
	p := newPanel(t)
	ctx := t.Context()
	guest := migration.User{CustomerID: p.customer, Role: migration.TeamMember, Email: "g@a.example"}
	check(t, p.Invite(ctx, &guest, link("token", true)))
	n := must(p.PendingAccountNotices(ctx, p.at))(t)[0]
	must(p.RedeemLink(ctx, migration.LinkInvitation, migration.NewSecret("token"), "hash", true))(t)
	_, err := p.AccountLetter(ctx, n)
	wantError(t, err, migration.ErrNotFound)
	if got := must(p.PendingAccountNotices(ctx, p.at))(t); len(got) != 0 {
		t.Errorf("pending %+v", got)
	}
}

func TestWhoAsksForANewPasswordGetsOneMailAtATime(t *testing.T) {
	p := newPanel(t)
	ctx := t.Context()
	blocked := p.newUser(t, migration.User{Role: migration.TeamMember, Email: "b@a.example"})
	blocked.BlockedAt = p.at
	check(t, p.SaveUser(ctx, p.customer, blocked))
	for _, email := range []string{p.user.Email, strings.ToUpper(p.user.Email), "nobody@a.example", "b@a.example"} {
		check(t, p.AskReset(ctx, email, link("token of "+email, true), network))
	}
	mails := must(p.PendingAccountNotices(ctx, p.at))(t)
	if len(mails) != 1 || mails[0].Kind != migration.AccountReset || mails[0].UserID != p.user.ID {
		t.Fatalf("mails %+v", mails)
	}
	p.signedIn(t, session(1, p.user.ID))
	must(p.RedeemLink(ctx, migration.LinkReset, migration.NewSecret("token of "+p.user.Email), "new", true))(t)
	wantSessions(t, p.Store, map[[32]byte]bool{session(1, p.user.ID).TokenHash: false})
	mails = must(p.PendingAccountNotices(ctx, p.at))(t)
	if len(mails) != 1 || mails[0].Kind != migration.AccountPassword {
		t.Errorf("mails %+v", mails)
	}
	p.pass(resetPause)
	check(t, p.AskReset(ctx, p.user.Email, link("later", true), network))
	must(p.UserByLink(ctx, migration.LinkReset, migration.NewSecret("later")))(t)
}

func TestABlockedUserIsOutAtOnce(t *testing.T) {
	p := newPanel(t)
	ctx := t.Context()
	user := p.newUser(t, migration.User{Role: migration.TeamMember, Email: "b@a.example"})
	p.signedIn(t, session(1, user.ID))
	p.signedIn(t, session(2, p.user.ID))
	must(p.RenewLink(ctx, p.customer, user.ID, link("token", true)))(t)
	user.BlockedAt = p.at
	wantError(t, p.SaveUser(ctx, p.stranger(t).CustomerID, user), migration.ErrNotFound)
	check(t, p.SaveUser(ctx, p.customer, user))
	wantSessions(t, p.Store, map[[32]byte]bool{session(1, 0).TokenHash: false, session(2, 0).TokenHash: true})
	_, err := p.UserByLink(ctx, migration.LinkReset, migration.NewSecret("token"))
	wantError(t, err, migration.ErrNotFound)
	_, err = p.RenewLink(ctx, p.customer, user.ID, link("new", true))
	wantError(t, err, migration.ErrConflict)
	if got := must(p.User(ctx, user.ID))(t); got.State() != migration.UserBlocked {
		t.Errorf("%+v", got)
	}
	user = must(p.User(ctx, user.ID))(t)
	user.BlockedAt = time.Time{}
	check(t, p.SaveUser(ctx, p.customer, user))
	if got := must(p.User(ctx, user.ID))(t); got.State() != migration.UserActive {
		t.Errorf("%+v", got)
	}
}

func TestTheLastAdminStays(t *testing.T) {
	p := newPanel(t)
	ctx := t.Context()
	wantError(t, p.DeleteUser(ctx, p.customer, p.user.ID), migration.ErrLastOperator)
	admin := p.stranger(t)
	wantError(t, p.DeleteUser(ctx, admin.CustomerID, admin.ID), migration.ErrLastAdmin)
	admin.Role = migration.Manager
	wantError(t, p.SaveUser(ctx, AnyCustomer, admin), migration.ErrLastAdmin)
	if got := must(p.User(ctx, admin.ID))(t); got.Role != migration.Admin {
		t.Errorf("%+v", got)
	}
	p.newUser(t, migration.User{CustomerID: admin.CustomerID, Role: migration.Admin, Email: "second@c.example"})
	check(t, p.SaveUser(ctx, AnyCustomer, admin))
}

func TestWhoIsDeletedLeavesHisNameToHisMigrations(t *testing.T) {
	p := newPanel(t)
	ctx := t.Context()
	user := p.newUser(t, migration.User{Role: migration.TeamMember, Name: "Marco Ferri", Email: "marco@a.example", DomainIDs: []int64{p.domains[0].ID}})
	quiet := p.newUser(t, migration.User{Role: migration.TeamMember, Name: "Quiet", Email: "quiet@a.example"})
	m := p.running(t, "x")
	p.insert(t, `UPDATE migration SET user_id = $1 WHERE id = $2 RETURNING id`, user.ID, m.ID)
	m = p.finish(t, p.reread(t, m), 1, passDone(1))
	p.signedIn(t, session(1, user.ID))

	check(t, p.DeleteUser(ctx, p.customer, user.ID))
	check(t, p.DeleteUser(ctx, p.customer, quiet.ID))
	wantSessions(t, p.Store, map[[32]byte]bool{session(1, 0).TokenHash: false})
	if got := p.reread(t, m); got.UserName != "Marco Ferri" {
		t.Errorf("the migration is %q's", got.UserName)
	}
	for _, id := range []int64{user.ID, quiet.ID} {
		_, err := p.User(ctx, id)
		wantError(t, err, migration.ErrNotFound)
	}
	if users := must(p.Users(ctx, p.customer))(t); len(users) != 1 {
		t.Errorf("users %+v", users)
	}
	if p.holds(t, "quiet@a.example") && count(t, p.Store, "users") != 2 {
		t.Errorf("%d rows of users, want the operator's and Marco's", count(t, p.Store, "users"))
	}
	// What was to be sent to him goes to an admin, and so does what comes.
	notices := must(p.PendingNotices(ctx, p.at))(t)
	if len(notices) != 1 || notices[0].UserID != p.user.ID {
		t.Errorf("notices %+v", notices)
	}
	check(t, p.BeginPass(ctx, p.customer, &m.Passes[1]))
	p.finish(t, m, 2, passDone(2))
	if notices := must(p.PendingNotices(ctx, p.at))(t); len(notices) != 2 || notices[1].UserID != p.user.ID {
		t.Errorf("notices %+v", notices)
	}
	// The address is free for somebody else.
	p.newUser(t, migration.User{Role: migration.TeamMember, Email: "MARCO@a.example"})
}

// A manager who asked for a migration, and lost a domain of it, is told no more of
// it: neither what waits to be sent, nor what comes.
func TestAManagerIsToldOfHisDomainsAlone(t *testing.T) {
	p := newPanel(t)
	ctx := t.Context()
	manager := p.newUser(t, migration.User{Role: migration.Manager, Email: "m@a.example", DomainIDs: []int64{p.domains[0].ID, p.domains[1].ID}})
	m := p.running(t, "x")
	p.insert(t, `UPDATE migration SET user_id = $1 WHERE id = $2 RETURNING id`, manager.ID, m.ID)
	m = p.finish(t, p.reread(t, m), 1, passDone(1))
	if notices := must(p.PendingNotices(ctx, p.at))(t); len(notices) != 1 || notices[0].UserID != manager.ID {
		t.Fatalf("notices %+v", notices)
	}
	manager.DomainIDs = []int64{p.domains[1].ID}
	if m.DomainIDs[0] == p.domains[1].ID {
		manager.DomainIDs = []int64{p.domains[0].ID}
	}
	check(t, p.SaveUser(ctx, p.customer, manager))
	check(t, p.BeginPass(ctx, p.customer, &m.Passes[1]))
	p.finish(t, m, 2, passDone(2))
	for _, n := range must(p.PendingNotices(ctx, p.at))(t) {
		if n.UserID != p.user.ID {
			t.Errorf("pass %d is told to user %d", n.Pass, n.UserID)
		}
	}
}

func TestADomainBelongsToOneCustomerAndStaysWhileItIsUsed(t *testing.T) {
	p := newPanel(t)
	ctx := t.Context()
	other := p.stranger(t)
	server := p.domains[0].DestinationID
	d := migration.Domain{CustomerID: p.customer, DestinationID: server, Name: "new.example"}
	check(t, p.CreateDomain(ctx, &d))
	taken := migration.Domain{CustomerID: other.CustomerID, DestinationID: server, Name: "new.example"}
	wantError(t, p.CreateDomain(ctx, &taken), migration.ErrConflict)
	wantError(t, p.CreateDomain(ctx, &migration.Domain{CustomerID: p.customer, DestinationID: 99, Name: "x.example"}), migration.ErrNotFound)
	manager := p.newUser(t, migration.User{Role: migration.Manager, Email: "m@a.example", DomainIDs: []int64{d.ID, p.domains[0].ID}})

	second := masterDestination()
	check(t, p.SaveDestination(ctx, &second))
	used := p.domains[0]
	m := p.running(t, "x")
	if row := must(p.Domain(ctx, p.customer, used.ID))(t); row.Managers != 1 || row.Migrations != 1 || row.Open != 1 || row.Server != "New" {
		t.Errorf("row %+v", row)
	}
	used.DestinationID = second.ID
	wantError(t, p.MoveDomain(ctx, p.customer, used), migration.ErrConflict)
	wantError(t, p.MoveDomain(ctx, other.CustomerID, used), migration.ErrNotFound)
	wantError(t, p.DeleteDomain(ctx, p.customer, used.ID), migration.ErrConflict)
	m = p.finish(t, m, 1)
	check(t, p.BeginPass(ctx, p.customer, &m.Passes[1]))
	p.finish(t, m, 2)
	check(t, p.MoveDomain(ctx, p.customer, used))
	wantError(t, p.DeleteDomain(ctx, p.customer, used.ID), migration.ErrConflict)

	wantError(t, p.DeleteDomain(ctx, other.CustomerID, d.ID), migration.ErrNotFound)
	check(t, p.DeleteDomain(ctx, p.customer, d.ID))
	if got := must(p.User(ctx, manager.ID))(t); !slices.Equal(got.DomainIDs, []int64{used.ID}) {
		t.Errorf("the manager has %v", got.DomainIDs)
	}
	_, err := p.Domain(ctx, other.CustomerID, used.ID)
	wantError(t, err, migration.ErrNotFound)
	if rows := must(p.DomainRows(ctx, other.CustomerID))(t); len(rows) != 1 || rows[0].Name != "c.example" {
		t.Errorf("rows of the other: %+v", rows)
	}
}

func TestACustomerComesWithHisFirstAdmin(t *testing.T) {
	p := newPanel(t)
	ctx := t.Context()
	c := migration.Customer{Name: "Bianchi"}
	admin := migration.User{Name: "Bice", Email: "bice@bianchi.example"}
	taken := migration.User{Name: "X", Email: p.user.Email}
	wantError(t, p.CreateCustomer(ctx, &c, &taken, link("a", true)), ErrEmailTaken)
	check(t, p.CreateCustomer(ctx, &c, &admin, link("b", true)))
	wantError(t, p.CreateCustomer(ctx, &migration.Customer{Name: "BIANCHI"}, &migration.User{Email: "z@z.example"}, link("c", true)), ErrNameTaken)
	rows := must(p.CustomerRows(ctx))(t)
	if len(rows) != 2 || rows[0].Name != "Bianchi" || rows[0].Users != 1 || rows[1].Domains != 2 {
		t.Errorf("rows %+v", rows)
	}
	if got := must(p.User(ctx, admin.ID))(t); got.CustomerID != c.ID || got.Role != migration.Admin || got.Operator {
		t.Errorf("%+v", got)
	}
	wantError(t, p.RenameCustomer(ctx, migration.Customer{ID: c.ID, Name: "First"}), ErrNameTaken)
	check(t, p.RenameCustomer(ctx, migration.Customer{ID: c.ID, Name: "bianchi"}))
	wantError(t, p.RenameCustomer(ctx, migration.Customer{ID: 99, Name: "z"}), migration.ErrNotFound)
	if got := must(p.Customer(ctx, c.ID))(t); got.Name != "bianchi" {
		t.Errorf("%+v", got)
	}
}

func TestSessionsAreListedAndEndedOneByOne(t *testing.T) {
	p := newPanel(t)
	ctx := t.Context()
	other := p.stranger(t)
	for _, one := range []Session{session(3, p.user.ID), session(1, p.user.ID), session(2, other.ID)} {
		p.signedIn(t, one)
	}
	mine := must(p.Sessions(ctx, p.user.ID))(t)
	if len(mine) != 2 || mine[0].TokenHash != session(1, 0).TokenHash || mine[1].Address != "192.0.2.1" {
		t.Errorf("sessions %+v", mine)
	}
	if seen := must(p.User(ctx, p.user.ID))(t).SeenAt; !seen.Equal(session(1, 0).SeenAt) {
		t.Errorf("seen %v", seen)
	}
	check(t, p.DeleteOtherSessions(ctx, p.user.ID, session(1, 0).TokenHash))
	wantSessions(t, p.Store, map[[32]byte]bool{session(1, 0).TokenHash: true, session(2, 0).TokenHash: true, session(3, 0).TokenHash: false})
}
