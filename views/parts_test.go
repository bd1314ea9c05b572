package views_test

import (
	"fmt"
	"net/http"
	"testing"

	"trasloco/static/browsertest"
	"trasloco/views"
	"trasloco/views/ui"
)

// Every part in every state, as a reader with a screen reader meets it.
func TestPartsKeepNobodyOut(t *testing.T) {
	site := newSite(t)
	site.show("/parts", http.StatusOK, site.parts())
	tab := browsertest.Open(t)
	looks := []struct {
		lang, scheme string
		width        int64
	}{{"en", "light", 1440}, {"en", "dark", 390}, {"it", "dark", 1440}, {"it", "light", 390}}
	for _, look := range looks {
		tab.Language(look.lang)
		tab.Scheme(look.scheme)
		tab.Size(look.width, 900)
		tab.Go(site.URL + "/parts")
		tab.Axe()
		tab.Shot(fmt.Sprintf("parts-%s-%d-%s", look.lang, look.width, look.scheme))
		if wide := browsertest.Ask[int64](tab, `document.documentElement.scrollWidth`); wide > look.width {
			t.Errorf("%v: the page is %d wide", look, wide)
		}
	}
	if fonts := browsertest.Ask[int](tab, `[...document.fonts].filter(f => f.status === "loaded").length`); fonts < 2 {
		t.Errorf("%d fonts loaded", fonts)
	}
}

func TestFramesKeepNobodyOut(t *testing.T) {
	site := newSite(t)
	page := site.page("Una pagina")
	page.Demo = "This is a demonstration."
	stranger := page
	stranger.User.ID = 0
	site.show("/wizard", http.StatusOK, inside(views.WizardShell(page, views.WizardFrame{
		Saved: "Draft saved at 13:42", Steps: []ui.Step{{Name: "Server", Href: "/", State: ui.StepDone}, {Name: "CSV file", State: ui.StepNow}, {Name: "Pass 1"}},
	}), views.WizardHead(page, "Upload the CSV file", "One row for each mailbox.")))
	site.show("/lost", http.StatusNotFound, views.Error(views.ErrorPage{Page: page, Code: http.StatusNotFound}))
	site.show("/broken", http.StatusInternalServerError, views.Error(views.ErrorPage{Page: stranger, Code: http.StatusInternalServerError, RequestID: "ABCDEFGH"}))
	tab := browsertest.Open(t)
	tab.Expect("status of 404")
	tab.Expect("status of 500")
	for _, path := range []string{"wizard", "lost", "broken"} {
		for scheme, width := range map[string]int64{"light": 1440, "dark": 390} {
			tab.Scheme(scheme)
			tab.Size(width, 900)
			tab.Go(site.URL + "/" + path)
			tab.Axe()
			tab.Shot(fmt.Sprintf("%s-%d-%s", path, width, scheme))
		}
	}
}
