package imapsync

import (
	"slices"

	"trasloco/migration"
)

// excluded returns why a folder is left out, or "" (F-1, F-11, F-12, F-13, F-17). Of
// the folders above it the nearest that has something to say decides.
func excluded(f folder, all []folder, rules migration.FolderRules) migration.Reason {
	if f.isFixed() {
		return excludedItself(f, rules)
	}
	if choice, found := rules.Chosen.Fate(f.path); found {
		return chosen(choice)
	}
	if reason := excludedItself(f, rules); reason != "" {
		return reason
	}
	for level := len(f.path) - 1; level > 0; level-- {
		if choice, found := rules.Chosen.Fate(f.path[:level]); found {
			return chosen(choice)
		}
		if reason := handedDown(folderAt(all, f.path[:level]), rules); reason != "" {
			return reason
		}
	}
	return ""
}

func chosen(choice migration.FolderChoice) migration.Reason {
	if choice.Out {
		return migration.ReasonFolder
	}
	return ""
}

// folderAt returns the folder at a path. Cyrus does not list a parent without mailbox:
// that one has its name and nothing else.
func folderAt(all []folder, path []string) folder {
	for _, f := range all {
		if slices.Equal(f.path, path) {
			return f
		}
	}
	return folder{path: path}
}

// isFixed reports whether nobody chooses what becomes of the folder (F-4, M-3).
func (f folder) isFixed() bool { return f.isInbox() || f.isView() }

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
	case slices.ContainsFunc(rules.ExcludedRoles, f.Has), f.isView():
		return migration.ReasonFolder
	case f.isChat():
		return migration.ReasonNotMail
	case slices.ContainsFunc(roleAttributes, f.Has):
		return "" // a folder with another role is no trash, whatever it is called
	case top && named(rules.Excluded, f.path[0]):
		return migration.ReasonFolder
	case top && hasPublicFolders(rules.Groupware) && named(publicFolders, f.path[0]):
		return migration.ReasonPublic
	case top && named(groupware[rules.Groupware], f.path[0]):
		return migration.ReasonNotMail
	default:
		return ""
	}
}

func named(names []string, name string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return fold(n) == fold(name) })
}
