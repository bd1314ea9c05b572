package migration

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// maxLogin is more than any server takes: an address has at most 254 octets
// (RFC 5321 §4.5.3.1), and some put a domain or a master user in front.
const maxLogin = 512

// sampleWords stand in the samples that people fill in.
var sampleWords = []string{
	"email@locale", "imap-server-remoto", "email@remota", "pwdremota", "pwd-master-user", "master-user-name",
	"client_id", "client_secret", "email@local", "imap-server", "email@remote", "remote-password",
	"master-password", "master-name", "tenant_id",
}

// excelErrors are what a spreadsheet leaves of a cell that begins with "=", "+"
// or "-", or that was too narrow, in English and Italian.
var excelErrors = []string{
	"#NAME?", "#NOME?", "#REF!", "#RIF!", "#VALUE!", "#VALORE!", "#N/A", "#N/D", "#DIV/0!", "#NUM!", "#NULL!", "#NULLO!",
}

var (
	guid        = regexp.MustCompile(`^(?i)[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	excelNumber = regexp.MustCompile(`^[0-9][.,][0-9]+E[+-][0-9]{2,3}$`)
)

// spoiled reports values that nobody meant, whatever the field.
func (r *record) spoiled(name, text string) bool {
	switch {
	case slices.Contains(sampleWords, strings.ToLower(text)):
		r.fault(CodeFieldPlaceholder, name, nil)
	case len(text) >= 3 && strings.Trim(text, "*•●") == "":
		r.fault(CodeFieldMask, name, nil)
	case slices.Contains(excelErrors, text) || (len(text) >= 3 && strings.Trim(text, "#") == ""):
		r.fault(CodeFieldExcelError, name, nil)
	default:
		return false
	}
	return true
}

// clean returns a field that is no password without what office programs add.
func (r *record) clean(name string) string {
	text := r.value(name).text
	cleaned := cleanName(text)
	if cleaned != text {
		r.warn(CodeFieldCleaned, name, nil)
	}
	return cleaned
}

// name reads a field that holds a name of somebody.
func (r *record) name(field, emptyCode string) string {
	text := r.clean(field)
	if text == "" {
		r.fault(emptyCode, field, nil)
		return ""
	}
	if r.spoiled(field, text) {
		return text
	}
	switch {
	case strings.ContainsFunc(text, unicode.IsControl):
		r.fault(CodeFieldControl, field, nil)
	case len(text) > maxLogin:
		r.fault(CodeFieldLong, field, Args{"length": len(text), "max": maxLogin})
	case strings.Contains(text, `"`):
		r.fault(CodeFieldQuote, field, nil)
	case strings.ContainsAny(text, "<>"):
		r.fault(CodeFieldAngle, field, nil)
	case strings.HasPrefix(strings.ToLower(text), "mailto:"):
		r.fault(CodeFieldMailto, field, nil)
	}
	return text
}

// password takes a password as it stands, and warns where it looks odd.
func (r *record) password(name, emptyCode string) Secret {
	f := r.value(name)
	if f.text == "" {
		r.fault(emptyCode, name, nil)
		return Secret{}
	}
	if r.spoiled(name, f.text) {
		return Secret{}
	}
	if !f.quoted && strings.Contains(f.text, `"`) {
		r.warn(CodePasswordBareQuote, name, nil)
	}
	for _, doubt := range passwordDoubts {
		if doubt.holds(f.text) {
			r.warn(doubt.code, name, nil)
		}
	}
	return NewSecret(f.text)
}

var passwordDoubts = []struct {
	code  string
	holds func(string) bool
}{
	{CodePasswordEdgeBlank, func(s string) bool { return strings.TrimFunc(s, unicode.IsSpace) != s }},
	{CodePasswordInvisible, func(s string) bool {
		return strings.ContainsFunc(s, func(c rune) bool {
			return c != ' ' && (isBlank(c) || unicode.IsControl(c))
		})
	}},
	{CodePasswordCurlyQuotes, func(s string) bool { return strings.ContainsAny(s, "“”„‘’") }},
	{CodePasswordExcelNumber, excelNumber.MatchString},
}

func (r *record) clientID() string {
	id := r.name(FieldClientID, CodeClientIDEmpty)
	if !r.hasProblem(FieldClientID) && !guid.MatchString(id) {
		r.fault(CodeClientIDFormat, FieldClientID, nil)
	}
	return id
}

// clientSecret refuses a GUID: that is the ID of the secret, which the portal
// shows beside its value (AADSTS7000215).
func (r *record) clientSecret() Secret {
	secret := r.password(FieldClientSecret, CodeClientSecretEmpty)
	if guid.MatchString(cleanName(r.value(FieldClientSecret).text)) {
		r.fault(CodeClientSecretIsID, FieldClientSecret, nil)
	}
	return secret
}

// tenant reads a directory ID or a domain. Without one the domain of the login
// is the tenant (S6), so there must be one.
func (r *record) tenant(login string) string {
	text := r.clean(FieldTenant)
	lower := strings.ToLower(text)
	switch {
	case text == "":
		if _, domain, _ := strings.Cut(login, "@"); domain == "" && !r.hasProblem(FieldLogin) {
			r.fault(CodeLoginNoDomain, FieldLogin, nil)
		}
	case r.spoiled(FieldTenant, text):
	case lower == "common" || lower == "organizations" || lower == "consumers":
		r.fault(CodeTenantCommon, FieldTenant, nil)
	case !guid.MatchString(text) && (!isDomain(text) || !strings.Contains(text, ".")):
		r.fault(CodeTenantFormat, FieldTenant, nil)
	}
	return text
}
