package views

import (
	"context"
	"strconv"

	"trasloco/locale"
	"trasloco/migration"
)

// AddressPath is where a row is asked to look up its source anew.
func AddressPath(m migration.Migration, row int) string {
	return migrationPath(m, "/resources/", strconv.Itoa(row), "/address")
}

// CertificatePath is where the certificate is accepted for which a row stopped.
func CertificatePath(m migration.Migration, row int) string {
	return migrationPath(m, "/resources/", strconv.Itoa(row), "/certificate")
}

// frozenText says at which address a source is read, and at which others where that
// one does not answer (S7).
func frozenText(ctx context.Context, addresses migration.Addresses) string {
	if others := addresses.Others(); others != "" {
		return locale.T(ctx, "page.address.others", map[string]any{"address": addresses.First(), "others": others})
	}
	return addresses.First()
}

// asksForCertificate reports whether somebody has to say whether the certificate that
// the source shows now is to be believed.
func asksForCertificate(m migration.Migration, r migration.Resource) bool {
	return m.Validity == migration.Valid && r.Refused != "" && !r.LeftOut
}

// formerCertificate is the one the source had when it was last believed; "": nobody
// knows.
func formerCertificate(r migration.Resource) string {
	if r.Source.Pin != "" {
		return r.Source.Pin
	}
	return r.Check.Shown
}
