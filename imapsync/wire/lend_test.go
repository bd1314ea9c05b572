package wire_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"

	"trasloco/imapsync/imaptest"
	"trasloco/imapsync/wire"
)

// G-18: a server that could do IMAP4rev2 was not asked to, and takes modified
// UTF-7.
func TestALentConnectionSendsNamesInModifiedUTF7(t *testing.T) {
	sent := make(chan string, 1)
	greeting := "* PREAUTH [CAPABILITY IMAP4rev1 IMAP4rev2 UTF8=ACCEPT UIDPLUS APPENDLIMIT=5] ready"
	c := dial(t, greeting, recordingTo(sent))
	client := imapclient.New(c.Lend(), nil)
	defer client.Close()
	if caps := client.Caps(); !caps.Has(imap.CapUIDPlus) || caps.Has(imap.CapIMAP4rev2) || caps.Has(imap.CapUTF8Accept) {
		t.Errorf("the client reads %v", caps)
	}
	if err := client.Create("Posta inviata à & co", nil).Wait(); err != nil {
		t.Fatal(err)
	}
	if got, want := <-sent, `CREATE "Posta inviata &AOA- &- co"`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestALentConnectionTalksToARealServer(t *testing.T) {
	addr := memoryServer(t)
	c, err := wire.Dial(context.Background(), wire.Config{Address: addr, Timeouts: inTime()})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Abort(net.ErrClosed)
	if err := c.Login(context.Background(), user, password); err != nil {
		t.Fatal(err)
	}
	if got, err := appendOne(c, message("Subject: one\r\n\r\none\r\n")); err != nil || !got.Status.OK() {
		t.Fatalf("append: %+v, error %v", got, err)
	}
	client := imapclient.New(c.Lend(), nil)
	defer client.Close()
	if err := client.Create("Città", nil).Wait(); err != nil {
		t.Fatal(err)
	}
	folders, err := client.List("", "*", nil).Collect()
	if err != nil || len(folders) != 2 {
		t.Errorf("got %v, error %v", folders, err)
	}
	selected, err := client.Select("INBOX", nil).Wait()
	if err != nil || selected.NumMessages != 1 {
		t.Errorf("got %+v, error %v", selected, err)
	}
}

// A server nobody here wrote: what it says must read clean.
func TestARealServerReadsClean(t *testing.T) {
	c, err := wire.Dial(context.Background(), wire.Config{Address: memoryServer(t), Timeouts: inTime()})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Abort(net.ErrClosed)
	if err := c.Login(context.Background(), user, password); err != nil {
		t.Fatal(err)
	}
	date := time.Date(2020, 2, 3, 4, 5, 6, 0, time.UTC)
	texts := []string{"Subject: one\r\n\r\none\r\n", "Subject: two\r\n\r\n)\r\n* 1 FETCH\r\n", "\r\n"}
	for _, text := range texts {
		if got, err := appendOne(c, withMeta(message(text), date, `\Seen`)); err != nil || uidOf(got) == 0 {
			t.Fatalf("append: %+v, error %v", got, err)
		}
	}
	m, err := c.Examine(context.Background(), "INBOX")
	if err != nil || m.Exists != 3 || m.UIDValidity == 0 || m.UIDNext != 4 || len(m.PermanentFlags) == 0 {
		t.Fatalf("got %+v, error %v", m, err)
	}
	got, status, err := fetch(c)
	if err != nil || !status.OK() || len(got) != len(texts) {
		t.Fatalf("got %d messages, %v, error %v", len(got), status, err)
	}
	for i, mail := range got {
		if mail.body != texts[i] || mail.Bad || mail.UID != uint32(i+1) {
			t.Errorf("message %d: %q, UID %d, bad %v", i, mail.body, mail.UID, mail.Bad)
		}
	}
	var metas []wire.Fetched
	query := wire.Query{Set: "1:*", ByUID: true, Items: "(UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[HEADER.FIELDS (SUBJECT)])"}
	if _, err := c.Fetch(context.Background(), query, nil, func(f wire.Fetched) error {
		metas = append(metas, f)
		return nil
	}); err != nil || len(metas) != 3 {
		t.Fatalf("got %d answers, error %v", len(metas), err)
	}
	first := metas[0]
	if !first.HasFlags || !first.HasDate || !first.HasSize || first.Bad || !strings.HasPrefix(string(first.Header), "Subject: one\r\n") ||
		first.Date != " 3-Feb-2020 04:05:06 +0000" || int(first.Size) != len(texts[0]) {
		t.Errorf("got %+v, header %q", first, first.Header)
	}
	if err := c.Leave(context.Background()); err != nil {
		t.Error(err)
	}
	c.Logout(context.Background())
}

// The library sets deadlines of its own, absolute ones; ours hold instead (G-06).
func TestALentConnectionKeepsItsTimeouts(t *testing.T) {
	timeouts := inTime()
	timeouts.Slow = 50 * time.Millisecond
	c := dialTimed(t, timeouts, loggedIn, func(s *imaptest.Session) { s.Stall(context.Background()) })
	nc := c.Lend()
	if err := nc.SetDeadline(time.Now().Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	greeting := make([]byte, 1000)
	n, err := nc.Read(greeting)
	if err != nil || !strings.HasPrefix(string(greeting[:n]), "* PREAUTH [CAPABILITY IMAP4REV1 LITERAL+") {
		t.Fatalf("got %q, error %v", greeting[:n], err)
	}
	if _, err := nc.Read(greeting); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	if _, err := nc.Write([]byte("x")); err != nil {
		t.Errorf("write: %v", err)
	}
}

// The limits hold for the library too, which has none: whatever comes without an end, or
// is announced, its command ends (G-23).
func TestALentConnectionHearsAnEnd(t *testing.T) {
	said := map[string]string{
		"lines": "* OK Still here\r\n", "numbers": "* 3 EXISTS\r\n", "one line": "* OK x", "folders": "* LIST () \"/\" a\r\n",
		"a literal": "* QUOTA {9000000000000}\r\nxxxxxxxxxxxxxxxx",
	}
	commands := map[string]func(*imapclient.Client) error{
		"CREATE":       func(c *imapclient.Client) error { return c.Create("a", nil).Wait() },
		"SUBSCRIBE":    func(c *imapclient.Client) error { return c.Subscribe("a").Wait() },
		"GETQUOTAROOT": func(c *imapclient.Client) error { _, err := c.GetQuotaRoot("INBOX").Wait(); return err },
	}
	for what, text := range said {
		for name, command := range commands {
			t.Run(name+" answered by "+what, func(t *testing.T) {
				heard := io.MultiReader(strings.NewReader(loggedIn+"\r\n"), &endless{text: text})
				c, err := wire.New(t.Context(), &played{said: heard}, wire.Timeouts{})
				if err != nil {
					t.Fatal(err)
				}
				wire.GiveUpAfter(c, 200, 20_000)
				client := imapclient.New(c.Lend(), nil)
				defer client.Close()
				if err := command(client); err == nil {
					t.Error("it was answered")
				}
			})
		}
	}
}

func memoryServer(t testing.TB) (addr string) {
	t.Helper()
	account := imapmemserver.NewUser(user, password)
	if err := account.Create("INBOX", nil); err != nil {
		t.Fatal(err)
	}
	users := imapmemserver.New()
	users.AddUser(account)
	server := imapserver.New(&imapserver.Options{
		NewSession: func(*imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
			return users.NewSession(), nil, nil
		},
		Caps:         imap.CapSet{imap.CapIMAP4rev1: {}},
		InsecureAuth: true,
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(listener) // ends with the server
	}()
	t.Cleanup(func() {
		_ = server.Close()
		<-done
	})
	return listener.Addr().String()
}
