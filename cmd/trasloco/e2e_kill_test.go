package main_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"trasloco/imapsync/imaptest"
	"trasloco/imapsync/imaptest/mailgen"
	"trasloco/imapsync/imaptest/realserver"
)

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

// TestKilledAtAnyMoment is kill -9 at a hundred seeded moments, half of them into
// Dovecot and half into Cyrus, each in a copy of its own; make test takes ten.
func TestKilledAtAnyMoment(t *testing.T) {
	t.Parallel()
	strikeAtAnyMoment(t, killSeed(t), (*killed).kill)
}

// strikeAtAnyMoment strikes copies, each once. So many strikes must meet a pass
// that is not finished that the test is one.
func strikeAtAnyMoment(t *testing.T, seed uint64, do func(*killed, time.Duration)) {
	src := realserver.Dovecot(t, realserver.Options{})
	all := strikes(seed, realserver.Dovecot(t, realserver.Options{}), realserver.Cyrus(t, realserver.Options{}))
	var toll toll
	t.Run("copies", func(t *testing.T) { // which ends when all of them have
		for _, s := range all {
			t.Run(s.String(), func(t *testing.T) {
				t.Parallel()
				k := s.copy(t, src)
				do(k, s.after)
				k.finish()
				toll.add(k)
				if t.Failed() {
					t.Logf("KILL_SEED=%d: %s", killSeed(t), k)
				}
			})
		}
	})
	t.Logf("seed %d: %v", seed, &toll)
	if toll.met < len(all)*8/10 {
		t.Errorf("only %d of %d strikes met a pass that was not finished", toll.met, len(all))
	}
}

// strike is what befalls one copy.
type strike struct {
	number     int
	dst        *realserver.Server
	pass       int
	after      time.Duration
	slowSource bool
}

// strikes deals seeded moments to the destinations, and there to the passes.
func strikes(seed uint64, destinations ...*realserver.Server) []strike {
	count := 10
	if long() {
		count = 100
	}
	var all []strike
	for i, moment := range moments(seed, count, slowed) {
		turn := i / len(destinations)
		all = append(all, strike{i, destinations[i%len(destinations)], 1 + turn%2, moment, turn%3 == 0})
	}
	return all
}

func (s strike) String() string {
	return fmt.Sprintf("%d into %s in pass %d after %v", s.number, s.dst.Kind, s.pass, s.after)
}

// copy makes ready the copy that is struck.
func (s strike) copy(t *testing.T, src *realserver.Server) *killed {
	t.Helper()
	k := slowCopy(t, src, s.dst, fmt.Sprint("utente", s.number), mailboxOf{seed: uint64(s.number + 1), slowSource: s.slowSource})
	if s.pass == 2 {
		k.moreMail()
	}
	return k
}

// toll is what several strikes met.
type toll struct {
	mu                          sync.Mutex
	strikes, met, found, undone int
	back                        time.Duration
}

func (a *toll) add(k *killed) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.strikes++
	a.found += k.found
	if k.met {
		a.met++
	}
	if k.back > 0 {
		a.undone++
		a.back += k.back
	}
}

func (a *toll) String() string {
	text := fmt.Sprintf("%d of %d strikes met a pass that was not finished; %d messages were stored and nobody knew", a.met, a.strikes, a.found)
	if a.undone > 0 {
		text += fmt.Sprintf("; %d databases were set back, by %v on average", a.undone, a.back/time.Duration(a.undone))
	}
	return text
}

// TestKilledAgainAndAgain is kill -9 at ten seeded moments of one copy or, in
// make test, four. Each call begins with waiting for what the one before may
// have left under way, so that some of them die before they copy anything.
func TestKilledAgainAndAgain(t *testing.T) {
	t.Parallel()
	count, starts := 4, map[string]func(testing.TB, realserver.Options) *realserver.Server{"into Dovecot": realserver.Dovecot}
	if long() {
		count, starts["into Cyrus"] = 10, realserver.Cyrus
	}
	for name, start := range starts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			killAgainAndAgain(t, start(t, realserver.Options{}), count)
		})
	}
}

func killAgainAndAgain(t *testing.T, dst *realserver.Server, count int) {
	seed, most := killSeed(t), slowed
	all := moments(seed, count, most)
	lasts := time.Duration(count) * most
	k := slowCopy(t, realserver.Dovecot(t, realserver.Options{}), dst, "anna", mailboxOf{seed: 17, messages: 75 * count, lasts: lasts})
	for i, moment := range all {
		if k.kill(moment); !k.died {
			t.Fatalf("seed %d: the copy was over before kill %d of %v", seed, i+1, all)
		}
	}
	k.finish()
	t.Logf("%d messages were stored and nobody heard of it", k.found)
	if k.found == 0 && long() { // of the few kills of the sample none may
		t.Error("no kill met a message under way")
	}
	if t.Failed() {
		t.Logf("KILL_SEED=%d, moments %v: %s", seed, all, k)
	}
}

// A message that is larger than the buffers' usual load stands on its way as a
// whole when the program dies, and arrives long after the next call began. The
// program waits as long as users let it (I-9).
func TestKilledWhileALargeMessageIsOnItsWay(t *testing.T) {
	t.Parallel()
	src, dst := realserver.Dovecot(t, realserver.Options{}), realserver.Dovecot(t, realserver.Options{})
	options := mailgen.Small(3)
	options.Large = []int{700_000}
	options.Take = func([]string) bool { return false }
	load(t, src, "anna", mailgen.New(1, options))
	before := snapshot(t, src, "anna")
	line := imaptest.NewProxy(t, dst.Address(), imaptest.ProxyOptions{Rate: 50_000})
	c := newCaller(t, []string{row("anna", src.Address(), "anna", src.Password, dst.Password)}, plain(line.Addr())...)
	p := c.start("run", "--json")
	eventually(t, "the message is on its way", func() bool { return line.Octets(imaptest.FromClient) > 50_000 })
	p.kill()
	line.Set(imaptest.ProxyOptions{}) // for the connections to come
	result := one(t, c.run(allDone))
	checkCopy(t, before, snapshot(t, dst, "anna"), copyRules(dst), result.Exceptions)
	if reconciled(t, c, 1) == 0 {
		t.Error("the message did not stand on its way as a whole")
	}
	if again := one(t, c.run(allDone)); again.Copied != 0 {
		t.Errorf("the second pass copied %d", again.Copied)
	}
}
