package imapsync

import (
	"context"
	"fmt"
	"io"
	"slices"

	"trasloco/imapsync/wire"
	"trasloco/migration"
)

// candidate is a message of a folder that may be one we are looking for.
type candidate struct {
	uid         uint32
	fingerprint uint64
	size        int64
}

// digester reads a candidate's octets and returns its digest. It is asked only
// where fingerprint and size leave a doubt; nil: nobody can be asked.
type digester func(uid uint32) ([32]byte, error)

// pair finds for each item the candidate that is its copy (I-6, I-7). Both are
// multisets in order: the first unpaired item goes to the first candidate that
// it fits, each candidate once. Items without a copy are missing in the result,
// which maps indices of items to UIDs.
func pair(items []migration.BatchItem, candidates []candidate, digest digester) (map[int]uint32, error) {
	found := map[int]uint32{}
	byText := map[uint64][]int{}
	for i, it := range items {
		byText[it.Fingerprint] = append(byText[it.Fingerprint], i)
	}
	for _, c := range candidates {
		exact, near := matches(items, byText[c.fingerprint], c, found)
		if digest != nil && (len(exact) == 0 || !alike(items, exact)) {
			near = append(near, ofSize(items, c, found)...)
		}
		if len(exact) > 0 && (digest == nil || alike(items, exact)) {
			found[exact[0]] = c.uid
			continue
		}
		if digest == nil || len(exact)+len(near) == 0 {
			continue
		}
		sum, err := digest(c.uid)
		if err != nil {
			return nil, err
		}
		for _, i := range append(exact, near...) {
			if items[i].Digest == sum {
				found[i] = c.uid
				break
			}
		}
	}
	return found, nil
}

// matches sorts the unpaired items with the candidate's fingerprint by whether
// their size fits too.
func matches(items []migration.BatchItem, indices []int, c candidate, found map[int]uint32) (exact, near []int) {
	for _, i := range indices {
		if _, taken := found[i]; taken {
			continue
		}
		if fits(items[i], c.size) {
			exact = append(exact, i)
		} else {
			near = append(near, i)
		}
	}
	return exact, near
}

// ofSize returns the unpaired items of the candidate's size and another
// fingerprint: a server may read a broken header otherwise than we do.
func ofSize(items []migration.BatchItem, c candidate, found map[int]uint32) []int {
	var list []int
	for i := range items {
		if _, taken := found[i]; !taken && items[i].Fingerprint != c.fingerprint && fits(items[i], c.size) {
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

// alike reports whether all these items are the same message.
func alike(items []migration.BatchItem, indices []int) bool {
	return !slices.ContainsFunc(indices, func(i int) bool { return items[i].Digest != items[indices[0]].Digest })
}

// tail returns the messages of a destination folder from low on that belong to
// no message of any source yet, with the folder's UIDNEXT. The folder stays open
// for digests; the caller leaves it.
func (r *run) tail(ctx context.Context, dest migration.DestFolder, low uint32) ([]candidate, uint32, error) {
	box, err := r.dst.Examine(ctx, dest.Name)
	if err != nil {
		if isRefusal(err) && !r.isThrottled(err) {
			return nil, 0, nil // the folder is gone, and what was in it
		}
		return nil, 0, err
	}
	next, err := uidNext(ctx, r.dst, box)
	if err != nil || next <= low || dest.UIDValidity != 0 && box.UIDValidity != dest.UIDValidity {
		return nil, next, err
	}
	mapped, err := r.journal.MappedAbove(ctx, dest.ID, low)
	if err != nil {
		return nil, 0, err
	}
	var list []candidate
	err = fetchHeaders(ctx, r.dst, fmt.Sprintf("%d:*", low), func(f wire.Fetched) {
		if _, known := slices.BinarySearch(mapped, f.UID); !known && f.UID >= low {
			list = append(list, candidate{f.UID, readHeader(f.Header).fingerprint(), f.Size})
		}
	})
	if isRefusal(err) {
		err = nil // what came is what there is; the rest is looked at as unpaired
	}
	return list, next, err
}

// digestAt returns a digester over the folder that stands open on conn.
func digestAt(ctx context.Context, conn *wire.Conn) digester {
	return func(uid uint32) ([32]byte, error) {
		var s *spool
		sink := func(size int64) (io.Writer, error) {
			s = hashOnly(size)
			return s, nil
		}
		q := wire.Query{Set: fmt.Sprint(uid), ByUID: true, Items: "(UID BODY.PEEK[])"}
		_, err := conn.Fetch(ctx, q, sink, func(wire.Fetched) error { return nil })
		if err != nil || s == nil {
			return [32]byte{}, err
		}
		return s.digest(), nil
	}
}
