package migration

import "testing"

// What a user relies on who chooses a provider and leaves the host empty: the server with
// its port and TLS, what the mailbox logs in with, how many connections are made, and how
// a master user logs in. Where the server cannot be told the row asks for it.
func TestEveryProviderCanBeUsed(t *testing.T) {
	const address, local = LoginAddress, LoginLocal
	tests := []struct {
		name, server string // of anna@old.it; "": it is asked for
		login        ProviderLogin
		password     ProviderPassword
		most         int
		master       string
		mx, domain   string // by which its customers are known; "": by nothing
	}{
		{"aruba", "imaps.aruba.it:993", address, PasswordOwn, 0, "", "mx.aruba.it", "aruba.it"},
		{"aruba_pec", "imaps.pec.aruba.it:993", address, PasswordTwoStep, 0, "", "mx.pec.aruba.it", "pec.it"},
		{"register", "pop.securemail.pro:993", address, PasswordOwn, 0, "", "mail.register.it", ""},
		{"libero", "imapmail.libero.it:993", address, PasswordTwoStep, 0, "", "smtp-in.libero.it", "inwind.it"},
		{"tim", "imap.tim.it:993", address, PasswordOwn, 0, "", "smtp.tim.it", "alice.it"},
		{"ovh", "ssl0.ovh.net:993", address, PasswordOwn, 0, "", "mx1.mail.ovh.net", ""},
		{"ionos", "imap.ionos.it:993", address, PasswordOwn, 0, "", "mx00.ionos.it", ""},
		{"yahoo", "imap.mail.yahoo.com:993", address, PasswordApp, 0, "", "mta5.am0.yahoodns.net", "yahoo.it"},
		{"icloud", "imap.mail.me.com:993", local, PasswordApp, 0, "", "mx01.mail.icloud.com", "me.com"},
		{"fastmail", "imap.fastmail.com:993", address, PasswordApp, 0, "", "in1-smtp.messagingengine.com", "fastmail.fm"},
		{"zoho", "imappro.zoho.eu:993", address, PasswordTwoStep, 0, "", "mx.zoho.eu", ""},
		{"cpanel", "mail.old.it:993", address, PasswordOwn, 0, "", "", ""},
		{"plesk", "mail.old.it:993", address, PasswordOwn, 3, "", "", ""},
		{"zimbra", "", address, PasswordOwn, 0, "authzid", "", ""},
		{"kerio", "", address, PasswordOwn, 0, "x-masterauth", "", ""},
		{"cyrus", "", local, PasswordOwn, 0, "authzid", "", ""},
		{"courier", "", address, PasswordOwn, 3, "", "", ""},
		{"oracle", "", local, PasswordOwn, 0, "proxyauth", "", ""},
		{"mirapoint", "", address, PasswordOwn, 0, "login:#{user}#{master}#", "", ""},
		{"scalix", "", local, PasswordOwn, 0, "login:mboxadmin:{master}:{user}", "", ""},
	}
	told := map[string]bool{}
	for _, tt := range tests {
		told[tt.name] = true
		t.Run(tt.name, func(t *testing.T) {
			var m Migration
			m.ChooseSource(Standard, ProviderNamed(tt.name))
			in := intake()
			in.Source = m.Source
			row := func(host string) Endpoint {
				sheet := in.Read([]byte("anna@rossi.example;" + host + ";anna@old.it;pw;admin"))
				if len(sheet.Rows) != 1 {
					return Endpoint{}
				}
				return sheet.Rows[0].Source
			}
			if got := row(""); tt.server == "" {
				if got.Host != "" {
					t.Errorf("it goes to %s", got.Address())
				}
			} else if got.Address() != tt.server || got.TLS != TLSDirect {
				t.Errorf("it goes to %s by %q, want %s", got.Address(), got.TLS, tt.server)
			}
			got := row("imap.other.example")
			if got.Host != "imap.other.example" || got.Most != tt.most || got.Auth.Form.String() != tt.master || got.Auth.Login != "anna@old.it" {
				t.Errorf("%s, %d connections, master %q, login %q", got.Host, got.Most, got.Auth.Form, got.Auth.Login)
			}
			p := ProviderNamed(tt.name)
			if p.Login != tt.login || p.Password != tt.password {
				t.Errorf("a mailbox logs in by %q with %q", p.Login, p.Password)
			}
			for _, mx := range append(p.MX, tt.mx) {
				if found, _ := ProviderOf("rossi.example", mx+"."); mx != "" && found.Name != tt.name {
					t.Errorf("who takes in mail at %q is a customer of %q", mx, found.Name)
				}
			}
			for _, domain := range append(p.Domains, tt.domain) {
				if found, _ := ProviderOf(domain); domain != "" && found.Name != tt.name {
					t.Errorf("%q is a customer of %q", domain, found.Name)
				}
			}
			if p.Host != "" && p.Prefix != "" || tt.mx == "" && len(p.MX) > 0 || tt.domain == "" && len(p.Domains) > 0 {
				t.Errorf("%+v says more than is expected", p)
			}
		})
	}
	for _, p := range Providers() {
		if !told[p.Name] {
			t.Errorf("nothing is expected of %s", p.Name)
		}
	}
	if len(told) != len(tests) || len(Providers()) != len(tests) {
		t.Errorf("%d are expected, %d told, %d are there", len(tests), len(told), len(Providers()))
	}
}

func TestProviderOf(t *testing.T) {
	tests := []struct {
		name, domain string
		mx           []string
		want         string
	}{
		{"nobody's", "rossi.example", []string{"mx.rossi.example"}, ""},
		{"no mail at all", "rossi.example", nil, ""},
		{"a customer, by the MX", "rossi.example", []string{"MX.Aruba.it."}, "aruba"},
		{"the longer name counts", "rossi.example", []string{"mx.pec.aruba.it"}, "aruba_pec"},
		{"an address that is given away", "Libero.it", nil, "libero"},
		{"a name that only ends alike", "rossi.example", []string{"mx.notaruba.it"}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if p, known := ProviderOf(tt.domain, tt.mx...); p.Name != tt.want || known != (tt.want != "") {
				t.Errorf("got %q, %v", p.Name, known)
			}
		})
	}
}

func TestARowWithoutAHostGoesToItsProvider(t *testing.T) {
	tests := []struct {
		name, provider, csv, want string
	}{
		{"one server for all", "aruba", "a@rossi.example;;a@old.it;pw", "imaps.aruba.it:993"},
		{"what the row says counts", "aruba", "a@rossi.example;imap.old.it:143;a@old.it;pw", "imap.old.it:143"},
		{"a server of the domain", "cpanel", "a@rossi.example;;a@old.it;pw", "mail.old.it:993"},
		{"a login without a domain", "cpanel", "a@rossi.example;;a;pw", "mail.rossi.example:993"},
		{"a provider whose servers have names of their own", "zimbra", "a@rossi.example;;a@old.it;pw", ""},
		{"nobody said", "", "a@rossi.example;;a@old.it;pw", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := intake()
			in.Source.Provider = tt.provider
			sheet := in.Read([]byte(tt.csv))
			got := ""
			if len(sheet.Rows) == 1 {
				got = sheet.Rows[0].Source.Address()
				if most := sheet.Rows[0].Source.Most; most != ProviderNamed(tt.provider).Most {
					t.Errorf("it bears %d connections", most)
				}
			} else if len(sheet.Problems) != 1 || sheet.Problems[0].Code != CodeHostEmpty {
				t.Errorf("problems %v", sheet.Problems)
			}
			if got != tt.want {
				t.Errorf("the source is %q, want %q", got, tt.want)
			}
		})
	}
}

func TestServersBringTheirMasterLogin(t *testing.T) {
	const exchange, own = `login:{master}\{user}`, "login:#{user}#{master}#"
	type choice struct {
		kind     ServerType
		provider string
	}
	tests := []struct {
		name    string
		chosen  string // by hand, before the last choice
		choices []choice
		want    string
	}{
		{"Zimbra", "", []choice{{Standard, "zimbra"}}, "authzid"},
		{"Exchange", "", []choice{{Exchange, ""}}, exchange},
		{"Exchange after all", "", []choice{{Standard, ""}, {Exchange, ""}}, exchange},
		{"no Exchange after all", exchange, []choice{{Exchange, ""}, {Standard, ""}}, ""},
		{"another provider after all", "authzid", []choice{{Standard, "zimbra"}, {Standard, "cpanel"}}, ""},
		{"Zimbra after Exchange", exchange, []choice{{Exchange, ""}, {Standard, "zimbra"}}, "authzid"},
		{"somebody wants it found out after all", "", []choice{{Standard, "zimbra"}, {Standard, "zimbra"}}, ""},
		{"also of Exchange", "", []choice{{Exchange, ""}, {Exchange, ""}}, ""},
		{"another was chosen", own, []choice{{Standard, ""}, {Exchange, ""}}, own},
		{"and stays", own, []choice{{Exchange, ""}, {Standard, "zimbra"}}, own},
		{"nothing is known", "", []choice{{Gmail, ""}}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var m Migration
			for i, c := range tt.choices {
				if i == len(tt.choices)-1 {
					m.Source.Master, _ = ParseMasterForm(tt.chosen)
				}
				m.ChooseSource(c.kind, ProviderNamed(c.provider))
				if m.ServerType != c.kind || m.Source.Provider != c.provider {
					t.Errorf("chosen are %q and %q", m.ServerType, m.Source.Provider)
				}
			}
			if got := m.Source.Master.String(); got != tt.want {
				t.Errorf("the master logs in by %q, want %q", got, tt.want)
			}
		})
	}
}

func TestRowsOfOffice365GoToTheCloudOfTheInstallation(t *testing.T) {
	const row = "a@rossi.example;;a@old.it;;6731de76-14a6-49ae-97bc-6eba6914391e;SECRET"
	for name, want := range map[string]string{"": "outlook.office365.com", "public": "outlook.office365.com", "china": "partner.outlook.cn"} {
		in := intake()
		in.Type, in.Policy.Cloud = Office365, name
		sheet := in.Read([]byte(row))
		if len(sheet.Rows) != 1 || sheet.Rows[0].Source.Host != want {
			t.Errorf("cloud %q: %+v, %v", name, sheet.Rows, sheet.Problems)
		}
	}
}
