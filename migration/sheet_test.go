package migration

import (
	"slices"
	"strings"
	"testing"
)

// intake is that of an admin with two domains: rossi.example moves to a server
// with a master user, verdi.example to one without.
func intake() Intake {
	master := Auth{Kind: AuthMaster, Master: "mover", Password: NewSecret("MASTER")}
	return Intake{
		Policy: DefaultPolicy(), Type: Standard,
		User: User{ID: 1, CustomerID: 1, Role: Admin},
		Domains: []Domain{
			{ID: 1, CustomerID: 1, DestinationID: 1, Name: "rossi.example"},
			{ID: 2, CustomerID: 1, DestinationID: 2, Name: "verdi.example"},
			{ID: 3, CustomerID: 1, DestinationID: 1, Name: "xn--citt-3na.example"},
			{ID: 4, CustomerID: 2, DestinationID: 1, Name: "foreign.example"},
		},
		Destinations: []Destination{
			{ID: 1, Endpoint: Endpoint{Host: "imap.new.example", Port: 993, TLS: TLSDirect, Auth: master}},
			{ID: 2, Endpoint: Endpoint{Host: "mx.new.example", Port: 143, TLS: TLSStartTLS, Auth: Auth{Kind: AuthPassword}}},
		},
	}
}

func TestIntakeFindsWhatOnlyThePanelKnows(t *testing.T) {
	tests := []struct {
		name, csv string
		want      []string
	}{
		{"a row that is right", "a@rossi.example;192.0.2.1;a@old.it;pw", nil},
		{"a domain in capitals", "a@ROSSI.Example;192.0.2.1;a@old.it;pw", nil},
		{"a domain in letters of its own", "a@città.example;192.0.2.1;a@old.it;pw", nil},
		{"a bare login", "anna;192.0.2.1;a@old.it;pw", []string{"1 destination row.no_domain"}},
		{"a domain of nobody", "a@else.example;192.0.2.1;a@old.it;pw", []string{"1 destination row.foreign_domain"}},
		{"a domain of another customer", "a@foreign.example;192.0.2.1;a@old.it;pw", []string{"1 destination row.foreign_domain"}},
		{"a letter too few", "a@rosi.example;192.0.2.1;a@old.it;pw", []string{"1 destination row.domain_typo"}},
		{"a letter too many", "a@rossio.example;192.0.2.1;a@old.it;pw", []string{"1 destination row.domain_typo"}},
		{"another letter", "a@rosse.example;192.0.2.1;a@old.it;pw", []string{"1 destination row.domain_typo"}},
		{"two letters that changed places", "a@orssi.example;192.0.2.1;a@old.it;pw", []string{"1 destination row.domain_typo"}},
		{"an account into itself", "a@rossi.example;IMAP.new.example;a@rossi.example;pw", []string{"1 destination row.same_account"}},
		{
			"faults of both kinds, by row", "a@rossi.example;192.0.2.1;a@old.it;pw\nb;192.0.2.1;b@old.it;pw\nc@rossi.example;;c@old.it;pw",
			[]string{"2 destination row.no_domain", "3 host host.empty"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			sheet := intake().Read([]byte(tt.csv))
			if got := csvCodes(sheet.Problems); !slices.Equal(got, append([]string{}, tt.want...)) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
			if rows := strings.Count(tt.csv, "\n") + 1; len(sheet.Rows)+len(sheet.Problems) != rows {
				t.Errorf("%d rows are right, %d wrong; want %d in all", len(sheet.Rows), len(sheet.Problems), rows)
			}
		})
	}
}

func TestIntakeNamesTheDomainThatWasMeant(t *testing.T) {
	problem := intake().Read([]byte("a@rosi.example;192.0.2.1;a@old.it;pw")).Problems[0]
	if problem.Args["domain"] != "rosi.example" || problem.Args["near"] != "rossi.example" {
		t.Errorf("got %v", problem.Args)
	}
}

func TestIntakeCompletesBothEnds(t *testing.T) {
	in := intake()
	in.Source = SourceOptions{TLS: TLSStartTLS, TLSName: "mail.old.it", Pin: strings.Repeat("ab", 32)}
	sheet := in.Read([]byte("a@rossi.example;192.0.2.1;a@old.it;pw"))
	if len(sheet.Rows) != 1 {
		t.Fatal(csvCodes(sheet.Problems))
	}
	r := sheet.Rows[0]
	if r.DomainID != 1 || r.Destination.Host != "imap.new.example" || r.Destination.Auth.Master != "mover" ||
		r.Destination.Auth.Login != "a@rossi.example" {
		t.Errorf("the destination is %+v of domain %d", r.Destination, r.DomainID)
	}
	if r.Source.Port != PortIMAP || r.Source.TLS != TLSStartTLS || r.Source.TLSName != "mail.old.it" || r.Source.Pin != in.Source.Pin {
		t.Errorf("the source is %+v", r.Source)
	}
}

// A certificate is accepted at one server: those of the others are checked.
func TestACertificateCountsForItsAddressOnly(t *testing.T) {
	one, all := strings.Repeat("ab", 32), strings.Repeat("cd", 32)
	in := intake()
	before := in.Source
	in.Source.Accept("192.0.2.1:993", one)
	in.Source.Accept("[2001:db8::1]:1993", one)
	if before.Pins != nil {
		t.Error("another copy has the certificate too")
	}
	file := []byte("a@rossi.example;192.0.2.1;a@old.it;pw\nb@rossi.example;192.0.2.1:1993;b@old.it;pw\n" +
		"c@rossi.example;192.0.2.2;c@old.it;pw\nd@rossi.example;[2001:db8::1]:1993;d@old.it;pw\n")
	for _, pin := range []string{"", all} {
		in.Source.Pin = pin
		var got []string
		for _, row := range in.Read(file).Rows {
			got = append(got, row.Source.Pin)
		}
		if want := []string{one, pin, pin, one}; !slices.Equal(got, want) {
			t.Errorf("pins %q, want %q", got, want)
		}
	}
}

func TestManagerMayUseHisDomainsOnly(t *testing.T) {
	in := intake()
	in.User = User{ID: 2, CustomerID: 1, Role: Manager, DomainIDs: []int64{2}}
	sheet := in.Read([]byte("a@rossi.example;192.0.2.1;a@old.it;pw;dest\nb@verdi.example;192.0.2.1;b@old.it;pw;dest"))
	if got := csvCodes(sheet.Problems); !slices.Equal(got, []string{"1 destination row.foreign_domain"}) {
		t.Errorf("problems %v", got)
	}
	if len(sheet.Rows) != 1 || sheet.Rows[0].DomainID != 2 {
		t.Errorf("rows %+v", sheet.Rows)
	}
}

// A row brings the password of the destination mailbox where the server of its
// domain has no master user.
func TestIntakeFindsOutWhetherRowsBringADestinationPassword(t *testing.T) {
	const master, own = "a@rossi.example;192.0.2.1;a@old.it;pw", "b@verdi.example;192.0.2.1;b@old.it;pw"
	tests := []struct {
		name, csv string
		want      []string
		passwords []string // of the destinations
	}{
		{"none needs one", master, nil, []string{""}},
		{"all need one and have it", own + ";d1\nc@verdi.example;192.0.2.1;c@old.it;pw;d2", nil, []string{"d1", "d2"}},
		{"one needs it, the other leaves it empty", master + ";\n" + own + ";d1", nil, []string{"", "d1"}},
		{"one needs it and has none", master + ";\n" + own + ";", []string{"2 destination_password destination_password.empty"}, []string{""}},
		{"one needs it, nobody has the field", master + "\n" + own, []string{"2 destination_password destination_password.empty"}, []string{""}},
		{"a file with a master user at the source", "a@rossi.example;192.0.2.1;a@old.it;mpw;admin", nil, []string{""}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			sheet := intake().Read([]byte(tt.csv))
			if got := csvCodes(sheet.Problems); !slices.Equal(got, append([]string{}, tt.want...)) {
				t.Fatalf("got %v, want %v", got, tt.want)
			}
			var passwords []string
			for _, r := range sheet.Rows {
				password := r.Destination.Auth.Password.Reveal()
				if r.DomainID == 1 {
					password = "" // the master user's
				}
				passwords = append(passwords, password)
			}
			if !slices.Equal(passwords, tt.passwords) {
				t.Errorf("passwords %q, want %q", passwords, tt.passwords)
			}
		})
	}
}

func TestServerTypesThatHaveOneHostNeedNone(t *testing.T) {
	for serverType, want := range map[ServerType]string{Gmail: "imap.gmail.com", Office365: "outlook.office365.com"} {
		in := intake()
		in.Type = serverType
		rest := map[ServerType]string{Gmail: "pw", Office365: ";11111111-2222-3333-4444-555555555555;s"}[serverType]
		sheet := in.Read([]byte("a@rossi.example;;a@old.it;" + rest + "\nb@rossi.example;192.0.2.1;b@old.it;" + rest))
		if len(sheet.Rows) != 2 || sheet.Rows[0].Source.Host != want || sheet.Rows[1].Source.Host != "192.0.2.1" {
			t.Errorf("%s: rows %+v, problems %v", serverType, sheet.Rows, csvCodes(sheet.Problems))
		}
	}
}

func TestLinesShowNoSecret(t *testing.T) {
	const form365 = "a@rossi.example;192.0.2.1;a@old.it;SECRET;11111111-2222-3333-4444-555555555555;SECRET;old.it"
	tests := []struct {
		name, csv string
		row       int
		want      string // destination, host, login, then the rest
	}{
		{"a standard row", "a@rossi.example;192.0.2.1;a@old.it;SECRET", 0, "a@rossi.example 192.0.2.1 a@old.it password="},
		{"a master row", "a@rossi.example;192.0.2.1;a@old.it;SECRET;admin", 0, "a@rossi.example 192.0.2.1 a@old.it master_password= master=admin"},
		{"a Microsoft 365 row", form365, 0, "a@rossi.example 192.0.2.1 a@old.it password= client_id=11111111-2222-3333-4444-555555555555 client_secret= tenant=old.it"},
		{"a row without a password", "a@rossi.example;192.0.2.1;a@old.it;SECRET\nb@rossi.example;192.0.2.1;b@old.it", 1, "b@rossi.example 192.0.2.1 b@old.it password="},
		{"a row without a host", "a@rossi.example;192.0.2.1;a@old.it;SECRET\nb@rossi.example;b@old.it;SECRET", 1, "b@rossi.example   password="},
		{"a row without a login", "a@rossi.example;192.0.2.1;a@old.it;SECRET\nb@rossi.example;192.0.2.1;SECRET", 1, "b@rossi.example 192.0.2.1  password="},
		{"a password with the separator in it", "a@rossi.example;192.0.2.1;a@old.it;SECRET\nb@rossi.example;192.0.2.1;b@old.it;SECRET;SECRET", 1, "b@rossi.example 192.0.2.1 b@old.it password="},
		{"a quote that is not closed", "a@rossi.example;192.0.2.1;a@old.it;SECRET\nSECRET;192.0.2.1;b@old.it;\"SECRET", 1, " 192.0.2.1  password="},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := intake()
			in.Domains = in.Domains[:1]
			line := in.Read([]byte(tt.csv)).Lines[tt.row]
			got := line.Text(FieldDestination) + " " + line.Text(FieldHost) + " " + line.Text(FieldLogin)
			for _, cell := range line.Cells[3:] {
				got += " " + cell.Name + "=" + cell.Text
			}
			if got != tt.want || line.Number != tt.row+1 {
				t.Errorf("row %d is %q, want %q", line.Number, got, tt.want)
			}
		})
	}
}

func TestLinesSayWhetherASecretIsThere(t *testing.T) {
	in := intake()
	in.Domains = in.Domains[:1]
	lines := in.Read([]byte("a@rossi.example;192.0.2.1;a@old.it;pw\nb@rossi.example;192.0.2.1;b@old.it;\nc@rossi.example;192.0.2.1;pw")).Lines
	for i, want := range []bool{true, false, false} {
		if got := lines[i].Cells[3]; !got.Secret || got.Filled != want {
			t.Errorf("row %d: %+v", lines[i].Number, got)
		}
	}
}

// What NormalCSV makes of a file is read as the file was.
func TestNormalCSVKeepsWhatWasUnderstood(t *testing.T) {
	tests := []struct{ name, csv, want string }{
		{"nothing to do", "a@x.it;192.0.2.1;a@old.it;pw", "a@x.it;192.0.2.1;a@old.it;pw"},
		{"commas", "a@x.it,192.0.2.1,a@old.it,p;w", `a@x.it;192.0.2.1;a@old.it;"p;w"`},
		{"quotes", `a@x.it;192.0.2.1;a@old.it;"p""w"`, `a@x.it;192.0.2.1;a@old.it;"p""w"`},
		{"a bare quote", `a@x.it;192.0.2.1;a@old.it;p"w`, `a@x.it;192.0.2.1;a@old.it;p"w`},
		{"blanks of a password", "a@x.it;192.0.2.1;a@old.it; pw ", "a@x.it;192.0.2.1;a@old.it; pw "},
		{
			"sep= and a header", "sep=,\r\nemail,host,login,password\r\n\r\na@x.it,192.0.2.1,a@old.it,pw\r\n",
			"sep=;\nemail;host;login;password\n\na@x.it;192.0.2.1;a@old.it;pw\n",
		},
		{"old Mac line ends", "a@x.it;192.0.2.1;a@old.it;pw\rb@x.it;192.0.2.1;b@old.it;pw", "a@x.it;192.0.2.1;a@old.it;pw\nb@x.it;192.0.2.1;b@old.it;pw"},
		{"Windows-1252", "a@x.it;192.0.2.1;a@old.it;p\xe0ss", "a@x.it;192.0.2.1;a@old.it;pàss"},
		{"UTF-16", "\xff\xfea\x00@\x00x\x00;\x00b\x00;\x00c\x00;\x00d\x00", "a@x;b;c;d"},
		{"a row that was not understood", `a@x.it;192.0.2.1;a@old.it;"pw`, `a@x.it;192.0.2.1;a@old.it;"pw`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before := ParseCSV([]byte(tt.csv), CSVOptions{})
			text := NormalCSV([]byte(tt.csv), before)
			if string(text) != tt.want {
				t.Fatalf("got %q, want %q", text, tt.want)
			}
			after := ParseCSV(text, CSVOptions{})
			if !slices.Equal(csvCodes(before.Problems), csvCodes(after.Problems)) || len(before.Rows) != len(after.Rows) {
				t.Errorf("was %d rows, %v; is %d, %v", len(before.Rows), csvCodes(before.Problems), len(after.Rows), csvCodes(after.Problems))
			}
			for i := range before.Rows {
				if before.Rows[i].Row != after.Rows[i].Row || !before.Rows[i].Source.Auth.Password.Equal(after.Rows[i].Source.Auth.Password) {
					t.Errorf("row %d is not what it was", before.Rows[i].Row)
				}
			}
		})
	}
}

func TestEditLineChangesOneRow(t *testing.T) {
	const text = "email;host;login;password\na@x.it;h.it;a@old.it;\"p;w\"\n\nb@x.it;h.it;b@old.it;pw"
	columns := columnsStandard
	all := func(destination, password string) map[string]string {
		return map[string]string{FieldDestination: destination, FieldHost: "h2.it", FieldLogin: "c@old.it", FieldPassword: password}
	}
	tests := []struct {
		name   string
		text   string
		line   int
		values map[string]string
		want   string
	}{
		{"a new password", text, 2, all("c@x.it", "new"), "c@x.it;h2.it;c@old.it;new"},
		{"a password that needs quotes", text, 2, all("c@x.it", `n;"w`), `c@x.it;h2.it;c@old.it;"n;""w"`},
		{"a password that begins with a quote", text, 2, all("c@x.it", `"n`), `c@x.it;h2.it;c@old.it;"""n"`},
		{"no password keeps the old one", text, 2, all("c@x.it", ""), `c@x.it;h2.it;c@old.it;"p;w"`},
		{"a name can be emptied", text, 2, all("", "new"), ";h2.it;c@old.it;new"},
		{"a line end does not become a row", text, 2, all("c@x.it\nd@x.it", "new"), "c@x.it d@x.it;h2.it;c@old.it;new"},
		{"a row that lacked its password", "a;h\nb@x.it;h.it;b@old.it", 2, all("c@x.it", "new"), "c@x.it;h2.it;c@old.it;new"},
		{"of a row with other columns nothing is kept", "a;h\nb@x.it;b@old.it;pw", 2, all("c@x.it", ""), "c@x.it;h2.it;c@old.it;"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before := strings.Split(tt.text, "\n")
			after := strings.Split(string(EditLine([]byte(tt.text), tt.line, columns, tt.values)), "\n")
			if after[tt.line-1] != tt.want {
				t.Errorf("got %q, want %q", after[tt.line-1], tt.want)
			}
			before[tt.line-1] = tt.want
			if !slices.Equal(before, after) {
				t.Errorf("other lines changed: %q", after)
			}
		})
	}
	for _, line := range []int{-1, 0, 5} {
		if got := EditLine([]byte(text), line, columns, all("c@x.it", "new")); string(got) != text {
			t.Errorf("line %d is none, and yet: %q", line, got)
		}
	}
}

func TestAnEditedPasswordIsReadAsItWasTyped(t *testing.T) {
	for _, password := range []string{`;`, `"`, `""`, `a"b`, ` a `, `a;"b";c`, `'a'`, "\ta"} {
		text := EditLine([]byte("a@x.it;192.0.2.1;a@old.it;pw"), 1, columnsStandard, map[string]string{
			FieldDestination: "a@x.it", FieldHost: "192.0.2.1", FieldLogin: "a@old.it", FieldPassword: password,
		})
		sheet := ParseCSV(text, CSVOptions{})
		if len(sheet.Rows) != 1 || sheet.Rows[0].Source.Auth.Password.Reveal() != password {
			t.Errorf("%q became %q", password, text)
		}
	}
}
