package main_test

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"trasloco/imapsync/imaptest"
	"trasloco/imapsync/imaptest/audit"
	"trasloco/imapsync/imaptest/mailgen"
	"trasloco/imapsync/imaptest/realserver"
)

// slowed is how long a pass takes at least that nobody kills.
const slowed = 4 * time.Second

// mailboxOf says what is copied and how slowly.
type mailboxOf struct {
	seed       uint64
	messages   int           // 150 if 0
	lasts      time.Duration // slowed if 0
	slowSource bool          // the destination is quick then, but far away
}

// killed is a copy of one account through slow lines, to be killed.
type killed struct {
	*caller
	mailboxOf
	src, dst *realserver.Server
	user     string
	from, to *imaptest.Proxy
	before   audit.Snapshot
	there    int // messages that an earlier pass has copied
	pass     int // that is struck

	died  bool          // the last call did not end by itself
	met   bool          // the pass was not finished by then
	found int           // messages that were at the destination, and nobody knew
	back  time.Duration // by how much the database was set back
}

// slowCopy loads an account and puts slow lines between the program and the
// servers. With a line at the destination, a proxy goes on to forward what it
// has taken when the program is dead: the server stores it late (I-9).
func slowCopy(t *testing.T, src, dst *realserver.Server, user string, box mailboxOf) *killed {
	t.Helper()
	k := &killed{mailboxOf: box, src: src, dst: dst, user: user, pass: 1}
	k.messages, k.lasts = cmp.Or(box.messages, 150), cmp.Or(box.lasts, slowed)
	options := mailgen.Options{Messages: k.messages, MedianSize: 18_000, Spread: 0.8, MaxSize: 200_000, Hostile: true}
	if dst.Kind == realserver.KindCyrus { // what it refuses would be in the way here
		options.Hostile, options.Take = false, mailgen.ForCyrus
	}
	load(t, src, user, mailgen.New(k.seed, options))
	k.before = snapshot(t, src, user)
	k.from, k.to = imaptest.NewProxy(t, src.Address(), imaptest.ProxyOptions{}), imaptest.NewProxy(t, dst.Address(), imaptest.ProxyOptions{})
	k.caller = newCaller(t, []string{row(user, k.from.Addr(), user, src.Password, dst.Password)}, plain(k.to.Addr())...)
	k.slow(octets(k.before))
	return k
}

// slow lets the lines take their time for so many octets.
func (k *killed) slow(octets int64) {
	k.t.Helper()
	rate := octets * int64(time.Second) / int64(k.lasts)
	if k.slowSource {
		k.from.Set(imaptest.ProxyOptions{Rate: rate})
		k.to.Set(imaptest.ProxyOptions{Delay: 50 * time.Millisecond})
		return
	}
	k.to.Set(imaptest.ProxyOptions{Rate: rate, Delay: 20 * time.Millisecond})
	if rate < shortSlowest {
		k.t.Fatalf("%d octets a second: the program would not wait for what such a line holds", rate)
	}
}

// quick slows no connection that is made from now on. One that was, goes on to
// deliver as slowly as before.
func (k *killed) quick() {
	k.from.Set(imaptest.ProxyOptions{})
	k.to.Set(imaptest.ProxyOptions{})
}

// moreMail brings the first pass to its end; then a tenth of the mail comes in,
// larger than what was there so that the second pass takes its time too.
func (k *killed) moreMail() {
	k.t.Helper()
	k.quick()
	first := k.run()
	if k.there = countCopied(k.before); first.Copied != k.there {
		k.t.Fatalf("pass 1 copied %d of %d", first.Copied, k.there)
	}
	later := mailgen.Options{First: k.messages, Messages: k.messages / 10, MedianSize: 180_000, Spread: 0.2, Take: k.isTaken}
	load(k.t, k.src, k.user, mailgen.New(k.seed, later))
	was := octets(k.before)
	k.before, k.pass = snapshot(k.t, k.src, k.user), 2
	k.slow(octets(k.before) - was)
}

func (k *killed) isTaken(path []string) bool {
	return isWanted(path) && (k.dst.Kind != realserver.KindCyrus || mailgen.ForCyrus(path))
}

// kill starts the copy and kills it after a while.
func (k *killed) kill(after time.Duration) {
	p := k.start()
	select {
	case <-time.After(after):
	case <-k.t.Context().Done():
	}
	k.end(p)
}

// end kills a call.
func (k *killed) end(p *process) {
	if k.died = p.kill(); k.died && p.out.Len() > 0 {
		k.t.Errorf("a killed call has printed %s", p)
	}
}

// finish calls again, to the end of the pass that was struck, and holds
// everything to be there once; then the next pass copies nothing.
func (k *killed) finish() {
	k.t.Helper()
	k.quick()
	began, wanted, first := time.Now(), countCopied(k.before), k.run()
	took := time.Since(began).Round(time.Millisecond)
	switch {
	case first.Copied == wanted-k.there && first.Present == k.there:
		k.met = k.died
	case first.Copied == 0 && first.Present == wanted: // it was the next pass already
	default:
		k.t.Errorf("after the strike: %+v, of %d messages wanted; %d of them were there", first.sums, wanted, k.there)
	}
	next := k.run()
	if next.Copied != 0 || next.Present != wanted {
		k.t.Errorf("the next pass: %+v, of %d messages wanted", next.sums, wanted)
	}
	k.check(first, next)
	k.readLog()
	k.t.Logf("the call after the strike took %v and found %d messages that nobody knew of", took, k.found)
}

// check is the audit of both mailboxes and of what was told of them.
func (k *killed) check(told ...moved) {
	k.t.Helper()
	for _, pass := range told {
		checkSkipped(k.t, k.before, pass.Exceptions, defaultLimit)
	}
	checkCopy(k.t, k.before, snapshot(k.t, k.dst, k.user), copyRules(k.dst), told[len(told)-1].Exceptions)
	checkUntouched(k.t, k.before, snapshot(k.t, k.src, k.user))
}

// readLog counts what was found again, in the log of the pass that was struck.
func (k *killed) readLog() {
	for _, line := range logged(k.t, k.caller, 1, k.pass, "reconciled") {
		k.found += line.Args.Found
	}
	for _, line := range logged(k.t, k.caller, 1, k.pass, "suspected_double") {
		k.t.Errorf("it says that it has doubled a message: %+v", line)
	}
}

// String tells how to do the same again, and what the program wrote.
func (k *killed) String() string {
	text := fmt.Sprintf("user %s into %s, pass %d, %+v, set back by %v, %d octets there, the new ones in %v",
		k.user, k.dst.Kind, k.pass, k.mailboxOf, k.back, octets(k.before), k.lasts)
	logs, _ := filepath.Glob(filepath.Join(k.state(), "log", "*.jsonl"))
	for _, log := range logs {
		content, err := os.ReadFile(log)
		text += fmt.Sprintf("\n%s, %v:\n%s", log, err, content)
	}
	return text
}
