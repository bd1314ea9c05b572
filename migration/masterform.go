package migration

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
)

// MasterForm says how the login of a user and the name of a master user are
// put together; servers differ (RFC 4616 names one way, every server its own).
// The zero value is "separator:*"; of a source it means that nobody named a form,
// and the check finds out.
type MasterForm struct {
	// AuthzID sends SASL PLAIN with the user as authorization identity (RFC
	// 4616 §2): Cyrus, Zimbra, and Dovecot too.
	AuthzID bool
	// Separator stands between user and master in a plain LOGIN: Dovecot's
	// auth_master_user_separator, by custom "*".
	Separator string
	// Pattern is a plain LOGIN as the server wants it, with {user} and {master} in
	// it: Exchange's {master}\{user}, whose master is DOMAIN\admin.
	Pattern string
}

// The parts of a Pattern.
const (
	patternUser   = "{user}"
	patternMaster = "{master}"
)

var errMasterForm = errors.New(`want "separator:" and a character, "login:" and a pattern with {user} and {master}, or "authzid"`)

// ParseMasterForm reads "separator:*", "login:{master}\{user}" or "authzid".
func ParseMasterForm(text string) (MasterForm, error) {
	kind, rest, _ := strings.Cut(text, ":")
	switch {
	case text == "authzid":
		return MasterForm{AuthzID: true}, nil
	case kind == "separator" && rest != "":
		return MasterForm{Separator: rest}, nil
	case kind == "login" && strings.Contains(rest, patternUser) && strings.Contains(rest, patternMaster):
		return MasterForm{Pattern: rest}, nil
	}
	return MasterForm{}, fmt.Errorf("master form %q: %w", text, errMasterForm)
}

// String is what ParseMasterForm reads; "" of the zero value.
func (f MasterForm) String() string {
	switch {
	case f.AuthzID:
		return "authzid"
	case f.Pattern != "":
		return "login:" + f.Pattern
	case f.Separator != "":
		return "separator:" + f.Separator
	}
	return ""
}

// Join returns the login name of a form that has no authorization identity.
func (f MasterForm) Join(user, master string) string {
	if f.Pattern != "" {
		return strings.NewReplacer(patternUser, user, patternMaster, master).Replace(f.Pattern)
	}
	return user + cmp.Or(f.Separator, "*") + master
}
