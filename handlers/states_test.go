package handlers

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"trasloco/migration"
	"trasloco/static/browsertest"
	"trasloco/store"
	"trasloco/views"
)

// state is one face of the panel: a page, who looks at it, and the form that was
// sent from it, if one was.
type state struct {
	name, path string
	who        func(p *panel) *migration.User // nil: nobody has signed in
	action     string                         // the end of the form's
	fields     []string                       // name and value
	code       int
	empty      bool // of a panel at its first start
}

func asOperator(p *panel) *migration.User { return &p.operator }
func asMember(p *panel) *migration.User   { return &p.member }
func asManager(p *panel) *migration.User  { return &p.manager }
func asStranger(p *panel) *migration.User { return &p.stranger }
func asNobody(*panel) *migration.User     { return nil }

// gallery is a panel with a migration in each of its states, and all faces of it.
type gallery struct {
	*panel
	first  *panel // at its first start
	codes  map[string]string
	states []state
	shown  face   // how the tab was set last
	seen   string // who was signed in there

	visitors map[*migration.User]*browsertest.Plain
}

// newGallery makes the panel, and collects the pages of all its routes. change
// goes through to the panels.
func newGallery(t testing.TB, change ...func(*Options)) *gallery {
	t.Helper()
	change = append([]func(*Options){demo, func(o *Options) { o.Demo = nil }}, change...)
	g := &gallery{panel: newPanel(t, change...), first: newEmptyPanel(t, change...), codes: map[string]string{}, visitors: map[*migration.User]*browsertest.Plain{}}
	g.desk.serverTest, g.first.desk.serverTest = goodTest(), goodTest()
	g.migrations()
	g.addFailures()
	g.written()
	g.people()
	g.fromRoutes()
	return g
}

// addFailures adds routes that fail, which a panel has none of.
func (g *gallery) addFailures() {
	for status, err := range map[int]error{
		http.StatusConflict: migration.ErrConflict, http.StatusTooManyRequests: echo.NewHTTPError(http.StatusTooManyRequests),
		http.StatusInternalServerError: errors.New("broken"), http.StatusServiceUnavailable: context.DeadlineExceeded,
		http.StatusRequestEntityTooLarge: &http.MaxBytesError{}, http.StatusForbidden: migration.ErrForbidden,
	} {
		for right, who := range map[right]func(*panel) *migration.User{anybody: asNobody, signedIn: asOperator} {
			path := fmt.Sprintf("/failure/%d/%d", right, status)
			g.echo.GET(path, func(echo.Context) error { return err }, g.require(right))
			name := map[bool]string{true: "error-%d-nobody", false: "error-%d"}[right == anybody]
			g.states = append(g.states, state{name: fmt.Sprintf(name, status), path: path, who: who, code: status})
		}
	}
}

// written are the states that no walk over routes finds.
func (g *gallery) written() {
	m := func(name, rest string) string { return "/migrations/" + g.codes[name] + rest }
	edit := func(name, step string) string { return m(name, "/edit/"+step) }
	g.states = append(
		g.states,
		state{name: "setup", path: "/setup", empty: true, who: asNobody, code: 200},
		state{name: "setup-tested", path: "/setup", empty: true, who: asNobody, action: "/setup", fields: setUpFields("action", "test"), code: 200},
		state{name: "setup-refused", path: "/setup", empty: true, who: asNobody, action: "/setup", fields: []string{"action", "save", "domains", "no domain"}, code: 422},
		state{name: "login", path: "/login", who: asNobody, code: 200},
		state{name: "login-refused", path: "/login", who: asNobody, action: "/login", fields: []string{"email", "laura@rossi.example", "password", "wrong"}, code: 422},
		state{name: "error-404-nobody", path: "/nothing", who: asNobody, code: 404},
		state{name: "error-404", path: "/nothing", who: asOperator, code: 404},
		state{name: "list", path: "/migrations", who: asOperator, code: 200},
		state{name: "list-member", path: "/migrations", who: asMember, code: 200},
		state{name: "list-empty", path: "/migrations", who: asStranger, code: 200},
		state{name: "list-no-hit", path: "/migrations?q=nothing", who: asOperator, code: 200},
		state{name: "list-manager", path: "/migrations", who: asManager, code: 200},
		state{name: "wizard-1-server", path: edit("new", "server"), who: asOperator, code: 200},
		state{name: "wizard-1-provider", path: edit("provider", "server"), who: asOperator, code: 200},
		state{name: "wizard-2-provider", path: edit("provider", "file"), who: asOperator, code: 200},
		state{name: "wizard-2-found", path: edit("found", "file"), who: asOperator, code: 200},
		state{name: "wizard-2-weak", path: edit("weak", "file"), who: asOperator, code: 200},
		state{name: "wizard-2-upload", path: edit("upload", "file"), who: asOperator, code: 200},
		state{name: "wizard-2-refused", path: edit("upload", "file"), who: asOperator, action: "/edit/file", fields: []string{"rows", ""}, code: 422},
		state{name: "wizard-2-paused", path: edit("paused draft", "file"), who: asOperator, code: 200},
		state{name: "migration-host-paused", path: m("host paused", ""), who: asMember, code: 200},
		state{name: "migration-full", path: m("full", ""), who: asMember, code: 200},
		state{name: "wizard-2-waiting", path: edit("waiting", "file"), who: asOperator, code: 200},
		state{name: "wizard-2-rows", path: edit("rows", "file"), who: asOperator, code: 200},
		state{name: "wizard-2-rows-refused", path: edit("rows", "file"), who: asOperator, action: "/edit/rows", code: 422},
		state{name: "wizard-2-microsoft", path: edit("microsoft", "file"), who: asOperator, code: 200},
		state{name: "wizard-2-gmail", path: edit("gmail", "file"), who: asOperator, code: 200},
		state{name: "wizard-2-hidden", path: edit("hidden", "file"), who: asOperator, code: 200},
		state{name: "wizard-1-exchange", path: edit("exchange", "server"), who: asOperator, code: 200},
		state{name: "wizard-2-key", path: edit("gmail", "key"), who: asOperator, code: 200},
		state{name: "wizard-2-key-refused", path: edit("gmail", "key"), who: asOperator, action: "/edit/key", fields: []string{"key_text", "{}"}, code: 422},
		state{name: "wizard-2-key-there", path: edit("key", "key"), who: asOperator, code: 200},
		state{name: "wizard-2-delegation", path: edit("delegation", "file"), who: asOperator, code: 200},
		state{name: "wizard-2-labels", path: edit("delegation", "folders"), who: asOperator, code: 200},
		state{name: "wizard-2-labels-refused", path: edit("delegation", "folders"), who: asOperator, action: "/edit/labels", fields: []string{"day_limit", "x"}, code: 422},
		state{name: "wizard-5-gmail", path: edit("delegation", "review"), who: asOperator, code: 200},
		state{name: "wizard-2-ready", path: edit("ready", "file"), who: asOperator, code: 200},
		state{name: "wizard-2-folders", path: edit("ready", "folders"), who: asOperator, code: 200},
		state{name: "wizard-2-folders-none", path: edit("waiting", "folders"), who: asOperator, code: 200},
		state{name: "wizard-conflict", path: edit("ready", "server"), who: asOperator, action: "/edit/server", fields: []string{"version", "1"}, code: 409},
		state{name: "wizard-3-first", path: edit("dates", "first"), who: asOperator, code: 200},
		state{name: "wizard-3-refused", path: edit("dates", "first"), who: asOperator, action: "/edit/first", fields: []string{"first", "at", "date", "", "time", ""}, code: 422},
		state{name: "wizard-4-second", path: edit("dates", "second"), who: asOperator, code: 200},
		state{name: "wizard-4-refused", path: edit("dates", "second"), who: asOperator, action: "/edit/second", fields: []string{"second", "at", "date", "", "time", ""}, code: 422},
		state{name: "wizard-5-review", path: edit("ready", "review"), who: asOperator, code: 200},
		state{name: "migration-cut-over", path: m("cut-over", ""), who: asOperator, code: 200},
		state{name: "log", path: m("log", "/resources/1/log/1"), who: asOperator, code: 200},
		state{name: "log-notable", path: m("log", "/resources/1/log/1?level=warning"), who: asOperator, code: 200},
		state{name: "log-no-such-lines", path: m("log", "/resources/1/log/1?level=failure&folder=INBOX"), who: asOperator, code: 200},
		state{name: "log-exceptions-by-page", path: m("log", "/resources/1/log/1?reason=refused"), who: asManager, code: 200},
		state{name: "log-failed", path: m("log of two", "/resources/1/log/2"), who: asOperator, code: 200},
		state{name: "log-at-work", path: m("log at work", "/resources/1/log/1"), who: asOperator, code: 200},
		state{name: "resource", path: m("log of two", "/resources/1"), who: asOperator, code: 200},
		state{name: "resource-certificate", path: m("certificate", "/resources/1"), who: asMember, code: 200},
		state{name: "resource-not-begun", path: m("phase due", "/resources/1"), who: asOperator, code: 200},
		state{name: "log-not-begun", path: m("log", "/resources/1/log/2"), who: asOperator, code: 200},
		state{name: "resources-log", path: m("log", "/resources"), who: asOperator, code: 200},
		state{name: "migration-with-exceptions", path: m("log", ""), who: asMember, code: 200},
		state{name: "delete-refused", path: m("log", "/delete"), who: asOperator, code: 409},
		state{name: "profile-saved", path: "/profile", who: asOperator, action: "/profile", fields: []string{"name", "Laura Bianchi"}, code: 200},
		state{name: "profile-refused", path: "/profile", who: asOperator, action: "/profile", fields: []string{"name", ""}, code: 422},
		state{name: "destination-tested", path: "/destinations/1", who: asOperator, action: "/destinations/1", fields: append([]string{"!action", "/destinations/1/test"}, destinationFields()...), code: 200},
		state{name: "destination-refused", path: "/destinations/1", who: asOperator, action: "/destinations/1", fields: []string{"host", "no host"}, code: 422},
	)
	for _, topic := range views.HelpTopicNames() {
		g.states = append(g.states, state{name: "help-" + topic, path: "/help/" + topic, who: asManager, code: 200})
	}
	for _, name := range slices.Sorted(maps.Keys(g.codes)) {
		if phase, is := strings.CutPrefix(name, "phase "); is {
			g.states = append(g.states, state{name: "migration-" + strings.ReplaceAll(phase, " ", "-"), path: m(name, ""), who: asOperator, code: 200})
		}
	}
}

// links adds the pages that one comes to by a mail, and the topics of the guide.
func (g *gallery) links() {
	t, ctx := g.t, g.t.Context()
	for name, invites := range map[string]bool{"invitation": true, "reset": false} {
		link := store.Link{Token: migration.NewSecret(newToken())}
		if invites {
			user := migration.User{CustomerID: g.customer, Role: migration.TeamMember, Name: "Team Member", Email: "new@rossi.example", Language: "en"}
			check(t, g.Store.Invite(ctx, &user, link))
		} else {
			_, err := g.Store.RenewLink(ctx, g.customer, g.manager.ID, link)
			check(t, err)
		}
		path := "/" + name + "/" + link.Token.Reveal()
		g.states = append(
			g.states,
			state{name: name, path: path, who: asNobody, code: 200},
			state{name: name + "-refused", path: path, who: asNobody, action: path, fields: []string{"password", "short"}, code: 422},
			state{name: name + "-gone", path: "/" + name + "/gone", who: asNobody, code: 404},
		)
	}
	for _, topic := range regexp.MustCompile(`href="/help/([\w-]+)"`).FindAllStringSubmatch(g.as(g.operator).get("/help").body, -1) {
		if path := "/help/" + topic[1]; !slices.ContainsFunc(g.states, func(s state) bool { return s.path == path }) {
			g.states = append(g.states, state{name: "help-" + topic[1], path: path, who: asOperator, code: 200})
		}
	}
}

// noPages are routes whose answer is no page of the panel.
var noPages = []string{"/healthz", "/static/", "samples", "events", "/demo/", ".txt", ".csv", ".json", ".zip", "/setup", "/failure"}

// fromRoutes adds the page of every route that no state shows yet, so that a new
// route is looked at without anybody thinking of it. With a migration it is
// shown at the MX change; what leads elsewhere is no page.
func (g *gallery) fromRoutes() {
	asset := g.assetName()
	g.links()
	names := map[string]bool{}
	for _, r := range g.routes() {
		isPage := r.method == http.MethodGet && r.weight != streams && !slices.ContainsFunc(noPages, func(part string) bool { return strings.Contains(r.path, part) })
		name := "route-" + strings.Trim(strings.NewReplacer("/", "-", ":", "").Replace(r.path), "-")
		if !isPage || names[name] {
			continue
		}
		names[name] = true
		path := fillFor(g.panel, r.path, g.codes["cut-over"], asset)
		if path == "" || slices.ContainsFunc(g.states, func(s state) bool { return s.path == path && s.action == "" }) {
			continue
		}
		answer := g.as(g.operator).get(path)
		if answer.code == http.StatusOK && strings.HasPrefix(answer.header.Get("Content-Type"), "text/html") {
			g.states = append(g.states, state{name: name, path: path, who: asOperator, code: 200})
		}
	}
}

// fillFor is fill for those who can do without: empty where there is no value for
// a place.
func fillFor(p *panel, path, code, asset string) string {
	values := routeValues(code, asset)
	maps.Copy(values, map[string]string{":user": fmt.Sprint(p.member.ID), ":token": "-"})
	parts := strings.Split(path, "/")
	for i, part := range parts {
		if strings.HasPrefix(part, ":") {
			if values[part] == "" {
				p.t.Logf("%s: no value for %s", path, part)
				return ""
			}
			parts[i] = values[part]
		}
	}
	return strings.Join(parts, "/")
}

// panelOf is where a state is shown.
func (g *gallery) panelOf(s state) *panel {
	if s.empty {
		return g.first
	}
	return g.panel
}
