package wire_test

import (
	"testing"
	"unicode/utf8"

	"trasloco/imapsync/wire"
)

func TestNamesInModifiedUTF7(t *testing.T) {
	tests := []struct{ name, text, raw string }{
		{"ASCII", "INBOX", "INBOX"},
		{"empty", "", ""},
		{"an ampersand", "R&D", "R&-D"},
		{"ampersands", "&&", "&-&-"},
		{"an accent at the end", "Città", "Citt&AOA-"},
		{"accents side by side", "àè", "&AOAA6A-"},
		{"an accent beside an ampersand", "à&è", "&AOA-&-&AOg-"},
		{"the RFC's own", "~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-"},
		{"an emoji", "Foto 📷", "Foto &2D3c9w-"},
		{"emoji and accents", "📷à📷", "&2D3c9wDg2D3c9w-"},
		{"a control character", "a\tb", "a&AAk-b"},
		{"DEL", "a\x7fb", "a&AH8-b"},
		{"the replacement character", "a\ufffdb", "a&,,0-b"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := wire.EncodeName(test.text); got != test.raw {
				t.Errorf("encoded %q, want %q", got, test.raw)
			}
			if got := wire.DecodeName(test.raw); got != test.text {
				t.Errorf("decoded %q, want %q", got, test.text)
			}
		})
	}
}

func TestDecodeNameAlwaysGivesText(t *testing.T) {
	tests := []struct{ name, raw, want string }{
		{"a bare ampersand", "R&D", "R&D"},
		{"a shift that is not closed", "&AOA", "&AOA"},
		{"a shift for an ASCII letter", "&AGE-b", "ab"},
		{"a null shift", "&AOA-&AOg-", "àè"},
		{"a high surrogate alone", "&2D0-", "&2D0-"},
		{"a low surrogate alone", "&3Pc-", "&3Pc-"},
		{"a high surrogate and a letter", "&2D0AYQ-", "&2D0AYQ-"},
		{"half a letter", "&AA-", "&AA-"},
		{"no base64", "&!!-", "&!!-"},
		{"the other base64's slash", "&U/A-", "&U/A-"},
		{"a line end in the shift", "&AO\nA-", "&AO\nA-"},
		{"UTF-8", "Città", "Città"},
		{"UTF-8 with an ampersand", "Città & co", "Città & co"},
		{"Latin-1", "Caff\xe8", "Caffè"},
		{"Windows-1252", "\x80 5", "€ 5"},
		{"an octet of no character", "a\x81", "a\ufffd"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := wire.DecodeName(test.raw); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func FuzzName(f *testing.F) {
	for _, seed := range []string{"INBOX", "R&D", "&AOA-", "&AOA", "&AGE-b", "&AOA-&AOg-", "&2D0-", "Caff\xe8", "Città", "📷", "a\ufffd", "\x00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if text := wire.DecodeName(name); !utf8.ValidString(text) {
			t.Errorf("%q became %q", name, text)
		}
		if !utf8.ValidString(name) {
			return
		}
		raw := wire.EncodeName(name)
		for i := range len(raw) {
			if raw[i] < 0x20 || raw[i] > 0x7e {
				t.Errorf("%q was encoded as %q", name, raw)
			}
		}
		if got := wire.DecodeName(raw); got != name {
			t.Errorf("%q came back as %q by way of %q", name, got, raw)
		}
	})
}
