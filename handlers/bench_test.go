package handlers

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"text/tabwriter"
	"time"

	"trasloco/migration"
)

// What a panel that has grown has to hold, and what its pages may cost.
const (
	benchMigrations = 200
	benchRows       = 500
	benchEntries    = 100                    // of a run
	pageBudget      = 100 * time.Millisecond // server time of a page, 95 % of the times
	pageTimes       = 60
	listeners       = 200
	listenFor       = 5 * time.Second
	listenBudget    = 0.10 // of a core
)

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

// benchPass brings the first runs of a pass to their end, eight more to work.
func (p *panel) benchPass(b *testing.B, m migration.Migration, ended int) {
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

// BenchmarkPages measures the server time of every page through all of the
// middleware, and fails where one costs more than its budget.
func BenchmarkPages(b *testing.B) {
	p, running := grownPanel(b)
	var table strings.Builder
	out := tabwriter.NewWriter(&table, 0, 8, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(out, "page\tmedian\t95 %\tKiB\t")
	for _, path := range p.benchPaths(b, running) {
		b.Run(path, func(b *testing.B) {
			took, size := p.measure(b, path)
			median, high := took[len(took)/2], took[len(took)*95/100]
			b.ReportMetric(float64(high.Microseconds())/1000, "ms/p95")
			fmt.Fprintf(out, "%s\t%.1f ms\t%.1f ms\t%d\t\n", path, ms(median), ms(high), size>>10)
			if high > pageBudget {
				b.Errorf("%s a page, budget %s", high, pageBudget)
			}
		})
	}
	check(b, out.Flush())
	fmt.Println(table.String())
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// benchPaths are those of all pages: each route's, of a migration that runs, of
// a draft with all its rows and of one at the MX change, and the list in its orders and with its filters.
func (p *panel) benchPaths(b *testing.B, running migration.Migration) (paths []string) {
	b.Helper()
	code := running.Code
	paths = append(paths, "/migrations?page=3", "/migrations?q="+code, "/migrations?q=rossi", "/migrations?q=nothing",
		"/migrations/"+code+"?page=2", "/migrations/"+code+"/resources?page=4")
	for _, sort := range []string{"title", "status", "first", "second"} {
		paths = append(paths, "/migrations?sort="+sort)
	}
	for _, group := range []string{"follow", "running", "scheduled", "ended", "draft"} {
		paths = append(paths, "/migrations?group="+group)
	}
	session := p.as(p.operator)
	for _, r := range p.routes() {
		if r.method != http.MethodGet || r.weight == streams || slices.ContainsFunc(noPages, func(part string) bool { return strings.Contains(r.path, part) }) {
			continue
		}
		for _, of := range []string{code, benchDraft, benchEnded} {
			path := fillFor(p, r.path, of, "")
			if path == "" || slices.Contains(paths, path) {
				continue
			}
			if answer := session.get(path); answer.code == http.StatusOK {
				paths = append(paths, path)
			}
		}
	}
	return paths
}

// measure asks for a page again and again, and returns how long each time took,
// shortest first, and how large the page is.
func (p *panel) measure(b *testing.B, path string) (took []time.Duration, size int) {
	b.Helper()
	session := p.as(p.operator).cookies()
	for range pageTimes {
		request := httptest.NewRequestWithContext(b.Context(), http.MethodGet, path, nil)
		request.Header.Set("Accept-Encoding", "gzip")
		for _, cookie := range session {
			request.AddCookie(cookie)
		}
		answer := httptest.NewRecorder()
		start := time.Now()
		p.ServeHTTP(answer, request)
		took = append(took, time.Since(start))
		if size = answer.Body.Len(); answer.Code != http.StatusOK {
			b.Fatal(answer.Code)
		}
	}
	slices.Sort(took)
	return took, size
}

// BenchmarkListeners measures what two hundred browsers cost that look at a running
// migration whose rows change all the time: the processor time of this whole
// process, the readers too.
func BenchmarkListeners(b *testing.B) {
	feed := &toldFeed{}
	p, m := grownPanel(b, func(o *Options) { o.Feed = feed })
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

// BenchmarkLongLog measures the pages of a run that has very much to tell, and
// fails where one costs more than its budget.
func BenchmarkLongLog(b *testing.B) {
	const lines, exceptions, folders = 100_000, 10_000, 1_000
	p := newPanel(b)
	m := p.running("anna")
	run := p.copying(m, migration.Tally{Listed: lines, Copied: lines - exceptions, Failed: exceptions})
	ctx := b.Context()
	var entries []migration.Entry
	for i := range lines {
		entries = append(entries, migration.Entry{
			At: testNow, Level: []migration.Level{migration.Info, migration.Warning, migration.Failure}[i%3], Code: "size_differs",
			Args: migration.Args{"folder": fmt.Sprint("Folder ", i%folders), "got": 100 + i, "listed": i}, ServerText: "NO try again",
		})
	}
	check(b, p.Store.AppendEntries(ctx, p.customer, run.ID, entries))
	var left []migration.Outcome
	for i := range exceptions {
		left = append(left, migration.Outcome{
			Kind: migration.Failed, Reason: []migration.Reason{migration.ReasonRefused, migration.ReasonUnreadable, migration.ReasonEmpty}[i%3],
			Folder: fmt.Sprint("Folder ", i%folders), Count: 1, UID: uint32(i + 1), Subject: "A letter", From: "somebody@old.example", Date: testNow, Size: 1 << 20,
		})
	}
	check(b, p.Store.SaveExceptions(ctx, p.customer, run.ID, left))
	var tallies []migration.FolderTally
	for i := range folders {
		tallies = append(tallies, migration.FolderTally{Name: fmt.Sprint("Folder ", i), State: migration.FolderDone, Tally: migration.Tally{Listed: 100, Copied: 100}})
	}
	check(b, p.Store.SaveFolders(ctx, p.customer, run.ID, tallies))
	session := p.as(p.member).cookies()
	address := "/migrations/" + m.Code + "/resources/1"
	for _, page := range []struct{ name, path string }{
		{"tail", address + "/log/1"},
		{"first page", address + "/log/1?page=1"},
		{"last page", address + "/log/1?page=1000"},
		{"warnings, last page", address + "/log/1?level=warning&page=600"},
		{"errors", address + "/log/1?level=failure&page=300"},
		{"a folder", address + "/log/1?folder=Folder+7"},
		{"errors of a folder", address + "/log/1?folder=Folder+8&level=failure"},
		{"exceptions, last page", address + "/log/1?page=1&reason=refused&reason_page=66"},
		{"resource", address},
	} {
		b.Run(page.name, func(b *testing.B) {
			for b.Loop() {
				request := httptest.NewRequestWithContext(b.Context(), http.MethodGet, page.path, nil)
				for _, cookie := range session {
					request.AddCookie(cookie)
				}
				answer := httptest.NewRecorder()
				p.ServeHTTP(answer, request)
				if answer.Code != http.StatusOK {
					b.Fatal(answer.Code)
				}
			}
			if took := b.Elapsed() / time.Duration(b.N); took > 2*pageBudget {
				b.Errorf("%s a page, budget %s", took, 2*pageBudget)
			}
		})
	}
}
