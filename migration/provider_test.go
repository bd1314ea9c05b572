package migration

import "testing"

func TestEveryProviderCanBeUsed(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range Providers() {
		t.Run(p.Name, func(t *testing.T) {
			if seen[p.Name] || ProviderNamed(p.Name).Name != p.Name {
				t.Error("it is there twice, or is not found")
			}
			seen[p.Name] = true
			if host := p.HostFor("rossi.example"); host != "" {
				read, problems := ParseHostPort(host, false)
				if len(problems) > 0 || read.Host != host || read.Port != 0 {
					t.Errorf("the host %q is read as %+v, %v", host, read, problems)
				}
			}
			if p.Host != "" && p.Prefix != "" || p.Login == "" || p.Password == "" {
				t.Errorf("%+v says too much, or too little", p)
			}
			for _, mx := range p.MX {
				if found, known := ProviderOf("rossi.example", "in1."+mx+"."); !known || found.Name != p.Name {
					t.Errorf("mail for %s is taken in by %q", mx, found.Name)
				}
			}
		})
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
