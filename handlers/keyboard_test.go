package handlers

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"trasloco/migration"
	"trasloco/static/browsertest"
)

// typist has no mouse.
type typist struct {
	t   *testing.T
	tab *browsertest.Tab
}

// focused says what has the focus, and what is wrong with how that is seen.
const focused = `new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(drawn))).then(() => {
	const here = document.activeElement, look = getComputedStyle(here), seen = here.matches("input[type=radio], input[type=checkbox]") ? here.closest("label, div") ?? here : here;
	const ring = element => { const s = getComputedStyle(element); return s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2 || s.boxShadow !== "none"; };
	const box = here.getBoundingClientRect();
	// The browser's own picture of a calendar, inside of the field, has a ring of its own.
	const picker = here.matches("input[type=date], input[type=time]") && !here.matches(":focus-visible");
	return [here === document.body ? "" : here.localName + "#" + here.id + "." + here.className,
		here === document.body || picker || ring(here) || ring(seen) ? "" : "shows no ring",
		here === document.body || box.width > 0 && box.bottom > 0 && box.top < innerHeight ? "" : "is out of sight"];
})`

// reach presses Tab until an element has the focus. Whatever is passed on the
// way must show that it has it.
func (k *typist) reach(selector string) {
	k.t.Helper()
	is := fmt.Sprintf(`document.activeElement?.matches(%q)`, selector)
	for range 120 {
		if browsertest.Ask[bool](k.tab, is) {
			return
		}
		k.tab.Press("\t")
		if at := browsertest.Ask[[]string](k.tab, focused); at[1]+at[2] != "" {
			k.t.Errorf("%s: %s %s %s", k.tab.Location(), at[0], at[1], at[2])
		}
	}
	k.t.Fatalf("%s: Tab does not lead to %s", k.tab.Location(), selector)
}

// send presses Enter and waits for the page it leads to.
func (k *typist) send() {
	k.t.Helper()
	browsertest.Ask[bool](k.tab, "window.left = true")
	k.tab.Press("\r")
	k.tab.Wait("!window.left && document.readyState === 'complete' && document.fonts.status === 'loaded'")
}

// next goes to the main button of the page and presses it.
func (k *typist) next() { k.t.Helper(); k.reach("main .btn-primary"); k.send() }

// From the login to Migra, without ever touching a mouse.
func TestWizardByKeyboardAlone(t *testing.T) {
	p := newPanel(t)
	tab := browsertest.Open(t)
	tab.Language("it")
	tab.Scheme("light") // with reduced motion: nothing moves while one looks
	k := &typist{t, tab}
	tab.Go(p.site.URL + "/login")
	k.reach("#email")
	tab.Press(operatorEmail)
	k.reach("#password")
	tab.Press(operatorPassword)
	k.send()
	tab.Wait(`location.pathname === "/migrations"`)

	// The first thing that Tab finds leads past the navigation.
	tab.Press("\t")
	tab.Wait(`document.activeElement.matches(".t-skip")`)
	tab.Press("\r")
	tab.Wait(`location.hash === "#main"`)
	k.next()
	tab.Wait(`location.pathname.endsWith("/edit/server")`)
	code := strings.Split(tab.Location(), "/")[4]

	k.reach("input[name=server]")
	tab.Press(kb.ArrowDown)
	tab.Wait(`document.querySelector("input[name=server][value=gmail]").checked`)
	tab.Press(kb.ArrowUp)
	tab.Wait(`document.querySelector("input[name=server][value=standard]").checked`)
	k.reach("details summary")
	tab.Press(" ")
	tab.Wait(`document.activeElement.parentElement.open`)
	k.next()

	k.reach("#rows")
	tab.Press("anna@rossi.example;192.0.2.25;anna;SECRET-anna")
	tab.Press("\r")
	tab.Press("dora@rosi.example;192.0.2.25;dora;SECRET-dora")
	k.next()
	tab.Wait(`document.querySelector("#row-2-edit")`)
	k.reach("#destination-2")
	tab.Press(kb.End)
	for range "rosi.example" {
		tab.Press(kb.Backspace)
	}
	tab.Press("rossi.example")
	k.send() // Enter in a field sends its form
	w := &wizardUser{panel: p, browser: p.as(p.operator), code: code}
	w.checked(map[string]migration.Check{"dora": refused("source", "login")})
	tab.Go(p.site.URL + w.path("file"))
	k.reach("#skip")
	tab.Press(" ")
	tab.Wait(`document.querySelector("#skip").checked`)
	k.next()
	for range 6 {
		if strings.HasSuffix(tab.Location(), "/edit/first") {
			k.reach("input[name=first]")
			tab.Press(kb.ArrowDown)
			tab.Wait(`document.activeElement.matches("input[name=first]:checked")`)
		}
		if strings.HasSuffix(tab.Location(), "/migrations/"+code) {
			break
		}
		k.next()
	}
	tab.Wait(fmt.Sprintf(`location.pathname === "/migrations/%s"`, code))
	if m, err := p.Store.Migration(t.Context(), p.customer, code); err != nil || m.Validity == migration.Draft {
		t.Errorf("%v, %v", m.Validity, err)
	}
}
