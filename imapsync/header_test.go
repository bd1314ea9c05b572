package imapsync

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"
)

const plainHeader = "Received: from a by b; Wed, 17 Jul 2024 02:44:25 +0200\r\n" +
	"From: Anna <anna@example.com>\r\nSubject: a long subject of two lines\r\n" +
	"Message-ID: <1@example.com>\r\nDate: Wed, 17 Jul 2024 02:44:25 +0200\r\nTo: b@example.com\r\n\r\nSubject: body\r\n"

// Whatever a server changes on the way, a message keeps its fingerprint (I-4).
func TestFingerprintStaysTheSame(t *testing.T) {
	fields := "Message-ID: <1@example.com>\r\nDate: Wed, 17 Jul 2024 02:44:25 +0200\r\nFrom: Anna <anna@example.com>\r\nSubject: a long subject of two lines\r\n\r\n"
	tests := []struct{ name, a, b string }{
		{"in the answer to HEADER.FIELDS, in its order", plainHeader, fields},
		{"in an answer without its blank line", plainHeader, strings.TrimSuffix(fields, "\r\n")},
		{"with LF for CRLF", plainHeader, strings.ReplaceAll(plainHeader, "\r\n", "\n")},
		{"with CR alone", plainHeader, strings.ReplaceAll(plainHeader, "\r\n", "\r")},
		{"with CR CR LF", plainHeader, strings.ReplaceAll(plainHeader, "\r\n", "\r\r\n")},
		{"folded by a blank", plainHeader, strings.Replace(plainHeader, "long subject", "long\r\n subject", 1)},
		{"folded by a tab and blanks", plainHeader, strings.Replace(plainHeader, "long subject", "long\r\n\t  subject", 1)},
		{"folded where there was no blank", plainHeader, strings.Replace(plainHeader, "example.com>", "example\r\n .com>", 1)},
		{"unfolded without a blank", strings.Replace(plainHeader, "long subject", "long\r\n subject", 1), strings.Replace(plainHeader, "long subject", "longsubject", 1)},
		{"with field names in other letters", plainHeader, strings.NewReplacer("Message-ID", "message-id", "From", "FROM").Replace(plainHeader)},
		{"with blanks before the colon", plainHeader, strings.Replace(plainHeader, "Subject:", "Subject :", 1)},
		{"with blanks around the value", plainHeader, strings.Replace(plainHeader, "Subject: a", "Subject:   \ta", 1)},
		{"with 0x80 for NUL, as Dovecot stores it", strings.Replace(plainHeader, "two", "t\x00wo", 1), strings.Replace(plainHeader, "two", "t\x80wo", 1)},
		{"with X for octets with the eighth bit, as Cyrus stores them", strings.Replace(plainHeader, "two", "tw\xc3\xb2", 1), strings.Replace(plainHeader, "two", "twXX", 1)},
		{"with other fields added", plainHeader, "X-Spam: no\r\n" + plainHeader},
		{"with a second Subject, of which the first counts", plainHeader, strings.Replace(plainHeader, "To:", "Subject: other\r\nTo:", 1)},
		{"with missing fields as with empty ones", "To: b\r\n\r\n", "Message-ID:\r\nSubject: \r\n\r\n"},
		{"with a line that is no field among them", plainHeader, "From anna Wed Jul 17 02:44:25 2024\r\nno field\r\n" + plainHeader},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if readHeader([]byte(tt.a)).fingerprint() != readHeader([]byte(tt.b)).fingerprint() {
				t.Errorf("%+v\n%+v", readHeader([]byte(tt.a)), readHeader([]byte(tt.b)))
			}
		})
	}
}

func TestFingerprintTellsMessagesApart(t *testing.T) {
	tests := []struct{ name, a, b string }{
		{"another Message-ID", plainHeader, strings.Replace(plainHeader, "<1@", "<2@", 1)},
		{"another Date", plainHeader, strings.Replace(plainHeader, "Date: Wed, 17", "Date: Thu, 18", 1)},
		{"another sender", plainHeader, strings.Replace(plainHeader, "anna@", "bruno@", 1)},
		{"another Subject", plainHeader, strings.Replace(plainHeader, "two lines", "two limes", 1)},
		{"a value in another field", "From: a\r\n\r\n", "Subject: a\r\n\r\n"},
		{"values divided otherwise", "Date: ab\r\nFrom: c\r\n\r\n", "Date: a\r\nFrom: bc\r\n\r\n"},
		{"a field in the body is none", "To: b\r\n\r\nSubject: a\r\n", "To: b\r\nSubject: a\r\n\r\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if readHeader([]byte(tt.a)).fingerprint() == readHeader([]byte(tt.b)).fingerprint() {
				t.Errorf("both have %x", readHeader([]byte(tt.a)).fingerprint())
			}
		})
	}
}

func TestReadHeader(t *testing.T) {
	h := readHeader([]byte(plainHeader))
	if h.messageID != "<1@example.com>" || h.from != "Anna <anna@example.com>" || h.subject != "a long subject of two lines" ||
		h.date != "Wed, 17 Jul 2024 02:44:25 +0200" || len(h.received) != 1 {
		t.Errorf("%+v", h)
	}
	if want := time.Date(2024, 7, 17, 0, 44, 25, 0, time.UTC); !h.parsedDate().Equal(want) {
		t.Errorf("date %v, want %v", h.parsedDate(), want)
	}
	if got := (header{date: "never"}).parsedDate(); !got.IsZero() {
		t.Errorf("date %v of a date that cannot be read", got)
	}
	folded := readHeader([]byte("Received: one\r\n two\r\nReceived: three\r\nSubject: a\r\n\tb\r\n c"))
	if !slices.Equal(folded.received, []string{"one two", "three"}) || folded.subject != "a b c" {
		t.Errorf("folded: %+v", folded)
	}
}

// A header is read once for each message, whoever wrote it: time must grow with
// its length and not with the square of it.
func TestReadHeaderOfManyFoldedLines(t *testing.T) {
	for name, text := range map[string][]byte{
		"folded lines":    append([]byte("Subject: a"), bytes.Repeat([]byte("\r\n b"), 1<<20)...),
		"carriage return": append([]byte("Subject: a"), bytes.Repeat([]byte("\r"), 4<<20)...),
		"fields":          bytes.Repeat([]byte("a:\n"), 1<<20),
	} {
		done := make(chan header, 1)
		go func() { done <- readHeader(text) }()
		select {
		case <-done:
		case <-time.After(20 * time.Second):
			t.Fatalf("%s: still reading", name)
		}
	}
}

func TestReadableText(t *testing.T) {
	tests := []struct{ name, value, want string }{
		{"plain text", "Ordine 12", "Ordine 12"},
		{"an encoded word in UTF-8", "=?utf-8?q?Caff=C3=A8?=", "Caffè"},
		{"an encoded word in Windows-1252", "=?windows-1252?Q?Caff=E8_=80_5?=", "Caffè € 5"},
		{"an encoded word in ISO-8859-15", "=?ISO-8859-15?Q?=A4?=", "€"},
		{"an encoded word in a charset that nobody knows", "=?x-none?Q?a?=", "=?x-none?Q?a?="},
		{"two encoded words", "=?utf-8?B?Q2Fm?= =?utf-8?B?ZsOo?=", "Caffè"},
		{"raw UTF-8", "Caffè", "Caffè"},
		{"raw Windows-1252", "Caff\xe8", "Caffè"},
		{"controls, which must not reach a terminal", "a\x1b[31mb\x00c\x7f", "a [31mb c"},
		{"controls inside an encoded word", "=?utf-8?q?a=1B[2Jb=0D=0Ac?=", "a [2Jb c"},
		{"many blanks", "  a \t b  ", "a b"},
		{"a long text is cut", strings.Repeat("è", 300), strings.Repeat("è", 199) + "…"},
		{"nothing", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := readable(tt.value); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func FuzzReadHeader(f *testing.F) {
	for _, seed := range []string{plainHeader, "", "\r", "\n", ":\r\n", " \r\n: a", "Subject\x00: \xff\x80", "a: b\r\r\n\tc\r\r\n\r\r\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		before := bytes.Clone(text)
		h := readHeader(text)
		_, _ = headerDate(h)
		for _, value := range []string{readable(h.from), readable(h.subject), readable(h.messageID)} {
			if strings.ContainsAny(value, "\r\n\x00\x1b") || len([]rune(value)) > 200 {
				t.Errorf("%q is for no table", value)
			}
		}
		if !bytes.Equal(text, before) {
			t.Error("the message was changed")
		}
		// What a server that adds CR to each line end gives back is the same mail.
		if !bytes.Contains(text, []byte("\r")) {
			if crlf := bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n")); readHeader(crlf).fingerprint() != h.fingerprint() {
				t.Errorf("%q has another fingerprint with CRLF", text)
			}
		}
	})
}
