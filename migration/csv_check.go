package migration

import (
	"cmp"
	"strings"
	"unicode"
)

// check finds the faults of one row and makes the resource of it.
func (p *csvParser) check(r *record) {
	if code := lineFault(r.text); code != "" {
		r.fault(code, "", nil)
		return
	}
	if r.checkQuotes(p.opts.columns(p.opts.fieldsOf(p.sheet.Form))) {
		return
	}
	if p.checkForm(r) {
		p.readRow(r)
		p.refusePassword(r)
	}
}

// refusePassword is noticePasswords for the page of the rows: the type of server may
// be changed when the file is there already.
func (p *csvParser) refusePassword(r *record) {
	if p.opts.NeedsApp && r.resource.Source.Auth.Kind != AuthClientCredentials {
		r.fault(CodeRowNeedsApp, FieldPassword, Args{"want": p.opts.fieldsOf(FormMicrosoft365)})
	}
}

// lineFault finds text that was damaged before it came to us: whatever a field
// holds cannot be trusted then.
func lineFault(line string) (code string) {
	switch {
	case strings.Contains(line, "\x00"):
		return CodeRowNUL
	case strings.ContainsRune(line, unicode.ReplacementChar):
		return CodeRowLostLetters
	case strings.Contains(line, "\r"):
		return CodeRowMixedLineEnds
	}
	return ""
}

// checkQuotes reports quotes that are not closed, and text behind the closing
// one. Such a line may be divided in the wrong places: nothing else is said of
// it, and its fields are named as the other rows have them.
func (r *record) checkQuotes(columns []string) (found bool) {
	for i, f := range r.fields {
		if f.code == "" {
			continue
		}
		name := ""
		if i < len(columns) {
			name = columns[i]
		}
		r.fault(f.code, name, Args{"position": i + 1})
		found = true
	}
	return found
}

// value returns the field of that name; one the row does not have is empty.
func (r *record) value(name string) field {
	for i, column := range r.columns {
		if column == name {
			return r.fields[i]
		}
	}
	return field{}
}

// readRow checks field by field, from left to right.
func (p *csvParser) readRow(r *record) {
	r.resource = Resource{
		Row:         r.line,
		Destination: Endpoint{Auth: Auth{Kind: AuthPassword, Login: r.destination()}},
		Source:      p.sourceEndpoint(r),
	}
	r.resource.Source.Auth = r.sourceAuth(p.sheet.Form, p.opts.Key)
	p.checkKeyHost(r)
	if p.opts.DestinationPassword && (!p.opts.passwordMayMiss || r.value(FieldDestinationPassword).text != "") {
		r.resource.Destination.Auth.Password = r.password(FieldDestinationPassword, CodeDestinationPasswordEmpty)
	}
}

func (r *record) sourceAuth(form Form, key ServiceAccount) Auth {
	auth := Auth{Kind: AuthPassword, Login: r.login()}
	switch form {
	case FormMaster:
		auth.Kind = AuthMaster
		auth.Password = r.password(FieldMasterPassword, CodeMasterPasswordEmpty)
		auth.Master = r.name(FieldMaster, CodeMasterEmpty)
	case FormMicrosoft365: // the password field is never stored (S6)
		auth.Kind = AuthClientCredentials
		auth.ClientID = r.clientID()
		auth.ClientSecret = r.clientSecret()
		auth.Tenant = r.tenant(auth.Login)
	default:
		if !key.Key.IsZero() && r.value(FieldPassword).text == "" {
			r.checkDelegated(auth.Login)
			return key.Auth(auth.Login)
		}
		auth.Password = r.password(FieldPassword, CodePasswordEmpty)
	}
	return auth
}

// checkDelegated looks whether a key can open a login: it acts for addresses of a
// Workspace alone.
func (r *record) checkDelegated(login string) {
	_, domain, isAddress := strings.Cut(strings.ToLower(login), "@")
	switch {
	case r.hasProblem(FieldLogin):
	case !isAddress || domain == "":
		r.fault(CodeLoginAddress, FieldLogin, nil)
	case domain == "gmail.com" || domain == "googlemail.com":
		r.fault(CodeLoginPersonal, FieldLogin, nil)
	}
}

// checkKeyHost refuses a row that would have a token, which opens the mailbox, sent
// to somebody else than Google.
func (p *csvParser) checkKeyHost(r *record) {
	source := r.resource.Source
	if source.Auth.Kind == AuthServiceAccount && !r.hasProblem(FieldHost) && source.Host != Gmail.Host() {
		r.fault(CodeHostNotGoogle, FieldHost, Args{"host": Gmail.Host()})
	}
}

// sourceEndpoint reads the host. A port in the row beats the default one; the
// mode of TLS goes by the port, or the port by the mode.
func (p *csvParser) sourceEndpoint(r *record) Endpoint {
	text := cmp.Or(r.clean(FieldHost), p.defaultHost(r))
	if r.spoiled(FieldHost, text) {
		return Endpoint{}
	}
	read, problems := ParseHostPort(text, p.opts.AllowPrivate)
	for _, problem := range problems {
		problem.Row = r.line
		r.problems = append(r.problems, problem)
	}
	if len(problems) == 0 {
		p.doubtHost(r, read.Host)
	}
	return p.opts.endpoint(read)
}

func (o CSVOptions) endpoint(read HostPort) Endpoint {
	end := Endpoint{Host: read.Host, Port: read.Port, TLS: o.DefaultTLS}
	if end.Port == 0 {
		end.Port = o.DefaultPort
	}
	if end.Port == 0 {
		end.Port = PortForTLSMode(end.TLS)
	}
	if end.TLS == "" {
		end.TLS = TLSModeForPort(end.Port)
	}
	return end
}

// doubtHost warns of names that are valid and hardly meant.
func (p *csvParser) doubtHost(r *record, host string) {
	label, _, isLong := strings.Cut(host, ".")
	switch {
	case strings.Contains(host, ":"):
	case !isLong && !p.opts.AllowPrivate:
		r.warn(CodeHostShort, FieldHost, nil)
	case label == "smtp" || label == "pop" || label == "pop3" || label == "www":
		r.warn(CodeHostOtherService, FieldHost, Args{"label": label})
	}
}

// destination reads a login of the destination. With an "@" it is an address.
func (r *record) destination() string {
	login := r.name(FieldDestination, CodeDestinationEmpty)
	local, domain, isAddress := strings.Cut(login, "@")
	switch {
	case r.hasProblem(FieldDestination):
	case strings.ContainsFunc(login, unicode.IsSpace):
		r.fault(CodeDestinationBlank, FieldDestination, nil)
	case strings.Contains(domain, "@"):
		r.fault(CodeDestinationSeveralAt, FieldDestination, nil)
	case isAddress && local == "":
		r.fault(CodeDestinationNoName, FieldDestination, nil)
	case isAddress && !isDomain(domain):
		r.fault(CodeDestinationDomain, FieldDestination, nil)
	}
	return login
}

// isDomain checks what holds for domains in any script.
func isDomain(text string) bool {
	code, _ := characterFault(text)
	if code != "" && code != CodeHostUnderscore {
		return false
	}
	for label := range strings.SplitSeq(text, ".") {
		if label == "" {
			return false
		}
	}
	return true
}

// login reads a login of the source. Some servers have blanks in logins; none
// has one that is not the plain blank.
func (r *record) login() string {
	login := r.name(FieldLogin, CodeLoginEmpty)
	isOddSpace := func(c rune) bool { return unicode.IsSpace(c) && c != ' ' }
	switch {
	case r.hasProblem(FieldLogin):
	case strings.ContainsFunc(login, isOddSpace):
		r.fault(CodeLoginBlank, FieldLogin, nil)
	case strings.Contains(login, " "):
		r.warn(CodeLoginSpace, FieldLogin, nil)
	}
	return login
}

func (r *record) hasProblem(field string) bool {
	for _, p := range r.problems {
		if p.Field == field {
			return true
		}
	}
	return false
}
