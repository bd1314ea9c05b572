package migration

import (
	"fmt"
	"log/slog"
	"unique"
)

const hidden = "•••"

// Secret holds a password or token. Every formatter, logger and encoder sees
// only "•••"; Reveal is the one way in, and a test lists its callers.
//
// The text lies behind a handle, since fmt prints what it finds, and asks no
// method, in a field that is not exported and after a wrong verb (%p, or %w
// outside Errorf): here it finds an address. Secrets with the same text are ==.
type Secret struct{ secretText unique.Handle[string] }

// NewSecret wraps text. The text is kept exactly: a password may begin or end
// with blanks.
func NewSecret(text string) Secret {
	if text == "" {
		return Secret{}
	}
	return Secret{unique.Make(text)}
}

// Reveal returns the secret itself, for the one place that hands it to a
// server or to the sealer.
func (s Secret) Reveal() string {
	if s.IsZero() {
		return ""
	}
	return s.secretText.Value()
}

// IsZero reports whether there is no secret.
func (s Secret) IsZero() bool { return s == Secret{} }

// Equal reports whether both hold the same text, as == does.
func (s Secret) Equal(other Secret) bool { return s == other }

// String returns the mask.
func (s Secret) String() string { return hidden }

// GoString returns the mask, for %#v.
func (s Secret) GoString() string { return hidden }

// Format writes the mask whatever the verb and the flags.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(hidden)) }

// LogValue returns the mask to slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalText returns the mask, so that JSON, XML and every other encoder that
// asks for text gets nothing else.
func (s Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }
