package notify

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"trasloco/migration"
)

func accountLetter(kind migration.AccountNoticeKind, token string) migration.AccountLetter {
	return migration.AccountLetter{
		Notice: migration.AccountNotice{ID: 7, Kind: kind, CreatedAt: noon},
		To:     migration.User{ID: 3, Name: "Marco Ferri", Email: "marco@officinemartelli.it", Language: "it", TimeZone: "Europe/Rome"},
		Token:  migration.NewSecret(token), Until: noon.Add(7 * 24 * time.Hour),
	}
}

// accountKinds are all mails about accounts, and whether they have a link.
var accountKinds = map[migration.AccountNoticeKind]bool{
	migration.AccountInvitation: true, migration.AccountReset: true, migration.AccountPassword: false,
	migration.AccountFactorOn: false, migration.AccountFactorOff: false,
}

func TestAnInvitationHasItsLinkInBothForms(t *testing.T) {
	server := startSink(t, nil, false)
	m := mailer(t, options(server, migration.TLSNone, nil))
	if err := m.SendAccount(context.Background(), accountLetter(migration.AccountInvitation, "abc-123")); err != nil {
		t.Fatal(err)
	}
	mail := strings.ReplaceAll(server.last(t), "=\r\n", "")
	if n := strings.Count(mail, "https://panel.example.net/invitation/abc-123"); n != 2 {
		t.Errorf("the link stands %d times in it:\n%s", n, mail)
	}
	for _, want := range []string{"Message-ID: <account-7@panel.example.net>", "marco@officinemartelli.it", "Content-Language: it"} {
		if !strings.Contains(mail, want) {
			t.Errorf("the mail lacks %q:\n%s", want, mail)
		}
	}
}

func TestEveryMailAboutAnAccountHasItsWords(t *testing.T) {
	m := mailer(t, Options{Host: "127.0.0.1", From: "panel@example.net", PublicURL: "https://panel.example.net/", Now: func() time.Time { return noon }})
	for kind, withLink := range accountKinds {
		for _, lang := range []string{"it", "en"} {
			l := accountLetter(kind, "")
			l.To.Language = lang
			if withLink {
				l.Token = migration.NewSecret("abc")
			}
			ctx := m.reader(t.Context(), l.To)
			said, err := m.accountWords(ctx, l)
			if err != nil {
				t.Fatal(err)
			}
			text := said.Subject + "\n" + said.text()
			if strings.Contains(text, "mail.account") || !strings.Contains(text, l.To.Email) {
				t.Errorf("%s in %s:\n%s", kind, lang, text)
			}
			if address := "https://panel.example.net/" + string(kind) + "/abc"; withLink != strings.Contains(text, address) {
				t.Errorf("%s in %s, the link %s:\n%s", kind, lang, address, text)
			}
		}
	}
}

func TestWithoutAPublicAddressThereIsNoLinkToSend(t *testing.T) {
	m := mailer(t, Options{Host: "127.0.0.1", From: "panel@example.net", Now: func() time.Time { return noon }})
	err := m.SendAccount(t.Context(), accountLetter(migration.AccountReset, "abc"))
	if !errors.Is(err, errNoPublicURL) || strings.Contains(err.Error(), "abc") {
		t.Errorf("error %v", err)
	}
}

// A mail about a migration whose user is gone says why it comes to another.
func TestAMailToAnotherSaysWhoAsked(t *testing.T) {
	m := mailer(t, Options{Host: "127.0.0.1", From: "panel@example.net", Now: func() time.Time { return noon }})
	l := firstLetter("en")
	l.Migration.UserID, l.Migration.UserName = 9, "Giulia Conti"
	if foot := m.words(m.reader(t.Context(), l.To), l).Foot[0]; !strings.Contains(foot, "requested by Giulia Conti") {
		t.Errorf("foot %q", foot)
	}
}
