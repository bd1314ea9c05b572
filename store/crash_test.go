package store

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"trasloco/migration"
)

// childFolder names the folder in which the test binary, when it finds this
// variable, writes batches until it is killed.
const childFolder = "TRASLOCO_TEST_CRASH_FOLDER"

const crashBatch = 20

// writeForEver settles one batch after another and prints the first UID of each
// when Begin and again when Settle has returned.
func writeForEver(dir string) int {
	if err := settleForEver(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	return 1
}

func settleForEver(dir string) error {
	ctx := background()
	s, err := Open(ctx, dir, Options{})
	if err != nil {
		return err
	}
	j, pair, err := childPair(s)
	if err != nil {
		return err
	}
	for uid := pair.Dest.UIDNext; ; uid += crashBatch {
		b := migration.Batch{PairID: pair.ID, DestID: pair.Dest.ID, DestUIDValidity: 100, DestLow: uid}
		var states []migration.MessageState
		for i := uid; i < uid+crashBatch; i++ {
			b.Items = append(b.Items, migration.BatchItem{UID: i})
			states = append(states, migration.MessageState{UID: i, Kind: migration.Copied, DestUID: i})
		}
		if err := j.Begin(ctx, &b); err != nil {
			return err
		}
		fmt.Println("begun", uid)
		if err := j.Settle(ctx, b, states, uid+crashBatch); err != nil {
			return err
		}
		fmt.Println("settled", uid)
	}
}

func childPair(s *Store) (*Journal, migration.FolderPair, error) {
	ctx := background()
	pair := migration.FolderPair{Source: "INBOX", Dest: migration.DestFolder{Name: "INBOX", UIDValidity: 100, UIDNext: 1}}
	id, err := s.EnsureLocal(ctx)
	if err != nil {
		return nil, pair, err
	}
	var r migration.Resource
	if err := s.SaveResource(ctx, LocalCustomer, id, &r); err != nil {
		return nil, pair, err
	}
	j := s.Journal(LocalCustomer, r.ID, 1)
	return j, pair, j.SavePair(ctx, &pair)
}

// The child is killed at moments it cannot foresee, again and again in one
// folder. Each time the folder opens at once, and holds exactly what the child
// was told it holds, or one batch more that it was not told about any more.
func TestWhatWasAcknowledgedSurvivesAKill(t *testing.T) {
	dir := t.TempDir()
	for round := range 5 {
		begun, settled := killChild(t, dir, 1+round*7)
		s, err := Open(t.Context(), dir, Options{})
		check(t, err)
		j, pair, err := childPair(s)
		check(t, err)
		verifyCrash(t, j, pair, begun, settled)
		reconcileCrash(t, j)
		check(t, s.Close())
	}
}

// killChild starts the child, kills it after it has acknowledged some batches,
// and returns the first UIDs of the last batch begun and the last settled.
func killChild(t *testing.T, dir string, after int) (begun, settled uint32) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childFolder+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	check(t, err)
	check(t, cmd.Start())
	lines, batches := bufio.NewScanner(out), 0
	for lines.Scan() {
		word, number, _ := strings.Cut(lines.Text(), " ")
		var uid uint32
		_, err := fmt.Sscan(number, &uid)
		check(t, err)
		if word == "begun" {
			begun = uid
			continue
		}
		settled = uid
		if batches++; batches == after {
			check(t, cmd.Process.Kill())
		}
	}
	if err := cmd.Wait(); err == nil || batches < after {
		t.Fatalf("child ended by itself after %d batches: %v", batches, err)
	}
	return begun, settled
}

func verifyCrash(t *testing.T, j *Journal, pair migration.FolderPair, begun, settled uint32) {
	t.Helper()
	got := messages(t, j, pair.ID)
	if len(got)%crashBatch != 0 {
		t.Errorf("%d messages: part of a batch was kept", len(got))
	}
	for i, m := range got {
		if m.UID != uint32(i+1) || m.DestUID != m.UID || m.Kind != migration.Copied {
			t.Fatalf("message %d is %+v", i, m)
		}
	}
	last := uint32(len(got)) - crashBatch + 1
	if last < settled || last > settled+crashBatch {
		t.Errorf("last batch kept is %d, last acknowledged %d", last, settled)
	}
	if pair.Dest.UIDNext != last+crashBatch {
		t.Errorf("mark is %d after batch %d", pair.Dest.UIDNext, last)
	}
	batches := must(j.InFlight(t.Context()))(t)
	open := slices.ContainsFunc(batches, func(b migration.Batch) bool { return b.Items[0].UID == begun })
	if len(batches) > 1 || (begun > last) != open {
		t.Errorf("last batch begun is %d, last kept %d, in flight %+v", begun, last, batches)
	}
}

// reconcileCrash settles what was in flight as stored, so that the next child
// goes on behind it.
func reconcileCrash(t *testing.T, j *Journal) {
	t.Helper()
	for _, b := range must(j.InFlight(t.Context()))(t) {
		var states []migration.MessageState
		for _, item := range b.Items {
			states = append(states, migration.MessageState{UID: item.UID, Kind: migration.Copied, DestUID: item.UID})
		}
		check(t, j.Settle(t.Context(), b, states, b.DestLow+crashBatch))
	}
}
