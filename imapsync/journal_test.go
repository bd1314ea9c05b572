package imapsync_test

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"trasloco/migration"
)

// memory is a Journal in memory, for the engine's own tests. Several resources
// of one destination mailbox share a mailbox.
type memory struct {
	mailbox *mailbox
	pairs   map[string]migration.FolderPair // by source
	flight  []migration.Batch
	clean   bool
	read    []migration.Download
	formers []*memory // sources of the same mailbox, which may be this one
}

type mailbox struct {
	sync.Mutex
	next     int64
	dests    map[string]migration.DestFolder             // by name
	messages map[int64]map[uint32]migration.MessageState // by pair
	destOf   map[int64]int64                             // pair → dest
}

func newMemory() *memory {
	return (&mailbox{
		dests: map[string]migration.DestFolder{}, messages: map[int64]map[uint32]migration.MessageState{}, destOf: map[int64]int64{},
	}).journal()
}

func (m *mailbox) journal() *memory {
	return &memory{mailbox: m, pairs: map[string]migration.FolderPair{}}
}

func (m *memory) lock() func() {
	m.mailbox.Lock()
	return m.mailbox.Unlock
}

func (m *memory) id() int64 {
	m.mailbox.next++
	return m.mailbox.next
}

func (m *memory) Pairs(context.Context) ([]migration.FolderPair, error) {
	defer m.lock()()
	var pairs []migration.FolderPair
	for _, p := range m.pairs {
		p.Dest = m.mailbox.dests[p.Dest.Name]
		pairs = append(pairs, p)
	}
	slices.SortFunc(pairs, func(a, b migration.FolderPair) int { return cmp.Compare(a.ID, b.ID) })
	return pairs, nil
}

func (m *memory) SavePair(_ context.Context, p *migration.FolderPair) error {
	defer m.lock()()
	if known, ok := m.pairs[p.Source]; ok {
		p.ID = known.ID
	} else {
		p.ID = m.id()
	}
	if known, ok := m.mailbox.dests[p.Dest.Name]; ok {
		p.Dest.ID = known.ID
		if known.UIDValidity == p.Dest.UIDValidity {
			p.Dest.UIDNext = max(p.Dest.UIDNext, known.UIDNext)
		}
	} else {
		p.Dest.ID = m.id()
	}
	m.mailbox.dests[p.Dest.Name] = p.Dest
	m.mailbox.destOf[p.ID] = p.Dest.ID
	m.pairs[p.Source] = *p
	return nil
}

// sourceOf returns the source of a pair, or "" of one that is another resource's.
func (m *memory) sourceOf(pair int64) string {
	for source, p := range m.pairs {
		if p.ID == pair {
			return source
		}
	}
	return ""
}

func (m *memory) RenamePair(_ context.Context, pair int64, source string) error {
	defer m.lock()()
	was := m.sourceOf(pair)
	if was == "" {
		return migration.ErrNotFound
	}
	if other, ok := m.pairs[source]; ok && other.ID != pair {
		return migration.ErrConflict
	}
	p := m.pairs[was]
	delete(m.pairs, was)
	p.Source = source
	m.pairs[source] = p
	return nil
}

func (m *memory) Known(_ context.Context, pair int64, pass int) (migration.Known, error) {
	defer m.lock()()
	var known migration.Known
	if m.sourceOf(pair) == "" {
		return known, migration.ErrNotFound
	}
	for uid, s := range m.mailbox.messages[pair] {
		if !s.Gone {
			known.Highest = max(known.Highest, uid)
		}
		switch {
		case s.Gone:
		case s.Kind != migration.Copied:
			known.Left = append(known.Left, s)
			continue
		case s.Pass == pass:
			known.Copied++
			known.Bytes += s.Size
		default:
			known.Present++
		}
		if !s.Gone && s.Identity == 0 {
			known.Nameless++
		}
	}
	slices.SortFunc(known.Left, byUID)
	return known, nil
}

func (m *memory) Sightings(context.Context) (all []migration.Sighting, err error) {
	defer m.lock()()
	for _, p := range m.pairs {
		for uid, s := range m.mailbox.messages[p.ID] {
			if s.Kind == migration.Copied && s.Identity != 0 {
				all = append(all, migration.Sighting{Identity: s.Identity, PairID: p.ID, UID: uid, Gone: s.Gone, Elsewhere: s.IsElsewhere()})
			}
		}
	}
	return all, nil
}

func (m *memory) Downloads(_ context.Context, since time.Time) ([]migration.Download, error) {
	defer m.lock()()
	return slices.DeleteFunc(slices.Clone(m.read), func(d migration.Download) bool { return !d.Hour.After(since.Add(-time.Hour)) }), nil
}

func (m *memory) AddDownload(_ context.Context, at time.Time, octets int64) error {
	defer m.lock()()
	m.read = append(m.read, migration.Download{Hour: at.Truncate(time.Hour), Octets: octets})
	return nil
}

func byUID(a, b migration.MessageState) int { return cmp.Compare(a.UID, b.UID) }

func (m *memory) MoveMessage(_ context.Context, from int64, uid uint32, to int64, state migration.MessageState) error {
	defer m.lock()()
	_, ok := m.mailbox.messages[from][uid]
	if !ok || m.sourceOf(from) == "" || m.sourceOf(to) == "" {
		return migration.ErrNotFound
	}
	delete(m.mailbox.messages[from], uid)
	m.put(to, []migration.MessageState{state})
	return nil
}

func (m *memory) Messages(_ context.Context, pair int64) ([]migration.MessageState, error) {
	defer m.lock()()
	states := slices.Collect(maps.Values(m.mailbox.messages[pair]))
	slices.SortFunc(states, byUID)
	return states, nil
}

func (m *memory) MappedAbove(_ context.Context, dest int64, low uint32) ([]uint32, error) {
	defer m.lock()()
	var uids []uint32
	for pair, messages := range m.mailbox.messages {
		for _, s := range messages {
			if m.mailbox.destOf[pair] == dest && s.DestUID >= low && s.DestUID > 0 {
				uids = append(uids, s.DestUID)
			}
		}
	}
	slices.Sort(uids)
	return uids, nil
}

func (m *memory) Begin(_ context.Context, b *migration.Batch) error {
	defer m.lock()()
	b.ID = m.id()
	m.flight = append(m.flight, *b)
	return nil
}

func (m *memory) Settle(_ context.Context, b migration.Batch, states []migration.MessageState, next uint32) error {
	defer m.lock()()
	m.put(b.PairID, states)
	for name, d := range m.mailbox.dests {
		if d.ID == b.DestID {
			d.UIDNext = max(d.UIDNext, next)
			m.mailbox.dests[name] = d
		}
	}
	m.flight = slices.DeleteFunc(m.flight, func(f migration.Batch) bool { return f.ID == b.ID })
	return nil
}

func (m *memory) put(pair int64, states []migration.MessageState) {
	if m.mailbox.messages[pair] == nil {
		m.mailbox.messages[pair] = map[uint32]migration.MessageState{}
	}
	for _, s := range states {
		if known, ok := m.mailbox.messages[pair][s.UID]; ok && known.Kind == migration.Copied && s.Kind != migration.Copied {
			continue // I-1
		}
		m.mailbox.messages[pair][s.UID] = s
	}
}

func (m *memory) Record(_ context.Context, pair int64, states []migration.MessageState) error {
	defer m.lock()()
	m.put(pair, states)
	return nil
}

func (m *memory) Rekey(_ context.Context, pair int64, states []migration.MessageState) error {
	defer m.lock()()
	m.mailbox.messages[pair] = nil
	m.put(pair, states)
	return nil
}

func (m *memory) InFlight(context.Context) ([]migration.Batch, error) {
	defer m.lock()()
	return slices.Clone(m.flight), nil
}

func (m *memory) Clean(context.Context) (bool, error) {
	defer m.lock()()
	return m.clean, nil
}

func (m *memory) Formers(context.Context) (list []migration.Former, _ error) {
	defer m.lock()()
	if m.copies("") > 0 || len(m.flight) > 0 {
		return nil, nil
	}
	for i, former := range m.formers {
		f := migration.Former{ResourceID: int64(i), Server: "old.example:143"}
		for source, p := range former.pairs {
			f.Folders = append(f.Folders, migration.FormerFolder{FolderPair: p, Copies: former.copies(source)})
		}
		if former.copies("") > 0 || len(former.flight) > 0 {
			list = append(list, f)
		}
	}
	return list, nil
}

// copies counts what was copied from a folder; "": from all.
func (m *memory) copies(source string) (count int) {
	for name, p := range m.pairs {
		for _, s := range m.mailbox.messages[p.ID] {
			if (source == "" || source == name) && s.Kind == migration.Copied && !s.IsElsewhere() {
				count++
			}
		}
	}
	return count
}

func (m *memory) CountCopies(_ context.Context, _ migration.Former, pair int64, fingerprints []uint64) (found int, _ error) {
	defer m.lock()()
	known := map[uint64]bool{}
	for _, s := range m.mailbox.messages[pair] {
		known[s.Fingerprint] = known[s.Fingerprint] || s.Kind == migration.Copied && !s.IsElsewhere()
	}
	for _, print := range fingerprints {
		if known[print] {
			found++
		}
	}
	return found, nil
}

func (m *memory) TakeOver(_ context.Context, f migration.Former) (bool, error) {
	defer m.lock()()
	former := m.formers[f.ResourceID]
	for source, p := range former.pairs {
		p.Doubted, p.ModSeq, p.Complete = true, 0, false
		m.pairs[source] = p
		for uid, s := range m.mailbox.messages[p.ID] {
			if !s.IsElsewhere() {
				s.Pass = migration.BeforeAnyPass
			}
			m.mailbox.messages[p.ID][uid] = s
		}
	}
	m.flight = append(m.flight, former.flight...)
	former.pairs, former.flight = map[string]migration.FolderPair{}, nil
	return former.clean, nil
}

// Whole is never told: the engine has to be right without.
func (m *memory) Whole(context.Context) (bool, error) { return false, nil }

func (m *memory) SetClean(_ context.Context, clean bool) error {
	defer m.lock()()
	m.clean = clean
	return nil
}
