package handlers

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"mime/multipart"
	"net/http"
	"strings"
	"sync"
	"testing"

	"trasloco/migration"
)

// keyFile is the JSON file of a service account's key, made once.
var keyFile = sync.OnceValue(func() string {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	octets, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		panic(err)
	}
	file, err := json.Marshal(map[string]string{
		"type": "service_account", "private_key_id": "5d41402abc4b2a76b9719d911017c592", "client_id": "112233445566778899001",
		"client_email": "mover@trasloco-example.iam.gserviceaccount.com", "token_uri": "https://oauth2.googleapis.com/token",
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: octets})),
	})
	if err != nil {
		panic(err)
	}
	return string(file)
})

// uploadKey hands a key in as a browser does.
func (w *wizardUser) uploadKey(data string) answer {
	w.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	file, err := form.CreateFormFile("key", "trasloco-5d41.json")
	check(w.t, err)
	_, err = file.Write([]byte(data))
	check(w.t, err)
	check(w.t, form.WriteField("key_text", ""))
	check(w.t, form.Close())
	return w.keep(w.browser.do(http.MethodPost, w.path("key"), form.FormDataContentType(), &body))
}

const keyRows = "anna@rossi.example;;anna@corp.example;\nbruno@rossi.example;;bruno@corp.example;APP-PASSWORD\n"

// A key is handed in, opens the rows without a password, and is shown to nobody.
func TestAKeyInPlaceOfPasswords(t *testing.T) {
	p := newPanel(t)
	for language, user := range map[string]migration.User{"Italian": p.operator, "English": p.member} {
		t.Run(language, func(t *testing.T) {
			w := p.inWizard(user)
			w.post("server", "server", "gmail")
			w.see("file").want(t, http.StatusOK, w.path("key"))
			w.see("key").want(t, http.StatusOK, `name="key"`)
			w.uploadKey(`{"installed":{"client_id":"x"}}`).want(t, http.StatusUnprocessableEntity, "OAuth")
			w.post("key").want(t, http.StatusUnprocessableEntity)
			w.uploadKey(keyFile()).wantGoTo(t, w.path("key"))
			w.see("key").want(t, http.StatusOK, "112233445566778899001", "https://www.googleapis.com/auth/gmail.imap_admin", "mover@trasloco-example.iam", "5d41402abc4b2a76b9719d911017c592")
			w.see("file").want(t, http.StatusOK, "112233445566778899001")
			w.upload(keyRows).wantGoTo(t, w.path("file"))
			w.see("file").want(t, http.StatusOK, "anna@corp.example", `data-copy="112233445566778899001"`)

			rows := p.toCheck()
			if len(rows) != 2 || rows[0].Source.Auth.Kind != migration.AuthServiceAccount || rows[1].Source.Auth.Kind != migration.AuthPassword {
				t.Fatalf("rows %+v", rows)
			}
			auth := rows[0].Source.Auth
			if key := auth.ClientSecret.Reveal(); !migration.IsPrivateKey(key) || auth.ClientID != "112233445566778899001" || auth.Login != "anna@corp.example" || auth.Account == "" {
				t.Errorf("opened by %+v", auth)
			}
			w.checked(map[string]migration.Check{"anna@corp.example": refused("source", "delegation")})
			w.see("file").want(t, http.StatusOK, "gmail.imap_admin", "112233445566778899001.")

			// Another file keeps the key; without it each row needs a password.
			w.upload(keyRows).wantGoTo(t, w.path("file"))
			w.post("key/remove").wantGoTo(t, w.path("key"))
			if rows := w.migration().Checks.Rows; rows != 1 {
				t.Errorf("without the key %d rows are left, want that with a password", rows)
			}
			w.post("key", "key_text", keyFile()).wantGoTo(t, w.path("key"))
			w.checked(nil)
			w.wantClean("PRIVATE KEY", "APP-PASSWORD")
			m := w.migration()
			check(t, p.Store.Delete(t.Context(), m.CustomerID, &m))
		})
	}
}

// The key goes when another type of server is chosen, with or without a file: nothing
// of it is left on its pages, nor kept.
func TestAKeyGoesWithGmail(t *testing.T) {
	for name, rows := range map[string]string{"alone": "", "with a file": keyRows} {
		t.Run(name, func(t *testing.T) {
			p := newPanel(t)
			w := p.inWizard(p.member)
			w.post("server", "server", "gmail")
			w.uploadKey(keyFile())
			if rows != "" {
				w.upload(rows).wantGoTo(t, w.path("file"))
			}
			w.post("server", "server", "standard").wantGoTo(t, w.path("file"))
			page := w.see("file").want(t, http.StatusOK, "The key of the service account was removed")
			for _, text := range []string{"email@local;;email@remote;", "Admin console", "112233445566778899001", w.path("key")} {
				if strings.Contains(page.body, text) || strings.Contains(w.see("upload").body, text) {
					t.Errorf("%q is still there", text)
				}
			}
			m := w.migration()
			if kept, err := p.Store.Sheet(t.Context(), m.CustomerID, m.ID); err != nil || strings.Contains(kept.Reveal(), "PRIVATE KEY") {
				t.Errorf("the key is kept: %v", err)
			}
			w.post("server", "server", "gmail")
			if strings.Contains(w.see("key").body, "112233445566778899001") {
				t.Error("it comes back")
			}
		})
	}
}

// With the migration's key the sealed key of every row is gone.
func TestAKeyIsShredded(t *testing.T) {
	p := newPanel(t)
	w := p.inWizard(p.operator)
	w.post("server", "server", "gmail")
	w.uploadKey(keyFile())
	w.upload(keyRows)
	m := w.migration()
	check(t, p.Store.Shred(t.Context(), m.CustomerID, m.ID))
	row, err := p.Store.Resource(t.Context(), m.CustomerID, m.ID, 1)
	check(t, err)
	if err := p.Store.OpenResource(t.Context(), m.CustomerID, &row.Resource); err == nil {
		t.Error("the key opens still")
	}
	if text, err := p.Store.Sheet(t.Context(), m.CustomerID, m.ID); err == nil && !text.IsZero() {
		t.Error("the file is kept, and the key in it")
	}
}

// Whoever may change a draft must not open other accounts of the Workspace with a key
// that somebody else handed in.
func TestAKeyOpensOnlyWhatWasMeant(t *testing.T) {
	p := newPanel(t)
	w := p.inWizard(p.operator)
	w.post("server", "server", "gmail")
	w.uploadKey(keyFile())
	w.upload("anna@rossi.example;;anna@corp.example;\n")
	other := p.as(p.manager)
	row := func(login, password string) answer {
		return other.post(w.path("rows/1"), "destination", "anna@rossi.example", "host", "", "login", login, "password", password)
	}
	const refusal = "Another user uploaded the key"
	row("boss@corp.example", "").want(t, http.StatusUnprocessableEntity, refusal)
	other.post(w.path("file"), "rows", "anna@rossi.example;;boss@corp.example;").want(t, http.StatusUnprocessableEntity, refusal)
	if rows := p.toCheck(); len(rows) != 1 || rows[0].Source.Auth.Login != "anna@corp.example" {
		t.Fatalf("rows %+v", rows)
	}
	row("boss@corp.example", "OWN").wantGoTo(t, w.path("file")+"?rows=&page=1#row-1")
	if rows := p.toCheck(); len(rows) != 1 || rows[0].Source.Auth.Kind != migration.AuthPassword {
		t.Errorf("with a password of the other: %+v", rows)
	}
	other.post(w.path("file"), "rows", "anna@rossi.example;;boss@corp.example;OWN").wantGoTo(t, w.path("file"))
}

// The page belongs to Gmail; elsewhere a key is of no use.
func TestAKeyIsForGmail(t *testing.T) {
	p := newPanel(t)
	w := p.inWizard(p.operator)
	w.post("server", "server", "standard")
	w.see("key").wantGoTo(t, w.path("file"))
	w.uploadKey(keyFile()).want(t, http.StatusConflict)
	if body := w.see("file").body; strings.Contains(body, w.path("key")) {
		t.Error("it is offered")
	}
}
