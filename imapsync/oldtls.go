package imapsync

import (
	"context"
	"crypto/tls"
	"errors"
	"slices"
	"strings"

	"trasloco/migration"
)

// allowOld lets a connection use what is no longer safe: TLS before 1.2 (RFC 8996),
// RC4 (RFC 7465), 3DES, and keys that whoever has the certificate's can read later.
func allowOld(cfg *tls.Config) {
	cfg.MinVersion = tls.VersionTLS10
	for _, suite := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		cfg.CipherSuites = append(cfg.CipherSuites, suite.ID)
	}
}

// oldTLS says what the best is that a server knows.
type oldTLS struct{ what string }

func (e *oldTLS) Error() string { return e.what }

// isOld reports whether a connection uses what allowOld lets it use.
func isOld(state tls.ConnectionState) bool {
	if state.Version != tls.VersionTLS12 {
		return state.Version < tls.VersionTLS12
	}
	is := func(suite *tls.CipherSuite) bool { return suite.ID == state.CipherSuite }
	return slices.ContainsFunc(tls.InsecureCipherSuites(), is) || !strings.HasPrefix(tls.CipherSuiteName(state.CipherSuite), "TLS_ECDHE_")
}

// weaknessOf finds out whether a handshake failed since the server is too old. It
// asks once more, and says nothing but goodbye. The error is err, or names it.
func (e *Engine) weaknessOf(ctx context.Context, source migration.Endpoint, err error) error {
	var failed *Error
	if !errors.As(err, &failed) || failed.Class != ClassTLS || source.OldTLS {
		return err
	}
	source.OldTLS, source.Insecure = true, true
	conn, again := e.dial(ctx, source, nil)
	if again != nil {
		return err
	}
	defer conn.Logout(ctx)
	state := conn.TLS()
	if state == nil || !isOld(*state) { // what failed was not its age
		return err
	}
	best := &oldTLS{tls.VersionName(state.Version) + ", " + tls.CipherSuiteName(state.CipherSuite)}
	return &Error{Side: SourceSide, Class: ClassOldTLS, Err: best}
}
