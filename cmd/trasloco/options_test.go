package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"trasloco/migration"
)

const (
	somePin  = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
	plainRow = "a@x.it;imap.old.it;a@old.it;pw;dp"
)

// complaints returns "field code" of each problem of a refused call.
func complaints(t *testing.T, args ...string) []string {
	t.Helper()
	a := call(t.Context(), append(args, "--json")...)
	if a.code != exitRefused {
		t.Fatalf("exit %d, stdout %q, stderr %q", a.code, a.out, a.errors)
	}
	var list []string
	for _, problem := range decode[problemReport](t, a).Problems {
		list = append(list, problem.Field+" "+problem.Code)
		filled := strings.NewReplacer("{user}", "", "{master}", "").Replace(problem.Text) // they are meant
		if problem.Text == "" || strings.Contains(problem.Text, "cli.") || strings.Contains(filled, "{") {
			t.Errorf("%s has the text %q", problem.Code, problem.Text)
		}
	}
	return list
}

func TestBadArgumentsAreNamed(t *testing.T) {
	file := write(t, "a.csv", plainRow)
	empty := write(t, "empty", "\r\n")
	password := write(t, "password", "mp\n")
	missing := filepath.Join(t.TempDir(), "missing")
	tests := []struct {
		name string
		args []string
		want string
	}{
		{"an unknown flag", []string{"--dst", "x"}, "--dst cli.usage"},
		{"a flag without its value", []string{"--dest"}, "--dest cli.usage"},
		{"a second file", []string{"--dest", "mx.it", "b.csv"}, " cli.usage"},
		{"no destination", nil, "--dest cli.no_dest"},
		{"a destination that is a link", []string{"--dest", "https://mx.it"}, "--dest host.scheme"},
		{"a destination on loopback", []string{"--dest", "127.0.0.1"}, "--dest host.loopback"},
		{"a destination in a private network", []string{"--dest", "[fd00::1]:993"}, "--dest host.private"},
		{"an empty variable", []string{"--dest", "mx.it", "--dest-pin="}, "--dest-pin cli.empty"},
		{"a mode of TLS that is none", []string{"--dest", "mx.it", "--dest-tls", "ssl"}, "--dest-tls cli.tls_mode"},
		{"the same of the source", []string{"--dest", "mx.it", "--source-tls", "TLS"}, "--source-tls cli.tls_mode"},
		{"a port out of range", []string{"--dest", "mx.it", "--source-port", "70000"}, "--source-port cli.number"},
		{"a number with a unit", []string{"--dest", "mx.it", "--max-size", "50M"}, "--max-size cli.number"},
		{"nothing at once", []string{"--dest", "mx.it", "--parallel", "0"}, "--parallel cli.number"},
		{"a rule of labels that is none", []string{"--dest", "mx.it", "--gmail-labels", "all"}, "--gmail-labels cli.labels"},
		{"less in a day than moves a mailbox", []string{"--dest", "mx.it", "--gmail-day-limit", "99"}, "--gmail-day-limit cli.number"},
		{"more in a day than is a limit", []string{"--dest", "mx.it", "--gmail-day-limit", "1000001"}, "--gmail-day-limit cli.number"},
		{"a type that is none", []string{"--dest", "mx.it", "--type", "cyrus"}, "--type cli.type"},
		{"a short pin", []string{"--dest", "mx.it", "--source-pin", "aabb"}, "--source-pin cli.pin"},
		{"a pin that is not hexadecimal", []string{"--dest", "mx.it", "--dest-pin", strings.Repeat("zz", 32)}, "--dest-pin cli.pin"},
		{"a pin that would not be looked at", []string{"--dest", "mx.it", "--dest-pin", somePin, "--dest-insecure"}, "--dest-pin cli.no_effect"},
		{"a name without TLS", []string{"--dest", "mx.it", "--source-tls", "none", "--source-name", "old.it"}, "--source-name cli.no_effect"},
		{"a name with a port", []string{"--dest", "mx.it", "--source-name", "old.it:993"}, "--source-name cli.name_port"},
		{"a name that is none", []string{"--dest", "mx.it", "--dest-name", "old_server.it"}, "--dest-name host.underscore"},
		{"a CA file that is not there", []string{"--dest", "mx.it", "--dest-ca", missing}, "--dest-ca cli.unreadable"},
		{"a CA file without a certificate", []string{"--dest", "mx.it", "--source-ca", password}, "--source-ca cli.no_certificate"},
		{"a master user without a password", []string{"--dest", "mx.it", "--dest-master", "m"}, "--dest-master cli.needs"},
		{"a password without a master user", []string{"--dest", "mx.it", "--dest-master-password-file", password}, "--dest-master-password-file cli.needs"},
		{"a form without a master user", []string{"--dest", "mx.it", "--dest-master-form", "authzid"}, "--dest-master-form cli.needs"},
		{"a form that is none", []string{"--dest", "mx.it", "--dest-master", "m", "--dest-master-password-file", password, "--dest-master-form", "plus"}, "--dest-master-form cli.master_form"},
		{"an empty password file", []string{"--dest", "mx.it", "--dest-master", "m", "--dest-master-password-file", empty}, "--dest-master-password-file cli.no_password"},
		{"a password file that is not there", []string{"--dest", "mx.it", "--dest-master", "m", "--dest-master-password-file", missing}, "--dest-master-password-file cli.unreadable"},
	}
	for _, verb := range []string{"run", "check"} {
		for _, tt := range tests {
			t.Run(verb+": "+tt.name, func(t *testing.T) {
				got := complaints(t, append([]string{verb, file}, tt.args...)...)
				// Rows of five fields have another form with a master user.
				if len(got) != 1 || got[0] != tt.want {
					t.Errorf("got %q, want %q", got, tt.want)
				}
			})
		}
	}
}

func TestAllThatIsWrongIsSaidAtOnce(t *testing.T) {
	file := write(t, "a.csv", "a@x.it;http://h;a@old.it;pw;dp")
	got := complaints(t, "run", file, "--dest-tls", "x", "--parallel", "x", "--dest-pin", "x", "--state=")
	want := []string{"--state cli.empty", "--dest-tls cli.tls_mode", "--dest-pin cli.pin", "--dest cli.no_dest", "--parallel cli.number", "host host.scheme"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestMissingFileAndVerb(t *testing.T) {
	tests := []struct {
		name string
		args []string
		want string
	}{
		{"a verb that is none", []string{"move"}, " cli.usage"},
		{"no file", []string{"run", "--dest", "mx.it"}, "FILE.csv cli.no_file"},
		{"a file that is not there", []string{"run", "nowhere.csv", "--dest", "mx.it"}, "FILE.csv cli.unreadable"},
		{"a folder", []string{"run", t.TempDir(), "--dest", "mx.it"}, "FILE.csv cli.unreadable"},
		{"an empty file", []string{"run", write(t, "e.csv", ""), "--dest", "mx.it"}, " csv.empty"},
		{"an account into itself", []string{"run", write(t, "s.csv", "a@x.it;MX.it;a@x.it;pw;dp"), "--dest", "mx.it"}, " row.same_account"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := complaints(t, tt.args...); len(got) != 1 || got[0] != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestNoArgumentsNameTheVerbs(t *testing.T) {
	a := call(t.Context())
	if a.code != exitRefused || a.out != "" || !strings.Contains(a.errors, `"demo", "serve", "user", "run", "check". – `) {
		t.Errorf("exit %d, %q %q", a.code, a.out, a.errors)
	}
}

func TestEndsComeFromArgumentsAndRow(t *testing.T) {
	tests := []struct {
		name, host          string
		options             options
		source, destination string
	}{
		{"nothing said", "old.it", options{}, "old.it:993 tls", "mx.it:993 tls"},
		{"a port in the row", "old.it:143", options{}, "old.it:143 starttls", "mx.it:993 tls"},
		{"a port for all", "old.it", options{SourcePort: "143"}, "old.it:143 starttls", "mx.it:993 tls"},
		{"the row's port beats it", "old.it:1993", options{SourcePort: "143"}, "old.it:1993 tls", "mx.it:993 tls"},
		{"a mode for all", "old.it", options{SourceTLS: "starttls"}, "old.it:143 starttls", "mx.it:993 tls"},
		{"a mode and a port of the row", "old.it:1143", options{SourceTLS: "none"}, "old.it:1143 none", "mx.it:993 tls"},
		{"a destination on 143", "old.it", options{Dest: "mx.it:143"}, "old.it:993 tls", "mx.it:143 starttls"},
		{"a destination with a mode", "old.it", options{DestTLS: "none"}, "old.it:993 tls", "mx.it:143 none"},
		{"a destination with both", "old.it", options{Dest: "MX.it:1143", DestTLS: "tls"}, "old.it:993 tls", "mx.it:1143 tls"},
		{"an IPv6 address", "[2001:db8::1]:143", options{Dest: "2001:db8::2"}, "[2001:db8::1]:143 starttls", "[2001:db8::2]:993 tls"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.options.File = write(t, "a.csv", "a@x.it;"+tt.host+";a@old.it;pw;dp")
			if tt.options.Dest == "" {
				tt.options.Dest = "mx.it"
			}
			s, problems := readOptions(tt.options)
			sheet := s.readSheet()
			if len(problems)+len(sheet.problems) > 0 || len(sheet.resources) != 1 {
				t.Fatalf("problems %v %v", problems, sheet.problems)
			}
			r := sheet.resources[0]
			source := fmt.Sprint(r.Source.Address(), " ", r.Source.TLS)
			dest := fmt.Sprint(r.Destination.Address(), " ", r.Destination.TLS)
			if source != tt.source || dest != tt.destination {
				t.Errorf("got %s and %s, want %s and %s", source, dest, tt.source, tt.destination)
			}
		})
	}
}

func TestTrustReachesBothEnds(t *testing.T) {
	_, cert := busyServer(t)
	ca := write(t, "ca.pem", toPEM(cert))
	s, problems := readOptions(options{
		File: write(t, "a.csv", plainRow), Dest: "192.0.2.1", DestCA: ca, DestName: "MX.it",
		SourcePin: strings.ToUpper(strings.Join(pairs(somePin), ":")),
	})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	r := s.readSheet().resources[0]
	if r.Source.Pin != somePin || r.Source.TLSName != "" || r.Source.CA != nil {
		t.Errorf("source %+v", r.Source)
	}
	if r.Destination.TLSName != "mx.it" || len(r.Destination.CA) == 0 || r.Destination.Pin != "" {
		t.Errorf("destination %+v", r.Destination)
	}
}

func pairs(hex string) (list []string) {
	for pair := range slices.Chunk([]byte(hex), 2) {
		list = append(list, string(pair))
	}
	return list
}

func TestMasterUserOfTheDestination(t *testing.T) {
	tests := []struct{ name, content, want string }{
		{"a line end is dropped", "m p\n", "m p"},
		{"one of Windows too", "mp\r\n", "mp"},
		{"only one", "mp\n\n", "mp\n"},
		{"none is needed", " mp ", " mp "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, problems := readOptions(options{
				File: write(t, "a.csv", "a@x.it;old.it;a@old.it;pw"), Dest: "mx.it",
				DestMaster: "admin", DestMasterPasswordFile: write(t, "pw", tt.content),
			})
			sheet := s.readSheet()
			if len(problems)+len(sheet.problems) > 0 {
				t.Fatal(problems, sheet.problems)
			}
			auth := sheet.resources[0].Destination.Auth
			if auth.Kind != migration.AuthMaster || auth.Login != "a@x.it" || auth.Master != "admin" ||
				auth.Form.Separator != "*" || !auth.Password.Equal(migration.NewSecret(tt.want)) {
				t.Errorf("got %+v", auth)
			}
		})
	}
}

func TestTheTypeOfServerChoosesTheMasterLogin(t *testing.T) {
	for kind, want := range map[string]string{"exchange": `login:{master}\{user}`, "standard": ""} {
		s, problems := readOptions(options{
			File: write(t, "a.csv", `a@x.it;old.it;a;mp;STUDIO\admin`), Dest: "mx.it", Type: kind,
			DestMaster: "admin", DestMasterPasswordFile: write(t, "pw", "x"),
		})
		sheet := s.readSheet()
		if len(problems)+len(sheet.problems) > 0 {
			t.Fatal(problems, sheet.problems)
		}
		if got := sheet.resources[0].Source.Auth.Form.String(); got != want {
			t.Errorf("%s: the master logs in by %q, want %q", kind, got, want)
		}
	}
}

func TestFieldsOfARowDependOnTheMasterUserAlone(t *testing.T) {
	rows := map[string]string{
		"standard":     "a@x.it;old.it;a@old.it;pw",
		"master user":  "a@x.it;old.it;a@old.it;mp;master",
		"365":          "a@x.it;old.it;a@old.it;;11111111-1111-1111-1111-111111111111;s3cret",
		"365 + tenant": "a@x.it;old.it;a@old.it;;11111111-1111-1111-1111-111111111111;s3cret;old.onmicrosoft.com",
	}
	for name, row := range rows {
		for _, kind := range []string{"standard", "office365"} {
			t.Run(name+" with type "+kind, func(t *testing.T) {
				master := options{
					File: write(t, "m.csv", row), Dest: "mx.it", Type: kind,
					DestMaster: "admin", DestMasterPasswordFile: write(t, "pw", "x"),
				}
				single := options{File: write(t, "s.csv", row+";dp"), Dest: "mx.it", Type: kind}
				for _, o := range []options{master, single} {
					s, problems := readOptions(o)
					sheet := s.readSheet()
					want := 1
					if kind == "office365" && !strings.HasPrefix(name, "365") {
						want = 0 // Microsoft takes no passwords
					}
					if refused := len(sheet.problems) > 0; len(problems) > 0 || len(sheet.resources) != want || refused == (want == 1) {
						t.Errorf("master %q: %v %v", o.DestMaster, problems, sheet.problems)
					}
				}
			})
		}
	}
}

func TestHelpNamesEveryFlagAndTouchesNothing(t *testing.T) {
	for _, verb := range []string{"run", "check"} {
		a := call(t.Context(), verb, "--help")
		if a.code != exitDone || a.errors != "" {
			t.Errorf("%s: exit %d, stderr %q", verb, a.code, a.errors)
		}
		for _, flag := range []string{
			"FILE.csv", "--dest=HOST[:PORT]", "--dest-tls=tls|starttls|none", "--dest-master=USER", "--dest-master-password-file=FILE",
			"--dest-master-form=FORM", "--source-tls=", "--source-port=N", "--source-ca=", "--source-name=NAME", "--source-pin=SHA256",
			"--source-insecure", "--dest-ca=", "--dest-name=NAME", "--dest-pin=SHA256", "--dest-insecure",
			"--type=standard|gmail|exchange|office365", "--state=DIR", "--parallel=N", "--max-size=BYTES", "--allow-private", "--json", "--quiet",
		} {
			if !strings.Contains(a.out, flag) {
				t.Errorf("%s --help does not name %s", verb, flag)
			}
		}
	}
}
