package migration

import (
	"slices"
	"time"
)

// Stages of a test or a check, in the order they are tried.
const (
	StageAddress   = "address"  // the name has an address that may be used
	StageConnect   = "connect"  // somebody answers there
	StageTLS       = "tls"      // the line is protected, the certificate believed
	StageGreeting  = "greeting" // it is an IMAP server
	StageLogin     = "login"    // it opens the mailbox to us
	StageNamespace = "namespace"
	StageQuota     = "quota"
)

// ServerTest is what a test of a destination server found out. Nothing is
// stored or deleted by it.
type ServerTest struct {
	Steps []TestStep // those that were tried, in their order; after a failed one none follows

	// What is wrong, if the last step failed: a code, the program's words in no
	// language, and the server's own.
	Class, Detail, ServerText string
	// Certificate is the SHA-256 of the server's certificate, 64 hex digits,
	// where that is what was refused; Names are whom it names.
	Certificate string
	Names       []string

	// What the server is and can do, as far as the test came.
	Greeting     string
	Capabilities []string // as announced after the login
	Delimiter    string   // between the parts of a folder's name; "": the server has none
	Prefix       string   // before the names of one's own folders, such as "INBOX."

	// RoundTrip is how long the shortest command and its answer take; 0: not
	// measured.
	RoundTrip time.Duration

	// The quota of the mailbox in octets; QuotaLimit 0: none, or not told.
	QuotaUsed, QuotaLimit int64
}

// TestStep is one step of a test.
type TestStep struct {
	Stage  string
	OK     bool
	Took   time.Duration
	Detail string // a fact worth showing, such as the address or the TLS version; empty: none
}

// OK reports whether every step was tried and succeeded.
func (t ServerTest) OK() bool {
	return len(t.Steps) > 0 && t.Class == "" && t.Steps[len(t.Steps)-1].OK
}

// Can reports whether the server announced a capability, in capital letters.
func (t ServerTest) Can(capability string) bool {
	return slices.Contains(t.Capabilities, capability)
}
