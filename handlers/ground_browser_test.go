package handlers

import (
	"testing"

	"trasloco/static/browsertest"
)

// The way from the first start into the panel, as a browser walks it.
func TestFirstStartInABrowser(t *testing.T) {
	p := newEmptyPanel(t)
	p.desk.serverTest = goodTest()
	tab := browsertest.Open(t)
	tab.Language("it")
	tab.Go(p.site.URL + "/")
	tab.Wait(`location.pathname === "/setup"`)
	tab.Axe()
	tab.Shot("setup")

	fields := destinationFields()
	for i := 0; i < len(fields); i += 2 {
		switch fields[i] {
		case "tls", "auth", "pin", "port", "separator":
		default:
			tab.Fill("#"+fields[i], fields[i+1])
		}
	}
	tab.Fill("#password", "a house on the road")
	tab.Click(`button[value="test"]`)
	tab.Wait(`document.querySelectorAll("#test .t-test li").length === 5`)
	// Only the result was put into the page: what was typed stands, passwords too.
	tab.Wait(`document.querySelector("#master_password").value === "hunter2-MASTER"`)
	tab.Wait(`document.querySelector("#password").value === "a house on the road"`)
	tab.Axe()
	tab.Shot("setup-tested")

	tab.Fill("#name", "Laura Bianchi")
	tab.Fill("#email", operatorEmail)
	tab.Fill("#customer", "Studio Rossi")
	tab.Fill("#domains", "rossi.example\nno domain")
	tab.Expect("422")
	tab.Click(`button[value="save"]`)
	tab.Wait(`document.activeElement?.id === "errors"`)
	tab.Axe()
	tab.Shot("setup-refused")
	tab.Fill("#domains", "rossi.example")
	tab.Fill("#password", "a house on the road")
	tab.Fill("#master_password", "hunter2-MASTER")
	tab.Click(`button[value="save"]`)
	tab.Wait(`location.pathname === "/migrations"`)

	for name, path := range map[string]string{"profile": "/profile", "destinations": "/destinations", "destination": "/destinations/1", "error": "/nothing"} {
		if name == "error" {
			tab.Expect("404")
		}
		tab.Go(p.site.URL + path)
		tab.Axe()
		tab.Shot(name)
	}
	tab.Go(p.site.URL + "/profile")
	tab.Click(`.t-side button[aria-label="Esci"]`)
	tab.Wait(`location.pathname === "/login"`)
	tab.Axe()
	tab.Shot("login")
	tab.Check()
}

// The same with scripts off: the test is a page of its own, and passwords have
// to be typed again.
func TestFirstStartWithoutScripts(t *testing.T) {
	p := newEmptyPanel(t)
	p.desk.serverTest = goodTest()
	tab := browsertest.Open(t)
	tab.Scripts(false)
	tab.Go(p.site.URL + "/setup")
	fields := setUpFields()
	for i := 0; i < len(fields); i += 2 {
		switch fields[i] {
		case "tls", "auth", "pin", "port", "separator":
		default:
			tab.Fill("#"+fields[i], fields[i+1])
		}
	}
	tab.Click(`button[value="test"]`)
	tab.Wait(`location.hash === "#test" && document.querySelectorAll("#test .t-test li").length === 5`)
	tab.Wait(`document.querySelector("#customer").value === "Studio Rossi" && document.querySelector("#master_password").value === ""`)
	tab.Fill("#password", "a house on the road")
	tab.Fill("#master_password", "hunter2-MASTER")
	tab.Click(`button[value="save"]`)
	tab.Wait(`location.pathname === "/migrations"`)
	tab.Check()
}
