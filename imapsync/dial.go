package imapsync

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"syscall"

	"trasloco/imapsync/wire"
	"trasloco/migration"
)

var errPrivateAddress = errors.New("loopback and private addresses are not allowed")

// dial connects to an endpoint and checks its certificate. It does not log in.
// passed may be nil; see wire.Config.
func (e *Engine) dial(ctx context.Context, ep migration.Endpoint, passed func(wire.Stage)) (*wire.Conn, error) {
	cfg := wire.Config{
		Address: ep.Address(), StartTLS: ep.TLS == migration.TLSStartTLS, Timeouts: e.opts.Timeouts, Passed: passed,
	}
	cfg.Dial = func(ctx context.Context, _, _ string) (net.Conn, error) { return e.dialEndpoint(ctx, ep) }
	if ep.TLS != migration.TLSNone {
		var err error
		if cfg.TLS, err = e.tlsConfig(ep); err != nil {
			return nil, err
		}
	}
	return wire.Dial(ctx, cfg)
}

// refusePrivate looks at the address a name resolved to, right before the
// connection is made: a check of the name would leave time for another answer.
func refusePrivate(_, address string, _ syscall.RawConn) error {
	target, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("address %q: %w", address, err)
	}
	if migration.InternalAddress(target.Addr()) != "" {
		return fmt.Errorf("%s: %w", target.Addr(), errPrivateAddress)
	}
	return nil
}

var (
	errNoCA  = errors.New("no certificate in the CA file")
	errPin   = errors.New("the certificate is not the pinned one")
	errNoTLS = errors.New("the server showed no certificate")
)

// tlsConfig checks the chain and the name, or the pin (S7). The standard check
// is replaced by our own, so that a refusal can say whom the certificate names.
func (e *Engine) tlsConfig(ep migration.Endpoint) (*tls.Config, error) {
	roots, err := e.roots(ep)
	if err != nil {
		return nil, err
	}
	name := ep.TLSName
	if name == "" {
		name = ep.Host
	}
	cfg := &tls.Config{
		ServerName:         name,
		MinVersion:         tls.VersionTLS12,
		InsecureSkipVerify: true, //nolint:gosec // VerifyConnection below does it, with better errors
		VerifyConnection: func(state tls.ConnectionState) error {
			return verify(ep, name, roots, state.PeerCertificates)
		},
	}
	if ep.OldTLS {
		allowOld(cfg)
	}
	return cfg, nil
}

// roots returns whom to trust; nil: the system's authorities.
func (e *Engine) roots(ep migration.Endpoint) (*x509.CertPool, error) {
	var roots *x509.CertPool
	more := ep.CA
	switch {
	case len(ep.CA) > 0:
		roots = x509.NewCertPool()
	case len(e.opts.CA) > 0:
		more = e.opts.CA
		var err error
		if roots, err = x509.SystemCertPool(); err != nil {
			roots = x509.NewCertPool() // a machine without authorities trusts the given ones
		}
	default:
		return nil, nil //nolint:nilnil // nil is the system's, and a choice
	}
	if !roots.AppendCertsFromPEM(more) {
		return nil, errNoCA
	}
	return roots, nil
}

func verify(ep migration.Endpoint, name string, roots *x509.CertPool, chain []*x509.Certificate) error {
	if ep.Insecure {
		return nil
	}
	if len(chain) == 0 {
		return errNoTLS
	}
	sum := sha256.Sum256(chain[0].Raw)
	pin := hex.EncodeToString(sum[:])
	err := errPin
	if ep.Pin == "" {
		err = verifyChain(name, roots, chain)
	} else if strings.EqualFold(ep.Pin, pin) {
		err = nil
	}
	if err != nil {
		return &CertificateError{Names: certificateNames(chain[0]), Pin: pin, Err: err}
	}
	return nil
}

func verifyChain(name string, roots *x509.CertPool, chain []*x509.Certificate) error {
	opts := x509.VerifyOptions{Roots: roots, DNSName: name, Intermediates: x509.NewCertPool()}
	for _, cert := range chain[1:] {
		opts.Intermediates.AddCert(cert)
	}
	_, err := chain[0].Verify(opts)
	return err
}
