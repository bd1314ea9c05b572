package locale

import "testing"

func TestBracketedTextsShowWhereTheyBeginAndEnd(t *testing.T) {
	ctx := Bracketed(in(Italian))
	if got := N(ctx, "count.rows", 1, nil); got != "⟦1 riga⟧" {
		t.Errorf("got %q", got)
	}
	if got := T(ctx, "no.such.key", nil); got != "no.such.key" {
		t.Errorf("a key without a text: got %q", got)
	}
	if got := N(in(Italian), "count.rows", 1, nil); got != "1 riga" {
		t.Errorf("without brackets: got %q", got)
	}
}
