package imapsync_test

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"trasloco/imapsync/imaptest"
)

// end is one end of a story, for faults that may be on either.
type end struct {
	name string
	of   func(*story) *imaptest.Account
}

func bothEnds() []end {
	return []end{
		{"source", func(s *story) *imaptest.Account { return s.src }},
		{"destination", func(s *story) *imaptest.Account { return s.dst }},
	}
}

// byFolder are messages by the folder they lie in.
type byFolder map[string][]imaptest.Message

// twelve messages, one of each kind that is easily lost or doubled. They are as
// short as can be, but for one: each octet is a pass.
func twelve() byFolder {
	letter := func(number int, text string) imaptest.Message {
		const form = "Message-ID: <%d@a.org>\r\nDate: Thu, 4 Mar 2021 12:00:00 +0100\r\nSubject: %[1]d\r\n\r\n%s"
		return imaptest.Message{Date: noon.Add(time.Duration(number) * time.Hour), Body: fmt.Appendf(nil, form, number, text)}
	}
	flagged := letter(2, "a\x00b\r\n")
	flagged.Flags = []string{`\Seen`, `\Flagged`, "$Forwarded"}
	nameless := imaptest.Message{Date: noon, Body: []byte("Subject: no id\r\n\r\nx\r\n")}
	return byFolder{
		"INBOX": {
			letter(1, "twice\r\n"), letter(1, "twice\r\n"), flagged, letter(4, "one\ntwo\nthree"),
			nameless, nameless, letter(6, strings.Repeat(fmt.Sprintf("%078d\r\n", 6), 3750)), // 300 kB
		},
		"Work/New": {letter(1, "twice\r\n"), letter(7, "gr\xfc\xdfe, \xc3\xa8 cos\xc3\xac\r\n"), letter(8, "")},
		"Lists":    {letter(5, "same head\r\n"), letter(5, "SAME HEAD\r\n")},
	}
}

func (s *story) fillWith(all byFolder) {
	for _, folder := range slices.Sorted(maps.Keys(all)) {
		s.fill(folder, all[folder]...)
	}
}

// cutServer is a destination that is told apart by how messages come to it.
type cutServer struct {
	name    string
	options imaptest.AccountOptions
}

func cutServers() (all []cutServer) {
	for _, s := range []cutServer{
		{"MULTIAPPEND", imaptest.AccountOptions{Caps: append(imaptest.DefaultCaps(), "MULTIAPPEND")}},
		{"LITERAL+", imaptest.AccountOptions{}},
		{"synchronising literals", imaptest.AccountOptions{Without: []string{"LITERAL+"}}},
	} {
		poorer := s
		poorer.options.Without = append(slices.Clone(s.options.Without), "UIDPLUS")
		all = append(all, cutServer{s.name + " and UIDPLUS", s.options}, cutServer{s.name + " without UIDPLUS", poorer.options})
	}
	return all
}

// cutCase is one pass: a story with one connection cut, or one answer lost.
type cutCase struct {
	server  cutServer
	mail    byFolder
	end     end
	cut     imaptest.Cut
	lost    int  // the answer to this APPEND is lost, and nothing is cut
	restart bool // a new run goes on, else the same
}

func (c cutCase) String() string {
	how, way, then := "FIN", "to us", "and the run goes on"
	if c.cut.Reset {
		how = "RST"
	}
	if c.cut.Direction == imaptest.FromClient {
		way = "from us"
	}
	if c.restart {
		then = "and a new run goes on"
	}
	if c.lost > 0 {
		return fmt.Sprintf("%s: %s in place of the answer to append %d, %s", c.server.name, how, c.lost, then)
	}
	return fmt.Sprintf("%s: %s after octet %d %s of connection %d to the %s, %s",
		c.server.name, how, c.cut.After, way, c.cut.Connection, c.end.name, then)
}

// TestCutAtEveryOctet breaks each connection of a run after each number of
// octets, and loses each answer. Whatever was cut, every message is copied once.
func TestCutAtEveryOctet(t *testing.T) {
	for _, server := range cutServers() {
		t.Run(server.name, func(t *testing.T) {
			cases := cutCases(t, server)
			chosen := sample(cases)
			began := time.Now()
			runPasses(t, chosen, cutCase.run)
			imaptest.Figure(t, fmt.Sprintf("cut at every octet, %s: %d of %d cuts in %s", server.name, len(chosen), len(cases), time.Since(began).Round(time.Second)))
		})
	}
}

// cutCases are all cuts of the connections that an undisturbed run makes, and
// all answers to it that can be lost. Which octets come after which differs from
// run to run where connections stand side by side: this is one that was seen.
func cutCases(t *testing.T, server cutServer) (all []cutCase) {
	mail, appends := twelve(), 0
	for _, end := range bothEnds() {
		s := newStory(t, imaptest.AccountOptions{}, server.options)
		s.fillWith(mail)
		tap := newTap(t, end.of(s).Addr())
		s.proxies[end.of(s)] = imaptest.NewProxy(t, tap.addr(), imaptest.ProxyOptions{})
		s.mustRun()
		for _, cut := range tap.cuts() {
			all = append(all, cutCase{server: server, mail: mail, end: end, cut: cut, restart: restarts(cut)})
		}
		appends = max(appends, s.appends())
	}
	for lost := 1; lost <= appends; lost++ {
		for way := range 4 {
			cut := imaptest.Cut{Reset: way%2 == 0}
			all = append(all, cutCase{server: server, mail: mail, cut: cut, lost: lost, restart: way < 2})
		}
	}
	return all
}

// restarts halves the cuts: of FIN and RST at one octet, one is followed by a
// new run, the other is not.
func restarts(c imaptest.Cut) bool { return c.Reset == (c.After%2 == 0) }

func (s *story) appends() (n int) {
	for _, cmd := range s.dst.Commands() {
		if cmd.Name == "APPEND" {
			n++
		}
	}
	return n
}

func (c cutCase) run(t testing.TB) {
	s := newStory(t, imaptest.AccountOptions{}, c.server.options)
	s.fillWith(c.mail)
	s.patience.SlowestLine = 1 << 40
	s.patience.LateCommit = c.late()
	if c.lost > 0 {
		s.dst.SetFaults(imaptest.Fault{Command: "APPEND", Nth: c.lost, Lost: true, Reset: c.cut.Reset})
	} else {
		c.end.of(s).SetCut(c.cut)
	}
	if c.restart {
		s.patience.FirstTries, s.patience.GiveUp = 1, -1
		s.insist()
	} else {
		s.mustRun()
	}
	s.calm()
	s.checkAgain()
	s.checkCopied(nil)
}

// late is how long the scripted server may still store what it has (I-9). When
// what it says is cut, it may have commands that it has not read. When what it
// hears is, it has done all that came before.
func (c cutCase) late() time.Duration {
	if c.end.name == "destination" && c.cut.Direction == imaptest.ToClient {
		return 150 * time.Millisecond
	}
	return 2 * time.Millisecond
}

// octetsOf are the numbers of octets after which a stream is cut: all, but not
// inside of literals, where it is as literalCuts says.
func octetsOf(stream []byte) (cuts []int64) {
	for at := 0; at < len(stream); {
		line := bytes.IndexByte(stream[at:], '\n') + 1
		if line == 0 {
			line = len(stream) - at
		}
		for range line {
			cuts = append(cuts, int64(at))
			at++
		}
		size := min(literalSize(stream[at-line:at]), len(stream)-at)
		for i, cut := range literalCuts(stream[at : at+size]) {
			if cut {
				cuts = append(cuts, int64(at+i))
			}
		}
		at += size
	}
	return append(cuts, int64(len(stream)))
}

// literalCuts tells of each octet of a literal whether there is a cut before it:
// in the header of a message, at the first and last 64, and every 4,099th.
func literalCuts(literal []byte) []bool {
	const edge, stride = 64, 4099
	header := bytes.Index(literal, []byte("\r\n\r\n")) + 4
	cuts := make([]bool, len(literal))
	for i := range cuts {
		cuts[i] = i < max(edge, header) || i >= len(literal)-edge || i%stride == 0
	}
	return cuts
}
