package imapsync

import (
	"sync"

	"trasloco/migration"
)

// Notes is the Reporter that keeps what it is told until somebody takes it, so
// that it can be written down in batches. The zero value is empty.
type Notes struct {
	mu       sync.Mutex
	begun    bool
	folder   string
	tally    migration.Tally
	entries  []migration.Entry
	outcomes []migration.Outcome
	folders  []migration.FolderTally
}

var _ Reporter = (*Notes)(nil)

// Progress replaces what was told before.
func (n *Notes) Progress(folder string, tally migration.Tally) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.begun, n.folder, n.tally = true, folder, tally
}

// Message keeps an exception.
func (n *Notes) Message(o migration.Outcome) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.outcomes = append(n.outcomes, o)
}

// Folder keeps what became of a folder.
func (n *Notes) Folder(f migration.FolderTally) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.folders = append(n.folders, f)
}

// TakeFolders hands out what was told of folders and was not taken yet.
func (n *Notes) TakeFolders() []migration.FolderTally {
	n.mu.Lock()
	defer n.mu.Unlock()
	folders := n.folders
	n.folders = nil
	return folders
}

// UntakeFolders puts back what TakeFolders handed out and could not be written
// down.
func (n *Notes) UntakeFolders(folders []migration.FolderTally) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.folders = append(folders[:len(folders):len(folders)], n.folders...)
}

// Entry keeps a line of the log.
func (n *Notes) Entry(e migration.Entry) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.entries = append(n.entries, e)
}

// Latest returns where the run stands; begun: it told of any progress.
func (n *Notes) Latest() (folder string, tally migration.Tally, begun bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.folder, n.tally, n.begun
}

// Take hands out the lines and exceptions that were not taken yet.
func (n *Notes) Take() (entries []migration.Entry, outcomes []migration.Outcome) {
	n.mu.Lock()
	defer n.mu.Unlock()
	entries, outcomes = n.entries, n.outcomes
	n.entries, n.outcomes = nil, nil
	return entries, outcomes
}

// Untake puts back, before all that came since, what Take handed out and could
// not be written down.
func (n *Notes) Untake(entries []migration.Entry, outcomes []migration.Outcome) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.entries = append(entries[:len(entries):len(entries)], n.entries...)
	n.outcomes = append(outcomes[:len(outcomes):len(outcomes)], n.outcomes...)
}
