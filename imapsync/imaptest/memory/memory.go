// Package memory is an IMAP server that keeps its mail in memory, for trying
// Trasloco without a mail server at hand: the demonstration and the program
// imapd are made of it.
//
// It is go-imap's imapserver with imapmemserver, beta 8. Measured of it
// (the test of imapd holds it down), because an engine tested only here
// would learn odd manners:
//
//   - SPECIAL-USE: CREATE … (USE (\Sent)) is accepted and forgotten, LIST never
//     says any; so neither SPECIAL-USE nor CREATE-SPECIAL-USE is advertised.
//   - NAMESPACE: one personal namespace, prefix "", delimiter "/".
//   - LIST says \Subscribed unasked, LSUB too; never \HasChildren. LIST … RETURN
//     (STATUS (…)) works. CREATE a/b does not make a, and a is not listed then.
//     A pattern "inbox" does not find INBOX.
//   - LITERAL+ takes up to 100 MiB in APPEND; literals of other commands end at
//     4096 octets: a longer one is answered NO [TOOBIG], and the line after it is
//     swallowed. There is no MULTIAPPEND, CONDSTORE, QUOTA or ID; an unknown
//     command is answered BAD and the connection goes on.
//   - UIDPLUS: APPENDUID as it should be. UIDVALIDITY counts 1, 2, 3 … in order of
//     creation in every process alike, so this program first gives a number of
//     them away: a server started anew is told from the one before.
//   - Flags and keywords come back in lower case (\seen, $forwarded), in changing
//     order; \Recent is stored like any other; PERMANENTFLAGS always has \*.
//   - BODY[] is put together again from a parsed header. Of well-formed mail every
//     octet comes back, with folding, NUL, 8-bit and bare LF in the body. A bare LF
//     in the header becomes CRLF, a missing empty line is added, and a message
//     with a header line that is no field comes back as 0 octets, while
//     RFC822.SIZE keeps saying what was appended.
//   - BODY.PEEK[HEADER.FIELDS (…)] names the fields in quotes and gives them in
//     the order of the message.
//   - INTERNALDATE keeps its zone. A day such as 31-Feb is answered NO
//     [SERVERBUG], then the literal is read as commands.
//   - Names are mUTF-7 on the wire; one that is not is answered NO [SERVERBUG].
//   - SUBSCRIBE of a subscribed folder is OK, of a missing one NO [NONEXISTENT];
//     CREATE of an existing one NO [ALREADYEXISTS]; APPEND to a missing one NO
//     [TRYCREATE], though only after the literal. Empty messages are stored.
package memory

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"
)

// Options are what a Server needs. The zero value serves in clear, without a
// master user.
type Options struct {
	Now time.Time   // spreads the UIDVALIDITY of servers started one after the other
	TLS *tls.Config // nil: in clear
	// Master, if not empty, may log in to every mailbox with MasterPassword, as
	// USER*MASTER.
	Master, MasterPassword string
	Errors                 io.Writer // what go wrong on connections; nil: nowhere
}

// Server is one mail server. Its methods may be called from any goroutine.
type Server struct {
	opts      Options
	mail      *imapmemserver.Server
	passwords map[string]string // by user; complete before Serve is called
	serving   *imapserver.Server
}

// New returns a server without users.
func New(opts Options) *Server {
	s := &Server{opts: opts, mail: imapmemserver.New(), passwords: map[string]string{}}
	if opts.Errors == nil {
		s.opts.Errors = io.Discard
	}
	s.serving = imapserver.New(&imapserver.Options{
		NewSession: func(*imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
			return s.session(), nil, nil
		},
		Caps:         capabilities(),
		InsecureAuth: true, // who serves in clear listens on loopback
		Logger:       log.New(s.opts.Errors, "imap: ", 0),
	})
	return s
}

// ErrTwice is the error of a user who is there already.
var ErrTwice = errors.New("is given twice")

// AddUser makes a mailbox with an empty INBOX. Call it before Serve.
func (s *Server) AddUser(name, password string) (*Mailbox, error) {
	if _, known := s.passwords[name]; known {
		return nil, fmt.Errorf("user %q %w", name, ErrTwice)
	}
	user, err := newUser(name, password, s.opts.Now)
	if err != nil {
		return nil, fmt.Errorf("user %q: %w", name, err)
	}
	s.passwords[name] = password
	s.mail.AddUser(user)
	return &Mailbox{name: name, user: user}, nil
}

// Serve answers connections until Close, and then returns nil.
func (s *Server) Serve(listener net.Listener) error {
	if s.opts.TLS != nil {
		listener = tls.NewListener(listener, s.opts.TLS)
	}
	return s.serving.Serve(listener)
}

// Close ends the server and its connections.
func (s *Server) Close() error { return s.serving.Close() }

// session is one connection. The master user's login becomes that of the user
// he names.
func (s *Server) session() imapserver.Session {
	session := s.mail.NewSession()
	rich, ok := session.(imapserver.SessionIMAP4rev2)
	if s.opts.Master == "" || !ok {
		return session
	}
	return &masterSession{SessionIMAP4rev2: rich, server: s}
}

type masterSession struct {
	imapserver.SessionIMAP4rev2
	server *Server
}

func (m *masterSession) Login(name, password string) error {
	user, master, found := strings.Cut(name, "*")
	if found && master == m.server.opts.Master && password == m.server.opts.MasterPassword {
		name, password = user, m.server.passwords[user]
	}
	return m.SessionIMAP4rev2.Login(name, password)
}

func capabilities() imap.CapSet {
	return imap.CapSet{
		imap.CapIMAP4rev1: {}, imap.CapLiteralPlus: {}, imap.CapNamespace: {}, imap.CapUIDPlus: {}, imap.CapESearch: {},
		imap.CapListExtended: {}, imap.CapListStatus: {}, imap.CapMove: {}, imap.CapStatusSize: {},
	}
}

// newUser makes a user with an INBOX. UIDVALIDITY is counted from 1 in every
// process; giving some away first, one more each second for some hours, keeps a
// client that remembers an earlier process from taking this mailbox for that one
// (RFC 3501 §2.3.1.1).
func newUser(name, password string, now time.Time) (*imapmemserver.User, error) {
	user := imapmemserver.NewUser(name, password)
	const spare = "spare"
	for range now.Unix() % 10_000 {
		if err := errors.Join(user.Create(spare, nil), user.Delete(spare)); err != nil {
			return nil, fmt.Errorf("count up UIDVALIDITY: %w", err)
		}
	}
	return user, user.Create("INBOX", nil)
}
