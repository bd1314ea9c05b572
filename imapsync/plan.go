package imapsync

import (
	"slices"
	"time"

	"trasloco/migration"
)

// meta is one line of a source folder's listing.
type meta struct {
	uid   uint32
	flags []string  // shared: not to be changed
	date  time.Time // with its zone (D-1); zero: the server gave none that could be kept (D-2)
	size  int64     // RFC822.SIZE; -1: not said

	id     uint64   // X-GM-MSGID; 0: the source has none
	labels []string // X-GM-LABELS; shared too
}

// limits are what decides about a message before it is read.
type limits struct {
	pass    int
	maxSize int64 // of the job; 0: none
	destMax int64 // APPENDLIMIT of the destination; 0: none
}

// plan says what is to be done for one folder. Every message of the listing is
// in exactly one of copy, copied, present and left (V-1).
type plan struct {
	exists  uint32 // messages in the folder when it was listed
	listed  int
	copy    []meta // ascending
	copied  int    // in this pass, before it was interrupted
	present int
	bytes   int64 // of copied
	left    []left

	changed  []flagChange             // copies whose originals have other flags now
	vanished []migration.MessageState // copied, and not at the source any more
}

// left is a message that is left out.
type left struct {
	meta
	kind   migration.OutcomeKind
	reason migration.Reason
}

// flagChange is a copy, by its state, and the flags of its original.
type flagChange struct {
	migration.MessageState
	now []string
}

// planFolder compares a listing with what is remembered; both are in ascending
// order of UIDs. It is pure.
func planFolder(listing []meta, known []migration.MessageState, lim limits) plan {
	p := plan{listed: len(listing)}
	for _, m := range listing {
		for len(known) > 0 && known[0].UID < m.uid {
			p.vanish(known[0])
			known = known[1:]
		}
		if len(known) > 0 && known[0].UID == m.uid && known[0].Kind == migration.Copied {
			p.countCopied(known[0], lim.pass)
			p.compare(known[0], m.flags)
			known = known[1:]
			continue
		}
		p.add(m, lim)
	}
	for _, state := range known {
		p.vanish(state)
	}
	return p
}

// vanish notes a message that was deleted at the source, or moved (Δ-4, I-15).
func (p *plan) vanish(state migration.MessageState) {
	if state.Kind == migration.Copied && !state.Gone {
		p.vanished = append(p.vanished, state)
	}
}

// compare notes a copy whose original has other flags than when it was copied.
func (p *plan) compare(state migration.MessageState, now []string) {
	if !state.IsElsewhere() && !sameFlags(state.Flags, now) {
		p.changed = append(p.changed, flagChange{state, now})
	}
}

// add decides about a message that is not in the map (Δ-2).
func (p *plan) add(m meta, lim limits) {
	switch {
	case lim.maxSize > 0 && m.size > lim.maxSize:
		p.left = append(p.left, left{m, migration.Skipped, migration.ReasonOversize})
	case lim.destMax > 0 && m.size > lim.destMax:
		p.left = append(p.left, left{m, migration.Failed, migration.ReasonTooBig})
	default:
		p.copy = append(p.copy, m)
	}
}

func (p *plan) countCopied(state migration.MessageState, pass int) {
	if state.Pass == pass {
		p.copied++
		p.bytes += state.Size
	} else {
		p.present++
	}
}

// uncount takes back what was counted of a copy that is not at the source any
// more.
func (p *plan) uncount(state migration.MessageState, pass int) {
	if state.Pass == pass {
		p.copied--
		p.bytes -= state.Size
	} else {
		p.present--
	}
}

const (
	windowMessages = 500
	chunkMessages  = 100
	chunkOctets    = 32 << 20
)

// chunks cuts what is to be copied into pieces for one FETCH each. The newest
// mail comes first, since that is what people look for: window by window, and
// ascending inside one, so that copies keep the order of their originals (T-7).
func chunks(metas []meta) [][]meta {
	var pieces [][]meta
	for end := len(metas); end > 0; {
		start := max(end-windowMessages, 0)
		pieces = append(pieces, ascending(metas[start:end])...)
		end = start
	}
	return pieces
}

// ascending cuts a window into pieces.
func ascending(window []meta) [][]meta {
	var pieces [][]meta
	for len(window) > 0 {
		end, octets := 0, int64(0)
		for end < len(window) && end < chunkMessages {
			octets += max(window[end].size, 0)
			if octets > chunkOctets && end > 0 {
				break
			}
			end++
		}
		pieces = append(pieces, window[:end])
		window = window[end:]
	}
	return pieces
}

func uidsOf(metas []meta) []uint32 {
	uids := make([]uint32, len(metas))
	for i, m := range metas {
		uids[i] = m.uid
	}
	slices.Sort(uids)
	return uids
}
