package handlers

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"trasloco/migration"
	"trasloco/static/browsertest"
)

// look at a page: nothing for axe-core, nothing that a phone scrolls sideways.
func (p *panel) look(tab *browsertest.Tab, name string) {
	p.t.Helper()
	tab.Size(1440, 900)
	tab.Axe()
	tab.Shot(name + "-1440")
	tab.Size(320, 640)
	tab.Wait(`document.documentElement.scrollWidth <= innerWidth`)
	tab.Size(390, 844)
	tab.Shot(name + "-390")
}

// From the invitation to a login with a second factor, as a browser walks it.
func TestTheWayInInABrowser(t *testing.T) {
	p := newPanel(t, mailing)
	guest := migration.User{CustomerID: p.customer, Role: migration.Admin, Name: "Giulia Conti", Email: "giulia@rossi.example", Language: "it"}
	check(t, p.Store.Invite(t.Context(), &guest, p.newLink()))
	tab := browsertest.Open(t)
	tab.Go(p.site.URL + p.mailed(guest))
	tab.Expect("422")
	tab.Fill("#new_password", "short")
	tab.Click("form .btn-primary")
	tab.Wait(`document.activeElement?.id === "errors"`)
	tab.Axe()
	tab.Fill("#new_password", newPassword)
	tab.Click("form .btn-primary")
	tab.Wait(`location.pathname === "/migrations"`)

	tab.Go(p.site.URL + "/profile/factor")
	tab.Click(`form[action="/profile/factor/offer"] button`)
	tab.Wait(`document.querySelector("#secret") && document.querySelector(".t-qr img").naturalWidth > 0`)
	a := app{p, strings.ReplaceAll(tab.Text("#secret"), " ", "")}
	tab.Fill("#code", a.code())
	tab.Click(`form[action="/profile/factor/confirm"] button`)
	tab.Wait(`document.querySelectorAll(".t-codes li").length === 10`)
	p.look(tab, "codes")
	tab.Go(p.site.URL + "/profile/factor")
	p.look(tab, "factor-on")
	tab.Size(1440, 900)
	tab.Click(`.t-side button[aria-label="Esci"]`)
	tab.Wait(`location.pathname === "/login"`)

	tab.Fill("#email", guest.Email)
	tab.Fill("#password", newPassword)
	tab.Click("form .btn-primary")
	tab.Wait(`location.pathname === "/login/code" && document.activeElement?.id === "code"`)
	p.look(tab, "code")
	tab.Expect("422")
	tab.Fill("#code", a.wrong())
	tab.Click("form .btn-primary")
	tab.Wait(`document.activeElement?.id === "errors"`)
	tab.Axe()
	p.clock.pass(factorPeriod * time.Second)
	tab.Fill("#code", a.code())
	tab.Click("form .btn-primary")
	tab.Wait(`location.pathname === "/migrations"`)

	// A user is deleted in a dialog above the list.
	tab.Go(p.site.URL + "/users")
	tab.Click(`a[href="` + numbered("/users", p.member.ID, "/delete") + `"]`)
	tab.Wait(`document.querySelector("dialog")?.open`)
	tab.Click("dialog .btn-danger")
	tab.Wait(`location.pathname === "/users" && document.querySelector("#flash").textContent.includes("Team Member")`)
	p.as(p.operator).get(numbered("/users", p.member.ID)).want(t, http.StatusNotFound)
	tab.Check()
}
