package wire

import (
	"bytes"
	"strings"
)

// value is one token of a response: an atom, a string, a literal or a list.
type value struct {
	text   string
	list   []value
	isList bool
	quoted bool     // a quoted string or a literal: never NIL
	lit    *literal // a literal
}

func (v value) isNil() bool { return !v.isList && !v.quoted && strings.EqualFold(v.text, "NIL") }

// whole reports whether the value is a string with all its octets: not an atom,
// not a list, not a literal too long to be kept.
func (v value) whole() bool {
	return v.quoted && (v.lit == nil || v.lit.streamed || int64(len(v.lit.data)) == v.lit.size)
}

// strings returns the texts of a list, or of a lone word that stands for one.
func (v value) strings() []string {
	if !v.isList {
		if v.isNil() || v.text == "" {
			return nil
		}
		return []string{v.text}
	}
	words := make([]string, 0, len(v.list))
	for _, item := range v.list {
		if !item.isList && item.text != "" {
			words = append(words, item.text)
		}
	}
	return words
}

// parser cuts the text of a response into values. It never fails: what is not
// well-formed is taken as it stands, and unsure says that this happened.
type parser struct {
	text     []byte
	literals []literal
	pos      int
	unsure   bool
}

func (r *Response) parser() *parser { return &parser{text: r.text, literals: r.literals} }

// rest returns all values up to the end. A closing bracket without an opening
// one is passed over.
func (p *parser) rest() []value {
	var values []value
	for {
		v, more := p.value(0)
		if more {
			values = append(values, v)
			continue
		}
		if p.pos >= len(p.text) {
			return values
		}
		p.unsure = true
		p.pos++ // a stray ')'
	}
}

const maxDepth = 64

// value reads the next value; more is false at a closing bracket and at the end.
func (p *parser) value(depth int) (v value, more bool) {
	if lit := p.literal(); lit != nil {
		p.pos++ // its mark
		return value{text: string(lit.data), quoted: true, lit: lit}, true
	}
	for p.pos < len(p.text) && p.text[p.pos] == ' ' {
		p.pos++
		if lit := p.literal(); lit != nil {
			p.pos++
			return value{text: string(lit.data), quoted: true, lit: lit}, true
		}
	}
	switch {
	case p.pos >= len(p.text) || p.text[p.pos] == ')':
		return value{}, false
	case p.text[p.pos] == '(' && depth < maxDepth:
		return p.parseList(depth), true
	case p.text[p.pos] == '"':
		return value{text: p.quoted(), quoted: true}, true
	default:
		return value{text: p.atom()}, true
	}
}

// literal returns the literal whose mark stands at the present position.
func (p *parser) literal() *literal {
	for len(p.literals) > 0 && p.literals[0].at < p.pos {
		p.literals = p.literals[1:] // its mark was taken for a part of something else
		p.unsure = true
	}
	if len(p.literals) > 0 && p.literals[0].at == p.pos {
		lit := &p.literals[0]
		p.literals = p.literals[1:]
		return lit
	}
	return nil
}

func (p *parser) parseList(depth int) value {
	p.pos++
	v := value{isList: true}
	for {
		item, more := p.value(depth + 1)
		if more {
			v.list = append(v.list, item)
			continue
		}
		if p.pos >= len(p.text) {
			p.unsure = true // never closed
		} else {
			p.pos++
		}
		return v
	}
}

// quoted reads a quoted string. A backslash counts as an escape only in front
// of a quote or a backslash, and a quote ends the string only in front of a
// blank, a bracket or the end: some servers escape nothing. It is a guess then.
func (p *parser) quoted() string {
	p.pos++
	var text []byte
	for p.pos < len(p.text) {
		b := p.text[p.pos]
		p.pos++
		if b == '\\' && p.pos < len(p.text) && (p.text[p.pos] == '"' || p.text[p.pos] == '\\') {
			text = append(text, p.text[p.pos])
			p.pos++
			continue
		}
		if b == '"' && (p.pos >= len(p.text) || p.text[p.pos] == ' ' || p.text[p.pos] == ')') {
			return string(text)
		}
		p.unsure = p.unsure || b == '"' || b == '\\'
		text = append(text, b)
	}
	p.unsure = true
	return strings.TrimSuffix(string(text), `"`)
}

// atom reads up to a blank or a bracket; the section of BODY[HEADER.FIELDS (X)]
// belongs to it.
func (p *parser) atom() string {
	start := p.pos
	for p.pos < len(p.text) && !p.atLiteral() {
		b := p.text[p.pos]
		if b == '[' && p.atSection(start) {
			p.pos += max(0, bytes.IndexByte(p.text[p.pos:min(len(p.text), p.pos+maxSection)], ']'))
		}
		if b == ' ' || b == '(' && p.pos > start || b == ')' {
			break
		}
		p.pos++
	}
	return string(p.text[start:p.pos])
}

func (p *parser) atLiteral() bool { return len(p.literals) > 0 && p.literals[0].at == p.pos }

// maxSection is more than any section we ask for takes.
const maxSection = 1000

// atSection reports whether the bracket at the present position opens a section:
// BODY[…], or BODY […] with a blank. A flag such as [Gmail] is none.
func (p *parser) atSection(start int) bool {
	name := p.text[start:p.pos]
	if len(name) == 0 {
		before := bytes.TrimRight(p.text[:start], " ")
		name = before[bytes.LastIndexAny(before, " (")+1:]
	}
	return isName(name, "BODY") || isName(name, "BODY.PEEK") || isName(name, "BINARY")
}

func isName(name []byte, want string) bool {
	return len(name) == len(want) && strings.EqualFold(string(name), want)
}
