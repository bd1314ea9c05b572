package migration

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	utf16 "golang.org/x/text/encoding/unicode"
)

// Encodings, as Sheet.Encoding names them.
const (
	encodingUTF8        = "UTF-8"
	encodingUTF16LE     = "UTF-16LE"
	encodingUTF16BE     = "UTF-16BE"
	encodingWindows1252 = "Windows-1252"
)

// wholeFileFault recognises files that are not worth reading: empty, too big,
// or another kind of document under the name of a CSV.
func wholeFileFault(data []byte) (code string) {
	start := bytes.ToLower(data[:min(len(data), 16)])
	switch {
	case len(data) > MaxCSVBytes:
		return CodeFileTooBig
	case hasAnyPrefix(data, "PK\x03\x04", "\xd0\xcf\x11\xe0"): // xlsx, ods; xls
		return CodeFileSpreadsheet
	case hasAnyPrefix(start, "%pdf-", `{\rtf`, "<!doctype", "<html", "<?xml"):
		return CodeFileDocument
	case len(bytes.Trim(data, "\xef\xbb\xbf\xff\xfe\x00 \t\r\n")) == 0:
		return CodeFileEmpty
	}
	return ""
}

func hasAnyPrefix(data []byte, prefixes ...string) bool {
	for _, prefix := range prefixes {
		if bytes.HasPrefix(data, []byte(prefix)) {
			return true
		}
	}
	return false
}

// decodeText returns the text of the file without its byte order mark. What
// cannot be decoded becomes U+FFFD and is found row by row. A file that is no
// valid UTF-8 and has no mark is taken for Windows-1252, Excel's habit.
func decodeText(data []byte) (text, encoding string) {
	body, hasMark := bytes.CutPrefix(data, []byte("\xef\xbb\xbf"))
	switch {
	case hasMark:
		return strings.ToValidUTF8(string(body), "\uFFFD"), encodingUTF8
	case bytes.HasPrefix(data, []byte("\xff\xfe")):
		return decodeUTF16(data[2:], utf16.LittleEndian), encodingUTF16LE
	case bytes.HasPrefix(data, []byte("\xfe\xff")):
		return decodeUTF16(data[2:], utf16.BigEndian), encodingUTF16BE
	case zerosAt(data, 1):
		return decodeUTF16(data, utf16.LittleEndian), encodingUTF16LE
	case zerosAt(data, 0):
		return decodeUTF16(data, utf16.BigEndian), encodingUTF16BE
	case utf8.Valid(data):
		return string(data), encodingUTF8
	}
	decoded, err := charmap.Windows1252.NewDecoder().Bytes(data)
	if err != nil {
		return strings.ToValidUTF8(string(data), "\uFFFD"), encodingUTF8
	}
	return string(decoded), encodingWindows1252
}

func decodeUTF16(data []byte, order utf16.Endianness) string {
	decoded, err := utf16.UTF16(order, utf16.IgnoreBOM).NewDecoder().Bytes(data)
	if err != nil {
		return strings.ToValidUTF8(string(data), "\uFFFD")
	}
	return string(decoded)
}

// zerosAt reports whether the text is UTF-16 without a mark: most characters
// are ASCII, so the even (0) or the odd (1) octets of the start are nearly all
// NUL, and the others never are.
func zerosAt(data []byte, parity int) bool {
	start := data[:min(len(data), 1024)&^1]
	zeros, others := 0, 0
	for i, octet := range start {
		switch {
		case octet != 0:
		case i%2 == parity:
			zeros++
		default:
			others++
		}
	}
	return len(start) >= 4 && others == 0 && zeros*10 >= len(start)/2*7
}

// textLine is a line with something in it.
type textLine struct {
	number int // in the file, from 1, blank lines counted
	text   string
}

// textLines returns the first lines that are not blank, and how many there are
// in all. A line ends with LF or CRLF; with CR only where the file has no LF, as
// old Macs wrote it.
func textLines(body string, most int) (lines []textLine, total int) {
	number := 0
	for text := range strings.SplitSeq(body, lineEnd(body)) {
		number++
		text = strings.TrimRight(text, "\r")
		if isBlankLine(text) {
			continue
		}
		total++
		if len(lines) < most {
			lines = append(lines, textLine{number, text})
		}
	}
	return lines, total
}

func lineEnd(body string) string {
	if strings.Contains(body, "\n") {
		return "\n"
	}
	return "\r"
}

// isBlankLine is also true of ";;;;", which is how a spreadsheet writes an empty
// row.
func isBlankLine(text string) bool {
	return !strings.ContainsFunc(text, func(c rune) bool {
		return !strings.ContainsRune(";,", c) && !isBlank(c)
	})
}

// isBlank reports whether a character shows nothing: white space of any width,
// and what office programs strew into text.
func isBlank(c rune) bool {
	return unicode.IsSpace(c) || isInvisible(c) || c == '\u200C' || c == '\u200D'
}

// isInvisible reports whether a character can never be meant in a name. The two
// joiners U+200C and U+200D can: some scripts need them.
func isInvisible(c rune) bool {
	switch {
	case c == '\u00AD', c == '\u200B', c == '\u200E', c == '\u200F', c == '\uFEFF',
		'\u202A' <= c && c <= '\u202E', '\u2060' <= c && c <= '\u2064', '\u2066' <= c && c <= '\u2069':
		return true
	}
	return false
}

// cleanName removes invisible characters, and blanks at both ends.
func cleanName(text string) string {
	text = strings.Map(func(c rune) rune {
		if isInvisible(c) {
			return -1
		}
		return c
	}, text)
	return strings.TrimFunc(text, isBlank)
}
