package imapsync_test

import (
	"fmt"
	"testing"
	"time"

	"trasloco/imapsync/imaptest"
)

// end is one end of a story, for faults that may be on either.
type end struct {
	name        string
	of          func(*story) *imaptest.Account
	connections int // of a run that nothing happens to
}

func bothEnds() []end {
	return []end{
		{"source", func(s *story) *imaptest.Account { return s.src }, 1},
		{"destination", func(s *story) *imaptest.Account { return s.dst }, 2}, // folders are made through the second
	}
}

var directions = map[imaptest.Direction]string{imaptest.FromClient: "from us", imaptest.ToClient: "to us"}

// TestCutAtEveryOctet breaks one connection after each number of octets that a
// run sends or gets. Whatever was cut, every message is copied once.
func TestCutAtEveryOctet(t *testing.T) {
	variants := []struct {
		name string
		run  func(*story)
	}{
		{"and the run goes on", func(s *story) { s.mustRun() }},
		{"and a new run goes on", func(s *story) {
			s.patience.FirstTries, s.patience.GiveUp = 1, -1
			s.insist()
		}},
	}
	for _, end := range bothEnds() {
		for direction, way := range directions {
			t.Run(end.name+" "+way, func(t *testing.T) {
				t.Parallel()
				longest := dialogue(t, end, direction)
				for _, v := range variants {
					for connection := 1; connection <= end.connections; connection++ {
						for after := int64(0); after <= longest; after += step(longest) {
							cut := imaptest.Cut{Direction: direction, After: after, Connection: connection, Reset: after%2 == 0}
							cutOnce(t, end, cut, v.name, v.run)
							if long {
								cut.Reset = !cut.Reset
								cutOnce(t, end, cut, v.name, v.run)
							}
						}
					}
				}
			})
		}
	}
}

// step chooses cuts: all of them in the long test, else about sixty.
func step(longest int64) int64 {
	if long {
		return 1
	}
	return max(longest/61, 1)
}

// dialogue measures how many octets a whole run has.
func dialogue(t *testing.T, e end, d imaptest.Direction) int64 {
	s := newStory(t, imaptest.AccountOptions{}, imaptest.AccountOptions{})
	s.fillOdd()
	proxy := s.through(e.of(s), imaptest.ProxyOptions{})
	s.mustRun()
	return proxy.Octets(d)
}

func cutOnce(t *testing.T, e end, cut imaptest.Cut, name string, run func(*story)) {
	kind := "FIN"
	if cut.Reset {
		kind = "RST"
	}
	t.Run(fmt.Sprintf("%s after octet %d of connection %d, %s", kind, cut.After, cut.Connection, name), func(t *testing.T) {
		s := newStory(t, imaptest.AccountOptions{}, imaptest.AccountOptions{})
		s.patience.LateCommit = time.Millisecond
		s.fillOdd()
		e.of(s).SetCut(cut)
		run(s)
		e.of(s).SetCut(imaptest.Cut{})
		s.checkWhole()
	})
}
