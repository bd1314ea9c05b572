package imapsync

import (
	"fmt"
	"slices"
	"testing"

	"trasloco/imapsync/wire"
	"trasloco/migration"
)

// Every limit that Gmail lets people choose is known, and no other number (M-4); what
// only shows messages of others says nothing, and nor does a server without labels.
func TestLimitsOfGmailsFolders(t *testing.T) {
	counts := []int{0, 1, 999, 1000, 1001, 2000, 4999, 5000, 10_000, 10_001, 20_000}
	t1 := &tree{}
	for _, n := range counts {
		t1.folders = append(t1.folders, folder{path: []string{fmt.Sprint(n)}})
	}
	t1.folders = append(t1.folders,
		folder{Folder: wire.Folder{Attrs: []string{`\All`}}, path: []string{"All Mail"}},
		folder{Folder: wire.Folder{Attrs: []string{`\Important`}}, path: []string{"Important"}})
	counts = append(counts, 5000, 1000)
	messages := func(i int) int { return counts[i] }
	if h := t1.hides(messages); h != "" {
		t.Errorf("a server without labels hides %q", h)
	}
	t1.asGmail()
	want := []migration.CutFolder{{Name: "1000", Messages: 1000}, {Name: "2000", Messages: 2000}, {Name: "5000", Messages: 5000}, {Name: "10000", Messages: 10_000}, {Name: "All Mail", Messages: 5000}}
	if h := t1.hides(messages); h.AllMail() || !slices.Equal(h.Cut(), want) {
		t.Errorf("it hides %q", h)
	}
}
