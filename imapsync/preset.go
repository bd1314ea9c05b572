package imapsync

import "trasloco/migration"

// DefaultRules returns the folder rules for a type of server: those of the
// specification, and for Exchange-like servers what is no mail (F-13).
func DefaultRules(t migration.ServerType) migration.FolderRules {
	rules := migration.DefaultFolderRules()
	rules.Groupware = t == migration.Exchange || t == migration.Office365
	return rules
}
