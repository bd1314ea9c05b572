package imapsync_test

import (
	"bytes"
	"fmt"
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

// twelve are the messages that are cut, by folder: one of each kind that is
// easily lost or doubled.
func twelve() map[string][]imaptest.Message {
	flagged := mail(2, "seen")
	flagged.Flags = []string{`\Seen`, `\Flagged`, "$Forwarded"}
	nameless := imaptest.Message{Date: noon, Body: []byte("Subject: no id\r\n\r\nx\r\n")}
	return map[string][]imaptest.Message{
		"INBOX": {
			mail(1, "hello"), mail(1, "hello"), flagged, mail(3, "a\x00b"), mail(4, "one\ntwo\nthree"), nameless, nameless,
			mail(6, strings.Repeat(fmt.Sprintf("%078d\r\n", 6), 3750)), // 300 kB
		},
		"Work/New": {mail(1, "hello"), mail(7, "gr\xfc\xdfe, \xc3\xa8 cos\xc3\xac"), {Date: noon, Body: []byte("Subject: empty\r\n\r\n")}},
		"Lists":    {mail(5, "same head"), mail(5, "SAME HEAD")},
	}
}

func (s *story) fillTwelve() {
	for folder, messages := range twelve() {
		s.fill(folder, messages...)
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
	end     end
	cut     imaptest.Cut
	lost    int  // the answer to this APPEND is lost, and nothing is cut
	restart bool // a new run goes on, else the same
}

func (c cutCase) String() string {
	how, where := "FIN", "on its way to us"
	if c.cut.Reset {
		how = "RST"
	}
	if c.cut.Direction == imaptest.FromClient {
		where = "on its way from us"
	}
	then := "and the run goes on"
	if c.restart {
		then = "and a new run goes on"
	}
	if c.lost > 0 {
		return fmt.Sprintf("%s: %s in place of the answer to append %d, %s", c.server.name, how, c.lost, then)
	}
	return fmt.Sprintf("%s: %s of connection %d to the %s after octet %d %s, %s",
		c.server.name, how, c.cut.Connection, c.end.name, c.cut.After, where, then)
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
			tell(t, fmt.Sprintf("cut at every octet, %s: %d of %d cuts in %s", server.name, len(chosen), len(cases), time.Since(began).Round(time.Second)))
		})
	}
}

// cutCases are all cuts of the connections that an undisturbed run makes.
func cutCases(t *testing.T, server cutServer) (all []cutCase) {
	for _, end := range bothEnds() {
		s := newStory(t, imaptest.AccountOptions{}, server.options)
		s.fillTwelve()
		tap := newTap(t, end.of(s).Addr())
		s.proxies[end.of(s)] = imaptest.NewProxy(t, tap.addr(), imaptest.ProxyOptions{})
		s.mustRun()
		for _, cut := range tap.cuts() {
			all = append(all, cutCase{server: server, end: end, cut: cut, restart: cut.Reset == (cut.After%2 == 0)})
		}
		for n := range s.appends() {
			for _, reset := range []bool{false, true} {
				c := cutCase{server: server, end: end, cut: imaptest.Cut{Reset: reset}, lost: n + 1}
				again := c
				again.restart = true
				all = append(all, c, again)
			}
		}
	}
	return all
}

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
	s.fillTwelve()
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

// octetsOf are the numbers of octets after which a stream is cut: all, but for
// the inside of literals, of which it is the header of a message, the first and
// the last 64, and every 4,099th.
func octetsOf(stream []byte) (cuts []int64) {
	const edge, stride = 64, 4099
	for at := 0; at < len(stream); {
		line := bytes.IndexByte(stream[at:], '\n') + 1
		if line == 0 {
			line = len(stream) - at
		}
		size := min(literalSize(stream[at:at+line]), len(stream)-at-line)
		for i := range line {
			cuts = append(cuts, int64(at+i))
		}
		at += line
		head := max(edge, bytes.Index(stream[at:at+size], []byte("\r\n\r\n"))+4)
		for i := range size {
			if i < head || i >= size-edge || i%stride == 0 {
				cuts = append(cuts, int64(at+i))
			}
		}
		at += size
	}
	return append(cuts, int64(len(stream)))
}
