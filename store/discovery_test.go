package store

import (
	"errors"
	"testing"

	"trasloco/migration"
)

func TestASearchIsStoredByDomain(t *testing.T) {
	p := newPanel(t)
	ctx, m := t.Context(), p.draft(t, "anna")
	check(t, p.WantDiscovery(ctx, p.customer, m.ID, "rossi.example", "verdi.example"))
	check(t, p.WantDiscovery(ctx, p.customer+1, m.ID, "foreign.example"))
	jobs := must(p.DiscoveriesToMake(ctx, 10))(t)
	if len(jobs) != 2 || jobs[0].Domain != "rossi.example" || jobs[0].MigrationID != m.ID || jobs[0].Customer != p.customer {
		t.Fatalf("to look for %+v", jobs)
	}
	found := migration.Suggestion{Host: "imaps.aruba.it", Port: 993, How: migration.FoundByMX}
	check(t, p.FinishDiscovery(ctx, jobs[0].ID, found))
	check(t, p.FinishDiscovery(ctx, jobs[1].ID, migration.Suggestion{}))
	if err := p.FinishDiscovery(ctx, jobs[1].ID, found); !errors.Is(err, migration.ErrConflict) {
		t.Errorf("what is over was found: %v", err)
	}
	all := must(p.Discoveries(ctx, p.customer, m.ID))(t)
	if d := all["rossi.example"]; !d.Done || d.Found != found {
		t.Errorf("found %+v", d)
	}
	if d := all["verdi.example"]; !d.Done || d.Found.Host != "" {
		t.Errorf("found %+v where there is nothing", d)
	}
	if len(must(p.Discoveries(ctx, p.customer+1, m.ID))(t)) > 0 {
		t.Error("another customer sees it")
	}

	for range 3 { // as rows of them fail, one by one
		check(t, p.WantDiscovery(ctx, p.customer, m.ID, "rossi.example", "verdi.example"))
	}
	check(t, p.SearchAgain(ctx, p.customer+1, m.ID))
	if jobs = must(p.DiscoveriesToMake(ctx, 10))(t); len(jobs) != 0 {
		t.Errorf("looked for again, and nobody asked for it: %+v", jobs)
	}
	for name, again := range map[string]func() error{
		"a file":          func() error { return p.SearchAgain(ctx, p.customer, m.ID) },
		"\"Check again\"": func() error { return p.Recheck(ctx, p.customer, m.ID, p.at) },
	} {
		check(t, again())
		if jobs = must(p.DiscoveriesToMake(ctx, 10))(t); len(jobs) != 1 || jobs[0].Domain != "verdi.example" {
			t.Fatalf("%s has looked for again: %+v", name, jobs)
		}
		check(t, p.FinishDiscovery(ctx, jobs[0].ID, migration.Suggestion{}))
	}
	check(t, p.Delete(ctx, p.customer, &m))
	if left := must(p.DiscoveriesToMake(ctx, 10))(t); len(left) > 0 {
		t.Errorf("the migration is gone, and left %+v", left)
	}
}
