package migration

import (
	"net"
	"strconv"
	"strings"
)

// ServerType is the kind of source server the admin chose in the wizard. It
// selects defaults and folder rules, never the form of the CSV.
type ServerType string

// The server types of the wizard's first step.
const (
	Standard  ServerType = "standard"
	Gmail     ServerType = "gmail"
	Exchange  ServerType = "exchange"
	Office365 ServerType = "office365"
)

// TLSMode says how a connection is protected.
type TLSMode string

// The TLS modes. TLSNone sends passwords in clear and is used only when asked
// for by name.
const (
	TLSDirect   TLSMode = "tls"
	TLSStartTLS TLSMode = "starttls"
	TLSNone     TLSMode = "none"
)

// Ports that IMAP is assigned (RFC 3501 §2.1, RFC 8314 §3.2).
const (
	PortIMAP  = 143
	PortIMAPS = 993
)

// TLSModeForPort returns the mode that goes with a port when none was said:
// STARTTLS on 143, TLS from the first octet anywhere else.
func TLSModeForPort(port int) TLSMode {
	if port == PortIMAP {
		return TLSStartTLS
	}
	return TLSDirect
}

// PortForTLSMode returns the port that goes with a mode when none was said.
func PortForTLSMode(mode TLSMode) int {
	if mode == TLSStartTLS || mode == TLSNone {
		return PortIMAP
	}
	return PortIMAPS
}

// Endpoint is one end of a resource: where the server is, how its certificate
// is checked, and how to log in there.
type Endpoint struct {
	Host string // name in ASCII form, or IP address without brackets
	Port int
	TLS  TLSMode

	// Addresses are those the name was found to lead to when the source was checked:
	// connections go there, whatever the DNS says later (S7). Empty: the name is
	// looked up for each.
	Addresses Addresses

	// TLSName is the name the certificate must carry in place of Host: the one
	// an admin confirmed for a server given by its IP address (S7).
	TLSName string
	// Pin is the SHA-256 of the server's own certificate, 64 lower-case hex
	// digits. A pinned certificate is accepted whoever signed it; no other is.
	Pin string
	// CA holds PEM certificates to trust in place of the system's.
	CA []byte
	// Insecure switches every check of the certificate off.
	Insecure bool

	// OldTLS lets the server use versions and ciphers that are no longer safe: the
	// admin allowed it that.
	OldTLS bool
	// Most is how many connections the server is known to bear from us at once (C-1);
	// 0: that is not known.
	Most int

	Auth Auth
}

// Address returns host:port, with brackets around an IPv6 address.
func (e Endpoint) Address() string {
	return net.JoinHostPort(e.Host, strconv.Itoa(e.Port))
}

// AuthKind says what the parts of an Auth mean.
type AuthKind string

// The ways to log in.
const (
	AuthPassword          AuthKind = "password"
	AuthMaster            AuthKind = "master"
	AuthClientCredentials AuthKind = "client_credentials"
	AuthServiceAccount    AuthKind = "service_account"
)

// Auth is what a server wants to hear before it opens a mailbox.
type Auth struct {
	Kind  AuthKind
	Login string // the mailbox: an address or a bare user name, never trimmed of its domain

	Password Secret     // AuthPassword: the mailbox's own. AuthMaster: the master user's
	Master   string     // AuthMaster: the master user's name
	Form     MasterForm // AuthMaster: how user and master are joined

	// ClientID is the Microsoft Entra application of AuthClientCredentials, or the
	// number of AuthServiceAccount; ClientSecret is what proves it, a private key of the
	// latter.
	ClientID     string
	ClientSecret Secret
	Tenant       string // AuthClientCredentials; empty: the domain of Login

	Account, KeyID string // AuthServiceAccount: its address, and which of its keys
}

// Resource is one row of the CSV: a source account and a destination account.
type Resource struct {
	ID          int64
	Row         int // line of the file, from 1
	Source      Endpoint
	Destination Endpoint

	// DomainID is the domain of the destination mailbox; 0 on the command line,
	// which knows none.
	DomainID int64
	LeftOut  bool // the admin goes on without it (S17)
	// Refused is the SHA-256 of the certificate for which the last run stopped:
	// somebody has to say whether it is to be believed (S7). Empty: none.
	Refused string
	Check   Check
}

// SourceKey names the source account: host, port and login. Two rows with one
// key are the same account. Hosts compare without case; logins do not, since
// some servers tell them apart.
func (r Resource) SourceKey() string {
	return strings.ToLower(r.Source.Host) + ":" + strconv.Itoa(r.Source.Port) + "/" + r.Source.Auth.Login
}

// DestinationKey names the destination mailbox: host and login. Runs with one
// key never overlap (P-3). Logins compare without case here: taking two
// spellings for one mailbox costs a wait, taking one for two costs doubles.
func (r Resource) DestinationKey() string {
	return strings.ToLower(r.Destination.Host + "/" + r.Destination.Auth.Login)
}
