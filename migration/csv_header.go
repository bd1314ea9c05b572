package migration

import (
	"slices"
	"strings"
)

// columnNames are the words by which people head a column, in Italian and
// English, without blanks and punctuation. One word may stand over several
// columns. The first ones are those of the sample of S4, S5 and S6.
var columnNames = map[string][]string{
	FieldDestination: {
		"emaillocale", "destination", "destinazione", "destinationlogin", "destinationemail", "destinationaddress",
		"emaildestinazione", "caselladestinazione", "email", "mail", "emailaddress", "indirizzo", "indirizzoemail",
		"address", "account", "mailbox", "casella", "newemail", "nuovaemail", "local", "locale",
	},
	FieldHost: {
		"imapserverremoto", "host", "hostname", "server", "imap", "imapserver", "imaphost", "serverimap", "sourcehost",
		"sourceserver", "serverremoto", "hostremoto", "remoteserver", "remotehost", "oldserver", "vecchioserver",
		"serverorigine", "serverdiorigine", "ip", "serversorgente", "hostorigine", "source", "sorgente", "origine", "remoto",
		"remote", "oldhost",
	},
	FieldLogin: {
		"emailremota", "login", "user", "username", "utente", "nomeutente", "sourcelogin", "sourceuser", "loginremoto",
		"remotelogin", "sourceemail", "email", "mail", "oldemail", "vecchiaemail", "loginorigine", "utenteremoto",
		"emailorigine", "account", "remote", "remota",
	},
	FieldPassword: {
		"pwdremota", "password", "pwd", "pass", "passwd", "sourcepassword", "passwordremota", "remotepassword",
		"oldpassword", "vecchiapassword", "passwordorigine", "parola", "psw", "pw",
	},
	FieldMasterPassword: {"pwdmasteruser", "masterpassword", "passwordmaster", "masterpwd", "passwordmasteruser"},
	FieldMaster:         {"masterusername", "master", "mastername", "masteruser", "nomemaster", "utentemaster"},
	FieldClientID:       {"clientid", "applicationid", "appid", "idapplicazione", "applicationclientid"},
	FieldClientSecret:   {"clientsecret", "secret", "segreto", "segretoclient"},
	FieldTenant:         {"tenant", "tenantid", "directoryid", "idtenant", "directorytenantid"},
	FieldDestinationPassword: {
		"destinationpassword", "passworddestinazione", "newpassword", "nuovapassword", "password2", "localpassword",
		"passwordlocale", "password", "pwd", "destinationpwd",
	},
}

// columnsNamed returns the fields that a heading may stand for.
func columnsNamed(heading string) []string {
	word := strings.Map(func(c rune) rune {
		if isBlank(c) || strings.ContainsRune(`-_.@/'()"`, c) {
			return -1
		}
		return c
	}, strings.ToLower(heading))
	var names []string
	for name, words := range columnNames {
		if slices.Contains(words, word) {
			names = append(names, name)
		}
	}
	return names
}

// dropHeader takes away a first row that names the columns. It is sure of it
// only if the second field names a host and at most one field is unknown: a row
// that is taken for a header is an account that stays behind. Columns that are
// named but stand in another order are a fault of the file.
func (p *csvParser) dropHeader(records []*record) []*record {
	first := records[0]
	known, host := 0, -1
	for i, f := range first.fields {
		names := columnsNamed(f.text)
		if len(names) > 0 {
			known++
		}
		if host < 0 && slices.Contains(names, FieldHost) {
			host = i
		}
	}
	if host < 0 || first.count < 3 || known < max(3, first.count-1) {
		return records
	}
	p.sheet.Header = true
	if host != 1 || !isNamed(first.fields[0], FieldDestination) || !isNamed(first.fields[2], FieldLogin) {
		p.sheet.Problems = append(p.sheet.Problems, Problem{Code: CodeFileColumnOrder, Row: first.line})
	}
	dropComments(first, records[1:])
	return records[1:]
}

// isNamed reports whether the heading may stand for the field; an unknown word
// may stand for any.
func isNamed(f field, name string) bool {
	names := columnsNamed(f.text)
	return len(names) == 0 || slices.Contains(names, name)
}
