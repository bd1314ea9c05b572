package migration

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
)

var somePEM = sync.OnceValue(func() string {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	octets, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		panic(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: octets}))
})

// keyJSON is a key file as the Google Cloud console gives it, with changes.
func keyJSON(changes map[string]any) string {
	file := map[string]any{
		"type": "service_account", "project_id": "project", "private_key_id": "k1", "private_key": somePEM(),
		"client_email": "mover@project.iam.gserviceaccount.com", "client_id": "112233445566778899001",
		"auth_uri": "https://accounts.google.com/o/oauth2/auth", "token_uri": "https://oauth2.googleapis.com/token",
		"universe_domain": "googleapis.com",
	}
	for name, value := range changes {
		if file[name] = value; value == nil {
			delete(file, name)
		}
	}
	octets, err := json.Marshal(file)
	if err != nil {
		panic(err)
	}
	return string(octets)
}

func TestParseServiceAccount(t *testing.T) {
	with := func(name string, value any) string { return keyJSON(map[string]any{name: value}) }
	tests := []struct{ name, data, code string }{
		{"a key", keyJSON(nil), ""},
		{"with the mark of Windows", "\xef\xbb\xbf " + keyJSON(nil) + "\r\n", ""},
		{"of an older project", with("token_uri", "https://accounts.google.com/o/oauth2/token"), ""},
		{"without a token address", with("token_uri", nil), ""},
		{"nothing", " \n", CodeKeyMissing},
		{"a page", "<html>", CodeKeyJSON},
		{"half of it", keyJSON(nil)[:100], CodeKeyJSON},
		{"a list", "[1]", CodeKeyJSON},
		{"the list of accounts", "a@rossi.example;;a@old.example;pw", CodeKeyCSV},
		{"the other format of keys", "0\x82\x09\x00", CodeKeyP12},
		{"a certificate", "-----BEGIN CERTIFICATE-----\nAAAA", CodeKeyPublic},
		{"an OAuth client of a program", `{"installed":{"client_id":"1-x.apps.googleusercontent.com","client_secret":"x"}}`, CodeKeyOAuthClient},
		{"an OAuth client of a site", `{"web":{"client_id":"1-x.apps.googleusercontent.com"}}`, CodeKeyOAuthClient},
		{"what gcloud keeps of a person", with("type", "authorized_user"), CodeKeyUser},
		{"another kind", with("type", "external_account"), CodeKeyType},
		{"no kind", `{"a":1}`, CodeKeyType},
		{"no private key", with("private_key", nil), CodeKeyNoPrivate},
		{"a cut private key", with("private_key", somePEM()[:200]), CodeKeyPrivate},
		{"a private key with lost line ends", with("private_key", strings.ReplaceAll(somePEM(), "\n", "")), CodeKeyPrivate},
		{"no address", with("client_email", nil), CodeKeyEmail},
		{"another address", with("client_email", "anna@gmail.com"), CodeKeyEmail},
		{"the client ID of something else", with("client_id", "1-x.apps.googleusercontent.com"), CodeKeyClientID},
		{"an address to post to", with("token_uri", "https://evil.example/token"), CodeKeyTokenURI},
		{"one that looks like Google's", with("token_uri", "https://oauth2.googleapis.com.evil.example/token"), CodeKeyTokenURI},
		{"one in clear", with("token_uri", "http://oauth2.googleapis.com/token"), CodeKeyTokenURI},
		{"a port", with("token_uri", "https://oauth2.googleapis.com:8443/token"), CodeKeyTokenURI},
	}
	given := map[string]bool{}
	for _, tt := range tests {
		account, problems := ParseServiceAccount([]byte(tt.data))
		if tt.code == "" {
			want := ServiceAccount{Email: "mover@project.iam.gserviceaccount.com", ClientID: "112233445566778899001", KeyID: "k1", Key: NewSecret(somePEM())}
			if len(problems) > 0 || account != want {
				t.Errorf("%s: %v %+v", tt.name, problems, account)
			}
			continue
		}
		if len(problems) != 1 || problems[0].Code != tt.code || problems[0].Field != FieldServiceKey || account != (ServiceAccount{}) {
			t.Errorf("%s: %+v, want %s", tt.name, problems, tt.code)
		}
		if strings.Contains(fmt.Sprint(problems), "PRIVATE KEY") {
			t.Errorf("%s: the problem quotes the key", tt.name)
		}
		given[tt.code] = true
	}
	for _, code := range KeyCodes() {
		if !given[code] {
			t.Errorf("no key gives %s", code)
		}
	}
}

// With a key a row needs no password, where it names a mailbox of a Workspace at
// Google; one that has a password is opened by that.
func TestRowsOpenedByAKey(t *testing.T) {
	account, _ := ParseServiceAccount([]byte(keyJSON(nil)))
	tests := []struct {
		name, row string
		kind      ServerType
		code      string
		auth      AuthKind
	}{
		{"no password", "a@rossi.example;;a@corp.example;", Gmail, "", AuthServiceAccount},
		{"in quotes", `a@rossi.example;imap.gmail.com;a@corp.example;""`, Gmail, "", AuthServiceAccount},
		{"an app password", "a@rossi.example;;a@corp.example;abcd efgh ijkl mnop", Gmail, "", AuthPassword},
		{"another host", "a@rossi.example;imap.evil.example;a@corp.example;", Gmail, CodeHostNotGoogle, ""},
		{"a bare login", "a@rossi.example;;a;", Gmail, CodeLoginAddress, ""},
		{"a private account", "a@rossi.example;;anna@Gmail.com;", Gmail, CodeLoginPersonal, ""},
		{"another type of server", "a@rossi.example;imap.old.example;a@corp.example;", Standard, CodePasswordEmpty, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := intake()
			in.Type, in.Key = tt.kind, account
			sheet := in.Read([]byte(tt.row))
			var codes []string
			for _, p := range sheet.Problems {
				codes = append(codes, p.Code)
			}
			if tt.code != "" {
				if !slices.Equal(codes, []string{tt.code}) || len(sheet.Rows) > 0 {
					t.Errorf("problems %v", codes)
				}
				return
			}
			if len(codes) > 0 || len(sheet.Rows) != 1 || sheet.Rows[0].Source.Auth.Kind != tt.auth || sheet.Rows[0].Source.Host != "imap.gmail.com" {
				t.Errorf("problems %v, rows %+v", codes, sheet.Rows)
			}
			if auth := sheet.Rows[0].Source.Auth; tt.auth == AuthServiceAccount && (auth.ServiceAccount() != account || auth.Login != "a@corp.example") {
				t.Errorf("opened by %+v", auth)
			}
		})
	}
	in := intake()
	in.Type = Gmail
	if sheet := in.Read([]byte(tests[0].row)); len(sheet.Problems) != 1 || sheet.Problems[0].Code != CodePasswordEmpty {
		t.Errorf("without a key: %+v", sheet.Problems)
	}
}

// A row of a planned migration may get a password of its own, and keep the key for
// its mailbox; the key is not taken to another one.
func TestCorrectARowOfAKey(t *testing.T) {
	account, _ := ParseServiceAccount([]byte(keyJSON(nil)))
	in := intake()
	in.Type = Gmail
	row := Resource{ID: 7, Row: 3, Source: Endpoint{Host: "imap.gmail.com", Port: 993, TLS: TLSDirect, Auth: account.Auth("a@corp.example")}}
	row.Destination.Auth = Auth{Kind: AuthMaster, Login: "a@rossi.example"}
	row.Source.Auth.ClientSecret = Secret{}
	if fields := CorrectionFields(row); !slices.Equal(fields, []string{FieldHost, FieldLogin, FieldPassword}) {
		t.Fatalf("fields %v", fields)
	}
	tests := []struct {
		name    string
		changes map[string]string
		code    string
		auth    AuthKind
	}{
		{"nothing", nil, "", AuthServiceAccount},
		{"a password", map[string]string{FieldPassword: "abcd"}, "", AuthPassword},
		{"another mailbox by its password", map[string]string{FieldPassword: "abcd", FieldLogin: "b@corp.example"}, "", AuthPassword},
		{"another mailbox", map[string]string{FieldLogin: "b@corp.example"}, CodeKeyFixed, ""},
		{"another server", map[string]string{FieldHost: "imap.evil.example"}, CodeHostNotGoogle, ""},
	}
	for _, tt := range tests {
		values := CorrectionValues(row)
		for name, value := range tt.changes {
			values[name] = value
		}
		got, problems := in.Correct(row, values, false)
		if tt.code != "" {
			if len(problems) != 1 || problems[0].Code != tt.code {
				t.Errorf("%s: %+v", tt.name, problems)
			}
			continue
		}
		auth := got.Source.Auth
		if len(problems) > 0 || auth.Kind != tt.auth || !auth.ClientSecret.IsZero() || auth.Kind == AuthServiceAccount && auth.ClientID != account.ClientID {
			t.Errorf("%s: %+v %+v", tt.name, problems, auth)
		}
	}
}
