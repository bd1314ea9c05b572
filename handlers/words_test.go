package handlers

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/net/html"

	"trasloco/locale"
	"trasloco/migration"
	"trasloco/static/browsertest"
)

// notOurs is what may stand in a page without being a text of ours: what people
// and servers wrote, names of things, and units, which are the same everywhere.
var notOurs = regexp.MustCompile(strings.Join([]string{
	`[\w.+*-]+@[\w.-]+`, `\b[\w-]+(\.[\w-]+)*\.example(\.net)?\b(:\d+)?`, `\bexample\.net\b`, `@Münch\.example`, `\bimap old example\b`,
	`\boutlook\.office365\.com\b`, `\bimap\.gmail\.com\b`, `\bimaps\.aruba\.it\b`, `\bno domain\b`, `\bUTF-8\b`, // addresses and hosts
	`\bM-[A-Z0-9]{5}\b`, `\b[0-9a-f]{32,}\b`, // codes, fingerprints, numbers of requests
	`Laura Bianchi`, `Team Member`, `Man Ager`, `Strange R`, `Other & Sons`, `Giulia Conti`, `Studio Rossi`, `\b(CSV|JSON)\b`, `-----BEGIN CERTIFICATE-----`, `New server`, `Help desk`, `\b(LB|TM|MA|SR|GC)\b`,
	`\b(anna|bruno|carla|dario|dora|emma|elio|fabio|mover)\b`, `accounts\.csv`,
	`Tavole <finali>`, `M\. Ferri <>`, `M\. Ferri`, `=cmd\|' /C calc'!A0`, `NO \[CANNOT\] Message contains a virus`, `\* BYE Idle timeout`, `\bINBOX\b`, `Cestino`, `Spam`,
	`Größe`, `label\d+`, `old\.example`, `\b(NO|BAD|BYE|OK) (\[[^\]]*\] )?[^⟦⟧]*`,
	`\d[\d.,]*[ \x{a0}]?(kB|MB|GB|TB|B|ms|s|min|h)\b`, `\b(Europe|America)/\w+`, `\b(UTC|CET|CEST|GMT)\b([+-]\d+)?`,
	`\bTrasloco\b`, `\bItaliano\b`, `\bEnglish\b`, `LITERAL[+-]`, `\b(TLS|SSL) ?1\.\d`, `\b(IMAP4(rev[12]|REV[12])?|MULTIAPPEND|UIDPLUS|QRESYNC|CONDSTORE|SPECIAL-USE|QUOTA|COMPRESS|NAMESPACE|LIST-[A-Z]+|MOVE|APPENDLIMIT|OBJECTID|ID)\b(=\w+)?`,
}, "|"))

// spoken are the attributes that a reader sees or hears.
var spoken = []string{"title", "aria-label", "placeholder", "alt", "data-th", "data-copied", "data-hold", "label", "aria-description"}

// unspoken returns the letters of a page that are neither a text of ours nor
// data, with what is around them.
func unspoken(root *html.Node) (found []string) {
	depth := 0
	var walk func(node *html.Node)
	walk = func(node *html.Node) {
		if node.Type == html.TextNode {
			found = append(found, outside(node.Data, &depth)...)
		}
		if node.Type == html.ElementNode && (node.Data == "script" || node.Data == "style" || browsertest.Attr(node, "translate") == "no") {
			return
		}
		for _, name := range spoken {
			inner := 0
			found = append(found, outside(browsertest.Attr(node, name), &inner)...)
		}
		for child := range node.ChildNodes() {
			walk(child)
		}
	}
	walk(root)
	return found
}

// outside returns the text that lies in no brackets, if there are letters in it.
// A text may be cut into several nodes: depth goes on from one to the next.
func outside(text string, depth *int) (found []string) {
	left := notOurs.ReplaceAllString(locale.OutsideBrackets(text, depth), "")
	if strings.ContainsFunc(left, unicode.IsLetter) {
		found = append(found, strings.Join(strings.Fields(left), " "))
	}
	return found
}

// Whatever stands in a page is a text in the viewer's language, or data: with all
// texts in brackets no letter is left outside of them.
func TestNoTextStandsInCodeOrTemplates(t *testing.T) {
	g := newGallery(t)
	sites := map[bool]string{}
	for empty, p := range map[bool]*panel{false: g.panel, true: g.first} {
		sites[empty] = bracketed(t, p, locale.Bracketed).URL
	}
	for _, s := range g.states {
		t.Run(s.name, func(t *testing.T) {
			p := browsertest.NewPlain(t, sites[s.empty])
			if user := s.who(g.panel); user != nil {
				p.SetCookies(g.as(*user).cookies()...)
			}
			page := s.show(t, p)
			if !strings.Contains(page.Body, "⟦") {
				t.Error("no text is in brackets: the test looks past them")
			}
			for _, text := range unspoken(page.Root) {
				t.Errorf("%s: no text of a language: %q", s.path, text)
			}
		})
	}
}

// What is taken home is in the reader's language too: the report, a log as a text,
// and whatever of a table is a sentence. The heads of tables are names of columns,
// the same as in the JSON.
func TestNoTextOfAFileStandsInCode(t *testing.T) {
	p := newPanel(t)
	p.site = bracketed(t, p, locale.Bracketed)
	m := p.running("anna")
	run := p.ran(m, migration.RunDone, migration.Tally{Listed: 15, Copied: 7, Skipped: 6, Failed: 2, Bytes: 4096}, someLeft()...)
	check(t, p.Store.AppendEntries(t.Context(), p.customer, run.ID, []migration.Entry{{
		At: testNow, Level: migration.Failure, Code: migration.EntryTranscript, Args: migration.Args{"side": "source", "dialogue": "C: T7\n"},
	}}))
	m = p.finishPass(p.reread(m))
	w := p.inWizard(p.member)
	w.post("server", "server", "standard")
	w.upload(goodFile + "carla@nowhere.example;192.0.2.25;carla;SECRET-carla\n")
	w.checked(map[string]migration.Check{"bruno": refused("source", "login")})

	b, log := p.as(p.member), path("migrations", m.Code, "resources", 1, "log", 1)
	report := browsertest.NewPlain(t, p.site.URL)
	report.SetCookies(b.cookies()...)
	for _, text := range unspoken(report.Get(path("migrations", m.Code, "report")).Root) {
		t.Errorf("report: no text of a language: %q", text)
	}
	instant := regexp.MustCompile(`\d{4}-\d\d-\d\dT[\d:]+Z|C: T7`)
	texts := map[string]string{"text": b.get(log + ".txt").body, "dialogue": b.get(log + ".source.dialogue.txt").body}
	for _, file := range [][2]string{{log + ".csv", "why"}, {log + ".csv", "remedy"}, {log + ".entries.csv", "text"}, {w.path("rows.csv?rows=bad"), "comment"}} {
		rows := table(t, b.get(file[0]).want(t, http.StatusOK))
		texts[file[0]+" "+file[1]] = strings.Join(cellsOf(rows, file[1]), "\n")
	}
	for name, text := range texts {
		depth := 0
		if !strings.Contains(text, "⟦") {
			t.Errorf("%s: no text is in brackets: %q", name, text)
		}
		for _, found := range outside(instant.ReplaceAllString(text, ""), &depth) {
			t.Errorf("%s: no text of a language: %q", name, found)
		}
	}
}
