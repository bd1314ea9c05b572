package imapsync

import (
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"trasloco/migration"
)

// letter is a message with its copy's form: fingerprint, size and content.
func letter(fingerprint uint64, size int64, content byte) migration.BatchItem {
	return migration.BatchItem{Fingerprint: fingerprint, Size: size, Digest: [32]byte{content}}
}

// contents returns a digester over candidates whose UID is a key, and the UIDs
// it was asked for.
func contents(of map[uint32]byte) (digester, *[]uint32) {
	var asked []uint32
	return func(uid uint32) ([32]byte, error) {
		asked = append(asked, uid)
		return [32]byte{of[uid]}, nil
	}, &asked
}

func TestPair(t *testing.T) {
	items := func(list ...migration.BatchItem) []migration.BatchItem { return list }
	there := func(list ...candidate) []candidate { return list }
	bareLF := letter(1, 100, 'a')
	bareLF.BareLF = 7
	tests := []struct {
		name    string
		items   []migration.BatchItem
		there   []candidate
		content map[uint32]byte
		want    map[int]uint32
		asked   []uint32
	}{
		{"fingerprint and size settle it (I-6)", items(letter(1, 100, 'a')), there(candidate{uid: 9, fingerprint: 1, size: 100}), nil, map[int]uint32{0: 9}, nil},
		{"nothing there", items(letter(1, 100, 'a')), nil, nil, map[int]uint32{}, nil},
		{"nothing wanted", nil, there(candidate{uid: 9, fingerprint: 1, size: 100}), nil, map[int]uint32{}, nil},
		{"true duplicates go in order, each its own (I-7)", items(letter(1, 100, 'a'), letter(1, 100, 'a')), there(candidate{uid: 8, fingerprint: 1, size: 100}, candidate{uid: 9, fingerprint: 1, size: 100}), nil, map[int]uint32{0: 8, 1: 9}, nil},
		{"one of two duplicates is there (I-7)", items(letter(1, 100, 'a'), letter(1, 100, 'a')), there(candidate{uid: 8, fingerprint: 1, size: 100}), nil, map[int]uint32{0: 8}, nil},
		{"a third copy is nobody's (I-7)", items(letter(1, 100, 'a')), there(candidate{uid: 8, fingerprint: 1, size: 100}, candidate{uid: 9, fingerprint: 1, size: 100}), map[uint32]byte{9: 'a'}, map[int]uint32{0: 8}, nil},
		{
			"one header with two bodies asks for the digest (I-6)", items(letter(1, 100, 'a'), letter(1, 100, 'b')), there(candidate{uid: 8, fingerprint: 1, size: 100}, candidate{uid: 9, fingerprint: 1, size: 100}),
			map[uint32]byte{8: 'b', 9: 'a'},
			map[int]uint32{1: 8, 0: 9},
			[]uint32{8},
		},
		{"a body that is neither is a stranger", items(letter(1, 100, 'a'), letter(1, 100, 'b')), there(candidate{uid: 8, fingerprint: 1, size: 100}), map[uint32]byte{8: 'c'}, map[int]uint32{}, []uint32{8}},
		{"one header, sizes apart, asks nobody (I-6)", items(letter(1, 100, 'a'), letter(1, 200, 'b')), there(candidate{uid: 8, fingerprint: 1, size: 200}, candidate{uid: 9, fingerprint: 1, size: 100}), nil, map[int]uint32{1: 8, 0: 9}, nil},
		{"a server that adds CR to bare LF (I-8)", items(bareLF), there(candidate{uid: 9, fingerprint: 1, size: 107}), nil, map[int]uint32{0: 9}, nil},
		{"and a last line end besides", items(bareLF), there(candidate{uid: 9, fingerprint: 1, size: 109}), nil, map[int]uint32{0: 9}, nil},
		{"a server that adds a last line end", items(letter(1, 100, 'a')), there(candidate{uid: 9, fingerprint: 1, size: 102}), nil, map[int]uint32{0: 9}, nil},
		{"a copy of another size is believed by its digest", items(letter(1, 100, 'a')), there(candidate{uid: 9, fingerprint: 1, size: 90}), map[uint32]byte{9: 'a'}, map[int]uint32{0: 9}, []uint32{9}},
		{"a stranger with our header and another size is not ours", items(letter(1, 100, 'a')), there(candidate{uid: 9, fingerprint: 1, size: 170}), map[uint32]byte{9: 'x'}, map[int]uint32{}, []uint32{9}},
		{"a header read otherwise is believed by its digest", items(letter(1, 100, 'a')), there(candidate{uid: 9, fingerprint: 2, size: 100}), map[uint32]byte{9: 'a'}, map[int]uint32{0: 9}, []uint32{9}},
		{"a stranger of our size is not ours", items(letter(1, 100, 'a')), there(candidate{uid: 9, fingerprint: 2, size: 100}), map[uint32]byte{9: 'x'}, map[int]uint32{}, []uint32{9}},
		{"a double with a header read otherwise is nobody's", items(letter(1, 100, 'a')), there(candidate{uid: 8, fingerprint: 1, size: 100}, candidate{uid: 9, fingerprint: 2, size: 100}), map[uint32]byte{9: 'a'}, map[int]uint32{0: 8}, nil},
		{"a stranger of another size is not looked at", items(letter(1, 100, 'a')), there(candidate{uid: 9, fingerprint: 2, size: 170}), map[uint32]byte{9: 'a'}, map[int]uint32{}, nil},
		{
			"strangers between ours", items(letter(1, 100, 'a'), letter(2, 200, 'b'), letter(3, 300, 'c')),
			there(candidate{uid: 5, fingerprint: 9, size: 50}, candidate{uid: 6, fingerprint: 1, size: 100}, candidate{uid: 7, fingerprint: 9, size: 60}, candidate{uid: 8, fingerprint: 3, size: 300}),
			nil,
			map[int]uint32{0: 6, 2: 8},
			nil,
		},
		{"messages without a header are no special case (I-7)", items(letter(0, 10, 'a'), letter(0, 10, 'a'), letter(0, 20, 'b')), there(candidate{uid: 1, fingerprint: 0, size: 10}, candidate{uid: 2, fingerprint: 0, size: 20}, candidate{uid: 3, fingerprint: 0, size: 10}), nil, map[int]uint32{0: 1, 2: 2, 1: 3}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			digest, asked := contents(tt.content)
			got, err := pair(tt.items, tt.there, digest)
			if err != nil || !maps.Equal(got, tt.want) {
				t.Errorf("got %v, %v; want %v", got, err, tt.want)
			}
			if !slices.Equal(*asked, tt.asked) {
				t.Errorf("asked for the digests of %v, want %v", *asked, tt.asked)
			}
		})
	}
}

// Where nobody can be asked, only fingerprint and size together count.
func TestPairWithoutDigest(t *testing.T) {
	items := []migration.BatchItem{letter(1, 100, 0), letter(1, 150, 0), letter(2, 100, 0)}
	got, err := pair(items, []candidate{{uid: 7, fingerprint: 1, size: 150}, {uid: 8, fingerprint: 3, size: 100}, {uid: 9, fingerprint: 1, size: 90}, {uid: 10, fingerprint: 2, size: 101}}, nil)
	if want := (map[int]uint32{1: 7, 2: 10}); err != nil || !maps.Equal(got, want) {
		t.Errorf("got %v, %v; want %v", got, err, want)
	}
}

func TestPairPassesOnWhatADigestFails(t *testing.T) {
	broken := errors.New("reset")
	got, err := pair([]migration.BatchItem{letter(1, 100, 'a')}, []candidate{{uid: 9, fingerprint: 1, size: 50}}, func(uint32) ([32]byte, error) { return [32]byte{}, broken })
	if !errors.Is(err, broken) || got != nil {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestSizesThatFit(t *testing.T) {
	it := migration.BatchItem{Size: 100, BareLF: 10}
	for size, want := range map[int64]bool{99: false, 100: true, 101: true, 102: true, 103: false, 109: false, 110: true, 112: true, 113: false, 0: false, -1: false} {
		if got := fits(it, size); got != want {
			t.Errorf("%d octets fit: %v (I-8)", size, got)
		}
	}
}

// stored is a destination folder after an interrupted batch: which items the
// server stored, in order, with strangers between them.
type stored struct {
	items   []migration.BatchItem
	there   []candidate
	content map[uint32]byte
}

func randomTail(random *rand.Rand) stored {
	s := stored{content: map[uint32]byte{}}
	uid := uint32(100)
	add := func(fingerprint uint64, size int64, content byte) {
		uid += 1 + random.Uint32N(3)
		s.there = append(s.there, candidate{uid: uid, fingerprint: fingerprint, size: size})
		s.content[uid] = content
	}
	for range random.IntN(12) {
		// Few values, so that duplicates and near duplicates are common. Content
		// decides about size and header, as it does in life.
		content := byte(1 + random.IntN(6))
		it := letter(uint64(content/3), 100+10*int64(content%2), content)
		it.BareLF = int64(content % 4)
		s.items = append(s.items, it)
		if random.IntN(3) > 0 {
			add(it.Fingerprint, it.Size+it.BareLF*int64(random.IntN(2)), content)
		}
		if random.IntN(4) == 0 { // a stranger: other content, perhaps our header or size
			add(uint64(random.IntN(3)), 100+int64(random.IntN(3))*23, 99)
		}
	}
	return s
}

// Whatever was stored, pair finds as many copies of each message as there are,
// none twice, none of a stranger (I-6, I-7): the oracle knows all contents and
// counts them.
func TestPairAgreesWithAnOracle(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	for range 5000 {
		s := randomTail(random)
		digest, _ := contents(s.content)
		got, err := pair(s.items, s.there, digest)
		if err != nil {
			t.Fatal(err)
		}
		wanted, found, copies := map[byte]int{}, map[byte]int{}, map[byte]int{}
		used := map[uint32]bool{}
		for i, it := range s.items {
			wanted[it.Digest[0]]++
			if uid, ok := got[i]; ok {
				found[it.Digest[0]]++
				if used[uid] {
					t.Fatalf("UID %d is paired twice: %+v", uid, s)
				}
				used[uid] = true
			}
		}
		for uid, content := range s.content {
			copies[content]++
			if used[uid] && content == 99 && !looksOurs(s, uid) {
				t.Fatalf("stranger %d is paired: %+v", uid, s)
			}
		}
		if looksOurs(s, 0) {
			continue // a stranger with our header and size: nobody can tell
		}
		for content, n := range wanted {
			if found[content] != min(n, copies[content]) {
				t.Fatalf("%d copies of %d found, %d are there for %d: %+v", found[content], content, copies[content], n, s)
			}
		}
	}
}

// looksOurs reports whether a stranger has header and size of one of our
// messages; of any stranger if uid is 0.
func looksOurs(s stored, uid uint32) bool {
	return slices.ContainsFunc(s.there, func(c candidate) bool {
		return s.content[c.uid] == 99 && (uid == 0 || uid == c.uid) &&
			slices.ContainsFunc(s.items, func(it migration.BatchItem) bool { return it.Fingerprint == c.fingerprint && fits(it, c.size) })
	})
}

// Copies stay in the order of their originals: what comes first is paired first.
func TestPairKeepsTheOrder(t *testing.T) {
	var items []migration.BatchItem
	var there []candidate
	for i := range 50 {
		items = append(items, letter(1, 100, 'a'))
		there = append(there, candidate{uid: uint32(1000 + 2*i), fingerprint: 1, size: 100})
	}
	got, err := pair(items, there, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range items {
		if got[i] != uint32(1000+2*i) {
			t.Fatalf("item %d goes to %d", i, got[i])
		}
	}
}

func BenchmarkPair(b *testing.B) {
	const n = 20_000
	build := func(fingerprint func(int) uint64, size func(int) int64) (items []migration.BatchItem, there []candidate) {
		for i := range n {
			items = append(items, letter(fingerprint(i), size(i), 'a'))
			there = append(there, candidate{uid: uint32(i + 1), fingerprint: fingerprint(i), size: size(i)})
		}
		return items, there
	}
	own, one := func(i int) uint64 { return uint64(i) }, func(int) uint64 { return 0 }
	for _, bench := range []struct {
		name        string
		fingerprint func(int) uint64
		size        func(int) int64
	}{
		{"all different", own, func(int) int64 { return 100 }},
		{"all the same", one, func(int) int64 { return 100 }},
		{"one header, sizes of their own", one, func(i int) int64 { return int64(5 * (n - i)) }},
	} {
		b.Run(bench.name, func(b *testing.B) {
			items, there := build(bench.fingerprint, bench.size)
			slices.Reverse(there)
			for b.Loop() {
				if got, err := pair(items, there, nil); err != nil || len(got) != n {
					b.Fatal(len(got), err)
				}
			}
		})
	}
}
