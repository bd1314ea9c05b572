package handlers

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"trasloco/migration"
)

func (p *panel) foreignDomain() migration.Domain {
	p.t.Helper()
	domains, err := p.Store.Domains(p.t.Context(), p.stranger.CustomerID)
	check(p.t, err)
	return domains[0]
}

func TestDomainsAreAddedMovedAndDeleted(t *testing.T) {
	p := newPanel(t)
	b := p.as(p.operator)
	servers, err := p.Store.Destinations(t.Context())
	check(t, err)
	server := strconv.FormatInt(servers[0].ID, 10)
	list := "/domains?customer=" + strconv.FormatInt(p.customer, 10)
	b.get("/domains").want(t, http.StatusOK, "rossi.example", "New server")
	b.post("/domains", "domain", " @BÜCHER.example ", "server", server).wantGoTo(t, list)
	b.get("/domains").want(t, http.StatusOK, "xn--bcher-kva.example")
	for name, want := range map[string]string{
		"": "#domain", "no domain": "Questo non è un dominio", "192.0.2.1": "Questo non è un dominio", "Rossi.example": "già nell’elenco", "other.example": "in uso altrove",
	} {
		page := b.post("/domains", "domain", name, "server", server).want(t, http.StatusUnprocessableEntity, want, `role="alert"`)
		if strings.Contains(page.body, "Other &amp; Sons</option>") != strings.Contains(page.body, "Studio Rossi</option>") {
			t.Error("the page tells whose the domain is")
		}
	}
	b.post("/domains", "domain", "x.example", "server", "99").want(t, http.StatusNotFound)

	p.draft("anna")
	used := p.domains[1]
	b.get(numbered("/domains", used.ID)).want(t, http.StatusOK, "finché una migrazione lo usa", "fino ad allora il server resta")
	second := testDestination()
	second.Name = "Second server"
	check(t, p.Store.SaveDestination(t.Context(), &second))
	to := strconv.FormatInt(second.ID, 10)
	b.post(numbered("/domains", used.ID), "server", to).want(t, http.StatusConflict, "#server")
	b.get(numbered("/domains", used.ID, "/delete")).want(t, http.StatusConflict, "finché una migrazione lo usa")
	b.post(numbered("/domains", used.ID, "/delete")).want(t, http.StatusConflict)

	free := p.domains[0]
	b.post(numbered("/domains", free.ID), "server", to).wantGoTo(t, list)
	b.get("/domains").want(t, http.StatusOK, "Second server")
	b.get(numbered("/domains", free.ID, "/delete")).want(t, http.StatusOK, "<dialog", "Eliminare bianchi.example?")
	b.post(numbered("/domains", free.ID, "/delete")).wantGoTo(t, list)
	b.get(numbered("/domains", free.ID)).want(t, http.StatusNotFound)
}

func TestAResellerWithOneCustomerNeverMeetsTheWord(t *testing.T) {
	p := newEmptyPanel(t)
	b := p.anonymous()
	b.header.Set("Accept-Language", "en")
	b.post("/setup", setUpFields()...).wantGoTo(t, "/migrations")
	for _, path := range []string{"/migrations", "/users", "/users/new", "/users/1", "/domains", "/domains/1", "/profile", "/profile/factor", "/forgot"} {
		if page := b.get(path).want(t, http.StatusOK); strings.Contains(strings.ToLower(page.body), "customer<") || strings.Contains(page.body, "Customers") {
			t.Errorf("%s says the word:\n%s", path, page.body)
		}
	}
	b.get("/destinations").want(t, http.StatusOK, "/customers/new")
	link := b.post("/customers/new", "customer", "Other", "name", "Bice", "email", "bice@other.example", "language", "en").link(t)
	b.get("/migrations").want(t, http.StatusOK, "Customers")
	b.get("/customers").want(t, http.StatusOK, "Other", "Studio Rossi")
	b.get("/users").want(t, http.StatusOK, `name="customer"`, "Laura Bianchi")
	other := p.byEmail("bice@other.example").CustomerID
	b.get("/users?customer="+strconv.FormatInt(other, 10)).want(t, http.StatusOK, "bice@other.example")
	b.get("/users?customer=99").want(t, http.StatusNotFound)

	bice := p.anonymous()
	bice.post(link, "new_password", newPassword).wantGoTo(t, "/migrations")
	page := bice.get("/users").want(t, http.StatusOK, "Bice")
	if strings.Contains(page.body, `name="customer"`) || strings.Contains(page.body, "Laura") {
		t.Error("a customer sees the others")
	}
	bice.get("/customers").want(t, http.StatusForbidden)
}

func TestACustomerIsRenamed(t *testing.T) {
	p := newPanel(t)
	b := p.as(p.operator)
	page := numbered("/customers", p.stranger.CustomerID)
	b.get(page).want(t, http.StatusOK, "Other &amp; Sons", url.Values{"customer": {strconv.FormatInt(p.stranger.CustomerID, 10)}}.Encode())
	b.post(page, "customer", "studio rossi").want(t, http.StatusUnprocessableEntity, "#customer")
	b.post(page, "customer", "").want(t, http.StatusUnprocessableEntity, "#customer")
	b.post(page, "customer", "Another name").wantGoTo(t, "/customers")
	b.get("/customers").want(t, http.StatusOK, "Another name")
	b.get("/customers/99").want(t, http.StatusNotFound)
	b.post("/customers/99", "customer", "x").want(t, http.StatusNotFound)
	b.post("/customers/new", "customer", "Third", "name", "X", "email", operatorEmail, "language", "it").want(t, http.StatusUnprocessableEntity, "#email")
	b.post("/customers/new", "customer", "another NAME", "name", "X", "email", "x@x.example", "language", "it").want(t, http.StatusUnprocessableEntity, "#customer")
}
