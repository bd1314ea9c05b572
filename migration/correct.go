package migration

import "slices"

// Faults of a correction, beside those of a file.
const (
	// CodeSecretAgain: the row goes to another account, so what is stored for the
	// former one is not sent there.
	CodeSecretAgain = "row.secret_again"
	// CodeLoginFixed: messages of the account were copied, and the journal speaks
	// of those: another account is another migration.
	CodeLoginFixed = "row.login_fixed"
	// CodeKeyFixed: the key of a service account was handed in for the accounts that the
	// file named, and opens no other.
	CodeKeyFixed = "row.key_fixed"
)

// standIn is read where a secret is left empty, which keeps the stored one.
const standIn = "kept as it was"

// CorrectionFields returns the fields of a row that can be corrected once its
// migration is valid, as they stand in a file. The destination is not among them.
func CorrectionFields(r Resource) []string {
	columns := columnsStandard
	switch r.Source.Auth.Kind {
	case AuthMaster:
		columns = columnsMaster
	case AuthClientCredentials:
		columns = columnsTenant
	}
	fields := slices.DeleteFunc(slices.Clone(columns[1:]), func(name string) bool {
		return name == FieldPassword && r.Source.Auth.Kind == AuthClientCredentials // never stored (S6)
	})
	if r.Destination.Auth.Kind == AuthPassword {
		fields = append(fields, FieldDestinationPassword)
	}
	return fields
}

// CorrectionValues are what those fields hold now; a secret is empty.
func CorrectionValues(r Resource) map[string]string {
	host := r.Source.Host
	if r.Source.Port != PortForTLSMode(r.Source.TLS) || r.Source.TLS != TLSModeForPort(r.Source.Port) {
		host = r.Source.Address()
	}
	auth := r.Source.Auth
	return map[string]string{
		FieldHost: host, FieldLogin: auth.Login, FieldMaster: auth.Master, FieldClientID: auth.ClientID, FieldTenant: auth.Tenant,
	}
}

// IsSecretField reports whether a field of a row holds a secret.
func IsSecretField(name string) bool { return slices.Contains(secretColumns, name) }

// Correct reads the fields of CorrectionFields as a row of a file is read, and
// returns the row as it is then, with the secrets that were typed and no others:
// one left empty keeps what is stored. copied says that messages of the row were
// copied already. All faults are returned, without a row.
func (in Intake) Correct(r Resource, values map[string]string, copied bool) (Resource, []Problem) {
	columns, filled := columnsOfRow(r), map[string]string{FieldDestination: r.Destination.Auth.Login}
	var kept []string
	for _, name := range columns[1:] {
		filled[name] = values[name]
		isOpen := name == FieldPassword && r.Source.Auth.Kind == AuthServiceAccount // the key does it
		if values[name] == "" && IsSecretField(name) && !isOpen {
			filled[name], kept = standIn, append(kept, name)
		}
	}
	if r.Source.Auth.Kind == AuthServiceAccount {
		in.Key = r.Source.Auth.ServiceAccount()
		in.Key.Key = NewSecret(standIn)
	}
	sheet := in.Read(EditLine(nil, 1, columns, filled))
	if len(sheet.Problems) > 0 || len(sheet.Rows) != 1 {
		return r, unplaced(sheet.Problems)
	}
	row := sheet.Rows[0]
	row.ID, row.Row = r.ID, r.Row
	problems := movedProblems(r, row, kept, copied)
	if row.Source.Auth.Kind == AuthServiceAccount {
		row.Source.Auth.ClientSecret = Secret{}
	}
	for _, name := range kept {
		switch name {
		case FieldDestinationPassword:
			row.Destination.Auth.Password = Secret{}
		case FieldClientSecret:
			row.Source.Auth.ClientSecret = Secret{}
		default:
			row.Source.Auth.Password = Secret{}
		}
	}
	return row, problems
}

func columnsOfRow(r Resource) []string {
	columns := append([]string{FieldDestination}, CorrectionFields(r)...)
	if r.Source.Auth.Kind == AuthClientCredentials {
		columns = slices.Insert(columns, 3, FieldPassword)
	}
	return columns
}

// movedProblems says what a row that goes to another account needs.
func movedProblems(old, row Resource, kept []string, copied bool) (problems []Problem) {
	a, b := old.Source.Auth, row.Source.Auth
	if copied && a.Login != b.Login {
		problems = append(problems, Problem{Code: CodeLoginFixed, Field: FieldLogin})
	}
	if b.Kind == AuthServiceAccount && a.Login != b.Login {
		problems = append(problems, Problem{Code: CodeKeyFixed, Field: FieldLogin})
	}
	moved := old.Source.Address() != row.Source.Address() || a.Login != b.Login || a.Master != b.Master ||
		a.ClientID != b.ClientID || a.Tenant != b.Tenant
	for _, name := range kept {
		if moved && name != FieldDestinationPassword && name != FieldPassword || moved && name == FieldPassword && a.Kind == AuthPassword {
			problems = append(problems, Problem{Code: CodeSecretAgain, Field: name})
		}
	}
	return problems
}

func unplaced(problems []Problem) []Problem {
	placed := slices.Clone(problems)
	for i := range placed {
		placed[i].Row = 0
		if placed[i].Field == "" {
			placed[i].Field = FieldHost
		}
	}
	return placed
}
