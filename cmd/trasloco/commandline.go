package main

import (
	"regexp"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"trasloco/migration"
)

// grammar is what kong reads the arguments by. Values are texts and checked by
// readOptions, so that all that is wrong can be said at once.
type grammar struct {
	Demo    demoOptions  `cmd:"" help:"Try the panel: it starts with two small mail servers full of sample mail, and prints its address."`
	Serve   serveOptions `cmd:"" help:"Run the panel."`
	User    userOptions  `cmd:"" help:"Add and list the panel's users, and change passwords."`
	Run     options      `cmd:"" help:"Move the accounts of a CSV file. One call is one pass; the next copies what is new, or goes on where this one stopped."`
	Check   options      `cmd:"" help:"Log in to both ends of every account and count what is there. Changes nothing."`
	Version struct{}     `cmd:"" help:"Print the version."`
}

// options are the arguments of run and check, as given.
type options struct {
	File string `arg:"" optional:"" name:"FILE.csv" help:"One account per line: destination login;source host;source login;password. Two more forms have a master user or a Microsoft 365 application."`

	Dest                   string `group:"Destination" placeholder:"HOST[:PORT]" help:"The server that receives the mail."`
	DestTLS                string `group:"Destination" name:"dest-tls" placeholder:"tls|starttls|none" help:"Encryption; by the port if not given: 143 starttls, else tls."`
	DestMaster             string `group:"Destination" placeholder:"USER" help:"Master user of the destination. Without one each row ends with the password of its destination mailbox."`
	DestMasterPasswordFile string `group:"Destination" placeholder:"FILE" help:"File that holds the password of the master user."`
	DestMasterForm         string `group:"Destination" placeholder:"FORM" help:"How a master user opens a mailbox: separator:* (default), authzid, proxyauth, x-masterauth, or login: and a pattern with {user} and {master}."`
	DestCA                 string `group:"Destination" name:"dest-ca" placeholder:"FILE" help:"Certificates to trust in place of the system's, PEM."`
	DestName               string `group:"Destination" placeholder:"NAME" help:"Name the certificate must carry in place of HOST."`
	DestPin                string `group:"Destination" placeholder:"SHA256" help:"Fingerprint of the one certificate to accept."`
	DestInsecure           bool   `group:"Destination" help:"Do not check the certificate at all."`

	SourceTLS      string `group:"Source" name:"source-tls" placeholder:"tls|starttls|none" help:"Encryption; by the port if not given: 143 starttls, else tls."`
	SourcePort     string `group:"Source" placeholder:"N" help:"Port of sources whose row names none."`
	SourceCA       string `group:"Source" name:"source-ca" placeholder:"FILE" help:"Certificates to trust in place of the system's, PEM."`
	SourceName     string `group:"Source" placeholder:"NAME" help:"Name the certificate must carry in place of the host of the row."`
	SourcePin      string `group:"Source" placeholder:"SHA256" help:"Fingerprint of the one certificate to accept."`
	SourceInsecure bool   `group:"Source" help:"Do not check the certificate at all."`

	Type         string `group:"What and how" placeholder:"standard|gmail|exchange|office365" help:"Kind of source server (default standard)."`
	GmailLabels  string `group:"What and how" placeholder:"once|keywords|copies" help:"Further labels of a Gmail message: nothing, keywords, or copies (default once)."`
	GmailLimit   string `group:"What and how" name:"gmail-day-limit" placeholder:"MB" help:"Read of one Gmail account in a day, in millions of bytes (default 2500)."`
	MaxSize      string `group:"What and how" placeholder:"BYTES" help:"Leave out messages that are larger (default 52428800)."`
	State        string `group:"What and how" placeholder:"DIR" help:"What is remembered between calls (default FILE.csv.state). Keep it: without it all is copied again."`
	Parallel     string `group:"What and how" placeholder:"N" help:"Accounts moved at the same time (default 4)."`
	Memory       string `group:"What and how" placeholder:"MIB" help:"Messages held in memory, all accounts together (default 256)."`
	TempSpace    string `group:"What and how" placeholder:"MIB" help:"Disk for messages on their way that are larger than 4 MiB (default 4096)."`
	AllowPrivate bool   `group:"What and how" help:"Allow servers at loopback and private addresses."`
	JSON         bool   `group:"What and how" name:"json" help:"Print the result as one JSON object."`
	Quiet        bool   `group:"What and how" help:"Show no progress."`
}

// commandLine is the arguments as understood.
type commandLine struct {
	verb     string // with its parts: "user add"
	all      grammar
	options  options             // of run and check
	helped   bool                // help was asked for, and printed
	problems []migration.Problem // the arguments cannot be understood
	empty    []migration.Problem // flags with nothing as their value
}

// parse understands args, or says what cannot be understood. Help is printed.
func (p *program) parse(args []string) commandLine {
	var line commandLine
	g := &line.all
	file, problems := configFile(nil), []migration.Problem(nil)
	if name := configName(args); name != "" {
		file, problems = readConfigFile(name)
	}
	parser, err := kong.New(g, kong.Resolvers(file), kong.Name("trasloco"), kong.Writers(p.stdout, p.stderr),
		kong.Description("Moves mailboxes in bulk over IMAP."),
		kong.ConfigureHelp(kong.HelpOptions{NoExpandSubcommands: true, WrapUpperBound: 100}),
		kong.Exit(func(int) { line.helped = true }))
	var parsed *kong.Context
	if err == nil {
		parsed, err = parser.Parse(args)
	}
	switch {
	case line.helped:
	case err != nil:
		line.options.JSON = asksForJSON(args)
		line.problems = []migration.Problem{usageProblem(err)}
	default:
		line.verb, _, _ = strings.Cut(parsed.Command(), " <")
		line.problems = append(problems, file.unknown(parser.Model)...)
		line.options = map[string]options{"run": g.Run, "check": g.Check}[line.verb]
		line.empty = emptyFlags(parsed)
	}
	return line
}

var flagName = regexp.MustCompile(`--[a-z0-9-]+`)

func usageProblem(err error) migration.Problem {
	detail := strings.TrimRight(err.Error(), "?., ")
	return migration.Problem{Code: codeUsage, Field: flagName.FindString(detail), Args: migration.Args{"detail": detail}}
}

// asksForJSON is for arguments that cannot be understood otherwise: who reads
// the answer may still be a program.
func asksForJSON(args []string) bool {
	if end := slices.Index(args, "--"); end >= 0 {
		args = args[:end]
	}
	return slices.Contains(args, "--json")
}

// emptyFlags finds flags whose value is empty, mostly a variable of a script
// that was never set. Taken for not given, a pin would not be checked.
func emptyFlags(parsed *kong.Context) (problems []migration.Problem) {
	for _, step := range parsed.Path {
		if step.Flag == nil || step.Flag.IsBool() {
			continue
		}
		if value, ok := parsed.FlagValue(step.Flag).(string); ok && value == "" {
			problems = append(problems, flagProblem(codeEmpty, "--"+step.Flag.Name, nil))
		}
	}
	return problems
}
