package main

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"io"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"

	"trasloco/imapsync/imaptest"
)

func TestCheckCountsAndChangesNothing(t *testing.T) {
	source, dest := sourceAccount(t, 3), destAccount(t, imaptest.AccountOptions{Quota: 1 << 20})
	fill(source, "Spam", 2)
	m := newMoving(t, dest, source)
	a := m.call(t.Context(), "check", "--json", "--max-size", "10")
	if a.code != exitDone {
		t.Fatalf("exit %d, %s %s", a.code, a.out, a.errors)
	}
	octets := 0
	for _, folder := range []string{"INBOX", "Spam"} {
		for _, m := range source.Folder(folder).Messages() {
			octets += len(m.Body)
		}
	}
	want := fmt.Sprintf(`{"resources":[{"row":1,"source":{"stage":"inventory","ok":true,"folders":2,"messages":5,"bytes":%d,"oversize":3},`+
		`"destination":{"stage":"mailbox","ok":true,"quota":{"used":0,"limit":1048576}},"error":null}]}`+"\n", octets)
	if a.out != want {
		t.Errorf("got  %s\nwant %s", a.out, want)
	}
	if changes := append(source.Changes(), dest.Changes()...); len(changes) > 0 {
		t.Errorf("something was changed: %v", changes)
	}
	if _, err := os.Stat(m.file + ".state"); !os.IsNotExist(err) {
		t.Errorf("check remembers something: %v", err)
	}
}

func TestCheckTellsTheEndsApart(t *testing.T) {
	tests := []struct {
		name                string
		source, destination imaptest.Fault
		class, where        string
	}{
		{"the source refuses", imaptest.Fault{Command: "LOGIN", Reply: "NO [AUTHENTICATIONFAILED] no"}, imaptest.Fault{}, "login", "source: LOGIN"},
		{"the destination refuses", imaptest.Fault{}, imaptest.Fault{Command: "LOGIN", Reply: "NO [AUTHENTICATIONFAILED] no"}, "login", "destination: LOGIN"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			source, dest := sourceAccount(t, 1), destAccount(t, imaptest.AccountOptions{})
			source.SetFaults(tt.source)
			dest.SetFaults(tt.destination)
			m := newMoving(t, dest, source)
			a := m.call(t.Context(), "check", "--json")
			r := decode[checkReport](t, a).Resources[0]
			sourceBad := tt.source.Command != ""
			if a.code != exitFailed || r.Source.OK == sourceBad || r.Destination.OK != sourceBad {
				t.Errorf("exit %d, %s", a.code, a.out)
			}
			if r.Error == nil || r.Error.Class != tt.class || !strings.Contains(r.Error.Text, tt.where) {
				t.Errorf("error %+v", r.Error)
			}
			if people := m.call(t.Context(), "check"); !strings.Contains(people.out, "stopped at login") || !strings.Contains(people.out, "0 of 1 accounts") {
				t.Errorf("people read %s", people.out)
			}
		})
	}
}

// A server whose certificate nobody signed is refused with its names and its
// fingerprint; with that as the pin it is believed, with another it is not.
func TestCertificateIsPinnedAfterSeeingIt(t *testing.T) {
	address, cert := busyServer(t)
	sum := sha256.Sum256(cert.Raw)
	pin := hex.EncodeToString(sum[:])
	file := write(t, "a.csv", "a@x.it;"+address+";a;pw;dp")
	classOf := func(more ...string) (class, text string) {
		args := append([]string{"check", file, "--dest", "127.0.0.1:1", "--allow-private", "--json"}, more...)
		e := decode[checkReport](t, call(t.Context(), args...)).Resources[0].Error
		return e.Class, e.Text
	}
	class, text := classOf()
	for _, want := range []string{"example.com", pin, "--source-name NAME", "--source-pin SHA256"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q lacks %s", text, want)
		}
	}
	if class != "certificate" {
		t.Errorf("class %s", class)
	}
	if class, _ := classOf("--source-pin", pin); class != "throttled" {
		t.Errorf("the pinned certificate gives %s", class)
	}
	if class, _ := classOf("--source-pin", somePin); class != "certificate" {
		t.Errorf("another pin gives %s", class)
	}
	if class, _ := classOf("--source-ca", write(t, "ca.pem", toPEM(cert)), "--source-name", "example.com"); class != "throttled" {
		t.Errorf("the confirmed name gives %s", class)
	}
}

// busyServer takes TLS connections and says that it is busy. Its certificate
// names example.com and was signed by nobody.
func busyServer(t *testing.T) (address string, cert *x509.Certificate) {
	t.Helper()
	web := httptest.NewTLSServer(nil) // for its certificate
	web.Close()
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: web.TLS.Certificates})
	if err != nil {
		t.Fatal(err)
	}
	var served sync.WaitGroup
	served.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(conn, "* BYE too many connections\r\n")
			_ = conn.Close()
		}
	})
	t.Cleanup(func() { _ = listener.Close(); served.Wait() })
	return listener.Addr().String(), web.Certificate()
}

func toPEM(cert *x509.Certificate) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw}))
}

func TestCheckWithoutAServer(t *testing.T) {
	file := write(t, "a.csv", "a@x.it;127.0.0.1:1;a;pw;dp")
	a := call(t.Context(), "check", file, "--dest", "127.0.0.1:1", "--allow-private", "--json")
	r := decode[checkReport](t, a).Resources[0]
	if a.code != exitFailed || r.Source.Stage != "connect" || r.Destination.Stage != "connect" || r.Error.Class != "connect" {
		t.Errorf("exit %d, %s", a.code, a.out)
	}
}
