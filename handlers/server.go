package handlers

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"trasloco/locale"
	"trasloco/migration"
	"trasloco/static"
	"trasloco/store"
	"trasloco/views"
)

// Feed tells where the runs of a migration stand, as it changes.
type Feed interface {
	// Watch calls tell with the current state, and then with the latest snapshot
	// of each run that changed since, until ctx ends, tell fails or the program
	// stops. An empty call says that something else of the migration changed: a
	// check, a pass, its validity.
	Watch(ctx context.Context, migrationID int64, tell func([]migration.Progress) error) error
}

// Desk is all that the web may ask of the rest of the program. Its answers are
// migration.ErrConflict where the migration is not in a state for it.
type Desk interface {
	// Wake makes what is due start now instead of at the next tick.
	Wake()
	Pause(ctx context.Context, customer int64, m *migration.Migration) error
	Resume(ctx context.Context, customer int64, m *migration.Migration) error
	Cancel(ctx context.Context, customer int64, m *migration.Migration) error
	// RunNow brings the next planned pass forward to now.
	RunNow(ctx context.Context, customer int64, m *migration.Migration) error
	// Retry tries again what failed in the last pass; of one row, or of all: 0.
	Retry(ctx context.Context, customer int64, m *migration.Migration, row int) error
	// LookAgain has runs whose destination mailboxes were full look for room now.
	LookAgain(ctx context.Context, customer int64, m *migration.Migration) error
	// GoOn lets one login of the migration through at a host that is paused.
	GoOn(ctx context.Context, customer int64, m *migration.Migration, host string) error
	// ReadMX reads the MX records of the migration's domains now. What became of it
	// stands in the store.
	ReadMX(ctx context.Context, customer int64, m *migration.Migration) error
	// TestDestination logs in to a mailbox of a destination server and looks
	// around; it stores and deletes nothing.
	TestDestination(ctx context.Context, d migration.Destination, mailbox string) (migration.ServerTest, error)
}

// Options are what a Server needs. Store, Feed, Desk and Static must be set.
type Options struct {
	Store  *store.Store
	Feed   Feed
	Desk   Desk
	Static *static.Files
	Policy migration.Policy
	Now    func() time.Time // nil: the system's clock
	Logger *slog.Logger     // nil: silence

	// PublicURL is where browsers reach the panel, such as
	// "https://panel.example.net"; empty: wherever they come from.
	PublicURL string
	// TrustedProxies are the networks whose X-Forwarded-For and
	// X-Forwarded-Proto are believed; nobody else's are.
	TrustedProxies []netip.Prefix
	// AllowPrivate lets migrations and destinations have private addresses.
	AllowPrivate bool
	// SendsMail says that notices leave by mail; else the pages show them only.
	SendsMail bool
	Support   Support
	Language  locale.Lang    // of those who express no wish; "": English
	Zone      *time.Location // of those who chose none; nil: UTC
	Demo      *Demo          // nil: the real thing
}

// Support is whom people turn to where the panel cannot help (S25).
type Support struct{ Name, Email, URL string }

// Demo is what the demonstration adds to the pages.
type Demo struct {
	Email, Password string // of the login that the login page shows
	CSV             []byte // the ready file of accounts
	// Letters returns the mails that were sent, the newest first.
	Letters func() []views.SentLetter
}

// Server is the panel's web side. It is an http.Handler.
type Server struct {
	Options
	echo     *echo.Echo
	origin   *http.CrossOriginProtection
	sessions *sessionStore
	hashing  chan struct{} // bounds the password hashes computed at once
	live     *liveViews
	reports  reportBound

	followers followers
	codes     sync.Mutex // one code of a second factor is tried at a time
	files     sync.Mutex // one file of a draft is changed at a time, from reading to storing it

	stop     context.CancelFunc
	stopping context.Context // ends with Close: long answers end with it
	closed   sync.Once
}

// New returns a Server. The error is about Options that cannot be used.
func New(opts Options) (*Server, error) {
	s := &Server{Options: opts, echo: echo.New(), hashing: make(chan struct{}, hashesAtOnce)}
	s.defaults()
	var err error
	if s.origin, err = s.originProtection(); err != nil {
		return nil, err
	}
	s.stopping, s.stop = context.WithCancel(context.Background())
	s.sessions = &sessionStore{store: s.Store, now: s.Now, secure: s.isHTTPS, address: clientAddress(opts.TrustedProxies)}
	s.live = newLiveViews(s.stopping)
	s.echo.HTTPErrorHandler = s.fail
	s.echo.IPExtractor = clientAddress(opts.TrustedProxies)
	s.echo.SchemeExtractor = clientScheme(opts.TrustedProxies)
	s.useMiddleware()
	s.addRoutes()
	return s, nil
}

func (s *Server) defaults() {
	if s.Now == nil {
		s.Now = time.Now
	}
	if s.Logger == nil {
		s.Logger = slog.New(slog.DiscardHandler)
	}
	if s.Zone == nil {
		s.Zone = time.UTC
	}
	if s.Language == "" {
		s.Language = locale.English
	}
}

// ServeHTTP answers a request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.echo.ServeHTTP(w, r) }

// Close ends the answers that would go on for ever, the live ones, and returns
// when nobody works on them any more. Call it when the HTTP server begins to
// shut down.
func (s *Server) Close() {
	s.closed.Do(func() {
		s.stop()
		s.live.wait()
	})
}
