package locale

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// sample is an entry with the arguments that the engine and the recorders give.
type sample struct {
	code     string
	args     map[string]any
	en, want string // in English and Italian
}

func samples() []sample {
	tally := func(more map[string]any) map[string]any {
		all := map[string]any{
			"listed": 5130, "copied": 4812, "present": 0, "skipped": 316, "failed": 2, "bytes": int64(2576980378), "class": "", "detail": "",
		}
		for name, value := range more {
			all[name] = value
		}
		return all
	}
	inbox := func(more map[string]any) map[string]any {
		all := map[string]any{"folder": "INBOX", "uid": uint32(123456)}
		for name, value := range more {
			all[name] = value
		}
		return all
	}
	return []sample{
		{
			"run_started",
			map[string]any{
				"row": 3, "pass": 1, "run": int64(7), "source": "192.0.2.25:993", "source_tls": "tls", "source_login": "anna",
				"destination": "new.example.net:993", "destination_tls": "tls", "destination_login": "anna@x.it",
			},
			"Start: anna at 192.0.2.25:993 goes to anna@x.it at new.example.net:993.",
			"Inizio: da anna su 192.0.2.25:993 a anna@x.it su new.example.net:993.",
		},
		{
			"connected",
			map[string]any{"side": "source", "address": "192.0.2.25:993", "tls": "TLS 1.3", "greeting": "hi", "capabilities": "IMAP4rev1"},
			"Logged in to the source server: 192.0.2.25:993, TLS 1.3.", "Accesso riuscito al server remoto: 192.0.2.25:993, TLS 1.3.",
		},
		{
			"connected",
			map[string]any{"side": "destination", "address": "192.0.2.9:143", "tls": ""},
			"Logged in to the destination: 192.0.2.9:143, not encrypted.", "Accesso riuscito alla destinazione: 192.0.2.9:143, senza cifratura.",
		},
		{"trees", map[string]any{"folders": 1, "prefix": "", "delimiter": "/"}, "1 folder found at the source.", "Sul server remoto è stata trovata 1 cartella."},
		{"trees", map[string]any{"folders": 9}, "9 folders found at the source.", "Sul server remoto sono state trovate 9 cartelle."},
		{
			"folders_of_others",
			map[string]any{"count": 2, "folders": "Other/a, Other/b"},
			"2 shared folders that belong to somebody else are not copied: Other/a, Other/b.",
			"2 cartelle condivise, che appartengono ad altri, non si copiano: Other/a, Other/b.",
		},
		{
			"folder_left_out", tally(map[string]any{"folder": "Cestino", "role": `\Trash`, "listed": 214, "reason": "folder_excluded"}),
			"Folder Cestino: 214 messages are not copied. The folder is one of those that are not migrated.",
			"Cartella Cestino: 214 messaggi non si copiano. La cartella è tra quelle che non vengono migrate.",
		},
		{
			"folder_done", tally(map[string]any{"folder": "INBOX", "destination": "INBOX", "uidvalidity": uint32(1)}),
			"Folder INBOX is done: copied 4,812 (2.4 GB), already there 0, left out 316, failed 2; listed 5,130.",
			"Cartella INBOX completata: copiati 4.812 (2,4 GB), già presenti 0, lasciati fuori 316, non riusciti 2; elencati 5.130.",
		},
		{
			"folder_failed", inbox(map[string]any{"reason": "folder_unreadable", "detail": "x"}),
			"Folder INBOX could not be copied to the end. The source server does not open the folder.",
			"La cartella INBOX non è stata copiata fino in fondo. Il server remoto non apre la cartella.",
		},
		{
			"folder_renamed", inbox(map[string]any{"destination": "Inbox_2"}),
			"Folder INBOX is called Inbox_2 at the destination.", "La cartella INBOX a destinazione si chiama Inbox_2.",
		},
		{
			"folder_followed", inbox(map[string]any{"before": "a", "destination": "b"}),
			"The copy of INBOX was renamed at the destination, from a to b: the work goes on there.",
			"La copia di INBOX a destinazione è stata rinominata da a a b: si continua lì.",
		},
		{
			"keywords_dropped", inbox(map[string]any{"keywords": "$A $B"}),
			"The destination does not take these labels of INBOX: $A $B. The messages are copied without them.",
			"La destinazione non accetta queste etichette di INBOX: $A $B. I messaggi si copiano senza.",
		},
		{
			"renumbered", inbox(map[string]any{"found": 3, "listed": 1004}),
			"The source server has numbered folder INBOX anew. Known again: 3 of 1,004 messages; they are not copied twice.",
			"Il server remoto ha rinumerato la cartella INBOX. Messaggi riconosciuti: 3 su 1.004; non si copiano due volte.",
		},
		{
			"known_again", inbox(map[string]any{"found": 3, "listed": 1004}),
			"Known again in INBOX by their headers: 3 of 1,004 messages. They were copied from another server or name before, and are not copied twice.",
			"Riconosciuti in INBOX dalle intestazioni: 3 messaggi su 1.004. Furono copiati da un altro server o con un altro nome, e non si copiano due volte.",
		},
		{
			"source_renamed", inbox(map[string]any{"before": "Work", "folder": "Jobs", "destination": "Work"}),
			"Folder Work is called Jobs at the source now. The work goes on in Work at the destination; nothing is copied twice.",
			"La cartella Work sul server remoto ora si chiama Jobs. A destinazione si continua in Work, senza doppioni.",
		},
		{
			"destination_renumbered", inbox(map[string]any{"found": 1004, "missing": 3}),
			"The destination has numbered its copy of INBOX anew. Messages known again: 1,004; missing there: 3. New mail is copied. " +
				"What is missing is not copied again: if it should be there, restore it from the backup of the destination or move it by hand.",
			"La destinazione ha rinumerato la sua copia di INBOX. Messaggi riconosciuti: 1.004; mancanti: 3. La posta nuova si copia. " +
				"I messaggi mancanti non si ricopiano: se devono esserci, ripristinali dal backup della destinazione o spostali a mano.",
		},
		{
			"adopted", inbox(map[string]any{"found": 2, "missing": 4}),
			"2 messages of INBOX were at the destination already, before they were copied from here; still to copy: 4. Nothing is copied twice.",
			"2 messaggi di INBOX erano già a destinazione, prima che li si copiasse da qui; ancora da copiare: 4. Nessun doppione.",
		},
		{
			"recognised",
			map[string]any{"server": "mail.old.example:993"},
			"This mailbox was copied before, from mail.old.example:993: what came from there is not copied again.",
			"Questa casella è già stata copiata, da mail.old.example:993: ciò che venne da lì non si copia di nuovo.",
		},
		{
			"moved", inbox(map[string]any{"folder": "Work", "from": "INBOX", "followed": true}),
			"A message was moved at the source, from INBOX to Work. Its copy is moved likewise; nothing is copied twice.",
			"Sul server remoto un messaggio è stato spostato da INBOX a Work. Anche la sua copia si sposta, senza doppioni.",
		},
		{
			"moved", inbox(map[string]any{"folder": "Work", "from": "INBOX", "followed": false}),
			"A message was moved at the source, from INBOX to Work. Its copy stays where it is at the destination; nothing is copied twice.",
			"Sul server remoto un messaggio è stato spostato da INBOX a Work. La sua copia a destinazione resta dov’è. Nessun doppione.",
		},
		{
			"move_unclear", inbox(nil),
			"A message of INBOX may have been moved there at the source, but there are several like it. It is copied, so that none is lost: it may be at the destination twice.",
			"Forse un messaggio di INBOX è stato spostato lì sul server remoto, ma ce n’è più d’uno uguale. Si copia, per non perderne nessuno: a destinazione può comparire due volte.",
		},
		{
			"flags_merged", inbox(map[string]any{"messages": 1}),
			"1 message of INBOX was marked anew at the source, as read or answered for instance. Its copy follows, where nobody changed the same mark at the destination.",
			"Sul server remoto 1 messaggio di INBOX ha cambiato stato, per esempio letto o risposto. La sua copia si adegua, dove nessuno ha cambiato lo stesso stato a destinazione.",
		},
		{
			"flags_refused", inbox(map[string]any{"messages": 7}),
			"7 messages of INBOX were marked anew at the source, as read or answered for instance, and the destination refused to change their copies. " +
				"The next pass tries again; if that is refused too, look at the rights on the folder there.",
			"Sul server remoto 7 messaggi di INBOX hanno cambiato stato, per esempio letto o risposto, e la destinazione rifiuta di cambiarne le copie. " +
				"La prossima esecuzione ci riprova; se rifiuta ancora, controlla lì i permessi della cartella.",
		},
		{
			"suspected_double", inbox(map[string]any{"destination": "Inbox", "destination_uid": uint32(12)}),
			"A message of INBOX is probably twice in Inbox at the destination: its first copy came through after the connection was taken for dead. " +
				"Nothing is deleted by itself: look at the two there, and delete one.",
			"Un messaggio di INBOX è probabilmente due volte in Inbox a destinazione: la prima copia è arrivata quando la connessione sembrava già persa. " +
				"Nulla si cancella da solo: controlla lì i due messaggi ed eliminane uno.",
		},
		{
			"waits_for_turn",
			map[string]any{"side": "source"},
			"The source server bears no more connections of ours at the moment. The work goes on when it is this resource’s turn.",
			"Il server remoto per ora non accetta altre nostre connessioni. Si continua quando è il turno di questa risorsa.",
		},
		{
			"limit_learnt",
			map[string]any{"side": "source", "connections": 3},
			"The source server bears 3 connections at a time. For a day no more are made.",
			"Il server remoto accetta 3 connessioni insieme. Per un giorno non ne facciamo di più.",
		},
		{
			"weak_source",
			map[string]any{"weakness": "old_tls", "tls": "TLS 1.0"},
			"The source server is read with old encryption (TLS 1.0), which can be broken: somebody allowed that for this server.",
			"Il server remoto si legge con una cifratura vecchia (TLS 1.0), che si può violare: qualcuno lo ha consentito per questo server.",
		},
		{
			"weak_source",
			map[string]any{"weakness": "no_tls", "tls": ""},
			"The source server is read without encryption, password and mail in clear: somebody allowed that for this server.",
			"Il server remoto si legge senza cifratura, password e posta in chiaro: qualcuno lo ha consentito per questo server.",
		},
		{
			"day_limit",
			map[string]any{"bytes": 2500000000, "at": "2026-11-23T15:04:00Z"},
			"2.3 GB were read of this account in the last 24 hours: Google allows no more. The work goes on by itself: Mon 23 Nov 2026, 16:04.",
			"Di questo account sono stati letti 2,3 GB nelle ultime 24 ore: Google non ne consente di più. La copia riprende da sola: lun 23 nov 2026, 16:04.",
		},
		{
			"shown_elsewhere", inbox(map[string]any{"messages": 2}),
			"2 messages of INBOX stand under other labels too and have their copies in those folders. They count as already there.",
			"2 messaggi di INBOX hanno anche altre etichette e le loro copie sono in quelle cartelle. Contano come già presenti.",
		},
		{
			"all_mail_hidden", nil,
			"Gmail does not show All Mail over IMAP: mail without a label cannot be copied. Open Gmail’s Settings, Labels, and tick Show in IMAP at All Mail; the next pass copies the rest.",
			"Gmail non mostra Tutti i messaggi in IMAP: la posta senza etichetta non si può copiare. Apri Impostazioni, Etichette in Gmail e spunta Mostra in IMAP su Tutti i messaggi; la prossima esecuzione copia il resto.",
		},
		{
			"folder_limit", inbox(map[string]any{"messages": 1000}),
			"INBOX has exactly 1,000 messages: a limit that can be set in Gmail. There may be more that IMAP does not see. Open Gmail’s Settings, Forwarding and POP/IMAP, " +
				"choose not to limit the number of messages in an IMAP folder; the next pass copies the rest.",
			"INBOX ha esattamente 1.000 messaggi: un limite che si può impostare in Gmail. Forse ce ne sono altri che IMAP non vede. Apri Impostazioni, Inoltro e POP/IMAP in Gmail e " +
				"scegli di non limitare il numero di messaggi in una cartella IMAP; la prossima esecuzione copia il resto.",
		},
		{
			"fewer_connections",
			map[string]any{"connections": 2},
			"The destination takes no more connections at a time. The work goes on over 2.",
			"La destinazione non accetta altre connessioni insieme. Si continua con 2.",
		},
		{
			"reconciled", inbox(map[string]any{"found": 1, "missing": 4}),
			"After an interruption, 1 message of INBOX was found at the destination; still to copy: 4. Nothing is copied twice.",
			"Dopo un’interruzione, 1 messaggio di INBOX è già a destinazione; ancora da copiare: 4. Nessun doppione.",
		},
		{
			"waiting_for_late", inbox(map[string]any{"messages": 2, "until": "2026-11-23T13:05:09Z"}),
			"The destination may still be storing 2 messages of INBOX: waiting until 14:05:09, so that none is copied twice.",
			"Forse la destinazione sta ancora salvando 2 messaggi di INBOX: si attende fino alle 14:05:09, per non copiarli due volte.",
		},
		{
			"reconnecting",
			map[string]any{"wait": "12s", "side": "source", "class": "transport"},
			"The source server has broken the connection. It is made again in 12 s; nothing is copied twice.",
			"Il server remoto ha interrotto la connessione. Si riprende tra 12 s, senza doppioni.",
		},
		{
			"reconnecting",
			map[string]any{"wait": "5m0s", "side": "destination", "class": "throttled"},
			"The destination asks to go slower. The work goes on in 5 min.", "La destinazione chiede di rallentare. Si riprende tra 5 min.",
		},
		{
			"reconnecting",
			map[string]any{"wait": "1.5s"},
			"A server has broken the connection. It is made again in 1.5 s; nothing is copied twice.",
			"Un server ha interrotto la connessione. Si riprende tra 1,5 s, senza doppioni.",
		},
		{
			"size_differs", inbox(map[string]any{"listed": int64(900), "got": int64(1200)}),
			"A message of INBOX has 1,200 bytes, not 900 as the source server had listed. It is copied as it came.",
			"Un messaggio di INBOX ha 1.200 byte e non 900, come aveva elencato il server remoto. Si copia così com’è arrivato.",
		},
		{
			"date_repaired", inbox(map[string]any{"from": "header"}),
			"A message of INBOX has no date at the source. It got the one in its header.",
			"Un messaggio di INBOX non ha una data sul server remoto. Riceve quella della sua intestazione.",
		},
		{
			"altered", inbox(nil),
			"The destination refused a message of INBOX as it is. Its line ends and NUL characters are made regular; the text stays.",
			"La destinazione ha rifiutato un messaggio di INBOX così com’è. Si correggono fine riga e caratteri NUL; il testo resta.",
		},
		{
			"transcript",
			map[string]any{"side": "destination", "dialogue": "S: * BYE\r\n"},
			"The end of the dialogue with the destination.", "La fine del dialogo con la destinazione.",
		},
		{
			"exception", inbox(map[string]any{"outcome": "skipped", "reason": "oversize", "count": 1}),
			"1 message of INBOX was left out. The message is larger than the limit set for this migration.",
			"1 messaggio di INBOX è rimasto fuori. Il messaggio supera la dimensione massima impostata per questa migrazione.",
		},
		{
			"run_ended", tally(map[string]any{"status": "done"}),
			"Final check: the numbers add up. 5,130 messages listed: copied 4,812 (2.4 GB), already there 0, left out 316, failed 2.",
			"Controllo finale: i conti tornano. 5.130 messaggi elencati: copiati 4.812 (2,4 GB), già presenti 0, lasciati fuori 316, non riusciti 2.",
		},
		{
			"run_ended", tally(map[string]any{"status": "failed", "class": "login", "listed": 1}),
			"Ended without success. The server does not accept login and password. 1 message listed: copied 4,812 (2.4 GB), already there 0, left out 316, failed 2.",
			"Terminata senza riuscire. Il server non accetta login e password. 1 messaggio elencato: copiati 4.812 (2,4 GB), già presenti 0, lasciati fuori 316, non riusciti 2.",
		},
	}
}

func TestEntriesAreSentences(t *testing.T) {
	rome := zone(t, "Europe/Rome")
	for _, s := range samples() {
		for lang, want := range map[Lang]string{English: s.en, Italian: s.want} {
			got := strings.ReplaceAll(Entry(WithZone(in(lang), rome), s.code, s.args), nbsp, " ")
			if got != want {
				t.Errorf("%s %s: got\n%s, want\n%s", lang, s.code, got, want)
			}
		}
	}
	for _, code := range entryCodes(t) {
		if !slices.ContainsFunc(samples(), func(s sample) bool { return s.code == code }) {
			t.Errorf("no sample of %s", code)
		}
	}
}

func TestUnknownEntriesShowTheirCode(t *testing.T) {
	if got := Entry(in(Italian), "no_such_thing", nil); got != "entry.no_such_thing" {
		t.Errorf("got %q", got)
	}
}

// The store hands whole numbers back as int, whatever they were.
func TestEntriesReadAlikeBeforeAndAfterTheStore(t *testing.T) {
	before := map[string]any{"status": "done", "listed": int64(2), "copied": uint32(2), "bytes": int64(2048)}
	after := map[string]any{"status": "done", "listed": 2, "copied": 2, "bytes": 2048}
	if a, b := Entry(in(Italian), "run_ended", before), Entry(in(Italian), "run_ended", after); a != b {
		t.Errorf("%q is not %q", a, b)
	}
}

// Texts that count have plural forms in all their variants, others in none.
func TestEveryEntryHasTexts(t *testing.T) {
	codes := entryCodes(t)
	if len(codes) < 29 {
		t.Fatalf("found only %v", codes)
	}
	for _, lang := range Languages() {
		all := texts(t, lang)
		for _, code := range codes {
			if all["entry."+code] == nil {
				t.Errorf("%s: no text for the entry %s", lang, code)
			}
		}
		for key, plural := range all {
			code, found := strings.CutPrefix(key, "entry.")
			code, _, _ = strings.Cut(code, ".")
			if counts := entryForms()[code].count != ""; found && counts != (len(plural) > 1) {
				t.Errorf("%s: %s counts: %v; it has %d forms", lang, key, counts, len(plural))
			}
		}
	}
}

// entryCodes reads from the source of the module which entries there are.
func entryCodes(t *testing.T) []string {
	t.Helper()
	var codes []string
	err := fs.WalkDir(os.DirFS(".."), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		tree, err := parser.ParseFile(token.NewFileSet(), filepath.Join("..", path), nil, 0)
		if err != nil {
			return err
		}
		for _, decl := range tree.Decls {
			ast.Inspect(decl, func(n ast.Node) bool {
				codes = append(codes, entryCode(decl, n)...)
				return true
			})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(codes)
	return slices.Compact(codes)
}

// entryCode returns the code in r.entry(level, "code", …) or Entry{Code: "code"}.
// Of a code in a variable it returns all that the function assigns to that.
func entryCode(decl ast.Decl, n ast.Node) []string {
	switch n := n.(type) {
	case *ast.CallExpr:
		if called, ok := n.Fun.(*ast.SelectorExpr); ok && called.Sel.Name == "entry" && len(n.Args) > 1 {
			if code, ok := n.Args[1].(*ast.Ident); ok {
				return assigned(decl, code.Name)
			}
			return literal(n.Args[1])
		}
	case *ast.CompositeLit:
		made, ok := n.Type.(*ast.SelectorExpr)
		if !ok || made.Sel.Name != "Entry" {
			return nil
		}
		for _, element := range n.Elts {
			if pair, ok := element.(*ast.KeyValueExpr); ok && pair.Key.(*ast.Ident).Name == "Code" {
				return literal(pair.Value)
			}
		}
	}
	return nil
}

// assigned returns the texts that a function gives to a variable.
func assigned(decl ast.Decl, name string) (texts []string) {
	ast.Inspect(decl, func(n ast.Node) bool {
		given, ok := n.(*ast.AssignStmt)
		if !ok || len(given.Lhs) != len(given.Rhs) {
			return true
		}
		for i, to := range given.Lhs {
			if variable, ok := to.(*ast.Ident); ok && variable.Name == name {
				texts = append(texts, literal(given.Rhs[i])...)
			}
		}
		return true
	})
	return texts
}

func literal(value ast.Expr) []string {
	if text, ok := value.(*ast.BasicLit); ok && text.Kind == token.STRING {
		if code, err := strconv.Unquote(text.Value); err == nil {
			return []string{code}
		}
	}
	return nil
}

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}
