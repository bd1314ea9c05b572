package handlers

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"trasloco/migration"
	"trasloco/store"
)

// someFolders are what the check of a row may find.
func someFolders() migration.FolderInventory {
	return migration.FolderInventory{
		{Path: []string{"INBOX"}, Messages: 100, Bytes: 9000},
		{Path: []string{"Archivio"}, Messages: 30, Bytes: 3000},
		{Path: []string{"Archivio", "2019"}, Messages: 20, Bytes: 2000},
		{Path: []string{"Posta inviata"}, Role: `\Sent`, Messages: 50, Bytes: 5000, To: []string{"Sent"}},
		{Path: []string{"Posta eliminata"}, Messages: 7, Bytes: 700},
		{Path: []string{"Trash"}, Messages: 8, Bytes: 800, Reason: migration.ReasonFolder, Itself: true},
		{Path: []string{"Tutti"}, Messages: 200, View: true, Reason: migration.ReasonFolder, Itself: true},
	}
}

// inspected ends all checks that wait, with those folders.
func (w *wizardUser) inspected(folders migration.FolderInventory) {
	w.t.Helper()
	jobs, err := w.Store.ChecksToMake(w.t.Context(), 1000)
	check(w.t, err)
	for _, job := range jobs {
		found := migration.Check{Status: migration.CheckPassed, At: w.clock.now(), Folders: len(folders), Messages: 415, Bytes: 20500, Rate: 1 << 20}
		check(w.t, w.Store.StartCheck(w.t.Context(), job.Customer, job.Resource.ID))
		check(w.t, w.Store.FinishCheck(w.t.Context(), job.Customer, job.Resource.ID, found, folders...))
	}
}

// fieldsOf are the fields of the folders in a page, as a browser would send them:
// name and value in turn. changes replace some.
func fieldsOf(body string, changes ...string) []string {
	form := url.Values{"folder": nil}
	for part := range strings.SplitSeq(body, `name="folder" value="`) {
		if id, _, ok := strings.Cut(part, `"`); ok && len(id) == 12 {
			form.Add("folder", id)
			_, options, _ := strings.Cut(part, "<select")
			before, _, _ := strings.Cut(options, " selected")
			fate := before[strings.LastIndex(before, `value="`)+7:]
			form.Set("fate-"+id, fate[:strings.Index(fate, `"`)])
			_, input, _ := strings.Cut(options, `name="to-`+id+`"`)
			if _, value, ok := strings.Cut(input, `value="`); ok {
				form.Set("to-"+id, value[:strings.Index(value, `"`)])
			}
		}
	}
	for i := 0; i+1 < len(changes); i += 2 {
		form.Set(changes[i], changes[i+1])
	}
	var fields []string
	for name, values := range form {
		for _, value := range values {
			fields = append(fields, name, value)
		}
	}
	return fields
}

func lineID(name string) string { return migration.FolderLine{Path: strings.Split(name, "/")}.ID() }

// toFolders takes the wizard to where the folders of two rows are known.
func (p *panel) toFolders(user migration.User) *wizardUser {
	p.t.Helper()
	w := p.inWizard(user)
	w.post("server", "server", "standard").wantGoTo(p.t, w.path("file"))
	w.upload(goodFile).wantGoTo(p.t, w.path("file"))
	w.inspected(someFolders())
	return w
}

func TestFolderMapByPlainForms(t *testing.T) {
	p := newPanel(t)
	for language, user := range map[string]migration.User{"Italian": p.operator, "English": p.member} {
		t.Run(language, func(t *testing.T) {
			w := p.toFolders(user)
			w.see("file").want(t, http.StatusOK, w.path("folders"))
			page := w.see("folders").want(t, http.StatusOK, "Archivio/2019", "Posta eliminata", `value="Sent"`, `id="folder-`+lineID("INBOX"))
			w.see("folders?show=offered").want(t, http.StatusOK, "Posta eliminata")
			if got := w.see("folders?q=2019"); strings.Contains(got.body, "Posta eliminata") {
				t.Error("the search finds what it should not")
			}
			// What is sent as it stands changes nothing.
			w.post("folders", fieldsOf(page.body)...).wantGoTo(t, w.path("folders"))
			if got := w.migration().Folders; len(got) != 0 {
				t.Errorf("chosen without a choice: %+v", got)
			}
			w.post("folders?show=offered&from=review", fieldsOf(page.body,
				"to-"+lineID("Archivio"), "Prima/Qui", "fate-"+lineID("Posta eliminata"), "out", "fate-"+lineID("Trash"), "in",
			)...).wantGoTo(t, w.path("folders")+"?from=review&show=offered")
			want := migration.NewFolderChoices(
				migration.FolderChoice{Path: []string{"Archivio"}, To: []string{"Prima", "Qui"}},
				migration.FolderChoice{Path: []string{"Posta eliminata"}, Out: true}, migration.FolderChoice{Path: []string{"Trash"}},
			)
			if got := w.migration().Folders; !sameChoices(got, want) {
				t.Errorf("chosen %+v, want %+v", got, want)
			}
			page = w.see("folders").want(t, http.StatusOK, `value="Prima/Qui"`, `value="Prima/Qui/2019"`)
			w.post("first", "first", "asap")
			w.post("second", "second", "gap")
			w.see("review").want(t, http.StatusOK, "Archivio → Prima/Qui", "Posta eliminata", "folders?from=review")

			// Back to what it was: nothing is chosen any more.
			w.post("folders", fieldsOf(page.body,
				"to-"+lineID("Archivio"), "", "fate-"+lineID("Posta eliminata"), "in", "fate-"+lineID("Trash"), "out",
			)...).wantGoTo(t, w.path("folders"))
			if got := w.migration().Folders; len(got) != 0 {
				t.Errorf("still chosen: %+v", got)
			}
			w.wantClean("SECRET")
		})
	}
}

// What is left out says why, with its count, and can be taken in (F-1, F-13).
func TestWhatIsNoMailCanBeTakenIn(t *testing.T) {
	p := newPanel(t)
	w := p.inWizard(p.member)
	w.post("server", "server", "standard", "provider", "kerio").wantGoTo(t, w.path("file"))
	w.upload(goodFile).wantGoTo(t, w.path("file"))
	w.inspected(migration.FolderInventory{
		{Path: []string{"INBOX"}, Messages: 100},
		{Path: []string{"Notes"}, Messages: 4321, Reason: migration.ReasonNotMail, Itself: true},
		{Path: []string{"Public Folders"}, Messages: 8765, Reason: migration.ReasonPublic, Itself: true},
	})
	page := w.see("folders?show=out").want(t, http.StatusOK,
		"It holds appointments, contacts or notes, not mail.", "8,642", "It belongs to all users of the server, not to this mailbox.", "17,530")
	w.post("folders?show=out", fieldsOf(page.body, "fate-"+lineID("Public Folders"), "in")...).wantGoTo(t, w.path("folders")+"?show=out")
	if got := w.migration().Folders; !sameChoices(got, migration.NewFolderChoices(migration.FolderChoice{Path: []string{"Public Folders"}})) {
		t.Errorf("chosen %+v", got)
	}
}

// A folder that the rules leave out in one account and copy in another keeps that
// under another name, and can be given back to the rules.
func TestANewNameIncludesNothing(t *testing.T) {
	p := newPanel(t)
	w := p.inWizard(p.operator)
	w.post("server", "server", "standard").wantGoTo(t, w.path("file"))
	w.upload(goodFile).wantGoTo(t, w.path("file"))
	folders := someFolders()
	jobs, err := w.Store.ChecksToMake(t.Context(), 10)
	check(t, err)
	for i, job := range jobs {
		altro := migration.FoundFolder{Path: []string{"Altro"}, Messages: 5, Bytes: 50}
		if i == 0 {
			altro.Reason, altro.Itself = migration.ReasonFolder, true
		}
		check(t, w.Store.StartCheck(t.Context(), job.Customer, job.Resource.ID))
		passed := migration.Check{Status: migration.CheckPassed, At: w.clock.now()}
		check(t, w.Store.FinishCheck(t.Context(), job.Customer, job.Resource.ID, passed, append(folders, altro)...))
	}
	altro := func() migration.FolderLine {
		found, err := w.Store.Inventories(t.Context(), w.customer, w.migration().ID)
		check(t, err)
		lines := migration.MapFolders(found, w.migration().Folders)
		return lines[slices.IndexFunc(lines, func(l migration.FolderLine) bool { return migration.FolderName(l.Path) == "Altro" })]
	}
	steps := []struct{ field, value, fate, place string }{
		{"to-", "Nuovo", migration.FateMixed, "Nuovo"},
		{"fate-", "in", migration.FateIn, "Nuovo"},
		{"fate-", "mixed", migration.FateMixed, "Nuovo"},
		{"fate-", "out", migration.FateOut, "Nuovo"},
		{"to-", "Nuovissimo", migration.FateOut, "Nuovissimo"},
		{"fate-", "mixed", migration.FateMixed, "Nuovissimo"},
		{"to-", "", migration.FateMixed, "Altro"},
	}
	for _, step := range steps {
		page := w.see("folders").want(t, http.StatusOK)
		w.post("folders", fieldsOf(page.body, step.field+lineID("Altro"), step.value)...).wantGoTo(t, w.path("folders"))
		if got := altro(); got.Fate() != step.fate || got.Place() != step.place {
			t.Fatalf("after %s%q: %s → %s, want %s → %s", step.field, step.value, got.Fate(), got.Place(), step.fate, step.place)
		}
	}
	if got := w.migration().Folders; len(got) != 0 {
		t.Errorf("still chosen: %+v", got)
	}
	page := plain(w.see("folders").body)
	for _, want := range []string{"In 1 risorsa resta fuori. È un cestino o spam.", "1 cartella sembra un cestino", "Guardala"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
}

func sameChoices(a, b migration.FolderChoices) bool {
	same := len(a) == len(b)
	for _, choice := range a.List() {
		other, found := b.Of(choice.Path)
		same = same && found && other.Out == choice.Out && migration.FolderName(other.To) == migration.FolderName(choice.To)
	}
	return same
}

func TestFoldersThatCannotBe(t *testing.T) {
	p := newPanel(t)
	w := p.toFolders(p.member)
	page := w.see("folders")
	for to, want := range map[string]string{
		"Sent": "would end up in the same folder", "inbox": "Only the INBOX", "a//b": "A level of the name is empty",
		"a*b": "a character that mail servers do not take", strings.Repeat("x", 201): "too long",
	} {
		w.post("folders", fieldsOf(page.body, "to-"+lineID("Archivio"), to)...).want(t, http.StatusUnprocessableEntity, want, `value="`+to+`"`, `href="#to-`+lineID("Archivio"))
	}
	if got := w.migration().Folders; len(got) != 0 {
		t.Errorf("chosen all the same: %+v", got)
	}
	// Neither INBOX nor a view is anybody's to choose, whatever is posted.
	w.post("folders", "folder", lineID("INBOX"), "fate-"+lineID("INBOX"), "out", "folder", lineID("Tutti"), "fate-"+lineID("Tutti"), "in")
	if got := w.migration().Folders; len(got) != 0 {
		t.Errorf("chosen %+v", got)
	}
	w.wantClean("SECRET")
}

func TestFoldersAreFixedOnceAPassHasBegun(t *testing.T) {
	p := newPanel(t)
	m := p.planned("anna")
	b := p.as(p.member)
	path := "/migrations/" + m.Code + "/edit/folders"
	b.get("/migrations/"+m.Code).want(t, http.StatusOK, path)
	b.get(path).want(t, http.StatusOK)
	b.post(path, "folder", lineID("Vecchi")).wantGoTo(t, path)
	check(t, p.Store.BeginPass(t.Context(), p.customer, &m.Passes[0]))
	b.get(path).want(t, http.StatusOK, "The choices are fixed")
	b.post(path, "folder", lineID("Vecchi")).want(t, http.StatusConflict)
}

func TestFoldersOfASourceNotCheckedYet(t *testing.T) {
	p := newPanel(t)
	w := p.inWizard(p.member)
	w.see("folders").wantGoTo(t, w.path("server"))
	w.post("server", "server", "standard")
	w.see("folders").want(t, http.StatusOK) // no file: no folders
	w.upload(goodFile)
	w.see("folders").want(t, http.StatusOK, "2 resources are missing")
}

func TestOfTwoTabsTheSecondIsAsked(t *testing.T) {
	p := newPanel(t)
	w := p.toFolders(p.member)
	version := func(step string) string {
		_, value, _ := strings.Cut(w.see(step).body, `name="version" value="`)
		value, _, _ = strings.Cut(value, `"`)
		return value
	}
	for _, tt := range []struct {
		step   string
		mine   []string
		shows  string
		resend bool
		done   func(m migration.Migration) bool
	}{
		{"server", []string{"server", "gmail"}, "Gmail", true, func(m migration.Migration) bool { return m.ServerType == migration.Gmail }},
		{"first", []string{"first", "at", "date", "2026-12-01", "time", "10:00"}, "2026-12-01", true, func(m migration.Migration) bool { return !m.Plan.First.At.IsZero() }},
		{"second", []string{"second", "gap"}, "at the advised distance", true, func(m migration.Migration) bool { return m.Plan.Gap > 0 }},
		{"folders", []string{"folder", lineID("Trash"), "fate-" + lineID("Trash"), "in"}, "The draft has changed", true, func(m migration.Migration) bool { return len(m.Folders) == 1 }},
		{"review", []string{"name", "Mine"}, "Mine", false, nil},
	} {
		t.Run(tt.step, func(t *testing.T) {
			saw := version(tt.step)
			w.post("server", "server", "standard") // the other tab
			mine := append([]string{"version", saw}, tt.mine...)
			page := w.post(tt.step, mine...).want(t, http.StatusConflict, "The draft has changed meanwhile", tt.shows)
			if tt.done != nil && tt.done(w.migration()) {
				t.Error("it was saved")
			}
			if again := strings.Contains(page.body, `name="version"`); again != tt.resend {
				t.Fatalf("offers to send it again: %t, want %t", again, tt.resend)
			}
			if !tt.resend {
				return
			}
			_, value, _ := strings.Cut(page.body, `name="version" value="`)
			value, _, _ = strings.Cut(value, `"`)
			if got := w.post(tt.step, append([]string{"version", value}, tt.mine...)...); got.code != http.StatusSeeOther || !tt.done(w.migration()) {
				t.Errorf("sent again: %d to %q", got.code, got.location())
			}
		})
	}
	w.wantClean("SECRET")
}

func TestTheReviewIsHandedInAsItWasShown(t *testing.T) {
	p := newPanel(t)
	w := p.toFolders(p.member)
	w.post("first", "first", "asap")
	w.post("second", "second", "gap")
	_, version, _ := strings.Cut(w.see("review").want(t, http.StatusOK).body, `name="version" value="`)
	version, _, _ = strings.Cut(version, `"`)
	w.post("review", "version", version, "name", "Mine").wantGoTo(t, "/migrations/"+w.code)
	if m := w.migration(); m.Validity != migration.Validating || m.Name != "Mine" {
		t.Errorf("%q is %s", m.Name, m.Validity)
	}
}

// People who correct rows at the same moment all find what they wrote.
func TestRowsCorrectedAtTheSameMoment(t *testing.T) {
	const rows = 12
	p := newPanel(t)
	w := p.inWizard(p.member)
	w.post("server", "server", "standard")
	var file strings.Builder
	for i := range rows {
		fmt.Fprintf(&file, "a%d@rossi.example;192.0.2.25;a%d;SECRET\n", i, i)
	}
	w.upload(file.String()).wantGoTo(t, w.path("file"))
	var all sync.WaitGroup
	for i := range rows {
		b := p.as(p.member)
		all.Go(func() {
			b.post(w.path("rows/"+strconv.Itoa(i+1)), "destination", fmt.Sprintf("a%d@rossi.example", i), "host", "192.0.2.25", "login", fmt.Sprintf("corrected%d", i))
		})
	}
	all.Wait()
	stored, err := p.Store.Resources(t.Context(), store.ResourceQuery{Customer: p.customer, MigrationID: w.migration().ID})
	check(t, err)
	for _, row := range stored.Resources {
		if !strings.HasPrefix(row.Source.Auth.Login, "corrected") {
			t.Errorf("row %d goes to %s", row.Row, row.Source.Auth.Login)
		}
	}
	if len(stored.Resources) != rows {
		t.Errorf("%d rows", len(stored.Resources))
	}
}

// A row is compared by itself: what others did to other rows is no conflict.
func TestOfTwoTabsOneRow(t *testing.T) {
	p := newPanel(t)
	w := p.inWizard(p.member)
	w.post("server", "server", "standard")
	w.upload(goodFile)
	w.checked(map[string]migration.Check{"bruno": refused("source", "login"), "anna@old.example": refused("source", "login")})
	marks := strings.Split(w.see("file").body, `name="was" value="`)
	if len(marks) != 3 {
		t.Fatalf("%d rows to correct", len(marks)-1)
	}
	anna, _, _ := strings.Cut(marks[1], `"`)
	bruno, _, _ := strings.Cut(marks[2], `"`)
	row := func(login string) []string {
		return []string{"destination", login + "@rossi.example", "host", "192.0.2.25", "login", login, "password", "SECRET-new"}
	}
	w.post("rows/1", append(row("anna2"), "was", anna)...)
	w.post("rows/2", append(row("bruno2"), "was", bruno)...)
	if got := w.see("file"); !strings.Contains(got.body, "anna2") || !strings.Contains(got.body, "bruno2") {
		t.Error("two rows, two people: one was lost")
	}
	w.post("rows/1", append(row("anna3"), "was", anna)...).want(t, http.StatusConflict, "anna3", "now: anna2", "a password, which has to be written again")
	if strings.Contains(w.see("file").body, "anna3") {
		t.Error("it was saved")
	}
	w.wantClean("SECRET")
}
