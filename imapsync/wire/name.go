package wire

import (
	"encoding/base64"
	"errors"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// base64 of modified UTF-7: ',' for '/', no padding (RFC 3501 §5.1.3).
var mutf7 = base64.NewEncoding("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,").WithPadding(base64.NoPadding)

var errName = errors.New("no modified UTF-7")

// EncodeName returns the modified UTF-7 form of a mailbox name.
func EncodeName(name string) string {
	var out strings.Builder
	var wide []rune
	flush := func() {
		if len(wide) == 0 {
			return
		}
		units := utf16.Encode(wide)
		octets := make([]byte, 0, 2*len(units))
		for _, u := range units {
			octets = append(octets, byte(u>>8), byte(u))
		}
		out.WriteString("&" + mutf7.EncodeToString(octets) + "-")
		wide = wide[:0]
	}
	for _, r := range name {
		if r < 0x20 || r > 0x7e {
			wide = append(wide, r)
			continue
		}
		flush()
		out.WriteRune(r)
		if r == '&' {
			out.WriteByte('-')
		}
	}
	flush()
	return out.String()
}

// DecodeName turns the octets of a mailbox name into text for people and for
// mapping. It always gives something: modified UTF-7, else UTF-8, else
// Windows-1252 (F-3). The octets stay the identity of the mailbox.
func DecodeName(raw string) string {
	if text, err := decodeUTF7(raw); err == nil {
		return text
	}
	if utf8.ValidString(raw) {
		return raw
	}
	text, err := charmap.Windows1252.NewDecoder().String(raw)
	if err != nil {
		return strings.ToValidUTF8(raw, "\uFFFD")
	}
	return text
}

func decodeUTF7(raw string) (string, error) {
	var out strings.Builder
	for i := 0; i < len(raw); i++ {
		switch {
		case raw[i] >= 0x80:
			return "", errName
		case raw[i] != '&':
			out.WriteByte(raw[i])
		default:
			end := strings.IndexByte(raw[i:], '-')
			if end < 0 {
				return "", errName
			}
			text, err := decodeShift(raw[i+1 : i+end])
			if err != nil {
				return "", err
			}
			out.WriteString(text)
			i += end
		}
	}
	return out.String(), nil
}

func decodeShift(shift string) (string, error) {
	if shift == "" {
		return "&", nil
	}
	octets, err := mutf7.DecodeString(shift)
	if err != nil || len(octets)%2 != 0 || strings.ContainsAny(shift, "\r\n") { // which base64 skips
		return "", errName
	}
	var text strings.Builder
	for i := 0; i < len(octets); i += 2 {
		r := rune(octets[i])<<8 | rune(octets[i+1])
		if utf16.IsSurrogate(r) {
			i += 2
			if i == len(octets) {
				return "", errName
			}
			if r = utf16.DecodeRune(r, rune(octets[i])<<8|rune(octets[i+1])); r == utf8.RuneError {
				return "", errName
			}
		}
		text.WriteRune(r)
	}
	return text.String(), nil
}
