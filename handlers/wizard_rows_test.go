package handlers

import (
	"net/http"
	"strings"
	"testing"

	"trasloco/migration"
)

func TestFaultyFileIsCorrectedInPlace(t *testing.T) {
	p := newPanel(t)
	w := p.inWizard(p.operator)
	w.post("server", "server", "standard")
	w.upload("email;server;login;password\n"+
		"anna@rosi.example;192.0.2.25;anna@old.example;SECRET-anna\n"+ // a letter too few
		"bruno@rossi.example;192.0.2.25;bruno@old.example\n"+ // no password
		"carla@rossi.example;192.0.2.25;carla@old.example;SECRET-carla\n").wantGoTo(t, w.path("file"))
	w.see("file").want(t, http.StatusOK, "rosi.example", "carla@rossi.example", `action="`+w.path("rows/2"), `action="`+w.path("rows/3"))
	if got := w.migration().Checks; got.Rows != 1 {
		t.Fatalf("rows %+v, want the one that is right", got)
	}
	w.post("rows").want(t, http.StatusUnprocessableEntity)
	w.post("first", "first", "asap")

	fixed := w.post("rows/2", "destination", "anna@rossi.example", "host", "192.0.2.25", "login", "anna@old.example", "password", "")
	if fixed.code != http.StatusSeeOther {
		t.Fatalf("row 2: %d %s", fixed.code, fixed.body)
	}
	still := w.post("rows/3", "destination", "bruno@rossi.example", "host", "192.0.2.25", "login", "bruno@old.example", "password", "")
	if still.code == http.StatusNotFound || w.migration().Checks.Rows != 2 {
		t.Fatalf("row 3 without a password: %d, rows %+v", still.code, w.migration().Checks)
	}
	w.post("rows/3", "destination", "bruno@rossi.example", "host", "192.0.2.25", "login", "bruno@old.example", "password", "SECRET-new")
	if got := w.migration().Checks; got.Rows != 3 || got.Waiting != 3 {
		t.Fatalf("rows %+v", got)
	}
	w.see("file").want(t, http.StatusOK)
	for line, want := range map[int]string{2: "SECRET-anna", 3: "SECRET-new"} {
		row, err := w.Store.Resource(t.Context(), w.customer, w.migration().ID, line)
		check(t, err)
		check(t, w.Store.OpenResource(t.Context(), w.customer, &row.Resource))
		if got := row.Source.Auth.Password; !got.Equal(migration.NewSecret(want)) {
			t.Errorf("row %d has not the password %s", line, want)
		}
	}
	w.wantClean("SECRET")
}

func TestFailedChecksSayWhatIsWrongAndCanBeLeftOut(t *testing.T) {
	p := newPanel(t)
	w := p.inWizard(p.operator)
	w.post("server", "server", "standard")
	w.upload(goodFile + "carla@rossi.example;192.0.2.26;carla@old.example;SECRET-carla\n" +
		"dora@rossi.example;192.0.2.25\n") // lacks two fields
	w.checked(map[string]migration.Check{
		"anna@old.example": refused("source", "login"), "carla@old.example": refused("source", "connect"),
	})
	// Each fault has a text of its own.
	w.see("file").want(t, http.StatusOK, "the words of the server", "non accetta login e password", "essuna risposta da questo server")
	w.see("file?rows=bad").want(t, http.StatusOK, "carla@rossi.example")
	w.post("rows").want(t, http.StatusUnprocessableEntity)
	w.post("rows", "skip", "1").wantGoTo(t, w.path("first"))
	if got := w.migration().Checks; got.Rows != 1 || got.LeftOut != 2 || got.Failed != 0 {
		t.Errorf("checks %+v, want one row, two left out", got)
	}
	w.post("first", "first", "asap").wantGoTo(t, w.path("second"))
	w.post("second", "second", "gap").wantGoTo(t, w.path("review"))
	w.see("review").want(t, http.StatusOK, "3 righe sono lasciate fuori") // also the one that cannot be read
	w.post("review").wantGoTo(t, "/migrations/"+w.code)
	w.wantClean("SECRET")
}

func TestRowsThatWereLeftOutAreTakenBack(t *testing.T) {
	p := newPanel(t)
	w := p.inWizard(p.operator)
	w.post("server", "server", "standard")
	w.upload(goodFile + "dora@rossi.example;192.0.2.25\n")
	w.checked(map[string]migration.Check{"bruno": refused("source", "login")})
	w.post("rows", "skip", "1").wantGoTo(t, w.path("first"))
	w.see("file?rows=out").want(t, http.StatusOK, `name="back"`, "dora@rossi.example", "bruno@rossi.example")

	// What is left out stays so, whatever becomes of the others.
	w.post("server", "server", "standard", "pin", strings.Repeat("ab", 32)).wantGoTo(t, w.path("file"))
	if got := w.migration().Checks; got.LeftOut != 1 || got.Rows != 1 {
		t.Errorf("after another certificate: %+v", got)
	}
	for _, line := range []string{"2", "3"} {
		if got := w.post("rows/"+line, "back", "1"); got.code != http.StatusSeeOther {
			t.Errorf("row %s: answer %d", line, got.code)
		}
	}
	if got := w.migration().Checks; got.LeftOut != 0 || got.Rows != 2 {
		t.Errorf("taken back: %+v", got)
	}
	w.post("rows").want(t, http.StatusUnprocessableEntity) // row 3 is as it was
	row, err := p.Store.Resource(t.Context(), p.customer, w.migration().ID, 2)
	check(t, err)
	check(t, p.Store.OpenResource(t.Context(), p.customer, &row.Resource))
	if !row.Source.Auth.Password.Equal(migration.NewSecret("SECRET;bruno")) {
		t.Error("row 2 lost its password")
	}
	w.wantClean("SECRET")
}

func TestACorrectedRowLetsTheOthersAlone(t *testing.T) {
	p := newPanel(t)
	w := p.inWizard(p.operator)
	w.post("server", "server", "standard")
	w.upload(goodFile)
	w.checked(map[string]migration.Check{"anna@old.example": refused("source", "login"), "bruno": refused("source", "login")})
	row := []string{"destination", "bruno@rossi.example", "host", "192.0.2.25", "login", "bruno", "password"}
	w.post("rows/2", append(row, "SECRET-new")...)
	if got := w.migration().Checks; got.Failed != 1 || got.Waiting != 1 {
		t.Errorf("checks %+v, want the corrected row alone to be checked", got)
	}
	w.checked(map[string]migration.Check{"bruno": refused("source", "login")})
	w.post("rows/2", append(row, "")...)
	if got := w.migration().Checks; got.Waiting == 0 {
		t.Error("a row that was handed in as it was is not checked again")
	}
	w.wantClean("SECRET")
}

func TestAllRowsLeftOutIsNoMigration(t *testing.T) {
	p := newPanel(t)
	w := p.inWizard(p.operator)
	w.post("server", "server", "standard")
	w.upload("anna@rossi.example;192.0.2.25;anna@old.example;SECRET-anna\n")
	w.checked(map[string]migration.Check{"anna@old.example": refused("source", "login")})
	w.post("rows", "skip", "1").want(t, http.StatusUnprocessableEntity)
	if got := w.migration().Checks; got.LeftOut != 0 {
		t.Errorf("the last row was left out: %+v", got)
	}
	w.post("first", "first", "asap")
	w.post("second", "second", "gap")
	w.post("review").want(t, http.StatusUnprocessableEntity)
}

// Accepted once, a certificate counts for every row of its server, and the other
// servers are left as they are (S7).
func TestACertificateIsAcceptedForItsServer(t *testing.T) {
	p := newPanel(t)
	w := p.inWizard(p.operator)
	w.post("server", "server", "standard")
	w.upload(goodFile + "carla@rossi.example;192.0.2.26;carla@old.example;SECRET-carla\ndora@rossi.example;192.0.2.27;dora;SECRET-dora\n")
	here, there := strings.Repeat("ab", 32), strings.Repeat("cd", 32)
	w.checked(map[string]migration.Check{"anna@old.example": untrusted(here), "bruno": untrusted(here), "carla@old.example": untrusted(there)})
	w.see("file").want(t, http.StatusOK, here, there, w.path("trust"), `name="address" value="192.0.2.25:993"`)
	w.post("trust", "pin", here, "address", "192.0.2.26:993").want(t, http.StatusBadRequest) // that is not what it showed
	w.post("trust", "pin", here).want(t, http.StatusBadRequest)
	w.post("trust", "pin", here, "address", "192.0.2.25:993").wantGoTo(t, w.path("file"))
	w.see("file").want(t, http.StatusOK, "per 192.0.2.25:993 vale questo certificato")
	w.wantPins(here, here, "", "")
	if got := w.migration().Checks; got.Waiting != 2 || got.Failed != 1 || got.Passed != 1 {
		t.Errorf("checks %+v, want the rows of that server alone to be checked again", got)
	}
	w.post("trust", "pin", there, "address", "192.0.2.26:993").wantGoTo(t, w.path("file"))
	w.wantPins(here, here, there, "")
	// The first step does not take them back.
	w.post("server", "server", "standard", "pin", strings.Repeat("ef", 32)).wantGoTo(t, w.path("file"))
	w.wantPins(here, here, there, strings.Repeat("ef", 32))
	w.wantClean("SECRET")
}

// untrusted is the check of a source with that certificate.
func untrusted(pin string) migration.Check {
	found := refused("source", "certificate")
	found.Certificate = pin
	return found
}

// wantPins fails the test unless the rows have these pins, from the first on.
func (w *wizardUser) wantPins(pins ...string) {
	w.t.Helper()
	for i, pin := range pins {
		row, err := w.Store.Resource(w.t.Context(), w.customer, w.migration().ID, i+1)
		check(w.t, err)
		if row.Source.Pin != pin {
			w.t.Errorf("row %d has the pin %q, want %q", i+1, row.Source.Pin, pin)
		}
	}
}

func TestFilesThatAreNoneAreRefusedAtOnce(t *testing.T) {
	p := newPanel(t)
	w := p.inWizard(p.operator)
	w.post("server", "server", "standard")
	for name, data := range map[string]string{"a spreadsheet": "PK\x03\x04", "nothing": "", "no row": "\n;;;\n", "too many": strings.Repeat("a;b;c;d\n", 501)} {
		if got := w.upload(data); got.code != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d", name, got.code)
		}
	}
	w.post("file", "rows", "").want(t, http.StatusUnprocessableEntity)
	if got := w.migration().Checks; got.Rows != 0 {
		t.Errorf("rows %+v", got)
	}
	w.upload(goodFile)
	w.upload("PK\x03\x04").want(t, http.StatusUnprocessableEntity)
	if got := w.migration().Checks; got.Rows != 2 {
		t.Errorf("a refused file took the one that was there: %+v", got)
	}
	w.wantClean("SECRET")
}

func TestPastedRowsAreAFile(t *testing.T) {
	p := newPanel(t)
	w := p.inWizard(p.operator)
	w.post("server", "server", "standard")
	w.post("file", "rows", goodFile).wantGoTo(t, w.path("file"))
	if got := w.migration().Checks; got.Rows != 2 {
		t.Errorf("rows %+v", got)
	}
}

func TestManagerMayMoveHisDomainsOnly(t *testing.T) {
	p := newPanel(t)
	w := p.inWizard(p.manager)
	w.post("server", "server", "standard")
	w.upload("anna@rossi.example;192.0.2.25;anna@old.example;SECRET-anna\nbea@bianchi.example;192.0.2.25;bea@old.example;SECRET-bea\n")
	w.see("file").want(t, http.StatusOK, "bianchi.example")
	if got := w.migration(); got.Checks.Rows != 1 || len(got.DomainIDs) != 1 || got.DomainIDs[0] != p.domains[1].ID {
		t.Errorf("%+v", got)
	}
	w.wantClean("SECRET")
}

func TestAnotherTLSModeChecksTheRowsAnew(t *testing.T) {
	p := newPanel(t)
	w := p.inWizard(p.operator).toReview()
	w.post("server", "server", "standard", "tls", "starttls").wantGoTo(t, w.path("file"))
	m := w.migration()
	row, err := p.Store.Resource(t.Context(), p.customer, m.ID, 1)
	check(t, err)
	if row.Source.TLS != migration.TLSStartTLS || row.Source.Port != migration.PortIMAP || m.Checks.Waiting != 2 {
		t.Errorf("row %+v, checks %+v", row.Source, m.Checks)
	}
	w.post("server", "server", "pigeon").want(t, http.StatusUnprocessableEntity)
	w.post("server", "server", "standard", "pin", "not a fingerprint").want(t, http.StatusUnprocessableEntity)
	w.wantClean("SECRET")
}

func TestRowsFollowTheirChecksLive(t *testing.T) {
	p := newPanel(t)
	w := p.inWizard(p.manager) // his domains count in the stream too
	w.post("server", "server", "standard")
	w.upload(goodFile)
	w.checked(map[string]migration.Check{"bruno": refused("source", "login")})
	page := w.see("file").want(t, http.StatusOK, `hx-sse:connect="`+w.path("events"))
	stream := w.see("events").want(t, http.StatusOK, "data: ", "anna@rossi.example", "the words of the server", "event: "+endEvent)
	if got, want := strings.Count(stream.body, ` id="row-`), strings.Count(page.body, ` id="row-`); got != want || got == 0 {
		t.Errorf("the stream has %d rows, the page %d", got, want)
	}
	if got, want := strings.Count(stream.body, "t-badedit"), strings.Count(page.body, "t-badedit"); got != want || got != 1 {
		t.Errorf("the stream has %d rows to correct, the page %d", got, want)
	}
	w.wantClean("SECRET")
}

func TestRowsComeInPages(t *testing.T) {
	p := newPanel(t)
	w := p.inWizard(p.operator)
	w.post("server", "server", "standard")
	var file strings.Builder
	for i := range 120 {
		file.WriteString("user" + string(rune('a'+i%26)) + strings.Repeat("x", i/26) + "@rossi.example;192.0.2.25;u" + strings.Repeat("y", i) + ";SECRET\n")
	}
	w.upload(file.String()).wantGoTo(t, w.path("file"))
	for page, want := range map[string]int{"file": 50, "file?page=2": 50, "file?page=3": 20} {
		if got := strings.Count(w.see(page).want(t, http.StatusOK).body, ` id="row-`); got != want {
			t.Errorf("%s shows %d rows, want %d", page, got, want)
		}
	}
	w.wantClean("SECRET")
}
