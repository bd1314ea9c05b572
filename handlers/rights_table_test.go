package handlers

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"trasloco/migration"
	"trasloco/store"
)

// What each right answers to each role, for things of his own customer and of
// another one. The operator of the tests is an admin of his customer too.
var rightsTable = map[right]map[string]struct{ own, foreign int }{
	anybody:          same(ok, ok, ok, ok, ok, ok, ok),
	signedIn:         same(ok, ok, ok, ok, ok, login, login),
	runsInstallation: same(ok, no, no, no, no, login, login),
	managesPeople:    byCustomer(ok, ok, ok, none, no),
	changesUser:      byCustomer(ok, ok, ok, none, no),
	rulesUser:        byCustomer(ok, ok, ok, none, no),
	managesDomain:    byCustomer(ok, ok, ok, none, no),
	seesMigration:    byCustomer(ok, ok, ok, none, none, members(ok, ok, none)...),
	changesMigration: byCustomer(ok, no, ok, none, none, members(ok, ok, none)...),
	addsPass:         byCustomer(ok, no, ok, none, none, members(no, no, none)...),
}

// Answers: the handler was reached, 403, 404, the login.
const (
	ok    = http.StatusNoContent
	no    = http.StatusForbidden
	none  = http.StatusNotFound
	login = http.StatusSeeOther
)

type sides = struct{ own, foreign int }

// same is for what is of no customer.
func same(operator, admin, member, manager, otherManager, blocked, stranger int) map[string]sides {
	return map[string]sides{
		"operator": {operator, operator}, "admin": {admin, admin}, "member": {member, member}, "manager": {manager, manager},
		"manager of another domain": {otherManager, otherManager}, "blocked": {blocked, blocked}, "nobody": {stranger, stranger},
	}
}

// members are what a team member, the manager of the domain and one of another
// domain get of their own customer.
func members(member, manager, other int) []int { return []int{member, manager, other} }

func byCustomer(operator, operatorForeign, admin, foreign, lesserForeign int, lesser ...int) map[string]sides {
	if lesser == nil {
		lesser = members(no, no, no)
	}
	return map[string]sides{
		"operator": {operator, operatorForeign}, "admin": {admin, foreign}, "member": {lesser[0], lesserForeign},
		"manager": {lesser[1], lesserForeign}, "manager of another domain": {lesser[2], lesserForeign},
		"blocked": {login, login}, "nobody": {login, login},
	}
}

// things are what a route can be about, of one customer.
type things struct {
	code                   string
	user, domain, customer int64
}

func (t things) path(r route, asset string) string {
	values := routeValues(t.code, asset)
	for place, id := range map[string]int64{":user": t.user, ":domain": t.domain, ":customer": t.customer} {
		values[place] = strconv.FormatInt(id, 10)
	}
	parts := strings.Split(r.path, "/")
	for i, part := range parts {
		if strings.HasPrefix(part, ":") {
			parts[i] = values[part]
		}
	}
	path := strings.Join(parts, "/")
	if r.right == managesPeople {
		path += "?customer=" + strconv.FormatInt(t.customer, 10)
	}
	return path
}

// roles returns a browser for each role.
func (p *panel) roles() map[string]*browser {
	p.t.Helper()
	made := func(u migration.User) migration.User {
		u.CustomerID, u.Language = p.customer, "en"
		check(p.t, p.Store.CreateUser(p.t.Context(), &u, "no password"))
		return u
	}
	blocked := made(migration.User{Role: migration.Admin, Name: "Block Ed", Email: "blocked@rossi.example"})
	browsers := map[string]*browser{
		"operator": p.as(p.operator), "member": p.as(p.member), "manager": p.as(p.manager), "nobody": p.anonymous(),
		"admin":                     p.as(made(migration.User{Role: migration.Admin, Name: "Ad Min", Email: "admin@rossi.example"})),
		"manager of another domain": p.as(made(migration.User{Role: migration.Manager, Name: "Oth Er", Email: "m2@rossi.example", DomainIDs: []int64{p.domains[0].ID}})),
		"blocked":                   p.as(blocked),
	}
	blocked.BlockedAt = p.clock.now()
	check(p.t, p.Store.SaveUser(p.t.Context(), p.customer, blocked))
	browsers["blocked"] = p.as(blocked) // even with a session that was made a moment too late
	return browsers
}

// ownAndForeign are things of the panel's customer and of the other one.
func (p *panel) ownAndForeign() (own, foreign things) {
	p.t.Helper()
	ctx := p.t.Context()
	target := migration.User{CustomerID: p.customer, Role: migration.TeamMember, Name: "Tar Get", Email: "target@rossi.example"}
	check(p.t, p.Store.CreateUser(ctx, &target, "no password"))
	domains, err := p.Store.Domains(ctx, p.stranger.CustomerID)
	check(p.t, err)
	other := migration.Migration{CustomerID: p.stranger.CustomerID, UserID: p.stranger.ID, ServerType: migration.Standard}
	check(p.t, p.Store.CreateDraft(ctx, &other))
	row := p.row(1, "carla")
	row.DomainID, row.Destination.Auth.Login = domains[0].ID, "carla@other.example"
	check(p.t, p.Store.SaveSheet(ctx, other.CustomerID, other.ID, migration.NewSecret("{}"), []migration.Resource{row}))
	return things{code: p.draft("anna").Code, user: target.ID, domain: p.domains[1].ID, customer: p.customer},
		things{code: other.Code, user: p.stranger.ID, domain: domains[0].ID, customer: p.stranger.CustomerID}
}

// Every route × every role × own and foreign: who may not does not reach the
// handler. The handlers are taken away, so that it shows who does.
func TestWhoReachesWhichRoute(t *testing.T) {
	p := newPanel(t, demo)
	own, foreign := p.ownAndForeign()
	browsers := p.roles()
	p.echo = echo.New()
	p.echo.HTTPErrorHandler, p.echo.IPExtractor = p.fail, echo.ExtractIPDirect()
	p.useMiddleware()
	routes := p.routes()
	for _, r := range routes {
		reached := func(c echo.Context) error { return c.NoContent(ok) }
		p.echo.Add(r.method, r.path, reached, p.require(r.right), p.bear(r.weight))
	}
	asked := map[right]int{}
	for _, r := range routes {
		if r.right == settingUp {
			continue // over since there is a user: TestSetUpIsOverOnceThereIsAUser
		}
		want := rightsTable[r.right]
		if want == nil {
			t.Fatalf("%s %s: the table does not know the right %d", r.method, r.path, r.right)
		}
		asked[r.right]++
		for role, b := range browsers {
			for _, side := range []struct {
				name string
				of   things
				want int
			}{{"own", own, want[role].own}, {"foreign", foreign, want[role].foreign}} {
				path := side.of.path(r, p.assetName())
				if got := b.do(r.method, path, "", nil); got.code != side.want {
					t.Errorf("%s %s (%s) for %s: answer %d, want %d", r.method, path, side.name, role, got.code, side.want)
				}
			}
		}
	}
	for r := range rightsTable {
		if asked[r] == 0 {
			t.Errorf("no route asks for the right %d", r)
		}
	}
}

// The same with the handlers in place: what is refused changes nothing, whatever
// the route, and says nothing of the other customer.
func TestWhatIsRefusedChangesNothing(t *testing.T) {
	p := newPanel(t, demo)
	own, foreign := p.ownAndForeign()
	browsers := p.roles()
	secrets := []string{"other.example", "stranger@other.example", "Other &amp; Sons", "Strange R", foreign.code}
	before := p.checksum(t)
	for _, r := range p.routes() {
		if r.right == settingUp || r.right == anybody || r.weight == streams {
			continue
		}
		for role, b := range browsers {
			for _, side := range []struct {
				of   things
				want int
			}{{own, rightsTable[r.right][role].own}, {foreign, rightsTable[r.right][role].foreign}} {
				if side.want == ok || role == "operator" {
					continue
				}
				got := b.do(r.method, side.of.path(r, p.assetName()), "", nil)
				if got.code != side.want {
					t.Errorf("%s %s for %s: answer %d, want %d", r.method, r.path, role, got.code, side.want)
				}
				for _, secret := range secrets {
					if strings.Contains(got.body, secret) {
						t.Errorf("%s %s for %s tells of %q", r.method, r.path, role, secret)
					}
				}
			}
		}
		if p.checksum(t) != before {
			t.Fatalf("%s %s changed the database though it was refused", r.method, r.path)
		}
	}
}

// What people of one customer see on all pages they can open holds nothing of
// the other.
func TestTwoCustomersNeverMeet(t *testing.T) {
	p := newPanel(t)
	own, foreign := p.ownAndForeign()
	admin := p.roles()["admin"]
	pages := 0
	for _, side := range []struct {
		browser *browser
		of      things
		hidden  []string
	}{
		{admin, own, []string{"other.example", "Other &amp; Sons", "Strange R", foreign.code}},
		{p.as(p.stranger), foreign, []string{"rossi.example", "bianchi.example", "Studio Rossi", "Laura Bianchi", own.code}},
	} {
		for _, r := range p.routes() {
			if r.method != http.MethodGet || r.weight == streams || r.path == "/static/:name" {
				continue
			}
			got := side.browser.get(side.of.path(r, ""))
			if got.code == http.StatusOK {
				pages++
			}
			for _, text := range side.hidden {
				if strings.Contains(got.body, text) {
					t.Errorf("GET %s shows %q of another customer", r.path, text)
				}
			}
		}
	}
	if pages < 30 {
		t.Errorf("only %d pages were looked at", pages)
	}
}

// Ids of another customer in a form are as good as none.
func TestForeignIdsInFormsAreRefused(t *testing.T) {
	p := newPanel(t)
	_, foreign := p.ownAndForeign()
	admin := p.roles()["admin"]
	id := strconv.FormatInt(foreign.domain, 10)
	admin.post("/users/new", "name", "X", "email", "x@rossi.example", "language", "en", "role", "manager", "domains", id).
		want(t, http.StatusUnprocessableEntity)
	admin.post("/users/new?customer="+strconv.FormatInt(foreign.customer, 10), "name", "X", "email", "x@rossi.example", "language", "en", "role", "admin").
		want(t, http.StatusNotFound)
	admin.post("/users/"+strconv.FormatInt(p.member.ID, 10), "name", "X", "role", "manager", "domains", id).want(t, http.StatusUnprocessableEntity)
	// An admin makes no operator, and does not touch the one there is.
	admin.post("/users/"+strconv.FormatInt(p.member.ID, 10), "name", "Team Member", "role", "team_member", "operator", "on").
		want(t, http.StatusSeeOther)
	admin.get("/users/"+strconv.FormatInt(p.operator.ID, 10)).want(t, http.StatusForbidden)
	admin.post("/users/"+strconv.FormatInt(p.operator.ID, 10)+"/link").want(t, http.StatusForbidden)
	if got, err := p.Store.User(t.Context(), p.member.ID); err != nil || got.Operator || got.Role != migration.TeamMember {
		t.Errorf("%+v, %v", got, err)
	}
	if users, err := p.Store.Users(t.Context(), store.AnyCustomer); err != nil || len(users) != 8 {
		t.Errorf("%d users, %v", len(users), err)
	}
}
