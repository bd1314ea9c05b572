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
	// Command is a way that is more than a login name; "": none.
	Command MasterCommand
}

// MasterCommand is how a master user becomes another user where that is a command.
type MasterCommand string

// The commands.
const (
	// CommandProxyAuth logs in as the master user, then says PROXYAUTH: Sun, Oracle,
	// iPlanet.
	CommandProxyAuth MasterCommand = "proxyauth"
	// CommandMasterAuth is Kerio's X-MASTERAUTH, whose master has a password and no
	// name.
	CommandMasterAuth MasterCommand = "x-masterauth"
)

// The parts of a Pattern.
const (
	patternUser   = "{user}"
	patternMaster = "{master}"
)

var errMasterForm = errors.New(`want "separator:" and a character, "login:" and a pattern with {user} and {master}, "authzid", "proxyauth" or "x-masterauth"`)

// ParseMasterForm reads "separator:*", "login:{master}\{user}", "authzid", or a
// MasterCommand.
func ParseMasterForm(text string) (MasterForm, error) {
	kind, rest, _ := strings.Cut(text, ":")
	switch {
	case text == "authzid":
		return MasterForm{AuthzID: true}, nil
	case text == string(CommandProxyAuth) || text == string(CommandMasterAuth):
		return MasterForm{Command: MasterCommand(text)}, nil
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
	case f.Command != "":
		return string(f.Command)
	case f.Pattern != "":
		return "login:" + f.Pattern
	case f.Separator != "":
		return "separator:" + f.Separator
	}
	return ""
}

// Join returns the login name of a form that is one.
func (f MasterForm) Join(user, master string) string {
	if f.Pattern != "" {
		return strings.NewReplacer(patternUser, user, patternMaster, master).Replace(f.Pattern)
	}
	return user + cmp.Or(f.Separator, "*") + master
}
