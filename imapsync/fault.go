package imapsync

import (
	"errors"
	"strings"
)

// Fault is an error of a check or a test, taken apart for those who show it.
type Fault struct {
	Side       Side
	Class      Class
	Detail     string // the program's words, in no language
	ServerText string // the server's own, if it said any

	// Of a certificate that was refused: its SHA-256 in hex, and whom it names.
	Certificate string
	Names       []string
}

// FaultOf takes an error of CheckSource, CheckDestination or Sync apart. One
// that is no *Error is an internal fault.
func FaultOf(err error) Fault {
	fault := Fault{Class: ClassInternal, Detail: err.Error(), ServerText: ServerText(err)}
	var known *Error
	if errors.As(err, &known) {
		fault.Side, fault.Class, fault.Detail = known.Side, known.Class, known.Err.Error()
	}
	var refused *CertificateError
	if errors.As(err, &refused) {
		fault.Certificate, fault.Names = strings.ToLower(refused.Pin), refused.Names
	}
	return fault
}
