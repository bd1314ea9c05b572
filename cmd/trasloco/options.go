package main

import (
	"cmp"
	"crypto/x509"
	"encoding/hex"
	"os"
	"slices"
	"strconv"
	"strings"

	"trasloco/migration"
)

// Faults of the arguments. The field of such a problem is the flag.
const (
	codeUsage         = "cli.usage"     // args: detail
	codeEmpty         = "cli.empty"     // a flag without a value
	codeNoFile        = "cli.no_file"   // FILE.csv is not given
	codeNoDest        = "cli.no_dest"   // --dest is not given
	codeNoEffect      = "cli.no_effect" // args: other
	codeNeeds         = "cli.needs"     // args: other
	codeTLSMode       = "cli.tls_mode"
	codeType          = "cli.type"
	codeLabels        = "cli.labels"
	codeNumber        = "cli.number" // args: min, max
	codePin           = "cli.pin"
	codeNamePort      = "cli.name_port"
	codeMasterForm    = "cli.master_form"
	codeUnreadable    = "cli.unreadable" // args: file, detail
	codeNoCertificate = "cli.no_certificate"
	codeNoPassword    = "cli.no_password"
	codeStateLocked   = "cli.state_locked"
	codeStateForeign  = "cli.state_foreign"
	codeStateNewer    = "cli.state_newer"
	codeState         = "cli.state" // args: detail
)

const (
	defaultParallel = 4
	maxParallel     = 64
	maxMessageSize  = 1 << 40
	maxSmallFile    = 1 << 20 // of certificates, or with a password
)

// settings are the arguments of run and check, checked.
type settings struct {
	file, state string
	destination migration.Destination
	// source holds what sources have in common; Port and TLS are for rows that
	// name no port and may be unset.
	source       migration.Endpoint
	serverType   migration.ServerType
	labels       migration.LabelRule
	maxSize      int64
	dayLimit     int64 // octets read of one Gmail account in a day
	parallel     int
	memory       int64 // octets of messages
	tempSpace    int64 // octets
	allowPrivate bool
	json, quiet  bool
}

// readOptions checks the arguments and reads the files they name, but the CSV.
// It returns all that is wrong.
func readOptions(o options) (settings, []migration.Problem) {
	r := &optionReader{}
	s := settings{
		file:         o.File,
		state:        cmp.Or(o.State, o.File+".state"),
		source:       r.source(o),
		destination:  r.destination(o),
		serverType:   r.serverType(o.Type),
		labels:       r.labels("--gmail-labels", o.GmailLabels),
		maxSize:      r.number("--max-size", o.MaxSize, migration.DefaultPolicy().MaxMessageSize, maxMessageSize),
		dayLimit:     r.dayLimit("--gmail-day-limit", o.GmailLimit),
		parallel:     int(r.number("--parallel", o.Parallel, defaultParallel, maxParallel)),
		memory:       r.megabytes("--memory", o.Memory, defaultMemory),
		tempSpace:    r.megabytes("--temp-space", o.TempSpace, defaultTempSpace),
		allowPrivate: o.AllowPrivate,
		json:         o.JSON,
		quiet:        o.Quiet,
	}
	return s, r.problems
}

// optionReader gathers what is wrong with the arguments.
type optionReader struct{ problems []migration.Problem }

func flagProblem(code, flag string, args migration.Args) migration.Problem {
	all := migration.Args{"flag": flag}
	for name, value := range args {
		all[name] = value
	}
	return migration.Problem{Code: code, Field: flag, Args: all}
}

func (r *optionReader) fault(code, flag string, args migration.Args) {
	r.problems = append(r.problems, flagProblem(code, flag, args))
}

func (r *optionReader) source(o options) migration.Endpoint {
	end := r.trust("--source-", trustOptions{o.SourceTLS, o.SourceCA, o.SourceName, o.SourcePin, o.SourceInsecure})
	end.Port = int(r.number("--source-port", o.SourcePort, 0, 65535))
	return end
}

func (r *optionReader) destination(o options) migration.Destination {
	end := r.trust("--dest-", trustOptions{o.DestTLS, o.DestCA, o.DestName, o.DestPin, o.DestInsecure})
	if o.Dest == "" {
		r.fault(codeNoDest, "--dest", nil)
	} else {
		read := r.host("--dest", o.Dest, o.AllowPrivate)
		end.Host, end.Port = read.Host, read.Port
	}
	if end.Port == 0 {
		end.Port = migration.PortForTLSMode(end.TLS)
	}
	if end.TLS == "" {
		end.TLS = migration.TLSModeForPort(end.Port)
	}
	end.Auth = r.master(o)
	return migration.Destination{Endpoint: end}
}

// master reads how to log in to the destination; with AuthPassword each row
// brings a password.
func (r *optionReader) master(o options) migration.Auth {
	auth := migration.Auth{Kind: migration.AuthPassword}
	if o.DestMaster != "" || o.DestMasterPasswordFile != "" {
		auth.Kind = migration.AuthMaster
	}
	switch {
	case auth.Kind == migration.AuthPassword && o.DestMasterForm != "":
		r.fault(codeNeeds, "--dest-master-form", migration.Args{"other": "--dest-master"})
	case auth.Kind == migration.AuthPassword:
	case o.DestMaster == "":
		r.fault(codeNeeds, "--dest-master-password-file", migration.Args{"other": "--dest-master"})
	case o.DestMasterPasswordFile == "":
		r.fault(codeNeeds, "--dest-master", migration.Args{"other": "--dest-master-password-file"})
	default:
		auth.Master = o.DestMaster
		auth.Password = r.password("--dest-master-password-file", o.DestMasterPasswordFile)
	}
	var err error
	if auth.Form, err = migration.ParseMasterForm(cmp.Or(o.DestMasterForm, "separator:*")); err != nil {
		r.fault(codeMasterForm, "--dest-master-form", nil)
	}
	return auth
}

// password reads a file and drops one line end, which editors add.
func (r *optionReader) password(flag, file string) migration.Secret {
	data, ok := r.read(flag, file)
	text := strings.TrimSuffix(strings.TrimSuffix(string(data), "\n"), "\r")
	if ok && text == "" {
		r.fault(codeNoPassword, flag, migration.Args{"file": file})
	}
	return migration.NewSecret(text)
}

// trustOptions are the arguments that both ends have.
type trustOptions struct {
	tls, ca, name, pin string
	insecure           bool
}

// trust reads how the certificate of an end is checked. The flags of the end
// begin with prefix.
func (r *optionReader) trust(prefix string, o trustOptions) migration.Endpoint {
	end := migration.Endpoint{
		TLS: r.tlsMode(prefix+"tls", o.tls), Insecure: o.insecure,
		TLSName: r.tlsName(prefix+"name", o.name), Pin: r.pin(prefix+"pin", o.pin), CA: r.ca(prefix+"ca", o.ca),
	}
	// A check that is asked for and not made would be believed.
	idle := ""
	switch {
	case end.TLS == migration.TLSNone:
		idle = prefix + "tls none"
	case o.insecure:
		idle = prefix + "insecure"
	}
	for _, check := range [][2]string{{"ca", o.ca}, {"name", o.name}, {"pin", o.pin}} {
		if idle != "" && check[1] != "" {
			r.fault(codeNoEffect, prefix+check[0], migration.Args{"other": idle})
		}
	}
	return end
}

func (r *optionReader) tlsMode(flag, text string) migration.TLSMode {
	mode := migration.TLSMode(text)
	switch mode {
	case "", migration.TLSDirect, migration.TLSStartTLS, migration.TLSNone:
	default:
		r.fault(codeTLSMode, flag, nil)
	}
	return mode
}

func (r *optionReader) serverType(text string) migration.ServerType {
	serverType := migration.ServerType(cmp.Or(text, string(migration.Standard)))
	known := []migration.ServerType{migration.Standard, migration.Gmail, migration.Exchange, migration.Office365}
	if !slices.Contains(known, serverType) {
		r.fault(codeType, "--type", nil)
	}
	return serverType
}

// labels reads what becomes of the further labels of a message (M-2).
func (r *optionReader) labels(flag, text string) migration.LabelRule {
	rule := cmp.Or(migration.LabelRule(text), migration.LabelsOnce)
	if !slices.Contains(migration.LabelRules(), rule) {
		r.fault(codeLabels, flag, nil)
	}
	return rule
}

// cloud reads the name of one of Microsoft's clouds.
func (r *optionReader) cloud(flag, text string) string {
	if text != "" && migration.CloudNamed(text).Name != text {
		r.fault(codeCloud, flag, nil)
	}
	return text
}

// dayLimit reads millions of octets (M-5), in the bounds that the panel has.
func (r *optionReader) dayLimit(flag, text string) int64 {
	millions := r.numberFrom(migration.MinDayLimit/migration.Million, flag, text,
		migration.DefaultPolicy().DayLimit/migration.Million, migration.MaxDayLimit/migration.Million)
	return millions * migration.Million
}

func (r *optionReader) number(flag, text string, unset, most int64) int64 {
	return r.numberFrom(1, flag, text, unset, most)
}

func (r *optionReader) numberFrom(least int64, flag, text string, unset, most int64) int64 {
	if text == "" {
		return unset
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < least || n > most {
		r.fault(codeNumber, flag, migration.Args{"min": int(least), "max": int(most)})
		return unset
	}
	return n
}

// megabytes reads a number of MiB and returns octets.
func (r *optionReader) megabytes(flag, text string, unset int64) int64 {
	return r.numberFrom(leastMemory, flag, text, unset, mostMiB) << 20
}

// host reads a server; what is wrong with it is told of the flag.
func (r *optionReader) host(flag, text string, allowPrivate bool) migration.HostPort {
	read, problems := migration.ParseHostPort(text, allowPrivate)
	for _, problem := range problems {
		r.fault(problem.Code, flag, problem.Args)
	}
	return read
}

func (r *optionReader) tlsName(flag, text string) string {
	if text == "" {
		return ""
	}
	read := r.host(flag, text, true)
	if read.Port != 0 {
		r.fault(codeNamePort, flag, nil)
	}
	return read.Host
}

// pin reads a SHA-256 as openssl and browsers show it, with colons, or without.
func (r *optionReader) pin(flag, text string) string {
	digits := strings.ToLower(strings.ReplaceAll(text, ":", ""))
	if octets, err := hex.DecodeString(digits); text != "" && (err != nil || len(octets) != 32) {
		r.fault(codePin, flag, nil)
	}
	return digits
}

func (r *optionReader) ca(flag, file string) []byte {
	if file == "" {
		return nil
	}
	data, ok := r.read(flag, file)
	if ok && !x509.NewCertPool().AppendCertsFromPEM(data) {
		r.fault(codeNoCertificate, flag, migration.Args{"file": file})
	}
	return data
}

// read returns a small file that a flag names.
func (r *optionReader) read(flag, file string) (data []byte, ok bool) {
	data, err := readFile(file, maxSmallFile)
	if err != nil {
		r.fault(codeUnreadable, flag, fileArgs(file, err))
	}
	return data, err == nil
}

// readFile reads up to most octets: a file may be a device that never ends.
func readFile(name string, most int64) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readUpTo(f, most)
}
