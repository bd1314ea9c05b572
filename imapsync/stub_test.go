package imapsync

import (
	"strings"
	"testing"
)

func TestStubs(t *testing.T) {
	const exchange = "Subject: Retrieval using the IMAP4 protocol failed for the following message: 4711\r\n\r\nThe server couldn't retrieve the following message\r\n"
	const hMail = "From: Postmaster\r\nSubject: Message file missing\r\n\r\nThe file is gone.\r\n"
	tests := []struct {
		name   string
		listed int64
		text   string
		want   bool
	}{
		{"Exchange's notice in the place of a large message (T-3)", 48_000, exchange, true},
		{"the same in other letters", 48_000, strings.ToUpper(exchange), true},
		{"hMailServer's notice (T-3)", 48_000, hMail, true},
		{"a notice among octets that are no text", 48_000, exchange + "\xff\xfe\x00", true},
		{"a message of its listed size is mail, whatever it says", int64(len(exchange)), exchange, false},
		{"so is one that is off by what servers guess wrong (T-2)", int64(len(exchange)) + 2<<10, exchange, false},
		{"without a listed size nobody can tell", -1, exchange, false},
		{"another text in another size is mail (T-2)", 48_000, "Subject: hello\r\n\r\n", false},
		{"a long message that quotes the notice is mail", 48_000, exchange + strings.Repeat("x", longestStub), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := isStub(meta{size: tt.listed}, spooled(t, []byte(tt.text), 100)); got != tt.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestSizesDifferByMoreThanServersGuess(t *testing.T) {
	tests := []struct {
		name        string
		listed, got int64
		want        bool
	}{
		{"the same", 1000, 1000, false},
		{"2 kB of a small message", 1000, 1000 + 2<<10, false},
		{"more than 2 kB of a small message", 1000, 1001 + 2<<10, true},
		{"as much less", 5000, 2900, true},
		{"2 % of a large message", 1_000_000, 1_020_000, false},
		{"more than 2 % of a large message", 1_000_000, 1_020_001, true},
		{"more than 2 % the other way", 1_000_000, 979_999, true},
		{"nothing of something", 5000, 0, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := sizesDiffer(tt.listed, tt.got); got != tt.want {
				t.Errorf("listed %d, got %d: %v", tt.listed, tt.got, got)
			}
		})
	}
}
