package migration

import (
	"errors"

	"golang.org/x/text/encoding/charmap"
)

// Encodings that a file may have that was taken for Windows-1252: nothing in the
// octets tells them apart.
const (
	encodingMacintosh   = "Macintosh"
	encodingIBM850      = "IBM850"
	encodingWindows1250 = "Windows-1250"
	encodingISO885915   = "ISO-8859-15"
)

// GuessedEncodings are those that a file can be read in again whose encoding was a
// guess; nil where it was none: UTF-8 and UTF-16 are recognised for sure.
func GuessedEncodings(encoding string) []string {
	if charmapOf(encoding) == nil {
		return nil
	}
	return []string{encodingWindows1252, encodingISO885915, encodingMacintosh, encodingIBM850, encodingWindows1250}
}

func charmapOf(encoding string) *charmap.Charmap {
	switch encoding {
	case encodingWindows1252:
		return charmap.Windows1252
	case encodingISO885915:
		return charmap.ISO8859_15
	case encodingMacintosh:
		return charmap.Macintosh
	case encodingIBM850:
		return charmap.CodePage850
	case encodingWindows1250:
		return charmap.Windows1250
	}
	return nil
}

var errOtherEncoding = errors.New("no such encoding")

// Decode returns the octets of a file as UTF-8, read in one of GuessedEncodings.
func Decode(octets []byte, encoding string) ([]byte, error) {
	table := charmapOf(encoding)
	if table == nil {
		return nil, errOtherEncoding
	}
	return table.NewDecoder().Bytes(octets)
}
