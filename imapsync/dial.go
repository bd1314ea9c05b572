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
func (e *Engine) dial(ctx context.Context, ep migration.Endpoint) (*wire.Conn, error) {
	cfg := wire.Config{Address: ep.Address(), StartTLS: ep.TLS == migration.TLSStartTLS, Timeouts: e.opts.Timeouts}
	dialer := &net.Dialer{}
	if !e.opts.AllowPrivate {
		dialer.Control = refusePrivate
	}
	cfg.Dial = dialer.DialContext
	if ep.TLS != migration.TLSNone {
		var err error
		if cfg.TLS, err = tlsConfig(ep); err != nil {
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
func tlsConfig(ep migration.Endpoint) (*tls.Config, error) {
	var roots *x509.CertPool
	if len(ep.CA) > 0 {
		roots = x509.NewCertPool()
		if !roots.AppendCertsFromPEM(ep.CA) {
			return nil, errNoCA
		}
	}
	name := ep.TLSName
	if name == "" {
		name = ep.Host
	}
	return &tls.Config{
		ServerName:         name,
		MinVersion:         tls.VersionTLS12,
		InsecureSkipVerify: true, //nolint:gosec // VerifyConnection below does it, with better errors
		VerifyConnection: func(state tls.ConnectionState) error {
			return verify(ep, name, roots, state.PeerCertificates)
		},
	}, nil
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
