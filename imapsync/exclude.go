package imapsync

import (
	"slices"

	"trasloco/migration"
)

// excluded returns why a folder is left out, or "" (F-11, F-12, F-13).
func excluded(f folder, all []folder, rules migration.FolderRules) migration.Reason {
	if reason := excludedItself(f, rules); reason != "" {
		return reason
	}
	if rules.KeepSubfolders {
		return ""
	}
	for _, parent := range all {
		if isBelow(f, parent) {
			if reason := excludedItself(parent, rules); reason != "" {
				return reason
			}
		}
	}
	return ""
}

func excludedItself(f folder, rules migration.FolderRules) migration.Reason {
	top := len(f.path) == 1
	switch {
	case containsFold(rules.ExcludedRoles, f.role):
		return migration.ReasonFolder
	case f.role != "" || f.isInbox():
		return "" // a folder with another role is no trash, whatever it is called
	case top && named(rules.Excluded, f.path[0]):
		return migration.ReasonFolder
	case top && rules.Groupware && named(groupware, f.path[0]):
		return migration.ReasonNotMail
	default:
		return ""
	}
}

func named(names []string, name string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return fold(n) == fold(name) })
}

func isBelow(f, parent folder) bool {
	return len(f.path) > len(parent.path) && slices.Equal(f.path[:len(parent.path)], parent.path)
}
