// Package migration is the domain: what a migration is, and every rule about it
// that needs no server, no database and no clock of its own. All functions are
// pure; time comes in as an argument. This page is the dictionary: the words
// below are used in code, SQL, addresses, log keys and the English pages, and
// no others. The Italian term stands beside each.
//
// Migration (migrazione): one wizard run, that is a server type, a CSV and two
// dates. It has a validity, which is stored, and a phase, which is computed.
//
// Resource (risorsa): one row of the CSV, a source account and a destination
// account. Not a "mailbox", which in IMAP is a folder, and not an "account",
// which panel users have.
//
// Folder (cartella): what IMAP calls a mailbox.
//
// Source (server remoto) and Destination (destinazione): the two ends, src and
// dst for short. Never local and remote, from and to, old and new. A
// destination server is where a domain's mailboxes are; the operator enters it.
//
// Endpoint (no Italian term): host, port, TLS mode, login and Auth of one end.
//
// Auth (accesso): what a server wants to hear before it opens a mailbox: the
// password, a master user, or client credentials.
//
// Secret (dato riservato): a password or token that prints as "•••".
//
// ServerType (tipo di server): the kind of source server chosen in the first
// step. It selects defaults and folder rules, never the form of the CSV.
//
// Pass (esecuzione): one execution of a migration over all its resources. The
// first is the prima, the second the seconda esecuzione; later ones are for
// stragglers, mail that came to the source late.
//
// Run (log 1, log 2): one resource in one pass, with status, tally and log.
// Runs with the same destination mailbox never overlap (P-3).
//
// Entry (riga di log): one line of a run's log: a code, its args, and the
// server's own words.
//
// Outcome (esito del messaggio): the one fate of a message in a pass: copied,
// present, skipped with a reason, or failed with a reason.
//
// Tally (esito): counts of outcomes. At the end of a run Copied + Present +
// Skipped + Failed == Listed (V-1); a message that vanished before it was read
// is skipped as gone.
//
// Exception (eccezione): a message, or a folder's messages, that was skipped or
// failed. "Finished" alone means that there is none.
//
// Plan (no Italian term): what a run does with one folder. The dates of the
// passes are planned too (pianificate), but are no Plan.
//
// Journal (no Italian term): what must be remembered between passes and after a
// crash: folder pairs, message states, and batches about to be appended.
//
// Sheet (file CSV), Row (riga), Problem (problema): what was read of a CSV, one
// line of it, and a fault in what somebody handed in, as a code with its place
// and its facts.
//
// Check (verifica): the look at both ends of a row before anything is copied:
// reach, log in, count.
//
// Validity (stato): draft (bozza), validating (in validazione), valid (valida),
// invalid (non valida), cancelled (annullata).
//
// Phase (fase): how far a migration is at a moment: draft, validating, not
// valid, scheduled (pianificata), running, awaiting cut-over (attende il cambio
// MX), finished (conclusa), finished with exceptions (conclusa con eccezioni),
// cancelled.
//
// Parked (in attesa del server): said of a run whose server cannot be used for
// now. It tries again by itself and does not hold up its pass.
//
// Cut-over (cambio MX): the change of the MX records between pass 1 and 2.
//
// Policy (limiti): the numbers of the specification as data: 500 rows, 5 at
// once, 23 hours, 50 MB, 30 days, the folders left out.
//
// Code (codice): the public short id of a migration, such as "M-4K7QZ", in
// addresses and mails. A Problem and an Entry have a code too: the name of
// their sentence in locale.
//
// Customer (cliente): a tenant, owner of domains (domini), users (utenti) and
// migrations. Operator (gestore) runs the installation; Admin, Team member and
// Manager are the roles (ruoli) inside a customer.
//
// Schema step (no Italian term): what others call a database migration; that
// word is taken here.
package migration
