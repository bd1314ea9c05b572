package main

import (
	"bufio"
	"bytes"
	"cmp"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"trasloco/handlers"
	"trasloco/locale"
	"trasloco/migration"
	"trasloco/notify"
)

// Faults of what serve is told.
const (
	codeConfigLine  = "cli.config_line"  // of a row of the file: no KEY=VALUE
	codeConfigKey   = "cli.config_key"   // of a row: a KEY that there is not; args: key
	codeConfigTwice = "cli.config_twice" // of a row; args: key, other
	codeAddress     = "cli.address"      // no HOST:PORT to listen on
	codeURL         = "cli.url"          // no http or https address
	codeNetwork     = "cli.network"      // args: text
	codeLanguage    = "cli.language"     // none that we speak
	codeZone        = "cli.zone"         // no name of a time zone
	codeMail        = "cli.mail"         // no e-mail address
	codeLogFormat   = "cli.log_format"   // neither text nor json
	codeListen      = "cli.listen"       // args: detail
	codeNoUser      = "cli.no_user"      // args: email
	codeNoFactor    = "cli.no_factor"    // args: email
	codeTaken       = "cli.taken"        // args: email
	codeDataLocked  = "cli.data_locked"  // args: folder
	codeNoDomain    = "cli.no_domain"    // args: domain
	codeNotSetUp    = "cli.not_set_up"   // there is no customer yet
	codeRole        = "cli.role"
	codeCloud       = "cli.cloud" // none of Microsoft's
)

// envPrefix begins the name of every variable, in the environment and in the
// file: --smtp-server is TRASLOCO_SMTP_SERVER.
const envPrefix = "TRASLOCO"

// places are the arguments that all verbs have that work on the panel's data.
type places struct {
	Config string `placeholder:"FILE" env:"TRASLOCO_CONFIG" help:"File of KEY=VALUE lines, named like the environment variables; a flag beats a variable, a variable the file."`
	Data   string `placeholder:"DIR" default:"/var/lib/trasloco" env:"TRASLOCO_DATA" help:"Folder of the database and its keys (default /var/lib/trasloco)."`
}

// serveOptions are the arguments of serve, as given. Values are texts and
// checked by readServe, so that all that is wrong can be said at once.
type serveOptions struct {
	places

	Listen         string `group:"Web" placeholder:"HOST:PORT" default:"127.0.0.1:8080" env:"TRASLOCO_LISTEN" help:"Where the panel answers (default 127.0.0.1:8080)."`
	PublicURL      string `group:"Web" name:"public-url" placeholder:"URL" env:"TRASLOCO_PUBLIC_URL" help:"How browsers reach it, such as https://panel.example.net. Needed behind a proxy and for links in mails."`
	TrustedProxies string `group:"Web" placeholder:"NET,…" env:"TRASLOCO_TRUSTED_PROXIES" help:"Networks of proxies whose X-Forwarded-For and X-Forwarded-Proto are believed."`
	Language       string `group:"Web" placeholder:"en|it" default:"it" env:"TRASLOCO_LANGUAGE" help:"Language of those who express no wish (default it)."`
	TimeZone       string `group:"Web" placeholder:"ZONE" default:"Europe/Rome" env:"TRASLOCO_TIME_ZONE" help:"Time zone of those who chose none (default Europe/Rome)."`
	SupportName    string `group:"Web" placeholder:"NAME" env:"TRASLOCO_SUPPORT_NAME" help:"Whom people turn to where the panel cannot help."`
	SupportEmail   string `group:"Web" placeholder:"MAIL" env:"TRASLOCO_SUPPORT_EMAIL" help:"How they write."`
	SupportURL     string `group:"Web" name:"support-url" placeholder:"URL" env:"TRASLOCO_SUPPORT_URL" help:"Where they look."`

	SMTPServer       string `group:"Mail" name:"smtp-server" placeholder:"HOST[:PORT]" env:"TRASLOCO_SMTP_SERVER" help:"Server for notices. Without one they stand on the pages only."`
	SMTPTLS          string `group:"Mail" name:"smtp-tls" placeholder:"starttls|tls|none" default:"starttls" env:"TRASLOCO_SMTP_TLS" help:"Encryption (default starttls)."`
	SMTPFrom         string `group:"Mail" name:"smtp-from" placeholder:"MAIL" env:"TRASLOCO_SMTP_FROM" help:"Sender of notices."`
	SMTPUser         string `group:"Mail" name:"smtp-user" placeholder:"USER" env:"TRASLOCO_SMTP_USER" help:"Login, if the server wants one."`
	SMTPPasswordFile string `group:"Mail" name:"smtp-password-file" placeholder:"FILE" env:"TRASLOCO_SMTP_PASSWORD_FILE" help:"File that holds its password."`

	Runs         string `group:"Copying" placeholder:"N" default:"8" env:"TRASLOCO_RUNS" help:"Accounts copied at the same time (default 8)."`
	RunsPerHost  string `group:"Copying" placeholder:"N" default:"4" env:"TRASLOCO_RUNS_PER_HOST" help:"Of these, from one source host (default 4)."`
	MaxRows      string `group:"Copying" placeholder:"N" default:"500" env:"TRASLOCO_MAX_ROWS" help:"Rows of one CSV (default 500)."`
	MaxAtOnce    string `group:"Copying" placeholder:"N" default:"5" env:"TRASLOCO_MAX_AT_ONCE" help:"Migrations a customer may have planned at once (default 5)."`
	GmailLabels  string `group:"Copying" placeholder:"once|keywords|copies" default:"once" env:"TRASLOCO_GMAIL_LABELS" help:"Further labels of a Gmail message: nothing, keywords, or copies (default once)."`
	GmailLimit   string `group:"Copying" name:"gmail-day-limit" placeholder:"MB" default:"2500" env:"TRASLOCO_GMAIL_DAY_LIMIT" help:"Read of one Gmail account in a day, in millions of bytes (default 2500)."`
	MaxSize      string `group:"Copying" placeholder:"BYTES" default:"52428800" env:"TRASLOCO_MAX_SIZE" help:"Larger messages are left out (default 52428800)."`
	Memory       string `group:"Copying" placeholder:"MIB" default:"256" env:"TRASLOCO_MEMORY" help:"Messages held in memory, all accounts together (default 256)."`
	TempSpace    string `group:"Copying" placeholder:"MIB" default:"4096" env:"TRASLOCO_TEMP_SPACE" help:"Disk for messages on their way that are larger than 4 MiB (default 4096)."`
	Cloud        string `group:"Copying" name:"microsoft-cloud" placeholder:"public|us-government|us-defense|china" default:"public" env:"TRASLOCO_MICROSOFT_CLOUD" help:"Cloud of Office 365 sources whose row names no server (default public)."`
	CA           string `group:"Copying" name:"ca" placeholder:"FILE" env:"TRASLOCO_CA" help:"Certificates to trust besides the system's, PEM."`
	Resolver     string `group:"Copying" placeholder:"HOST[:PORT]" env:"TRASLOCO_RESOLVER" help:"DNS resolver that MX records are read from (default: those of the system)."`
	AllowPrivate bool   `group:"Copying" env:"TRASLOCO_ALLOW_PRIVATE" help:"Allow servers at loopback and private addresses."`

	LogFormat string `group:"Log" placeholder:"text|json" default:"text" env:"TRASLOCO_LOG_FORMAT" help:"Form of the log on standard error (default text)."`
}

// config is what serve works with.
type config struct {
	data, listen  string
	publicURL     string
	proxies       []netip.Prefix
	language      locale.Lang
	zone          *time.Location
	support       handlers.Support
	mail          *notify.Options // nil: no mail
	runs, perHost int
	memory        int64 // octets of messages
	tempSpace     int64 // octets
	policy        migration.Policy
	ca            []byte
	allowPrivate  bool
	watchMX       bool
	resolver      string // "": those of the system
	jsonLog       bool
}

// readServe checks the arguments and reads the files they name. It returns all
// that is wrong.
func readServe(o serveOptions) (config, []migration.Problem) {
	r := &optionReader{}
	c := config{
		data: o.Data, listen: o.Listen, allowPrivate: o.AllowPrivate, watchMX: true, resolver: o.Resolver,
		publicURL: r.url("--public-url", o.PublicURL),
		proxies:   r.networks("--trusted-proxies", o.TrustedProxies),
		language:  r.language("--language", o.Language),
		zone:      r.zone("--time-zone", o.TimeZone),
		runs:      int(r.number("--runs", o.Runs, 8, 256)),
		perHost:   int(r.number("--runs-per-host", o.RunsPerHost, 4, 256)),
		memory:    r.megabytes("--memory", o.Memory, defaultMemory),
		tempSpace: r.megabytes("--temp-space", o.TempSpace, defaultTempSpace),
		policy:    r.policy(o),
		ca:        r.ca("--ca", o.CA),
		jsonLog:   o.LogFormat == "json",
	}
	c.support = handlers.Support{Name: o.SupportName, Email: r.mail("--support-email", o.SupportEmail), URL: r.url("--support-url", o.SupportURL)}
	if o.LogFormat != "json" && o.LogFormat != "text" {
		r.fault(codeLogFormat, "--log-format", nil)
	}
	if _, err := netip.ParseAddrPort(strings.Replace(o.Listen, "localhost:", "127.0.0.1:", 1)); err != nil && !strings.HasPrefix(o.Listen, ":") {
		r.fault(codeAddress, "--listen", nil)
	}
	c.mail = r.mailServer(o, c)
	return c, r.problems
}

func (r *optionReader) policy(o serveOptions) migration.Policy {
	policy := migration.DefaultPolicy()
	policy.MaxRows = int(r.number("--max-rows", o.MaxRows, int64(policy.MaxRows), 100_000))
	policy.MaxAtOnce = int(r.number("--max-at-once", o.MaxAtOnce, int64(policy.MaxAtOnce), 10_000))
	policy.MaxMessageSize = r.number("--max-size", o.MaxSize, policy.MaxMessageSize, maxMessageSize)
	policy.DayLimit = r.dayLimit("--gmail-day-limit", o.GmailLimit)
	policy.Folders.Labels = r.labels("--gmail-labels", o.GmailLabels)
	policy.Cloud = r.cloud("--microsoft-cloud", o.Cloud)
	return policy
}

func (r *optionReader) mailServer(o serveOptions, c config) *notify.Options {
	if o.SMTPServer == "" {
		for _, given := range [][2]string{
			{"--smtp-from", o.SMTPFrom}, {"--smtp-user", o.SMTPUser}, {"--smtp-password-file", o.SMTPPasswordFile},
		} {
			if given[1] != "" {
				r.fault(codeNeeds, given[0], migration.Args{"other": "--smtp-server"})
			}
		}
		return nil
	}
	host, port := r.smtpServer("--smtp-server", o.SMTPServer)
	options := &notify.Options{
		Host: host, Port: port, TLS: r.tlsMode("--smtp-tls", o.SMTPTLS), From: r.mail("--smtp-from", o.SMTPFrom),
		User: o.SMTPUser, PublicURL: c.publicURL, CA: c.ca,
		Support: notify.Support(c.support), Language: c.language, Zone: c.zone, Policy: c.policy,
	}
	if o.SMTPFrom == "" {
		r.fault(codeNeeds, "--smtp-server", migration.Args{"other": "--smtp-from"})
	}
	if o.SMTPPasswordFile != "" {
		options.Password = r.password("--smtp-password-file", o.SMTPPasswordFile)
	}
	if (o.SMTPUser == "") != (o.SMTPPasswordFile == "") {
		r.fault(codeNeeds, "--smtp-user", migration.Args{"other": "--smtp-password-file"})
	}
	return options
}

// smtpServer reads HOST or HOST:PORT. The ports of mail servers are no fault here,
// as they would be of an IMAP server.
func (r *optionReader) smtpServer(flag, text string) (host string, port int) {
	name, digits, err := net.SplitHostPort(text)
	if err != nil {
		return r.host(flag, text, true).Host, 0
	}
	return r.host(flag, name, true).Host, int(r.number(flag, digits, 0, 65535))
}

func (r *optionReader) url(flag, text string) string {
	if text == "" {
		return ""
	}
	u, err := url.Parse(text)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.User != nil {
		r.fault(codeURL, flag, nil)
	}
	return strings.TrimSuffix(text, "/")
}

func (r *optionReader) networks(flag, text string) (networks []netip.Prefix) {
	for part := range strings.SplitSeq(text, ",") {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		network, err := netip.ParsePrefix(part)
		if address, single := netip.ParseAddr(part); single == nil {
			network, err = address.Prefix(address.BitLen())
		}
		if err != nil {
			r.fault(codeNetwork, flag, migration.Args{"text": part})
			continue
		}
		networks = append(networks, network)
	}
	return networks
}

func (r *optionReader) language(flag, text string) locale.Lang {
	for _, lang := range locale.Languages() {
		if text == string(lang) {
			return lang
		}
	}
	r.fault(codeLanguage, flag, nil)
	return locale.English
}

func (r *optionReader) zone(flag, text string) *time.Location {
	zone, err := time.LoadLocation(text)
	if err != nil || text == "" {
		r.fault(codeZone, flag, nil)
		return time.UTC
	}
	return zone
}

func (r *optionReader) mail(flag, text string) string {
	address, err := mail.ParseAddress(text)
	if text == "" {
		return ""
	}
	if err != nil || address.Name != "" {
		r.fault(codeMail, flag, nil)
	}
	return text
}

// configFile gives kong the values of a file of KEY=VALUE lines, for flags that
// neither the arguments nor the environment set.
type configFile map[string]configValue

type configValue struct {
	text string
	line int
}

// readConfigFile reads a file as systemd's EnvironmentFile and Docker's
// env_file have it: one KEY=VALUE a line, "#" begins a comment line, quotes
// around the value go.
func readConfigFile(name string) (configFile, []migration.Problem) {
	data, err := readFile(name, maxSmallFile)
	if err != nil {
		return nil, []migration.Problem{flagProblem(codeUnreadable, "--config", fileArgs(name, err))}
	}
	file := configFile{}
	var problems []migration.Problem
	lines := bufio.NewScanner(bytes.NewReader(data))
	for number := 1; lines.Scan(); number++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		key, value, found := strings.Cut(strings.TrimPrefix(line, "export "), "=")
		key = strings.TrimSpace(key)
		switch {
		case !found || key == "":
			problems = append(problems, migration.Problem{Code: codeConfigLine, Row: number, Args: migration.Args{"file": name}})
		case file[key].line > 0:
			problems = append(problems, migration.Problem{Code: codeConfigTwice, Row: number, Args: migration.Args{"key": key, "other": file[key].line}})
		default:
			file[key] = configValue{unquote(strings.TrimSpace(value)), number}
		}
	}
	return file, problems
}

func unquote(value string) string {
	for _, quote := range []string{`"`, `'`} {
		if len(value) >= 2 && strings.HasPrefix(value, quote) && strings.HasSuffix(value, quote) {
			return value[1 : len(value)-1]
		}
	}
	return value
}

// Validate does nothing: kong asks for it before the flags are known.
func (f configFile) Validate(*kong.Application) error { return nil }

// Resolve returns the file's value of a flag, unless the environment has one.
func (f configFile) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	for _, name := range flag.Envs {
		if _, set := os.LookupEnv(name); set {
			return nil, nil
		}
		if value, found := f[name]; found {
			return value.text, nil
		}
	}
	return nil, nil
}

// unknown names the keys of the file that are no variable of ours. Those of
// other programs, without our prefix, may share the file.
func (f configFile) unknown(model *kong.Application) (problems []migration.Problem) {
	known := map[string]bool{}
	_ = kong.Visit(model, func(node kong.Visitable, next kong.Next) error {
		if flag, ok := node.(*kong.Flag); ok {
			for _, name := range flag.Envs {
				known[name] = true
			}
		}
		return next(nil)
	})
	for key, value := range f {
		if strings.HasPrefix(key, envPrefix+"_") && !known[key] {
			problems = append(problems, migration.Problem{Code: codeConfigKey, Row: value.line, Args: migration.Args{"key": key}})
		}
	}
	return problems
}

// configName finds the name of the file before the rest is understood.
func configName(args []string) string {
	for i, arg := range args {
		if name, ok := strings.CutPrefix(arg, "--config="); ok {
			return name
		}
		if arg == "--config" && i+1 < len(args) {
			return args[i+1]
		}
	}
	return cmp.Or(os.Getenv(envPrefix + "_CONFIG"))
}
