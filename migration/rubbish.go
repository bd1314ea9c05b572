package migration

import (
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// TrashNames returns the names of the folder for what was deleted, as servers and mail
// programs make it in five languages; the likeliest first. Sources: Exchange and
// Outlook in each language, Gmail, Apple's Mail ("Deleted Messages", "Bin"), Dovecot,
// Courier, Aruba and Libero.
func TrashNames() []string {
	return []string{
		"Trash", "Deleted Items", "Deleted Messages", "Deleted", "Bin",
		"Cestino", "Posta eliminata", "Elementi eliminati", "Messaggi eliminati", "Eliminati",
		"Papierkorb", "Gelöschte Elemente", "Gelöschte Objekte", "Gelöscht",
		"Corbeille", "Éléments supprimés", "Papelera", "Elementos eliminados", "Elementos borrados",
	}
}

// JunkNames returns those of the folder for what nobody asked for, such as Yahoo's "Bulk
// Mail".
func JunkNames() []string {
	return []string{
		"Junk", "Spam", "Junk Email", "Junk E-mail", "Junk-E-Mail", "Junk Mail", "Bulk Mail", "Bulk",
		"Posta indesiderata", "Indesiderata", "Spamverdacht", "Unerwünscht",
		"Courrier indésirable", "Indésirables", "Pourriel", "Correo no deseado", "No deseado",
	}
}

// quarantineNames are those of a folder to look at that has no role at the destination.
var quarantineNames = []string{"Quarantine", "Quarantena"}

var rubbishNames = keysOf(TrashNames(), JunkNames(), quarantineNames)

func keysOf(lists ...[]string) map[string]bool {
	keys := map[string]bool{}
	for _, name := range slices.Concat(lists...) {
		keys[nameKey(name)] = true
	}
	return keys
}

func nameKey(name string) string { return strings.ToLower(norm.NFC.String(name)) }

// LooksLikeRubbish reports whether a folder should be looked at: it is called trash or
// spam, and no rule leaves it out. Such folders hold what nobody wants, and sometimes all
// that a person has: they are offered for leaving out, and copied unless somebody does
// (S15, F-11).
func (f FoundFolder) LooksLikeRubbish() bool {
	hasOtherRole := f.Role != "" && f.Role != `\Trash` && f.Role != `\Junk`
	return f.Reason == "" && !f.IsFixed() && !hasOtherRole && rubbishNames[nameKey(systemName(f.Path))]
}

// folderRoots are where servers keep the folders that they make themselves, if not at the
// top: Legalmail and Gmail.
var folderRoots = []string{"INBOX", "[Gmail]", "[Google Mail]"}

// systemName is the name of a folder that a server may have made; "" of any further down,
// which a person made: Clienti/Spam is about a client.
func systemName(path []string) string {
	switch {
	case len(path) == 1:
		return path[0]
	case len(path) == 2 && slices.Contains(folderRoots, path[0]):
		return path[1]
	}
	return ""
}
