package migration

import "testing"

func TestTallyCountsEachOutcomeUnderItsKind(t *testing.T) {
	tests := []struct {
		name    string
		outcome Outcome
		want    Tally
	}{
		{"one copied", Outcome{Kind: Copied, Count: 1, Bytes: 700}, Tally{Copied: 1, Bytes: 700}},
		{"a folder of present ones", Outcome{Kind: Present, Count: 40}, Tally{Present: 40}},
		{"an excluded folder", Outcome{Kind: Skipped, Reason: ReasonFolder, Count: 12}, Tally{Skipped: 12}},
		{"one failed", Outcome{Kind: Failed, Reason: ReasonRefused, Count: 1}, Tally{Failed: 1}},
		{"an empty folder", Outcome{Kind: Skipped, Reason: ReasonFolder}, Tally{}},
		{"of no known kind", Outcome{Kind: "vanished", Count: 3}, Tally{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got Tally
			got.Add(tt.outcome)
			if got != tt.want {
				t.Errorf("%+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestTallyAddsUpOverManyOutcomes(t *testing.T) {
	tally := Tally{Listed: 6}
	for _, kind := range []OutcomeKind{Copied, Copied, Present, Skipped, Failed} {
		if tally.Balanced() {
			t.Errorf("balanced before the last: %+v", tally)
		}
		tally.Add(Outcome{Kind: kind, Count: 1, Bytes: 10})
	}
	tally.Add(Outcome{Kind: Present, Count: 1})
	want := Tally{Listed: 6, Copied: 2, Present: 2, Skipped: 1, Failed: 1, Bytes: 50}
	if tally != want || !tally.Balanced() {
		t.Errorf("%+v, balanced %v; want %+v", tally, tally.Balanced(), want)
	}
	tally.Add(Outcome{Kind: Copied, Count: 1})
	if tally.Balanced() {
		t.Error("balanced with one outcome too many")
	}
}

// Each field has a number of its own, so that a mixed-up sum shows.
func TestPlusAddsEveryField(t *testing.T) {
	a := Tally{Listed: 1, Copied: 2, Present: 4, Skipped: 8, Failed: 16, Bytes: 32}
	b := Tally{Listed: 100, Copied: 200, Present: 400, Skipped: 800, Failed: 1600, Bytes: 3200}
	want := Tally{Listed: 101, Copied: 202, Present: 404, Skipped: 808, Failed: 1616, Bytes: 3232}
	if got := a.Plus(b); got != want || b.Plus(a) != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got := a.Plus(Tally{}); got != a {
		t.Errorf("plus nothing: %+v", got)
	}
}
