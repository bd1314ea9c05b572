package handlers

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"trasloco/migration"
	"trasloco/views"
)

// toldFeed tells what the test says to all who watch, and to who comes later what
// was told last, as the hub does: a browser takes its time to come.
type toldFeed struct {
	mu       sync.Mutex
	watchers map[chan []migration.Progress]bool
	joined   int
	last     []migration.Progress
}

func (f *toldFeed) Watch(ctx context.Context, _ int64, tell func([]migration.Progress) error) error {
	told := make(chan []migration.Progress, 16)
	f.mu.Lock()
	if f.watchers == nil {
		f.watchers = map[chan []migration.Progress]bool{}
	}
	f.watchers[told], f.joined = true, f.joined+1
	last := f.last
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.watchers, told)
	}()
	for err := tell(last); err == nil; {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case progress := <-told:
			err = tell(progress)
		}
	}
	return ctx.Err()
}

func (f *toldFeed) tell(progress ...migration.Progress) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(progress) > 0 {
		f.last = progress
	}
	for told := range f.watchers {
		told <- progress
	}
}

// listening returns how many watch now, and how many ever did.
func (f *toldFeed) listening() (now, ever int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.watchers), f.joined
}

// livePanel is a panel whose live pages need not wait.
func livePanel(t testing.TB) (*panel, *toldFeed) {
	feed := &toldFeed{}
	p := newPanel(t, func(o *Options) { o.Feed = feed })
	p.live.every, p.live.rights = time.Millisecond, 0
	return p, feed
}

// events opens the stream of a page as its browser does: with the address that
// stands in the page.
func (b *browser) events(page string) *bufio.Scanner {
	b.t.Helper()
	return b.follow(b.followed(page))
}

// followed returns the address of the stream of a page.
func (b *browser) followed(page string) string {
	b.t.Helper()
	_, rest, found := strings.Cut(b.get(page).want(b.t, http.StatusOK).body, `hx-sse:connect="`)
	if !found {
		b.t.Fatal("the page follows nothing")
	}
	address, _, _ := strings.Cut(rest, `"`)
	return strings.ReplaceAll(address, "&amp;", "&")
}

func (b *browser) follow(address string) *bufio.Scanner {
	b.t.Helper()
	ctx, stop := context.WithCancel(b.t.Context())
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, b.base+address, nil)
	check(b.t, err)
	response, err := b.client.Do(request)
	check(b.t, err)
	b.t.Cleanup(func() { stop(); _ = response.Body.Close() })
	if got := response.Header.Get("Content-Type"); response.StatusCode != http.StatusOK || got != "text/event-stream" {
		b.t.Fatal(response.Status, got)
	}
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, 1<<20)
	return lines
}

// event reads one event: its name, "" for a picture, and what it says.
func event(lines *bufio.Scanner) (name, text string, open bool) {
	var said []string
	for lines.Scan() {
		line := lines.Text()
		switch {
		case line == "" && (name != "" || said != nil):
			return name, strings.Join(said, "\n"), true
		case strings.HasPrefix(line, "event: "):
			name = strings.TrimPrefix(line, "event: ")
		case strings.HasPrefix(line, "data: "):
			said = append(said, strings.TrimPrefix(line, "data: "))
		}
	}
	return name, strings.Join(said, "\n"), false
}

// until reads pictures until one says the text.
func until(t testing.TB, lines *bufio.Scanner, want string) string {
	t.Helper()
	for {
		name, picture, open := event(lines)
		if !open {
			t.Fatalf("the stream ended before it said %q: %v", want, lines.Err())
		}
		if name == "" && strings.Contains(plain(picture), want) {
			return picture
		}
	}
}

func TestFirstEventIsTheWholePageAndLaterOnesFollowTheRuns(t *testing.T) {
	p, feed := livePanel(t)
	m := p.running("anna", "bruno")
	run := p.copying(m, migration.Tally{Listed: 60, Copied: 40})
	lines := p.as(p.operator).events("/migrations/" + m.Code)
	_, first, _ := event(lines)
	for _, want := range []string{
		"40 messaggi su 200", "anna@rossi.example", "bruno@rossi.example", "INBOX", "40 di 100", "Le esecuzioni",
		"Metti in pausa", "Prima in corso",
	} {
		if !strings.Contains(plain(first), want) && !strings.Contains(first, want) {
			t.Errorf("the first event lacks %q:\n%s", want, plain(first))
		}
	}
	if strings.Contains(first, "Aggiorna") {
		t.Error("the order is said to have changed, and nobody has moved")
	}
	wantNoKeys(t, first)
	feed.tell(migration.Progress{
		RunID: run.ID, Status: migration.RunCopying, Folder: "Arzneien/Größe",
		Tally: migration.Tally{Listed: 60, Copied: 51, Skipped: 1},
	})
	until(t, lines, "Arzneien/Größe")
	feed.tell(migration.Progress{RunID: run.ID, Status: migration.RunCopying, Tally: migration.Tally{Listed: 60, Copied: 55, Skipped: 1}})
	until(t, lines, "56 di 100")
}

// What is read of the store is never put back by what was told before.
func TestOldProgressDoesNotHideWhatTheStoreKnows(t *testing.T) {
	now := migration.Run{ID: 7, Status: migration.RunCopying, Tally: migration.Tally{Listed: 9, Copied: 5}}
	over := migration.Run{ID: 7, Status: migration.RunDone, Tally: migration.Tally{Listed: 9, Copied: 9}}
	told := map[int64]migration.Progress{7: {RunID: 7, Status: migration.RunCopying, Folder: "A", Tally: migration.Tally{Listed: 9, Copied: 6}}}
	late := map[int64]migration.Progress{7: {RunID: 7, Status: migration.RunCopying, Folder: "A", Tally: migration.Tally{Listed: 9, Copied: 4}}}
	tests := []struct {
		name   string
		run    migration.Run
		latest map[int64]migration.Progress
		copied int
	}{
		{"news", now, told, 6},
		{"old news", now, late, 5},
		{"of a run that has ended", over, told, 9},
		{"of another run", now, map[int64]migration.Progress{8: told[7]}, 5},
	}
	for _, tt := range tests {
		row := views.ResourceRow{Runs: map[int]migration.Run{1: tt.run}}
		if overlay(&row, tt.latest); row.Runs[1].Tally.Copied != tt.copied || row.Runs[1].Status != tt.run.Status {
			t.Errorf("%s: %+v", tt.name, row.Runs[1])
		}
	}
}

func TestEventsKeepTheRowsInTheOrderInWhichTheyAreRead(t *testing.T) {
	p, feed := livePanel(t)
	m := p.running("anna", "bruno", "carla")
	lines := p.as(p.member).events("/migrations/" + m.Code)
	event(lines)
	runs, err := p.Store.Runs(t.Context(), p.customer, m.Passes[0].ID)
	check(t, err)
	check(t, p.Store.MoveRun(t.Context(), p.customer, &runs[2], migration.RunConnecting)) // carla's: a fresh page begins with her
	feed.tell()
	picture := until(t, lines, "Connecting")
	anna, carla := strings.Index(picture, "anna@"), strings.Index(picture, "carla@")
	if anna < 0 || carla < anna {
		t.Error("the rows have moved under the reader's eyes")
	}
	if !strings.Contains(plain(picture), "Update the order") {
		t.Error("nobody says that the order is another now")
	}
}

func TestLookersOnShareOnePainting(t *testing.T) {
	p, feed := livePanel(t)
	m := p.running("anna")
	for range 3 {
		event(p.as(p.member).events("/migrations/" + m.Code))
	}
	if _, ever := feed.listening(); ever != 1 {
		t.Errorf("%d views for three who see the same", ever)
	}
	event(p.as(p.operator).events("/migrations/" + m.Code)) // in Italian
	if _, ever := feed.listening(); ever != 2 {
		t.Errorf("%d views for two languages", ever)
	}
}

func TestEventsEndForGoodWithTheMigration(t *testing.T) {
	p, feed := livePanel(t)
	m := p.running2("anna")
	lines := p.as(p.member).events("/migrations/" + m.Code)
	event(lines)
	p.finishPass(p.run(m, migration.Tally{Listed: 100, Present: 100}))
	feed.tell()
	until(t, lines, "Everything is at the destination: 100 messages.")
	if name, _, _ := event(lines); name != "done" {
		t.Errorf("event %q, want done", name)
	}
	if lines.Scan() {
		t.Error("more comes behind the end:", lines.Text())
	}
}

func TestEventsOfAMigrationThatIsDeletedSaySo(t *testing.T) {
	p, feed := livePanel(t)
	m := p.cutOver("anna")
	lines := p.as(p.member).events("/migrations/" + m.Code)
	event(lines)
	check(t, p.Store.Delete(t.Context(), p.customer, &m))
	feed.tell()
	until(t, lines, "This migration has been deleted.")
	if name, _, _ := event(lines); name != "done" {
		t.Errorf("event %q, want done", name)
	}
}

// A server that closes hangs up; browsers come back to the next one.
func TestCloseEndsTheStreams(t *testing.T) {
	p, feed := livePanel(t)
	m := p.running("anna")
	lines := p.as(p.member).events("/migrations/" + m.Code)
	event(lines)
	p.Server.Close()
	if now, _ := feed.listening(); now != 0 {
		t.Error("somebody watches on")
	}
	for {
		name, _, open := event(lines)
		if name == "done" {
			t.Error("the end of the program was taken for that of the migration")
		}
		if !open {
			break
		}
	}
	if lines.Err() != nil {
		t.Error("the stream broke off:", lines.Err())
	}
}

func TestEventsAreForWhoIsSignedIn(t *testing.T) {
	p, _ := livePanel(t)
	m := p.running("anna")
	b := p.anonymous()
	b.header.Set("Accept", "text/html, text/event-stream")
	b.get("/migrations/"+m.Code+"/events").want(t, http.StatusUnauthorized)
}

func TestPaceIsMeasuredAndNotInvented(t *testing.T) {
	book := paceBook{entries: map[int64]*pace{}}
	pass := migration.Pass{ID: 1, Status: migration.PassRunning}
	seen := func(after time.Duration, copied int) views.Pace {
		pass.Runs.Tally = migration.Tally{Copied: copied, Bytes: int64(copied) * 1000}
		return book.look(pass, nil, testNow.Add(after))
	}
	steps := []struct {
		after  time.Duration
		copied int
		want   float64
	}{
		{0, 100, 0},                 // one look is no measure
		{5 * time.Second, 150, 0},   // too short
		{10 * time.Second, 300, 20}, // 200 in 10 s
		{60 * time.Second, 700, 10}, // 600 in 60 s
		{3 * time.Minute, 1300, 5},  // what is older than two minutes does not count
		{time.Hour, 9000, 0},        // nobody looked for an hour
		{time.Hour + 10*time.Second, 9100, 10},
	}
	for _, step := range steps {
		if got := seen(step.after, step.copied); got.Messages != step.want || got.Bytes != step.want*1000 {
			t.Errorf("after %s: %v, want %v messages a second", step.after, got, step.want)
		}
	}
	pass.Status = migration.PassPaused
	if got := seen(time.Hour+20*time.Second, 9100); got != (views.Pace{}) {
		t.Error("a paused pass has a pace", got)
	}
}

// A restart forgets what was looked at, and not what was noted.
func TestAPaceGoesOnAfterARestart(t *testing.T) {
	book := paceBook{entries: map[int64]*pace{}}
	pass := migration.Pass{ID: 1, Status: migration.PassRunning}
	pass.Runs.Tally = migration.Tally{Copied: 1000, Bytes: 1_000_000}
	noted := func(ago ...time.Duration) (all []migration.Sample) {
		for _, d := range ago {
			all = append(all, migration.Sample{At: testNow.Add(-d), Messages: 1000 - 10*int(d.Seconds()), Bytes: 1_000_000 - 10_000*int64(d.Seconds())})
		}
		return all
	}
	tests := []struct {
		name  string
		noted []migration.Sample
		want  float64
	}{
		{"noted a moment ago", noted(90*time.Second, 30*time.Second), 10},
		{"noted farther apart, in a long pass", noted(9*time.Minute, 5*time.Minute), 10},
		{"noted too long ago", noted(time.Hour), 0},
		{"noted never", nil, 0},
		{"more was known then: what failed is being tried again", []migration.Sample{{At: testNow.Add(-time.Minute), Messages: 2000}}, 0},
	}
	for _, tt := range tests {
		delete(book.entries, pass.ID)
		if got := book.look(pass, tt.noted, testNow); got.Messages != tt.want || got.Bytes != 1000*tt.want {
			t.Errorf("%s: %+v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestRowsOfAnAddressAreLines(t *testing.T) {
	long := strings.Repeat("7 ", 2*resourcesPerPage)
	for text, want := range map[string]string{
		"": "[]", "3 1 2": "[3 1 2]", "1 x -4 0 2": "[1 2]", long: fmt.Sprint(rowsOf(long)),
	} {
		if got := fmt.Sprint(rowsOf(text)); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
	if n := len(rowsOf(long)); n != resourcesPerPage {
		t.Errorf("%d rows of a long address", n)
	}
}
