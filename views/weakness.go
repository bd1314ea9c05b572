package views

import (
	"context"
	"maps"
	"slices"

	"trasloco/locale"
	"trasloco/migration"
)

// weakText says what is borne with at a server.
func weakText(ctx context.Context, address string, w migration.Weakness) string {
	return locale.T(ctx, "page.weak."+string(w), map[string]any{"address": address})
}

// weak names the servers of the plan that something is borne with at.
func (p ReviewPage) weak(ctx context.Context) (texts []string) {
	for _, address := range slices.Sorted(maps.Keys(p.Inventory.Weak)) {
		texts = append(texts, weakText(ctx, address, p.Inventory.Weak[address]))
	}
	return texts
}

// weakness is what the admin may bear with at the server of a row; "": nothing.
func (r RowView) weakness() migration.Weakness {
	if r.Group != RowsBad || len(r.Problems) > 0 {
		return ""
	}
	return r.Check.Weakness()
}
