package wire

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

const (
	maxLine     = 32 << 20 // a SEARCH answer of four million UIDs still fits
	maxResponse = 4 << 20  // any other response, with its literals but without bodies
	maxLiteral  = 1 << 20  // kept in memory: names, header fields; bodies go to their sink
	maxPieces   = 10_000   // literals in one response
)

// volume counts lines and their octets, with literals but without bodies.
type volume struct{ responses, octets int }

// mostHeard is the answer to one command: a list of four million messages still fits,
// and a server that never comes to an end is left.
var mostHeard = volume{responses: 4 << 20, octets: 512 << 20}

var errEndless = errors.New("an answer without end")

// count takes in lines and literals, those that nobody can place too.
func (c *Conn) count(lines, octets int) error {
	c.heard.responses += lines
	c.heard.octets += octets
	if c.heard.responses > c.most.responses || c.heard.octets > c.most.octets {
		return errEndless
	}
	return nil
}

var (
	errTooLong = errors.New("a response of the server is too long")
	errTooMany = errors.New("a response of the server has too many literals")
)

// BodySink is asked for a place for a message body of size octets before the
// first of them is read. An error of the sink or its writer ends the connection.
type BodySink func(size int64) (io.Writer, error)

// Response is one untagged response with its literals. It is valid until the
// handler returns.
type Response struct {
	Num    uint32 // of "* 12 EXISTS", "* 12 FETCH"; 0 if there was none
	Name   string // upper case: FETCH, EXISTS, LIST, OK …
	Status Status // if Name is OK, NO, BAD, BYE or PREAUTH

	numbered bool   // Num was said
	text     []byte // what follows the name; each literal leaves a mark
	literals []literal
	bad      bool // the borders of a body or header are uncertain
}

// literal is an octet string that stood at offset at of the response's text.
type literal struct {
	at       int
	data     []byte
	size     int64 // as announced; data is shorter if it was not kept
	streamed bool  // it went to the sink
	claimed  bool  // the parser found the item it belongs to
}

// message is what the server says next: an answer to a tag, a request to go on,
// or an untagged response.
type message struct {
	tag       string // "" for untagged, "+" for a continuation request
	status    Status
	challenge string // what stands behind "+"
	response  Response
}

// readMessage reads the next message. Blank lines and lines that nobody can
// place are passed over: they end at their line end, so nothing gets out of step.
func (c *Conn) readMessage(sink BodySink) (message, error) {
	patience := c.guard.read
	for {
		c.guard.read = patience // a line passed over was not the awaited answer
		line, err := c.readLine()
		if err == nil {
			err = c.count(1, len(line))
		}
		if err != nil {
			return message{}, err
		}
		line = bytes.TrimLeft(line, " ")
		word, rest, _ := bytes.Cut(line, []byte(" "))
		rest = bytes.TrimLeft(rest, " ")
		tag := string(word)
		if c.waiting[tag] {
			c.log.doubt = false
		}
		c.log.in(line)
		switch {
		case tag == "*":
			response, err := c.readResponse(rest, sink)
			return message{response: response}, err
		case strings.HasPrefix(tag, "+"):
			return message{tag: "+", challenge: strings.TrimLeft(string(line[1:]), " ")}, nil
		case c.waiting[tag]:
			if status, ok := parseStatus(string(rest)); ok {
				return message{tag: tag, status: status}, nil
			}
		}
	}
}

// readLine reads up to a line feed and drops it with the carriage returns in
// front. The first octet may take as long as the guard was told; the rest only
// as long as Timeouts.Idle between two octets.
func (c *Conn) readLine() ([]byte, error) {
	if _, err := c.in.Peek(1); err != nil {
		return nil, err
	}
	c.guard.read = c.timeouts.Idle
	var line []byte
	for {
		part, err := c.in.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case err == nil:
			return bytes.TrimRight(line, "\r\n"), nil
		case len(line) > maxLine:
			return nil, errTooLong
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, truncated(err)
		}
	}
}

// readResponse completes an untagged response: while the line ends in a literal
// it reads that and the line behind it.
func (c *Conn) readResponse(line []byte, sink BodySink) (Response, error) {
	r := splitName(line)
	if status, ok := parseStatus(string(line)); ok {
		r.Name, r.Status = status.Type, status
		return r, nil
	}
	if len(r.text) > maxResponse && r.Name != "SEARCH" {
		return r, errTooLong // as values it would take many times the memory
	}
	for held := len(r.text); ; {
		size, before, ok := r.literalMark()
		if !ok {
			return r, nil
		}
		if len(r.literals) == maxPieces {
			return r, errTooMany
		}
		r.text = before
		lit, next, err := c.readPiece(&r, size, sink)
		if err != nil {
			return r, err
		}
		if held += len(lit.data) + len(next); held > maxResponse {
			return r, errTooLong
		}
		if err := c.count(0, len(lit.data)+len(next)); err != nil {
			return r, err
		}
		r.literals = append(r.literals, lit)
		r.text = append(r.text, ' ') // the mark: no token spans a literal
		r.text = append(r.text, next...)
	}
}

// readPiece reads a literal of a response and the line behind it. In a FETCH
// that line goes on with a blank or a bracket; if not, the literal was shorter
// or longer than announced.
func (c *Conn) readPiece(r *Response, size int64, sink BodySink) (literal, []byte, error) {
	if r.Name != "FETCH" || !isBodyItem(lastItem(r.text)) {
		sink = nil
	}
	lit, err := c.readLiteral(size, sink)
	if err != nil {
		return lit, nil, err
	}
	lit.at = len(r.text)
	next, err := c.readLine()
	if err != nil {
		return lit, nil, err
	}
	if r.Name == "FETCH" && !bytes.HasPrefix(next, []byte(" ")) && !bytes.HasPrefix(next, []byte(")")) {
		r.bad = true
		c.log.doubt = true
	}
	c.log.in(next)
	return lit, next, nil
}

// splitName reads "12 FETCH (…" or "LIST (…": the number, the name, the rest.
func splitName(line []byte) Response {
	var r Response
	first, rest, _ := bytes.Cut(line, []byte(" "))
	if r.Num, r.numbered = number32(string(first)); r.numbered {
		line = bytes.TrimLeft(rest, " ")
	}
	end := bytes.IndexAny(line, " (")
	if end < 0 {
		end = len(line)
	}
	r.Name = strings.ToUpper(string(line[:end]))
	r.text = bytes.TrimLeft(line[end:], " ")
	return r
}

// literalMark recognises {12}, {12+} and ~{12} at the end of what was read and
// returns what stands in front of it.
func (r *Response) literalMark() (size int64, before []byte, ok bool) {
	text := bytes.TrimRight(r.text, " ")
	open := bytes.LastIndexByte(text, '{')
	if open < 0 || text[len(text)-1] != '}' {
		return 0, nil, false
	}
	digits := strings.TrimSuffix(string(text[open+1:len(text)-1]), "+")
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || digits[0] < '0' { // a sign
		return 0, nil, false
	}
	before = bytes.TrimSuffix(text[:open], []byte("~"))
	if r.Name != "FETCH" && len(before) > 0 && before[len(before)-1] != ' ' && before[len(before)-1] != '(' {
		return 0, nil, false // a folder named foo{5}, without the quotes it needs
	}
	return n, before, true
}

// lastItem returns the name of the item whose value comes next, in upper case
// and without a partial mark: "BODY[]" at the end of `(UID 5 BODY[]<0> `.
func lastItem(text []byte) string {
	text = text[max(0, len(text)-maxSection):] // no need to search megabytes
	text = bytes.TrimRight(text, " ")
	if i := bytes.LastIndexByte(text, '<'); i > 0 && text[i-1] == ']' && text[len(text)-1] == '>' {
		text = text[:i]
	}
	section := ""
	if i := bytes.LastIndexByte(text, '['); i >= 0 && text[len(text)-1] == ']' {
		section = string(text[i:])
		text = bytes.TrimRight(text[:i], " ")
	}
	return strings.ToUpper(string(text[bytes.LastIndexAny(text, " (")+1:]) + section)
}

func isBodyItem(name string) bool { return name == "BODY[]" || name == "RFC822" || name == "BINARY[]" }

// readLiteral reads exactly size octets, or fails: the end of the connection
// inside a literal is never taken for its end.
func (c *Conn) readLiteral(size int64, sink BodySink) (literal, error) {
	if sink != nil {
		w, err := sink(size)
		if err != nil {
			return literal{}, fmt.Errorf("keep a message of %d octets: %w", size, err)
		}
		_, err = io.CopyN(w, c.in, size)
		return literal{streamed: true, size: size}, truncated(err)
	}
	if size > maxLiteral {
		_, err := io.CopyN(io.Discard, c.in, size)
		return literal{size: size}, truncated(err)
	}
	data := make([]byte, size)
	_, err := io.ReadFull(c.in, data)
	return literal{data: data, size: size}, truncated(err)
}

// truncated turns a clean end of the stream into what it is here.
func truncated(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
