package imapsync

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"trasloco/imapsync/wire"
	"trasloco/migration"
)

// candidate is a message of a folder that may be one we are looking for.
type candidate struct {
	uid         uint32
	fingerprint uint64
	size        int64
	named       bool // it has a Message-ID
	flags       []string
}

// digester reads a candidate's octets and returns its digest, or errNoOctets:
// then the candidate is like no item. It is asked only
// where fingerprint and size leave a doubt; nil: nobody can be asked.
type digester func(uid uint32) ([32]byte, error)

// pair finds for each item the candidate that is its copy (I-6, I-7). Both are
// multisets in order: the first unpaired item goes to the first candidate that
// it fits, each candidate once. Items without a copy are missing in the result,
// which maps indices of items to UIDs.
func pair(items []migration.BatchItem, candidates []candidate, digest digester) (map[int]uint32, error) {
	return (&pairing{items: items, digest: digest}).pair(candidates)
}

// pairStrictly is pair by all octets, for where other messages than the items may
// be among the candidates.
func pairStrictly(items []migration.BatchItem, candidates []candidate, digest digester) (map[int]uint32, error) {
	return (&pairing{items: items, digest: digest, strict: true}).pair(candidates)
}

func (p *pairing) pair(candidates []candidate) (map[int]uint32, error) {
	items := p.items
	p.found, p.free = map[int]uint32{}, map[uint64][]int{}
	for i, it := range items {
		p.free[it.Fingerprint] = append(p.free[it.Fingerprint], i)
	}
	for _, c := range candidates {
		i, err := p.match(c)
		if err != nil {
			return nil, err
		}
		if i >= 0 {
			p.found[i] = c.uid
			group := p.free[items[i].Fingerprint]
			at := slices.Index(group, i)
			p.free[items[i].Fingerprint] = slices.Delete(group, at, at+1)
		}
	}
	return p.found, nil
}

// pairAltered pairs what is left of a batch with what is left of the messages
// that came in since: by the header alone, and only where there is no choice.
// Some servers change every message they store, in size and octets; what was sent
// and then stands there under the same Message-ID is still the copy.
func pairAltered(items []migration.BatchItem, candidates []candidate, found map[int]uint32) {
	wanted, there, taken := map[uint64][]int{}, map[uint64][]uint32{}, map[uint32]bool{}
	for i, it := range items {
		if uid, paired := found[i]; paired {
			taken[uid] = true
		} else {
			wanted[it.Fingerprint] = append(wanted[it.Fingerprint], i)
		}
	}
	for _, c := range candidates {
		if c.named && !taken[c.uid] {
			there[c.fingerprint] = append(there[c.fingerprint], c.uid)
		}
	}
	for text, indices := range wanted {
		if uids := there[text]; len(indices) == 1 && len(uids) == 1 {
			found[indices[0]] = uids[0]
		}
	}
}

// pairing is the state of one call of pair.
type pairing struct {
	items  []migration.BatchItem
	digest digester
	strict bool // header and size are never enough
	found  map[int]uint32
	free   map[uint64][]int // unpaired items by fingerprint, in order
}

// match returns the item whose copy c is, or -1.
func (p *pairing) match(c candidate) (int, error) {
	group := p.free[c.fingerprint]
	first := slices.IndexFunc(group, func(i int) bool { return fits(p.items[i], c.size) })
	if p.digest == nil {
		if first < 0 {
			return -1, nil
		}
		return group[first], nil
	}
	if first >= 0 && !p.strict && p.alike(group[first:], c.size) {
		return group[first], nil
	}
	suspects := slices.Concat(group, p.ofSize(c))
	if len(suspects) == 0 {
		return -1, nil
	}
	sum, err := p.digest(c.uid)
	if errors.Is(err, errNoOctets) {
		return -1, nil
	}
	if err != nil {
		return -1, err
	}
	for _, i := range suspects {
		if p.items[i].Digest == sum {
			return i, nil
		}
	}
	return -1, nil
}

// alike reports whether all items of a size are the same message.
func (p *pairing) alike(group []int, size int64) bool {
	return !slices.ContainsFunc(group, func(i int) bool {
		return fits(p.items[i], size) && p.items[i].Digest != p.items[group[0]].Digest
	})
}

// ofSize returns the unpaired items of the candidate's size and another
// fingerprint: a server may read a broken header otherwise than we do.
func (p *pairing) ofSize(c candidate) []int {
	var list []int
	for i, it := range p.items {
		if _, taken := p.found[i]; !taken && it.Fingerprint != c.fingerprint && fits(it, c.size) {
			list = append(list, i)
		}
	}
	return list
}

// fits reports whether a copy may have that size: servers add a carriage return
// to each bare line feed (I-8), and some a last line end.
func fits(it migration.BatchItem, size int64) bool {
	diff, diffCR := size-it.Size, size-it.Size-it.BareLF
	return diff >= 0 && diff <= 2 || diffCR >= 0 && diffCR <= 2
}

// tail returns the messages of a destination folder from low on that belong to
// no message of any source yet, with the folder's UIDNEXT. The folder stays open
// for digests; the caller leaves it.
func (r *run) tail(ctx context.Context, conn *wire.Conn, dest migration.DestFolder, low uint32) ([]candidate, uint32, error) {
	box, err := conn.Examine(ctx, dest.Name)
	if isRefusal(err) {
		return nil, 0, unlessGone(ctx, conn, dest.Name, err)
	}
	if err != nil {
		return nil, 0, err
	}
	next, err := uidNext(ctx, conn, box)
	if err != nil || next <= low || dest.UIDValidity != 0 && box.UIDValidity != dest.UIDValidity {
		return nil, next, err
	}
	mapped, err := r.journal.MappedAbove(ctx, dest.ID, low)
	if err != nil {
		return nil, 0, err
	}
	var list []candidate
	err = fetchTail(ctx, conn, low, mapped, func(f wire.Fetched) {
		if _, known := slices.BinarySearch(mapped, f.UID); !known && f.UID >= low {
			h := readHeader(f.Header)
			list = append(list, candidate{f.UID, h.fingerprint(), f.Size, h.messageID != "", f.Flags})
		}
	})
	return list, next, err
}

// unlessGone returns nil if a folder that did not open is not there any more:
// then neither is what was in it. One that is there may open the next time, and
// what it holds must not be appended again before somebody looked.
func unlessGone(ctx context.Context, conn *wire.Conn, name string, refused error) error {
	listing, err := conn.List(ctx, "LIST", "", name, "")
	if err != nil {
		return err
	}
	if slices.ContainsFunc(listing.Folders, func(f wire.Folder) bool {
		return strings.EqualFold(f.Name, name) && folder{Folder: f}.opens()
	}) {
		return refused
	}
	return nil
}

// digestAt returns a digester over the folder that stands open on conn. Where a
// server refuses it asks again, since taking a copy for missing makes a double.
func digestAt(ctx context.Context, conn *wire.Conn) digester {
	return func(uid uint32) ([32]byte, error) {
		for range readTries {
			switch s, err := skim(ctx, conn, uid); {
			case err == nil:
				return s.digest(), nil
			case !isRefusal(err):
				return [32]byte{}, err
			}
		}
		return [32]byte{}, errNoOctets
	}
}

var errNoOctets = errors.New("the server does not show the message")

// skim reads a message of the open folder for its size and digest; it keeps no
// octet. errNoOctets: the server shows none.
func skim(ctx context.Context, conn *wire.Conn, uid uint32) (*spool, error) {
	var s *spool
	sink := func(size int64) (io.Writer, error) {
		s = hashOnly(size)
		return s, nil
	}
	status, err := conn.Fetch(ctx, bodyQuery(conn, fmt.Sprint(uid)), sink, func(wire.Fetched) error { return nil })
	if err == nil {
		err = status.Err("FETCH")
	}
	switch {
	case s == nil && err == nil:
		return nil, errNoOctets
	case err != nil && !isRefusal(err) || s == nil:
		return nil, err
	default: // whatever was said behind it: these are its octets
		return s, nil
	}
}
