package main_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"

	"trasloco/imapsync/imaptest/audit"
	"trasloco/imapsync/imaptest/mailgen"
	"trasloco/imapsync/imaptest/realserver"
)

// isLeftOut knows the folders that are not migrated (S15), and Junk, which the
// tests' Dovecot marks as such.
func isLeftOut(path []string) bool {
	return slices.ContainsFunc([]string{"Trash", "Cestino", "Spam", "Posta indesiderata", "Junk Email", "Junk"},
		func(name string) bool { return strings.EqualFold(path[0], name) })
}

func load(t testing.TB, s *realserver.Server, user string, box mailgen.Mailbox) {
	t.Helper()
	if _, err := s.Load(user, box.Folders(), box.Messages()); err != nil {
		t.Fatal(err)
	}
}

func snapshot(t testing.TB, s *realserver.Server, user string) audit.Snapshot {
	t.Helper()
	got, err := s.Snapshot(user)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// composed is how folders are named at a destination that takes any name (F-6).
func composed(path []string) []string {
	mapped := make([]string, len(path))
	for i, part := range path {
		mapped[i] = norm.NFC.String(part)
	}
	return mapped
}

func formOf(s *realserver.Server) audit.Form {
	return map[realserver.Kind]audit.Form{
		realserver.KindDovecot: audit.ByDovecot, realserver.KindCyrus: audit.ByCyrus,
	}[s.Kind]
}

// copyRules are those of a copy in s with names that need no change.
func copyRules(s *realserver.Server) audit.Rules {
	return audit.Rules{Stored: formOf(s), Left: isLeftOut, Name: composed, OwnFolders: true}
}

// place names a message as the report does.
func place(folder string, uid uint32) string { return fmt.Sprintf("%s/%d", folder, uid) }

// checkCopy holds got to be a copy of want, but for the messages that the report
// names: each of them is missing, and nothing else is.
func checkCopy(t *testing.T, want, got audit.Snapshot, rules audit.Rules, exceptions []exception) {
	t.Helper()
	named := map[string]bool{}
	for _, e := range exceptions {
		if e.UID == 0 {
			continue
		}
		if e.Outcome == "failed" && e.ServerText == "" {
			t.Errorf("failed without the server's words: %+v", e)
		}
		if named[place(e.Folder, e.UID)] {
			t.Errorf("reported twice: %+v", e)
		}
		named[place(e.Folder, e.UID)] = true
	}
	for _, d := range audit.Compare(want, got, rules) {
		at := place(strings.Join(d.Folder, "/"), d.UID)
		if d.Kind == audit.Missing && named[at] {
			delete(named, at)
			continue
		}
		t.Error(d)
	}
	for at := range named {
		t.Errorf("reported as not there, and it is: %s", at)
	}
}

// checkSkipped holds the report to name what the rules leave out: a folder once
// with its count, a message above the limit with its UID. It returns the sum.
func checkSkipped(t *testing.T, source audit.Snapshot, exceptions []exception, limit int64) int {
	t.Helper()
	want, got, total := map[string]int{}, map[string]int{}, 0
	for _, folder := range source.Folders() {
		name := strings.Join(folder.Path, "/")
		if isLeftOut(folder.Path) {
			want[name+": folder_excluded"] = len(folder.Messages)
			total += len(folder.Messages)
			continue
		}
		for _, m := range folder.Messages {
			if m.Size > limit {
				want[place(name, m.UID)+": oversize"] = 1
				total++
			}
		}
	}
	for _, e := range exceptions {
		switch {
		case e.Outcome != "skipped":
		case e.UID == 0:
			got[e.Folder+": "+e.Reason] += e.Count
		default:
			got[place(e.Folder, e.UID)+": "+e.Reason] += e.Count
		}
	}
	for what, count := range want {
		if got[what] != count {
			t.Errorf("%s: %d in the report, %d left out", what, got[what], count)
		}
		delete(got, what)
	}
	for what, count := range got {
		t.Errorf("%s: %d in the report, though no rule leaves it out", what, count)
	}
	return total
}

func checkUntouched(t *testing.T, before, after audit.Snapshot) {
	t.Helper()
	for _, d := range audit.Untouched(before, after) {
		t.Error("the source was changed: ", d)
	}
}

// octets of all messages.
func octets(s audit.Snapshot) int64 {
	var total int64
	for _, folder := range s.Folders() {
		for _, m := range folder.Messages {
			total += m.Size
		}
	}
	return total
}

// countCopied is how many messages of a source are not left out.
func countCopied(s audit.Snapshot) int {
	total := 0
	for _, folder := range s.Folders() {
		if !isLeftOut(folder.Path) {
			total += len(folder.Messages)
		}
	}
	return total
}
