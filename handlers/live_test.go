package handlers

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"trasloco/locale"
)

// paintbox is a liveSource whose every change the test makes.
type paintbox struct {
	changes chan struct{}
	paints  atomic.Int32
	watches atomic.Int32
	last    atomic.Int32 // the paint that is the last; 0: none
	err     error
	text    func(n int32) string
}

func newPaintbox() *paintbox {
	return &paintbox{changes: make(chan struct{}), text: func(n int32) string { return fmt.Sprintf("picture %d", n) }}
}

func (b *paintbox) source(key string) liveSource {
	return liveSource{
		key: key,
		watch: func(ctx context.Context, changed func() error) error {
			b.watches.Add(1)
			defer b.watches.Add(-1)
			for err := changed(); err == nil; err = changed() {
				select {
				case <-ctx.Done():
				case _, open := <-b.changes:
					if !open {
						return nil
					}
				}
			}
			return ctx.Err()
		},
		paint: func(ctx context.Context) ([]byte, bool, error) {
			n := b.paints.Add(1)
			text := b.text(n) + " " + string(locale.From(ctx))
			return []byte(text), n == b.last.Load(), b.err
		},
	}
}

// quickViews are views that need not wait.
func quickViews(t *testing.T) *liveViews {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	views := newLiveViews(ctx)
	views.every, views.repaint, views.ping = time.Millisecond, time.Hour, time.Hour
	t.Cleanup(func() {
		stop()
		views.wait()
	})
	return views
}

// next returns the picture after version, or fails after a while.
func next(t *testing.T, view *liveView, version int) (picture string, now int, last bool, err error) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
	defer stop()
	octets, now, last, err := view.after(ctx, version, time.Hour)
	if errors.Is(err, context.DeadlineExceeded) {
		t.Fatal("no picture came")
	}
	return string(octets), now, last, err
}

func TestFirstPictureIsTheWholeStateAndChangesFollow(t *testing.T) {
	views, box := quickViews(t), newPaintbox()
	view := views.join(t.Context(), box.source("a"))
	defer views.leave(view)
	picture, version, last, err := next(t, view, 0)
	if picture != "picture 1 en" || last || err != nil {
		t.Fatal(picture, last, err)
	}
	box.changes <- struct{}{}
	if picture, _, _, _ = next(t, view, version); picture != "picture 2 en" {
		t.Error(picture)
	}
}

func TestEqualViewersShareOnePainting(t *testing.T) {
	views, box := quickViews(t), newPaintbox()
	italian := locale.With(t.Context(), locale.Italian)
	one, two := views.join(t.Context(), box.source("a")), views.join(t.Context(), box.source("a"))
	other, foreign := views.join(t.Context(), newPaintbox().source("b")), views.join(italian, newPaintbox().source("a"))
	for _, view := range []*liveView{one, two, other, foreign} {
		defer views.leave(view)
	}
	if one != two || one == other || one == foreign {
		t.Error("views are not shared by what is seen and in which language")
	}
	_, _, _, _ = next(t, one, 0)
	if picture, _, _, _ := next(t, two, 0); picture != "picture 1 en" || box.paints.Load() != 1 {
		t.Error(picture, box.paints.Load())
	}
	if picture, _, _, _ := next(t, foreign, 0); picture != "picture 1 it" {
		t.Error(picture)
	}
}

func TestPictureThatLooksTheSameWakesNobody(t *testing.T) {
	views, box := quickViews(t), newPaintbox()
	box.text = func(n int32) string { return fmt.Sprint(n / 3) } // 1 and 2 look alike
	view := views.join(t.Context(), box.source("a"))
	defer views.leave(view)
	_, version, _, _ := next(t, view, 0)
	for box.paints.Load() < 3 {
		box.changes <- struct{}{}
	}
	if picture, now, _, _ := next(t, view, version); picture != "1 en" || now != version+1 {
		t.Error(picture, now)
	}
}

func TestViewEndsWithItsLastWatcher(t *testing.T) {
	views, box := quickViews(t), newPaintbox()
	one, two := views.join(t.Context(), box.source("a")), views.join(t.Context(), box.source("a"))
	_, _, _, _ = next(t, one, 0)
	views.leave(one)
	box.changes <- struct{}{} // the view still listens
	views.leave(two)
	views.group.Wait()
	if box.watches.Load() != 0 || len(views.views) != 0 {
		t.Error("something goes on", box.watches.Load(), len(views.views))
	}
	if again := views.join(t.Context(), box.source("a")); again == one {
		t.Error("the next one got the view that has ended")
	} else {
		views.leave(again)
	}
}

func TestViewIsOverWithItsLastPicture(t *testing.T) {
	views, box := quickViews(t), newPaintbox()
	box.last.Store(1)
	view := views.join(t.Context(), box.source("a"))
	if picture, _, last, err := next(t, view, 0); picture != "picture 1 en" || !last || err != nil {
		t.Error(picture, last, err)
	}
	views.group.Wait()
	late := views.join(t.Context(), box.source("a"))
	if late == view {
		t.Error("who comes later gets an old picture")
	}
	views.leave(view)
	views.leave(late)
}

func TestViewTellsWhatWentWrong(t *testing.T) {
	views, box := quickViews(t), newPaintbox()
	box.err = errors.New("no paint")
	view := views.join(t.Context(), box.source("a"))
	defer views.leave(view)
	if _, _, _, err := next(t, view, 0); !errors.Is(err, box.err) {
		t.Error(err)
	}
}

func TestViewEndsWhereTheFeedDoes(t *testing.T) {
	views, box := quickViews(t), newPaintbox()
	view := views.join(t.Context(), box.source("a"))
	defer views.leave(view)
	_, version, _, _ := next(t, view, 0)
	close(box.changes)
	if _, _, last, err := next(t, view, version); last || !errors.Is(err, errViewOver) {
		t.Error(last, err)
	}
}

func TestNoViewStartsOnceTheServerCloses(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	views, box := newLiveViews(ctx), newPaintbox()
	stop()
	views.wait()
	view := views.join(t.Context(), box.source("a"))
	if _, _, _, err := next(t, view, 0); !errors.Is(err, errViewOver) || box.watches.Load() != 0 {
		t.Error(err)
	}
	views.leave(view)
}

func TestViewIsPaintedAnewThoughNobodyTells(t *testing.T) {
	views, box := quickViews(t), newPaintbox()
	views.repaint = time.Millisecond
	view := views.join(t.Context(), box.source("a"))
	defer views.leave(view)
	_, version, _, _ := next(t, view, 0)
	if picture, _, _, _ := next(t, view, version); !strings.HasPrefix(picture, "picture ") {
		t.Error(picture)
	}
}

func TestEventsAreWrittenAsBrowsersReadThem(t *testing.T) {
	tests := []struct {
		name    string
		picture []byte
		last    bool
		want    string
	}{
		{"nothing new", nil, false, ": ping\n\n"},
		{"one line", []byte("<p>1</p>"), false, "data: <p>1</p>\n\n"},
		{"lines of all kinds", []byte("a\nb\r\nc\rd"), false, "data: a\ndata: b\ndata: c\ndata: d\n\n"},
		{"the last", []byte("a"), true, "data: a\n\nevent: done\ndata:\n\n"},
		{"nothing at all", []byte{}, false, "data: \n\n"},
	}
	for _, tt := range tests {
		var b bytes.Buffer
		if err := writeEvent(&b, tt.picture, tt.last); err != nil || b.String() != tt.want {
			t.Errorf("%s: %q, %v", tt.name, b.String(), err)
		}
	}
}

// streamSite serves one source as a stream, without the panel around it.
func streamSite(t *testing.T, views *liveViews, source liveSource) *httptest.Server {
	t.Helper()
	s, e := &Server{live: views}, echo.New()
	e.GET("/", func(c echo.Context) error { return s.stream(c, source) })
	site := httptest.NewServer(e)
	t.Cleanup(site.Close)
	return site
}

// listen opens a stream and returns what it sends, line by line.
func listen(t *testing.T, address string) *bufio.Scanner {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	check(t, err)
	response, err := http.DefaultClient.Do(request)
	check(t, err)
	t.Cleanup(func() { _ = response.Body.Close() })
	if got := response.Header.Get("Content-Type"); got != "text/event-stream" {
		t.Fatalf("content type %q", got)
	}
	return bufio.NewScanner(response.Body)
}

// data returns the next line of data.
func data(t *testing.T, lines *bufio.Scanner) string {
	t.Helper()
	for lines.Scan() {
		if text, found := strings.CutPrefix(lines.Text(), "data: "); found {
			return text
		}
	}
	t.Fatal("the stream has ended", lines.Err())
	return ""
}

func TestQuietStreamPings(t *testing.T) {
	views, box := quickViews(t), newPaintbox()
	views.ping = time.Millisecond
	lines := listen(t, streamSite(t, views, box.source("a")).URL)
	for lines.Scan() {
		if lines.Text() == ": ping" {
			return
		}
	}
	t.Error("no ping")
}

func TestStreamEndsForGoodWithTheLastPicture(t *testing.T) {
	views, box := quickViews(t), newPaintbox()
	box.last.Store(2)
	lines := listen(t, streamSite(t, views, box.source("a")).URL)
	data(t, lines)
	box.changes <- struct{}{}
	if got := data(t, lines); got != "picture 2 en" {
		t.Error(got)
	}
	var rest []string
	for lines.Scan() {
		rest = append(rest, lines.Text())
	}
	if got := strings.Join(rest, "\n"); got != "\nevent: done\ndata:\n" || lines.Err() != nil {
		t.Errorf("%q, %v", got, lines.Err())
	}
}

func TestErrorBeforeTheFirstPictureIsAPlainAnswer(t *testing.T) {
	views, box := quickViews(t), newPaintbox()
	box.err = errors.New("no paint")
	response, err := http.Get(streamSite(t, views, box.source("a")).URL) //nolint:noctx // of the test's own server
	check(t, err)
	defer response.Body.Close()
	if response.StatusCode != http.StatusInternalServerError || response.Header.Get("Content-Type") == "text/event-stream" {
		t.Error(response.Status, response.Header)
	}
}

// A reader who takes nothing fills his own connection and nobody else's.
func TestStuckReaderHoldsUpNobody(t *testing.T) {
	views, box := quickViews(t), newPaintbox()
	large := strings.Repeat("x", 1<<20)
	box.text = func(n int32) string { return fmt.Sprintf("%d%s", n, large) }
	site := streamSite(t, views, box.source("a"))
	stuck, err := net.Dial("tcp", site.Listener.Addr().String()) //nolint:noctx // of the test's own server
	check(t, err)
	defer stuck.Close()
	_, err = fmt.Fprintf(stuck, "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", site.Listener.Addr())
	check(t, err)
	lines := listen(t, site.URL)
	lines.Buffer(nil, 4<<20)
	for range 20 { // far more than the sockets between them hold
		data(t, lines)
		box.changes <- struct{}{}
	}
}

func TestBrowserThatLeavesEndsItsStream(t *testing.T) {
	views, box := quickViews(t), newPaintbox()
	site := streamSite(t, views, box.source("a"))
	ctx, leave := context.WithCancel(t.Context())
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, site.URL, nil)
	check(t, err)
	response, err := http.DefaultClient.Do(request)
	check(t, err)
	defer response.Body.Close()
	data(t, bufio.NewScanner(response.Body))
	leave()
	views.group.Wait() // returns: nobody looks any more
	if box.watches.Load() != 0 {
		t.Error("the watch goes on")
	}
}
