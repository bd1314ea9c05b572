package store

import (
	"math"
	"reflect"
	"slices"
	"testing"
	"time"

	"trasloco/migration"
)

func TestPairsComeBackAsTheyWereSaved(t *testing.T) {
	l := newLab(t)
	j := l.journal(t, "a", "a")
	inbox := migration.FolderPair{
		Source: "INBOX", UIDValidity: math.MaxUint32, UIDNext: 3, Exists: 2, ModSeq: math.MaxUint64, Complete: true,
		Dest: migration.DestFolder{Name: "INBOX", UIDValidity: 5, UIDNext: 6},
	}
	raw := migration.FolderPair{Source: "Caff\xe8\x00", Dest: migration.DestFolder{Name: "INBOX.Caff&AOg-"}}
	check(t, j.SavePair(t.Context(), &inbox))
	check(t, j.SavePair(t.Context(), &raw))
	want := []migration.FolderPair{inbox, raw}
	if got := must(j.Pairs(t.Context()))(t); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if inbox.ID == 0 || inbox.Dest.ID == 0 || inbox.ID == raw.ID || inbox.Dest.ID == raw.Dest.ID {
		t.Errorf("ids are %d/%d and %d/%d", inbox.ID, inbox.Dest.ID, raw.ID, raw.Dest.ID)
	}
}

func TestSavingAPairAgainUpdatesIt(t *testing.T) {
	j := newLab(t).journal(t, "a", "a")
	first := savePair(t, j, "INBOX", "INBOX")
	again := migration.FolderPair{Source: "INBOX", UIDValidity: 8, Exists: 9, Dest: first.Dest}
	again.Dest.ID = 0
	check(t, j.SavePair(t.Context(), &again))
	if again.ID != first.ID || again.Dest.ID != first.Dest.ID {
		t.Errorf("ids went from %d/%d to %d/%d", first.ID, first.Dest.ID, again.ID, again.Dest.ID)
	}
	if got := must(j.Pairs(t.Context()))(t); !reflect.DeepEqual(got, []migration.FolderPair{again}) {
		t.Errorf("got %+v, want %+v", got, again)
	}
}

func TestTheMarkOfAPairMovesForwardOnly(t *testing.T) {
	tests := []struct {
		name         string
		dest         migration.DestFolder // saved over INBOX, UIDVALIDITY 100, UIDNEXT 10
		wantValidity uint32
		wantNext     uint32
	}{
		{"a higher UIDNEXT moves it", migration.DestFolder{Name: "INBOX", UIDValidity: 100, UIDNext: 12}, 100, 12},
		{"a lower UIDNEXT does not", migration.DestFolder{Name: "INBOX", UIDValidity: 100, UIDNext: 8}, 100, 10},
		{"another UIDVALIDITY starts anew", migration.DestFolder{Name: "INBOX", UIDValidity: 101, UIDNext: 1}, 101, 1},
		{"an unknown UIDVALIDITY changes nothing", migration.DestFolder{Name: "INBOX"}, 100, 10},
		{"another folder has its own", migration.DestFolder{Name: "Posta", UIDValidity: 100, UIDNext: 2}, 100, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			j := newLab(t).journal(t, "a", "a")
			savePair(t, j, "INBOX", "INBOX")
			p := migration.FolderPair{Source: "INBOX", Dest: tt.dest}
			check(t, j.SavePair(t.Context(), &p))
			if p.Dest.UIDValidity != tt.wantValidity || p.Dest.UIDNext != tt.wantNext {
				t.Errorf("told %+v", p.Dest)
			}
			if got := must(j.Pairs(t.Context()))(t)[0].Dest; got != p.Dest {
				t.Errorf("stored %+v, told %+v", got, p.Dest)
			}
		})
	}
}

func TestSettlingMovesTheMarkOfItsPairAlone(t *testing.T) {
	l := newLab(t)
	a, b := l.journal(t, "a", "shared"), l.journal(t, "b", "SHARED")
	pairA, pairB := savePair(t, a, "INBOX", "INBOX"), savePair(t, b, "INBOX", "INBOX")
	if pairA.Dest.ID != pairB.Dest.ID {
		t.Fatalf("one mailbox has folders %d and %d", pairA.Dest.ID, pairB.Dest.ID)
	}
	check(t, a.Settle(t.Context(), begin(t, a, pairA, 1, 2), copied(10, 1, 2), 12))
	if got := must(a.Pairs(t.Context()))(t)[0].Dest.UIDNext; got != 12 {
		t.Errorf("mark of the settled pair is %d, want 12", got)
	}
	// What b had appended before a power cut lies below 12: b must look there.
	if got := must(b.Pairs(t.Context()))(t)[0].Dest.UIDNext; got != 10 {
		t.Errorf("mark of the other pair is %d, want 10", got)
	}
	for _, next := range []uint32{0, 11} {
		check(t, a.Settle(t.Context(), begin(t, a, pairA, 3), copied(12, 3), next))
		if got := must(a.Pairs(t.Context()))(t)[0].Dest.UIDNext; got != 12 {
			t.Errorf("mark is %d after a settle with %d, want 12", got, next)
		}
	}
}

func TestABatchInFlightIsKnownUntilSettled(t *testing.T) {
	l := newLab(t)
	j, other := l.journal(t, "a", "a"), l.journal(t, "b", "b")
	pair := savePair(t, j, "INBOX", "INBOX")
	begin(t, other, savePair(t, other, "INBOX", "INBOX"), 1)
	first := migration.Batch{PairID: pair.ID, DestID: pair.Dest.ID, DestUIDValidity: 100, DestLow: 10, Late: 12345 * time.Millisecond, Items: sampleItems()}
	check(t, j.Begin(t.Context(), &first))
	second := begin(t, j, pair, 7)
	if got := must(j.InFlight(t.Context()))(t); !reflect.DeepEqual(got, []migration.Batch{first, second}) {
		t.Errorf("in flight\n%+v\nwant\n%+v", got, []migration.Batch{first, second})
	}
	check(t, j.Settle(t.Context(), first, copied(10, 3), 11))
	if got := must(j.InFlight(t.Context()))(t); !reflect.DeepEqual(got, []migration.Batch{second}) {
		t.Errorf("in flight %+v, want %+v", got, second)
	}
	if got := uids(messages(t, j, pair.ID)); !slices.Equal(got, []uint32{3}) {
		t.Errorf("messages %v, want only the stored one", got)
	}
}

func TestSettlingTwiceIsAConflictAndChangesNothing(t *testing.T) {
	j := newLab(t).journal(t, "a", "a")
	pair := savePair(t, j, "INBOX", "INBOX")
	b := begin(t, j, pair, 1)
	check(t, j.Settle(t.Context(), b, copied(10, 1), 11))
	wantError(t, j.Settle(t.Context(), b, copied(20, 2), 21), migration.ErrConflict)
	if got := messages(t, j, pair.ID); len(got) != 1 || got[0].DestUID != 10 {
		t.Errorf("messages are %+v", got)
	}
	if next := begin(t, j, pair, 2); next.ID == b.ID {
		t.Error("the number of a settled batch was given out again")
	}
}

// Their flags too: they are the base of later changes (L-3).
func TestMessagesComeBackInOrderAsTheyWereStored(t *testing.T) {
	j := newLab(t).journal(t, "a", "a")
	pair := savePair(t, j, "INBOX", "INBOX")
	states := []migration.MessageState{
		{UID: math.MaxUint32, Kind: migration.Copied, Pass: 2, DestUID: math.MaxUint32, Size: math.MaxInt64, Fingerprint: math.MaxUint64, Identity: math.MaxUint64},
		{UID: 1, Kind: migration.Copied, Flags: []string{"zeta", `\deleted`, `\Seen`, "Alfa", "zeta", `\Odd`}},
		{UID: 5, Kind: migration.Skipped, Reason: migration.ReasonOversize, Size: 60 << 20},
		{UID: 4, Kind: migration.Failed, Reason: migration.ReasonRefused, Flags: []string{`\Answered`, `\Flagged`, `\Draft`}},
		{UID: 3, Kind: migration.Copied, Flags: []string{"Alfa"}},
	}
	check(t, j.Record(t.Context(), pair.ID, states))
	want := []migration.MessageState{
		{UID: 1, Kind: migration.Copied, Pass: 1, Flags: []string{`\Seen`, `\Deleted`, "Alfa", `\Odd`, "zeta"}},
		{UID: 3, Kind: migration.Copied, Pass: 1, Flags: []string{"Alfa"}},
		{UID: 4, Kind: migration.Failed, Reason: migration.ReasonRefused, Pass: 1, Flags: []string{`\Answered`, `\Flagged`, `\Draft`}},
		{UID: 5, Kind: migration.Skipped, Reason: migration.ReasonOversize, Pass: 1, Size: 60 << 20},
		states[0],
	}
	if got := messages(t, j, pair.ID); !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
}

func TestWhatIsNoMessageStateIsRefusedWhole(t *testing.T) {
	tests := []struct {
		name  string
		state migration.MessageState
	}{
		{"present is no fate to remember", migration.MessageState{UID: 2, Kind: migration.Present}},
		{"gone without a copy", migration.MessageState{UID: 2, Kind: migration.Skipped, Gone: true}},
		{"a keyword with a blank", migration.MessageState{UID: 2, Kind: migration.Copied, Flags: []string{"Non Junk"}}},
		{"an empty flag", migration.MessageState{UID: 2, Kind: migration.Copied, Flags: []string{""}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			j := newLab(t).journal(t, "a", "a")
			pair := savePair(t, j, "INBOX", "INBOX")
			states := append(copied(10, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13), tt.state)
			if err := j.Record(t.Context(), pair.ID, states); err == nil {
				t.Error("it was taken")
			}
			if got := messages(t, j, pair.ID); len(got) != 0 {
				t.Errorf("part of it is there: %+v", got)
			}
		})
	}
}

func TestACopiedMessageStaysCopied(t *testing.T) {
	j := newLab(t).journal(t, "a", "a")
	pair := savePair(t, j, "INBOX", "INBOX")
	failed := []migration.MessageState{{UID: 1, Kind: migration.Failed, Reason: migration.ReasonRefused}}
	check(t, j.Record(t.Context(), pair.ID, failed))
	check(t, j.Record(t.Context(), pair.ID, copied(10, 1)))
	check(t, j.Record(t.Context(), pair.ID, failed))
	if got := messages(t, j, pair.ID)[0]; got.Kind != migration.Copied || got.DestUID != 10 || got.Reason != "" {
		t.Errorf("message is %+v", got)
	}
	check(t, j.Record(t.Context(), pair.ID, copied(11, 1)))
	if got := messages(t, j, pair.ID)[0]; got.DestUID != 11 {
		t.Errorf("a new place of the copy is not remembered: %+v", got)
	}
}

func TestRekeyReplacesEveryMessageOfOnePair(t *testing.T) {
	j := newLab(t).journal(t, "a", "a")
	inbox, sent := savePair(t, j, "INBOX", "INBOX"), savePair(t, j, "Sent", "Sent")
	check(t, j.Record(t.Context(), inbox.ID, copied(10, 1, 2, 3)))
	check(t, j.Record(t.Context(), sent.ID, copied(10, 1)))
	check(t, j.Rekey(t.Context(), inbox.ID, copied(10, 2, 30)))
	if got := messages(t, j, inbox.ID); !slices.Equal(uids(got), []uint32{2, 30}) || got[0].DestUID != 10 {
		t.Errorf("messages are %+v", got)
	}
	if got := messages(t, j, sent.ID); len(got) != 1 {
		t.Errorf("another pair has %+v", got)
	}
	bad := append(copied(10, 4), migration.MessageState{UID: 5, Kind: migration.Present})
	if err := j.Rekey(t.Context(), inbox.ID, bad); err == nil {
		t.Error("a bad state was taken")
	}
	if got := uids(messages(t, j, inbox.ID)); !slices.Equal(got, []uint32{2, 30}) {
		t.Errorf("after a rekey that failed messages are %v", got)
	}
}

func TestMappedAboveSeesEveryResourceOfTheMailbox(t *testing.T) {
	l := newLab(t)
	a, b, other := l.journal(t, "a", "shared"), l.journal(t, "b", "shared"), l.journal(t, "c", "other")
	pairA, pairB := savePair(t, a, "INBOX", "INBOX"), savePair(t, b, "Posta", "INBOX")
	check(t, a.Record(t.Context(), pairA.ID, copied(10, 1, 2)))
	check(t, b.Record(t.Context(), pairB.ID, append(copied(11, 8, 9), copied(0, 10)...)))
	check(t, b.Record(t.Context(), pairB.ID, gone(12, 9)))
	check(t, other.Record(t.Context(), savePair(t, other, "INBOX", "INBOX").ID, copied(13, 1)))
	tests := []struct {
		name string
		low  uint32
		want []uint32
	}{
		{"from the first, without copies whose place is not known", 0, []uint32{10, 11, 12}},
		{"from one that is mapped", 11, []uint32{11, 12}},
		{"above all", 13, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := must(a.MappedAbove(t.Context(), pairA.Dest.ID, tt.low))(t); !slices.Equal(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
	// The folder was made anew, and b has seen it: a's UIDs are of the former one.
	pairB.Dest.UIDValidity = 200
	check(t, b.SavePair(t.Context(), &pairB))
	if got := must(b.MappedAbove(t.Context(), pairB.Dest.ID, 1))(t); !slices.Equal(got, []uint32{11, 12}) {
		t.Errorf("under a new UIDVALIDITY %v are mapped, want those of b alone", got)
	}
	if got := must(a.Pairs(t.Context()))(t)[0].Dest.UIDValidity; got != 100 {
		t.Errorf("a was made to forget the UIDVALIDITY of its copies: %d", got)
	}
}

func TestTheCleanMark(t *testing.T) {
	l := newLab(t)
	a, b := l.journal(t, "a", "a"), l.journal(t, "b", "b")
	steps := []struct {
		name  string
		set   func() error
		wantA bool
	}{
		{"a resource nothing was appended for is clean", func() error { return nil }, true},
		{"work takes the mark away", func() error { return a.SetClean(t.Context(), false) }, false},
		{"saving the resource again does not bring it back", func() error { l.resource(t, "a", "a"); return nil }, false},
		{"a clean stop does", func() error { return a.SetClean(t.Context(), true) }, true},
	}
	for _, step := range steps {
		check(t, step.set())
		if got := must(a.Clean(t.Context()))(t); got != step.wantA {
			t.Errorf("%s: clean is %v", step.name, got)
		}
		if !must(b.Clean(t.Context()))(t) {
			t.Errorf("%s: another resource lost its mark", step.name)
		}
	}
}

func TestAJournalReachesNoOtherResource(t *testing.T) {
	l := newLab(t)
	mine := l.journal(t, "a", "a")
	pair := savePair(t, mine, "INBOX", "INBOX")
	check(t, mine.Record(t.Context(), pair.ID, copied(10, 1)))
	b := begin(t, mine, pair, 2)
	foreign := map[string]*Journal{
		"another resource": l.journal(t, "b", "b"),
		"another customer": l.Journal(LocalCustomer+1, mine.resource, 1),
		"no resource":      l.Journal(LocalCustomer, 999, 1),
	}
	for name, j := range foreign {
		t.Run(name, func(t *testing.T) {
			again := b
			wantError(t, j.Begin(t.Context(), &again), migration.ErrNotFound)
			wantError(t, j.Settle(t.Context(), b, copied(11, 2), 12), migration.ErrNotFound)
			wantError(t, j.Record(t.Context(), pair.ID, copied(11, 2)), migration.ErrNotFound)
			wantError(t, j.Rekey(t.Context(), pair.ID, nil), migration.ErrNotFound)
			wantError(t, j.RenamePair(t.Context(), pair.ID, "Altrove"), migration.ErrNotFound)
			_, err := j.Known(t.Context(), pair.ID, 1)
			wantError(t, err, migration.ErrNotFound)
			if got := len(messages(t, j, pair.ID)) + len(must(j.Pairs(t.Context()))(t)) + len(must(j.InFlight(t.Context()))(t)); got != 0 {
				t.Errorf("it sees %d things", got)
			}
		})
	}
	for _, name := range []string{"another customer", "no resource"} {
		_, err := foreign[name].Clean(t.Context())
		wantError(t, err, migration.ErrNotFound)
		wantError(t, foreign[name].SetClean(t.Context(), false), migration.ErrNotFound)
		wantError(t, foreign[name].SavePair(t.Context(), &migration.FolderPair{Source: "X"}), migration.ErrNotFound)
		if got := must(foreign[name].MappedAbove(t.Context(), pair.Dest.ID, 1))(t); name == "another customer" && len(got) > 0 {
			t.Errorf("%s sees mapped messages %v", name, got)
		}
	}
	if got := messages(t, mine, pair.ID); len(got) != 1 || got[0].DestUID != 10 {
		t.Errorf("messages are %+v", got)
	}
	if got := must(mine.Pairs(t.Context()))(t)[0].Source; got != "INBOX" {
		t.Errorf("the pair is called %q", got)
	}
}
