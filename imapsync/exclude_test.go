package imapsync

import (
	"testing"

	"trasloco/migration"
)

func TestExcluded(t *testing.T) {
	const out, notMail, public = migration.ReasonFolder, migration.ReasonNotMail, migration.ReasonPublic
	usual, groups, keeps, none, drafts := migration.DefaultFolderRules(), DefaultRules(migration.Exchange), DefaultRules(migration.Office365), migration.FolderRules{}, migration.FolderRules{Excluded: []string{"Bozze"}}
	keeps.KeepSubfolders = true
	zimbra, kerio := migration.FolderRules{Groupware: migration.GroupwareZimbra}, migration.FolderRules{Groupware: migration.GroupwareKerio}
	tests := []struct {
		name   string
		rules  migration.FolderRules
		folder string
		others []string
		want   migration.Reason
	}{
		{"the five names of S15: Trash", usual, "Trash", nil, out},
		{"the five names of S15: Cestino", usual, "Cestino", nil, out},
		{"the five names of S15: Spam", usual, "Spam", nil, out},
		{"the five names of S15: Posta indesiderata", usual, "Posta indesiderata", nil, out},
		{"the five names of S15: Junk Email", usual, "Junk Email", nil, out},
		{"in other letters (F-11)", usual, "pOSTA iNDESIDERATA", nil, out},
		{"marked as Trash, whatever its name (F-11)", usual, "Altro|\\Trash", nil, out},
		{"marked as Junk (F-11)", usual, "Altro|\\Junk", nil, out},
		{"marked in small letters, as on Cyrus", usual, "Altro|\\trash", nil, out},
		{"a second folder marked as Trash", usual, "B|\\Trash", []string{"A|\\Trash"}, out},
		{"marked further down", usual, "[Gmail]/Cestino|\\Trash", nil, out},
		{"a role by attribute beats the name (F-11)", usual, "Trash|\\Sent", nil, ""},
		{"so does one that another folder won", usual, "Spam|\\Archive", []string{"A|\\Archive"}, ""},
		{"a role by name does not: who configures it means it", drafts, "Bozze", nil, out},
		{"INBOX stays, whatever it is marked as", usual, "INBOX|\\Junk", nil, ""},
		{"a name further down does not match (F-11)", usual, "Clienti/Spam", []string{"Clienti"}, ""},
		{"nor below INBOX", usual, "INBOX/Trash", []string{"INBOX"}, ""},
		{"look-alike: Posta eliminata (F-11)", usual, "Posta eliminata", nil, ""},
		{"look-alike: Elementi eliminati", usual, "Elementi eliminati", nil, ""},
		{"look-alike: Deleted Items", usual, "Deleted Items", nil, ""},
		{"look-alike: Deleted Messages", usual, "Deleted Messages", nil, ""},
		{"look-alike: Junk", usual, "Junk", nil, ""},
		{"look-alike: Junk E-mail", usual, "Junk E-mail", nil, ""},
		{"look-alike: Bulk", usual, "Bulk", nil, ""},
		{"look-alike: Trash 2019", usual, "Trash 2019", nil, ""},
		{"below an excluded folder (F-12)", usual, "Trash/2019", []string{"Trash"}, out},
		{"far below (F-12)", usual, "Trash/a/b/c", []string{"Trash", "Trash/a", "Trash/a/b"}, out},
		{"below one excluded by its mark (F-12)", usual, "Altro/x", []string{"Altro|\\Trash"}, out},
		{"below one that the server does not list", usual, "Trash/2019", nil, out},
		{"below one that is not excluded for its mark", usual, "Trash/2019", []string{"Trash|\\Sent"}, ""},
		{"not below one whose name only begins so", usual, "Trash2/x", []string{"Trash", "Trash2"}, ""},
		{"below an excluded folder, by the switch (F-12)", keeps, "Trash/2019", []string{"Trash"}, ""},
		{"below an unlisted one, by the switch (F-12)", keeps, "Trash/2019", nil, ""},
		{"the switch does not include the folder itself", keeps, "Trash", nil, out},
		{"nor a folder below that is marked itself", keeps, "Trash/x|\\Junk", []string{"Trash"}, out},
		{"nor what is no mail (F-13)", keeps, "Calendar/Birthdays", []string{"Calendar"}, notMail},
		{"All is no folder to copy (F-10, M-3)", usual, "Tutti|\\All", nil, out},
		{"nor is Flagged", none, "Speciali|\\Flagged", nil, out},
		{"nor is Important", none, "Importanti|\\Important", nil, out},
		{"without rules Trash is copied", none, "Trash|\\Trash", nil, ""},
		{"a calendar on Exchange (F-13)", groups, "Calendar", nil, notMail},
		{"a calendar in Italian (F-13)", groups, "Calendario", nil, notMail},
		{"tasks in Italian (F-13)", groups, "attivit&AOA-", nil, notMail},
		{"below it (F-13)", groups, "Sync Issues/Conflicts", []string{"Sync Issues"}, notMail},
		{"a folder of that name further down is mail (F-13)", groups, "Clienti/Note", []string{"Clienti"}, ""},
		{"on any other server it is mail (F-13)", usual, "Calendar", nil, ""},
		{"contacts on Zimbra (F-13)", zimbra, "Emailed Contacts", nil, notMail},
		{"what Zimbra does not make is mail there (F-13)", zimbra, "Notes", nil, ""},
		{"nor does it make this one any more (F-13)", zimbra, "Notebook", nil, ""},
		{"in any language (F-13)", zimbra, "Contatti", nil, ""},
		{"notes on Kerio (F-13)", kerio, "Notes", nil, notMail},
		{"what Kerio does not make is mail there (F-13)", kerio, "Journal", nil, ""},
		{"public folders of Exchange (F-1)", groups, "Public Folders", nil, public},
		{"public folders in German (F-1)", groups, "&ANY-ffentliche Ordner", nil, public},
		{"and what lies below (F-1)", groups, "Dossiers publics/Ventes", []string{"Dossiers publics|\\Noselect"}, public},
		{"public folders of Kerio (F-1)", kerio, "Public Folders", nil, public},
		{"somebody's own folder of that name (F-1)", usual, "Cartelle pubbliche", nil, ""},
		{"somebody's own folder of that name at Zimbra (F-1)", zimbra, "Cartelle pubbliche", nil, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			all := top(append(tt.others, tt.folder)...)
			assignRoles(all)
			if got := excluded(all[len(all)-1], all, tt.rules); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestGroupwareGoesWithTheServer(t *testing.T) {
	tests := []struct {
		kind     migration.ServerType
		provider string
		want     migration.Groupware
	}{
		{migration.Standard, "", ""},
		{migration.Standard, "aruba", ""},
		{migration.Standard, "zimbra", migration.GroupwareZimbra},
		{migration.Standard, "kerio", migration.GroupwareKerio},
		{migration.Gmail, "", ""},
		{migration.Exchange, "", migration.GroupwareExchange},
		{migration.Office365, "", migration.GroupwareExchange},
	}
	for _, tt := range tests {
		rules := RulesFor(tt.kind, migration.ProviderNamed(tt.provider), migration.DefaultFolderRules())
		if rules.Groupware != tt.want || len(rules.Excluded) != 5 || rules.KeepSubfolders {
			t.Errorf("%s of %q: %+v (F-13)", tt.kind, tt.provider, rules)
		}
	}
}
