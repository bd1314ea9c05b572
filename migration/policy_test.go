package migration

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"
)

// The numbers of the specification, written once more by hand.
func TestDefaultPolicyIsTheSpecification(t *testing.T) {
	p := DefaultPolicy()
	for name, pair := range map[string][2]int64{
		"S3: rows":                     {int64(p.MaxRows), 500},
		"S3: at once":                  {int64(p.MaxAtOnce), 5},
		"S14: hours between":           {int64(p.MaxGap / time.Hour), 23},
		"S14: hours offered":           {int64(p.DefaultGap / time.Hour), 6},
		"S14: hours advised":           {int64(p.AdvisedGap / time.Hour), 4},
		"S15: octets of a message":     {p.MaxMessageSize, 52_428_800},
		"S17: minutes a check holds":   {int64(p.CheckFor / time.Minute), 30},
		"S22: days kept":               {int64(p.KeepFor / (24 * time.Hour)), 30},
		"S22: hours secrets may go on": {int64(p.KeepSecretsFor / time.Hour), 72},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s: %d, want %d", name, pair[0], pair[1])
		}
	}
	if want := []string{"Trash", "Cestino", "Spam", "Posta indesiderata", "Junk Email"}; !slices.Equal(p.Folders.Excluded, want) {
		t.Errorf("S15: folders %q", p.Folders.Excluded)
	}
	if want := []string{`\Trash`, `\Junk`}; !slices.Equal(p.Folders.ExcludedRoles, want) {
		t.Errorf("S15: attributes %q", p.Folders.ExcludedRoles)
	}
	if r := p.Folders; r.KeepSubfolders || r.Groupware != "" || r.MirrorSubscriptions {
		t.Errorf("rules that nobody asked for: %+v", r)
	}
}

func TestDefaultPoliciesShareNothing(t *testing.T) {
	DefaultPolicy().Folders.Excluded[0] = "INBOX"
	DefaultPolicy().Folders.ExcludedRoles[0] = `\All`
	if f := DefaultPolicy().Folders; f.Excluded[0] != "Trash" || f.ExcludedRoles[0] != `\Trash` {
		t.Errorf("one policy changed the next: %+v", f)
	}
}

func TestProblemAsAnErrorNamesTheRow(t *testing.T) {
	for want, p := range map[string]Problem{
		"row 12: csv.field_count": {Code: "csv.field_count", Row: 12, Field: "password"},
		"plan.gap":                {Code: "plan.gap", Field: "second", Args: Args{"hours": 23}},
	} {
		if got := p.Error(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
		wrapped := fmt.Errorf("read the file: %w", p)
		var found Problem
		if !errors.As(wrapped, &found) || found.Code != p.Code {
			t.Errorf("%v is not found again as a problem", wrapped)
		}
	}
}
