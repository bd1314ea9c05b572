package store

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"trasloco/migration"
)

func TestACopiedMessageMayGoAndComeBack(t *testing.T) {
	failed := []migration.MessageState{{UID: 1, Kind: migration.Failed, Reason: migration.ReasonRefused}}
	skipped := []migration.MessageState{{UID: 1, Kind: migration.Skipped, Reason: migration.ReasonOversize}}
	tests := []struct {
		name   string
		states [][]migration.MessageState // recorded in turn
		want   migration.MessageState
	}{
		{"copied, then gone", [][]migration.MessageState{copied(10, 1), gone(10, 1)}, gone(10, 1)[0]},
		{"gone, then back", [][]migration.MessageState{gone(10, 1), copied(10, 1)}, copied(10, 1)[0]},
		{"a failure does not bring back what is gone", [][]migration.MessageState{gone(10, 1), failed}, gone(10, 1)[0]},
		{"nor does leaving it out", [][]migration.MessageState{gone(10, 1), skipped}, gone(10, 1)[0]},
		{"what failed may be found to have been copied and gone", [][]migration.MessageState{failed, gone(10, 1)}, gone(10, 1)[0]},
		{"within one call the order counts", [][]migration.MessageState{slices.Concat(skipped, copied(10, 1), failed)}, copied(10, 1)[0]},
	}
	j := newLab(t).journal(t, "a", "a")
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			pair := savePair(t, j, tt.name, "INBOX")
			for _, states := range tt.states {
				check(t, j.Record(t.Context(), pair.ID, states))
			}
			tt.want.Pass = 1
			if got := messages(t, j, pair.ID); !reflect.DeepEqual(got, []migration.MessageState{tt.want}) {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

// More states than one statement writes, and no multiple of it.
func TestManyStatesAreAllRecorded(t *testing.T) {
	j := newLab(t).journal(t, "a", "a")
	for _, n := range []uint32{1, upsertRows - 1, upsertRows, upsertRows + 1, 2 * upsertRows, 10*upsertRows + 7} {
		pair := savePair(t, j, fmt.Sprint(n), "INBOX")
		var want []migration.MessageState
		for uid := uint32(1); uid <= n; uid++ {
			want = append(want, migration.MessageState{
				UID: uid, Kind: migration.Copied, Pass: int(uid), DestUID: 1000 + uid, Size: int64(uid) * 3,
				Fingerprint: uint64(uid) << 40, Flags: []string{`\Seen`},
			})
		}
		check(t, j.Record(t.Context(), pair.ID, want))
		if got := messages(t, j, pair.ID); !reflect.DeepEqual(got, want) {
			t.Errorf("of %d states\n%+v\ncame back", n, got)
		}
	}
}

func TestKnownSumsUpWhatIsAtTheSource(t *testing.T) {
	j := newLab(t).journal(t, "a", "a")
	pair, other := savePair(t, j, "INBOX", "INBOX"), savePair(t, j, "Sent", "INBOX")
	left := []migration.MessageState{
		{UID: 4, Kind: migration.Failed, Reason: migration.ReasonRefused, Pass: 2, Size: 7, Fingerprint: 9, Flags: []string{`\Seen`, "Alfa"}},
		{UID: 6, Kind: migration.Skipped, Reason: migration.ReasonOversize, Pass: 1, Size: 60 << 20},
	}
	states := []migration.MessageState{
		left[1], left[0],
		{UID: 1, Kind: migration.Copied, Pass: 1, Size: 100},
		{UID: 2, Kind: migration.Copied, Pass: 2, Size: 20},
		{UID: 3, Kind: migration.Copied, Pass: 2, Size: 3},
		{UID: 5, Kind: migration.Copied, Pass: 3, Size: 1000},
		{UID: 8, Kind: migration.Copied, Gone: true, Pass: 2, Size: 5000},
	}
	check(t, j.Record(t.Context(), pair.ID, states))
	check(t, j.Record(t.Context(), other.ID, copied(10, 50)))
	tests := []struct {
		name string
		pair int64
		pass int
		want migration.Known
	}{
		{"the pass that is asked about copied two", pair.ID, 2, migration.Known{Copied: 2, Bytes: 23, Present: 2, Left: left, Highest: 6, Nameless: 4}},
		{"in a later one all are present", pair.ID, 4, migration.Known{Present: 4, Left: left, Highest: 6, Nameless: 4}},
		{"states that named no pass are of the journal's", other.ID, 1, migration.Known{Copied: 1, Highest: 50, Nameless: 1}},
		{"nothing is known of a new pair", savePair(t, j, "Bozze", "Bozze").ID, 1, migration.Known{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := must(j.Known(t.Context(), tt.pair, tt.pass))(t); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got  %+v\nwant %+v", got, tt.want)
			}
		})
	}
}

func TestAPairGoesOnUnderItsNewName(t *testing.T) {
	l := newLab(t)
	j, other := l.journal(t, "a", "a"), l.journal(t, "b", "b")
	pair, sent := savePair(t, j, "Clienti", "Clienti"), savePair(t, j, "Sent", "Sent")
	savePair(t, other, "Clienti\xe8", "INBOX")
	check(t, j.Record(t.Context(), pair.ID, copied(10, 1)))
	b := begin(t, j, pair, 2)
	wantError(t, j.RenamePair(t.Context(), pair.ID, "Sent"), migration.ErrConflict)
	check(t, j.RenamePair(t.Context(), sent.ID, "Sent"))
	check(t, j.RenamePair(t.Context(), pair.ID, "Clienti\xe8")) // the other resource may have one too
	pair.Source = "Clienti\xe8"
	if got := must(j.Pairs(t.Context()))(t); !reflect.DeepEqual(got, []migration.FolderPair{pair, sent}) {
		t.Errorf("got  %+v\nwant %+v", got, []migration.FolderPair{pair, sent})
	}
	if got := messages(t, j, pair.ID); len(got) != 1 {
		t.Errorf("messages are %+v", got)
	}
	check(t, j.Settle(t.Context(), b, copied(11, 2), 12))
	again := savePair(t, j, "Clienti", "Altri")
	if again.ID == pair.ID {
		t.Error("a new folder under the old name got the pair of the renamed one")
	}
}

func TestAMovedMessageIsInOnePairAtATime(t *testing.T) {
	tests := []struct {
		name       string
		to         migration.MessageState
		wantInSent []migration.MessageState
	}{
		{"it takes its copy along", copied(10, 7)[0], slices.Concat(copied(20, 5), copied(10, 7))},
		{"it is at a new place", copied(21, 7)[0], slices.Concat(copied(20, 5), copied(21, 7))},
		{"a UID that is copied there already stays so", migration.MessageState{UID: 5, Kind: migration.Failed}, copied(20, 5)},
	}
	j := newLab(t).journal(t, "a", "a")
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inbox, sent := savePair(t, j, "INBOX "+tt.name, "INBOX"), savePair(t, j, "Sent "+tt.name, "Sent")
			check(t, j.Record(t.Context(), inbox.ID, copied(10, 1, 2)))
			check(t, j.Record(t.Context(), sent.ID, copied(20, 5)))
			check(t, j.MoveMessage(t.Context(), inbox.ID, 1, sent.ID, tt.to))
			for i := range tt.wantInSent {
				tt.wantInSent[i].Pass = 1
			}
			if got := messages(t, j, sent.ID); !reflect.DeepEqual(got, tt.wantInSent) {
				t.Errorf("got  %+v\nwant %+v", got, tt.wantInSent)
			}
			if got := uids(messages(t, j, inbox.ID)); !slices.Equal(got, []uint32{2}) {
				t.Errorf("where it was there are %v", got)
			}
		})
	}
}

func TestAMoveThatCannotBeMadeChangesNothing(t *testing.T) {
	l := newLab(t)
	j, other := l.journal(t, "a", "a"), l.journal(t, "b", "a")
	inbox, sent := savePair(t, j, "INBOX", "INBOX"), savePair(t, j, "Sent", "Sent")
	foreign := savePair(t, other, "INBOX", "INBOX")
	check(t, j.Record(t.Context(), inbox.ID, copied(10, 1)))
	check(t, other.Record(t.Context(), foreign.ID, copied(11, 1)))
	to := copied(20, 7)[0]
	bad := migration.MessageState{UID: 7, Kind: migration.Present}
	tests := []struct {
		name     string
		from     int64
		uid      uint32
		into     int64
		to       migration.MessageState
		notFound bool
	}{
		{"it is not remembered", inbox.ID, 2, sent.ID, to, true},
		{"it comes from another resource", foreign.ID, 1, sent.ID, to, true},
		{"it goes to another resource", inbox.ID, 1, foreign.ID, to, true},
		{"what is to be remembered is no state", inbox.ID, 1, sent.ID, bad, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := j.MoveMessage(t.Context(), tt.from, tt.uid, tt.into, tt.to)
			if tt.notFound {
				wantError(t, err, migration.ErrNotFound)
			}
			if err == nil {
				t.Error("it was made")
			}
			counts := [3]int{len(messages(t, j, inbox.ID)), len(messages(t, j, sent.ID)), len(messages(t, other, foreign.ID))}
			if counts != [3]int{1, 0, 1} {
				t.Errorf("INBOX, Sent and the foreign INBOX have %v", counts)
			}
		})
	}
}

func TestMappedAboveSeesMessagesThatMoved(t *testing.T) {
	j := newLab(t).journal(t, "a", "a")
	inbox, sent := savePair(t, j, "INBOX", "INBOX"), savePair(t, j, "Sent", "Sent")
	check(t, j.Record(t.Context(), inbox.ID, slices.Concat(gone(10, 1), copied(11, 2))))
	check(t, j.MoveMessage(t.Context(), inbox.ID, 2, sent.ID, copied(31, 9)[0]))
	for dest, want := range map[int64][]uint32{inbox.Dest.ID: {10}, sent.Dest.ID: {31}} {
		if got := must(j.MappedAbove(t.Context(), dest, 1))(t); !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	}
}

// Millions of messages must fit beside whatever else the machine holds.
func TestJournalOctetsPerMessage(t *testing.T) {
	const folders, each, most = 4, 5_000, 60
	l := newLab(t)
	j := l.journal(t, "a", "a")
	for _, source := range []string{"INBOX", "Sent", "Archivio", "Clienti"} {
		fillPair(t, j, source, each)
	}
	check(t, truncateLog(t.Context(), l.writer))
	info := must(os.Stat(filepath.Join(l.dir, databaseName)))(t)
	got := info.Size() / (folders * each)
	t.Logf("%d octets a message", got)
	if got > most {
		t.Errorf("%d octets a message, want %d at most", got, most)
	}
}

// A message of a Gmail account is known again in every folder of its resource, and
// in no other's (M-1).
func TestSightingsAreThoseOfTheResource(t *testing.T) {
	l := newLab(t)
	a, b := l.journal(t, "a", "a"), l.journal(t, "b", "b")
	inbox, work := savePair(t, a, "INBOX", "INBOX"), savePair(t, a, "Work", "Work")
	named := func(id uint64, pass int, states []migration.MessageState) []migration.MessageState {
		for i := range states {
			states[i].Identity, states[i].Pass = id, pass
		}
		return states
	}
	check(t, a.Record(t.Context(), inbox.ID, named(math.MaxUint64, 1, copied(10, 1))))
	check(t, a.Record(t.Context(), inbox.ID, named(7, 1, gone(11, 2))))
	check(t, a.Record(t.Context(), inbox.ID, copied(12, 3)))
	check(t, a.Record(t.Context(), inbox.ID, []migration.MessageState{{UID: 4, Kind: migration.Failed, Reason: migration.ReasonRefused, Identity: 8}}))
	check(t, a.Record(t.Context(), work.ID, named(math.MaxUint64, migration.ElsewherePass, copied(0, 5))))
	check(t, b.Record(t.Context(), savePair(t, b, "INBOX", "INBOX").ID, named(9, 1, copied(10, 1))))
	got := must(a.Sightings(t.Context()))(t)
	slices.SortFunc(got, func(a, b migration.Sighting) int { return int(a.UID) - int(b.UID) })
	want := []migration.Sighting{
		{Identity: math.MaxUint64, PairID: inbox.ID, UID: 1},
		{Identity: 7, PairID: inbox.ID, UID: 2, Gone: true},
		{Identity: math.MaxUint64, PairID: work.ID, UID: 5, Elsewhere: true},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if known := must(a.Known(t.Context(), inbox.ID, 1))(t); known.Nameless != 1 {
		t.Errorf("known %+v, want one without identity", known)
	}
	if known := must(a.Known(t.Context(), work.ID, 1))(t); known.Present != 1 || known.Nameless != 0 {
		t.Errorf("known %+v, want one present", known)
	}
}
