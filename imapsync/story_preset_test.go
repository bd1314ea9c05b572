package imapsync_test

import (
	"strings"
	"sync"
	"testing"

	"trasloco/imapsync"
	"trasloco/imapsync/imaptest"
	"trasloco/migration"
)

// played is the server of a provider behind its login, as far as that is known: what it
// lists, where its folders are, and how many connections it bears.
type played struct {
	imaptest.AccountOptions
	folders map[string]string // at the source, with their roles; and at the destination
}

// caps are what a server lists after the login.
func caps(line string) []string { return strings.Fields(line) }

// players are the providers whose lines are documented; of the others no more is known
// than that they answer to IMAP.
func players() map[string]played {
	dovecot := imaptest.AccountOptions{
		Greeting: "* OK [CAPABILITY IMAP4rev1 SASL-IR LOGIN-REFERRALS ID ENABLE IDLE LITERAL+ AUTH=PLAIN AUTH=LOGIN] Dovecot ready.",
		Prefix:   "INBOX.", Delimiter: ".",
	}
	courier := imaptest.AccountOptions{
		Greeting: "* OK [CAPABILITY IMAP4rev1 UIDPLUS CHILDREN NAMESPACE THREAD=ORDEREDSUBJECT THREAD=REFERENCES SORT QUOTA IDLE ACL ACL2=UNION] Courier-IMAP ready. Copyright 1998-2018 Double Precision, Inc.",
		Caps:     caps("IMAP4rev1 UIDPLUS CHILDREN NAMESPACE THREAD=ORDEREDSUBJECT THREAD=REFERENCES SORT QUOTA IDLE ACL ACL2=UNION"),
		Prefix:   "INBOX.", Delimiter: ".", Namespaces: `(("INBOX." ".")) NIL (("#shared." ".")("shared." "."))`,
		MaxConnections: 4, Curt: true,
	}
	below := map[string]string{"INBOX": "INBOX", `INBOX.Sent \Sent`: "Sent", "INBOX.Lavoro.Clienti": "Lavoro/Clienti"}
	return map[string]played{
		"cpanel":  {dovecot, below},
		"plesk":   {courier, map[string]string{"INBOX": "INBOX", "INBOX.Sent": "Sent", "INBOX.Lavoro.Clienti": "Lavoro/Clienti"}},
		"courier": {courier, map[string]string{"INBOX": "INBOX", "INBOX.Sent Items": "Sent", "INBOX.Lavoro": "Lavoro"}},
		"zimbra": {
			imaptest.AccountOptions{
				Greeting: "* OK Zimbra 8.8.15 IMAP4rev1 server ready", Caps: caps("IMAP4rev1 LITERAL+ ID ENABLE RIGHTS=ektx AUTH=PLAIN SASL-IR NAMESPACE UIDPLUS CONDSTORE QRESYNC MULTIAPPEND XLIST"),
				Master: "admin@old.example", MasterPassword: "secret",
			},
			map[string]string{"INBOX": "INBOX", "Sent": "Sent", "Lavoro/Clienti": "Lavoro/Clienti"},
		},
		"yahoo": {
			imaptest.AccountOptions{
				Greeting: "* OK IMAP4rev1 Hello", Caps: caps("IMAP4rev1 SASL-IR AUTH=PLAIN AUTH=XOAUTH2 AUTH=OAUTHBEARER ID MOVE NAMESPACE XYMHIGHESTMODSEQ UIDPLUS LITERAL+ CHILDREN X-MSG-EXT UNSELECT OBJECTID"),
				MessageLimit: 2, // of its 1000
			},
			map[string]string{"INBOX": "INBOX", "Sent": "Sent", "Draft": "Drafts", "Lavoro": "Lavoro"},
		},
		"icloud": {
			imaptest.AccountOptions{
				Greeting: "* OK (2606B15-0579518368c0) p00-iscream", Caps: caps("XAPPLEPUSHSERVICE IMAP4 IMAP4rev1 SASL-IR AUTH=ATOKEN AUTH=PLAIN AUTH=ATOKEN2 AUTH=XOAUTH2"),
			},
			map[string]string{"INBOX": "INBOX", "Sent Messages": "Sent", "Lavoro/Clienti": "Lavoro/Clienti"},
		},
		"fastmail": {
			imaptest.AccountOptions{Greeting: "* OK IMAP4 ready", Caps: caps("IMAP4rev1 LITERAL+ ID ENABLE AUTH=PLAIN SASL-IR NAMESPACE UIDPLUS CONDSTORE QRESYNC SPECIAL-USE")},
			map[string]string{"INBOX": "INBOX", `Sent \Sent`: "Sent", "Lavoro/Clienti": "Lavoro/Clienti"},
		},
		"zoho": {
			imaptest.AccountOptions{Greeting: "* OK IMAP4 Server ready", Caps: caps("IMAP4rev1 UNSELECT CHILDREN XLIST NAMESPACE IDLE ID AUTH=PLAIN SASL-IR UIDPLUS")},
			map[string]string{"INBOX": "INBOX", "Sent": "Sent", "Lavoro": "Lavoro"},
		},
	}
}

// Mailboxes of each provider of the wizard whose server can be played are copied: with the
// login that it wants, in its order of folders, and within the connections that it bears.
func TestMailboxesOfEachProvider(t *testing.T) {
	const mailboxes = 5
	unknown := map[string]bool{
		"aruba": true, "aruba_pec": true, "register": true, "libero": true, "tim": true, "ovh": true, "ionos": true,
		// What is documented of these is the login of a master user, which TestLoginsOfProviders plays.
		"kerio": true, "cyrus": true, "oracle": true, "mirapoint": true, "scalix": true,
	}
	all := players()
	for _, p := range migration.Providers() {
		server, known := all[p.Name]
		if known == unknown[p.Name] {
			t.Errorf("%s: either its server is played, or nothing is known of it", p.Name)
		}
		if !known {
			continue
		}
		t.Run(p.Name, func(t *testing.T) {
			server.User, server.Password = "anna@old.example", "own"
			if p.Login == migration.LoginLocal {
				server.User = "anna"
			}
			one := newStory(t, server.AccountOptions, imaptest.AccountOptions{})
			number := 0
			for name := range server.folders {
				name, role, _ := strings.Cut(name, ` \`)
				f := one.src.Create(name)
				if role != "" {
					one.src.Delete(name)
					f = one.src.Create(name, `\`+role)
				}
				for range 3 {
					number++
					f.Add(mail(number, name))
				}
			}
			source := one.src.Endpoint()
			source.Most = p.Most
			if p.Master != (migration.MasterForm{}) {
				source.Auth = migration.Auth{
					Kind: migration.AuthMaster, Login: server.User, Master: server.Master, Password: migration.NewSecret(server.MasterPassword), Form: p.Master,
				}
			}
			e := imapsync.New(imapsync.Options{TempDir: one.temp, AllowPrivate: true, Patience: one.patience, Timeouts: one.timeouts})
			if bears := server.MaxConnections; bears > 0 && e.Places(source) >= bears { // its owner reads mail too
				t.Errorf("%d runs at once, of a server that bears %d", e.Places(source), bears)
			}
			var runs sync.WaitGroup
			for n := range mailboxes { // it is one account here, and five there
				dst := imaptest.NewAccount(t, imaptest.AccountOptions{})
				dst.Create("Sent", `\Sent`)
				dst.Create("Drafts", `\Drafts`)
				job := one.job()
				job.Resource.Source, job.Resource.Destination = source, dst.Endpoint()
				runs.Go(func() {
					var heard recorder
					tally, err := e.Sync(t.Context(), job, cleanMemory(), &heard)
					if err != nil || tally.Copied != number || tally.Failed+tally.Skipped > 0 {
						t.Errorf("mailbox %d: %v, %+v%s", n, err, tally, heard.log())
						return
					}
					for from, to := range server.folders {
						from, _, _ = strings.Cut(from, ` \`)
						if f := dst.Folder(to); f == nil || !sameLetters(letters(f, nil), letters(one.src.Folder(from), nil)) {
							t.Errorf("mailbox %d: %s is not what %s is: %q%s", n, to, from, dst.Folders(), heard.log())
						}
					}
				})
			}
			runs.Wait()
			one.checkManners()
			if turned := one.src.TurnedAway(); turned > 0 {
				t.Errorf("%d connections were one too many", turned)
			}
		})
	}
}
