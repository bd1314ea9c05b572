package handlers

import (
	"net/http"
	"strings"
	"testing"

	"trasloco/migration"
)

// The commands are for the mailboxes of this file and no other, and no secret is
// among them.
func TestPowerShellForTheFile(t *testing.T) {
	const client = "6731de76-14a6-49ae-97bc-6eba6914391e"
	p := newPanel(t)
	w := p.inWizard(p.member)
	w.post("server", "server", "office365")
	w.upload("anna@rossi.example;;anna@old.example;;"+client+";SECRET-1\n"+
		"bruno@rossi.example;;o'hara@old.example;;"+client+";SECRET-1\n"+
		"carla@nowhere.example;;carla@old.example;;"+client+";SECRET-1\n").wantGoTo(t, w.path("file"))
	grant := func(mailbox string) string {
		return "Add-MailboxPermission -Identity " + mailbox + " -User $id -AccessRights FullAccess"
	}
	w.see("file").want(t, http.StatusOK, w.path("rights.ps1"), "Add-MailboxPermission -Identity &#39;anna@old.example&#39;", `data-copy="# Trasloco: 2 mailboxes of old.example`)
	got := w.see("rights.ps1").want(t, http.StatusOK, "\ufeff# Trasloco: 2 mailboxes of old.example, application "+client,
		"$app = '"+client+"'\r\n", "New-ServicePrincipal -AppId $app -ObjectId $id", grant("'anna@old.example'")+"\r\n", grant("'o''hara@old.example'")+"\r\n", "# Connect-ExchangeOnline\r\n# Remove-ServicePrincipal -Identity '"+client+"'\r\n")
	if strings.Contains(got.body, "carla@") || strings.Contains(got.body, "SECRET") {
		t.Errorf("it has more than it should:\n%s", got.body)
	}
	if name := got.header.Get("Content-Disposition"); name != `attachment; filename="`+w.code+`-rights.ps1"` {
		t.Errorf("sent as %q", name)
	}
	w.wantClean("SECRET")

	other := p.inWizard(p.member)
	other.post("server", "server", "standard")
	other.upload(goodFile)
	other.see("rights.ps1").want(t, http.StatusNotFound)
	if strings.Contains(other.see("file").body, "PowerShell") {
		t.Error("a file of passwords has commands too")
	}
}

// A right that is missing is found out in a pass too: the commands are there as long as
// the migration is, but for who only looks.
func TestPowerShellWhenTheWizardIsOver(t *testing.T) {
	p := newPanel(t)
	w := p.inWizard(p.member)
	w.post("server", "server", "office365")
	w.upload("anna@rossi.example;;anna@old.example;;6731de76-14a6-49ae-97bc-6eba6914391e;SECRET-1\n" +
		"bruno@rossi.example;;bruno@old.example;;6731de76-14a6-49ae-97bc-6eba6914391e;SECRET-1\n")
	w.checked(map[string]migration.Check{"bruno@old.example": refused("source", "app_permission")})
	w.post("rows", "skip", "1").wantGoTo(t, w.path("first"))
	w.post("first", "first", "asap")
	w.post("second", "second", "gap")
	w.post("review").wantGoTo(t, "/migrations/"+w.code)
	m := w.migration()
	check(t, p.Store.Settle(t.Context(), p.customer, &m, migration.Valid, nil))
	w.browser.get("/migrations/"+w.code+"/resources/1").want(t, http.StatusOK, w.path("rights.ps1"))
	script := w.see("rights.ps1").want(t, http.StatusOK, "Add-MailboxPermission -Identity 'anna@old.example'").body
	if strings.Contains(script, "bruno@old.example") {
		t.Error("it opens a mailbox that is left out")
	}
}

// Passwords for Microsoft's servers are refused when they are handed in, with the
// reason; where the type of server is changed behind it, each row says so (S6).
func TestPasswordsForMicrosoftAreRefused(t *testing.T) {
	p := newPanel(t)
	w := p.inWizard(p.member)
	w.post("server", "server", "office365")
	w.upload(goodFile).want(t, http.StatusUnprocessableEntity, "Microsoft 365 takes no passwords any more", "rows of 6 fields")

	w.post("server", "server", "standard")
	w.upload(goodFile).wantGoTo(t, w.path("file"))
	w.post("server", "server", "office365")
	w.see("file").want(t, http.StatusOK, "The row has a password, and Microsoft 365 takes none any more.")
}
