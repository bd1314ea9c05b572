package imapsync

import "trasloco/migration"

// DefaultRules returns the folder rules of the specification for a type of
// server.
func DefaultRules(t migration.ServerType) migration.FolderRules {
	return RulesFor(t, migration.DefaultFolderRules())
}

// RulesFor adds to the rules of a policy what goes with a type of server: on
// Exchange-like ones, what is no mail is left out (F-13).
func RulesFor(t migration.ServerType, rules migration.FolderRules) migration.FolderRules {
	rules.Groupware = rules.Groupware || t == migration.Exchange || t == migration.Office365
	return rules
}
