package main_test

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"testing"
	"time"

	"trasloco/imapsync/imaptest"
	"trasloco/imapsync/imaptest/mailgen"
	"trasloco/imapsync/imaptest/realserver"
)

const memoryLimit = 100_000_000 // octets

// TestMemory copies the largest message that is copied at all, and many small
// ones, and prints how much memory the program took at its peak.
func TestMemory(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/proc/self/status"); err != nil {
		t.Skip("only Linux tells the peak of another process while it runs")
	}
	src, dst := realserver.Dovecot(t, realserver.Options{}), realserver.Dovecot(t, realserver.Options{})
	options := mailgen.Small(5000)
	options.Large = []int{defaultLimit}
	load(t, src, "anna", mailgen.New(5, options))
	before := snapshot(t, src, "anna")

	c := newCaller(t, []string{account(src, "anna", dst, "anna")}, plain(dst.Address())...)
	p := c.start("run", "--json")
	peak := make(chan int64, 1)
	go func() { peak <- peakOf(p.cmd.Process.Pid) }()
	code := p.wait()
	report := one(t, c.readPass(p))
	most := <-peak
	imaptest.Figure(t, fmt.Sprintf("peak RSS of trasloco run: %.1f MB, for one message of 50 MB and 5,000 small ones in %.1f s (the limit is 100 MB)",
		float64(most)/1e6, report.Seconds))

	if most == 0 || most >= memoryLimit {
		t.Errorf("peak RSS %d octets", most)
	}
	if code != allDone || report.Copied != countCopied(before) || report.Bytes < defaultLimit {
		t.Errorf("exit %d, %+v of %d messages", code, report.sums, before.Count())
	}
	checkCopy(t, before, snapshot(t, dst, "anna"), copyRules(dst), report.Exceptions)
}

var highWater = regexp.MustCompile(`(?m)^VmHWM:\s+(\d+) kB$`)

// peakOf watches a process to its end and returns the most memory it ever had,
// in octets. The kernel keeps the mark, so that only what happened after the
// last look is missed. The rusage of a child is of no use here: it begins with
// the memory of this process, which is far larger.
func peakOf(pid int) int64 {
	var most int64
	for {
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		if err != nil {
			return most
		}
		match := highWater.FindSubmatch(status)
		if match == nil { // it has ended, and nobody has waited for it yet
			return most
		}
		if kib, err := strconv.ParseInt(string(match[1]), 10, 64); err == nil {
			most = max(most, kib*1024)
		}
		time.Sleep(5 * time.Millisecond)
	}
}
