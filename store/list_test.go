package store

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"trasloco/migration"
)

// titles returns the names of migrations.
func titles(list []migration.Migration) []string {
	var names []string
	for _, m := range list {
		names = append(names, m.Name)
	}
	return names
}

// name gives a migration its name, which only a draft may get by SaveDraft.
func (p panel) name(t testing.TB, m migration.Migration, name string) migration.Migration {
	t.Helper()
	p.insert(t, `UPDATE migration SET name = $1 WHERE id = $2 RETURNING id`, name, m.ID)
	return p.reread(t, m)
}

// one of each: a migration in every group but two to follow.
func (p panel) oneOfEach(t testing.TB) {
	t.Helper()
	p.name(t, p.draft(t, "x"), "draft")
	invalid := p.name(t, p.draft(t, "x"), "invalid")
	check(t, p.Submit(t.Context(), p.customer, &invalid, p.twoPasses()))
	check(t, p.Settle(t.Context(), p.customer, &invalid, migration.Invalid, nil))
	p.pass(time.Minute)
	validating := p.name(t, p.draft(t, "x"), "validating")
	check(t, p.Submit(t.Context(), p.customer, &validating, p.twoPasses()))
	p.pass(time.Minute)
	p.name(t, p.finish(t, p.running(t, "x"), 1), "cut-over")
	p.pass(time.Minute)
	p.name(t, p.running(t, "x"), "running")
	p.pass(time.Minute)
	scheduled := p.name(t, p.valid(t, "x"), "scheduled")
	check(t, p.MovePass(t.Context(), p.customer, &scheduled.Passes[0], p.at.Add(time.Hour)))
	p.pass(time.Minute)
	ended := p.name(t, p.finish(t, p.running(t, "x"), 1), "ended")
	check(t, p.BeginPass(t.Context(), p.customer, &ended.Passes[1]))
	p.finish(t, ended, 2)
	p.pass(time.Minute)
	cancelled := p.name(t, p.valid(t, "x"), "cancelled")
	check(t, p.Cancel(t.Context(), p.customer, &cancelled))
}

func TestAListIsGroupedByWhatIsAskedOfItsReader(t *testing.T) {
	p := newPanel(t)
	p.oneOfEach(t)
	list := func(group string) MigrationPage {
		return must(p.Migrations(t.Context(), MigrationQuery{Viewer: p.user, Now: p.at, Group: group}))(t)
	}
	groups := map[string][]string{
		"":             {"draft", "scheduled", "cancelled", "ended", "running", "cut-over", "validating", "invalid"},
		GroupDraft:     {"draft"},
		GroupFollow:    {"cut-over", "invalid"},
		GroupRunning:   {"running", "validating"},
		GroupScheduled: {"scheduled"},
		GroupEnded:     {"cancelled", "ended"},
	}
	counts := make(map[string]int)
	for group, want := range groups {
		counts[group] = len(want)
		page := list(group)
		if got := titles(page.Migrations); !slices.Equal(got, want) || page.Total != len(want) {
			t.Errorf("group %q: %d of %v, want %v", group, page.Total, got, want)
		}
		if got := titles(page.MustAct); !slices.Equal(got, []string{"invalid", "cut-over"}) {
			t.Errorf("must act: %v", got)
		}
	}
	if got := list(GroupEnded).Groups; !maps.Equal(got, counts) {
		t.Errorf("groups %v, want %v", got, counts)
	}
	for _, m := range list("").Migrations {
		if whole := p.reread(t, m); fmt.Sprint(whole) != fmt.Sprint(m) {
			t.Errorf("listed %+v\nis     %+v", m, whole)
		}
	}
}

func TestAListIsSortedAndCutIntoPages(t *testing.T) {
	p := newPanel(t)
	p.oneOfEach(t)
	tests := []struct {
		sort          string
		page, perPage int
		want          []string
	}{
		{"", 1, 3, []string{"draft", "scheduled", "cancelled"}},
		{"nonsense", 2, 3, []string{"ended", "running", "cut-over"}},
		{SortFirst, 3, 3, []string{"validating", "invalid"}},
		{SortFirst, 4, 3, nil},
		{SortFirst, 0, 1, []string{"draft"}},
		{SortSecond, 1, 3, []string{"draft", "cancelled", "ended"}},
		{SortTitle, 1, 4, []string{"cancelled", "cut-over", "draft", "ended"}},
		{"-first", 1, 3, []string{"invalid", "validating", "cut-over"}},
		{"-" + SortTitle, 1, 2, []string{"validating", "scheduled"}},
		{SortValidity, 1, 3, []string{"invalid", "validating", "draft"}},
		{SortUser, 1, 2, []string{"draft", "scheduled"}}, // all of one user: newest first
		{SortStatus, 1, 7, []string{"cut-over", "invalid", "running", "validating", "scheduled", "draft", "cancelled"}},
	}
	for _, tt := range tests {
		page := must(p.Migrations(t.Context(), MigrationQuery{
			Viewer: p.user, Now: p.at, Sort: tt.sort, Page: tt.page, PerPage: tt.perPage,
		}))(t)
		if got := titles(page.Migrations); !slices.Equal(got, tt.want) || page.Total != 8 {
			t.Errorf("%+v: %d of %v", tt, page.Total, got)
		}
	}
}

func TestASearchLooksAtNameCodeDomainsAndUser(t *testing.T) {
	p := newPanel(t)
	named := p.name(t, p.draft(t), "Città 100%")
	plain := p.name(t, p.draft(t, "x"), "plain")
	tests := []struct {
		search string
		want   []string
	}{
		{" CITTÀ ", []string{"Città 100%"}},
		{"0%", []string{"Città 100%"}},
		{"%", []string{"Città 100%"}},
		{"_", nil},
		{"A.exam", []string{"plain"}},
		{"bianchi", []string{"plain", "Città 100%"}},
		{named.Code, []string{"Città 100%"}},
		{plain.Code, []string{"plain"}},
		{"", []string{"plain", "Città 100%"}},
	}
	for _, tt := range tests {
		page := must(p.Migrations(t.Context(), MigrationQuery{Viewer: p.user, Now: p.at, Search: tt.search}))(t)
		if got := titles(page.Migrations); !slices.Equal(got, tt.want) || page.Groups[""] != len(tt.want) {
			t.Errorf("%q finds %v, want %v", tt.search, got, tt.want)
		}
	}
}

func TestMustActNamesAFewWhateverIsSearchedFor(t *testing.T) {
	p := newPanel(t)
	for i := range 7 {
		p.name(t, p.finish(t, p.running(t, "x"), 1), fmt.Sprintf("#%d", i)) // no code has such a letter
		p.pass(time.Minute)
	}
	page := must(p.Migrations(t.Context(), MigrationQuery{Viewer: p.user, Now: p.at, Search: "#6"}))(t)
	if got := titles(page.MustAct); !slices.Equal(got, []string{"#0", "#1", "#2", "#3", "#4"}) {
		t.Errorf("must act: %v", got)
	}
	if page.MustAct[0].Passes[0].Runs.Runs != 1 || page.Total != 1 {
		t.Errorf("page %+v", page)
	}
}

// A list shows what User.CanSee allows, nothing more and nothing less.
func TestAListShowsWhatItsReaderMaySee(t *testing.T) {
	p := newPanel(t)
	stranger := p.stranger(t)
	a, b := p.domains[0].ID, p.domains[1].ID
	all := []migration.Migration{p.draft(t, "x"), p.draft(t, "y"), p.draft(t), {CustomerID: stranger.CustomerID, UserID: stranger.ID}}
	check(t, p.CreateDraft(t.Context(), &all[3]))
	mixed := p.rows("y", "z")
	mixed[1].DomainID = b
	check(t, p.SaveSheet(t.Context(), p.customer, all[1].ID, migration.Secret{}, mixed))
	all[1] = p.reread(t, all[1])

	own := func(role migration.Role, domains ...int64) migration.User {
		return migration.User{ID: p.user.ID, CustomerID: p.customer, Role: role, DomainIDs: domains}
	}
	other := own(migration.Manager, a)
	other.ID++
	for name, user := range map[string]migration.User{
		"operator": p.user, "admin": own(migration.Admin), "team member": own(migration.TeamMember),
		"manager of nothing": own(migration.Manager), "manager of a": own(migration.Manager, a),
		"manager of b": own(migration.Manager, b), "manager of both": own(migration.Manager, a, b),
		"another manager of a": other, "no role": own(""), "stranger": stranger,
		"nobody": {}, "admin of no customer": {Role: migration.Admin},
	} {
		page := must(p.Migrations(t.Context(), MigrationQuery{Viewer: user, Now: p.at}))(t)
		for _, m := range all {
			listed := slices.ContainsFunc(page.Migrations, func(l migration.Migration) bool { return l.ID == m.ID })
			if listed != user.CanSee(m) {
				t.Errorf("%s: migration %d of domains %v: listed is %v", name, m.ID, m.DomainIDs, listed)
			}
		}
	}
}

func TestPlannedAtOnceAreThoseOfTheCustomerThatMayCount(t *testing.T) {
	p := newPanel(t)
	p.oneOfEach(t)
	all := must(p.PlannedAtOnce(t.Context(), p.customer))(t)
	counting := slices.DeleteFunc(all, func(m migration.Migration) bool { return !m.CountsAtOnce(p.at) })
	if got := titles(counting); !slices.Equal(got, []string{"validating", "cut-over", "running", "scheduled"}) {
		t.Errorf("counted: %v", got)
	}
	if foreign := must(p.PlannedAtOnce(t.Context(), p.stranger(t).CustomerID))(t); foreign != nil {
		t.Errorf("a stranger has %v", titles(foreign))
	}
}
