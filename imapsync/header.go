package imapsync

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"mime"
	"net/mail"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
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
	seen := map[string]bool{}
	for _, field := range fields(text) {
		name, value, ok := strings.Cut(field, ":")
		name = strings.ToLower(strings.TrimSpace(name))
		if !ok || seen[name] && name != "received" {
			continue
		}
		seen[name] = true
		value = strings.TrimSpace(value)
		switch name {
		case "message-id":
			h.messageID = value
		case "date":
			h.date = value
		case "from":
			h.from = value
		case "subject":
			h.subject = value
		case "received":
			h.received = append(h.received, value)
		}
	}
	return h
}

// fields returns the unfolded header lines.
func fields(text []byte) []string {
	var list []string
	for len(text) > 0 {
		end := bytes.IndexByte(text, '\n')
		line := text
		if end >= 0 {
			line, text = text[:end], text[end+1:]
		} else {
			text = nil
		}
		line = bytes.TrimRight(line, "\r")
		switch {
		case len(line) == 0:
			return list
		case (line[0] == ' ' || line[0] == '\t') && len(list) > 0:
			list[len(list)-1] += " " + string(bytes.TrimLeft(line, " \t"))
		default:
			list = append(list, string(line))
		}
	}
	return list
}

// fingerprint is a short name of a message made from four fields (I-4): few,
// since servers change header lines. Blanks and the octets that servers replace
// do not count.
func (h header) fingerprint() uint64 {
	sum := sha256.New()
	for _, value := range []string{h.messageID, h.date, h.from, h.subject} {
		sum.Write(append(significant(value), 0))
	}
	return binary.BigEndian.Uint64(sum.Sum(nil))
}

// significant drops blanks, controls, and 0x80, which Dovecot stores for NUL.
func significant(value string) []byte {
	kept := make([]byte, 0, len(value))
	for i := range len(value) {
		if b := value[i]; b > 0x20 && b != 0x7f && b != 0x80 {
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

// readable decodes encoded words and old charsets for people, cut to a length
// that fits a table.
func readable(value string) string {
	if !utf8.ValidString(value) {
		if text, err := charmap.Windows1252.NewDecoder().String(value); err == nil {
			value = text
		}
	}
	if text, err := new(mime.WordDecoder).DecodeHeader(value); err == nil {
		value = text
	}
	value = strings.Join(strings.Fields(strings.ToValidUTF8(value, "\uFFFD")), " ")
	if runes := []rune(value); len(runes) > 200 {
		value = string(runes[:199]) + "…"
	}
	return value
}
