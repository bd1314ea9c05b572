package handlers

import (
	"net/mail"
	"strconv"
	"strings"
	"time"
	"unicode"

	"trasloco/migration"
)

// Faults of what stands in the forms of this package, beside those that package
// migration knows.
const (
	CodeFormEmpty     = "form.empty"     // a field that must not be
	CodeFormLong      = "form.long"      // args: max
	CodeFormChoice    = "form.choice"    // none of the answers that are offered
	CodeEmailForm     = "email.form"     // no address
	CodeDomainForm    = "domain.form"    // args: line, text
	CodeMXForm        = "mx.form"        // args: line, text
	CodePinForm       = "pin.form"       // no SHA-256
	CodeAuthorityForm = "ca.form"        // no certificate in PEM form
	CodeServerInUse   = "server.in_use"  // args: count, migrations that are under way to it
	CodeZoneUnknown   = "zone.unknown"   // no zone of the IANA data
	CodePasswordWrong = "password.wrong" // not the one he has
	CodePasswordAgain = "password.again" // of a server that became another one
	CodeLoginWait     = "login.wait"     // args: time
	CodeEmailTaken    = "email.taken"    // somebody signs in with it already
	CodeNameTaken     = "name.taken"     // by another customer
	CodeDomainsNone   = "domains.none"   // of a manager
	CodeDomainName    = "domain.name"    // no domain
	CodeDomainOwn     = "domain.own"     // it is in the list already
	CodeDomainTaken   = "domain.taken"   // somebody else has it
	CodeDomainUsed    = "domain.used"    // by a migration
	CodeDomainOpen    = "domain.open"    // by a migration that is not over
	CodeLastAdmin     = "user.last_admin"
	CodeLastOperator  = "user.last_operator"
	CodeFactorWrong   = "factor.wrong" // the code does not fit, or was used already
)

// maxText bounds the characters of a name.
const maxText = 200

// formReader collects what is wrong with a form while it is read.
type formReader struct {
	value    func(name string) string
	problems []migration.Problem
}

func (f *formReader) fault(field, code string, args migration.Args) {
	f.problems = append(f.problems, migration.Problem{Code: code, Field: field, Args: args})
}

// text returns a field without the blanks around it.
func (f *formReader) text(field string) string { return strings.TrimSpace(f.value(field)) }

// needed is text of a field that must not be empty.
func (f *formReader) needed(field string) string { return f.filled(field, f.text(field)) }

func (f *formReader) filled(field, text string) string {
	switch {
	case text == "":
		f.fault(field, CodeFormEmpty, nil)
	case len([]rune(text)) > maxText:
		f.fault(field, CodeFormLong, migration.Args{"max": maxText})
	}
	return text
}

// name is needed of how a person or a customer is called: one line of signs that
// can be seen, none of which turns the text around them.
func (f *formReader) name(field string) string { return f.filled(field, oneLine(f.value(field))) }

func oneLine(text string) string {
	if !strings.ContainsFunc(text, func(c rune) bool { return unicode.IsGraphic(c) && !unicode.IsSpace(c) }) {
		return ""
	}
	text = strings.Map(func(c rune) rune {
		switch {
		case unicode.IsSpace(c):
			return ' '
		case unicode.IsControl(c), unicode.Is(unicode.Bidi_Control, c):
			return -1
		}
		return c
	}, text)
	return strings.Join(strings.Fields(text), " ")
}

// email returns a mail address that has a domain, all of which can be seen: an
// address that looks like another one must not be another one.
func (f *formReader) email() string {
	const field = "email"
	before, text := len(f.problems), f.needed(field)
	if len(f.problems) > before {
		return text
	}
	parsed, err := mail.ParseAddress(text)
	hidden := strings.ContainsFunc(text, func(c rune) bool { return !unicode.IsGraphic(c) || unicode.IsSpace(c) })
	if err != nil || hidden || parsed.Address != text || parsed.Name != "" {
		f.fault(field, CodeEmailForm, nil)
	}
	return text
}

// password returns one that a user wants to have. It is taken as it is.
func (f *formReader) password(field, email string) string {
	password := f.value(field)
	if problem, wrong := PasswordProblem(field, password, email); wrong {
		f.problems = append(f.problems, problem)
	}
	return password
}

// domains returns mail domains in ASCII form, one a line, each once.
func (f *formReader) domains(field string) []string {
	var domains []string
	seen := map[string]bool{}
	for i, line := range lines(f.value(field)) {
		name, ok := hostName(strings.TrimPrefix(line, "@"))
		switch {
		case line == "" || seen[name]:
		case !ok:
			f.fault(field, CodeDomainForm, migration.Args{"line": i + 1, "text": line})
		default:
			seen[name] = true
			domains = append(domains, name)
		}
	}
	if len(domains) == 0 && strings.TrimSpace(f.value(field)) == "" {
		f.fault(field, CodeFormEmpty, nil)
	}
	return domains
}

// records returns MX records, one a line: "10 mx1.example.net". A name alone
// gets the priority 10.
func (f *formReader) records(field string) []string {
	var records []string
	for i, line := range lines(f.value(field)) {
		if line == "" {
			continue
		}
		priority, name, two := strings.Cut(line, " ")
		if !two {
			priority, name = "10", line
		}
		number, err := strconv.ParseUint(priority, 10, 16)
		host, ok := hostName(strings.TrimSpace(name))
		if err != nil || !ok {
			f.fault(field, CodeMXForm, migration.Args{"line": i + 1, "text": line})
			continue
		}
		records = append(records, strconv.FormatUint(number, 10)+" "+host)
	}
	return records
}

// zone returns the name of a time zone, or "" for none.
func (f *formReader) zone(field string) string {
	name := f.text(field)
	if _, err := time.LoadLocation(name); err != nil || name == "Local" {
		f.fault(field, CodeZoneUnknown, nil)
	}
	return name
}

// lines returns the lines of a text without the blanks around them.
func lines(text string) []string {
	all := strings.Split(text, "\n")
	for i, line := range all {
		all[i] = strings.TrimSpace(strings.ReplaceAll(line, "\t", " "))
	}
	return all
}

// hostName returns a name with a dot in lower-case ASCII form; an address is
// none.
func hostName(text string) (string, bool) {
	read, problems := migration.ParseHostPort(text, true)
	ok := len(problems) == 0 && read.Port == 0 && strings.Contains(read.Host, ".") && !strings.Contains(read.Host, ":") &&
		strings.Trim(read.Host, "0123456789.") != ""
	return read.Host, ok
}
