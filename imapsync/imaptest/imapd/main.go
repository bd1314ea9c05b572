// Command imapd is an IMAP server in memory, for trying Trasloco without a mail
// server at hand: one call is the old server, another the new one.
//
//	go run ./imapsync/imaptest/imapd --listen 127.0.0.1:1143 --user anna --password secret --sample
//
// It speaks plain IMAP and therefore listens on loopback only. The first line on
// standard output is "ready on HOST:PORT"; a SIGINT or SIGTERM ends it. What was
// in its mailboxes is gone then.
//
// It is go-imap's imapserver with imapmemserver, beta 8. Measured of it
// (TestMeasured holds it down), because an engine tested only here
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
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"
)

type options struct {
	Listen   string   `default:"127.0.0.1:1143" help:"Loopback address and port to listen on." placeholder:"HOST:PORT"`
	User     []string `required:"" sep:"none" help:"A mailbox owner; may be given several times." placeholder:"NAME"`
	Password []string `required:"" sep:"none" help:"His password: one for each user in order, or one for all." placeholder:"WORD"`
	Sample   bool     `help:"Fill each mailbox with some forty sample messages."`
	Oversize bool     `help:"With --sample, add a message of more than 50 MB."`
}

func main() {
	var o options
	kong.Parse(&o, kong.Name("imapd"), kong.Description("An IMAP server in memory, for trying Trasloco."))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, o, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "imapd:", err)
		os.Exit(1)
	}
}

// run serves until ctx ends; then it returns nil.
func run(ctx context.Context, o options, out io.Writer) error {
	addr, err := loopback(o.Listen)
	if err != nil {
		return err
	}
	memory, err := mailboxes(o, time.Now())
	if err != nil {
		return err
	}
	listener, err := net.ListenTCP("tcp", addr)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", o.Listen, err)
	}
	server := imapserver.New(&imapserver.Options{
		NewSession: func(*imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
			return memory.NewSession(), nil, nil
		},
		Caps:         capabilities(),
		InsecureAuth: true, // loopback only
		Logger:       log.New(os.Stderr, "imapd: ", 0),
	})
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	fmt.Fprintln(out, "ready on", listener.Addr())
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	if err := server.Close(); err != nil {
		return fmt.Errorf("close: %w", err)
	}
	return <-served
}

func capabilities() imap.CapSet {
	return imap.CapSet{
		imap.CapIMAP4rev1: {}, imap.CapLiteralPlus: {}, imap.CapNamespace: {}, imap.CapUIDPlus: {}, imap.CapESearch: {},
		imap.CapListExtended: {}, imap.CapListStatus: {}, imap.CapMove: {}, imap.CapStatusSize: {},
	}
}

var errNotLoopback = errors.New("only a loopback address will do, passwords travel in clear")

// loopback resolves host:port and refuses what others could reach.
func loopback(listen string) (*net.TCPAddr, error) {
	addr, err := net.ResolveTCPAddr("tcp", listen)
	if err != nil {
		return nil, fmt.Errorf("listen on %q: %w", listen, err)
	}
	if !addr.IP.IsLoopback() {
		return nil, fmt.Errorf("listen on %q: %w", listen, errNotLoopback)
	}
	return addr, nil
}

var (
	errPasswords = errors.New("want one password, or one for each user")
	errTwice     = errors.New("is given twice")
)

// mailboxes makes the users with what they own.
func mailboxes(o options, now time.Time) (*imapmemserver.Server, error) {
	if len(o.Password) != 1 && len(o.Password) != len(o.User) {
		return nil, fmt.Errorf("%d users, %d passwords: %w", len(o.User), len(o.Password), errPasswords)
	}
	memory := imapmemserver.New()
	known := map[string]bool{}
	for i, name := range o.User {
		if known[name] {
			return nil, fmt.Errorf("user %q %w", name, errTwice)
		}
		known[name] = true
		user, err := mailbox(name, o.Password[min(i, len(o.Password)-1)], now)
		if err == nil && o.Sample {
			err = fill(user, name, o.Oversize)
		}
		if err != nil {
			return nil, fmt.Errorf("user %q: %w", name, err)
		}
		memory.AddUser(user)
	}
	return memory, nil
}

// mailbox makes a user with an INBOX. UIDVALIDITY is counted from 1 in every
// process; giving some away first, one more each second for some hours, keeps a
// client that remembers an earlier process from taking this mailbox for that one
// (RFC 3501 §2.3.1.1).
func mailbox(name, password string, now time.Time) (*imapmemserver.User, error) {
	user := imapmemserver.NewUser(name, password)
	const spare = "spare"
	for range now.Unix() % 10_000 {
		if err := errors.Join(user.Create(spare, nil), user.Delete(spare)); err != nil {
			return nil, fmt.Errorf("count up UIDVALIDITY: %w", err)
		}
	}
	return user, user.Create("INBOX", nil)
}
