package imapsync_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"trasloco/imapsync/imaptest"
)

// TestEveryMessageHasOneOutcome is rule V-1 as a property: random mailboxes,
// random faults at both ends, power cuts and stops between the runs. In each run
// every listed message has exactly one outcome, and in the end each that can be
// copied is there once.
func TestEveryMessageHasOneOutcome(t *testing.T) {
	cases := 200
	if long {
		cases = 5000
	}
	for seed := range cases {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(uint64(seed), 11))
			s := newStory(t, imaptest.AccountOptions{}, randomServer(r))
			s.timeouts.Reply, s.timeouts.Slow, s.timeouts.Login = 400*time.Millisecond, 400*time.Millisecond, 400*time.Millisecond
			s.patience.GiveUp, s.patience.FirstTries = 300*time.Millisecond, 2
			disk := newTape()
			s.journal = disk
			randomMail(r, s)
			for range 1 + r.IntN(3) {
				randomFaults(r, s)
				stop := []time.Duration{time.Hour, time.Duration(r.IntN(60)) * time.Millisecond}[r.IntN(2)]
				ctx, cancel := context.WithTimeout(t.Context(), stop)
				got := s.run(ctx)
				cancel()
				if got.err != nil && errorOf(got.err) == nil && !errors.Is(got.err, context.DeadlineExceeded) {
					t.Errorf("ended with %v", got.err)
				}
				if r.IntN(4) == 0 {
					disk.cut(r.IntN(6))
				}
			}
			s.calm()
			got := s.mustRun()
			if want := badMail(s); got.tally.Failed != want || got.tally.Skipped != 0 {
				t.Errorf("told %+v, want %d failed%s", got.tally, want, got.log())
			}
			s.checkCopied(isBad)
			s.pass++
			if again := s.mustRun(); again.tally.Copied != 0 {
				t.Errorf("a further run copied %+v", again.tally)
			}
			s.checkCopied(isBad)
		})
	}
}

func randomServer(r *rand.Rand) imaptest.AccountOptions {
	var o imaptest.AccountOptions
	for _, name := range []string{"LITERAL+", "UIDPLUS"} {
		if r.IntN(4) == 0 {
			o.Without = append(o.Without, name)
		}
	}
	if r.IntN(3) == 0 {
		o.Delimiter = "."
	}
	return o
}

var quirks = []imaptest.Quirk{
	{},
	{},
	{},
	{},
	{},
	{UIDAfterBody: true},
	{Split: true},
	{FlagsFirst: true},
	{RawSize: "-1"},
	{NilBody: true},
	{Refuse: "NO [SERVERBUG] sorry"},
}

func isBad(m imaptest.Message) bool { return m.Quirk.NilBody || m.Quirk.Refuse != "" }

func badMail(s *story) (n int) {
	for _, name := range s.src.Folders() {
		for _, m := range s.src.Folder(name).Messages() {
			if isBad(m) {
				n++
			}
		}
	}
	return n
}

// randomMail fills some folders; twins of the header and of the whole abound.
func randomMail(r *rand.Rand, s *story) {
	for _, name := range []string{"INBOX", "Work", "Sent", "Archive"}[:1+r.IntN(4)] {
		for range r.IntN(40) {
			m := mail(r.IntN(12), []string{"one", "two", "a\nb\nc\nd\ne", "\x00", strings.Repeat("long ", 2000)}[r.IntN(5)])
			m.Flags = [][]string{nil, {`\Seen`}, {`\Answered`, "$Label1"}}[len(m.Body)%3] // alike for true duplicates
			m.Quirk = quirks[r.IntN(len(quirks))]
			s.fill(name, m)
		}
	}
}

// randomFaults lets either end, or both, go wrong in a few ways.
func randomFaults(r *rand.Rand, s *story) {
	for _, a := range []*imaptest.Account{s.src, s.dst} {
		var faults []imaptest.Fault
		for range r.IntN(5) {
			faults = append(faults, randomFault(r))
		}
		a.SetFaults(faults...)
		var cut imaptest.Cut
		if r.IntN(3) == 0 {
			cut = imaptest.Cut{Direction: imaptest.Direction(1 + r.IntN(2)), After: r.Int64N(30000), Connection: r.IntN(4), Reset: r.IntN(2) == 0}
		}
		a.SetCut(cut)
	}
}

func randomFault(r *rand.Rand) imaptest.Fault {
	commands := []string{"APPEND", "APPEND", "APPEND", "UID FETCH", "UID FETCH", "FETCH", "EXAMINE", "LIST", "CREATE", "STATUS", "UNSELECT", "LOGIN", "SUBSCRIBE"}
	f := imaptest.Fault{Command: commands[r.IntN(len(commands))], Nth: 1 + r.IntN(30)}
	switch r.IntN(7) {
	case 0:
		f.Lost = true
	case 1:
		f.Lost, f.Reset = true, true
	case 2:
		f.Bye = []string{"Too many connections", "shutting down"}[r.IntN(2)]
	case 3:
		f.Reply = []string{"NO [OVERQUOTA] full", "NO [LIMIT] slow down", "NO no", "BAD bad", "NO [SERVERBUG] oh"}[r.IntN(5)]
		f.BeforeLiteral = r.IntN(2) == 0
	case 4:
		f.Reply = []string{"OK", "OK [APPENDUID 1 4:5] x", "OK [APPENDUID 99 7] x", "OK [THROTTLED] x"}[r.IntN(4)]
	case 5:
		f.Silent = r.IntN(6) == 0
	case 6:
		f.Nth = 1
		f.Lost = true
	}
	final := f.Reply == "NO no" || strings.HasPrefix(f.Reply, "BAD") || strings.HasPrefix(f.Reply, "NO [SERVERBUG]")
	switch {
	case !final:
	case f.Command == "LOGIN": // a wrong password ends the run
		f.Reply = ""
	case f.Command == "CREATE": // the folder would get another name (F-7)
		f.Reply = "NO [LIMIT] slow down"
	case f.Command == "APPEND": // a BAD lets messages be altered (T-4, T-6)
		f.Reply = "NO no"
	}
	return f
}

// calm ends all faults.
func (s *story) calm() {
	s.src.SetFaults()
	s.dst.SetFaults()
	s.src.SetCut(imaptest.Cut{})
	s.dst.SetCut(imaptest.Cut{})
	s.patience.GiveUp = 20 * time.Second
}

// TestMemoryIsGivenBack: messages near the budget, and connections that die all
// the time. If one octet of the budget were lost with each, the run would stand
// still before its end.
func TestMemoryIsGivenBack(t *testing.T) {
	for _, end := range bothEnds() {
		for _, reset := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, reset %t", end.name, reset), func(t *testing.T) {
				s := newStory(t, imaptest.AccountOptions{}, imaptest.AccountOptions{})
				for n := range 8 {
					s.fill("INBOX", mail(n, strings.Repeat(fmt.Sprintf("%079d\r\n", n), 3_900_000/81)))
				}
				for n := range 2 {
					s.fill("INBOX", mail(20+n, strings.Repeat(fmt.Sprintf("%079d\r\n", n), 5_000_000/81)))
				}
				direction := imaptest.ToClient
				if end.name == "destination" {
					direction = imaptest.FromClient
				}
				end.of(s).SetCut(imaptest.Cut{Direction: direction, After: 9_000_000, Reset: reset})
				s.mustRun()
				end.of(s).SetCut(imaptest.Cut{})
				s.checkWhole()
			})
		}
	}
}
