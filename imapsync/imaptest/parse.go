package imaptest

import (
	"errors"
	"strconv"
	"strings"
)

// value is one argument of a command: a string, or a list in parentheses.
type value struct {
	text    string
	list    []value
	isList  bool
	literal bool
}

var errSyntax = errors.New("syntax error")

// arguments parses the arguments of a command.
func (c Command) arguments() ([]value, error) {
	p := parser{rest: c.Args, literals: c.Literals}
	values, err := p.values()
	if err == nil && p.rest != "" {
		err = errSyntax
	}
	return values, err
}

type parser struct {
	rest     string
	literals [][]byte
}

// values parses up to the closing parenthesis or the end.
func (p *parser) values() ([]value, error) {
	var all []value
	for {
		p.rest = strings.TrimLeft(p.rest, " ")
		if p.rest == "" || p.rest[0] == ')' {
			return all, nil
		}
		v, err := p.value()
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
}

func (p *parser) value() (value, error) {
	switch {
	case p.rest[0] == '(':
		return p.inParentheses()
	case p.rest[0] == '"':
		return p.quoted()
	case p.rest[0] == '{':
		return p.aLiteral()
	}
	return value{text: p.atom()}, nil
}

func (p *parser) inParentheses() (value, error) {
	p.rest = p.rest[1:]
	list, err := p.values()
	if err != nil {
		return value{}, err
	}
	if p.rest == "" {
		return value{}, errSyntax
	}
	p.rest = p.rest[1:]
	return value{list: list, isList: true}, nil
}

func (p *parser) quoted() (value, error) {
	var text strings.Builder
	for i := 1; i < len(p.rest); i++ {
		switch p.rest[i] {
		case '"':
			p.rest = p.rest[i+1:]
			return value{text: text.String()}, nil
		case '\\':
			i++
			if i == len(p.rest) {
				return value{}, errSyntax
			}
		}
		text.WriteByte(p.rest[i])
	}
	return value{}, errSyntax
}

// aLiteral takes the octets an announcement stands for; none while the command
// is still waiting for them.
func (p *parser) aLiteral() (value, error) {
	_, rest, ok := strings.Cut(p.rest, "}")
	if !ok {
		return value{}, errSyntax
	}
	p.rest = rest
	if len(p.literals) == 0 {
		return value{literal: true}, nil
	}
	text := string(p.literals[0])
	p.literals = p.literals[1:]
	return value{text: text, literal: true}, nil
}

// atom reads up to a blank or parenthesis outside of brackets, so that
// BODY[HEADER.FIELDS (DATE FROM)] is one.
func (p *parser) atom() string {
	depth, i := 0, 0
	for ; i < len(p.rest); i++ {
		c := p.rest[i]
		if c == '[' {
			depth++
		}
		if c == ']' {
			depth--
		}
		if depth <= 0 && strings.IndexByte(" ()", c) >= 0 {
			break
		}
	}
	text := p.rest[:i]
	p.rest = p.rest[i:]
	return text
}

// texts returns the strings of a list, or of one string alone.
func (v value) texts() []string {
	if !v.isList {
		return []string{v.text}
	}
	var all []string
	for _, item := range v.list {
		all = append(all, item.text)
	}
	return all
}

// numbers is a sequence set (RFC 3501 §9): pairs of first and last.
type numbers [][2]uint32

// parseNumbers reads a sequence set; "*" stands for highest.
func parseNumbers(text string, highest uint32) (numbers, error) {
	var set numbers
	for part := range strings.SplitSeq(text, ",") {
		first, last, isRange := strings.Cut(part, ":")
		if !isRange {
			last = first
		}
		a, errA := parseNumber(first, highest)
		b, errB := parseNumber(last, highest)
		if err := errors.Join(errA, errB); err != nil {
			return nil, err
		}
		set = append(set, [2]uint32{min(a, b), max(a, b)})
	}
	return set, nil
}

func parseNumber(text string, highest uint32) (uint32, error) {
	if text == "*" {
		return highest, nil
	}
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil || n == 0 {
		return 0, errSyntax
	}
	return uint32(n), nil
}

func (s numbers) contains(n uint32) bool {
	for _, r := range s {
		if r[0] <= n && n <= r[1] {
			return true
		}
	}
	return false
}

// formatNumbers writes UIDs as a set, in the order given: 1,3:5 (RFC 4315 §3).
func formatNumbers(uids []uint32) string {
	var parts []string
	for len(uids) > 0 {
		n := 1
		for n < len(uids) && uids[n] == uids[n-1]+1 {
			n++
		}
		part := strconv.FormatUint(uint64(uids[0]), 10)
		if n > 1 {
			part += ":" + strconv.FormatUint(uint64(uids[n-1]), 10)
		}
		parts, uids = append(parts, part), uids[n:]
	}
	return strings.Join(parts, ",")
}

// matches compares a folder name with a LIST pattern (RFC 3501 §6.3.8).
func matches(name, pattern, delimiter string) bool {
	if pattern == "" {
		return name == ""
	}
	switch pattern[0] {
	case '*', '%':
		for i := 0; i <= len(name); i++ {
			if matches(name[i:], pattern[1:], delimiter) {
				return true
			}
			if pattern[0] == '%' && strings.HasPrefix(name[i:], delimiter) {
				return false
			}
		}
		return false
	}
	return name != "" && name[0] == pattern[0] && matches(name[1:], pattern[1:], delimiter)
}
