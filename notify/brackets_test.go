package notify

import (
	"html"
	"regexp"
	"strings"
	"testing"
	"unicode"

	gomail "github.com/wneessen/go-mail"

	"trasloco/locale"
	"trasloco/migration"
)

// notOurs is what may stand in a mail without being a text of ours: addresses,
// hosts, links, and the name of the program.
var notOurs = regexp.MustCompile(`https://panel\.example\.net/[\w/-]*|[\w.+-]+@[\w.-]+|\b[\w-]+(\.[\w-]+)*\.(it|net)\b|\bTrasloco\b`)

// outside returns what stands in no brackets, if there are letters in it.
func outside(text string) string {
	depth := 0
	left := notOurs.ReplaceAllString(locale.OutsideBrackets(text, &depth), "")
	if !strings.ContainsFunc(left, unicode.IsLetter) {
		return ""
	}
	return strings.Join(strings.Fields(left), " ")
}

// With all texts in brackets no letter of a mail is left outside of them: of its
// subject, of its plain text, or of its page, its title included.
func TestNoTextOfAMailStandsInCode(t *testing.T) {
	m := testMailer(t)
	mails := map[string]*gomail.Msg{}
	for name, l := range rareLetters() {
		message, err := m.message(locale.Bracketed(t.Context()), l)
		if err != nil {
			t.Fatal(err)
		}
		mails[name] = message
	}
	for kind, withLink := range accountKinds {
		l := accountLetter(kind, map[bool]string{true: "abc"}[withLink])
		ctx := m.reader(locale.Bracketed(t.Context()), l.To)
		said, err := m.accountWords(ctx, l)
		if err != nil {
			t.Fatal(err)
		}
		if mails[string(kind)], err = m.mail(ctx, l.To, "x", said); err != nil {
			t.Fatal(err)
		}
	}
	style := regexp.MustCompile(`(?s)<style.*?</style>|<[^>]*>`)
	for name, message := range mails {
		subject, text, page := arrived(t, message)
		for part, said := range map[string]string{"subject": subject, "text": text, "page": html.UnescapeString(style.ReplaceAllString(page, " "))} {
			if !strings.Contains(said, "⟦") {
				t.Errorf("%s: no text of the %s is in brackets", name, part)
			}
			if found := outside(said); found != "" {
				t.Errorf("%s: no text of a language in the %s: %q", name, part, found)
			}
		}
	}
}

// rareLetters are all letters, and those that say what the others have no
// occasion for.
func rareLetters() map[string]migration.Letter {
	all := map[string]migration.Letter{}
	for name, build := range letters {
		all[name] = build("it")
	}
	other, empty, late := firstLetter("it"), invalidLetter("it"), parkedLetter("it")
	other.Migration.UserID, other.Migration.UserName = 9, "Giulia Conti"
	other.Domains = []migration.DomainMX{
		domainMX("a.it", "10 mx.old.it"), domainMX("b.it", ""), domainMX("c.it", "10 mx.old.it", "10 mx01.posta.example.net"),
		domainMX("d.it", "10 mx.old.it", "20 mx01.posta.example.net", "10 mx.old.it"), domainMX("e.it", "10 mx01.posta.example.net"),
	}
	empty.Failed = nil
	late.Notice.Pass = 3
	late.Migration.Passes = append(late.Migration.Passes, migration.Pass{Number: 3, Status: migration.PassDone, Runs: runs(112, 3, 98155, 0, 0)})
	for range mostItems + 2 {
		late.Failed = append(late.Failed, "bea@officinemartelli.it")
	}
	all["other"], all["empty"], all["late"] = other, empty, late
	return all
}
