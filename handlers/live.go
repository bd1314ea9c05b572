package handlers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime/debug"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"trasloco/locale"
)

// The rhythm of live pages: no more than one picture in liveEvery, so that fifty
// people who look on cost little; a ping where nothing happens, so that a
// browser that is gone is noticed. After streamFor a browser has to come back.
const (
	liveEvery    = time.Second
	pingEvery    = 15 * time.Second
	writeTimeout = 30 * time.Second
	streamFor    = 10 * time.Minute
	// repaintEvery is for what changes without anybody saying so: the time of the
	// day, a notice that was sent, a date that somebody moved.
	repaintEvery = 15 * time.Second
)

// rightsEvery is how often a stream looks at the rights of its reader, besides at its
// beginning. Who loses rights in the panel has his streams ended at once (followers):
// this finds what happened meanwhile, and what other hands did. Before each picture
// it cost 200 readers a quarter of a processor.
const rightsEvery = 10 * time.Second

// endEvent is the name of the event after the last picture: the browser does
// not come back (docs/browser.md).
const endEvent = "done"

// errViewOver ends the streams of a view that will show nothing new though its
// subject has not ended: the program stops. Browsers come back.
var errViewOver = fmt.Errorf("live view is over: %w", context.Canceled)

// liveViews shares pictures between those who see the same: what one browser of
// a language and zone is shown of a migration, all others are too. A view lives
// as long as somebody looks at it.
type liveViews struct {
	ctx                  context.Context
	every, repaint, ping time.Duration
	rights               time.Duration
	paces                paceBook

	mu     sync.Mutex
	views  map[string]*liveView
	closed bool // no view starts any more
	group  sync.WaitGroup
}

// newLiveViews returns the views of a server; all end with ctx.
func newLiveViews(ctx context.Context) *liveViews {
	return &liveViews{
		ctx: ctx, every: liveEvery, repaint: repaintEvery, ping: pingEvery, rights: rightsEvery,
		paces: paceBook{entries: map[int64]*pace{}}, views: map[string]*liveView{},
	}
}

// wait returns when no view is painted any more. Their context has ended.
func (v *liveViews) wait() {
	v.mu.Lock()
	v.closed = true
	v.mu.Unlock()
	v.group.Wait()
}

// liveSource is what a view is painted of.
type liveSource struct {
	// key names what is seen by people of one language and zone: equal keys,
	// equal pictures.
	key string
	// watch calls changed at once, and then whenever the picture may have
	// changed, until ctx ends or changed fails. It may return nil earlier, where
	// the program stops.
	watch func(ctx context.Context, changed func() error) error
	// paint returns the picture, and whether it is the last one. It is called by
	// one goroutine at a time. Of the caller's context it sees language and zone.
	paint func(ctx context.Context) (picture []byte, last bool, err error)
}

// liveView is one picture that several browsers look at.
type liveView struct {
	key      string
	stop     context.CancelFunc
	watchers int // guarded by liveViews.mu

	mu      sync.Mutex
	picture []byte
	version int
	last    bool
	err     error
	fresh   chan struct{} // closed when the picture is replaced
}

// join returns the view of a source, starting it for the first who looks.
// values is whose language and zone it is painted in.
func (v *liveViews) join(values context.Context, source liveSource) *liveView {
	lang, zone := locale.From(values), locale.Zone(values)
	key := string(lang) + " " + zone.String() + " " + source.key
	v.mu.Lock()
	defer v.mu.Unlock()
	view := v.views[key]
	if view == nil {
		ctx, stop := context.WithCancel(locale.WithZone(locale.With(v.ctx, lang), zone))
		view = &liveView{key: key, stop: stop, fresh: make(chan struct{})}
		v.start(ctx, view, source)
	}
	view.watchers++
	return view
}

// start paints a view until it is over, or nobody looks at it any more. Once the
// server closes no view starts.
func (v *liveViews) start(ctx context.Context, view *liveView, source liveSource) {
	if v.closed {
		view.stop()
		view.show(nil, false, errViewOver)
		return
	}
	v.views[view.key] = view
	v.group.Go(func() {
		defer view.stop()
		defer v.forget(view)
		view.run(ctx, source, v.every, v.repaint)
	})
}

// leave ends the view with its last watcher.
func (v *liveViews) leave(view *liveView) {
	v.mu.Lock()
	defer v.mu.Unlock()
	view.watchers--
	if view.watchers == 0 {
		view.stop()
		v.drop(view)
	}
}

// forget makes who comes from now on start a view anew.
func (v *liveViews) forget(view *liveView) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.drop(view)
}

func (v *liveViews) drop(view *liveView) {
	if v.views[view.key] == view {
		delete(v.views, view.key)
	}
}

// run paints at most once in every, once after the last change, and where
// nothing changes once in repaint, until the last picture, an error, or the end
// of ctx. It returns when the watch has.
func (l *liveView) run(ctx context.Context, source liveSource, every, repaint time.Duration) {
	ctx, stop := context.WithCancel(ctx)
	changed, over := make(chan struct{}, 1), make(chan error, 1)
	var watching sync.WaitGroup
	watching.Go(func() { over <- guarded(func() error { return source.watch(ctx, nudge(ctx, changed)) }) })
	defer watching.Wait()
	defer stop()
	for {
		select {
		case err := <-over:
			l.show(nil, false, orOver(err))
			return
		case <-changed:
		case <-time.After(repaint):
		}
		var picture []byte
		var last bool
		err := guarded(func() (err error) { picture, last, err = source.paint(ctx); return err })
		l.show(picture, last, err)
		if last || err != nil {
			return
		}
		select {
		case <-ctx.Done(): // the watch ends, and says so
		case <-time.After(every):
		}
	}
}

// guarded turns a panic into an error of this one view: the painter is a
// goroutine of its own, and no middleware stands around it.
func guarded(do func() error) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("panic: %v\n%s", cause, debug.Stack())
		}
	}()
	return do()
}

// nudge returns what a watch calls: it never blocks, and keeps one change in
// mind.
func nudge(ctx context.Context, changed chan<- struct{}) func() error {
	return func() error {
		select {
		case changed <- struct{}{}:
		default: // a change waits already
		}
		return ctx.Err()
	}
}

func orOver(err error) error {
	if err == nil {
		return errViewOver
	}
	return err
}

// show replaces the picture; one that looks like the one before wakes nobody.
func (l *liveView) show(picture []byte, last bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !last && err == nil && l.version > 0 && bytes.Equal(picture, l.picture) {
		return
	}
	l.picture, l.last, l.err = picture, last, err
	l.version++
	close(l.fresh)
	l.fresh = make(chan struct{})
}

// after returns the picture once there is one newer than version. The same
// version, and no picture, mean that nothing came for as long as a ping.
func (l *liveView) after(ctx context.Context, version int, ping time.Duration) (picture []byte, now int, last bool, err error) {
	wait := time.NewTimer(ping)
	defer wait.Stop()
	for {
		l.mu.Lock()
		fresh := l.fresh
		picture, now, last, err = l.picture, l.version, l.last, l.err
		l.mu.Unlock()
		if now != version {
			return picture, now, last, err
		}
		select {
		case <-fresh:
		case <-wait.C:
			return nil, version, false, nil
		case <-ctx.Done():
			return nil, version, false, ctx.Err()
		}
	}
}

// stream sends the pictures of a source as server-sent events until there is no
// newer one to come, or the browser is gone. Each event is the whole picture:
// what gets lost on the way does not matter.
func (s *Server) stream(c echo.Context, source liveSource) error {
	ctx, stop := context.WithTimeout(c.Request().Context(), streamFor)
	defer stop()
	view := s.live.join(ctx, source)
	defer s.live.leave(view)
	var seen time.Time // when the rights were looked at
	for version, last := 0, false; !last; {
		var picture []byte
		var err error
		before := version
		picture, version, last, err = view.after(ctx, version, s.live.ping)
		if err == nil && time.Since(seen) >= s.live.rights {
			err, seen = s.mayFollow(c), time.Now() //nolint:forbidigo // the rhythm of a connection is the system's
		}
		if err != nil {
			return endStream(err)
		}
		if before == 0 {
			beginStream(c.Response())
		}
		if err := send(c.Response(), picture, last); err != nil {
			return endStream(err)
		}
	}
	return nil
}

// beginStream sets the head of the answer; before it, an error is still a page.
func beginStream(w http.ResponseWriter) {
	w.Header().Set(echo.HeaderContentType, "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no") // nginx hands events on at once
}

// send writes one event and sees it off. Who does not take it in writeTimeout is
// left behind; the others have goroutines of their own.
func send(w http.ResponseWriter, picture []byte, last bool) error {
	control := http.NewResponseController(w)
	// Deadlines of connections are the system's, whatever clock the pages have.
	deadline := time.Now().Add(writeTimeout) //nolint:forbidigo // see above
	if err := control.SetWriteDeadline(deadline); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	if err := writeEvent(w, picture, last); err != nil {
		return err
	}
	return control.Flush()
}

// writeEvent writes a picture as an unnamed event, which the browser puts into
// the page; behind the last one, the event that ends the stream for good.
// Without a picture it writes a comment, to see whether somebody is there.
func writeEvent(w io.Writer, picture []byte, last bool) error {
	var event bytes.Buffer
	if picture == nil {
		event.WriteString(": ping\n\n")
	} else {
		for line := range bytes.SplitSeq(lineFeeds(picture), []byte("\n")) {
			event.WriteString("data: ")
			event.Write(line)
			event.WriteByte('\n')
		}
		event.WriteByte('\n')
	}
	if last {
		event.WriteString("event: " + endEvent + "\ndata:\n\n")
	}
	_, err := event.WriteTo(w)
	return err
}

// lineFeeds makes one kind of line end of all: a bare CR would end a line of the
// stream. HTML reads them alike.
func lineFeeds(text []byte) []byte {
	if !bytes.ContainsRune(text, '\r') {
		return text
	}
	text = bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))
	return bytes.ReplaceAll(text, []byte("\r"), []byte("\n"))
}

// endStream hides that a browser left or has to come back, or that the program
// stops: there is nobody to be told.
func endStream(err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return nil
	}
	return fmt.Errorf("live page: %w", err)
}
