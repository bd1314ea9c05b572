package store

import (
	"fmt"
	"slices"
	"testing"

	"trasloco/migration"
)

func TestAListIsFiltered(t *testing.T) {
	p := newPanel(t)
	p.name(t, p.draft(t), "draft")
	running := p.name(t, p.running(t, "x"), "running")
	foreign := p.stranger(t)
	theirs := migration.Migration{CustomerID: foreign.CustomerID, UserID: foreign.ID, Name: "theirs", ServerType: migration.Standard}
	check(t, p.CreateDraft(t.Context(), &theirs))
	tests := []struct {
		name   string
		filter MigrationFilter
		want   []string
	}{
		{"nothing", MigrationFilter{}, []string{"theirs", "draft", "running"}},
		{"status", MigrationFilter{Validity: migration.Valid}, []string{"running"}},
		{"a status that none has", MigrationFilter{Validity: migration.Invalid}, nil},
		{"customer", MigrationFilter{Customer: foreign.CustomerID}, []string{"theirs"}},
		{"domain", MigrationFilter{Domain: running.Domains[0]}, []string{"running"}},
		{"half a domain", MigrationFilter{Domain: running.Domains[0][1:]}, nil},
		{"user", MigrationFilter{User: foreign.Name}, []string{"theirs"}},
		{"user and status", MigrationFilter{User: foreign.Name, Validity: migration.Valid}, nil},
	}
	for _, tt := range tests {
		page := must(p.Migrations(t.Context(), MigrationQuery{Viewer: p.user, Now: p.at, Filter: tt.filter}))(t)
		if got := titles(page.Migrations); !slices.Equal(got, tt.want) || page.Total != len(tt.want) || page.Groups[""] != len(tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
	all := must(p.Migrations(t.Context(), MigrationQuery{Viewer: p.user, Now: p.at}))(t).Filters
	if len(all.Customers) != 2 || fmt.Sprint(all.Validities) != "[draft valid]" || len(all.Users) != 2 || !slices.Equal(all.Domains, running.Domains) {
		t.Errorf("to choose from: %+v", all)
	}
	// What somebody may not see he is not told of, not even as a choice.
	own := must(p.Migrations(t.Context(), MigrationQuery{
		Viewer: foreign, Now: p.at, Filter: MigrationFilter{Customer: p.customer}, Codes: []string{running.Code},
	}))(t)
	if len(own.Migrations) > 0 || len(own.Filters.Customers) > 0 || len(own.Filters.Domains) > 0 || len(own.Filters.Users) != 1 {
		t.Errorf("a stranger is shown %+v", own)
	}
}

func TestAListIsSortedByTheNumberOfResources(t *testing.T) {
	p := newPanel(t)
	p.name(t, p.draft(t, "x"), "one")
	p.name(t, p.draft(t, "x", "y", "z"), "three")
	p.name(t, p.draft(t, "x", "y"), "two")
	for order, want := range map[string][]string{SortResources: {"three", "two", "one"}, "-" + SortResources: {"one", "two", "three"}} {
		page := must(p.Migrations(t.Context(), MigrationQuery{Viewer: p.user, Now: p.at, Sort: order}))(t)
		if got := titles(page.Migrations); !slices.Equal(got, want) || page.Migrations[0].Checks.Rows+page.Migrations[2].Checks.Rows != 4 {
			t.Errorf("%s: %v, want %v", order, got, want)
		}
	}
}

// Who reads a list sees its rows where they were, and learns that it has changed.
func TestAListStaysInTheOrderThatSomebodyReads(t *testing.T) {
	p := newPanel(t)
	first, second := p.name(t, p.draft(t), "first"), p.name(t, p.draft(t), "second")
	codes := []string{first.Code, second.Code, "M-22222"}
	page := must(p.Migrations(t.Context(), MigrationQuery{Viewer: p.user, Now: p.at, Codes: codes, Page: 1, PerPage: 25}))(t)
	if got := titles(page.Migrations); !slices.Equal(got, []string{"first", "second"}) || !slices.Equal(page.Codes, []string{second.Code, first.Code}) {
		t.Errorf("shown %v, fresh %v", got, page.Codes)
	}
}
