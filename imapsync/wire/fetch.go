package wire

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Fetched is one FETCH answer. A server may spread the data of one message over
// several; Has… say what this one brought.
type Fetched struct {
	Seq, UID uint32 // UID 0: not said

	Flags    []string
	HasFlags bool
	Date     string // INTERNALDATE as it came: it may be no date at all
	HasDate  bool
	Size     int64 // RFC822.SIZE
	HasSize  bool
	Header   []byte // BODY[HEADER…]
	HasBody  bool   // BODY[] went to the sink
	NilBody  bool   // BODY[] came as NIL
	BodySize int64  // octets the sink got

	// Of Gmail (X-GM-EXT-1): the message's number in the account, the same
	// under every label, and its labels but for that of the open folder, as sent.
	GmailID     uint64 // 0: not said
	GmailLabels []string

	// Bad is set when it is uncertain where the body or header begins or ends:
	// it must be read again, alone, before anybody believes it.
	Bad bool
}

// Fetch asks for items of a set of messages, by UID if q says so. Bodies go to
// sink; fn gets every FETCH answer, those nobody asked for included. It runs
// between two reads and must not use the connection. An error of fn ends the
// connection.
func (c *Conn) Fetch(ctx context.Context, q Query, sink BodySink, fn func(Fetched) error) (Status, error) {
	pending, err := c.StartFetch(ctx, q)
	if err != nil {
		return Status{}, err
	}
	return c.FinishFetch(ctx, pending, sink, fn)
}

// StartFetch is Fetch without waiting for the answers: FinishFetch reads them.
func (c *Conn) StartFetch(ctx context.Context, q Query) (Pending, error) {
	command := "FETCH"
	if q.ByUID {
		command = "UID FETCH"
	}
	return c.start(ctx, exchange{}, Text(command), Text(q.Set), Text(q.Items))
}

// FinishFetch reads the answers to a FETCH. All commands started before it must
// be finished: their answers would be lost.
func (c *Conn) FinishFetch(ctx context.Context, p Pending, sink BodySink, fn func(Fetched) error) (Status, error) {
	defer c.watch(ctx)()
	var failed error
	handle := func(r *Response) {
		if r.Name != "FETCH" || failed != nil {
			return
		}
		f, err := r.fetched(sink)
		c.log.doubt = c.log.doubt || f.Bad
		if err == nil {
			err = fn(f)
		}
		if err != nil {
			failed = err
			c.Abort(err) // the next read ends the command
		}
	}
	status, err := c.wait(p.tag, exchange{handle: handle, sink: sink})
	if failed != nil {
		return status, c.fail(failed)
	}
	return status, err
}

// Query says what to fetch.
type Query struct {
	Set   string // RFC 3501 sequence-set
	ByUID bool
	Items string // such as "(UID FLAGS)"
}

// fetched reads the items of a FETCH response. It takes them in any order, with
// or without brackets around them.
func (r *Response) fetched(sink BodySink) (Fetched, error) {
	p := r.parser()
	values := p.rest()
	items := values
	if len(values) > 0 && values[0].isList {
		items = append(values[0].list[:len(values[0].list):len(values[0].list)], values[1:]...)
	}
	f := Fetched{Seq: r.Num, Bad: r.bad || p.unsure}
	for i := 0; i < len(items); i++ {
		name := strings.ToUpper(items[i].text)
		f.Bad = f.Bad || items[i].isList || items[i].quoted // no name: a piece of a body?
		if name == "BODY" && i+1 < len(items) && strings.HasPrefix(items[i+1].text, "[") && !items[i+1].quoted {
			i++ // BODY [] {5}
			name += strings.ToUpper(items[i].text)
		}
		if i+1 == len(items) {
			f.Bad = true // a name without a value
			break
		}
		i++
		if err := f.set(name, items[i], sink); err != nil {
			return f, err
		}
	}
	f.claim(r.literals)
	f.Bad = f.Bad && (f.HasBody || f.NilBody || f.Header != nil)
	return f, nil
}

func (f *Fetched) set(name string, v value, sink BodySink) error {
	name, partial, _ := strings.Cut(name, "<") // BODY[]<0>
	switch {
	case name == "UID":
		uid, _ := number32(v.text)
		f.Bad = f.Bad || f.UID != 0 && f.UID != uid
		f.UID = uid
	case name == "FLAGS":
		f.Flags, f.HasFlags = v.strings(), true
	case name == "INTERNALDATE":
		f.Date, f.HasDate = v.text, true
	case name == "RFC822.SIZE":
		var n uint64
		if n, f.HasSize = number(v.text); f.HasSize {
			f.Size = int64(min(n, 1<<62))
		}
	case name == "X-GM-MSGID":
		f.GmailID, _ = number(v.text)
	case name == "X-GM-LABELS":
		f.GmailLabels = v.strings()
	case strings.HasPrefix(name, "BODY[HEADER"):
		if !v.isNil() {
			f.Header = []byte(v.text)
			f.Bad = f.Bad || !v.whole()
		}
	case isBodyItem(name):
		f.Bad = f.Bad || partial != "" // we ask for whole bodies only
		return f.setBody(v, sink)
	case f.HasBody && !knownItem(name):
		f.Bad = true // perhaps a piece of the body
	}
	return nil
}

// knownItem reports whether a server may send the item behind a body although
// nobody asked for it.
func knownItem(name string) bool {
	switch name {
	case "MODSEQ", "EMAILID", "THREADID", "SAVEDATE", "PREVIEW":
		return true
	}
	return strings.HasPrefix(name, "X") // X-GM-LABELS, XAOL.SPAM.REASON
}

// setBody notes a body that was streamed, or hands a quoted one to the sink.
func (f *Fetched) setBody(v value, sink BodySink) error {
	if f.HasBody {
		f.Bad = true // two bodies in one answer
	}
	if v.isNil() {
		f.NilBody = true
		return nil
	}
	f.Bad = f.Bad || !v.whole()
	if v.lit != nil && v.lit.streamed {
		v.lit.claimed = true
		f.HasBody, f.BodySize = true, v.lit.size
		return nil
	}
	if sink == nil {
		return nil
	}
	f.HasBody, f.BodySize = true, int64(len(v.text))
	w, err := sink(f.BodySize)
	if err == nil {
		_, err = io.WriteString(w, v.text)
	}
	if err != nil {
		return fmt.Errorf("keep a message of %d octets: %w", f.BodySize, err)
	}
	return nil
}

// claim makes known what went to the sink for an item that the parser did not
// find.
func (f *Fetched) claim(literals []literal) {
	for _, lit := range literals {
		if lit.streamed && !lit.claimed {
			f.HasBody, f.BodySize, f.Bad = true, lit.size, true
		}
	}
}

// maxSet is where a sequence-set ends: RFC 2683 §3.2.1.5 advises command lines
// below 8000 octets, Yahoo takes 1000, and the items need their share.
const maxSet = 800

// Sets writes ascending UIDs as sequence-sets that each fit a command line.
func Sets(uids []uint32) []string {
	var sets []string
	var set []byte
	for i := 0; i < len(uids); {
		end := i
		for end+1 < len(uids) && uids[end+1] == uids[end]+1 {
			end++
		}
		if len(set) > maxSet {
			sets = append(sets, string(set))
			set = nil
		}
		if len(set) > 0 {
			set = append(set, ',')
		}
		set = strconv.AppendUint(set, uint64(uids[i]), 10)
		if end > i {
			set = append(set, ':')
			set = strconv.AppendUint(set, uint64(uids[end]), 10)
		}
		i = end + 1
	}
	if len(set) > 0 {
		sets = append(sets, string(set))
	}
	return sets
}
