package migration

import (
	"slices"
	"testing"
)

func correctionIntake(own bool) Intake {
	d := Destination{ID: 1, Endpoint: Endpoint{Host: "imap.new.example", Port: 993, TLS: TLSDirect, Auth: Auth{Kind: AuthMaster, Master: "m"}}}
	if own {
		d.Endpoint.Auth = Auth{Kind: AuthPassword}
	}
	return Intake{
		Policy: DefaultPolicy(), User: User{ID: 1, CustomerID: 1, Role: Admin},
		Domains: []Domain{{ID: 5, CustomerID: 1, DestinationID: 1, Name: "new.example"}}, Destinations: []Destination{d},
	}
}

func correctionRow(kind AuthKind, own bool) Resource {
	r := Resource{
		ID: 9, Row: 3, DomainID: 5,
		Source: Endpoint{Host: "imap.old.example", Port: 993, TLS: TLSDirect, Auth: Auth{Kind: kind, Login: "anna@old.example"}},
	}
	switch kind {
	case AuthMaster:
		r.Source.Auth.Master = "boss"
	case AuthClientCredentials:
		r.Source.Auth.ClientID, r.Source.Auth.Tenant = "11111111-2222-3333-4444-555555555555", "old.example"
	}
	r.Destination.Auth = Auth{Kind: AuthMaster, Login: "anna@new.example"}
	if own {
		r.Destination.Auth.Kind = AuthPassword
	}
	return r
}

func TestARowIsCorrectedAsItWouldBeReadFromAFile(t *testing.T) {
	const secret = `new;"pw"`
	tests := []struct {
		name   string
		kind   AuthKind
		own    bool // the mailbox's own password at the destination
		change map[string]string
		copied bool
		want   string // problems as "field code"; "": none
	}{
		{"a password", AuthPassword, false, map[string]string{FieldPassword: secret}, true, ""},
		{"nothing at all", AuthPassword, false, nil, true, ""},
		{"the destination's password", AuthPassword, true, map[string]string{FieldDestinationPassword: secret}, true, ""},
		{"another host with its password", AuthPassword, false, map[string]string{FieldHost: "192.0.2.7:143", FieldPassword: secret}, true, ""},
		{"another host without", AuthPassword, false, map[string]string{FieldHost: "192.0.2.7"}, false, "password row.secret_again"},
		{"another login with its password", AuthPassword, false, map[string]string{FieldLogin: "a.nna", FieldPassword: secret}, false, ""},
		{"another login without", AuthPassword, false, map[string]string{FieldLogin: "a.nna"}, false, "password row.secret_again"},
		{"another login after messages were copied", AuthPassword, false, map[string]string{FieldLogin: "a.nna", FieldPassword: secret}, true, "login row.login_fixed"},
		{"no login", AuthPassword, false, map[string]string{FieldLogin: ""}, false, "login login.empty"},
		{"no host", AuthPassword, false, map[string]string{FieldHost: "http://x.example"}, false, "host host.scheme"},
		{"an internal host", AuthPassword, false, map[string]string{FieldHost: "127.0.0.1", FieldPassword: secret}, false, "host host.loopback"},
		{"a master password", AuthMaster, false, map[string]string{FieldMasterPassword: secret}, true, ""},
		{"another master without password", AuthMaster, false, map[string]string{FieldMaster: "chief"}, true, "master_password row.secret_again"},
		{"a master and the mailbox's own password", AuthMaster, true, map[string]string{FieldMasterPassword: secret}, true, ""},
		{"a client secret", AuthClientCredentials, false, map[string]string{FieldClientSecret: secret}, true, ""},
		{"another tenant without secret", AuthClientCredentials, false, map[string]string{FieldTenant: "other.example"}, false, "client_secret row.secret_again"},
		{"a client ID that is none", AuthClientCredentials, false, map[string]string{FieldClientID: "x", FieldClientSecret: secret}, false, "client_id client_id.format"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			old := correctionRow(tt.kind, tt.own)
			values := CorrectionValues(old)
			for name, text := range tt.change {
				values[name] = text
			}
			got, problems := correctionIntake(tt.own).Correct(old, values, tt.copied)
			said := ""
			for _, p := range problems {
				said += p.Field + " " + p.Code
			}
			if said != tt.want {
				t.Fatalf("problems %q, want %q", said, tt.want)
			}
			if tt.want != "" {
				return
			}
			if got.ID != 9 || got.Row != 3 || got.DomainID != 5 || got.Source.Auth.Kind != tt.kind || got.Destination.Auth.Login != "anna@new.example" {
				t.Errorf("the row became %+v", got)
			}
			secrets := map[string]Secret{
				FieldPassword: got.Source.Auth.Password, FieldMasterPassword: got.Source.Auth.Password,
				FieldClientSecret: got.Source.Auth.ClientSecret, FieldDestinationPassword: got.Destination.Auth.Password,
			}
			for _, name := range CorrectionFields(old) {
				if s, isSecret := secrets[name]; isSecret && !s.Equal(NewSecret(tt.change[name])) {
					t.Errorf("%s: what was typed and what is kept are mixed up", name)
				}
			}
		})
	}
}

func TestTheFieldsOfACorrection(t *testing.T) {
	for kind, want := range map[AuthKind][]string{
		AuthPassword:          {FieldHost, FieldLogin, FieldPassword},
		AuthMaster:            {FieldHost, FieldLogin, FieldMasterPassword, FieldMaster},
		AuthClientCredentials: {FieldHost, FieldLogin, FieldClientID, FieldClientSecret, FieldTenant},
	} {
		if got := CorrectionFields(correctionRow(kind, false)); !slices.Equal(got, want) {
			t.Errorf("%s: %v", kind, got)
		}
		if got := CorrectionFields(correctionRow(kind, true)); !slices.Equal(got, append(want, FieldDestinationPassword)) {
			t.Errorf("%s, own password: %v", kind, got)
		}
	}
}
