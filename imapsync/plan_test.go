package imapsync

import (
	"math/rand/v2"
	"slices"
	"testing"

	"trasloco/imapsync/wire"
	"trasloco/migration"
)

func TestPlanFolder(t *testing.T) {
	state := func(uid uint32, kind migration.OutcomeKind, pass int) migration.MessageState {
		return migration.MessageState{UID: uid, Kind: kind, Pass: pass, Size: 10}
	}
	oversize := left{meta{uid: 1, size: 101}, migration.Skipped, migration.ReasonOversize}
	tooBig := left{meta{uid: 1, size: 51}, migration.Failed, migration.ReasonTooBig}
	tests := []struct {
		name  string
		list  []meta
		known []migration.MessageState
		want  plan
	}{
		{"what is not in the map is copied (Δ-2)", []meta{{uid: 1}, {uid: 2}}, nil, plan{listed: 2, copy: []meta{{uid: 1}, {uid: 2}}}},
		{"what was copied before is present (I-1)", []meta{{uid: 1}}, []migration.MessageState{state(1, migration.Copied, 1)}, plan{listed: 1, present: 1}},
		{"what this pass copied before it broke off is copied", []meta{{uid: 1}}, []migration.MessageState{state(1, migration.Copied, 2)}, plan{listed: 1, copied: 1, bytes: 10}},
		{"what failed is tried again (Δ-2)", []meta{{uid: 1}}, []migration.MessageState{state(1, migration.Failed, 1)}, plan{listed: 1, copy: []meta{{uid: 1}}}},
		{"what was skipped is looked at again, by the rules of today", []meta{{uid: 1}}, []migration.MessageState{state(1, migration.Skipped, 1)}, plan{listed: 1, copy: []meta{{uid: 1}}}},
		{
			"what was deleted at the source is no concern (Δ-4)",
			[]meta{{uid: 3}, {uid: 9}},
			[]migration.MessageState{state(1, migration.Copied, 1), state(3, migration.Copied, 1), state(5, migration.Copied, 1)},
			plan{listed: 2, present: 1, copy: []meta{{uid: 9}}},
		},
		{"over the limit is skipped (T-5)", []meta{{uid: 1, size: 101}}, nil, plan{listed: 1, left: []left{oversize}}},
		{"over the destination's limit is failed (T-5)", []meta{{uid: 1, size: 51}}, nil, plan{listed: 1, left: []left{tooBig}}},
		{"at the destination's limit is copied", []meta{{uid: 1, size: 50}}, nil, plan{listed: 1, copy: []meta{{uid: 1, size: 50}}}},
		{"of unknown size is copied: the literal will tell", []meta{{uid: 1, size: -1}}, nil, plan{listed: 1, copy: []meta{{uid: 1, size: -1}}}},
		{"a copied message over a limit that was set later stays present", []meta{{uid: 1, size: 101}}, []migration.MessageState{state(1, migration.Copied, 1)}, plan{listed: 1, present: 1}},
		{"an empty folder", nil, []migration.MessageState{state(1, migration.Copied, 1)}, plan{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			checkPlan(t, planFolder(tt.list, tt.known, limits{pass: 2, maxSize: 100, destMax: 50}), tt.want)
		})
	}
	unlimited := planFolder([]meta{{uid: 1, size: 1 << 40}}, nil, limits{pass: 1})
	checkPlan(t, unlimited, plan{listed: 1, copy: []meta{{uid: 1, size: 1 << 40}}})
}

func checkPlan(t *testing.T, got, want plan) {
	t.Helper()
	sameMeta := func(a, b meta) bool { return a.uid == b.uid && a.size == b.size }
	sameLeft := func(a, b left) bool { return sameMeta(a.meta, b.meta) && a.kind == b.kind && a.reason == b.reason }
	if got.listed != want.listed || got.copied != want.copied || got.present != want.present || got.bytes != want.bytes ||
		!slices.EqualFunc(got.copy, want.copy, sameMeta) || !slices.EqualFunc(got.left, want.left, sameLeft) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// Whatever is listed and remembered, every message has one fate (V-1), and none
// that is mapped is appended again (I-1).
func TestPlanAddsUp(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		listing, known := randomFolder(random)
		lim := limits{pass: 1 + random.IntN(3), maxSize: int64(random.IntN(3) * 400), destMax: int64(random.IntN(3) * 300)}
		p := planFolder(listing, known, lim)
		if sum := len(p.copy) + p.copied + p.present + len(p.left); sum != len(listing) || p.listed != sum {
			t.Fatalf("%d listed, %d planned: %+v", len(listing), sum, p)
		}
		seen := map[uint32]bool{}
		mark := func(uid uint32) {
			if seen[uid] {
				t.Fatalf("UID %d has two fates", uid)
			}
			seen[uid] = true
		}
		for _, m := range p.copy {
			mark(m.uid)
			if slices.ContainsFunc(known, func(s migration.MessageState) bool { return s.UID == m.uid && s.Kind == migration.Copied }) {
				t.Fatalf("UID %d would be copied twice", m.uid)
			}
		}
		for _, l := range p.left {
			mark(l.uid)
		}
		if !slices.IsSortedFunc(p.copy, func(a, b meta) int { return int(a.uid) - int(b.uid) }) {
			t.Fatal("what is copied is out of order")
		}
	}
}

// randomFolder returns a listing and what is remembered of it and of messages
// that went since, both by ascending UID.
func randomFolder(random *rand.Rand) (listing []meta, known []migration.MessageState) {
	kinds := []migration.OutcomeKind{migration.Copied, migration.Copied, migration.Skipped, migration.Failed}
	for uid := uint32(1); uid < 200; uid += 1 + random.Uint32N(4) {
		if random.IntN(4) > 0 {
			listing = append(listing, meta{uid: uid, size: int64(random.IntN(1000)) - 1})
		}
		if random.IntN(2) > 0 {
			known = append(known, migration.MessageState{UID: uid, Kind: kinds[random.IntN(len(kinds))], Pass: 1 + random.IntN(3)})
		}
	}
	return listing, known
}

// Every message is in one piece; windows of 500 come newest first, inside one
// UIDs ascend, and no piece is too large to be fetched at once unless it is one
// message (T-7).
func TestChunks(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	sizes := []int64{-1, 0, 100, 1 << 20, 8 << 20, chunkOctets, chunkOctets + 1, 50 << 20}
	for range 300 {
		metas := make([]meta, random.IntN(1700))
		few := 1 + random.IntN(len(sizes))
		for i := range metas {
			metas[i] = meta{uid: uint32(i + 1), size: sizes[random.IntN(few)]}
		}
		var want []uint32
		for end := len(metas); end > 0; end -= min(end, windowMessages) {
			want = append(want, uidsOf(metas[max(end-windowMessages, 0):end])...)
		}
		var got []uint32
		for _, piece := range chunks(metas) {
			checkChunk(t, piece)
			got = append(got, uidsOf(piece)...)
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%d messages come as %v, want %v", len(metas), got, want)
		}
	}
}

func checkChunk(t *testing.T, piece []meta) {
	t.Helper()
	var octets int64
	for i, m := range piece {
		octets += max(m.size, 0)
		if i > 0 && m.uid <= piece[i-1].uid {
			t.Fatalf("UID %d behind %d in a piece", m.uid, piece[i-1].uid)
		}
	}
	if len(piece) == 0 || len(piece) > chunkMessages || octets > chunkOctets && len(piece) > 1 {
		t.Fatalf("a piece of %d messages with %d octets", len(piece), octets)
	}
}

func TestChunksAreAsLargeAsTheyMay(t *testing.T) {
	tests := []struct {
		name  string
		count int
		size  int64
		want  []int
	}{
		{"250 small messages", 250, 10, []int{100, 100, 50}},
		{"five of 10 MiB", 5, 10 << 20, []int{3, 2}},
		{"three of 50 MiB", 3, 50 << 20, []int{1, 1, 1}},
		{"exactly what fits", 64, 1 << 20, []int{32, 32}},
		{"none", 0, 0, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			metas := slices.Repeat([]meta{{size: tt.size}}, tt.count)
			var got []int
			for _, piece := range chunks(metas) {
				got = append(got, len(piece))
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("pieces of %v, want %v", got, tt.want)
			}
		})
	}
}

// A folder is passed over only when nothing can have changed (Δ-1).
func TestUnchangedFolder(t *testing.T) {
	same := migration.FolderPair{ID: 1, UIDValidity: 1, UIDNext: 10, Exists: 5, ModSeq: 7, Complete: true}
	told := func(validity, next, exists, modseq uint64) wire.FolderStatus {
		return wire.FolderStatus{"UIDVALIDITY": validity, "UIDNEXT": next, "MESSAGES": exists, "HIGHESTMODSEQ": modseq}
	}
	if f := (&folderRun{pair: same, status: told(1, 10, 5, 7)}); !f.isUnchanged() {
		t.Error("the same folder is changed")
	}
	incomplete, plain, nextless := same, same, same
	incomplete.Complete, plain.ModSeq, nextless.UIDNext = false, 0, 0
	tests := []struct {
		name   string
		pair   migration.FolderPair
		status wire.FolderStatus
	}{
		{"something was left to try", incomplete, told(1, 10, 5, 7)},
		{"another UIDVALIDITY", same, told(2, 10, 5, 7)},
		{"another UIDNEXT", same, told(1, 11, 5, 7)},
		{"another number of messages", same, told(1, 10, 4, 7)},
		{"another HIGHESTMODSEQ: a flag was set", same, told(1, 10, 5, 8)},
		{"no CONDSTORE", plain, told(1, 10, 5, 0)},
		{"CONDSTORE went away", same, told(1, 10, 5, 0)},
		{"no UIDNEXT, as on Courier (X-6)", nextless, told(1, 0, 5, 7)},
		{"the server does not tell", same, nil},
		{"a folder never gone through", migration.FolderPair{}, told(1, 1, 0, 1)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if f := (&folderRun{pair: tt.pair, status: tt.status}); f.isUnchanged() {
				t.Error("taken for unchanged")
			}
		})
	}
}

func TestUIDsAreSentInAscendingOrder(t *testing.T) {
	if got := uidsOf([]meta{{uid: 9}, {uid: 2}, {uid: 4}}); !slices.Equal(got, []uint32{2, 4, 9}) {
		t.Errorf("got %v", got)
	}
}
