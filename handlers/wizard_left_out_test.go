package handlers

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"trasloco/migration"
)

// A line that cannot be read, and that the admin goes on without, is named after
// the file is gone: nothing is left out in silence.
func TestALineLeftOutIsStillNamedOnceTheFileIsGone(t *testing.T) {
	p := newPanel(t)
	w := p.inWizard(p.operator)
	w.post("server", "server", "standard")
	w.upload(goodFile + "carla@rossi.example;192.0.2.25;carla@old.example\n" +
		"SECRET-dora;192.0.2.25;dora@old.example;dora@rossi.example\n") // in the wrong order
	w.checked(nil)
	w.post("rows", "skip", "1").wantGoTo(t, w.path("first"))
	w.post("first", "first", "asap")
	w.post("second", "second", "gap")
	w.post("review").wantGoTo(t, "/migrations/"+w.code)
	m := w.migration()
	check(t, p.Store.Settle(t.Context(), p.customer, &m, migration.Valid, nil))
	page := p.as(p.operator).get("/migrations/" + w.code)
	page.want(t, http.StatusOK, "2 righe del file sono rimaste fuori", "carla@rossi.example")
	if strings.Contains(page.body, "SECRET") || strings.Contains(fmt.Sprint(m.LinesOut), "SECRET") {
		t.Error("a password is kept in clear")
	}
	checkComplete(t, page.body)
}
