package imapsync

import (
	"slices"
	"strings"

	"trasloco/migration"
)

// roleNames are the names under which folders of a role go where the server
// does not say it by an attribute (providers: Exchange, Gmail, Courier, cPanel).
// The first is the one by which a destination is most likely to know it.
var roleNames = []struct {
	role  string
	names []string
}{
	{`\Sent`, []string{
		"Sent", "Sent Items", "Sent Messages", "Sent Mail", "Posta inviata", "Inviata", "Inviati", "Elementi inviati", "Spedite",
		"Gesendet", "Gesendete", "Gesendete Elemente", "Gesendete Objekte",
		"Envoyés", "Messages envoyés", "Éléments envoyés", "Objets envoyés", "Enviados", "Elementos enviados",
	}},
	{`\Drafts`, []string{"Drafts", "Draft", "Bozze", "Entwürfe", "Brouillons", "Borradores", "Borrador"}},
	{`\Archive`, []string{"Archive", "Archives", "Archivio", "Archiv", "Archivo"}},
	{`\Trash`, migration.TrashNames()},
	{`\Junk`, migration.JunkNames()},
}

// Trash and Junk are roles by attribute alone: what has such a role is left out
// by default, and a name that only looks like it must not be (F-11).
var attributeOnly = []string{`\Trash`, `\Junk`}

// views show messages of other folders and are never folders to copy (F-10, M-3).
var views = []string{`\All`, `\Flagged`, `\Important`}

// roleAttributes give a folder a role (RFC 6154 §2).
var roleAttributes = []string{`\Sent`, `\Drafts`, `\Archive`, `\Trash`, `\Junk`, `\All`, `\Flagged`, `\Important`}

// assignRoles gives each folder its role: by attribute, else by its name at the
// top level. A role has one winner, the first in the tree; the other folders
// keep their own name (F-10).
func assignRoles(folders []folder) {
	taken := map[string]bool{}
	for i := range folders {
		for _, role := range roleAttributes {
			if folders[i].Has(role) && !taken[role] && !folders[i].isInbox() {
				folders[i].role, taken[role] = role, true
				break
			}
		}
	}
	for _, known := range roleNames {
		if !taken[known.role] && !slices.Contains(attributeOnly, known.role) {
			nameRole(folders, known.role, known.names)
		}
	}
}

func nameRole(folders []folder, role string, names []string) {
	for _, name := range names {
		i := slices.IndexFunc(folders, func(f folder) bool {
			return !slices.ContainsFunc(roleAttributes, f.Has) && len(f.path) == 1 && f.opens() && fold(f.path[0]) == fold(name)
		})
		if i >= 0 {
			folders[i].role = role
			return
		}
	}
}

// wellKnown returns the names of a role.
func wellKnown(role string) []string {
	for _, known := range roleNames {
		if strings.EqualFold(known.role, role) {
			return known.names
		}
	}
	return nil
}
