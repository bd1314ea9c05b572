package migration

import (
	"fmt"
	"testing"
)

// BenchmarkFolderMap reads what 500 checks found of 50 folders each, and makes the
// map of it, with a few choices.
func BenchmarkFolderMap(b *testing.B) {
	packed := make([]string, 500)
	for i := range packed {
		var folders FolderInventory
		for j := range 50 {
			folders = append(folders, FoundFolder{Path: []string{"Clienti", fmt.Sprint("cartella ", (i+j)%90)}, Messages: j, Bytes: 12345})
		}
		packed[i] = folders.Pack()
	}
	choices := NewFolderChoices(
		FolderChoice{Path: []string{"Clienti", "cartella 3"}, Out: true},
		FolderChoice{Path: []string{"Clienti", "cartella 4"}, To: []string{"Altro"}},
	)
	b.ReportAllocs()
	for b.Loop() {
		found := make(map[int]FolderInventory, len(packed))
		for i, one := range packed {
			folders, err := Unpack(one)
			if err != nil {
				b.Fatal(err)
			}
			found[i] = folders
		}
		if lines := MapFolders(found, choices); len(lines) != 90 {
			b.Fatal(len(lines))
		}
	}
}
