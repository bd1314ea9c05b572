package handlers

import (
	"net/http"
	"strings"
	"testing"

	"trasloco/migration"
)

// The rows to correct come back as a file of their form, without a password, and
// can be handed in as they are.
func TestRowsToCorrectAsAFile(t *testing.T) {
	p := newPanel(t)
	w := p.inWizard(p.member)
	w.post("server", "server", "standard")
	w.see("rows.csv").want(t, http.StatusNotFound)
	w.upload(goodFile + "carla@nowhere.example;192.0.2.25;carla;SECRET-carla\nno fields SECRET\n")
	w.checked(map[string]migration.Check{"bruno": refused("source", "login")})
	w.see("file").want(t, http.StatusOK, w.path("rows.csv")+"?rows=bad", `name="without" value="2,3,4"`)
	got := w.see("rows.csv?rows=bad").want(t, http.StatusOK,
		"\ufeffdestination;host;login;password;comment\r\n", "bruno@rossi.example;192.0.2.25;bruno;;", "carla@nowhere.example;", "The domain nowhere.example")
	if strings.Contains(got.body, "anna@") {
		t.Error("a row that is right is among them")
	}
	if name := got.header.Get("Content-Disposition"); name != `attachment; filename="`+w.code+`-rows.csv"` {
		t.Errorf("sent as %q", name)
	}
	w.post("rows", "skip", "1", "without", "2,3,4").wantGoTo(t, w.path("first"))
	w.see("file?rows=out").want(t, http.StatusOK, w.path("rows.csv")+"?rows=out")
	w.see("rows.csv?rows=out").want(t, http.StatusOK, "bruno@rossi.example")

	again := p.inWizard(p.member)
	again.post("server", "server", "standard")
	again.upload(got.body).wantGoTo(t, again.path("file"))
	again.see("file").want(t, http.StatusOK, "bruno@rossi.example")
	w.wantClean("SECRET")
}

// Who goes on without rows goes on without those he saw, and without no other.
func TestOnlyRowsThatWereShownAreLeftOut(t *testing.T) {
	p := newPanel(t)
	w := p.inWizard(p.member)
	w.post("server", "server", "standard")
	w.upload(goodFile + "carla@rossi.example;192.0.2.25;carla;SECRET-carla\n")
	w.checked(map[string]migration.Check{"bruno": refused("source", "login")})
	w.see("file").want(t, http.StatusOK, `name="without" value="2"`)
	check(t, p.Store.Recheck(t.Context(), p.customer, w.migration().ID, w.clock.now().Add(1e9)))
	w.checked(map[string]migration.Check{"bruno": refused("source", "login"), "carla": refused("source", "connect")})
	w.post("rows", "skip", "1", "without", "2").want(t, http.StatusUnprocessableEntity, "Other rows have to be corrected by now: 3", `name="without" value="2,3"`)
	if got := w.migration().Checks; got.LeftOut != 0 {
		t.Errorf("left out all the same: %+v", got)
	}
	w.post("rows", "skip", "1", "without", "2,3").wantGoTo(t, w.path("first"))
	if got := w.migration().Checks; got.LeftOut != 2 || got.Rows != 1 {
		t.Errorf("checks %+v", got)
	}
	// One that was shown and is right by now stays in.
	w.post("rows/2", "back", "1")
	w.post("rows/3", "back", "1")
	w.checked(nil)
	w.post("rows", "skip", "1", "without", "2,3").wantGoTo(t, w.path("first"))
	if got := w.migration().Checks; got.LeftOut != 0 {
		t.Errorf("checks %+v", got)
	}
}

// A wrong guess of the encoding is corrected, as long as no row was.
func TestAnotherEncoding(t *testing.T) {
	p := newPanel(t)
	w := p.inWizard(p.operator)
	w.post("server", "server", "standard")
	w.upload(goodFile)
	w.post("encoding", "encoding", "Macintosh").want(t, http.StatusBadRequest) // UTF-8 is no guess
	// As an old Mac writes annà and SECRETè.
	w.upload("anna@rossi.example;192.0.2.25;ann\x88;SECRET\x8f\nbruno@rossi.example;192.0.2.25;bruno;SECRET\n").wantGoTo(t, w.path("file"))
	w.see("file").want(t, http.StatusOK, "Windows-1252", w.path("encoding"))
	w.post("encoding", "encoding", "UTF-7").want(t, http.StatusBadRequest)
	w.post("encoding", "encoding", "Macintosh").wantGoTo(t, w.path("file"))
	w.see("file").want(t, http.StatusOK, "annà", "Macintosh")
	passwords := map[string]string{}
	for _, row := range p.toCheck() {
		passwords[row.Source.Auth.Login] = row.Source.Auth.Password.Reveal()
	}
	if passwords["annà"] != "SECRETè" {
		t.Errorf("passwords of %d rows, that of annà is wrong", len(passwords))
	}
	w.post("rows/2", "destination", "bruno@rossi.example", "host", "192.0.2.25", "login", "brunone", "password", "")
	w.post("encoding", "encoding", "IBM850").want(t, http.StatusBadRequest) // it would undo the correction
	w.wantClean("SECRET")
}

func TestSamplesOneByOne(t *testing.T) {
	p := newPanel(t)
	b := p.as(p.manager)
	for name := range sampleArchive(t, p) {
		want := http.StatusNotFound
		if strings.HasSuffix(name, ".csv") {
			want = http.StatusOK
		}
		b.get("/migrations/samples/"+name).want(t, want)
	}
	b.get("/migrations/samples/..%2fwizard.go").want(t, http.StatusNotFound)
}
