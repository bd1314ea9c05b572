package main_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"trasloco/imapsync/imaptest"
	"trasloco/imapsync/imaptest/audit"
	"trasloco/imapsync/imaptest/mailgen"
	"trasloco/imapsync/imaptest/realserver"
)

// slowed is how long a copy takes that nobody kills.
const slowed = 20 * time.Second

// killSeed chooses the moments of the kills; KILL_SEED sets another.
func killSeed(t *testing.T) uint64 {
	t.Helper()
	text := os.Getenv("KILL_SEED")
	if text == "" {
		return 1
	}
	seed, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return seed
}

// moments are seeded times in which a slowed copy is killed, from its very
// beginning to shortly before its end.
func moments(seed uint64, count int, most time.Duration) []time.Duration {
	r := rand.New(rand.NewPCG(seed, uint64(count)))
	var list []time.Duration
	for range count {
		list = append(list, 50*time.Millisecond+time.Duration(r.Int64N(int64(most))))
	}
	return list
}

// killed is a copy of one account through slow lines, to be killed.
type killed struct {
	*caller
	src, dst *realserver.Server
	user     string
	before   audit.Snapshot
}

// slowCopy loads an account and puts slow lines between the program and the
// servers. With a line at the destination, a proxy goes on to forward what it
// has taken when the program is dead: the server stores it late (I-9).
func slowCopy(t *testing.T, src, dst *realserver.Server, user string, seed uint64, lasts time.Duration) *killed {
	t.Helper()
	k := &killed{src: src, dst: dst, user: user}
	options := mailgen.Options{Messages: 300, MedianSize: 6000, Spread: 1, MaxSize: 200_000, Hostile: true}
	if dst.Kind == realserver.KindCyrus { // what it refuses would be in the way here
		options.Hostile, options.Take = false, mailgen.ForCyrus
	}
	load(t, src, user, mailgen.New(seed, options))
	k.before = snapshot(t, src, user)
	rate := octets(k.before) / int64(lasts/time.Second)
	atSource, atDestination := imaptest.ProxyOptions{}, imaptest.ProxyOptions{Rate: rate, Delay: 20 * time.Millisecond}
	if seed%3 == 0 { // every third is slow at the source instead
		atSource, atDestination = imaptest.ProxyOptions{Rate: rate}, imaptest.ProxyOptions{Delay: 50 * time.Millisecond}
	}
	from, to := imaptest.NewProxy(t, src.Address(), atSource), imaptest.NewProxy(t, dst.Address(), atDestination)
	k.caller = newCaller(t, []string{row(user, from.Addr(), user, src.Password, dst.Password)}, plain(to.Addr())...)
	return k
}

// kill starts the copy and kills it after a while. It reports whether the copy
// was still under way.
func (k *killed) kill(after time.Duration) bool {
	p := k.start("run", "--json")
	select {
	case <-time.After(after):
	case <-k.t.Context().Done():
	}
	hit := p.kill()
	if p.out.Len() > 0 && hit {
		k.t.Errorf("a killed call has printed %s", p)
	}
	return hit
}

// finish calls once more, to the end of the same pass, and holds everything to
// be there once; then the next pass copies nothing.
func (k *killed) finish() {
	k.t.Helper()
	first := one(k.t, k.run(allDone))
	if first.Copied != countCopied(k.before) || first.Listed != k.before.Count() || first.Present != 0 {
		k.t.Errorf("the pass that was killed: %+v of %d messages, %d of them wanted", first.sums, k.before.Count(), countCopied(k.before))
	}
	checkSkipped(k.t, k.before, first.Exceptions, defaultLimit)
	checkCopy(k.t, k.before, snapshot(k.t, k.dst, k.user), copyRules(k.dst), first.Exceptions)

	second := one(k.t, k.run(allDone))
	if second.Copied != 0 || second.Present != first.Copied {
		k.t.Errorf("pass 2: %+v after %+v", second.sums, first.sums)
	}
	checkCopy(k.t, k.before, snapshot(k.t, k.dst, k.user), copyRules(k.dst), second.Exceptions)
	checkUntouched(k.t, k.before, snapshot(k.t, k.src, k.user))
}

// TestKilledAtAnyMoment is kill -9 at ten seeded moments, each in a copy of its
// own; make test takes three of the ten.
func TestKilledAtAnyMoment(t *testing.T) {
	t.Parallel()
	src, dst := realserver.Dovecot(t, realserver.Options{}), realserver.Dovecot(t, realserver.Options{})
	seed := killSeed(t)
	all := moments(seed, 10, slowed-time.Second)
	if !long() {
		all = all[:3]
	}
	for i, moment := range all {
		t.Run(fmt.Sprintf("after %v", moment), func(t *testing.T) {
			t.Parallel()
			k := slowCopy(t, src, dst, fmt.Sprint("utente", i), uint64(i+1), slowed)
			if !k.kill(moment) {
				t.Errorf("seed %d: the copy was over after %v", seed, moment)
			}
			k.finish()
			if t.Failed() {
				t.Logf("seed %d, moment %v", seed, moment)
			}
		})
	}
}

// TestKilledAgainAndAgain is kill -9 at ten seeded moments of one copy or, in
// make test, four. Each call begins with waiting for what the one before may
// have left under way, so that some of them die before they copy anything.
func TestKilledAgainAndAgain(t *testing.T) {
	t.Parallel()
	count, lasts := 4, slowed
	starts := map[string]func(testing.TB, realserver.Options) *realserver.Server{"into Dovecot": realserver.Dovecot}
	if long() {
		count, lasts = 10, 3*slowed
		starts["into Cyrus"] = realserver.Cyrus
	}
	for name, start := range starts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			killAgainAndAgain(t, start(t, realserver.Options{}), count, lasts)
		})
	}
}

func killAgainAndAgain(t *testing.T, dst *realserver.Server, count int, lasts time.Duration) {
	seed := killSeed(t)
	all := moments(seed, count, 12*time.Second)
	k := slowCopy(t, realserver.Dovecot(t, realserver.Options{}), dst, "anna", 17, lasts)
	for i, moment := range all {
		if !k.kill(moment) {
			t.Fatalf("seed %d: the copy was over before kill %d of %v", seed, i+1, all)
		}
	}
	k.finish()
	found := reconciled(t, k.caller, 1)
	t.Logf("%d messages were stored and nobody heard of it", found)
	if found == 0 && long() { // of the few kills of the sample none may
		t.Error("no kill met a message under way")
	}
	if t.Failed() {
		t.Logf("seed %d, moments %v", seed, all)
	}
}

// A message that is larger than the buffers' usual load stands on its way as a
// whole when the program dies, and arrives long after the next call began (I-9).
func TestKilledWhileALargeMessageIsOnItsWay(t *testing.T) {
	t.Parallel()
	src, dst := realserver.Dovecot(t, realserver.Options{}), realserver.Dovecot(t, realserver.Options{})
	options := mailgen.Small(3)
	options.Large = []int{1_600_000}
	options.Take = func([]string) bool { return false }
	load(t, src, "anna", mailgen.New(1, options))
	before := snapshot(t, src, "anna")
	line := imaptest.NewProxy(t, dst.Address(), imaptest.ProxyOptions{Rate: 100_000})
	c := newCaller(t, []string{row("anna", src.Address(), "anna", src.Password, dst.Password)}, plain(line.Addr())...)
	p := c.start("run", "--json")
	eventually(t, "the message is on its way", func() bool { return line.Octets(imaptest.FromClient) > 150_000 })
	p.kill()
	result := one(t, c.run(allDone))
	checkCopy(t, before, snapshot(t, dst, "anna"), copyRules(dst), result.Exceptions)
	if again := one(t, c.run(allDone)); again.Copied != 0 {
		t.Errorf("the second pass copied %d", again.Copied)
	}
}
