package audit

import (
	"bytes"
	"crypto/sha256"
	"hash"
)

// Sum is the SHA-256 of a message's octets.
type Sum [sha256.Size]byte

// sums are what is kept of a body.
type sums struct {
	size                  int64
	exact, dovecot, cyrus Sum
}

// AsDovecot returns the octets that Dovecot gives back for a message it took:
// a NUL becomes 0x80, a bare LF becomes CRLF, CR CR LF loses one CR, and a CR
// at the very end is dropped. Other bare CRs, 8-bit headers, a missing last line
// end and a missing header stay as they are. (Measured with 2.3.19 and Maildir,
// which keeps lines that end in LF; the tests measure it again.)
func AsDovecot(raw []byte) []byte {
	var d dovecotForm
	return d.append(nil, raw)
}

// dovecotForm changes a stream of octets as Dovecot does.
type dovecotForm struct {
	held bool // a CR was read and may belong to a CRLF
	last byte // what was stored last
}

// append adds the changed form of the next octets of the stream to out.
func (d *dovecotForm) append(out, next []byte) []byte {
	for line := range bytes.Lines(next) {
		if d.held || !isPlain(line) {
			out = d.appendSlowly(out, line)
			continue
		}
		out, d.last = append(out, line...), '\n'
	}
	return out
}

// isPlain reports whether Dovecot leaves a line alone, whatever is before it:
// it ends in CRLF and holds no other CR and no NUL. Nearly all lines are so.
func isPlain(line []byte) bool {
	return len(line) > 1 && line[len(line)-1] == '\n' &&
		bytes.IndexByte(line, '\r') == len(line)-2 && bytes.IndexByte(line, 0) < 0
}

func (d *dovecotForm) appendSlowly(out, next []byte) []byte {
	for _, octet := range next {
		if d.held && octet != '\n' {
			out, d.last = append(out, '\r'), '\r'
		}
		d.held = octet == '\r'
		switch {
		case d.held:
			continue
		case octet == '\n' && d.last != '\r':
			out = append(out, '\r', '\n')
		case octet == 0:
			out = append(out, 0x80)
		default:
			out = append(out, octet)
		}
		d.last = octet
	}
	return out
}

// AsCyrus returns the octets that Cyrus gives back for a message it took: the
// same ones. It takes no NUL, no bare LF and no invalid header, but any bare CR
// and 8-bit header. (Measured with 3.6.1 and "munge8bit: no"; the tests measure
// it again.)
func AsCyrus(raw []byte) []byte { return raw }

// summer computes sums of a stream. It never fails and keeps no body.
type summer struct {
	size           int64
	exact, dovecot hash.Hash
	form           dovecotForm
	buffer         []byte
}

func newSummer() *summer {
	return &summer{exact: sha256.New(), dovecot: sha256.New()}
}

// Write takes the next octets.
func (s *summer) Write(next []byte) (int, error) {
	s.size += int64(len(next))
	_, _ = s.exact.Write(next) // a hash never fails
	s.buffer = s.form.append(s.buffer[:0], next)
	_, _ = s.dovecot.Write(s.buffer)
	return len(next), nil
}

func (s *summer) sums() sums {
	exact := Sum(s.exact.Sum(nil))
	return sums{size: s.size, exact: exact, dovecot: Sum(s.dovecot.Sum(nil)), cyrus: exact}
}
