package handlers

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"trasloco/migration"
)

// stopped is a migration after pass 1 whose first row stopped for a certificate.
func (p *panel) stopped(certificate string) migration.Migration {
	p.t.Helper()
	m := p.withFailed("anna", "bruno")
	row, err := p.Store.Resource(p.t.Context(), p.customer, m.ID, 1)
	check(p.t, err)
	check(p.t, p.Store.Freeze(p.t.Context(), p.customer, row.ID, "192.0.2.1 192.0.2.2"))
	check(p.t, p.Store.RefuseCertificate(p.t.Context(), p.customer, row.ID, certificate))
	return m
}

// S7: the question names both fingerprints; the answer counts for the one that was
// shown, and lets the row go on.
func TestAChangedCertificateIsAskedAboutAndAccepted(t *testing.T) {
	p := newPanel(t)
	fresh := strings.Repeat("cd", 32)
	m := p.stopped(fresh)
	page, action := "/migrations/"+m.Code+"/resources/1", "/migrations/"+m.Code+"/resources/1/certificate"
	b := p.as(p.operator)
	b.get(page).want(t, http.StatusOK, fresh, "SHA-256 adesso", "SHA-256 all’ultima verifica", action, "192.0.2.1; se non risponde: 192.0.2.2")
	b.get(page+"/edit").want(t, http.StatusOK, fresh, action)
	b.post(action, "pin", strings.Repeat("ab", 32)).want(t, http.StatusConflict)
	b.post(action, "pin", fresh).wantGoTo(t, page)
	if calls := p.desk.calls(); !slices.Contains(calls, "retry 1 of "+m.Code) {
		t.Errorf("the desk heard %v", calls)
	}
	if body := b.get(page).want(t, http.StatusOK).body; strings.Contains(body, action) {
		t.Error("it is asked again")
	}
	row, err := p.Store.Resource(t.Context(), p.customer, m.ID, 1)
	check(t, err)
	if row.Source.Pin != fresh || row.Source.Addresses.First() != "192.0.2.1" {
		t.Errorf("stored: %+v", row.Source)
	}
}

// S7: on the admin's word alone the name is looked up again.
func TestTheNameIsLookedUpAgainOnTheAdminsWord(t *testing.T) {
	p := newPanel(t)
	m := p.stopped("")
	page := "/migrations/" + m.Code + "/resources/1"
	b := p.as(p.operator)
	b.get(page).want(t, http.StatusOK, "192.0.2.1", page+"/address")
	b.post(page+"/address").wantGoTo(t, page)
	row, err := p.Store.Resource(t.Context(), p.customer, m.ID, 1)
	check(t, err)
	if row.Source.Addresses != "" || row.Check.Status != migration.CheckWaiting {
		t.Errorf("addresses %q, check %s", row.Source.Addresses, row.Check.Status)
	}
	check(t, p.Store.Shred(t.Context(), p.customer, m.ID))
	b.post(page+"/address").want(t, http.StatusConflict)
}
