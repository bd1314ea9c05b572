package imaptest

import (
	"encoding/base64"
	"strings"
	"sync"
)

// connection is one client of an account.
type connection struct {
	*Session
	account  *Account
	loggedIn bool
	gone     sync.Once // that it is not counted any more

	folder   *Folder // selected, or nil
	readOnly bool
	view     []uint32 // UIDs by sequence number, as the client has been told

	wantsModSeq bool // the client has shown that it knows CONDSTORE (RFC 7162 §3.1)
	qresync     bool // enabled

	fault    Fault // of the command at work
	recorded bool
	place    int // among the commands recorded
}

func (c *connection) run() {
	c.Send(c.account.opt.Greeting)
	if strings.HasPrefix(c.account.opt.Greeting, "* BYE") {
		c.Close()
		return
	}
	for {
		cmd, err := c.readCommand(Command{})
		if err != nil || !c.answer(cmd) || c.lostPatience() {
			return
		}
	}
}

// note records the command once, at its first literal or its end.
func (c *connection) note(cmd Command) {
	if !c.recorded {
		cmd.examined = c.folder != nil && c.readOnly
		c.place, c.fault = c.account.record(cmd)
		c.recorded = true
	}
}

// answer deals with a command; false when the connection is over.
func (c *connection) answer(cmd Command) bool {
	c.note(cmd)
	c.account.amend(c.place, cmd)
	c.recorded = false
	if cmd.refused {
		return true
	}
	if hook := c.account.opt.Hook; hook != nil && hook(cmd, c.Session) {
		return true
	}
	fault, throttled := c.fault, c.throttled(cmd)
	switch {
	case fault.Silent:
		c.Stall(c.ctx)
		return false
	case fault.Bye != "":
		c.Send("* BYE " + fault.Bye)
		c.Close()
		return false
	case fault.Reply != "" && !strings.HasPrefix(fault.Reply, "OK"):
		c.Reply(cmd.Tag, fault.Reply)
		return true
	case throttled:
		c.Reply(cmd.Tag, c.account.opt.Throttle.Reply)
		return true
	}
	return c.finish(cmd, c.execute(cmd), fault)
}

// finish sends the tagged reply, unless a fault has other plans.
func (c *connection) finish(cmd Command, reply string, fault Fault) bool {
	if fault.Lost {
		c.flush()
		hangUp(c.tcp, fault.Reset)
		return false
	}
	if fault.Reply != "" && strings.HasPrefix(reply, "OK") {
		reply = fault.Reply
	}
	c.countRefusal(reply)
	c.write([]byte(cmd.Tag + " " + reply + "\r\n"))
	if cmd.Name == "LOGOUT" {
		c.flush()
		c.Close()
		return false
	}
	return true
}

// acceptLiteral decides about a literal when it is announced, as a server does:
// Dovecot refuses most APPENDs here.
func (c *connection) acceptLiteral(cmd Command, size int64, nonSync bool) bool {
	c.note(cmd)
	refusal := ""
	if c.fault.BeforeLiteral {
		refusal = c.fault.Reply
	} else if cmd.Name == "APPEND" && c.loggedIn {
		refusal = c.refuseAppend(cmd, size)
	}
	if nonSync && !c.account.has("LITERAL+") && (size > 4096 || !c.account.has("LITERAL-")) {
		c.t.Errorf("connection %d: literal %d+ sent to a server that does not take it: %s", c.Number, size, cmd)
		refusal = "BAD non-synchronising literals are not supported"
	}
	if refusal != "" {
		c.Reply(cmd.Tag, refusal)
	}
	return refusal == ""
}

const (
	needLogin      = "BAD log in first"
	needFolder     = "BAD no folder selected"
	badSyntax      = "BAD syntax error"
	unknownCommand = "BAD unknown command"
	done           = "OK done"
)

// execute carries a command out, writes its untagged lines and returns the
// text of the tagged one.
func (c *connection) execute(cmd Command) string {
	args, err := cmd.arguments()
	if err != nil {
		return badSyntax
	}
	if reply, ok := c.anyState(cmd, args); ok {
		return reply
	}
	if !c.loggedIn {
		return needLogin
	}
	switch strings.TrimPrefix(cmd.Name, "UID ") { // during these no message may go (RFC 3501 §7.4.1)
	case "FETCH":
		return c.fetch(cmd, args)
	case "SEARCH":
		return c.search(cmd, args)
	case "STORE":
		return c.store(cmd, args)
	}
	reply := c.whenLoggedIn(cmd, args)
	c.tellChanges()
	return reply
}

func (c *connection) anyState(cmd Command, args []value) (reply string, ok bool) {
	switch cmd.Name {
	case "CAPABILITY":
		c.untagged("CAPABILITY " + strings.Join(c.account.opt.Caps, " "))
		return done, true
	case "NOOP":
		c.tellChanges()
		return done, true
	case "LOGOUT":
		c.goes()
		c.untagged("BYE see you")
		return done, true
	case "ID":
		c.untagged(`ID ("name" "imaptest")`)
		return done, true
	case "LOGIN":
		if len(args) != 2 {
			return badSyntax, true
		}
		return c.login("", args[0].text, args[1].text), true
	case "AUTHENTICATE":
		return c.authenticate(args), true
	}
	return "", false
}

func (c *connection) whenLoggedIn(cmd Command, args []value) string {
	switch cmd.Name {
	case "NAMESPACE":
		c.untagged("NAMESPACE " + c.account.opt.Namespaces)
		return done
	case "LIST", "LSUB":
		return c.list(cmd, args)
	case "XLIST":
		if !c.account.has("XLIST") {
			return unknownCommand
		}
		return c.list(cmd, args)
	case "UNSELECT", "CLOSE":
		return c.unselect(cmd.Name == "CLOSE")
	case "ENABLE":
		return c.enable(args)
	}
	if len(args) == 0 {
		return unknownCommand
	}
	name := args[0].text
	switch cmd.Name {
	case "STATUS":
		return c.status(name, args[1:])
	case "SELECT", "EXAMINE":
		return c.selectFolder(cmd, args)
	case "CREATE":
		return c.create(name, args[1:])
	case "SUBSCRIBE", "UNSUBSCRIBE":
		return c.subscribe(name, cmd.Name == "SUBSCRIBE")
	case "GETQUOTAROOT":
		return c.quotaRoot(name)
	case "APPEND":
		return c.appendMessages(args)
	case "COPY", "MOVE", "UID COPY", "UID MOVE":
		return c.transfer(cmd, args)
	}
	return unknownCommand
}

func (c *connection) untagged(text string) { c.write([]byte("* " + text + "\r\n")) }

func (c *connection) login(authorize, user, password string) string {
	o := &c.account.opt
	own := user == o.User && password == o.Password && (authorize == "" || authorize == o.User)
	master := o.Master != "" && password == o.MasterPassword &&
		(authorize == "" && user == o.User+"*"+o.Master || authorize == o.User && user == o.Master)
	if !own && !master {
		return "NO [AUTHENTICATIONFAILED] wrong user or password"
	}
	c.loggedIn = true
	return "OK [CAPABILITY " + strings.Join(o.Caps, " ") + "] logged in"
}

// authenticate speaks SASL PLAIN (RFC 4616), with or without initial response.
func (c *connection) authenticate(args []value) string {
	if len(args) == 0 || !strings.EqualFold(args[0].text, "PLAIN") || !c.account.has("AUTH=PLAIN") {
		return "NO mechanism not supported"
	}
	var response string
	if len(args) > 1 {
		response = args[1].text
	} else {
		c.Send("+ ")
		line, err := c.readLine()
		if err != nil {
			return badSyntax
		}
		response = line
	}
	plain, err := base64.StdEncoding.DecodeString(response)
	parts := strings.Split(string(plain), "\x00")
	if err != nil || len(parts) != 3 {
		return "BAD authentication cancelled"
	}
	return c.login(parts[0], parts[1], parts[2])
}
