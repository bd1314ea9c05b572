package imapsync

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"mime"
	"net/mail"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
)

// header holds the few fields a message is known by.
type header struct {
	messageID, date, from, subject string // the first of each, unfolded
	received                       []string
}

// readHeader reads the fields up to the first blank line. Lines may end in CRLF,
// LF or CR; what is no field is passed over.
func readHeader(text []byte) header {
	var h header
	single := map[string]*string{"message-id": &h.messageID, "date": &h.date, "from": &h.from, "subject": &h.subject}
	for len(text) > 0 {
		var field []byte
		if field, text = cutField(text); len(field) == 0 {
			break
		}
		name, value, ok := bytes.Cut(field, []byte(":"))
		if !ok {
			continue
		}
		key := string(bytes.ToLower(bytes.TrimSpace(name)))
		if key == "received" {
			h.received = append(h.received, string(bytes.TrimSpace(value)))
		}
		if target := single[key]; target != nil {
			*target = string(bytes.TrimSpace(value))
			delete(single, key) // the first one counts
		}
	}
	return h
}

// cutField takes off the first field with its folded lines, put together. It is
// empty at the end of the header.
func cutField(text []byte) (field, rest []byte) {
	line, rest := cutLine(text)
	field = bytes.Clone(line)
	for len(line) > 0 && len(rest) > 0 && (rest[0] == ' ' || rest[0] == '\t') {
		var more []byte
		more, rest = cutLine(rest)
		field = append(append(field, ' '), bytes.TrimLeft(more, " \t")...)
	}
	return field, rest
}

// cutLine takes off the first line. It ends in LF, in CRLF, which some gateways
// double to CR CR LF, or in CR alone.
func cutLine(text []byte) (line, rest []byte) {
	end := bytes.IndexAny(text, "\r\n")
	if end < 0 {
		return text, nil
	}
	if after := bytes.TrimLeft(text[end:], "\r"); len(after) > 0 && after[0] == '\n' {
		return text[:end], after[1:]
	}
	return text[:end], text[end+1:]
}

// fingerprint is a short name of a message made from four fields (I-4): few,
// since servers change header lines. Not the date of arrival, since servers
// change that too (D-2): true duplicates are told apart by their order.
func (h header) fingerprint() uint64 {
	sum := sha256.New()
	for _, value := range []string{h.messageID, h.date, h.from, h.subject} {
		sum.Write(append(significant(value), 0))
	}
	return binary.BigEndian.Uint64(sum.Sum(nil))
}

// significant keeps what every server gives back. It drops blanks and controls,
// and octets with the eighth bit together with the X that Cyrus puts in their
// place (munge8bit); 0x80 is what Dovecot stores for NUL.
func significant(value string) []byte {
	kept := make([]byte, 0, len(value))
	for i := range len(value) {
		if b := value[i]; b > 0x20 && b < 0x7f && b != 'X' {
			kept = append(kept, b)
		}
	}
	return kept
}

// parsedDate returns the Date field as a time, for people.
func (h header) parsedDate() time.Time {
	t, err := mail.ParseDate(h.date)
	if err != nil {
		return time.Time{}
	}
	return t
}

var words = mime.WordDecoder{CharsetReader: func(charset string, r io.Reader) (io.Reader, error) {
	enc, err := htmlindex.Get(charset)
	if err != nil {
		return nil, fmt.Errorf("charset %q: %w", charset, err)
	}
	return enc.NewDecoder().Reader(r), nil
}}

// readable decodes encoded words and old charsets for people, cut to a length
// that fits a table. Controls are taken out: the text may go to a terminal.
func readable(value string) string {
	if !utf8.ValidString(value) {
		if text, err := charmap.Windows1252.NewDecoder().String(value); err == nil {
			value = text
		}
	}
	if text, err := words.DecodeHeader(value); err == nil {
		value = text
	}
	value = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(value, "\uFFFD"))
	value = strings.Join(strings.Fields(value), " ")
	if runes := []rune(value); len(runes) > 200 {
		value = string(runes[:199]) + "…"
	}
	return value
}
