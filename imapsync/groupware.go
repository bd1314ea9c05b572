package imapsync

import "trasloco/migration"

// groupware are the folders at the top that hold no mail, by the kind of server (F-13).
// On any other kind a folder of that name is one of mail.
var groupware = map[migration.Groupware][]string{
	// Named in the language of the mailbox.
	migration.GroupwareExchange: {
		"Calendar", "Contacts", "Tasks", "Notes", "Journal", "Outbox", "Sync Issues", "Conversation History", "RSS Feeds", "RSS",
		"Suggested Contacts", "Files",
		"Calendario", "Contatti", "Attività", "Note", "Diario", "Posta in uscita", "Problemi di sincronizzazione",
		"Cronologia conversazioni", "Feed RSS", "Contatti suggeriti",
		"Kalender", "Kontakte", "Aufgaben", "Notizen", "Postausgang", "Synchronisierungsprobleme", "Verlauf der Unterhaltungen",
		"Aufgezeichnete Unterhaltungen", "RSS-Feeds", "RSS-Abonnements", "Vorgeschlagene Kontakte",
		"Calendrier", "Tâches", "Boîte d'envoi", "Boîte d’envoi", "Problèmes de synchronisation", "Historique des conversations", "Flux RSS",
		"Contacts suggérés",
		"Contactos", "Tareas", "Notas", "Bandeja de salida", "Problemas de sincronización", "Historial de conversaciones",
		"Fuentes RSS", "Contactos sugeridos",
	},
	// Reserved, and the same in every language; the first two are listed where
	// zimbraImapDisplayMailFoldersOnly is off (zm-mailbox, Mailbox.java).
	migration.GroupwareZimbra: {"Contacts", "Emailed Contacts", "Calendar", "Tasks", "Briefcase"},
	// Its default folders, and the kinds of folders it has (Kerio Connect, User's Guide).
	migration.GroupwareKerio: {"Calendar", "Contacts", "Tasks", "Notes"},
}

// publicFolders are the root of what belongs to all users, where a server lists it among
// their own folders and not in a namespace: Exchange, Kerio (F-1).
var publicFolders = []string{"Public Folders", "Cartelle pubbliche", "Öffentliche Ordner", "Dossiers publics", "Carpetas públicas"}

// hasPublicFolders reports whether a folder of such a name is that root. On any other
// server its owner has made it.
func hasPublicFolders(kind migration.Groupware) bool {
	return kind == migration.GroupwareExchange || kind == migration.GroupwareKerio
}
