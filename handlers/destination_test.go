package handlers

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"

	"trasloco/migration"
)

// passChecks lets every check that waits succeed.
func (p *panel) passChecks() {
	p.t.Helper()
	jobs, err := p.Store.ChecksToMake(p.t.Context(), 100)
	check(p.t, err)
	for _, job := range jobs {
		check(p.t, p.Store.StartCheck(p.t.Context(), job.Customer, job.Resource.ID))
		check(p.t, p.Store.FinishCheck(p.t.Context(), job.Customer, job.Resource.ID, migration.Check{Status: migration.CheckPassed, At: p.clock.now()}))
	}
}

// The checks of what has not begun say nothing of a server that changed; of what
// is under way the operator must say that he means it.
func TestChangingAServerThatMigrationsGoTo(t *testing.T) {
	p := newPanel(t)
	b := p.as(p.operator)
	waiting := p.planned("bruno")
	p.passChecks()
	checked := func() migration.CheckStatus {
		row, err := p.Store.Resource(t.Context(), p.customer, waiting.ID, 1)
		check(t, err)
		return row.Check.Status
	}
	b.get("/destinations/1").want(t, http.StatusOK, "1 migrazione verso questo server non è ancora cominciata.", "/migrations/"+waiting.Code)
	b.post("/destinations/1", destinationFields("destination_name", "Renamed", "master_password", "")...).wantGoTo(t, "/destinations/1")
	if got := checked(); got != migration.CheckPassed {
		t.Errorf("after a new name the row is %s", got)
	}
	b.post("/destinations/1", destinationFields("master_password", "another")...).wantGoTo(t, "/destinations/1")
	if got := checked(); got != migration.CheckWaiting {
		t.Errorf("after a new password the row is %s", got)
	}

	running := p.running("anna")
	p.passChecks()
	row := func() migration.CheckStatus {
		row, err := p.Store.Resource(t.Context(), p.customer, running.ID, 1)
		check(t, err)
		return row.Check.Status
	}
	page := b.get("/destinations/1").want(t, http.StatusOK, "1 migrazione è in corso verso questo server.", `name="sure"`)
	checkComplete(t, page.body)
	other := destinationFields("host", "other.example", "master_password", "typed")
	b.post("/destinations/1", other...).want(t, http.StatusUnprocessableEntity, `href="#sure"`, "Ci sono migrazioni in corso verso questo server: 1.", `aria-describedby="sure-err"`)
	if d, err := p.Store.Destination(t.Context(), 1); err != nil || d.Endpoint.Host != "imap.new.example" {
		t.Errorf("it was changed all the same: %+v, %v", d.Endpoint, err)
	}
	b.post("/destinations/1", append(other, "sure", "yes")...).wantGoTo(t, "/destinations/1")
	if d, err := p.Store.Destination(t.Context(), 1); err != nil || d.Endpoint.Host != "other.example" {
		t.Errorf("it is %+v, %v", d.Endpoint, err)
	}
	if got := row(); got != migration.CheckPassed {
		t.Errorf("the row of a migration under way is %s", got)
	}
}

func TestDeletingADestination(t *testing.T) {
	p := newPanel(t)
	b := p.as(p.operator)
	page := b.get("/destinations/1/delete").want(t, http.StatusOK, "non si può eliminare", " domini hanno lì le loro caselle", "bianchi.example, ")
	checkComplete(t, page.body)
	if strings.Contains(page.body, "<dialog") {
		t.Error("it asks whether to delete what cannot be")
	}
	b.post("/destinations/1/delete").want(t, http.StatusConflict, "non si può eliminare")
	b.post("/destinations/new", destinationFields("destination_name", "Spare")...).wantGoTo(t, "/destinations/2")
	checkComplete(t, b.get("/destinations/2/delete").want(t, http.StatusOK, "<dialog", "Eliminare il server Spare?").body)
	b.post("/destinations/2/delete").wantGoTo(t, "/destinations")
	b.get("/destinations").want(t, http.StatusOK, "Il server Spare è eliminato.")
	for _, path := range []string{"/destinations/2/delete", "/destinations/new/delete", "/destinations/x/delete"} {
		b.get(path).want(t, http.StatusNotFound)
	}
	b.post("/destinations/2/delete").want(t, http.StatusNotFound)
}

// testAuthority is a certificate that signs itself.
func testAuthority(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Studio Rossi CA"}, NotAfter: testNow.AddDate(1, 0, 0), IsCA: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	check(t, err)
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

func TestADestinationWithAnAuthorityOfItsOwn(t *testing.T) {
	p := newPanel(t)
	b := p.as(p.operator)
	authority := "-----BEGIN CERTIFICATE-----\nbm8gY2VydGlmaWNhdGU=\n-----END CERTIFICATE-----\n"
	b.post("/destinations/1", destinationFields("ca", "no certificate", "master_password", "typed")...).want(t, http.StatusUnprocessableEntity, `href="#ca"`)
	b.post("/destinations/1", destinationFields("ca", authority, "master_password", "typed")...).want(t, http.StatusUnprocessableEntity, "BEGIN CERTIFICATE")
	signer := testAuthority(t)
	// The stored password is not sent to a server that another authority vouches for.
	b.post("/destinations/1", destinationFields("ca", signer, "master_password", "")...).want(t, http.StatusUnprocessableEntity, `href="#master_password"`)
	b.post("/destinations/1", destinationFields("ca", strings.ReplaceAll(signer, "\n", "\r\n"), "master_password", "typed")...).wantGoTo(t, "/destinations/1")
	if d, err := p.Store.Destination(t.Context(), 1); err != nil || string(d.Endpoint.CA) != signer {
		t.Errorf("stored %q, %v", d.Endpoint.CA, err)
	}
	b.get("/destinations/1").want(t, http.StatusOK, "BEGIN CERTIFICATE")
	b.post("/destinations/1", destinationFields("ca", "", "master_password", "typed")...).wantGoTo(t, "/destinations/1")
	if d, err := p.Store.Destination(t.Context(), 1); err != nil || d.Endpoint.CA != nil {
		t.Errorf("stored %q, %v", d.Endpoint.CA, err)
	}
}

// The test says in words what it means for the speed.
func TestTheTestSaysWhatItMeans(t *testing.T) {
	tests := []struct {
		name  string
		can   []string
		took  time.Duration
		want  []string
		never string
	}{
		{"all that helps, near", []string{"LITERAL+", "MULTIAPPEND", "UIDPLUS", "CONDSTORE"}, 400 * time.Microsecond, []string{"Andrà veloce", "Andata e ritorno in 1\u00a0ms: il server è vicino"}, "Senza "},
		{"messages one by one", []string{"LITERAL-", "UIDPLUS", "QRESYNC"}, 40 * time.Millisecond, []string{"Senza MULTIAPPEND", "40\u00a0ms: è normale"}, "Senza UIDPLUS"},
		{"nothing, far", nil, 300 * time.Millisecond, []string{"Senza LITERAL+", "Senza UIDPLUS", "Senza CONDSTORE", "300\u00a0ms: il server è lontano"}, "Andrà veloce"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := newPanel(t)
			p.desk.serverTest = goodTest()
			p.desk.serverTest.Capabilities, p.desk.serverTest.RoundTrip = tt.can, tt.took
			page := p.as(p.operator).post("/destinations/1/test", destinationFields("master_password", "typed")...).want(t, http.StatusOK, tt.want...)
			checkComplete(t, page.body)
			if strings.Contains(page.body, tt.never) {
				t.Errorf("it says %q", tt.never)
			}
		})
	}
}
