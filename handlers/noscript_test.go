package handlers

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"trasloco/static/browsertest"
)

// sent is a form of a page, by one of its buttons.
type sent struct {
	state  state
	form   browsertest.Form
	button browsertest.FormButton
}

func (s sent) action() string {
	if s.button.Action != "" {
		return s.button.Action
	}
	return s.form.Action
}

// late says how late a form is sent: what deletes, cancels or signs out makes the
// others pointless.
func (s sent) late() (last int) {
	for i, word := range []string{"start", "pause", "resume", "/migrations/M-", "/profile/sessions/", "/users/", "cancel", "delete", "logout", "password", "others"} {
		if strings.Contains(s.action(), word) && !strings.Contains(s.action(), "/edit/") {
			last = i + 1
		}
	}
	return last
}

// forms returns every form of every state once, by each of its buttons.
func (g *gallery) forms(t *testing.T) (all []sent) {
	t.Helper()
	seen := map[string]bool{}
	for _, s := range g.states {
		if s.empty {
			continue
		}
		p := g.visitor(t, s)
		page := s.show(t, p)
		needsNoScript(t, s, page)
		for _, form := range page.Forms() {
			for _, button := range form.Buttons {
				one := sent{s, form, button}
				if key := fmt.Sprint(one.action(), button.Name, button.Value, form.Method); !seen[key] {
					seen[key] = true
					all = append(all, one)
				}
			}
			if len(form.Buttons) == 0 && form.ID == "" && len(form.Values) > 0 && form.Method != http.MethodGet {
				t.Errorf("%s: the form for %s has no button", s.name, form.Action)
			}
		}
	}
	slices.SortStableFunc(all, func(a, b sent) int { return a.late() - b.late() })
	return all
}

// visitor returns the browser of who looks at a state: one for each user, so that
// the sessions that pages show are those there are.
func (g *gallery) visitor(t *testing.T, s state) *browsertest.Plain {
	t.Helper()
	user := s.who(g.panel)
	if user == nil {
		return browsertest.NewPlain(t, g.site.URL)
	}
	if g.visitors[user] == nil {
		g.visitors[user] = browsertest.NewPlain(t, g.site.URL)
		g.visitors[user].SetCookies(g.as(*user).cookies()...)
	}
	return g.visitors[user]
}

// needsNoScript: what htmx does to an element, the element does without it too.
func needsNoScript(t *testing.T, s state, page browsertest.Sheet) {
	t.Helper()
	for _, node := range page.All(func(n *html.Node) bool {
		return browsertest.Attr(n, "hx-get")+browsertest.Attr(n, "hx-post") != ""
	}) {
		inForm := false
		for parent := node; parent != nil; parent = parent.Parent {
			inForm = inForm || parent.Data == "form" && browsertest.Attr(parent, "method") == "post"
		}
		if browsertest.Attr(node, "href") == "" && !inForm && browsertest.Attr(node, "form") == "" {
			t.Errorf("%s: <%s> does nothing without scripts", s.name, node.Data)
		}
	}
}

// Every form of every page can be sent by a browser without scripts, as it
// stands: it is answered with a page that goes on, or with itself and what is to
// be corrected.
func TestEveryFormWorksWithoutScripts(t *testing.T) {
	g := newGallery(t)
	all := g.forms(t)
	if len(all) < 30 {
		t.Errorf("only %d forms: the test looks past the rest", len(all))
	}
	for _, one := range all {
		form := one.form
		form.Action = one.action()
		var fields []string
		if one.button.Name != "" {
			fields = []string{one.button.Name, one.button.Value}
		}
		page := g.visitor(t, one.state).Send(form, fields...)
		isLink := strings.HasPrefix(form.Action, "/invitation/") || strings.HasPrefix(form.Action, "/reset/")
		switch page.Code {
		case http.StatusOK, http.StatusConflict:
		case http.StatusNotFound:
			if !isLink { // which another state may have renewed
				t.Errorf("%s: %s is not there", one.state.name, form.Action)
			}
		case http.StatusUnprocessableEntity:
			if again := slices.ContainsFunc(page.Forms(), func(f browsertest.Form) bool { return f.Action == one.form.Action }); !again {
				t.Errorf("%s: %s is refused without itself to be corrected", one.state.name, form.Action)
			}
			if !strings.Contains(page.Body, `id="errors"`) {
				t.Errorf("%s: %s is refused without a reason", one.state.name, form.Action)
			}
		default:
			t.Errorf("%s: %s %s answers %d: %s", one.state.name, form.Method, form.Action, page.Code, page.Path)
		}
	}
}
