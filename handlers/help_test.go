package handlers

import (
	"html"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"trasloco/locale"
	"trasloco/migration"
	"trasloco/views"
)

// Every user reads the guide, in both languages; whoever runs the panel is named.
func TestGuide(t *testing.T) {
	p := newPanel(t, func(o *Options) { o.Support = Support{Name: "Posta Rossi", Email: "aiuto@rossi.example"} })
	for _, user := range []migration.User{p.operator, p.manager} {
		b := p.as(user)
		contents := b.get("/help").want(t, http.StatusOK, "Posta Rossi", "mailto:aiuto@rossi.example")
		checkComplete(t, contents.body)
		for _, topic := range views.HelpTopicNames() {
			if !strings.Contains(contents.body, `href="/help/`+topic+`"`) {
				t.Errorf("the contents lack %s", topic)
			}
			page := b.get("/help/"+topic).want(t, http.StatusOK, "Posta Rossi", `href="/help"`)
			checkComplete(t, page.body)
			if strings.Contains(page.body, "**") || strings.Contains(page.body, "guide.") {
				t.Errorf("%s shows marks or keys", topic)
			}
		}
		b.get("/help/nothing").want(t, http.StatusNotFound)
	}
	p.anonymous().get("/help/mx").wantGoTo(t, "/login?next=%2Fhelp%2Fmx")
	none := newPanel(t, func(o *Options) { o.Support = Support{} })
	none.as(none.member).get("/help").want(t, http.StatusOK, "has not named a contact yet")
}

// Whatever the checks and the logs may say stands in the guide, with its remedy
// and at a place of its own that the logs lead to.
func TestGuideHasEveryRemedyOfTheCatalogue(t *testing.T) {
	p := newPanel(t)
	page := p.as(p.member).get("/help/remedies").want(t, http.StatusOK).body
	ctx := locale.With(t.Context(), locale.English)
	for group, atLeast := range map[string]int{"reason": 14, "class": 18} {
		codes := locale.Codes(group)
		if len(codes) < atLeast {
			t.Errorf("%s has only %v", group, codes)
		}
		for _, code := range codes {
			_, row, found := strings.Cut(page, `id="`+group+"-"+code+`"`)
			row, _, _ = strings.Cut(row, "</tr>")
			row = html.UnescapeString(row)
			for _, key := range []string{group + "." + code, group + "." + code + ".fix"} {
				if text := locale.T(ctx, key, nil); !found || !strings.Contains(row, text) {
					t.Errorf("the guide lacks %s: %q", key, text)
				}
			}
		}
	}
	for _, reason := range []migration.Reason{migration.ReasonRefused, migration.ReasonOversize, migration.ReasonRenumbered} {
		_, anchor, _ := strings.Cut(views.HelpRemedy("reason", string(reason)), "#")
		if !strings.Contains(page, `id="`+anchor+`"`) {
			t.Errorf("nothing stands where logs lead to: %s", anchor)
		}
	}
}

// The steps of the wizard lead to the topic they are about, beside the form.
func TestWizardLeadsToTheGuide(t *testing.T) {
	p := newPanel(t)
	m := p.draft("anna")
	link := regexp.MustCompile(`href="(/help[a-z/-]*)" rel="noopener" target="_blank"`)
	for step, want := range map[string]string{"server": "/help", "file": "/help/csv"} {
		page := p.as(p.operator).get("/migrations/"+m.Code+"/edit/"+step).want(t, http.StatusOK)
		if got := link.FindStringSubmatch(page.body); got == nil || got[1] != want {
			t.Errorf("step %s leads to %v, want %s", step, got, want)
		}
	}
}
