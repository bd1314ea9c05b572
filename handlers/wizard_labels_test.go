package handlers

import (
	"net/http"
	"testing"

	"trasloco/migration"
)

// The labels and the limit of a Gmail migration are chosen with its folders, shown in
// the review, and given to its runs (M-2, M-5).
func TestLabelsAreChosenPerMigration(t *testing.T) {
	p := newPanel(t)
	for language, user := range map[string]migration.User{"Italian": p.operator, "English": p.member} {
		t.Run(language, func(t *testing.T) {
			w := p.inWizard(user)
			w.post("server", "server", "gmail")
			w.upload("anna@rossi.example;;anna@corp.example;APP-PASSWORD\n")
			w.inspected(someFolders())
			w.see("folders").want(t, http.StatusOK, `value="2500"`, `value="once"`)
			for _, form := range [][]string{
				{"labels", "all", "day_limit", "2500"},
				{"labels", "once", "day_limit", ""},
				{"labels", "once", "day_limit", "99"},
				{"labels", "once", "day_limit", "1000001"},
				{"labels", "once", "day_limit", "9223372036854775807"},
			} {
				w.post("labels", form...).want(t, http.StatusUnprocessableEntity, `value="`+form[3]+`"`)
			}
			if got := w.migration().Gmail; got != (migration.GmailChoice{}) {
				t.Errorf("chosen without a choice: %+v", got)
			}
			w.post("labels?from=review", "labels", "copies", "day_limit", "500").wantGoTo(t, w.path("folders")+"?from=review")
			want := migration.GmailChoice{Labels: migration.LabelsCopied, DayLimit: 500_000_000}
			if got := w.migration().Gmail; got != want {
				t.Errorf("chosen %+v, want %+v", got, want)
			}
			w.post("labels", "version", "1", "labels", "once", "day_limit", "500").want(t, http.StatusConflict)
			w.post("first", "first", "asap")
			w.post("second", "second", "gap")
			w.see("review").want(t, http.StatusOK, " 500 mil", w.path("folders?from=review#gmail"))
			w.wantClean("APP-PASSWORD")
		})
	}
	w := p.toFolders(p.operator)
	w.post("labels", "labels", "once", "day_limit", "500").want(t, http.StatusConflict) // no Gmail
}
