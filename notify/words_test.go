package notify

import (
	"bytes"
	"context"
	"flag"
	"html"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	gomail "github.com/wneessen/go-mail"

	"trasloco/locale"
	"trasloco/migration"
)

var update = flag.Bool("update", false, "write the golden files anew")

// noon is now in these tests: ten minutes to noon in Rome.
var noon = time.Date(2026, 11, 23, 10, 50, 0, 0, time.UTC)

// letter is one of a migration whose pass 1 has ended.
func letter(language string) migration.Letter {
	second := noon.Add(4*time.Hour + 10*time.Minute)
	return migration.Letter{
		Notice: migration.Notice{ID: 17, Kind: migration.NoticePassDone, Pass: 1},
		To: migration.User{
			ID: 3, Name: "Laura Bianchi", Email: "laura@officinemartelli.it", Language: language, TimeZone: "Europe/Rome",
		},
		Resources: 112,
		Migration: migration.Migration{
			Code: "M-9T2HC", Validity: migration.Valid, UserID: 3, UserName: "Laura Bianchi",
			Domains: []string{"martelli-ricambi.it", "martellirettifiche.it", "officinemartelli.it"},
			Passes: []migration.Pass{
				{Number: 1, Status: migration.PassDone, PlannedAt: second.Add(-8 * time.Hour), Runs: runs(112, 98114, 0, 325, 2)},
				{Number: 2, Status: migration.PassPlanned, PlannedAt: second},
			},
		},
	}
}

// runs sums up a pass whose runs are all done.
func runs(count, copied, present, skipped, failed int) migration.RunSummary {
	return migration.RunSummary{Runs: count, Tally: migration.Tally{
		Listed: copied + present + skipped + failed, Copied: copied, Present: present, Skipped: skipped, Failed: failed,
	}}
}

func firstLetter(language string) migration.Letter {
	l := letter(language)
	l.Records = []string{"10 mx01.posta.example.net", "20 mx02.posta.example.net"}
	l.Exceptions = []migration.ReasonCount{
		{Kind: migration.Skipped, Reason: migration.ReasonFolder, Count: 310},
		{Kind: migration.Skipped, Reason: migration.ReasonOversize, Count: 15},
		{Kind: migration.Failed, Reason: migration.ReasonRefused, Count: 2},
	}
	return l
}

// failedLetter: pass 1 ended, but not well.
func failedLetter(language string) migration.Letter {
	l := firstLetter(language)
	l.Failed, l.Parked = []string{"info@officinemartelli.it", "bea@officinemartelli.it"}, []string{"anna@officinemartelli.it"}
	l.Migration.Passes[0].Runs.Tally.Listed += 40
	l.Migration.Domains = []string{"officinemartelli.it"}
	l.Records = nil
	return l
}

// lastLetter: pass 2 has ended.
func lastLetter(language string) migration.Letter {
	l := firstLetter(language)
	l.Notice.Pass = 2
	l.Migration.Passes[1].Status, l.Migration.Passes[1].Runs = migration.PassDone, runs(112, 41, 98114, 325, 0)
	l.Exceptions = l.Exceptions[:2]
	return l
}

func cleanLetter(language string) migration.Letter {
	l := lastLetter(language)
	l.Migration.Name = "Officine & figli"
	l.Migration.Passes[1].Runs, l.Exceptions = runs(112, 41, 98114, 0, 0), nil
	return l
}

func parkedLetter(language string) migration.Letter {
	l := lastLetter(language)
	l.Parked = []string{"anna@officinemartelli.it"}
	return l
}

func invalidLetter(language string) migration.Letter {
	l := letter(language)
	l.Notice.Kind, l.Notice.Pass = migration.NoticeInvalid, 0
	l.Migration.Validity = migration.Invalid
	l.Failed = []string{"anna@officinemartelli.it", "bea@martelli-ricambi.it"}
	return l
}

// changedLetter: the MX records have changed between the passes.
func changedLetter(language string) migration.Letter {
	l := letter(language)
	l.Notice.Kind, l.Notice.Pass = migration.NoticeMXChanged, 0
	for i, name := range l.Migration.Domains {
		l.Domains = append(l.Domains, domainMX(name, []string{"10 mx.old.it", "10 mx01.posta.example.net"}[min(i, 1):]...))
	}
	return l
}

// pausedLetter: a server refuses logins, some of them of others.
func pausedLetter(language string) migration.Letter {
	l := letter(language)
	l.Notice.Kind, l.Notice.Pass = migration.NoticeHostPaused, 0
	l.Pauses = []migration.PauseView{{
		HostPause: migration.HostPause{Host: "imap.old.it", Cause: migration.PauseLogins, Since: noon},
		Rows:      []migration.PausedRow{{Row: 3, Login: "anna@old.it"}, {Row: 7, Login: "bea@old.it"}}, Others: 1, Held: 40,
	}, {
		HostPause: migration.HostPause{Host: "imap.other.it", Cause: migration.PauseMaster, Since: noon}, Rows: []migration.PausedRow{{Row: 9, Login: "carla"}},
	}, {
		HostPause: migration.HostPause{Side: "destination", Host: "imap.new.it", Cause: migration.PauseLogins, Since: noon},
		Rows:      []migration.PausedRow{{Row: 11, Login: "dora@rossi.it"}, {Row: 12, Login: "elio@rossi.it"}, {Row: 13, Login: "fabio@rossi.it"}},
	}, {
		HostPause: migration.HostPause{Host: "imap.third.it", Cause: migration.PauseLogins, Since: noon}, Others: 3, Held: 2,
	}}
	return l
}

// fullLetter: mailboxes have no room.
func fullLetter(language string) migration.Letter {
	l := letter(language)
	l.Notice.Kind, l.Notice.Pass = migration.NoticeFull, 1
	l.Full = []migration.FullMailbox{{Row: 3, Login: "anna@rossi.it"}, {Row: 7, Login: "bea@rossi.it"}}
	return l
}

var letters = map[string]func(string) migration.Letter{
	"pass1": firstLetter, "pass1-failed": failedLetter, "pass2": lastLetter, "pass2-clean": cleanLetter,
	"pass2-parked": parkedLetter, "invalid": invalidLetter, "changed": changedLetter, "paused": pausedLetter,
	"full": fullLetter,
}

func testMailer(t *testing.T) *Mailer {
	t.Helper()
	return mailer(t, Options{
		Host: "mail.example.net", From: "panel@example.net", PublicURL: "https://panel.example.net",
		Support: Support{Name: "Hosting Rossi", Email: "help@example.net"}, Now: func() time.Time { return noon },
	})
}

// bodies returns the two forms and the subject of a letter, as they arrive.
func bodies(t *testing.T, m *Mailer, l migration.Letter) (subject, text, page string) {
	t.Helper()
	message, err := m.message(context.Background(), l)
	if err != nil {
		t.Fatal(err)
	}
	return arrived(t, message)
}

// arrived returns the two forms and the subject of a mail, as they arrive.
func arrived(t *testing.T, message *gomail.Msg) (subject, text, page string) {
	t.Helper()
	var sent bytes.Buffer
	if _, err := message.WriteTo(&sent); err != nil {
		t.Fatal(err)
	}
	read, err := mail.ReadMessage(&sent)
	if err != nil {
		t.Fatal(err)
	}
	if subject, err = new(mime.WordDecoder).DecodeHeader(read.Header.Get("Subject")); err != nil {
		t.Fatal(err)
	}
	kind, params, err := mime.ParseMediaType(read.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatal(kind, err)
	}
	parts := multipart.NewReader(read.Body, params["boundary"])
	// The better form comes last (RFC 2046 §5.1.4).
	return subject, part(t, parts, "text/plain"), part(t, parts, "text/html")
}

func part(t *testing.T, parts *multipart.Reader, kind string) string {
	t.Helper()
	next, err := parts.NextRawPart()
	if err != nil || !strings.HasPrefix(next.Header.Get("Content-Type"), kind) {
		t.Fatalf("want a part %s: %v %v", kind, next, err)
	}
	text, err := io.ReadAll(quotedprintable.NewReader(next))
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(text), "\r\n", "\n")
}

func TestMailsAreAsTheGoldenFilesHaveThem(t *testing.T) {
	for name, build := range letters {
		for _, lang := range locale.Languages() {
			subject, text, page := bodies(t, testMailer(t), build(string(lang)))
			file := filepath.Join("testdata", name+"."+string(lang))
			golden(t, file+".txt", "Subject: "+subject+"\n\n"+text)
			golden(t, file+".html", page)
		}
	}
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs from what is sent now:\n%s", file, got)
	}
}

var (
	tag   = regexp.MustCompile(`(?s)<(style|title)[^>]*>.*?</(style|title)>|<[^>]*>`)
	space = regexp.MustCompile(`[ \n]+`)
)

// flat returns a text in small letters without the signs that only one of the
// two forms has.
func flat(text string) string {
	text = strings.NewReplacer("\n- ", "\n", "\n-- \n", "\n").Replace(text)
	return strings.ToLower(strings.TrimSpace(space.ReplaceAllString(text, " ")))
}

// Whoever reads the plain text reads the same, in the same order.
func TestBothFormsSayTheSame(t *testing.T) {
	for name, build := range letters {
		for _, lang := range locale.Languages() {
			_, text, page := bodies(t, testMailer(t), build(string(lang)))
			link := regexp.MustCompile(`<a class="b" href="([^"]*)">([^<]*)</a>`)
			if found := link.FindAllString(page, -1); len(found) != 1 {
				t.Errorf("%s %s: %d buttons", name, lang, len(found))
			}
			page = link.ReplaceAllString(page, "$2: $1")
			page = html.UnescapeString(tag.ReplaceAllString(page, " "))
			if got, want := flat(text), strings.TrimPrefix(flat(page), "trasloco "); got != want {
				t.Errorf("%s %s: the plain text says\n%s\nthe page\n%s", name, lang, got, want)
			}
		}
	}
}

func TestEveryKeyHasAText(t *testing.T) {
	key := regexp.MustCompile(`\bmail\.[a-z_.]+|\{[a-z_]+\}`)
	for name, build := range letters {
		subject, text, _ := bodies(t, testMailer(t), build("it"))
		if found := key.FindAllString(subject+text, -1); len(found) > 0 {
			t.Errorf("%s: %v", name, found)
		}
	}
}

func TestNumbersAddUp(t *testing.T) {
	for name, build := range letters {
		l := build("en")
		if l.Notice.Kind != migration.NoticePassDone {
			continue
		}
		w := &writer{Mailer: testMailer(t), ctx: context.Background(), letter: l}
		c := w.counts()
		if listed := w.pass().Runs.Tally.Listed; c.wanted()+c.rule != listed {
			t.Errorf("%s: %+v of %d listed", name, c, listed)
		}
	}
}

func TestLaterPassesAreCalledFinishedOnlyIfNothingWasLeftOut(t *testing.T) {
	byRule := lastLetter("en")
	byRule.Migration.Passes[1].Runs, byRule.Exceptions = runs(112, 41, 98114, 310, 0), byRule.Exceptions[:1]
	failed := cleanLetter("en")
	failed.Migration.Passes[1].Runs.Failed, failed.Failed = 1, []string{"anna@x.it"}
	third := cleanLetter("en")
	third.Notice.Pass = 3
	third.Migration.Passes = append(third.Migration.Passes, migration.Pass{Number: 3, Status: migration.PassDone, Runs: runs(112, 3, 98155, 0, 0)})
	unknown := cleanLetter("en")
	unknown.Migration.Passes[1].Runs = migration.RunSummary{}
	tests := []struct {
		name           string
		letter         migration.Letter
		subject, title string
	}{
		{"clean", cleanLetter("en"), "The migration of Officine & figli has finished", "Pass 2 has finished: everything is there"},
		{"a third pass", third, "The migration of Officine & figli has finished", "Pass 3 has finished: everything is there"},
		{"with exceptions", lastLetter("en"), "has finished with exceptions", "some messages were left out"},
		{"by rule", byRule, "has finished with exceptions", "everything that is migrated is there"},
		{"a failed resource", failed, "1 resource failed: Officine & figli", "Pass 2 has finished, but 1 resource failed"},
		{"parked", parkedLetter("en"), "is not quite finished", "1 resource goes on by itself"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			said := testMailer(t).words(context.Background(), tt.letter)
			if !strings.HasSuffix(said.Subject, tt.subject) || !strings.HasSuffix(said.Title, tt.title) {
				t.Errorf("%q, %q", said.Subject, said.Title)
			}
		})
	}
	if said := testMailer(t).words(context.Background(), unknown); strings.Contains(said.Title, "everything is there") {
		t.Errorf("runs that nobody counted are %q", said.Title)
	}
}

func TestTheSecondPassIsAnnouncedAsItStands(t *testing.T) {
	tests := []struct {
		name   string
		change func(*migration.Letter)
		want   string // a part of the plain text
		later  bool   // it can be put off
	}{
		{"today", func(*migration.Letter) {}, "parte oggi alle 16:00", true},
		{"another day", func(l *migration.Letter) {
			l.Migration.Passes[0].PlannedAt = noon.Add(40 * time.Hour)
			l.Migration.Passes[1].PlannedAt = noon.Add(48 * time.Hour)
		}, "parte mercoledì 25 novembre alle 11:50", true},
		{"at the last moment", func(l *migration.Letter) {
			l.Migration.Passes[0].PlannedAt = l.Migration.Passes[1].PlannedAt.Add(-23 * time.Hour)
		}, "parte oggi alle 16:00", false},
		{"due", func(l *migration.Letter) { l.Migration.Passes[1].PlannedAt = noon }, "La seconda esecuzione parte subito", false},
		{"begun", func(l *migration.Letter) { l.Migration.Passes[1].Status = migration.PassRunning }, "La seconda esecuzione parte subito", false},
		{"cancelled", func(l *migration.Letter) { l.Migration.Passes[1].Status = migration.PassCancelled }, "un’altra esecuzione recupera", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := firstLetter("it")
			tt.change(&l)
			_, text, _ := bodies(t, testMailer(t), l)
			if !strings.Contains(space.ReplaceAllString(text, " "), tt.want) {
				t.Errorf("%q is not in\n%s", tt.want, text)
			}
			if later := strings.Contains(text, "NON FAI IN TEMPO"); later != tt.later {
				t.Errorf("it can be put off: %v in\n%s", later, text)
			}
		})
	}
}

func TestReadersGetTheirLanguageAndZone(t *testing.T) {
	rome, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		t.Fatal(err)
	}
	m := testMailer(t)
	m.Language, m.Zone = locale.Italian, rome
	tests := []struct{ language, zone, want string }{
		{"it", "Europe/Rome", "parte oggi alle 16:00"},
		{"", "", "parte oggi alle 16:00"},
		{"de-AT", "no/where", "parte oggi alle 16:00"},
		{"en-GB", "America/New_York", "starts today at 10:00"},
	}
	for _, tt := range tests {
		l := firstLetter(tt.language)
		l.To.TimeZone = tt.zone
		if _, text, _ := bodies(t, m, l); !strings.Contains(text, tt.want) {
			t.Errorf("%q %q: %q is not in\n%s", tt.language, tt.zone, tt.want, text)
		}
	}
}
