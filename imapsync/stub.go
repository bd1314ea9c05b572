package imapsync

import (
	"bytes"
	"strings"
)

// stubTexts are what servers send in place of a message they cannot read (T-3):
// Exchange's notice, and hMailServer's.
var stubTexts = []string{
	"retrieval using the imap4 protocol failed for the following message",
	"message file missing",
}

const longestStub = 8 << 10

// isStub reports whether a server sent a notice of its own instead of the
// message: one of the known texts, in a message whose size is far from the one
// that was listed.
func isStub(m meta, s *spool) bool {
	if m.size < 0 || !sizesDiffer(m.size, s.size) || s.size > longestStub {
		return false
	}
	text := strings.ToLower(string(bytes.ToValidUTF8(bytes.Join(s.mem, nil), nil)))
	for _, stub := range stubTexts {
		if strings.Contains(text, stub) {
			return true
		}
	}
	return false
}

// sizesDiffer reports whether a message is of another size than was listed, by
// more than servers are known to be wrong (T-2).
func sizesDiffer(listed, got int64) bool {
	diff := max(listed-got, got-listed)
	return diff > 2<<10 && diff*50 > listed
}
