package imapsync

import (
	"errors"
	"regexp"

	"trasloco/imapsync/wire"
	"trasloco/migration"
)

// onlineGreeting is how Exchange Online greets: with the name of its server in base64
// behind the words that an Exchange of one's own says too.
var onlineGreeting = regexp.MustCompile(`^The Microsoft Exchange IMAP4 service is ready\. \[[A-Za-z0-9+/]{4,}=*\]`)

// cloudOf returns the cloud of a source that is known by its name; else the one that
// the operator set, and false.
func (e *Engine) cloudOf(host string) (migration.Cloud, bool) {
	if cloud, known := migration.CloudOf(host); known {
		return cloud, true
	}
	return migration.CloudNamed(e.opts.Cloud), false
}

// cloudBehind looks at who answers, where the name told nothing: an address, or
// another name for Microsoft's servers, leads there too.
func cloudBehind(conn *wire.Conn) bool {
	if state := conn.TLS(); state != nil && len(state.PeerCertificates) > 0 {
		if _, known := migration.CloudOfNames(certificateNames(state.PeerCertificates[0])); known {
			return true
		}
	}
	return onlineGreeting.MatchString(conn.Greeting())
}

// refusedCloud is cloudBehind for a server whose certificate was not believed, since
// it names Microsoft's.
func refusedCloud(err error) bool {
	var refused *CertificateError
	if !errors.As(err, &refused) {
		return false
	}
	_, known := migration.CloudOfNames(refused.Names)
	return known
}

// guardApp refuses to show the token of an application, which may open every mailbox of
// a tenant, to anybody but Microsoft: a server is known by its name or by its certificate.
func (e *Engine) guardApp(conn *wire.Conn, ep migration.Endpoint) error {
	if ep.Auth.Kind != migration.AuthClientCredentials || e.opts.Authority != "" {
		return nil
	}
	state := conn.TLS()
	if state != nil && !ep.Insecure {
		if _, byName := migration.CloudOf(ep.Host); byName {
			return nil
		}
		if _, byCertificate := migration.CloudOfNames(certificateNames(state.PeerCertificates[0])); byCertificate {
			return nil
		}
	}
	return &Error{Side: SourceSide, Class: ClassAppHost, Err: errNotMicrosoft}
}

// appOnly is what becomes of a login by password at Microsoft's servers.
func appOnly(side Side) error { return &Error{Side: side, Class: ClassAppOnly, Err: errAppOnly} }
