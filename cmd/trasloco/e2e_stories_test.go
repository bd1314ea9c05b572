package main_test

import (
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"trasloco/imapsync/imaptest"
	"trasloco/imapsync/imaptest/audit"
	"trasloco/imapsync/imaptest/mailgen"
	"trasloco/imapsync/imaptest/realserver"
)

func TestAWrongPasswordStopsItsRowOnly(t *testing.T) {
	t.Parallel()
	src, dst := realserver.Dovecot(t, realserver.Options{Password: "ZauberTrank"}), realserver.Dovecot(t, realserver.Options{})
	box := mailgen.New(3, mailgen.Small(60))
	for _, user := range []string{"anna", "bruno", "carla"} {
		load(t, src, user, box)
	}
	c := newCaller(t, []string{
		account(src, "anna", dst, "anna"),
		row("bruno", src.Address(), "bruno", "FalschesWort", dst.Password),
		row("carla", src.Address(), "carla", src.Password, "NochFalscher"),
		"",
		account(src, "carla", dst, "dario"),
	}, plain(dst.Address())...)
	c.secrets = []string{"FalschesWort", "NochFalscher", "ZauberTrank"}

	got := c.run(someFail)
	want := []struct {
		row                        int
		destination, status, class string
		side                       string
	}{
		{1, "anna", "done", "", ""},
		{2, "bruno", "failed", "login", "source"},
		{3, "carla", "failed", "login", "destination"},
		{5, "dario", "done", "", ""},
	}
	if len(got.Resources) != len(want) {
		t.Fatalf("resources %+v", got.Resources)
	}
	for i, w := range want {
		r := got.Resources[i]
		if r.Row != w.row || r.Destination != w.destination || r.Status != w.status {
			t.Errorf("got %+v, want %+v", r, w)
		}
		if w.class != "" && (r.Error == nil || r.Error.Class != w.class || !strings.Contains(r.Error.Text, w.side) || r.Listed != 0) {
			t.Errorf("row %d: error %+v, want %s of the %s", r.Row, r.Error, w.class, w.side)
		}
	}
	before := snapshot(t, src, "carla")
	checkCopy(t, before, snapshot(t, dst, "dario"), copyRules(dst), got.Resources[3].Exceptions)

	// With the right passwords the next call is a pass for all four.
	c.write(account(src, "anna", dst, "anna"), account(src, "bruno", dst, "bruno"), account(src, "carla", dst, "carla"), "", account(src, "carla", dst, "dario"))
	got = c.run(allDone)
	if n := countCopied(before); got.Totals.Copied != 2*n || got.Totals.Present != 2*n {
		t.Errorf("the pass after: %+v, of %d messages each", got.Totals, n)
	}
}

// slowLine starts a copy through a line so slow that it is under way when the
// test looks.
func slowLine(t *testing.T) (c *caller, before audit.Snapshot, line *imaptest.Proxy, dst *realserver.Server) {
	t.Helper()
	src, dst := realserver.Dovecot(t, realserver.Options{}), realserver.Dovecot(t, realserver.Options{})
	load(t, src, "anna", mailgen.New(11, mailgen.Small(400)))
	line = imaptest.NewProxy(t, dst.Address(), imaptest.ProxyOptions{Rate: 60_000})
	c = newCaller(t, []string{row("anna", src.Address(), "anna", src.Password, dst.Password)}, plain(line.Addr())...)
	return c, snapshot(t, src, "anna"), line, dst
}

func TestAnInterruptStopsInOrder(t *testing.T) {
	t.Parallel()
	c, before, line, dst := slowLine(t)
	p := c.start("run", "--json")
	eventually(t, "the copy is under way", func() bool { return line.Octets(imaptest.FromClient) > 200_000 })

	second := c.call(refused, "run", "--json")
	problems := readJSON[refusal](t, second).Problems
	if len(problems) != 1 || problems[0].Code != "cli.state_locked" || problems[0].Field != "--state" {
		t.Errorf("a second call at the same time: %+v", problems)
	}

	asked := time.Now()
	p.signal(os.Interrupt)
	code := p.wait()
	if took := time.Since(asked); code != resumable || took > 5*time.Second {
		t.Errorf("exit %d, %v after the signal: %s", code, took, p)
	}
	stopped := one(t, c.readPass(p))
	if stopped.Status != "interrupted" || stopped.Copied == 0 || stopped.Copied >= countCopied(before) {
		t.Errorf("interrupted: %+v of %d messages", stopped, countCopied(before))
	}
	line.Set(imaptest.ProxyOptions{})
	rest := one(t, c.run(allDone))
	if rest.Copied != countCopied(before) || rest.Present != 0 || rest.Listed != before.Count() {
		t.Errorf("the same pass, resumed: %+v", rest.sums)
	}
	checkCopy(t, before, snapshot(t, dst, "anna"), copyRules(dst), rest.Exceptions)
	if next := one(t, c.run(allDone)); next.Copied != 0 || next.Present != rest.Copied {
		t.Errorf("the next pass: %+v", next.sums)
	}
}

func TestATerminationIsAnInterruptToo(t *testing.T) {
	t.Parallel()
	c, _, line, _ := slowLine(t)
	p := c.start("run", "--quiet")
	eventually(t, "the copy is under way", func() bool { return line.Octets(imaptest.FromClient) > 100_000 })
	p.signal(syscall.SIGTERM)
	if code := p.wait(); code != resumable || !strings.Contains(p.out.String(), "interrupted") {
		t.Errorf("exit %d: %s", code, p)
	}
}

// Two rows with one destination wait for each other: reconciling one would else
// take the appends of the other for its own. Both hold the same mail.
func TestTwoRowsWithOneDestinationAndALostReply(t *testing.T) {
	t.Parallel()
	src, dst := realserver.Dovecot(t, realserver.Options{}), realserver.Dovecot(t, realserver.Options{})
	box := mailgen.New(13, mailgen.Small(300))
	load(t, src, "anna", box)
	load(t, src, "bruno", box)
	anna := snapshot(t, src, "anna")

	// Every connection breaks in the midst of replies to appends that are done.
	line := imaptest.NewProxy(t, dst.Address(), imaptest.ProxyOptions{
		Delay: 5 * time.Millisecond, Cut: imaptest.Cut{Direction: imaptest.ToClient, After: 24_000},
	})
	c := newCaller(t, []string{
		row("carla", src.Address(), "anna", src.Password, dst.Password),
		row("carla", src.Address(), "bruno", src.Password, dst.Password),
	}, plain(line.Addr())...)
	got := c.run(allDone)
	if n := countCopied(anna); got.Totals.Copied != 2*n || len(got.Resources) != 2 {
		t.Errorf("%+v, of %d messages each", got.Totals, n)
	}
	// Where a cut falls, on the reply to an APPEND or beside it, is chance here;
	// imapsync's TestLostAnswers loses each reply in turn.
	t.Logf("%d and %d replies lost, over %d connections", reconciled(t, c, 1), reconciled(t, c, 2), line.Connections())
	if line.Connections() < 4 {
		t.Errorf("only %d connections: nothing broke", line.Connections())
	}
	checkCopy(t, twice(anna), snapshot(t, dst, "carla"), copyRules(dst), nil)
	line.Set(imaptest.ProxyOptions{})
	if next := c.run(allDone); next.Totals.Copied != 0 || next.Totals.Present != got.Totals.Copied {
		t.Errorf("the next pass: %+v", next.Totals)
	}
	checkCopy(t, twice(anna), snapshot(t, dst, "carla"), copyRules(dst), nil)
}

// twice is what a mailbox holds after two copies of one account.
func twice(s audit.Snapshot) audit.Snapshot {
	var both audit.Snapshot
	for _, folder := range s.Folders() {
		merged := both.AddFolder(folder.Path)
		merged.Messages = append(append(merged.Messages, folder.Messages...), folder.Messages...)
	}
	return both
}

// reconciled is how many messages of a row had no answer and were found at the
// destination, in the first pass.
func reconciled(t *testing.T, c *caller, row int) int {
	t.Helper()
	found := 0
	for _, line := range logged(t, c, row, 1, "reconciled") {
		found += line.Args.Found
	}
	return found
}

func TestAFullDestinationWaitsForPeople(t *testing.T) {
	t.Parallel()
	src, dst := realserver.Dovecot(t, realserver.Options{}), realserver.Dovecot(t, realserver.Options{Quota: 300 << 10})
	load(t, src, "anna", mailgen.New(19, mailgen.Small(300)))
	before := snapshot(t, src, "anna")
	c := newCaller(t, []string{account(src, "anna", dst, "anna")}, plain(dst.Address())...)
	arrived := 0
	for call := range 3 {
		r := one(t, c.run(resumable))
		if r.Status != "parked" || r.Error == nil || r.Error.Class != "over_quota" || !strings.Contains(r.Error.Text, "Quota exceeded") {
			t.Errorf("call %d: %+v", call, r)
		}
		if now := r.Copied + r.Present; now == 0 || now >= countCopied(before) || now < arrived || r.Present < arrived {
			t.Errorf("call %d: %+v, after %d arrived", call, r.sums, arrived)
		}
		arrived = r.Copied + r.Present
	}
	there := snapshot(t, dst, "anna")
	if there.Count() != arrived {
		t.Errorf("%d messages are there, %d were told", there.Count(), arrived)
	}
	for _, d := range audit.Compare(before, there, copyRules(dst)) {
		if d.Kind != audit.Missing && d.Kind != audit.FolderMissing {
			t.Error(d)
		}
	}
}

func TestADestinationThatDiesAndComesBack(t *testing.T) {
	t.Parallel()
	src, dst := realserver.Dovecot(t, realserver.Options{}), realserver.Dovecot(t, realserver.Options{})
	load(t, src, "anna", mailgen.New(23, mailgen.Small(400)))
	before := snapshot(t, src, "anna")
	// Every connection breaks in its midst, then there is nobody for a while.
	line := imaptest.NewProxy(t, dst.Address(), imaptest.ProxyOptions{
		Cut: imaptest.Cut{Direction: imaptest.FromClient, After: 150_000, Reset: true},
	})
	c := newCaller(t, []string{row("anna", src.Address(), "anna", src.Password, dst.Password)}, plain(line.Addr())...)
	p := c.start("run", "--json")
	eventually(t, "two connections are broken", func() bool { return line.Connections() >= 3 })
	line.Set(imaptest.ProxyOptions{Cut: imaptest.Cut{Direction: imaptest.FromClient, Reset: true}})
	dead := line.Connections()
	eventually(t, "the program tries again", func() bool { return line.Connections() >= dead+3 })
	line.Set(imaptest.ProxyOptions{})
	if code := p.wait(); code != allDone {
		t.Fatalf("exit %d: %s", code, p)
	}
	r := one(t, c.readPass(p))
	if r.Copied != countCopied(before) {
		t.Errorf("%+v of %d messages", r.sums, before.Count())
	}
	checkCopy(t, before, snapshot(t, dst, "anna"), copyRules(dst), r.Exceptions)
}
