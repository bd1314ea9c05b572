package migration

import (
	"fmt"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// csvCodes returns "row field code" of each problem.
func csvCodes(problems []Problem) []string {
	list := []string{}
	for _, p := range problems {
		list = append(list, strings.Join(strings.Fields(fmt.Sprint(p.Row, " ", p.Field, " ", p.Code)), " "))
	}
	return list
}

const plainRow = "a@x.it;192.0.2.1;a@old.it;pw"

func TestParseCSVReadsRows(t *testing.T) {
	tests := []struct{ name, csv, password string }{
		{"four fields", "a@x.it;192.0.2.1;a@old.it;pw", "pw"},
		{"separator inside quotes", `a@x.it;192.0.2.1;a@old.it;"p;w"`, "p;w"},
		{"doubled quotes inside quotes", `a@x.it;192.0.2.1;a@old.it;"p""w"`, `p"w`},
		{"a password that is one quote", `a@x.it;192.0.2.1;a@old.it;""""`, `"`},
		{"a bare quote inside", `a@x.it;192.0.2.1;a@old.it;p"w`, `p"w`},
		{"a bare quote at the end", `a@x.it;192.0.2.1;a@old.it;pw"`, `pw"`},
		{"password keeps its spaces", "a@x.it;192.0.2.1;a@old.it; pw ", " pw "},
		{"password keeps its no-break space", "a@x.it;192.0.2.1;a@old.it;\u00a0pw\u200b", "\u00a0pw\u200b"},
		{"password keeps its tab", "a@x.it;192.0.2.1;a@old.it;p\tw", "p\tw"},
		{"password with everything awkward", `a@x.it;192.0.2.1;a@old.it;'()*/§ {%,\=+-@#&!`, `'()*/§ {%,\=+-@#&!`},
		{"every field in quotes", `"a@x.it";"192.0.2.1";"a@old.it";"pw"`, "pw"},
		{"comma in a password of a file with semicolons", "a@x.it;192.0.2.1;a@old.it;p,w,x,y", "p,w,x,y"},
		{"commas as separator", "a@x.it,192.0.2.1,a@old.it,p;w", "p;w"},
		{"tabs as separator", "a@x.it\t192.0.2.1\ta@old.it\tp;,w", "p;,w"},
		{"the line sep=", "sep=,\r\na@x.it,192.0.2.1,a@old.it,pw", "pw"},
		{"the line sep= in quotes", "\"sep=;\"\na@x.it;192.0.2.1;a@old.it;pw", "pw"},
		{"old Mac line ends", "\ra@x.it;192.0.2.1;a@old.it;pw\r\r", "pw"},
		{"line ends converted twice", "a@x.it;192.0.2.1;a@old.it;pw\r\r\n", "pw"},
		{"empty spreadsheet rows", ";;;\n ; ;\t;\na@x.it;192.0.2.1;a@old.it;pw\n;;;", "pw"},
		{"blanks around names", "\u00a0a@x.it\u200b; 192.0.2.1 ;a@old.it\u00a0;pw", "pw"},
		{"UTF-8 with a mark", "\xef\xbb\xbfa@x.it;192.0.2.1;a@old.it;pàss", "pàss"},
		{"Windows-1252", "a@x.it;192.0.2.1;a@old.it;p\xe0ss\x80", "pàss€"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			sheet := ParseCSV([]byte(tt.csv), CSVOptions{})
			if len(sheet.Rows) != 1 || len(sheet.Problems) != 0 {
				t.Fatalf("got %d rows, problems %v", len(sheet.Rows), csvCodes(sheet.Problems))
			}
			r := sheet.Rows[0]
			got := []string{r.Destination.Auth.Login, r.Source.Host, r.Source.Auth.Login, r.Source.Auth.Password.Reveal()}
			if want := []string{"a@x.it", "192.0.2.1", "a@old.it", tt.password}; !slices.Equal(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

func TestParseCSVForms(t *testing.T) {
	const id = "11111111-2222-3333-4444-555555555555"
	host := Endpoint{Host: "192.0.2.1", Port: PortIMAPS, TLS: TLSDirect}
	with := func(auth Auth) Endpoint { e := host; e.Auth = auth; return e }
	dest := func(password string) Endpoint {
		return Endpoint{Auth: Auth{Kind: AuthPassword, Login: "info", Password: NewSecret(password)}}
	}
	standard := Auth{Kind: AuthPassword, Login: "u@old.it", Password: NewSecret("p")}
	master := Auth{Kind: AuthMaster, Login: "u@old.it", Password: NewSecret("mp"), Master: "admin"}
	entra := Auth{Kind: AuthClientCredentials, Login: "u@old.it", ClientID: id, ClientSecret: NewSecret("s")}
	tenant := entra
	tenant.Tenant = "old.it"
	tests := []struct {
		name, csv string
		form      Form
		source    Auth
	}{
		{"standard", "info;192.0.2.1;u@old.it;p", FormStandard, standard},
		{"master user", "info;192.0.2.1;u@old.it;mp;admin", FormMaster, master},
		{"Microsoft 365", "info;192.0.2.1;u@old.it;;" + id + ";s", FormMicrosoft365, entra},
		{"Microsoft 365 with a password that is not kept", "info;192.0.2.1;u@old.it;pw;" + id + ";s", FormMicrosoft365, entra},
		{"Microsoft 365 with a tenant", "info;192.0.2.1;u@old.it;;" + id + ";s;old.it", FormMicrosoft365, tenant},
		{"Microsoft 365 with an empty tenant", "info;192.0.2.1;u@old.it;;" + id + ";s;", FormMicrosoft365, entra},
	}
	for _, tt := range tests {
		for _, password := range []string{"", " d;p"} {
			t.Run(tt.name+" destination password "+password, func(t *testing.T) {
				csv := tt.csv
				if password != "" {
					csv += `;"` + password + `"`
				}
				sheet := ParseCSV([]byte(csv), CSVOptions{DestinationPassword: password != ""})
				want := []Resource{{Row: 1, Source: with(tt.source), Destination: dest(password)}}
				if sheet.Form != tt.form || !reflect.DeepEqual(sheet.Rows, want) {
					t.Errorf("got %s %+v %v", sheet.Form, sheet.Rows, csvCodes(sheet.Problems))
				}
			})
		}
	}
}

func TestParseCSVPortAndTLS(t *testing.T) {
	tests := []struct {
		name, host string
		opts       CSVOptions
		port       int
		tls        TLSMode
	}{
		{"nothing said", "h.it", CSVOptions{}, 993, TLSDirect},
		{"port 143 in the row", "h.it:143", CSVOptions{}, 143, TLSStartTLS},
		{"another port in the row", "h.it:1993", CSVOptions{}, 1993, TLSDirect},
		{"a default port", "h.it", CSVOptions{DefaultPort: 143}, 143, TLSStartTLS},
		{"the row beats the default", "h.it:993", CSVOptions{DefaultPort: 143}, 993, TLSDirect},
		{"a mode alone", "h.it", CSVOptions{DefaultTLS: TLSNone}, 143, TLSNone},
		{"a mode and a port in the row", "h.it:993", CSVOptions{DefaultTLS: TLSStartTLS}, 993, TLSStartTLS},
		{"IPv6 with a port", "[2001:db8::1]:1143", CSVOptions{}, 1143, TLSDirect},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			sheet := ParseCSV([]byte("a@x.it;"+tt.host+";a@old.it;pw"), tt.opts)
			if len(sheet.Rows) != 1 {
				t.Fatalf("problems %v", csvCodes(sheet.Problems))
			}
			if got := sheet.Rows[0].Source; got.Port != tt.port || got.TLS != tt.tls {
				t.Errorf("got %d %s, want %d %s", got.Port, got.TLS, tt.port, tt.tls)
			}
		})
	}
}

func TestParseCSVEncodings(t *testing.T) {
	text := "a@x.it;192.0.2.1;a@old.it;pàss€\r\n"
	wide := func(big bool) string {
		var b strings.Builder
		for _, c := range text {
			low, high := byte(c), byte(c>>8)
			if big {
				low, high = high, low
			}
			b.WriteByte(low)
			b.WriteByte(high)
		}
		return b.String()
	}
	tests := []struct{ name, data, want string }{
		{"UTF-8", text, "UTF-8"},
		{"UTF-8 with a mark", "\xef\xbb\xbf" + text, "UTF-8"},
		{"UTF-16 little-endian", "\xff\xfe" + wide(false), "UTF-16LE"},
		{"UTF-16 big-endian", "\xfe\xff" + wide(true), "UTF-16BE"},
		{"UTF-16 little-endian without a mark", wide(false), "UTF-16LE"},
		{"UTF-16 big-endian without a mark", wide(true), "UTF-16BE"},
		{"Windows-1252", strings.NewReplacer("à", "\xe0", "€", "\x80").Replace(text), "Windows-1252"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			sheet := ParseCSV([]byte(tt.data), CSVOptions{})
			if sheet.Encoding != tt.want || len(sheet.Rows) != 1 {
				t.Fatalf("got %s, %v", sheet.Encoding, csvCodes(sheet.Problems))
			}
			if got := sheet.Rows[0].Source.Auth.Password.Reveal(); got != "pàss€" {
				t.Errorf("got password %q", got)
			}
		})
	}
}

func TestParseCSVHeader(t *testing.T) {
	tests := []struct {
		name, first string
		header      bool
	}{
		{"Italian names", "Destinazione;Server remoto;Login;Password", true},
		{"English names", "destination;host;login;password", true},
		{"the names of the sample", "email@locale;imap-server-remoto;email@remota;pwdremota", true},
		{"names in quotes", `"Email";"IMAP server";"User name";"Password"`, true},
		{"a remark as one more column", "Email;Server;Login;Password;Note", true},
		{"short logins that sound like names", "info;192.0.2.7;user;password", false},
		{"a host called server", "rossi;server.old.it;rossi;password", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			sheet := ParseCSV([]byte(tt.first+"\n"+plainRow), CSVOptions{})
			rows := 2
			if tt.header {
				rows = 1
			}
			if sheet.Header != tt.header || len(sheet.Rows) != rows {
				t.Fatalf("header %v, %d rows, %v", sheet.Header, len(sheet.Rows), csvCodes(sheet.Problems))
			}
			if last := sheet.Rows[rows-1]; last.Row != 2 {
				t.Errorf("last row is %d, want line 2", last.Row)
			}
		})
	}
}

func TestParseCSVProblems(t *testing.T) {
	tests := []struct{ name, csv, want string }{
		{"nothing", "", "0 csv.empty"},
		{"only a mark and line ends", "\xef\xbb\xbf\r\n\r\n", "0 csv.empty"},
		{"only separators", ";;;\n;;;", "0 csv.no_rows"},
		{"only a header", "destination;host;login;password\n", "0 csv.no_rows"},
		{"only the line sep=", "sep=;\n", "0 csv.no_rows"},
		{"an odd separator", "sep=|\na|b|c|d", "1 csv.sep_line"},
		{"a workbook", "PK\x03\x04xxxx", "0 csv.spreadsheet"},
		{"an old workbook", "\xd0\xcf\x11\xe0\xa1\xb1", "0 csv.spreadsheet"},
		{"a web page", "<!DOCTYPE html><html>", "0 csv.document"},
		{"columns in another order", "Server;Login;Password;Email\nh;l;p;e", "1 csv.column_order"},
		{"three fields", "a@x.it;192.0.2.1;a@old.it", "1 csv.too_few_fields"},
		{"eight fields", "a;b;c;d;e;f;g;h", "1 csv.too_many_fields"},
		{"a quote that swallows no row", "a@x.it;h.it;a@old.it;\"pw\n" + plainRow, "1 password csv.unclosed_quote"},
		{"a quote that spans two lines", "a@x.it;h.it;a@old.it;\"p\nw\"", "1 password csv.unclosed_quote, 2 csv.too_few_fields"},
		{"text behind a quote", `a@x.it;h.it;a@old.it;"pw" ;`, "1 password csv.after_quote"},
		{"line ends of two kinds", "a@x.it;h.it;a@old.it;pw\rb@x.it;h.it;b@old.it;pw\n", "1 csv.mixed_line_ends"},
		{"half a character in UTF-16", "\xff\xfea\x00;\x00b\x00;\x00c\x00;\x00\x00\xd8", "1 csv.lost_letters"},
		{"bad octets behind a mark", "\xef\xbb\xbfa@x.it;h.it;a@old.it;p\xe0", "1 csv.lost_letters"},
		{"the same row twice", plainRow + "\n\nA@x.it;192.0.2.1:993;a@old.it;pw2", "3 csv.duplicate"},
		{"a duplicate with another fault", plainRow + "\na@x.it;192.0.2.1;a@old.it;", "2 password password.empty, 2 csv.duplicate"},
		{"a no-break space in a login", plainRow + "\nb@x.it;h.it;b\u00a0c@old.it;pw", "2 login login.blank"},
		{"a form in the minority", strings.Repeat(plainRow+";admin\n", 1) + "b@x.it;h.it;b@old.it;pw\nc@x.it;h.it;c@old.it;pw;admin", "2 csv.other_form"},
		{"master fields empty", "a@x.it;h.it;a@old.it;;admin\nb@x.it;h.it;b@old.it;mp; ", "1 master_password master_password.empty, 2 master master.empty"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := strings.Join(csvCodes(ParseCSV([]byte(tt.csv), CSVOptions{}).Problems), ", ")
			if got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestParseCSVDestinationPasswordMissing(t *testing.T) {
	sheet := ParseCSV([]byte("a@x.it;h.it;a@old.it;pw;dp\nb@x.it;h.it;b@old.it;pw;\nc@x.it;h.it;c@old.it;pw"),
		CSVOptions{DestinationPassword: true})
	want := []string{"2 destination_password destination_password.empty", "3 csv.too_few_fields"}
	if got := csvCodes(sheet.Problems); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestParseCSVWarnings(t *testing.T) {
	row := func(destination, host, login, password string) string {
		return strings.Join([]string{destination, host, login, password}, ";")
	}
	tests := []struct{ name, csv, want string }{
		{"nothing odd", plainRow, ""},
		{"a blank around a name", row("a@x.it", "h.it ", "a@old.it", "pw"), "1 host field.cleaned"},
		{"an invisible character in a name", row("a\u200b@x.it", "h.it", "a@old.it", "pw"), "1 destination field.cleaned"},
		{"a blank inside a login", row("a@x.it", "h.it", "mario rossi", "pw"), "1 login login.space"},
		{"a short host", row("a@x.it", "mail", "a@old.it", "pw"), "1 host host.short"},
		{"a host of another service", row("a@x.it", "smtp.old.it", "a@old.it", "pw"), "1 host host.other_service"},
		{"a bare quote", row("a@x.it", "h.it", "a@old.it", `p"w`), "1 password password.bare_quote"},
		{"a blank at the end of a password", row("a@x.it", "h.it", "a@old.it", "pw "), "1 password password.edge_blank"},
		{"an invisible character in a password", row("a@x.it", "h.it", "a@old.it", "p\u200bw"), "1 password password.invisible"},
		{"curly quotes", row("a@x.it", "h.it", "a@old.it", "“pw”"), "1 password password.curly_quote"},
		{"a number as a spreadsheet writes it", row("a@x.it", "h.it", "a@old.it", "1,23E+15"), "1 password password.excel_number"},
		{"Windows-1252", row("a@x.it", "h.it", "a@old.it", "p\xe0"), "0 csv.windows1252"},
		{"two sources into one destination", plainRow + "\n" + row("a@x.it", "h.it", "b@old.it", "pw"), "2 destination csv.same_destination"},
		{"one source into two destinations", plainRow + "\n" + row("b@x.it", "192.0.2.1", "a@old.it", "pw"), "2 login csv.same_source"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			sheet := ParseCSV([]byte(tt.csv), CSVOptions{})
			if got := strings.Join(csvCodes(sheet.Warnings), ", "); got != tt.want || len(sheet.Problems) != 0 {
				t.Errorf("got %s, want %s; problems %v", got, tt.want, sheet.Problems)
			}
		})
	}
}

func TestDuplicatesNameTheOtherRow(t *testing.T) {
	sheet := ParseCSV([]byte("\n"+plainRow+"\n"+plainRow), CSVOptions{})
	if len(sheet.Problems) != 1 || sheet.Problems[0].Args["other"] != 2 || len(sheet.Rows) != 1 {
		t.Errorf("got %+v, %d rows", sheet.Problems, len(sheet.Rows))
	}
}

func TestParseCSVMaxRows(t *testing.T) {
	row := func(i int) string { return fmt.Sprintf("a%d@x.it;h.it;a%d@old.it;pw\n", i, i) }
	var b strings.Builder
	b.WriteString("sep=;\ndestination;host;login;password\n")
	for i := range 500 {
		b.WriteString(row(i))
	}
	if sheet := ParseCSV([]byte(b.String()), CSVOptions{}); len(sheet.Rows) != 500 || len(sheet.Problems) != 0 {
		t.Errorf("500 rows: got %d, %v", len(sheet.Rows), csvCodes(sheet.Problems))
	}
	b.WriteString(row(500))
	sheet := ParseCSV([]byte(b.String()), CSVOptions{})
	if got := csvCodes(sheet.Problems); !slices.Equal(got, []string{"0 csv.too_many_rows"}) || len(sheet.Rows) != 0 {
		t.Errorf("501 rows: got %v and %d rows", got, len(sheet.Rows))
	}
	if args := sheet.Problems[0].Args; args["rows"] != 501 || args["max"] != 500 {
		t.Errorf("got %v", args)
	}
	if sheet := ParseCSV([]byte(b.String()), CSVOptions{MaxRows: 501}); len(sheet.Rows) != 501 {
		t.Errorf("501 allowed: got %d", len(sheet.Rows))
	}
}

func TestParseCSVTooBig(t *testing.T) {
	sheet := ParseCSV(make([]byte, MaxCSVBytes+1), CSVOptions{})
	if got := csvCodes(sheet.Problems); !slices.Equal(got, []string{"0 csv.too_big"}) {
		t.Errorf("got %v", got)
	}
}

// What fills memory: lines, fields, quotes, characters that grow.
func TestParseCSVMemoryIsBounded(t *testing.T) {
	for _, piece := range []string{"x\n", ";x", `"`, `"";`, "\x80", "a@x.it;h.it;a@old.it;pw\n", "a.\u00e0\u0300"} {
		data := []byte(strings.Repeat(piece, 1<<20/len(piece)))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		ParseCSV(data, CSVOptions{})
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; used > 12<<20 {
			t.Errorf("%q: %d MB for a file of 1 MB", piece, used>>20)
		}
	}
}

func TestAListWithoutDestinationPasswordsIsOneFaultAndItsOthersAreNamed(t *testing.T) {
	file := "a@x.it;mail.old.it;a;geheim\nb@x.it;999.1.1.1;b;geheim\nc@x.it;mail.old.it;c;geheim;neu\nd@x.it;mail.old.it;d;geheim"
	sheet := ParseCSV([]byte(file), CSVOptions{DestinationPassword: true})
	var got []string
	for _, p := range sheet.Problems {
		got = append(got, fmt.Sprintf("%d %s", p.Row, p.Code))
	}
	want := []string{"0 csv.no_destination_password", "2 host.ipv4_range", "3 csv.other_form"}
	if !slices.Equal(got, want) || len(sheet.Rows) != 0 {
		t.Errorf("got %v and %d rows, want %v and none", got, len(sheet.Rows), want)
	}
}
