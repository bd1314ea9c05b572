package imapsync_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"trasloco/imapsync"
	"trasloco/imapsync/imaptest"
	"trasloco/imapsync/imaptest/mailgen"
	"trasloco/imapsync/imaptest/realserver"
	"trasloco/migration"
)

func choices(list ...migration.FolderChoice) migration.FolderChoices {
	return migration.NewFolderChoices(list...)
}

// bodies are the texts that lie in a folder of the destination, in order.
func (s *story) bodies(folder string) (n int) {
	s.t.Helper()
	if f := s.dst.Folder(folder); f != nil {
		return len(f.Messages())
	}
	return -1
}

func (s *story) wantFolders(want map[string]int) {
	s.t.Helper()
	for folder, n := range want {
		if got := s.bodies(folder); got != n {
			s.t.Errorf("%s has %d messages, want %d (-1: is not there)", folder, got, n)
		}
	}
}

// TestChosenFolders: a folder gets another name with all below it, one is left out
// and named as such, Trash is copied; a second pass finds nothing to do (F-17).
func TestChosenFolders(t *testing.T) {
	s := newStory(t, imaptest.AccountOptions{}, imaptest.AccountOptions{})
	s.fill("INBOX", mail(1, "one"))
	s.fill("Vecchi", mail(2, "two"), mail(3, "three"))
	s.fill("Vecchi/2019", mail(4, "four"))
	s.fill("Trash", mail(5, "five"))
	s.fill("Posta eliminata", mail(6, "six"), mail(7, "seven"))
	s.fill("Posta eliminata/x", mail(8, "eight"))
	s.rules.Chosen = choices(
		migration.FolderChoice{Path: []string{"Vecchi"}, To: []string{"Archivio", "Prima"}},
		migration.FolderChoice{Path: []string{"Trash"}},
		migration.FolderChoice{Path: []string{"Posta eliminata"}, Out: true},
	)
	got := s.mustRun()
	want := map[string]int{"INBOX": 1, "Archivio/Prima": 2, "Archivio/Prima/2019": 1, "Trash": 1, "Vecchi": -1, "Posta eliminata": -1, "Posta eliminata/x": -1}
	s.wantFolders(want)
	if got.tally.Copied != 5 || got.tally.Skipped != 3 {
		t.Errorf("%+v", got.tally)
	}
	for _, o := range got.left {
		if o.Reason != migration.ReasonFolder || o.Kind != migration.Skipped {
			t.Errorf("left out: %+v", o)
		}
	}
	s.checkAgain()
	s.fill("Vecchi", mail(9, "nine"))
	s.fill("Vecchi/2020", mail(10, "ten"))
	if next := s.next(2, 5, 0); next.tally.Failed != 0 {
		t.Errorf("%+v", next.tally)
	}
	want["Archivio/Prima"], want["Archivio/Prima/2020"] = 3, 1
	s.wantFolders(want)
}

// TestALeftOutFolderTakesNoPlace: the new name of a folder that the rules leave out
// belongs to the folder that has it already, and to what is copied from below (F-17).
func TestALeftOutFolderTakesNoPlace(t *testing.T) {
	s := newStory(t, imaptest.AccountOptions{}, imaptest.AccountOptions{})
	s.fill("Trash", mail(1, "one"))
	s.fill("Trash/2019", mail(2, "two"))
	s.fill("Vecchio", mail(3, "three"), mail(4, "four"))
	s.rules.Chosen = choices(
		migration.FolderChoice{Path: []string{"Trash"}, To: []string{"Vecchio"}, ByRules: true},
		migration.FolderChoice{Path: []string{"Trash", "2019"}},
	)
	if got := s.mustRun(); got.tally.Copied != 3 || got.tally.Skipped != 1 {
		t.Errorf("%+v", got.tally)
	}
	s.wantFolders(map[string]int{"Vecchio": 2, "Vecchio (2)": -1, "Trash": -1})
	s.checkAgain()
}

// TestChoicesThatChangeBetweenPasses: nothing is lost or copied twice, whatever
// somebody does to the choices, since what is remembered stays with the source
// folder. A folder that has a place keeps it (F-7).
func TestChoicesThatChangeBetweenPasses(t *testing.T) {
	out := choices(migration.FolderChoice{Path: []string{"Vecchi"}, Out: true})
	to := func(name string) migration.FolderChoices {
		return choices(migration.FolderChoice{Path: []string{"Vecchi"}, To: []string{name}})
	}
	for _, tt := range []struct {
		name          string
		first, second migration.FolderChoices
		want          map[string]int // after the second pass
	}{
		{"renamed after it was copied", nil, to("Archivio"), map[string]int{"Vecchi": 3, "Archivio": -1}},
		{"renamed twice", to("A"), to("B"), map[string]int{"A": 3, "B": -1, "Vecchi": -1}},
		{"no longer renamed", to("A"), nil, map[string]int{"A": 3, "Vecchi": -1}},
		{"included later", out, nil, map[string]int{"Vecchi": 3}},
		{"included later under another name", out, to("A"), map[string]int{"A": 3, "Vecchi": -1}},
		{"left out after it was copied", nil, out, map[string]int{"Vecchi": 2}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newStory(t, imaptest.AccountOptions{}, imaptest.AccountOptions{})
			s.fill("INBOX", mail(1, "one"))
			s.fill("Vecchi", mail(2, "two"), mail(3, "three"))
			s.rules.Chosen = tt.first
			s.mustRun()
			s.fill("Vecchi", mail(4, "four"))
			s.rules.Chosen = tt.second
			s.pass++
			s.mustRun()
			s.wantFolders(tt.want)
			s.checkAgain()
			s.wantFolders(tt.want)
		})
	}
}

// TestKilledWhileChosenFoldersAreMade ends the pass at each write to the journal.
func TestKilledWhileChosenFoldersAreMade(t *testing.T) {
	for write := range int32(10) {
		t.Run(fmt.Sprint("write ", write), func(t *testing.T) {
			s := newStory(t, imaptest.AccountOptions{}, imaptest.AccountOptions{})
			s.fill("INBOX", mail(1, "one"))
			s.fill("Vecchi", mail(2, "two"), mail(3, "three"))
			s.rules.Chosen = choices(migration.FolderChoice{Path: []string{"Vecchi"}, To: []string{"Archivio", "Prima"}})
			s.killedAt(write)
			s.pass++
			s.mustRun()
			s.wantFolders(map[string]int{"INBOX": 1, "Archivio/Prima": 2, "Vecchi": -1})
			s.checkAgain()
		})
	}
}

// TestChosenFoldersOnDovecot: what the page showed before is what is there after
// two passes.
func TestChosenFoldersOnDovecot(t *testing.T) {
	src := realserver.Dovecot(t, realserver.Options{})
	dst := realserver.Dovecot(t, realserver.Options{Separator: ".", Prefix: "INBOX."})
	number := 0
	load := func(folder string, n int) {
		t.Helper()
		var letters []mailgen.Message
		for range n {
			number++
			letters = append(letters, mailgen.Message{Folder: strings.Split(folder, "/"), Raw: mail(number, "hello").Body, Date: noon})
		}
		if _, err := src.Load("anna", nil, slices.Values(letters)); err != nil {
			t.Fatal(err)
		}
	}
	load("INBOX", 3)
	load("Vecchi/Clienti", 2)
	load("Trash", 4)
	load("Posta eliminata", 5)
	j := job(src, dst, "anna", 1)
	source, err := engine(t).CheckSource(t.Context(), j)
	if err != nil {
		t.Fatal(err)
	}
	destination, err := engine(t).CheckDestination(t.Context(), j)
	if err != nil {
		t.Fatal(err)
	}
	inventory := imapsync.Places(source, destination)
	j.Rules.Chosen = choices(
		migration.FolderChoice{Path: []string{"Vecchi"}, To: []string{"Archivio"}},
		migration.FolderChoice{Path: []string{"Trash"}},
		migration.FolderChoice{Path: []string{"Posta eliminata"}, Out: true},
	)
	if left := inventory.LeftOut(j.Rules.Chosen); left.Messages != 5 || left.Folders != 1 || left.Bytes == 0 || source.Messages != 14 {
		t.Errorf("the check found %d messages, %+v left out", source.Messages, left)
	}
	want := map[string]int{}
	for _, f := range inventory {
		if !f.Parent && inventory.Reason(f, j.Rules.Chosen) == "" {
			want[migration.FolderName(f.Target(j.Rules.Chosen))] += f.Messages
		}
	}
	journal := newMemory()
	tally, l := mustSync(t, journal, j)
	if tally.Copied != 9 || tally.Skipped != 5 || !tally.Balanced() {
		t.Errorf("pass 1: %+v", tally)
	}
	if !slices.ContainsFunc(l.left, func(o migration.Outcome) bool {
		return o.Folder == "Posta eliminata" && o.Reason == migration.ReasonFolder && o.Count == 5
	}) {
		t.Errorf("left out: %+v", l.left)
	}
	load("Vecchi/Clienti", 1)
	want["Archivio/Clienti"]++
	j.Pass = 2
	if second, _ := mustSync(t, journal, j); second.Copied != 1 || second.Present != 9 || second.Skipped != 5 {
		t.Errorf("pass 2: %+v", second)
	}
	got := map[string]int{}
	for _, f := range snapshot(t, dst, "anna").Folders() {
		if n := len(f.Messages); n > 0 {
			got[migration.FolderName(f.Path)] = n
		}
	}
	for name, n := range want {
		if got[name] != n && n > 0 {
			t.Errorf("%s has %d messages, want %d of %v", name, got[name], n, got)
		}
	}
	if got["Vecchi"]+got["Vecchi/Clienti"]+got["Posta eliminata"] != 0 {
		t.Errorf("the destination has %v", got)
	}
}
