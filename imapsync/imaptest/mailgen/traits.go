package mailgen

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// Trait is one thing that is odd about a message.
type Trait struct {
	Name string
	make func(r *rand.Rand) []byte
}

const crlf = "\r\n"

// Traits returns the oddities of the hostile set, always in the same order.
func Traits() []Trait {
	var all []Trait
	for _, group := range [][]Trait{octetTraits(), headerTraits(), identityTraits(), sizeTraits(), structureTraits()} {
		all = append(all, group...)
	}
	return all
}

// letter returns a message with the given extra header lines and body; lines
// end in CRLF.
func letter(r *rand.Rand, extra, body string) string {
	return fmt.Sprintf("From: \"Rossi, Anna\" <anna@example.it>\r\nTo: bruno@example.it\r\n"+
		"Subject: prova %x\r\nDate: Tue, 3 Mar 2020 10:20:30 +0100\r\nMessage-ID: <%x@example.it>\r\n%s\r\n%s",
		r.Uint32(), r.Uint64(), extra, body)
}

// withBody makes messages that differ in their body only.
func withBody(body string) func(*rand.Rand) []byte {
	return func(r *rand.Rand) []byte { return []byte(letter(r, "", body)) }
}

// withHeader makes messages with one more header line, or several.
func withHeader(lines string) func(*rand.Rand) []byte {
	return func(r *rand.Rand) []byte { return []byte(letter(r, lines+crlf, "testo\r\n")) }
}

// only makes messages of exactly these octets; %s, if there, is something that
// makes each of them unique.
func only(raw string) func(*rand.Rand) []byte {
	return func(r *rand.Rand) []byte {
		return []byte(strings.ReplaceAll(raw, "%s", fmt.Sprintf("%x", r.Uint64())))
	}
}

func octetTraits() []Trait {
	var every strings.Builder
	for octet := range 256 {
		every.WriteByte(byte(octet))
	}
	return []Trait{
		{"NUL in the body", withBody("prima\x00dopo\r\n")},
		{"NUL in a header", withHeader("X-Nul: a\x00b")},
		{"many NULs", withBody(strings.Repeat("\x00", 5000) + crlf)},
		{"bare LF everywhere", func(r *rand.Rand) []byte {
			return []byte(strings.ReplaceAll(letter(r, "", "uno\r\ndue\r\n"), crlf, "\n"))
		}},
		{"bare LF in the body", withBody("uno\ndue\r\ntre\n")},
		{"bare CR in the body", withBody("uno\rdue\r\ntre\r")},
		{"bare CR in a header", withHeader("X-Cr: a\rb")},
		{"CR CR LF", withBody("uno\r\r\ndue\r\r\r\ntre\r\n")},
		{"LF CR", withBody("uno\n\rdue\n\r")},
		{"every octet", withBody(strings.Repeat(every.String(), 20))},
		{"UTF-16 body", withBody("\xff\xfec\x00i\x00a\x00o\x00\r\x00\n\x00")},
		{"8-bit body without MIME", withBody("citt\xe0 perch\xe9\r\n")},
		{"8-bit Latin-1 header", withHeader("X-Citta: citt\xe0")},
		{"8-bit UTF-8 header", withHeader("X-Citta: città")},
		{"byte order mark first", func(r *rand.Rand) []byte { return []byte("\xef\xbb\xbf" + letter(r, "", "testo\r\n")) }},
		{"form feed and escape", withBody("a\fb\x1b[31mc\vd\x7f\r\n")},
		{"tabs and blanks at line ends", withBody("a \t\r\n \r\n\t\r\n")},
		{"no line end at the end", withBody("senza fine riga")},
		{"blank lines at the end", withBody("testo\r\n\r\n\r\n\r\n")},
	}
}

func headerTraits() []Trait {
	return []Trait{
		{"no header at all", only("\r\nsolo testo %s\r\n")},
		{"text only, no blank line", only("solo testo %s, nessuna intestazione\r\n")},
		{"no blank line after the header", only("From: a@example.it\r\nSubject: %s\r\n")},
		{"header without its line end", only("From: a@example.it\r\nSubject: %s")},
		{"empty body", withBody("")},
		{"header line without a colon", withHeader("questa riga non ha i due punti")},
		{"blank before the colon", withHeader("X-Blank : valore")},
		{"header without a name", withHeader(": valore")},
		{"first line folded", func(r *rand.Rand) []byte { return []byte(" continua\r\n" + letter(r, "", "testo\r\n")) }},
		{"header line of blanks", withHeader("X-A: a\r\n \t \r\n b")},
		{"mbox line first", func(r *rand.Rand) []byte {
			return []byte("From anna@example.it Tue Mar  3 10:20:30 2020\r\n" + letter(r, "", "testo\r\n"))
		}},
		{"mbox lines in the body", withBody("testo\r\n\r\nFrom anna Tue Mar  3 10:20:30 2020\r\n>From qui\r\n")},
		{"lines of dots", withBody(".\r\n..\r\n.\r\n\r\n.\r\n")},
		{"IMAP in the body", withBody("A1 LOGOUT\r\n* BYE ciao\r\n{5+}\r\n)\r\nA2 OK\r\n")},
	}
}

func identityTraits() []Trait {
	same := only("From: a@example.it\r\nSubject: uno %s\r\nMessage-ID: <sempre.lo.stesso@example.it>\r\n\r\ntesto\r\n")
	twin := only("From: a@example.it\r\nSubject: gemelli\r\nMessage-ID: <gemelli@example.it>\r\n\r\ntesto\r\n")
	return []Trait{
		{"no Message-ID", only("From: a@example.it\r\nDate: Tue, 3 Mar 2020 10:20:30 +0100\r\nSubject: %s\r\n\r\ntesto\r\n")},
		{"no Message-ID, date or subject", only("From: a@example.it\r\n\r\ntesto %s\r\n")},
		{"Message-ID of another mail, 1", same},
		{"Message-ID of another mail, 2", same},
		{"Message-ID of another mail, 3", same},
		{"twin, 1", twin}, // the places alternate: 1 and 3 share a folder
		{"twin, 2", twin},
		{"twin, 3", twin},
		{"two Message-IDs", withHeader("Message-ID: <secondo@example.it>")},
		{"empty Message-ID", only("From: a@example.it\r\nMessage-ID:\r\nSubject: %s\r\n\r\ntesto\r\n")},
		{"garbage for Message-ID", only("From: a@example.it\r\nMessage-ID: \xff<<@@ %s\r\n\r\ntesto\r\n")},
		{"folded Message-ID", only("From: a@example.it\r\nMessage-ID:\r\n <%s@example.it>\r\n\r\ntesto\r\n")},
		{"date of 30 February", only("From: a@example.it\r\nDate: Sun, 30 Feb 2020 10:00:00 +0100\r\nSubject: %s\r\n\r\ntesto\r\n")},
		{"date of year 9999", only("From: a@example.it\r\nDate: Fri, 31 Dec 9999 23:59:59 +0000\r\nSubject: %s\r\n\r\ntesto\r\n")},
		{"date in words", only("From: a@example.it\r\nDate: ieri sera\r\nSubject: %s\r\n\r\ntesto\r\n")},
	}
}

func sizeTraits() []Trait {
	return []Trait{
		{"header line of 64 KiB", withHeader("X-Long: " + strings.Repeat("a", 64<<10))},
		{"folded header of 1 MB", withHeader("X-Fold: a" + strings.Repeat(crlf+" "+strings.Repeat("b", 70), 14_000))},
		{"5,000 headers", func(r *rand.Rand) []byte {
			var lines strings.Builder
			for i := range 5000 {
				fmt.Fprintf(&lines, "X-Header-%d: %x\r\n", i, r.Uint64())
			}
			return []byte(letter(r, lines.String(), "testo\r\n"))
		}},
		{"3,000 recipients", func(r *rand.Rand) []byte {
			var cc strings.Builder
			for i := range 3000 {
				fmt.Fprintf(&cc, ",\r\n u%d@example.it", i)
			}
			return []byte(letter(r, "Cc: a@example.it"+cc.String()+crlf, "testo\r\n"))
		}},
		{"line of 1 MiB", withBody(strings.Repeat("x", 1<<20) + crlf)},
		{"lines of 998", withBody(strings.Repeat(strings.Repeat("x", 998)+crlf, 3))},
	}
}

func structureTraits() []Trait {
	mixed := "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b"
	part := "--b\r\nContent-Type: text/plain\r\n\r\nparte\r\n"
	nested := func(r *rand.Rand) []byte {
		var body strings.Builder
		for depth := range 120 {
			fmt.Fprintf(&body, "--b%d\r\nContent-Type: multipart/mixed; boundary=b%d\r\n\r\n", depth, depth+1)
		}
		return []byte(letter(r, "Content-Type: multipart/mixed; boundary=b0\r\n", body.String()))
	}
	forwarded := func(r *rand.Rand) []byte {
		message := letter(r, "", "il primo\r\n")
		for range 40 {
			message = letter(r, "MIME-Version: 1.0\r\nContent-Type: message/rfc822\r\n", message)
		}
		return []byte(message)
	}
	structured := func(header, body string) func(*rand.Rand) []byte {
		return func(r *rand.Rand) []byte { return []byte(letter(r, header+crlf, body)) }
	}
	return []Trait{
		{"multipart", structured(mixed, part+part+"--b--\r\n")},
		{"multipart unclosed", structured(mixed, part+part)},
		{"multipart without boundary", structured("MIME-Version: 1.0\r\nContent-Type: multipart/mixed", part)},
		{"multipart with empty boundary", structured("MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"\"", part)},
		{"1,000 parts", structured(mixed, strings.Repeat(part, 1000)+"--b--\r\n")},
		{"multipart 120 deep", nested},
		{"message/rfc822 40 deep", forwarded},
		{"broken base64", structured("MIME-Version: 1.0\r\nContent-Transfer-Encoding: base64", "====A*!\r\nZ\r\n")},
		{"broken quoted-printable", structured("MIME-Version: 1.0\r\nContent-Transfer-Encoding: quoted-printable", "=\r\n=ZZ=\r\n=4\r\n")},
		{"binary transfer encoding", structured("MIME-Version: 1.0\r\nContent-Transfer-Encoding: binary", "\x01\r\xff\n\x80\r\n")},
	}
}
