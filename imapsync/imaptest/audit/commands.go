package audit

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

func number(n uint32) argument { return plain(strconv.FormatUint(uint64(n), 10)) }

func list(atoms []string) argument { return plain("(" + strings.Join(atoms, " ") + ")") }

// Listed is a folder as LIST names it.
type Listed struct {
	Path       []string // decoded, without the personal prefix; INBOX is "INBOX"
	Raw        string   // octets as listed
	Attributes []string
}

// Selectable reports whether the folder can hold mail.
func (l Listed) Selectable() bool {
	return !slices.ContainsFunc(l.Attributes, func(attribute string) bool {
		return strings.EqualFold(attribute, `\Noselect`) || strings.EqualFold(attribute, `\NonExistent`)
	})
}

// List returns all personal folders.
func (c *Client) List() ([]Listed, error) {
	var folders []Listed
	err := c.run(func(r reply) error {
		if r.name != "LIST" {
			return nil
		}
		if len(r.items) != 3 || !r.items[0].isList {
			return fmt.Errorf("LIST of %d items", len(r.items))
		}
		path, err := c.pathOf(r.items[2].text)
		if err != nil || path == nil {
			return err
		}
		folder := Listed{Path: path, Raw: r.items[2].text}
		for _, attribute := range r.items[0].list {
			folder.Attributes = append(folder.Attributes, attribute.text)
		}
		folders = append(folders, folder)
		return nil
	}, "LIST", plain(`""`), plain(`"*"`))
	return folders, err
}

// State is what the server says of a folder when it is opened.
type State struct {
	UIDValidity, UIDNext uint32
	Exists, Recent       uint32
}

// Examine opens a folder for reading; nothing changes by it, not even \Recent.
func (c *Client) Examine(path []string) (State, error) { return c.open("EXAMINE", path) }

// Select opens a folder for Store and Expunge.
func (c *Client) Select(path []string) (State, error) { return c.open("SELECT", path) }

func (c *Client) open(command string, path []string) (State, error) {
	raw, err := c.rawName(path)
	if err != nil {
		return State{}, err
	}
	return c.openRaw(command, raw)
}

func (c *Client) openRaw(command, raw string) (State, error) {
	var state State
	err := c.run(func(r reply) error {
		switch r.name {
		case "EXISTS":
			state.Exists = r.number
		case "RECENT":
			state.Recent = r.number
		case "OK":
			return readCodes(r, &state)
		}
		return nil
	}, command, literal(raw))
	if err == nil && state.UIDNext == 0 { // Courier says it nowhere else
		err = c.nextUID(raw, &state)
	}
	if err == nil && (state.UIDValidity == 0 || state.UIDNext == 0) {
		err = fmt.Errorf("%s %q: no UIDVALIDITY or no UIDNEXT", command, raw)
	}
	return state, err
}

func (c *Client) nextUID(raw string, state *State) error {
	return c.run(func(r reply) error {
		if r.name != "STATUS" {
			return nil
		}
		if len(r.items) != 2 || len(r.items[1].list) != 2 {
			return fmt.Errorf("STATUS of %d items", len(r.items))
		}
		number, err := strconv.ParseUint(r.items[1].list[1].text, 10, 32)
		state.UIDNext = uint32(number)
		return err
	}, "STATUS", literal(raw), plain("(UIDNEXT)"))
}

func readCodes(r reply, state *State) error {
	for name, field := range map[string]*uint32{"UIDVALIDITY": &state.UIDValidity, "UIDNEXT": &state.UIDNext} {
		argument, ok := r.code(name)
		if !ok {
			continue
		}
		number, err := strconv.ParseUint(argument, 10, 32)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		*field = uint32(number)
	}
	return nil
}

// Create makes a folder and subscribes to it. Parents are the server's matter.
func (c *Client) Create(path []string) error {
	raw, err := c.rawName(path)
	if err != nil {
		return err
	}
	if err := c.run(nil, "CREATE", literal(raw)); err != nil {
		return err
	}
	return c.run(nil, "SUBSCRIBE", literal(raw))
}

// Delete removes a folder with its mail.
func (c *Client) Delete(path []string) error {
	raw, err := c.rawName(path)
	if err != nil {
		return err
	}
	return c.run(nil, "DELETE", literal(raw))
}

// dateForm is INTERNALDATE's (RFC 3501 §9, date-time).
const dateForm = "_2-Jan-2006 15:04:05 -0700"

// Mail is a message to append.
type Mail struct {
	Raw   []byte
	Flags []string  // system flags and keywords
	Date  time.Time // zero leaves it to the server
}

// Append adds messages to a folder by one command, all of them or none (RFC
// 3502), and returns their UIDs. Several need a server with MULTIAPPEND; see Batches.
func (c *Client) Append(path []string, mails ...Mail) ([]uint32, error) {
	raw, err := c.rawName(path)
	if err != nil {
		return nil, err
	}
	arguments := []argument{literal(raw)}
	for _, mail := range mails {
		arguments = append(arguments, list(mail.Flags))
		if !mail.Date.IsZero() {
			arguments = append(arguments, plain(`"`+mail.Date.Format(dateForm)+`"`))
		}
		arguments = append(arguments, argument{octets: notNil(mail.Raw)})
	}
	var uids []uint32
	err = c.run(func(r reply) error {
		code, ok := r.code("APPENDUID")
		if !ok {
			return nil
		}
		_, set, _ := strings.Cut(code, " ")
		var err error
		uids, err = expand(set)
		return err
	}, "APPEND", arguments...)
	if err == nil && len(uids) != len(mails) {
		err = fmt.Errorf("%d messages appended, APPENDUID names %d", len(mails), len(uids))
	}
	return uids, err
}

// notNil makes an empty message one that is sent as a literal, too.
func notNil(raw []byte) []byte {
	if raw == nil {
		return []byte{}
	}
	return raw
}

// expand returns the UIDs of a set such as "4:6,9".
func expand(set string) ([]uint32, error) {
	var uids []uint32
	for span := range strings.SplitSeq(set, ",") {
		first, last, isRange := strings.Cut(span, ":")
		if !isRange {
			last = first
		}
		from, err := strconv.ParseUint(first, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("UID set %q: %w", set, err)
		}
		to, err := strconv.ParseUint(last, 10, 32)
		if err != nil || to < from || to-from > 1<<20 {
			return nil, fmt.Errorf("UID set %q", set)
		}
		for uid := from; uid <= to; uid++ {
			uids = append(uids, uint32(uid))
		}
	}
	return uids, nil
}

// Store changes the flags of one message of the selected folder. How is
// "+FLAGS", "-FLAGS" or "FLAGS".
func (c *Client) Store(uid uint32, how string, flags ...string) error {
	return c.run(nil, "UID STORE", number(uid), plain(how), list(flags))
}

// Expunge removes messages of the selected folder, and no others that carry
// \Deleted (RFC 4315 §2.1).
func (c *Client) Expunge(uids ...uint32) error {
	for _, uid := range uids {
		if err := c.Store(uid, "+FLAGS", `\Deleted`); err != nil {
			return err
		}
		if err := c.run(nil, "UID EXPUNGE", number(uid)); err != nil {
			return err
		}
	}
	return nil
}

// Move moves a message of the selected folder to another one (RFC 6851).
func (c *Client) Move(uid uint32, path []string) error {
	raw, err := c.rawName(path)
	if err != nil {
		return err
	}
	return c.run(nil, "UID MOVE", number(uid), literal(raw))
}

// fetchAll reads every message of a folder that is open by EXAMINE.
func (c *Client) fetchAll(each func(Message)) error {
	body := "BODY.PEEK[]"
	if c.cuts {
		body = "RFC822"
	}
	return c.run(func(r reply) error {
		if r.name != "FETCH" {
			return nil
		}
		message, ok, err := c.readFetch(r.items)
		if ok && err == nil {
			each(message)
		}
		return err
	}, "UID FETCH", plain("1:*"), plain("(UID FLAGS INTERNALDATE RFC822.SIZE "+body+")"))
}

// readFetch reports false for an answer that nobody asked for, about flags.
func (c *Client) readFetch(items []node) (Message, bool, error) {
	if len(items) != 1 || len(items[0].list)%2 != 0 {
		return Message{}, false, fmt.Errorf("FETCH is not a list of pairs")
	}
	values := map[string]node{}
	for pair := range slices.Chunk(items[0].list, 2) {
		values[strings.ToUpper(pair[0].text)] = pair[1]
	}
	if body, ok := values["RFC822"]; ok && c.cuts && body.sums != nil {
		values["BODY[]"], values["RFC822.SIZE"] = body, node{text: strconv.FormatInt(body.sums.size, 10)}
	}
	if _, ok := values["BODY[]"]; !ok {
		return Message{}, false, nil
	}
	message, err := messageOf(values)
	return message, true, err
}

func messageOf(values map[string]node) (Message, error) {
	uid, err := strconv.ParseUint(values["UID"].text, 10, 32)
	if err != nil || uid == 0 {
		return Message{}, fmt.Errorf("UID %q", values["UID"].text)
	}
	date, err := time.Parse(dateForm, values["INTERNALDATE"].text)
	if err != nil {
		return Message{}, fmt.Errorf("message %d: %w", uid, err)
	}
	body := values["BODY[]"].sums
	if body == nil {
		return Message{}, fmt.Errorf("message %d: BODY[] is not a literal", uid)
	}
	if size := values["RFC822.SIZE"].text; size != strconv.FormatInt(body.size, 10) {
		return Message{}, fmt.Errorf("message %d: RFC822.SIZE is %s, its body has %d octets", uid, size, body.size)
	}
	var flags []string
	for _, flag := range values["FLAGS"].list {
		flags = append(flags, flag.text)
	}
	return newMessage(uint32(uid), *body, flags, date), nil
}
