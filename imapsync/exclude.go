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
	listed := false // the top of f's path; Cyrus does not list a parent without mailbox
	for _, parent := range all {
		if isBelow(f, parent) {
			listed = listed || len(parent.path) == 1
			if reason := handedDown(parent, rules); reason != "" {
				return reason
			}
		}
	}
	if listed || len(f.path) == 1 {
		return ""
	}
	return handedDown(folder{path: f.path[:1]}, rules)
}

// handedDown returns why the folders below parent are left out (F-12).
func handedDown(parent folder, rules migration.FolderRules) migration.Reason {
	reason := excludedItself(parent, rules)
	if reason == migration.ReasonFolder && rules.KeepSubfolders {
		return ""
	}
	return reason
}

func excludedItself(f folder, rules migration.FolderRules) migration.Reason {
	top := len(f.path) == 1
	switch {
	case f.isInbox():
		return ""
	case slices.ContainsFunc(rules.ExcludedRoles, f.Has), slices.ContainsFunc(views, f.Has):
		return migration.ReasonFolder
	case slices.ContainsFunc(roleAttributes, f.Has):
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
