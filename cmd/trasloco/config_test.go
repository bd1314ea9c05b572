package main

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"trasloco/locale"
	"trasloco/migration"
)

// parseServe understands the arguments of serve as main does.
func parseServe(t *testing.T, args ...string) (config, []string) {
	t.Helper()
	p := &program{stdout: &strings.Builder{}, stderr: &strings.Builder{}, now: time.Now}
	line := p.parse(append([]string{"serve"}, args...))
	c, problems := config{}, line.problems
	if len(problems) == 0 {
		c, problems = readServe(line.all.Serve)
	}
	var list []string
	for _, problem := range problems {
		fault := locale.Problem(t.Context(), problem.Code, problem.Row, csvField(problem.Field), problem.Args)
		if strings.Contains(fault.String(), "cli.") || strings.Contains(fault.String(), "{") {
			t.Errorf("%s has the text %q", problem.Code, fault)
		}
		list = append(list, strings.TrimSpace(problem.Field+" "+problem.Code))
	}
	return c, list
}

func TestServeNamesWhatIsWrongWithItsArguments(t *testing.T) {
	missing := write(t, "no-certificate", "x")
	tests := []struct {
		name string
		args []string
		want string
	}{
		{"nothing given", nil, ""},
		{"an address without a port", []string{"--listen", "127.0.0.1"}, "--listen cli.address"},
		{"a name to listen on", []string{"--listen", "panel.example.net:80"}, "--listen cli.address"},
		{"an address without a scheme", []string{"--public-url", "panel.example.net"}, "--public-url cli.url"},
		{"a network that is none", []string{"--trusted-proxies", "10.0.0.0/8,proxy"}, "--trusted-proxies cli.network"},
		{"a language we do not speak", []string{"--language", "fr"}, "--language cli.language"},
		{"a zone that is none", []string{"--time-zone", "Rome"}, "--time-zone cli.zone"},
		{"a sender without a server", []string{"--smtp-from", "a@x.it"}, "--smtp-from cli.needs"},
		{"a server without a sender", []string{"--smtp-server", "mail.x.it"}, "--smtp-server cli.needs"},
		{"a login without a password", []string{"--smtp-server", "mail.x.it", "--smtp-from", "a@x.it", "--smtp-user", "a"}, "--smtp-user cli.needs"},
		{"a sender with a name", []string{"--smtp-server", "mail.x.it", "--smtp-from", "A <a@x.it>"}, "--smtp-from cli.mail"},
		{"no runs at all", []string{"--runs", "0"}, "--runs cli.number"},
		{"a file without a certificate", []string{"--ca", missing}, "--ca cli.no_certificate"},
		{"a cloud that is none", []string{"--microsoft-cloud", "mars"}, "--microsoft-cloud cli.cloud"},
		{"a rule of labels that is none", []string{"--gmail-labels", "all"}, "--gmail-labels cli.labels"},
		{"a log of another form", []string{"--log-format", "xml"}, "--log-format cli.log_format"},
		{"a flag there is not", []string{"--port", "80"}, "--port cli.usage"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, got := parseServe(t, tt.args...); strings.Join(got, ", ") != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestFlagBeatsVariableBeatsFile(t *testing.T) {
	file := write(t, "trasloco.conf", "# the panel\nTRASLOCO_RUNS=2\nTRASLOCO_RUNS_PER_HOST = 2\nexport TRASLOCO_MAX_ROWS=\"20\"\n\nTRASLOCO_ALLOW_PRIVATE=true\nOTHER=1\n")
	t.Setenv("TRASLOCO_RUNS", "3")
	t.Setenv("TRASLOCO_RUNS_PER_HOST", "3")
	c, problems := parseServe(t, "--config", file, "--runs", "4", "--gmail-labels", "keywords", "--gmail-day-limit", "500", "--microsoft-cloud", "china")
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if c.runs != 4 || c.perHost != 3 || c.policy.MaxRows != 20 || !c.allowPrivate || c.policy.MaxAtOnce != 5 {
		t.Errorf("runs %d (flag 4), per host %d (variable 3), rows %d (file 20), private %v (file true), at once %d (default 5)",
			c.runs, c.perHost, c.policy.MaxRows, c.allowPrivate, c.policy.MaxAtOnce)
	}
	if c.policy.Folders.Labels != migration.LabelsKeywords || c.policy.DayLimit != 500_000_000 || c.policy.Cloud != "china" {
		t.Errorf("labels %q, want keywords; a day %d octets, want 500 million; cloud %q, want china", c.policy.Folders.Labels, c.policy.DayLimit, c.policy.Cloud)
	}
	t.Setenv("TRASLOCO_CONFIG", file)
	if c, _ := parseServe(t); c.policy.MaxRows != 20 {
		t.Errorf("the file named by a variable was not read: %d rows", c.policy.MaxRows)
	}
}

func TestFaultsOfTheFileAreNamedByLine(t *testing.T) {
	file := write(t, "trasloco.conf", "TRASLOCO_RUNS=2\nnonsense\nTRASLOCO_RUNS=3\nTRASLOCO_PORT=1\n")
	_, got := parseServe(t, "--config="+file)
	want := "cli.config_line, cli.config_twice, cli.config_key"
	if strings.Join(got, ", ") != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if _, got := parseServe(t, "--config", file+".missing"); strings.Join(got, ", ") != "--config cli.unreadable" {
		t.Errorf("a missing file: %q", got)
	}
}

func TestServeUnderstandsItsArguments(t *testing.T) {
	password := write(t, "password", "geheim\n")
	c, problems := parseServe(t, "--public-url", "https://panel.example.net/", "--trusted-proxies", "10.0.0.0/8, 192.0.2.1",
		"--language", "en", "--time-zone", "UTC", "--smtp-server", "mail.example.net:465", "--smtp-tls", "tls",
		"--smtp-from", "panel@example.net", "--smtp-user", "panel", "--smtp-password-file", password, "--listen", ":80")
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if c.publicURL != "https://panel.example.net" || c.language != locale.English || c.zone != time.UTC {
		t.Errorf("%q %q %s", c.publicURL, c.language, c.zone)
	}
	if len(c.proxies) != 2 || !c.proxies[1].Contains(netip.MustParseAddr("192.0.2.1")) || c.proxies[1].Bits() != 32 {
		t.Errorf("proxies %v", c.proxies)
	}
	m := c.mail
	if m == nil || m.Host != "mail.example.net" || m.Port != 465 || m.TLS != migration.TLSDirect || m.User != "panel" ||
		m.Password.IsZero() || m.PublicURL != c.publicURL {
		t.Errorf("mail %+v", m)
	}
}
