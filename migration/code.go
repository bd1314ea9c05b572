package migration

import (
	"crypto/rand"
	"regexp"
)

// codeLetters are easily told apart, also on the telephone: no 0 O, 1 I L, U V.
const codeLetters = "23456789ABCDEFGHJKMNPQRSTWXYZ"

// NewCode returns a new public id of a migration, such as "M-4K7QZ". It may be
// taken already; there are some 20 million.
func NewCode() string {
	octets := make([]byte, 0, 5)
	var one [1]byte
	for len(octets) < 5 {
		_, _ = rand.Read(one[:]) // never fails
		if i := int(one[0] & 31); i < len(codeLetters) {
			octets = append(octets, codeLetters[i])
		}
	}
	return "M-" + string(octets)
}

var codeForm = regexp.MustCompile(`^M-[` + codeLetters + `]{5}$`)

// IsCode reports whether text has the form of a code.
func IsCode(text string) bool { return codeForm.MatchString(text) }
