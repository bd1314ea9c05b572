package handlers

import (
	"context"
	"fmt"
	"net"
	"net/http/httptest"
	"strings"
	"testing"

	"trasloco/migration"
	"trasloco/static/browsertest"
)

// show fetches a state with a browser without scripts.
func (s state) show(t testing.TB, p *browsertest.Plain) browsertest.Sheet {
	t.Helper()
	page := p.Get(s.path)
	if s.action != "" {
		form := p.Form(page, s.action)
		if len(s.fields) > 0 && s.fields[0] == "!action" {
			form.Action = s.fields[1]
			page = p.Send(form, s.fields[2:]...)
		} else {
			page = p.Send(form, s.fields...)
		}
	}
	if page.Code != s.code {
		t.Errorf("%s: %s answers %d, want %d", s.name, s.path, page.Code, s.code)
	}
	return page
}

// bracketed serves a panel's pages with every text between brackets.
func bracketed(t testing.TB, p *panel, in func(context.Context) context.Context) *httptest.Server {
	t.Helper()
	site := httptest.NewUnstartedServer(p.Server)
	site.Config.BaseContext = func(net.Listener) context.Context { return in(context.Background()) }
	site.Start()
	t.Cleanup(site.Close)
	return site
}

// face is how a state is shown in Chromium.
type face struct {
	language      string
	theme         migration.Theme
	width, height int64
}

func (f face) name() string { return fmt.Sprintf("%s-%s-%d", f.language, f.theme, f.width) }

// settle makes the users of the gallery wish for a language and a theme.
func (g *gallery) settle(f face) {
	g.t.Helper()
	for _, user := range []*migration.User{&g.operator, &g.member, &g.manager, &g.stranger} {
		user.Language, user.Theme = f.language, f.theme
		check(g.t, g.Store.SavePreferences(g.t.Context(), *user))
	}
}

// sendForm sends a form of the page in Chromium with other values.
const sendForm = `((ending, fields) => {
	const form = [...document.forms].find(form => new URL(form.getAttribute("action") ?? "", location).pathname.endsWith(ending));
	if (!form) throw new Error("no form: " + document.body.innerText);
	for (const [name, value] of fields) {
		if (name === "!action") { form.setAttribute("action", value); continue; }
		const all = [...form.elements].filter(field => field.name === name);
		const field = all.find(field => field.type === "radio" && field.value === value) ?? all.find(field => field.type !== "radio");
		if (!field) continue;
		if (field.type === "radio") field.checked = true;
		else if (field.localName === "button") { const extra = document.createElement("input"); extra.type = "hidden"; extra.name = name; extra.value = value; form.append(extra); }
		else field.value = value;
	}
	window.left = true;
	HTMLFormElement.prototype.submit.call(form);
})(%s, %s)`

// inChromium shows a state in a tab.
func (g *gallery) inChromium(tab *browsertest.Tab, s state, f face) {
	g.t.Helper()
	site := g.panelOf(s).site
	user := s.who(g.panel)
	if seen := fmt.Sprint(site.URL, user); seen != g.seen {
		tab.ForgetCookies()
		if g.seen = seen; user != nil {
			tab.SignIn(site.URL, g.as(*user).cookies())
		}
	}
	if f.language != g.shown.language {
		tab.Language(f.language)
	}
	if f.theme != g.shown.theme {
		tab.Scheme(map[migration.Theme]string{migration.ThemeDark: "dark"}[f.theme])
	}
	tab.Size(f.width, f.height)
	g.shown = f
	tab.Go(site.URL + s.path)
	if s.action == "" {
		return
	}
	pairs := []string{}
	for i := 0; i+1 < len(s.fields); i += 2 {
		pairs = append(pairs, fmt.Sprintf("[%q, %q]", s.fields[i], s.fields[i+1]))
	}
	browsertest.Ask[any](tab, fmt.Sprintf(sendForm, fmt.Sprintf("%q", s.action), "["+strings.Join(pairs, ", ")+"]"))
	tab.Wait(`!window.left && document.readyState === "complete" && document.fonts.status === "loaded"`)
}
