package handlers

import (
	"context"
	"crypto/sha256"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"trasloco/migration"
)

// routeValues are what may stand in the places of a route's path.
func routeValues(code, asset string) map[string]string {
	return map[string]string{
		":code": code, ":row": "1", ":line": "1", ":pass": "1", ":id": "1", ":name": asset, ":step": "file", ":topic": "mx",
		":user": "2", ":domain": "1", ":customer": "1", ":token": "no-such-token", ":session": "0011223344556677",
	}
}

// fill puts values into the places of a route's path.
func fill(t *testing.T, path, code, asset string) string {
	t.Helper()
	values := routeValues(code, asset)
	parts := strings.Split(path, "/")
	for i, part := range parts {
		if !strings.HasPrefix(part, ":") {
			continue
		}
		if values[part] == "" {
			t.Fatalf("%s: the test has no value for %s: add one", path, part)
		}
		parts[i] = values[part]
	}
	return strings.Join(parts, "/")
}

func (p *panel) assetName() string {
	return strings.TrimPrefix(p.Static.Path("panel.css"), "/static/")
}

// demo makes the routes of the demonstration exist too.
func demo(o *Options) {
	o.Demo = &Demo{Email: operatorEmail, Password: operatorPassword, CSV: []byte("a;b\n")}
}

func TestEveryRouteStandsInTheTableWithItsRight(t *testing.T) {
	p := newEmptyPanel(t, demo)
	table := map[string]bool{}
	for _, r := range p.routes() {
		key := r.method + " " + r.path
		if r.right < anybody || r.right > addsPass {
			t.Errorf("%s declares no right", key)
		}
		if strings.Contains(r.path, ":code") && r.right < seesMigration {
			t.Errorf("%s is about a migration and does not ask who may see it", key)
		}
		if strings.Contains(r.path, ":code") && r.method != http.MethodGet && r.right < changesMigration {
			t.Errorf("%s may be called by who may not change the migration", key)
		}
		if r.method != http.MethodGet && r.method != http.MethodPost {
			t.Errorf("%s: forms know GET and POST alone", key)
		}
		if table[key] {
			t.Errorf("%s stands twice in the table", key)
		}
		table[key] = true
	}
	served := map[string]bool{}
	for _, r := range p.echo.Routes() {
		served[r.Method+" "+r.Path] = true
		if !table[r.Method+" "+r.Path] {
			t.Errorf("%s %s is served and does not stand in the table", r.Method, r.Path)
		}
	}
	for key := range table {
		if !served[key] {
			t.Errorf("%s stands in the table and is not served", key)
		}
	}
}

// What nobody needs an account for is listed here by hand: a route must not
// become public by a slip.
func TestPublicRoutesAreTheseAlone(t *testing.T) {
	public := map[string]bool{
		"GET /healthz": true, "POST /csp-report": true, "GET /static/:name": true, "POST /language": true,
		"GET /setup": true, "POST /setup": true, "GET /login": true, "POST /login": true,
		"GET /login/code": true, "POST /login/code": true, "GET /forgot": true, "POST /forgot": true,
		"GET /invitation/:token": true, "POST /invitation/:token": true, "GET /reset/:token": true, "POST /reset/:token": true,
	}
	for _, r := range newEmptyPanel(t, demo).routes() {
		key := r.method + " " + r.path
		if isPublic := r.right == anybody || r.right == settingUp; isPublic != public[key] {
			t.Errorf("%s: public %v, want %v", key, isPublic, public[key])
		}
	}
}

func TestStrangersAreSentToTheLogin(t *testing.T) {
	p := newPanel(t, demo)
	code := p.draft("anna").Code
	for _, r := range p.routes() {
		if r.right == anybody {
			continue
		}
		b := p.anonymous()
		got := b.do(r.method, fill(t, r.path, code, p.assetName()), "", nil)
		if got.code != http.StatusSeeOther || !strings.HasPrefix(got.location(), "/login") {
			t.Errorf("%s %s: answer %d to %q, want 303 to the login", r.method, r.path, got.code, got.location())
		}
		if r.weight != streams {
			continue
		}
		b.header.Set("Accept", "text/event-stream")
		b.do(r.method, fill(t, r.path, code, ""), "", nil).want(t, http.StatusUnauthorized)
	}
}

// Another customer's people, and those of the customer who are not authorised
// for the domain, find nothing: not even that there is something.
func TestForeignMigrationsAreNotThere(t *testing.T) {
	p := newPanel(t)
	m := p.draft("anna")
	other := p.row(1, "carla")
	other.DomainID, other.Destination.Auth.Login = p.domains[0].ID, "carla@bianchi.example"
	foreign := migration.Migration{CustomerID: p.customer, UserID: p.operator.ID, ServerType: migration.Standard}
	check(t, p.Store.CreateDraft(t.Context(), &foreign))
	check(t, p.Store.SaveSheet(t.Context(), p.customer, foreign.ID, migration.NewSecret("{}"), []migration.Resource{other}))
	readers := []struct {
		name, code string
		browser    *browser
	}{
		{"another customer's admin", m.Code, p.as(p.stranger)},
		{"a manager of another domain", foreign.Code, p.as(p.manager)},
		{"the operator, of a code that nothing has", "M-22222", p.as(p.operator)},
		{"the operator, of no code", "x' OR 1=1", p.as(p.operator)},
	}
	routes := 0
	for _, r := range p.routes() {
		if !strings.Contains(r.path, ":code") {
			continue
		}
		routes++
		for _, reader := range readers {
			path := strings.ReplaceAll(fill(t, r.path, reader.code, ""), " ", "%20")
			if got := reader.browser.do(r.method, path, "", nil); got.code != http.StatusNotFound {
				t.Errorf("%s %s for %s: answer %d, want 404", r.method, r.path, reader.name, got.code)
			}
		}
	}
	if routes < 5 {
		t.Errorf("only %d routes have a code: the test looks past them", routes)
	}
	if got := p.reread(m); got.Validity != migration.Draft {
		t.Errorf("the migration is %s now", got.Validity)
	}
}

func TestTheInstallationIsTheOperatorsAlone(t *testing.T) {
	p := newPanel(t)
	for _, r := range p.routes() {
		if r.right != runsInstallation {
			continue
		}
		for _, user := range []migration.User{p.member, p.manager, p.stranger} {
			path := fill(t, r.path, "", "")
			if got := p.as(user).do(r.method, path, "", nil); got.code != http.StatusForbidden {
				t.Errorf("%s %s for %s: answer %d, want 403", r.method, path, user.Email, got.code)
			}
		}
		if r.method == http.MethodGet {
			p.as(p.operator).get(fill(t, r.path, "", "")).want(t, http.StatusOK)
		}
	}
}

// The protection against foreign forms looks at POST alone, so a GET must change
// nothing.
func TestGettingPagesChangesNothing(t *testing.T) {
	p := newPanel(t, demo)
	codes := []string{p.draft("anna").Code, p.planned("bruno").Code, p.running("carla").Code}
	b := p.as(p.operator)
	before := p.checksum(t)
	defer func() {
		if t.Failed() {
			t.Log(p.log)
		}
	}()
	for _, r := range p.routes() {
		if r.method != http.MethodGet || r.path == "/demo/outbox" {
			continue
		}
		for _, code := range codes {
			path := fill(t, r.path, code, p.assetName())
			if got := p.begin(t, b, path); got >= http.StatusInternalServerError {
				t.Errorf("GET %s: answer %d", path, got)
			}
		}
		if p.checksum(t) != before {
			t.Fatalf("GET %s changed the database", r.path)
		}
	}
	if calls := p.desk.calls(); len(calls) > 0 {
		t.Errorf("the desk was asked for %v", calls)
	}
	check(t, p.Store.SetSetting(t.Context(), "a", "b"))
	if p.checksum(t) == before {
		t.Error("a change of the database does not show in the checksum")
	}
}

// begin asks for a path and goes away after the answer has begun, as streams go
// on for ever; it returns the code.
func (p *panel) begin(t *testing.T, b *browser, path string) int {
	t.Helper()
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, b.base+path, nil)
	check(t, err)
	response, err := b.client.Do(request)
	check(t, err)
	defer response.Body.Close()
	return response.StatusCode
}

// checksum is that of the database and of what waits to be written into it.
func (p *panel) checksum(t *testing.T) [sha256.Size]byte {
	t.Helper()
	var all []byte
	for _, name := range []string{"trasloco.db", "trasloco.db-wal"} {
		content, err := os.ReadFile(filepath.Join(p.dir, name))
		check(t, err)
		all = append(all, content...)
	}
	return sha256.Sum256(all)
}

// Set-up is over once there is a user: nobody becomes the operator after that.
func TestSetUpIsOverOnceThereIsAUser(t *testing.T) {
	p := newPanel(t)
	for _, b := range []*browser{p.anonymous(), p.as(p.stranger)} {
		b.get("/setup").wantGoTo(t, "/login")
		b.post("/setup", setUpFields()...).wantGoTo(t, "/login")
	}
	users, err := p.Store.Users(t.Context(), p.customer)
	check(t, err)
	if len(users) != 3 {
		t.Errorf("%d users, want the 3 there were", len(users))
	}
}

func TestARouteWithoutARightIsForbidden(t *testing.T) {
	p := newPanel(t)
	c := p.echo.NewContext(httptest.NewRequestWithContext(context.WithValue(t.Context(), whoKey{}, p.operator), http.MethodGet, "/", nil), httptest.NewRecorder())
	if _, err := p.check(c, 0); statusOf(err) != http.StatusForbidden {
		t.Errorf("error %v", err)
	}
}
