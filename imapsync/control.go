package imapsync

import (
	"context"
	"errors"
	"net"
	"slices"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"trasloco/imapsync/wire"
)

// control is the second connection to a destination, for what go-imap's client
// does well: CREATE, SUBSCRIBE, QUOTA. It is open only while it is used.
type control struct {
	conn   *wire.Conn
	client *imapclient.Client
}

// openControl takes over a logged-in connection.
func openControl(conn *wire.Conn) *control {
	return &control{conn: conn, client: imapclient.New(conn.Lend(), nil)}
}

// close says good-bye and ends the connection. The socket goes before the
// client: the library waits for what it still expects to read.
func (c *control) close(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	_ = c.do(ctx, "LOGOUT", func(cl *imapclient.Client) error { return cl.Logout().Wait() }) // a courtesy
	c.conn.Abort(net.ErrClosed)
	_ = c.client.Close() // closed already, by the line above
}

// do runs one command of the library, which knows no context.
func (c *control) do(ctx context.Context, command string, fn func(*imapclient.Client) error) error {
	defer context.AfterFunc(ctx, func() { c.conn.Abort(ctx.Err()) })()
	err := fn(c.client)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var refused *imap.Error
	if errors.As(err, &refused) {
		return &wire.StatusError{Command: command, Status: wire.Status{
			Type: string(refused.Type), Code: string(refused.Code), Text: refused.Text,
		}}
	}
	return err
}

// create makes a folder; one that is there already is fine (F-8).
func (c *control) create(ctx context.Context, name, role string) error {
	var opts *imap.CreateOptions
	if role != "" && c.client.Caps().Has(imap.CapCreateSpecialUse) {
		opts = &imap.CreateOptions{SpecialUse: []imap.MailboxAttr{imap.MailboxAttr(role)}}
	}
	err := c.do(ctx, "CREATE", func(cl *imapclient.Client) error { return cl.Create(name, opts).Wait() })
	if opts != nil && isRefusal(err) && !alreadyExists(err) {
		return c.create(ctx, name, "") // the role may be taken, or not for users to give
	}
	if alreadyExists(err) {
		return nil
	}
	return err
}

// createAll asks for all folders at once and waits for the answers afterwards.
// refused holds what the server said to each; nil: the folder was made.
func (c *control) createAll(ctx context.Context, names, roles []string) (refused []error, err error) {
	special := c.client.Caps().Has(imap.CapCreateSpecialUse)
	commands := make([]*imapclient.Command, len(names))
	for i, name := range names {
		var opts *imap.CreateOptions
		if special && roles[i] != "" {
			opts = &imap.CreateOptions{SpecialUse: []imap.MailboxAttr{imap.MailboxAttr(roles[i])}}
		}
		commands[i] = c.client.Create(name, opts)
	}
	refused = make([]error, len(names))
	for i, command := range commands {
		said := c.do(ctx, "CREATE", func(*imapclient.Client) error { return command.Wait() })
		switch {
		case said == nil:
		case !isRefusal(said):
			return nil, said
		default:
			refused[i] = said
		}
	}
	for i, said := range refused { // the role may be taken, or not for users to give
		if said != nil && special && roles[i] != "" && !isThrottled(said) && !alreadyExists(said) {
			refused[i] = c.create(ctx, names[i], "")
		}
	}
	return refused, nil
}

// alreadyExists recognises the code of RFC 5530 §3, and the words of servers
// that have no code (Cyrus, Courier, Exchange).
func alreadyExists(err error) bool {
	var refused *wire.StatusError
	if !errors.As(err, &refused) {
		return false
	}
	return refused.Status.Code == "ALREADYEXISTS" || existsText.MatchString(refused.Status.Text)
}

// subscribe asks for all names at once and waits for the answers afterwards. A
// refusal is no harm: some servers refuse what is subscribed already.
func (c *control) subscribe(ctx context.Context, names []string) error {
	for part := range slices.Chunk(names, 50) {
		err := c.do(ctx, "SUBSCRIBE", func(cl *imapclient.Client) error {
			var commands []*imapclient.Command
			for _, name := range part {
				commands = append(commands, cl.Subscribe(name))
			}
			var broken error
			for _, command := range commands {
				var refused *imap.Error
				if err := command.Wait(); err != nil && !errors.As(err, &refused) {
					broken = err
				}
			}
			return broken
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Quota is what a server says about an account's storage, in octets.
type Quota struct{ Used, Limit int64 }

// quota asks for the storage quota of INBOX (RFC 9208); nil: there is none, or
// the server does not tell.
func (c *control) quota(ctx context.Context) (*Quota, error) {
	if !c.client.Caps().Has(imap.CapQuota) {
		return nil, nil //nolint:nilnil // no quota is an answer here
	}
	var found *Quota
	err := c.do(ctx, "GETQUOTAROOT", func(cl *imapclient.Client) error {
		roots, err := cl.GetQuotaRoot("INBOX").Wait()
		for _, root := range roots {
			if storage, ok := root.Resources[imap.QuotaResourceStorage]; ok && found == nil {
				found = &Quota{Used: storage.Usage << 10, Limit: storage.Limit << 10}
			}
		}
		return err
	})
	if isRefusal(err) {
		return nil, nil //nolint:nilnil // the server does not tell
	}
	return found, err
}
