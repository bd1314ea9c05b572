package imapsync_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"trasloco/imapsync"
	"trasloco/imapsync/imaptest"
	"trasloco/imapsync/wire"
	"trasloco/migration"
)

// story is a source, a destination, and what is remembered between runs.
type story struct {
	t        testing.TB
	src, dst *imaptest.Account
	proxies  map[*imaptest.Account]*imaptest.Proxy // where the way leads through one
	journal  imapsync.Journal
	patience imapsync.Patience
	timeouts wire.Timeouts
	temp     string
	pass     int
	maxSize  int64
	dayLimit int64
	now      func() time.Time // nil: time.Now
	rules    migration.FolderRules
	stores   func([]byte) []byte // what the destination makes of octets; nil: nothing
	selects  bool                // the source tells UIDVALIDITY only to SELECT
	closes   bool                // the destination has no UNSELECT: CLOSE after EXAMINE is right
	edits    bool                // copies may get other flags, and may be moved: those that are mapped, and no other
}

// newStory starts both servers. Faults and hooks come with the options.
func newStory(t testing.TB, src, dst imaptest.AccountOptions) *story {
	t.Helper()
	return &story{
		t: t, src: imaptest.NewAccount(t, src), dst: imaptest.NewAccount(t, dst),
		proxies: map[*imaptest.Account]*imaptest.Proxy{}, journal: cleanMemory(),
		patience: imapsync.Patience{
			FirstTries: 5, Backoff: time.Millisecond, MaxBackoff: 4 * time.Millisecond,
			GiveUp: 20 * time.Second, LateCommit: 2 * time.Millisecond, Grace: 500 * time.Millisecond,
		},
		timeouts: wire.Timeouts{
			Connect: 5 * time.Second, TLS: 5 * time.Second, Greeting: 5 * time.Second, Login: 5 * time.Second,
			Reply: 5 * time.Second, Slow: 5 * time.Second, Idle: 5 * time.Second,
		},
		temp: t.TempDir(), pass: 1, maxSize: 50 << 20, rules: imapsync.DefaultRules(migration.Standard),
	}
}

// cleanMemory is a journal nothing was ever appended for.
func cleanMemory() *memory {
	m := newMemory()
	m.clean = true
	return m
}

// through leads the way to an account through a proxy.
func (s *story) through(a *imaptest.Account, options imaptest.ProxyOptions) *imaptest.Proxy {
	s.proxies[a] = imaptest.NewProxy(s.t, a.Addr(), options)
	return s.proxies[a]
}

func (s *story) endpoint(a *imaptest.Account) migration.Endpoint {
	ep := a.Endpoint()
	if proxy := s.proxies[a]; proxy != nil {
		_, port, _ := net.SplitHostPort(proxy.Addr())
		ep.Port, _ = strconv.Atoi(port)
	}
	return ep
}

func (s *story) job() imapsync.Job {
	return imapsync.Job{
		Resource: migration.Resource{Row: 1, Source: s.endpoint(s.src), Destination: s.endpoint(s.dst)},
		Type:     migration.Standard, Pass: s.pass, Rules: s.rules, MaxSize: s.maxSize, DayLimit: s.dayLimit,
	}
}

// told is what one run said.
type told struct {
	tally   migration.Tally
	err     error
	left    []migration.Outcome
	entries []migration.Entry
	folders migration.Tally // the sum of all that was told of folders
}

// recorder keeps what a run reports.
type recorder struct {
	sync.Mutex
	told
}

func (r *recorder) Progress(string, migration.Tally) {}

func (r *recorder) Folder(f migration.FolderTally) {
	r.Lock()
	defer r.Unlock()
	r.folders = r.folders.Plus(f.Tally)
}

func (r *recorder) Message(o migration.Outcome) {
	r.Lock()
	defer r.Unlock()
	r.left = append(r.left, o)
}

func (r *recorder) Entry(e migration.Entry) {
	r.Lock()
	defer r.Unlock()
	r.entries = append(r.entries, e)
}

// codes counts the entries of a code.
func (o told) codes(code string) (n int) {
	for _, e := range o.entries {
		if e.Code == code {
			n++
		}
	}
	return n
}

// run runs once, whatever comes of it, and checks what holds of any run.
func (s *story) run(ctx context.Context) told {
	s.t.Helper()
	var heard recorder
	e := s.engine()
	from := len(s.dst.Commands())
	before, _ := s.mapped()
	heard.tally, heard.err = e.Sync(ctx, s.job(), s.journal, &heard)
	s.checkOutcomes(heard.told)
	s.checkManners()
	s.checkEdits(before, s.dst.Commands()[from:])
	return heard.told
}

func (s *story) engine() *imapsync.Engine {
	return imapsync.New(imapsync.Options{Now: s.now, TempDir: s.temp, AllowPrivate: true, Patience: s.patience, Timeouts: s.timeouts})
}

// look is the check of the source.
func (s *story) look() (imapsync.Findings, error) {
	s.t.Helper()
	return s.engine().CheckSource(s.t.Context(), s.job())
}

// mustRun is a run that comes to its end.
func (s *story) mustRun() told {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 20*time.Second) // far more than any story takes
	defer cancel()
	got := s.run(ctx)
	if got.err != nil {
		s.t.Fatalf("run: %v (%+v)%s", got.err, got.tally, got.log())
	}
	return got
}

// insist runs until a run comes to its end.
func (s *story) insist() (got told) {
	s.t.Helper()
	for range 20 {
		if got = s.run(s.t.Context()); got.err == nil {
			return got
		}
	}
	s.t.Fatalf("no run of twenty came to its end: %v%s", got.err, got.log())
	return got
}

func (o told) log() string {
	var text strings.Builder
	for _, e := range o.entries {
		if e.Code != "connected" && e.Code != "trees" && e.Code != "transcript" {
			fmt.Fprintf(&text, "\n%s %s %v %s", e.Level, e.Code, e.Args, e.ServerText)
		}
	}
	for _, left := range o.left {
		fmt.Fprintf(&text, "\n%+v", left)
	}
	return text.String()
}

// checkOutcomes: every message has exactly one outcome, and what is left out is
// told once each (V-1).
func (s *story) checkOutcomes(got told) {
	s.t.Helper()
	var named migration.Tally
	seen := map[string]bool{}
	for _, o := range got.left {
		named.Add(o)
		key := fmt.Sprint(o.Folder, "/", o.UID)
		if seen[key] {
			s.t.Errorf("told twice of %s", key)
		}
		seen[key] = true
	}
	if got.folders != got.tally {
		s.t.Errorf("the folders add up to %+v, the run to %+v%s", got.folders, got.tally, got.log())
	}
	if named.Skipped != got.tally.Skipped || named.Failed != got.tally.Failed {
		s.t.Errorf("named %d skipped and %d failed, counted %+v%s", named.Skipped, named.Failed, got.tally, got.log())
	}
	if got.err == nil && !got.tally.Balanced() {
		s.t.Errorf("the sum does not come out: %+v%s", got.tally, got.log())
	}
}

// checkManners: the source is only read (I-2), nothing of the destination is
// changed or taken away (Δ-5), and no message stays behind on the disk.
func (s *story) checkManners() {
	s.t.Helper()
	if changes := s.src.Changes(); len(changes) > 0 && !s.selects {
		s.t.Errorf("changed the source: %v", changes)
	}
	for _, cmd := range s.src.Commands() {
		if n := len(cmd.Name) + len(cmd.Args); n > 1000 { // Yahoo takes no more, Exchange 10 kB
			s.t.Errorf("sent the source %d octets of %s", n, cmd.Name)
		}
	}
	for _, cmd := range s.dst.Commands() {
		if n := len(cmd.Name) + len(cmd.Args); n > 8000 { // RFC 2683 §3.2.1.5
			s.t.Errorf("sent the destination %d octets of %s", n, cmd.Name)
		}
		switch strings.TrimPrefix(cmd.Name, "UID ") {
		case "CLOSE":
			if !s.closes {
				s.t.Errorf("sent the destination %s", cmd)
			}
		case "STORE", "MOVE", "SELECT":
			if !s.edits {
				s.t.Errorf("sent the destination %s", cmd)
			}
		case "EXPUNGE", "DELETE", "RENAME", "COPY":
			s.t.Errorf("sent the destination %s", cmd)
		}
	}
	files, err := os.ReadDir(s.temp)
	if err != nil || len(files) > 0 {
		s.t.Errorf("left in the temp folder: %v, %v", files, err)
	}
}

// errorOf returns the engine's error in err, or nil.
func errorOf(err error) *imapsync.Error {
	var e *imapsync.Error
	if errors.As(err, &e) {
		return e
	}
	return nil
}

// letter is a message as both ends must have it: octets, flags, instant.
type letter struct{ body, flags, date string }

func letterOf(m imaptest.Message) letter {
	flags := slices.Clone(m.Flags)
	slices.Sort(flags)
	return letter{string(m.Body), strings.Join(flags, " "), m.Date.UTC().Format(time.RFC3339)}
}

// letters returns what lies in a folder, without those that are left out.
func letters(f *imaptest.Folder, leave func(imaptest.Message) bool) []letter {
	if f == nil {
		return nil
	}
	var all []letter
	for _, m := range f.Messages() {
		if leave == nil || !leave(m) {
			all = append(all, letterOf(m))
		}
	}
	return all
}

// sameLetters compares as multisets.
func sameLetters(a, b []letter) bool {
	count := map[letter]int{}
	for _, l := range a {
		count[l]++
	}
	for _, l := range b {
		count[l]--
	}
	for _, n := range count {
		if n != 0 {
			return false
		}
	}
	return true
}

// checkCopied: each folder of the destination holds what the source's holds,
// each message as often as there, but for those that are left out.
func (s *story) checkCopied(leave func(imaptest.Message) bool) {
	s.t.Helper()
	for _, name := range s.src.Folders() {
		want, got := letters(s.src.Folder(name), leave), letters(s.dst.Folder(name), nil)
		for i := range want {
			if s.stores != nil {
				want[i].body = string(s.stores([]byte(want[i].body)))
			}
		}
		if !sameLetters(got, want) {
			s.t.Errorf("folder %s: %s", name, difference(got, want))
		}
	}
}

func difference(got, want []letter) string {
	count := map[letter]int{}
	for _, l := range want {
		count[l]--
	}
	for _, l := range got {
		count[l]++
	}
	var text strings.Builder
	fmt.Fprintf(&text, "%d messages, want %d", len(got), len(want))
	for l, n := range count {
		if n != 0 {
			fmt.Fprintf(&text, "\n%+d × %.120q %s %s", n, l.body, l.flags, l.date)
		}
	}
	return text.String()
}

// checkAgain: a further run finds nothing to do.
func (s *story) checkAgain() {
	s.t.Helper()
	s.pass++
	before := len(s.dst.Commands())
	if got := s.mustRun(); got.tally.Copied != 0 {
		s.t.Errorf("a further run copied %+v", got.tally)
	}
	for _, cmd := range s.dst.Commands()[before:] {
		if cmd.Name == "APPEND" || cmd.Name == "CREATE" {
			s.t.Errorf("a further run sent %s", cmd)
		}
	}
}

// checkWhole is what most stories end with.
func (s *story) checkWhole() {
	s.t.Helper()
	s.checkCopied(nil)
	s.checkAgain()
	s.checkCopied(nil)
}

var noon = time.Date(2021, 3, 4, 12, 0, 0, 0, time.FixedZone("", 3600))

// mail makes a small message. Messages of one number have one header.
func mail(number int, text string) imaptest.Message {
	return imaptest.Message{
		Date: noon.Add(time.Duration(number) * time.Hour),
		Body: fmt.Appendf(nil, "Message-ID: <%d@example.org>\r\nFrom: Anna <anna@example.org>\r\nDate: Thu, 4 Mar 2021 12:00:00 +0100\r\nSubject: number %d\r\n\r\n%s\r\n", number, number, text),
	}
}

// oddMail is one of each kind that is easily lost or doubled.
func oddMail() []imaptest.Message {
	plain := mail(1, "hello")
	flagged := mail(2, "seen")
	flagged.Flags = []string{`\Seen`, `\Flagged`, "$Forwarded"}
	nul := mail(3, "a\x00b")
	bare := mail(4, "one\ntwo\nthree\nfour\nfive")
	nameless := imaptest.Message{Date: noon, Body: []byte("Subject: no id\r\n\r\nx\r\n")}
	return []imaptest.Message{plain, plain, flagged, nul, bare, nameless, nameless, mail(5, "same head"), mail(5, "SAME HEAD")}
}

// fill puts messages into a folder of the source.
func (s *story) fill(folder string, messages ...imaptest.Message) {
	f := s.src.Create(folder)
	for _, m := range messages {
		f.Add(m)
	}
}

// fillOdd fills INBOX and a second folder.
func (s *story) fillOdd() {
	s.fill("INBOX", oddMail()...)
	s.fill("Work/New", mail(1, "hello"), mail(9, "bye"))
}

var long = os.Getenv("TEST_LONG") != ""
