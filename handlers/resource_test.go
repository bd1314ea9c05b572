package handlers

import (
	"net/http"
	"strings"
	"testing"

	"trasloco/migration"
)

// Both passes stand beside each other, folder by folder, with what changed.
func TestResourceComparesItsPasses(t *testing.T) {
	p := newPanel(t)
	m := p.running("anna")
	address := path("migrations", m.Code, "resources", 1)
	checkComplete(t, p.as(p.member).get(address).want(t, http.StatusOK, "Nothing has been copied yet.", "This pass has not begun yet.").body)
	run := p.ran(m, migration.RunDone, migration.Tally{Listed: 15, Copied: 7, Skipped: 6, Failed: 2, Bytes: 4096}, someLeft()...)
	check(t, p.Store.SaveFolders(t.Context(), p.customer, run.ID, []migration.FolderTally{
		{Name: "Vecchi", Destination: "Vecchi", State: migration.FolderDone, Tally: migration.Tally{Listed: 2, Copied: 2}},
	}))
	first := p.as(p.member).get(address).want(t, http.StatusOK, "7</strong>", "3 were left out:", "2 refused by the server, 1 over", address+"/log/1", "2 failed")
	if strings.Contains(first.body, "What changed") {
		t.Error("one pass alone is compared")
	}
	m = p.finishPass(m)
	check(t, p.Store.BeginPass(t.Context(), p.customer, &m.Passes[1]))
	m = p.reread(m)
	jobs, err := p.Store.Claimable(t.Context(), p.clock.now(), 10)
	check(t, err)
	second := jobs[0].Run
	check(t, p.Store.MoveRun(t.Context(), p.customer, &second, migration.RunConnecting))
	check(t, p.Store.MoveRun(t.Context(), p.customer, &second, migration.RunCopying))
	check(t, p.Store.SaveFolders(t.Context(), p.customer, second.ID, []migration.FolderTally{
		{Name: "INBOX", Destination: "INBOX", State: migration.FolderDone, Tally: migration.Tally{Listed: 12, Copied: 4, Present: 7, Skipped: 1}},
		{Name: "Nuovi", Destination: "Nuovi", State: migration.FolderDone, Tally: migration.Tally{Listed: 1, Copied: 1}},
	}))
	second.Tally = migration.Tally{Listed: 13, Copied: 5, Present: 7, Skipped: 1}
	check(t, p.Store.MoveRun(t.Context(), p.customer, &second, migration.RunDone))
	page := p.as(p.member).get(address).want(t, http.StatusOK,
		"What changed", "4 new messages · 2 that had failed are there now", "11 of 12", "7 of 10", "new folder", "no longer at the source", address+"/log/2")
	checkComplete(t, page.body)
	p.as(p.stranger).get(address).want(t, http.StatusNotFound)
	p.as(p.member).get(path("migrations", m.Code, "resources", 2)).want(t, http.StatusNotFound)
}
