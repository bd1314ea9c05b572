package imaptest

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"trasloco/migration"
)

// AccountOptions describe a mail server with one mailbox owner. The zero value
// is a well-behaved server with "/" between folder names.
type AccountOptions struct {
	User, Password string // default "anna" and "secret"
	// Master may log in for User with MasterPassword: as LOGIN user*master and as
	// SASL PLAIN with User as authorization identity. Empty: nobody may.
	Master, MasterPassword string

	// Caps is what CAPABILITY lists; default DefaultCaps(). MULTIAPPEND, CONDSTORE,
	// QRESYNC, ENABLE and MOVE are understood where they are listed.
	Caps        []string
	Without     []string // taken out of it again
	Delimiter   string   // default "/"
	Folds       bool     // names that differ in their case alone are one, and CREATE says so in words without a code
	Prefix      string   // of the personal namespace, such as "INBOX."; names outside are refused
	Namespaces  string   // the NAMESPACE answer as sent; default one made from Prefix
	Quota       int64    // octets of all messages together; 0: no quota
	AppendLimit int64    // octets of one message; 0: no limit
	Greeting    string   // as sent; "* BYE …" closes the connection. Default "* OK ready"
	Missing     string   // the reply to an APPEND to a folder that is not there; default with [TRYCREATE]

	// MessageLimit is how many messages a FETCH answers at most, 0: all. It is
	// listed in CAPABILITY. Those with the lowest UIDs come first; with HighestFirst
	// those with the highest, from the top down, as RFC 9738 §3.1 has it.
	MessageLimit int
	HighestFirst bool
	// MaxErrors is the number of tagged NO and BAD after which a connection is
	// closed with a BYE; 0: never. What a Hook sends by Session.Reply counts too.
	MaxErrors int
	Throttle  Throttle
	// MaxConnections is how many connections are served at once; 0: any number. A
	// further one is refused: by a BYE, or closed without a word where Curt.
	MaxConnections int
	Curt           bool
	Refused        func() // hears of each that is refused; nil: nobody wants to

	// Keep changes the octets of an appended message as some servers do (I-8).
	Keep func(octets []byte) []byte
	// RefuseMessage returns the reply, such as "NO [CANNOT] invalid header", with
	// which an APPEND that has this message in it is refused as a whole; "" takes
	// it. It sees the octets as sent, in the goroutine of the connection, when all
	// of the command has arrived.
	RefuseMessage func(m Message) string
	// Hook sees each command before the server does, in the goroutine of its
	// connection. It returns true when it has dealt with the command itself.
	Hook func(cmd Command, s *Session) (handled bool)
	// Now dates messages appended without a date; default time.Now.
	Now func() time.Time

	Faults []Fault
	Cut    Cut
}

// DefaultCaps returns the capabilities of an account that was told nothing.
func DefaultCaps() []string {
	return []string{
		"IMAP4rev1", "SASL-IR", "AUTH=PLAIN", "LITERAL+", "ID", "NAMESPACE", "UIDPLUS", "UNSELECT",
		"CHILDREN", "LIST-EXTENDED", "LIST-STATUS", "SPECIAL-USE", "CREATE-SPECIAL-USE", "STATUS=SIZE", "QUOTA",
	}
}

// Fault makes commands of one name go wrong. All faults that are left at their
// zero value beside Command and Nth do nothing.
type Fault struct {
	Command string // as Command.Name: "APPEND", "UID FETCH"
	Nth     int    // which command of that name on the account, from 1; 0: each of them

	// Reply is sent in place of the tagged reply's text: "NO [OVERQUOTA] full",
	// "OK [THROTTLED] done", "OK [APPENDUID 1 4:5] done". Only after an OK the
	// command has been carried out.
	Reply string
	// BeforeLiteral sends Reply in place of the "+", or before a non-synchronising
	// literal has arrived.
	BeforeLiteral bool
	Bye           string // untagged BYE with this text in place of an answer, then FIN
	Lost          bool   // carried out, but cut off before the tagged reply
	Reset         bool   // Lost ends with RST, else with FIN
	Silent        bool   // neither carried out nor answered; the connection stays open
}

// Account is a mail server with one mailbox owner, in memory. Its methods may
// be called from any goroutine, also while clients are connected.
type Account struct {
	t    testing.TB
	host *host
	opt  AccountOptions

	mu       sync.Mutex
	folders  []*Folder // in order of creation
	commands []Command
	faults   []Fault
	counts   map[string]int // commands by name since SetFaults
	cut      Cut
	validity uint32 // last one given away

	afterLogin int // commands that Throttle counts
	open       int // connections that MaxConnections counts
	turnedAway int
}

// NewAccount starts an account on loopback that lives until the test's cleanup.
// It has an INBOX.
func NewAccount(t testing.TB, options AccountOptions) *Account {
	t.Helper()
	a := &Account{t: t, opt: withDefaults(options), counts: map[string]int{}, validity: 1000}
	a.faults, a.cut = a.opt.Faults, a.opt.Cut
	a.Create("INBOX")
	a.host = hostFor(t, a.serve)
	return a
}

func withDefaults(o AccountOptions) AccountOptions {
	if o.User == "" {
		o.User, o.Password = "anna", "secret"
	}
	if o.Caps == nil {
		o.Caps = DefaultCaps()
	}
	o.Caps = slices.DeleteFunc(slices.Clone(o.Caps), func(name string) bool { return slices.Contains(o.Without, name) })
	if o.MessageLimit > 0 {
		o.Caps = append(o.Caps, fmt.Sprint("MESSAGELIMIT=", o.MessageLimit))
	}
	if o.Throttle.Reply == "" {
		o.Throttle.Reply = "NO [THROTTLED] slow down"
	}
	if o.Delimiter == "" {
		o.Delimiter = "/"
	}
	if o.Namespaces == "" {
		o.Namespaces = "((" + quote(o.Prefix) + " " + quote(o.Delimiter) + ")) NIL NIL"
	}
	if o.Missing == "" {
		o.Missing = "NO [TRYCREATE] no such folder"
	}
	if o.Greeting == "" {
		o.Greeting = "* OK ready"
	}
	return withDefaultActions(o)
}

func withDefaultActions(o AccountOptions) AccountOptions {
	if o.Keep == nil {
		o.Keep = func(octets []byte) []byte { return octets }
	}
	if o.RefuseMessage == nil {
		o.RefuseMessage = func(Message) string { return "" }
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

func (a *Account) serve(ctx context.Context, number int, tcp *net.TCPConn) {
	a.mu.Lock()
	conn := &cutConn{TCPConn: tcp, cut: a.cut, number: number}
	a.mu.Unlock()
	c := &connection{Session: newSession(a.t, ctx, number, tcp, conn), account: a}
	c.accept = c.acceptLiteral
	if !a.letIn(c) {
		return
	}
	defer c.goes()
	c.run()
}

// Addr returns the server's host:port.
func (a *Account) Addr() string { return a.host.addr() }

// Endpoint returns the account as an end of a resource, with its own password
// and no TLS.
func (a *Account) Endpoint() migration.Endpoint {
	host, port, _ := net.SplitHostPort(a.Addr())
	number, _ := strconv.Atoi(port)
	return migration.Endpoint{
		Host: host, Port: number, TLS: migration.TLSNone,
		Auth: migration.Auth{Kind: migration.AuthPassword, Login: a.opt.User, Password: migration.NewSecret(a.opt.Password)},
	}
}

// SetFaults replaces the faults and counts commands from 1 again.
func (a *Account) SetFaults(faults ...Fault) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.faults = faults
	clear(a.counts)
}

// SetCut replaces the cut for connections made from now on.
func (a *Account) SetCut(cut Cut) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.cut = cut
}

// Commands returns every command received so far, without literals.
func (a *Account) Commands() []Command {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.commands)
}

// Changes returns the commands received that can change what a mailbox holds
// or how it looks to its owner. A source must have seen none. BODY[] counts always; RFC822,
// which has no form that changes nothing, where its folder is open by SELECT.
func (a *Account) Changes() []Command {
	return slices.DeleteFunc(a.Commands(), func(cmd Command) bool { return !changes(cmd) })
}

func changes(cmd Command) bool {
	switch strings.TrimPrefix(cmd.Name, "UID ") {
	case "APPEND", "CREATE", "DELETE", "RENAME", "SUBSCRIBE", "UNSUBSCRIBE", "SELECT", "STORE", "COPY", "MOVE", "EXPUNGE":
		return true
	case "FETCH":
		args := strings.ToUpper(cmd.Args)
		whole := strings.Contains(args, "RFC822 ") || strings.HasSuffix(args, "RFC822") || strings.Contains(args, "RFC822)")
		return strings.Contains(args, "BODY[") || strings.Contains(args, "RFC822.TEXT") || whole && !cmd.examined
	}
	return false
}

// Create makes a folder, with its special-use attributes such as `\Sent`, and
// the folders above it. The name is what the server lists, octet by octet:
// mUTF-7 where a real server would use it. An existing folder is returned as it
// is.
func (a *Account) Create(name string, attributes ...string) *Folder {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.create(name, attributes)
}

func (a *Account) create(name string, attributes []string) *Folder {
	if f := a.find(name); f != nil {
		f.noSelect = false
		return f
	}
	if i := strings.LastIndex(name, a.opt.Delimiter); i > 0 && a.find(name[:i]) == nil {
		a.create(name[:i], nil).noSelect = true
	}
	a.validity++
	f := &Folder{account: a, name: name, attributes: attributes, uidValidity: a.validity, uidNext: 1, modSeq: 1}
	a.folders = append(a.folders, f)
	return f
}

// Delete takes a folder away, with its messages.
func (a *Account) Delete(name string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.folders = slices.DeleteFunc(a.folders, func(f *Folder) bool { return f.name == name })
}

// Folder returns a folder by the name the server lists, or nil.
func (a *Account) Folder(name string) *Folder {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.find(name)
}

// Folders returns the names of all folders, in order of creation.
func (a *Account) Folders() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	var names []string
	for _, f := range a.folders {
		names = append(names, f.name)
	}
	return names
}

func (a *Account) find(name string) *Folder {
	if strings.EqualFold(name, "INBOX") {
		name = "INBOX"
	}
	for _, f := range a.folders {
		if f.name == name || a.opt.Folds && strings.EqualFold(f.name, name) {
			return f
		}
	}
	return nil
}

func (a *Account) has(capability string) bool { return slices.Contains(a.opt.Caps, capability) }

// used returns the octets of all messages; the lock is held.
func (a *Account) used() (octets int64) {
	for _, f := range a.folders {
		for i := range f.messages {
			octets += int64(len(f.messages[i].Body))
		}
	}
	return octets
}

// record notes a command and returns its place among the others and the fault
// that is meant for it, if any.
func (a *Account) record(cmd Command) (place int, fault Fault) {
	a.mu.Lock()
	defer a.mu.Unlock()
	cmd.Literals = nil
	a.commands = append(a.commands, cmd)
	a.counts[cmd.Name]++
	for _, f := range a.faults {
		if f.Command == cmd.Name && (f.Nth == 0 || f.Nth == a.counts[cmd.Name]) {
			fault = f
			break
		}
	}
	return len(a.commands) - 1, fault
}

// amend adds what came after the literal at which a command was recorded.
func (a *Account) amend(place int, cmd Command) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.commands[place].Args = cmd.Args
}

func quote(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
}

func cloneMessage(m Message) Message {
	m.Flags = slices.Clone(m.Flags)
	m.Body = bytes.Clone(m.Body)
	return m
}
