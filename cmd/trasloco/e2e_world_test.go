package main_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	program "trasloco/cmd/trasloco"
	"trasloco/imapsync/imaptest/audit"
	"trasloco/imapsync/imaptest/mailgen"
	"trasloco/imapsync/imaptest/realserver"
	"trasloco/static/browsertest"
)

// The people of the shared panel.
const (
	teamEmail    = "tea@nuovo.example"
	managerEmail = "mario@nuovo.example" // of newDomain alone
	otherDomain  = "altro.example"
	shortPass    = 52_428_800 // octets of the largest message that is copied (S15)
)

// shared is what the tests of the statements have in common: two Dovecots, a mail
// sink, a panel with its people, and one migration with both passes behind it.
type shared struct {
	src, dst *realserver.Server
	sources  []string // more addresses of src, see scene.apart
	sink     *sink
	panel    *served
	// The admin (who is the operator), a team member, a manager; each signed in.
	admin, team, manager *browsertest.Plain
	code                 string // of the migration that is finished
	before               map[string]audit.Snapshot
}

// world is made by the first test that needs it.
var world = sync.OnceValues(func() (*shared, error) {
	b := &builder{}
	program.AtEnd(b.end)
	w := &shared{before: map[string]audit.Snapshot{}}
	err := b.try(func() { w.build(b) })
	return w, err
})

// oddLogin has a password that must not be trimmed and holds what CSV has a
// meaning for (S4).
const (
	oddLogin    = "dario"
	oddSecret   = ` pa;ss"wörd `
	fixedDomain = "@" + newDomain
)

func (w *shared) build(b *builder) {
	options := realserver.Options{TLSAddresses: local(), Accounts: map[string]string{oddLogin: oddSecret}}
	w.dst, w.sink = realserver.Dovecot(b, options), newSink(b)
	for i := range 16 {
		address := net.IPv4(127, 0, 1, byte(i+1))
		options.AlsoAt = append(options.AlsoAt, address.String())
		options.TLSAddresses = append(options.TLSAddresses, address)
	}
	w.src, w.sources = realserver.Dovecot(b, options), options.AlsoAt
	for i, user := range []string{"anna", "bruno"} {
		load(b, w.src, user, mailgen.New(uint64(i+41), mailgen.Options{Messages: 40, MaxSize: 30_000}))
	}
	loadElena(b, w.src)
	w.panel = newPanel(b, append(w.sink.flags(), "--ca", certificates(b, w.src, w.dst),
		"--max-at-once", "60", "--support-name", "Help desk", "--support-email", "help@nuovo.example", "--support-url", "https://help.nuovo.example/")...)
	w.admin = browsertest.NewPlain(b, w.panel.url)
	w.people(b)
	for _, user := range []string{"anna", "bruno", "elena"} {
		w.before[user] = snapshot(b, w.src, user)
	}
	w.code = w.plan(b, w.admin, []string{w.row("anna"), w.row("bruno"), w.row("elena")})
	w.letters(b, w.code, 1)
	load(b, w.src, "anna", mailgen.New(41, mailgen.Options{First: 40, Messages: 4, MaxSize: 20_000, Take: isWanted}))
	w.before["anna"] = snapshot(b, w.src, "anna")
	w.admin.Send(w.admin.Form(w.admin.Get("/migrations/"+w.code), "/start"))
	w.letters(b, w.code, 2)
}

// loadElena fills a mailbox with what is left out, and what just is not (S15).
func loadElena(t testing.TB, s *realserver.Server) {
	t.Helper()
	client, err := s.Connect("elena")
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close() //nolint:errcheck // it has said all
	for folder, messages := range elenasFolders() {
		if folder != "INBOX" {
			if err := client.Create([]string{folder}); err != nil {
				t.Fatal(err)
			}
		}
		for i := range messages {
			if _, err := client.Append([]string{folder}, letterOf(fmt.Sprintf("%s %d", folder, i+1), 600)); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, size := range []int{shortPass, shortPass + 1} {
		if _, err := client.Append([]string{"INBOX"}, letterOf(fmt.Sprintf("Size %d", size), size)); err != nil {
			t.Fatal(err)
		}
	}
}

// elenasFolders names the folders of elena with the number of messages in each,
// the two large ones in INBOX apart. The first five are those of the
// specification, Junk and Eimer have the attributes, the next looks alike.
func elenasFolders() map[string]int {
	return map[string]int{
		"Trash": 1, "Cestino": 2, "Spam": 3, "Posta indesiderata": 4, "Junk Email": 5, "Junk": 6, "Eimer": 7,
		"Posta eliminata": 2, "INBOX": 3, "Vuota": 0,
	}
}

// letterOf is a message of exactly that many octets.
func letterOf(subject string, octets int) audit.Mail {
	head := "From: mittente@vecchio.example\r\nSubject: " + subject + "\r\nMessage-ID: <" + strings.ReplaceAll(subject, " ", ".") +
		"@vecchio.example>\r\nDate: Mon, 02 Nov 2026 10:00:00 +0100\r\n\r\n"
	line := strings.Repeat("x", 70) + "\r\n"
	body := strings.Repeat(line, (octets-len(head))/len(line))
	rest := octets - len(head) - len(body)
	if rest >= 2 {
		body += strings.Repeat("y", rest-2) + "\r\n"
	} else if rest == 1 {
		body = "z" + body
	}
	return audit.Mail{Raw: []byte(head + body), Date: time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)}
}

// people sets the panel up in Italian and adds the others, one of whom reads
// English.
func (w *shared) people(b *builder) {
	w.admin.Header.Set("Accept-Language", "it")
	page := w.admin.Get("/setup")
	w.admin.Send(w.admin.Form(page, "/setup"), "action", "save", "name", "Laura Bianchi", "email", adminEmail, "password", adminPassword,
		"customer", "Studio Nuovo", "domains", newDomain+"\n"+otherDomain, "destination_name", "Nuovo", "host", w.dst.Host, "port", fmt.Sprint(w.dst.TLSPort),
		"master", w.dst.Master, "master_password", w.dst.MasterPassword, "mx", "10 mx1.nuovo.example\n20 mx2.nuovo.example", "mailbox", "anna"+fixedDomain)
	w.panel.signal(syscall.SIGTERM)
	w.add(b, teamEmail, "--name", "Tea Team", "--role", "team_member")
	w.add(b, managerEmail, "--name", "Mario Rossi", "--role", "manager", "--domains", newDomain)
	w.panel.start()
	w.team, w.manager = w.signIn(b, teamEmail), w.signIn(b, managerEmail)
	profile := w.team.Get("/profile")
	w.team.Send(w.team.Form(profile, "/profile"), "language", "en")
}

func (w *shared) add(b *builder, email string, more ...string) {
	binary, err := built()
	if err != nil {
		b.Fatal(err)
	}
	add := exec.Command(binary, append([]string{"user", "add", email, "--data", w.panel.data}, more...)...)
	add.Stdin = strings.NewReader(adminPassword + "\n")
	if out, err := add.CombinedOutput(); err != nil {
		b.Fatalf("user add %s: %v: %s", email, err, out)
	}
}

// signIn returns a browser in which a user has signed in.
func (w *shared) signIn(t testing.TB, email string) *browsertest.Plain {
	t.Helper()
	p := browsertest.NewPlain(t, w.panel.url)
	p.Header.Set("Accept-Language", "it")
	if page := p.Send(p.Form(p.Get("/login"), "/login"), "email", email, "password", adminPassword); page.Code != 200 || strings.HasPrefix(page.Path, "/login") {
		t.Fatalf("login of %s: %d %s", email, page.Code, page.Path)
	}
	return p
}

// row is a row that moves a user of the source to the same name in newDomain.
func (w *shared) row(user string) string {
	return row(user+fixedDomain, w.src.TLSAddress(), user, w.src.PasswordOf(user))
}

// letters waits for the notice of a pass.
func (w *shared) letters(t testing.TB, code string, pass int) letter {
	t.Helper()
	var found []letter
	eventually(t, fmt.Sprintf("the notice of pass %d of %s", pass, code), func() bool {
		found = nil
		for _, l := range w.sink.all() {
			if strings.Contains(l.raw, code) && l.to != "" {
				found = append(found, l)
			}
		}
		return len(found) >= pass
	})
	return found[pass-1]
}

// plan takes rows through the wizard without scripts and returns the code of the
// migration, which starts when it is valid. fields answer questions that differ.
func (w *shared) plan(t testing.TB, p *browsertest.Plain, rows []string, fields ...string) string {
	t.Helper()
	review := draft(t, p.For(t), rows, fields...)
	page := p.For(t).Send(p.For(t).Main(review))
	if page.Code != 200 || strings.Contains(page.Path, "/edit") {
		t.Fatalf("Migra: %d %s\n%s", page.Code, page.Path, page.Body)
	}
	return strings.Split(page.Path, "/")[2]
}

// draft goes through the wizard up to its last step, which it returns. Steps
// that nothing is known of are passed with what stands in them.
func draft(t testing.TB, p *browsertest.Plain, rows []string, fields ...string) browsertest.Sheet {
	t.Helper()
	page := p.Send(p.Form(p.Get("/migrations"), "/migrations"))
	for range 12 {
		switch {
		case strings.HasSuffix(page.Path, "/edit/server"):
			page = p.Send(p.Main(page), append([]string{"server", "standard"}, fields...)...)
		case strings.HasSuffix(page.Path, "/edit/file") && !strings.Contains(page.Body, `id="row-1"`):
			page = p.Send(p.Main(page), append([]string{"rows", strings.Join(rows, "\r\n")}, fields...)...)
			if page.Code == 200 {
				page = checked(t, p, page)
			}
		case strings.HasSuffix(page.Path, "/edit/first"):
			page = p.Send(p.Main(page), append([]string{"first", "asap"}, fields...)...)
		case strings.HasSuffix(page.Path, "/edit/second"):
			page = p.Send(p.Main(page), append([]string{"second", "gap"}, fields...)...)
		case strings.HasSuffix(page.Path, "/edit/review"):
			return page
		default:
			page = p.Send(p.Main(page), fields...)
		}
		if page.Code != 200 {
			t.Fatalf("%s: %d\n%s", page.Path, page.Code, page.Body)
		}
	}
	t.Fatalf("the wizard does not end: %s", page.Path)
	return page
}

// checked reloads the rows of a draft until none waits for its check.
func checked(t testing.TB, p *browsertest.Plain, page browsertest.Sheet) browsertest.Sheet {
	t.Helper()
	eventually(t, "all rows are checked", func() bool {
		page = p.Get(page.Path)
		return !strings.Contains(page.Body, "<noscript><a ") && !strings.Contains(page.Body, "t-st--run")
	})
	return page
}

// scene is the shared world with a tab of a test's own.
type scene struct {
	*shared
	t   *testing.T
	tab *browsertest.Tab
}

// stage opens a tab in which a user of the shared panel is signed in.
func stage(t *testing.T, who string) *scene {
	t.Helper()
	t.Parallel()
	w, err := world()
	if err != nil {
		t.Fatal(err)
	}
	s := &scene{shared: w, t: t, tab: browsertest.Open(t)}
	s.tab.Language("it")
	s.tab.Expect("status of 422") // browsers write every refused form to the console
	// In a session of its own: what is said after a form goes to the session's next
	// page, and that may be another test's.
	s.tab.SignIn(w.panel.url, w.signIn(t, who).Cookies())
	return s
}

var apart atomic.Int32 // scenes with an address of their own

// apart gives the scene an address of the source of its own: wrong passwords pause an
// address for all (C-2), and are not to stop another test. Its mailboxes are others to
// the panel there, so it copies none.
func (s *scene) apart() {
	own := *s.shared
	own.src = s.src.At(s.sources[int(apart.Add(1))%len(s.sources)])
	s.shared = &own
}

// Who may be on stage.
const (
	theAdmin   = adminEmail
	theTeam    = teamEmail
	theManager = managerEmail
)

func (s *scene) open(path string) { s.t.Helper(); s.tab.Go(s.panel.url + path) }

// text is all that the page says, hidden words too, with single blanks.
func (s *scene) text() string {
	s.t.Helper()
	return browsertest.Ask[string](s.tab, `document.querySelector("main").textContent.replace(/\s+/g, " ")`)
}

// says fails the test for every text that the page lacks, in letters of any size:
// a sentence may follow a colon.
func (s *scene) says(texts ...string) {
	s.t.Helper()
	page := s.text()
	for _, text := range texts {
		if !strings.Contains(strings.ToLower(page), strings.ToLower(text)) {
			s.t.Errorf("%s lacks %q:\n%s", s.tab.Location(), text, page)
		}
	}
}

// await waits until the page says a text.
func (s *scene) await(text string) {
	s.t.Helper()
	s.tab.Wait(fmt.Sprintf(`document.querySelector("main")?.textContent.replace(/\s+/g, " ").toLowerCase().includes(%q)`, strings.ToLower(text)))
}

// at waits for a page by the end of its address.
func (s *scene) at(ending string) {
	s.t.Helper()
	s.tab.Wait(fmt.Sprintf("location.pathname.endsWith(%q) && document.readyState === 'complete'", ending))
}

// next presses the page's main button and waits for the page it leads to.
func (s *scene) next() {
	s.t.Helper()
	browsertest.Ask[bool](s.tab, "window.left = true")
	s.tab.Click("main form .btn-primary, main .btn-primary[form]")
	s.tab.Wait("!window.left && document.readyState === 'complete'")
}

// atFile begins a migration in the browser and goes to the step of the file.
func (s *scene) atFile(server string) {
	s.t.Helper()
	s.open("/migrations")
	s.tab.ClickNamed("Migrazione")
	s.at("/edit/server")
	s.tab.Click(fmt.Sprintf(`input[name=server][value=%q]`, server))
	s.next()
	s.at("/edit/file")
}

// paste hands rows in and waits for the page of the rows.
func (s *scene) paste(rows ...string) {
	s.t.Helper()
	s.tab.Fill("#rows", strings.Join(rows, "\n"))
	s.next()
}

// builder is a test that outlives the tests: its end comes after all of them,
// and what it finds wrong is the error of try.
type builder struct {
	testing.TB // never called: what is needed is below

	mu   sync.Mutex
	ends []func()
}

type builderFault struct{ error }

// try runs what may end with Fatal.
func (b *builder) try(do func()) (err error) {
	defer func() {
		switch fault := recover().(type) {
		case nil:
		case builderFault:
			err = fault.error
		default:
			panic(fault)
		}
	}()
	do()
	return nil
}

func (b *builder) Helper()           {}
func (b *builder) Fatal(args ...any) { panic(builderFault{errors.New(fmt.Sprint(args...))}) }

func (b *builder) Fatalf(form string, args ...any) { panic(builderFault{fmt.Errorf(form, args...)}) }
func (b *builder) Skip(args ...any)                { b.Fatal(args...) }
func (b *builder) Failed() bool                    { return false }
func (b *builder) Logf(string, ...any)             {}
func (b *builder) Context() context.Context        { return context.Background() }

// Errors come from what ends, when nobody listens any more.
func (b *builder) Error(args ...any) { fmt.Fprintln(os.Stderr, args...) }

func (b *builder) Errorf(form string, args ...any) { fmt.Fprintf(os.Stderr, form+"\n", args...) }

func (b *builder) Cleanup(end func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ends = append(b.ends, end)
}

func (b *builder) TempDir() string {
	folder, err := os.MkdirTemp("", "trasloco-world")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = os.RemoveAll(filepath.Clean(folder)) })
	return folder
}

func (b *builder) end() {
	for i := len(b.ends) - 1; i >= 0; i-- {
		b.ends[i]()
	}
}
