package imapsync

import (
	"cmp"

	"trasloco/migration"
)

// DefaultRules returns the folder rules of the specification for a type of
// server.
func DefaultRules(t migration.ServerType) migration.FolderRules {
	return RulesFor(t, migration.Provider{}, migration.DefaultFolderRules())
}

// RulesFor adds to the rules of a policy what goes with a type of server and with whose
// it is: where folders hold more than mail, that is left out (F-13).
func RulesFor(t migration.ServerType, p migration.Provider, rules migration.FolderRules) migration.FolderRules {
	rules.Groupware = cmp.Or(rules.Groupware, p.Groupware)
	if t == migration.Exchange || t == migration.Office365 {
		rules.Groupware = migration.GroupwareExchange
	}
	return rules
}
