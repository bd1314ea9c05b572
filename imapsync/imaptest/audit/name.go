package audit

import (
	"encoding/base64"
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// utf7 is the base64 of modified UTF-7: "," for "/" and no padding (RFC 3501
// §5.1.3).
var utf7 = base64.NewEncoding("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,").
	WithPadding(base64.NoPadding).Strict()

// encodeName turns a folder name into modified UTF-7.
func encodeName(name string) string {
	var out strings.Builder
	var wide []rune
	flush := func() {
		if len(wide) == 0 {
			return
		}
		var octets []byte
		for _, unit := range utf16.Encode(wide) {
			octets = append(octets, byte(unit>>8), byte(unit))
		}
		out.WriteString("&" + utf7.EncodeToString(octets) + "-")
		wide = nil
	}
	for _, r := range name {
		if r < ' ' || r > '~' {
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

// decodeName is the inverse of encodeName; whatever encodeName would have
// written another way is an error.
func decodeName(raw string) (string, error) {
	var out strings.Builder
	for rest := raw; rest != ""; {
		before, after, shifted := strings.Cut(rest, "&")
		out.WriteString(before)
		if !shifted {
			break
		}
		code, tail, closed := strings.Cut(after, "-")
		if !closed {
			return "", fmt.Errorf("name %q: a shift without its end", raw)
		}
		rest = tail
		text, err := decodeShift(code)
		if err != nil {
			return "", fmt.Errorf("name %q: %w", raw, err)
		}
		out.WriteString(text)
	}
	name := out.String()
	if encodeName(name) != raw || !utf8.ValidString(name) {
		return "", fmt.Errorf("name %q: not in its only valid form", raw)
	}
	return name, nil
}

func decodeShift(code string) (string, error) {
	if code == "" {
		return "&", nil
	}
	octets, err := utf7.DecodeString(code)
	if err != nil || len(octets)%2 != 0 {
		return "", fmt.Errorf("shift %q is not UTF-16 in base64", code)
	}
	var units []uint16
	for i := 0; i < len(octets); i += 2 {
		units = append(units, uint16(octets[i])<<8|uint16(octets[i+1]))
	}
	return string(utf16.Decode(units)), nil
}

// inbox is the one folder whose name every server has, in any case.
const inbox = "INBOX"

// rawName returns the name that a path has on this server.
func (c *Client) rawName(path []string) (string, error) {
	if len(path) == 0 {
		return "", fmt.Errorf("a folder needs a name")
	}
	if len(path) == 1 && path[0] == inbox {
		return inbox, nil
	}
	for _, part := range path {
		if part == "" || strings.Contains(part, c.separator) {
			return "", fmt.Errorf("folder %q: the server's separator is %q", path, c.separator)
		}
	}
	return c.prefix + encodeName(strings.Join(path, c.separator)), nil
}

// pathOf is the inverse of rawName. The path of a folder outside the personal
// namespace is empty.
func (c *Client) pathOf(raw string) ([]string, error) {
	if strings.EqualFold(raw, inbox) {
		return []string{inbox}, nil
	}
	rest, personal := strings.CutPrefix(raw, c.prefix)
	for _, prefix := range c.foreign {
		personal = personal && !strings.HasPrefix(raw, prefix)
	}
	if !personal {
		return nil, nil
	}
	name, err := decodeName(rest)
	if err != nil {
		return nil, err
	}
	return strings.Split(name, c.separator), nil
}
