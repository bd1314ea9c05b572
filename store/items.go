package store

import (
	"encoding/binary"
	"errors"
	"time"

	"trasloco/migration"
)

// itemsVersion is the first octet of packed items. Whoever changes the form
// gives it another number and goes on reading this one.
const itemsVersion = 2

var errItems = errors.New("batch items cannot be read")

// packItems writes the items of a batch as octets: the version, the number of
// items, then for each its UID, fingerprint (8 octets), size, bare line ends,
// digest, whether it has a date and which in milliseconds, the number of flags
// and each as length and octets, and its identity, which version 1 has not.
// Numbers are varints.
func packItems(items []migration.BatchItem) []byte {
	out := []byte{itemsVersion}
	out = binary.AppendUvarint(out, uint64(len(items)))
	for _, item := range items {
		out = binary.AppendUvarint(out, uint64(item.UID))
		out = binary.BigEndian.AppendUint64(out, item.Fingerprint)
		out = binary.AppendVarint(out, item.Size)
		out = binary.AppendVarint(out, item.BareLF)
		out = append(out, item.Digest[:]...)
		out = appendDate(out, item.Date)
		out = binary.AppendUvarint(out, uint64(len(item.Flags)))
		for _, flag := range item.Flags {
			out = binary.AppendUvarint(out, uint64(len(flag)))
			out = append(out, flag...)
		}
		out = binary.AppendUvarint(out, item.Identity)
	}
	return out
}

func appendDate(out []byte, date time.Time) []byte {
	if date.IsZero() {
		return append(out, 0)
	}
	return binary.AppendVarint(append(out, 1), date.UnixMilli())
}

// unpackItems is the reverse of packItems, whatever the octets are: what it
// cannot read to the last octet is an error.
func unpackItems(octets []byte) ([]migration.BatchItem, error) {
	r := itemReader{rest: octets}
	version := r.octets(1)
	if r.bad || version[0] == 0 || version[0] > itemsVersion {
		return nil, errItems
	}
	r.identities = version[0] > 1
	var items []migration.BatchItem
	for n := r.count(); n > 0 && !r.bad; n-- {
		items = append(items, r.item())
	}
	if r.bad || len(r.rest) > 0 {
		return nil, errItems
	}
	return items, nil
}

// itemReader reads packed items. After the first fault it is bad, and all it
// returns is zero.
type itemReader struct {
	rest       []byte
	bad        bool
	identities bool // are part of each item
}

func (r *itemReader) item() migration.BatchItem {
	var item migration.BatchItem
	uid := r.uvarint()
	r.bad = r.bad || uid != uint64(uint32(uid))
	item.UID = uint32(uid)
	if fingerprint := r.octets(8); !r.bad {
		item.Fingerprint = binary.BigEndian.Uint64(fingerprint)
	}
	item.Size, item.BareLF = r.varint(), r.varint()
	copy(item.Digest[:], r.octets(len(item.Digest)))
	item.Date = r.date()
	for n := r.count(); n > 0 && !r.bad; n-- {
		item.Flags = append(item.Flags, string(r.octets(r.count())))
	}
	if r.identities {
		item.Identity = r.uvarint()
	}
	return item
}

func (r *itemReader) date() time.Time {
	if has := r.octets(1); r.bad || has[0] == 0 {
		return time.Time{}
	}
	return time.UnixMilli(r.varint()).UTC()
}

// octets returns the next n octets, or none.
func (r *itemReader) octets(n int) []byte {
	if r.bad || n > len(r.rest) {
		r.bad = true
		return nil
	}
	head := r.rest[:n]
	r.rest = r.rest[n:]
	return head
}

// count returns a number of things to follow: each takes an octet at least, so
// damaged octets cannot ask for more memory than they fill.
func (r *itemReader) count() int {
	n := r.uvarint()
	if n > uint64(len(r.rest)) {
		r.bad = true
		return 0
	}
	return int(n)
}

func (r *itemReader) uvarint() uint64 {
	value, n := binary.Uvarint(r.rest)
	r.skip(n)
	return value
}

func (r *itemReader) varint() int64 {
	value, n := binary.Varint(r.rest)
	r.skip(n)
	return value
}

func (r *itemReader) skip(n int) {
	if n <= 0 {
		r.bad = true
		return
	}
	r.octets(n)
}
