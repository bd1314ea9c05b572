package handlers

import (
	"strings"

	"trasloco/migration"
	"trasloco/store"
)

// migrations makes one in each state.
func (g *gallery) migrations() {
	p := g.panel
	m := p.running("anna")
	p.ran(m, migration.RunDone, migration.Tally{Listed: 15, Copied: 7, Skipped: 6, Failed: 2, Bytes: 4096}, someLeft()...)
	g.codes["log"] = m.Code
	g.codes["certificate"] = g.changedCertificate().Code
	g.codes["log of two"] = g.twoPasses().Code
	g.codes["log at work"] = g.atWork().Code
	for _, phase := range phases() {
		m := phase.make(p)
		g.codes["phase "+phase.name] = m.Code
	}
	g.codes["cut-over"] = p.cutOver("anna", "bruno").Code // last: the clock goes on
	// Drafts, by the forms of the wizard.
	operator := p.operator
	w := p.inWizard(operator)
	g.codes["new"] = w.code
	w = p.inWizard(operator)
	w.post("server", "server", "standard")
	g.codes["upload"] = w.code
	w = p.inWizard(operator)
	w.post("server", "server", "standard", "provider", "aruba_pec")
	g.codes["provider"] = w.code
	w = p.inWizard(operator)
	w.post("server", "server", "standard")
	w.upload("anna@rossi.example;imap.old.example;anna@old.example;pw\nbruno@rossi.example;imap2.old.example:143;bruno@old.example;pw\n")
	old := refused("source", string(migration.WeakTLS))
	old.Detail = "TLS 1.0, TLS_RSA_WITH_3DES_EDE_CBC_SHA"
	w.checked(map[string]migration.Check{"anna@old.example": old, "bruno@old.example": refused("source", string(migration.NoTLS))})
	g.codes["weak"] = w.code
	w = p.inWizard(operator)
	w.post("server", "server", "standard")
	w.upload(lostFile)
	w.checked(map[string]migration.Check{"carla@old.example": refused("source", "address")})
	p.finds(migration.Suggestion{Host: "imaps.aruba.it", Port: 993, How: migration.FoundByMX})
	g.codes["found"] = w.code
	for _, name := range []string{"rows", "dates", "ready"} {
		w = p.inWizard(operator)
		w.post("server", "server", "standard")
		file := browserFile
		if name != "rows" {
			file = strings.Join(strings.SplitAfter(browserFile, "\n")[:3], "")
		}
		w.upload(file)
		bad := map[string]migration.Check{}
		if name == "rows" {
			certificate := refused("source", "certificate")
			certificate.Certificate = strings.Repeat("ab", 32)
			bad = map[string]migration.Check{
				"bruno": refused("source", "login"), "fabio@old.example": certificate,
				"carla@old.example": {Status: migration.CheckPassed, Folders: 9, Messages: 12088, Bytes: 19 << 30, Oversize: 14},
			}
		}
		if name == "ready" {
			w.inspected(someFolders())
		}
		w.checked(bad)
		w.post("rows")
		w.post("first", "first", "asap")
		if name == "ready" {
			w.post("second", "second", "gap")
		}
		g.codes[name] = w.code
	}
	w = p.inWizard(operator)
	w.post("server", "server", "office365")
	w.upload(microsoftFile)
	w.checked(map[string]migration.Check{"bruno@old.example": refused("source", "token_secret"), "carla@old.example": refused("source", "app_permission")})
	g.codes["microsoft"] = w.code
	w = p.inWizard(operator)
	w.post("server", "server", "gmail")
	g.codes["gmail"] = w.code
	w = p.inWizard(operator)
	w.post("server", "server", "gmail")
	w.upload("anna@rossi.example;;anna@corp.example;abcd\nbruno@rossi.example;;bruno@corp.example;abcd\ncarla@rossi.example;;carla@corp.example;abcd\n")
	w.checked(map[string]migration.Check{
		"anna@corp.example":  {Status: migration.CheckPassed, Hidden: migration.Hide(true, []migration.CutFolder{{Name: "INBOX", Messages: 1000}, {Name: "Lavoro/Clienti", Messages: 1000}})},
		"bruno@corp.example": refused("source", "app_password"), "carla@corp.example": refused("source", "browser"),
	})
	g.codes["hidden"] = w.code
	w = p.inWizard(operator)
	w.post("server", "server", "exchange")
	g.codes["exchange"] = w.code
	w = p.inWizard(operator)
	w.post("server", "server", "gmail")
	w.post("key", "key_text", keyFile())
	g.codes["key"] = w.code
	w = p.inWizard(operator)
	w.post("server", "server", "gmail")
	w.post("key", "key_text", keyFile())
	w.upload("anna@rossi.example;;anna@corp.example;\nbruno@rossi.example;;bruno@corp.example;\ncarla@rossi.example;;carla@corp.example;abcd\n")
	w.checked(map[string]migration.Check{"bruno@corp.example": refused("source", "delegation")})
	w.post("rows", "skip", "1")
	w.post("first", "first", "asap")
	w.post("second", "second", "gap")
	g.codes["delegation"] = w.code
	g.atPausedHost()
	g.withFullMailboxes()
	w = p.inWizard(operator) // after the others: their checks are answered together
	w.post("server", "server", "standard")
	w.upload(browserFile)
	g.codes["waiting"] = w.code
	w = p.inWizard(operator)
	w.post("server", "server", "standard")
	w.upload(strings.ReplaceAll(pausedFile, "HOST", "mail.verdi.example"))
	w.refuses("mail.verdi.example", map[string]migration.Check{"anna": refused("source", "login"), "bruno": refused("source", "login"), "carla": refused("source", "login")})
	g.codes["paused draft"] = w.code
}

// changedCertificate is a migration with a row that stopped for a certificate.
func (g *gallery) changedCertificate() migration.Migration {
	p, ctx := g.panel, g.t.Context()
	m := p.running("anna")
	row, err := p.Store.Resource(ctx, p.customer, m.ID, 1)
	check(p.t, err)
	check(p.t, p.Store.Freeze(ctx, p.customer, row.ID, "192.0.2.25 192.0.2.26"))
	run := p.copying(m, migration.Tally{})
	run.ErrorClass = "certificate"
	check(p.t, p.Store.MoveRun(ctx, p.customer, &run, migration.RunFailed))
	check(p.t, p.Store.RefuseCertificate(ctx, p.customer, row.ID, strings.Repeat("c0ffee25", 8)))
	return p.reread(m)
}

func (g *gallery) withFullMailboxes() { g.codes["full"] = g.panel.full("anna", "bruno").Code }

// atPausedHost is a migration that runs, at a host that refuses logins and that no other
// state has.
func (g *gallery) atPausedHost() {
	p := g.panel
	m := p.planned("anna")
	check(p.t, p.Store.BeginPass(p.t.Context(), p.customer, &m.Passes[0]))
	row, err := p.Store.Resource(p.t.Context(), p.customer, m.ID, 1)
	check(p.t, err)
	row.Source.Host = "mail.bianchi.example"
	check(p.t, p.Store.CorrectRow(p.t.Context(), p.customer, m.ID, store.Correction{Row: 1, Source: row.Source}))
	check(p.t, p.Store.Refuse(p.t.Context(), migration.Refusal{
		Key: migration.HostKey("source", row.Source), Side: "source", Host: row.Source.Host, Cause: migration.PauseMaster, AtOnce: true,
		RefusedLogin: migration.RefusedLogin{Account: row.SourceKey(), Login: row.Source.Auth.Login, Said: "NO [AUTHENTICATIONFAILED] Authentication failed.", At: testNow},
	}))
	g.codes["host paused"] = m.Code
}

const pausedFile = `anna@rossi.example;HOST;anna;SECRET-anna
bruno@rossi.example;HOST;bruno;SECRET-bruno
carla@rossi.example;HOST;carla;SECRET-carla
dora@rossi.example;HOST;dora;SECRET-dora
elio@rossi.example;HOST;elio;SECRET-elio
`

// refuses lets a host refuse the logins that fail, which is not asked about others.
func (w *wizardUser) refuses(host string, failures map[string]migration.Check) {
	w.t.Helper()
	jobs, err := w.Store.ChecksToMake(w.t.Context(), 1000)
	check(w.t, err)
	for _, job := range jobs {
		found, failed := failures[job.Resource.Source.Auth.Login]
		if job.Resource.Source.Host != host || !failed {
			continue
		}
		found.At = w.clock.now()
		check(w.t, w.Store.StartCheck(w.t.Context(), job.Customer, job.Resource.ID))
		check(w.t, w.Store.FinishCheck(w.t.Context(), job.Customer, job.Resource.ID, found))
		check(w.t, w.Store.Refuse(w.t.Context(), migration.Refusal{
			Key: migration.HostKey("source", job.Resource.Source), Side: "source", Host: host, Cause: migration.PauseLogins,
			RefusedLogin: migration.RefusedLogin{Account: job.Resource.SourceKey(), Login: job.Resource.Source.Auth.Login, Said: found.ServerText, At: found.At},
		}))
	}
}

const microsoftFile = `anna@rossi.example;;anna@old.example;;6731de76-14a6-49ae-97bc-6eba6914391e;SECRET
bruno@rossi.example;;bruno@old.example;;6731de76-14a6-49ae-97bc-6eba6914391e;SECRET
carla@rossi.example;;carla@old.example;;6731de76-14a6-49ae-97bc-6eba6914391e;SECRET
`

// twoPasses is a migration whose second pass ended with an error.
func (g *gallery) twoPasses() migration.Migration {
	p, ctx := g.panel, g.t.Context()
	m := p.running("anna")
	run := p.copying(m, migration.Tally{})
	check(p.t, p.Store.SaveFolders(ctx, p.customer, run.ID, []migration.FolderTally{
		{Name: "INBOX", Destination: "INBOX", State: migration.FolderDone, Tally: migration.Tally{Listed: 10, Copied: 7, Skipped: 1, Failed: 2, Bytes: 4096}},
		{Name: "Cestino", Role: `\Trash`, State: migration.FolderLeftOut, Reason: migration.ReasonFolder, Tally: migration.Tally{Listed: 5, Skipped: 5}},
	}))
	check(p.t, p.Store.SaveExceptions(ctx, p.customer, run.ID, someLeft()))
	run.Tally = migration.Tally{Listed: 15, Copied: 7, Skipped: 6, Failed: 2, Bytes: 4096}
	check(p.t, p.Store.MoveRun(ctx, p.customer, &run, migration.RunDone))
	m = p.finishPass(p.reread(m))
	check(p.t, p.Store.BeginPass(ctx, p.customer, &m.Passes[1]))
	run = p.copying(p.reread(m), migration.Tally{})
	check(p.t, p.Store.SaveFolders(ctx, p.customer, run.ID, []migration.FolderTally{
		{Name: "INBOX", Destination: "INBOX", State: migration.FolderOpen, Tally: migration.Tally{Listed: 12, Copied: 4, Present: 7, Skipped: 1}},
	}))
	check(p.t, p.Store.AppendEntries(ctx, p.customer, run.ID, []migration.Entry{{
		At: testNow, Level: migration.Failure, Code: migration.EntryTranscript,
		Args: migration.Args{"side": "destination", "dialogue": strings.Repeat("C: \"T7 NOOP\"\n", 300) + "S: \"T7 NO [CANNOT] Message contains a virus\"\n"},
	}}))
	run.Tally = migration.Tally{Listed: 12, Copied: 4, Present: 7, Skipped: 1}
	run.ErrorClass, run.ErrorText = "refused", "NO [CANNOT] Message contains a virus"
	check(p.t, p.Store.MoveRun(ctx, p.customer, &run, migration.RunFailed))
	return p.reread(m)
}

// atWork is a migration whose run tells more than a page holds.
func (g *gallery) atWork() migration.Migration {
	p := g.panel
	m := p.running("anna")
	run := p.copying(m, migration.Tally{Listed: 60, Copied: 40})
	p.lines(run, 0, 120)
	check(p.t, p.Store.SaveFolders(p.t.Context(), p.customer, run.ID, []migration.FolderTally{
		{Name: "INBOX", Destination: "INBOX", State: migration.FolderDone, Tally: migration.Tally{Listed: 30, Copied: 30, Bytes: 4096}},
	}))
	return p.reread(m)
}
