package wire

import (
	"strconv"
	"strings"
)

// Status is a status response (RFC 3501 §7.1): OK, NO, BAD, BYE or PREAUTH.
type Status struct {
	Type string // upper case
	Code string // upper case, without brackets; empty if none
	Args string // what follows the code inside the brackets
	Text string
}

// OK reports whether the command did what it was asked for.
func (s Status) OK() bool { return s.Type == "OK" }

// Err returns nil for OK and a *StatusError for anything else.
func (s Status) Err(command string) error {
	if s.OK() {
		return nil
	}
	return &StatusError{Command: command, Status: s}
}

// String returns the line as the server said it.
func (s Status) String() string {
	code := s.Code
	if s.Args != "" {
		code += " " + s.Args
	}
	if code != "" {
		return strings.TrimSpace(s.Type + " [" + code + "] " + s.Text)
	}
	return strings.TrimSpace(s.Type + " " + s.Text)
}

// StatusError is a refusal in the server's words. The connection goes on after
// NO and BAD; after BYE it is over.
type StatusError struct {
	Command string
	Status  Status
}

func (e *StatusError) Error() string { return e.Command + ": " + e.Status.String() }

// parseStatus reads "OK [CODE args] text". It forgives what servers were seen
// to do: no text, lower case, blanks around the code, a bracket never closed.
func parseStatus(line string) (Status, bool) {
	kind, rest, _ := strings.Cut(line, " ")
	kind = strings.ToUpper(kind)
	switch kind {
	case "OK", "NO", "BAD", "BYE", "PREAUTH":
	default:
		return Status{}, false
	}
	status := Status{Type: kind, Text: strings.TrimSpace(rest)}
	word, inside, ok := strings.Cut(status.Text, "[")
	if !ok || !mayPrecedeCode(word) {
		return status, true
	}
	code, text := cutBracket(inside)
	name, args, _ := strings.Cut(strings.TrimSpace(code), " ")
	status.Code, status.Args = strings.ToUpper(name), strings.TrimSpace(args)
	status.Text = strings.TrimSpace(word + strings.TrimSpace(text))
	return status, true
}

// mayPrecedeCode reports whether the text in front of a bracket is nothing, or
// the name of the command: Mailutils says "NO APPEND [TRYCREATE] …".
func mayPrecedeCode(text string) bool {
	name, ok := strings.CutSuffix(text, " ")
	if !ok {
		return text == ""
	}
	return name != "" && strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

// cutBracket splits behind the bracket that closes a code. Flags may hold
// brackets of their own: [PERMANENTFLAGS (\Seen [Gmail])] x.
func cutBracket(s string) (inside, after string) {
	depth := 0
	for i := range len(s) {
		switch s[i] {
		case '(':
			depth++
		case ')':
			depth--
		case ']':
			if depth <= 0 {
				return s[:i], s[i+1:]
			}
		}
	}
	if inside, after, ok := strings.Cut(s, "]"); ok {
		return inside, after
	}
	return s, ""
}

// number reads an unsigned number that may have blanks around it. Anything
// else, such as NIL, -1 or 10.5, is no number; ok is false then.
func number(text string) (n uint64, ok bool) {
	n, err := strconv.ParseUint(strings.TrimSpace(text), 10, 64)
	return n, err == nil
}

// number32 is number for UIDs and counts. What does not fit in 32 bits is not
// one: RFC 3501 §2.3.1.1.
func number32(text string) (uint32, bool) {
	n, ok := number(text)
	if !ok || n > 1<<32-1 {
		return 0, false
	}
	return uint32(n), true
}
