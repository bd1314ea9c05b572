package handlers

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"trasloco/migration"
	"trasloco/static/browsertest"
)

// The pages about people, for axe-core, for a phone and for the eye: light in
// Italian, dark in English.
func TestPagesAboutPeopleKeepNobodyOut(t *testing.T) {
	p := newPanel(t, mailing)
	tab := browsertest.Open(t)
	guest := migration.User{CustomerID: p.customer, Role: migration.Manager, Name: "Giulia Conti", Email: "giulia.conti@rossi.example", DomainIDs: []int64{p.domains[1].ID}}
	check(t, p.Store.Invite(t.Context(), &guest, p.newLink()))
	link := p.mailed(guest)
	blocked := p.byEmail(p.member.Email)
	blocked.BlockedAt = p.clock.now()
	check(t, p.Store.SaveUser(t.Context(), p.customer, blocked))
	p.draft("anna")
	p.factorOn(p.as(p.manager))
	check(t, p.Store.OfferFactor(t.Context(), p.operator.ID, migration.NewSecret("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")))
	tab.Language("it")
	for _, page := range []string{"/forgot", link} {
		tab.Go(p.site.URL + page)
		p.look(tab, strings.Split(page, "/")[1]+"-light")
	}
	p.signIn(tab)
	pages := map[string]string{
		"users": "/users", "invite": "/users/new", "user": numbered("/users", guest.ID), "user-blocked": numbered("/users", p.member.ID),
		"user-self": numbered("/users", p.operator.ID), "user-factor": numbered("/users", p.manager.ID),
		"user-delete": numbered("/users", guest.ID, "/delete"), "factor-reset": numbered("/users", p.manager.ID, "/factor"),
		"domains": "/domains", "domain": numbered("/domains", p.domains[0].ID), "domain-used": numbered("/domains", p.domains[1].ID),
		"domain-delete": numbered("/domains", p.domains[0].ID, "/delete"),
		"customers":     "/customers", "customer-new": "/customers/new", "customer": numbered("/customers", p.stranger.CustomerID),
		"profile": "/profile", "factor-offered": "/profile/factor", "destinations": "/destinations",
	}
	looks := []struct{ language, scheme string }{{"it", "light"}, {"en", "dark"}}
	for _, look := range looks {
		user := p.byEmail(operatorEmail)
		user.Language = look.language
		check(t, p.Store.SavePreferences(t.Context(), user))
		tab.Scheme(look.scheme) // before the page: axe-core would meet colours on their way
		for name, page := range pages {
			tab.Go(p.site.URL + page)
			p.look(tab, name+"-"+look.scheme)
		}
	}
	tab.Check()
}

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
