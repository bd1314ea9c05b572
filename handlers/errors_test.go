package handlers

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"trasloco/migration"
)

// What went wrong is said with what to do: the page again where that may help,
// and a person where only one can.
func TestErrorPagesSayWhatToDo(t *testing.T) {
	p := newPanel(t, func(o *Options) { o.Support = Support{Name: "Posta Rossi", Email: "aiuto@rossi.example"} })
	failing := map[string]error{
		"403": migration.ErrForbidden, "404": migration.ErrNotFound, "409": migration.ErrConflict,
		"422": echo.NewHTTPError(http.StatusUnprocessableEntity), "429": echo.NewHTTPError(http.StatusTooManyRequests), "500": http.ErrBodyNotAllowed,
	}
	for code, err := range failing {
		p.echo.Any("/fails/"+code, func(echo.Context) error { return err }, p.require(signedIn))
	}
	tests := []struct {
		code          string
		again, person bool
		says          string
	}{
		{"403", false, true, "Your account may not do this."},
		{"404", false, false, "There is no such page."},
		{"409", true, false, "Something has changed in the meantime."},
		{"422", false, false, "Something in the form does not fit."},
		{"429", true, false, "Too many attempts."},
		{"500", true, true, "The mistake is ours."},
	}
	for _, tt := range tests {
		t.Run(tt.code, func(t *testing.T) {
			for _, b := range []*browser{p.as(p.operator), p.as(p.member)} {
				page := b.get("/fails/" + tt.code + "?a=b")
				checkComplete(t, page.body)
				if got := strings.Contains(page.body, `href="/fails/`+tt.code+`?a=b"`); got != tt.again {
					t.Errorf("the page again: %v", got)
				}
				if got := strings.Contains(page.body, "aiuto@rossi.example"); got != tt.person {
					t.Errorf("a person: %v", got)
				}
			}
			code, err := strconv.Atoi(tt.code)
			check(t, err)
			p.as(p.member).get("/fails/"+tt.code).want(t, code, tt.says)
			b := p.as(p.member)
			b.header.Set("Referer", p.site.URL+"/migrations?q=x")
			if got := strings.Contains(b.post("/fails/"+tt.code).body, `href="/migrations?q=x"`); got != tt.again {
				t.Errorf("back to the form: %v", got)
			}
			b.header.Set("Referer", "https://elsewhere.example/migrations?q=y")
			if strings.Contains(b.post("/fails/"+tt.code).body, "q=y") {
				t.Error("it leads to another site's address")
			}
		})
	}
}
