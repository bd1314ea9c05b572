package handlers

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"syscall"
	"testing"
	"time"

	"trasloco/migration"
)

// What a panel of the usual size has to hold, and what its pages may cost.
const (
	benchMigrations = 20
	benchRows       = 500
	pageBudget      = 50 * time.Millisecond // server time of a page
	listeners       = 50
	listenFor       = 5 * time.Second
	listenBudget    = 0.05 // of a core
)

// fullPanel holds benchMigrations of benchRows resources: the first runs, the
// others stand at the MX change. It returns the one that runs.
func fullPanel(b *testing.B, p *panel) migration.Migration {
	b.Helper()
	names := make([]string, benchRows)
	for i := range names {
		names[i] = fmt.Sprintf("some.body%03d", i)
	}
	for range benchMigrations - 1 {
		m := p.benchRunning(b, names)
		p.benchRuns(b, m, benchRows)
		p.finishPass(m)
	}
	m := p.benchRunning(b, names)
	p.benchRuns(b, m, benchRows/2)
	return p.reread(m)
}

func (p *panel) benchRunning(b *testing.B, names []string) migration.Migration {
	b.Helper()
	ctx, m := b.Context(), p.draft(names...)
	jobs, err := p.Store.ChecksToMake(ctx, 2*benchRows)
	check(b, err)
	inParallel(b, len(jobs), func(i int) error {
		passed := migration.Check{Status: migration.CheckPassed, At: p.clock.now(), Messages: 900, Bytes: 90 << 20}
		err := p.Store.StartCheck(ctx, p.customer, jobs[i].Resource.ID)
		return errors.Join(err, p.Store.FinishCheck(ctx, p.customer, jobs[i].Resource.ID, passed))
	})
	check(b, p.Store.Submit(ctx, p.customer, &m, p.twoPasses()))
	check(b, p.Store.Settle(ctx, p.customer, &m, migration.Valid, nil))
	check(b, p.Store.BeginPass(ctx, p.customer, &m.Passes[0]))
	return p.reread(m)
}

// inParallel does a thing n times at once, so that the store commits many
// together.
func inParallel(b *testing.B, n int, do func(i int) error) {
	b.Helper()
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() {
			if err := do(i); err != nil {
				b.Error(err)
			}
		})
	}
	group.Wait()
}

// benchRuns brings the first runs of a pass to their end, eight more to work.
func (p *panel) benchRuns(b *testing.B, m migration.Migration, ended int) {
	b.Helper()
	ctx := b.Context()
	runs, err := p.Store.Runs(ctx, p.customer, m.Passes[0].ID)
	check(b, err)
	inParallel(b, min(ended+8, len(runs)), func(i int) error {
		run := runs[i]
		run.Tally = migration.Tally{Listed: 900, Copied: 890, Skipped: 7, Failed: 3, Bytes: 90 << 20}
		moves := []migration.RunStatus{migration.RunConnecting, migration.RunCopying, migration.RunDone}
		if i >= ended {
			moves = moves[:2]
		}
		for _, to := range moves {
			if err := p.Store.MoveRun(ctx, p.customer, &run, to); err != nil {
				return err
			}
		}
		return p.Store.SaveExceptions(ctx, p.customer, run.ID, benchExceptions())
	})
}

func benchExceptions() []migration.Outcome {
	return []migration.Outcome{
		{Kind: migration.Skipped, Reason: migration.ReasonOversize, Folder: "INBOX", Count: 1, UID: 7, Subject: "Large"},
		{Kind: migration.Skipped, Reason: migration.ReasonFolder, Folder: "Spam", Count: 6},
		{Kind: migration.Failed, Reason: migration.ReasonRefused, Folder: "INBOX", Count: 3},
	}
}

// benchLog gives a run as much to tell as the log of a troubled one.
func (p *panel) benchLog(b *testing.B, m migration.Migration) {
	b.Helper()
	runs, err := p.Store.Runs(b.Context(), p.customer, m.Passes[0].ID)
	check(b, err)
	var entries []migration.Entry
	var left []migration.Outcome
	for i := range 500 {
		entries = append(entries, migration.Entry{
			At: testNow, Level: migration.Warning, Code: "folder.done", Args: migration.Args{"folder": fmt.Sprint("Folder ", i)},
		})
		left = append(left, migration.Outcome{
			Kind: migration.Failed, Reason: migration.ReasonRefused, Folder: fmt.Sprint("Folder ", i), Count: 1,
			UID: uint32(i), Subject: "A letter", From: "somebody@old.example", Date: testNow, Size: 1 << 20,
		})
	}
	check(b, p.Store.AppendEntries(b.Context(), p.customer, runs[0].ID, entries))
	check(b, p.Store.SaveExceptions(b.Context(), p.customer, runs[0].ID, left))
}

// BenchmarkPages measures the server time of the pages that people look at
// most, through all of the middleware, and fails where one costs more than its
// budget.
func BenchmarkPages(b *testing.B) {
	p := newPanel(b)
	m := fullPanel(b, p)
	p.benchLog(b, m)
	session := p.as(p.member).cookies()
	pages := []struct{ name, path string }{
		{"list", "/migrations"},
		{"migration", "/migrations/" + m.Code},
		{"resources", "/migrations/" + m.Code + "/resources"},
		{"log", "/migrations/" + m.Code + "/resources/1/log/1"},
	}
	for _, page := range pages {
		b.Run(page.name, func(b *testing.B) {
			for b.Loop() {
				request := httptest.NewRequestWithContext(b.Context(), http.MethodGet, page.path, nil)
				request.Header.Set("Accept-Encoding", "gzip")
				for _, cookie := range session {
					request.AddCookie(cookie)
				}
				answer := httptest.NewRecorder()
				p.ServeHTTP(answer, request)
				if answer.Code != http.StatusOK {
					b.Fatal(answer.Code)
				}
			}
			if took := b.Elapsed() / time.Duration(b.N); took > pageBudget {
				b.Errorf("%s a page, budget %s", took, pageBudget)
			}
		})
	}
}

// BenchmarkListeners measures what fifty browsers cost that look at a running
// migration whose rows change all the time: the processor time of this whole
// process, the fifty readers too.
func BenchmarkListeners(b *testing.B) {
	feed := &toldFeed{}
	p := newPanel(b, func(o *Options) { o.Feed = feed })
	m := fullPanel(b, p)
	runs, err := p.Store.Runs(b.Context(), p.customer, m.Passes[0].ID)
	check(b, err)
	var reading sync.WaitGroup
	var octets, pictures counter
	for range listeners {
		lines := p.as(p.member).events("/migrations/" + m.Code)
		event(lines)
		reading.Go(func() {
			for lines.Scan() {
				octets.add(len(lines.Bytes()))
				if len(lines.Bytes()) == 0 {
					pictures.add(1)
				}
			}
		})
	}
	for b.Loop() {
		octets.take()
		pictures.take()
		before, start := processorTime(b), time.Now()
		for n := 0; time.Since(start) < listenFor; n++ {
			for i := range 8 {
				feed.tell(migration.Progress{
					RunID: runs[benchRows/2+i].ID, Status: migration.RunCopying, Folder: "INBOX",
					Tally: migration.Tally{Listed: 2000, Copied: 900 + n},
				})
			}
			time.Sleep(100 * time.Millisecond)
		}
		share := float64(processorTime(b)-before) / float64(time.Since(start))
		b.ReportMetric(100*share, "%core")
		b.ReportMetric(float64(octets.take())/listenFor.Seconds()/1e6, "MB/s")
		b.ReportMetric(float64(pictures.take())/listeners/listenFor.Seconds(), "pictures/s")
		if share > listenBudget {
			b.Errorf("%d listeners cost %.1f %% of a core, budget %.1f %%", listeners, 100*share, 100*listenBudget)
		}
	}
	p.Server.Close()
	reading.Wait()
}

// counter is a number that several may add to.
type counter struct {
	mu sync.Mutex
	n  int
}

func (c *counter) add(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n += n
}

func (c *counter) take() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.n
	c.n = 0
	return n
}

// processorTime is what this process has used of the processor so far.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var usage syscall.Rusage
	check(b, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
