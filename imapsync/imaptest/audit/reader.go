package audit

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
)

// node is one value of an answer: an atom, a string, or a list. NIL is an atom:
// a folder may have that name.
type node struct {
	text   string
	list   []node
	isList bool
	sums   *sums // of a BODY[] or RFC822, whose octets are not kept
}

// reply is one line of the server with its literals.
type reply struct {
	tag    string // "*" for an untagged one
	number uint32 // as in "* 5 EXISTS"
	name   string // OK, LIST, FETCH …
	text   string // what follows OK, NO, BAD, BYE and PREAUTH
	items  []node // what follows any other name
}

// code returns the argument of a response code, such as 7 for "[UIDNEXT 7] ok".
func (r reply) code(name string) (string, bool) {
	rest, ok := strings.CutPrefix(r.text, "["+name+" ")
	if !ok {
		return "", false
	}
	argument, _, ok := strings.Cut(rest, "]")
	return argument, ok
}

// reader takes answers apart. Anything that RFC 3501 §9 does not allow is an
// error.
type reader struct{ in *bufio.Reader }

func newReader(conn net.Conn) *reader { return &reader{bufio.NewReaderSize(conn, 64<<10)} }

func (r *reader) reply() (reply, error) {
	var answer reply
	var err error
	if answer.tag, err = r.word(); err != nil {
		return answer, err
	}
	if answer.name, err = r.word(); err != nil {
		return answer, err
	}
	if number, err := strconv.ParseUint(answer.name, 10, 32); err == nil {
		answer.number = uint32(number)
		if answer.name, err = r.word(); err != nil {
			return answer, err
		}
	}
	switch answer.name {
	case "OK", "NO", "BAD", "BYE", "PREAUTH":
		answer.text, err = r.line()
	default:
		answer.items, err = r.values("\r")
	}
	return answer, err
}

// word reads up to a blank, which it swallows, or a line end, which it leaves.
func (r *reader) word() (string, error) {
	text, err := r.atom()
	if err != nil {
		return "", err
	}
	if text == "" {
		return "", fmt.Errorf("a word is missing")
	}
	if next, err := r.peek(); err != nil || next != ' ' {
		return text, err
	}
	_, err = r.in.ReadByte()
	return text, err
}

// line reads the text up to CRLF.
func (r *reader) line() (string, error) {
	text, err := r.in.ReadString('\n')
	if err != nil {
		return "", unexpected(err)
	}
	text, ok := strings.CutSuffix(text, "\r\n")
	if !ok {
		return "", fmt.Errorf("line ends in a bare LF: %q", text)
	}
	return text, nil
}

// values reads values with one blank between them, up to end: ")" of a list or
// CR of a line.
func (r *reader) values(end string) ([]node, error) {
	var values []node
	for {
		next, err := r.peek()
		if err != nil {
			return nil, err
		}
		if string(next) == end {
			return values, r.expect(end[0])
		}
		if len(values) > 0 && (next != '(' || !values[len(values)-1].isList) { // RFC 2342 has none between namespaces
			if err := r.expect(' '); err != nil {
				return nil, err
			}
		}
		body := len(values) > 0 && (values[len(values)-1].text == "BODY[]" || values[len(values)-1].text == "RFC822")
		value, err := r.value(body)
		if err != nil {
			return nil, err
		}
		values = append(values, value)
	}
}

func (r *reader) value(body bool) (node, error) {
	next, err := r.peek()
	if err != nil {
		return node{}, err
	}
	switch next {
	case '(':
		_, _ = r.in.ReadByte() // it was peeked at
		list, err := r.values(")")
		return node{list: list, isList: true}, err
	case '"':
		text, err := r.quoted()
		return node{text: text}, err
	case '{':
		return r.literal(body)
	}
	text, err := r.atom()
	if err == nil && text == "" {
		return node{}, fmt.Errorf("unexpected %q", next)
	}
	return node{text: text}, err
}

// expect reads the octet want; a CR must have its LF.
func (r *reader) expect(want byte) error {
	got, err := r.in.ReadByte()
	if err != nil {
		return unexpected(err)
	}
	if got != want {
		return fmt.Errorf("%q in the place of %q", got, want)
	}
	if want == '\r' {
		return r.expect('\n')
	}
	return nil
}

// atom reads up to an octet that cannot be part of an atom or flag. It takes
// "[" and "]" for part of it, as in BODY[].
func (r *reader) atom() (string, error) {
	var text []byte
	for {
		next, err := r.peek()
		if err != nil {
			return "", err
		}
		if next <= ' ' || next >= 0x7f || strings.IndexByte(`(){"`, next) >= 0 {
			return string(text), nil
		}
		_, _ = r.in.ReadByte() // it was peeked at
		text = append(text, next)
	}
}

func (r *reader) quoted() (string, error) {
	if err := r.expect('"'); err != nil {
		return "", err
	}
	var text []byte
	for {
		next, err := r.in.ReadByte()
		switch {
		case err != nil:
			return "", unexpected(err)
		case next == '"':
			return string(text), nil
		case next == '\\':
			if next, err = r.in.ReadByte(); err != nil {
				return "", unexpected(err)
			}
			if next != '"' && next != '\\' {
				return "", fmt.Errorf("escaped %q in a quoted string", next)
			}
		case next < ' ' || next >= 0x7f:
			return "", fmt.Errorf("octet %#x in a quoted string", next)
		}
		text = append(text, next)
	}
}

// literal reads {n}, CRLF and n octets: into memory, or, of a body, into sums.
func (r *reader) literal(body bool) (node, error) {
	header, err := r.line()
	if err != nil {
		return node{}, err
	}
	digits, closed := strings.CutSuffix(header[1:], "}")
	size, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || !closed {
		return node{}, fmt.Errorf("literal %q", header)
	}
	if body {
		s := newSummer()
		if _, err := io.CopyN(s, r.in, size); err != nil {
			return node{}, unexpected(err)
		}
		total := s.sums()
		return node{sums: &total}, nil
	}
	text := make([]byte, size)
	if _, err := io.ReadFull(r.in, text); err != nil {
		return node{}, unexpected(err)
	}
	return node{text: string(text)}, nil
}

func (r *reader) peek() (byte, error) {
	next, err := r.in.Peek(1)
	if err != nil {
		return 0, unexpected(err)
	}
	return next[0], nil
}

// unexpected makes an end of the stream an error of its own: inside an answer
// it never is right.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
