package handlers

import (
	"net/http"
	"strings"
	"testing"

	"trasloco/migration"
)

func TestAProviderIsChosenAndShown(t *testing.T) {
	p := newPanel(t)
	m := migration.Migration{CustomerID: p.customer, UserID: p.operator.ID}
	check(t, p.Store.CreateDraft(t.Context(), &m))
	edit := "/migrations/" + m.Code + "/edit/"
	admin := p.as(p.operator)
	admin.post(edit+"server", "server", "standard", "provider", "nobody").want(t, http.StatusUnprocessableEntity, `id="provider"`)
	admin.post(edit+"server", "server", "standard", "provider", "aruba").wantGoTo(t, edit+"file")
	admin.get(edit+"server").want(t, http.StatusOK, `<option value="aruba" selected`)
	admin.get(edit+"file").want(t, http.StatusOK, "Che cosa serve per Aruba", "imaps.aruba.it", "1-standard.csv?provider=aruba")
	admin.get("/migrations/samples/1-standard.csv?provider=aruba").want(t, http.StatusOK, "anna@nuovo.example;imaps.aruba.it;")
	for _, sample := range []struct{ provider, anna, bruno string }{
		{"aruba", "imaps.aruba.it;anna@vecchio.example;", "imaps.aruba.it;bruno@vecchio.example;"},
		{"icloud", "imap.mail.me.com;anna;", "imap.mail.me.com;bruno;"},
		{"cpanel", "mail.vecchio.example;anna@vecchio.example;", "mail.vecchio.example;bruno@vecchio.example;"},
		{"zimbra", "imap.vecchio.example;anna@vecchio.example;", "imap.vecchio.example;bruno@vecchio.example;"}, // it has no server of its own
		{"", "imap.vecchio.example;anna@vecchio.example;", "192.0.2.25;bruno;"},
	} {
		text := admin.get("/migrations/samples/1-standard.csv?provider=" + sample.provider).body
		if !strings.Contains(text, "anna@nuovo.example;"+sample.anna) || !strings.Contains(text, "bruno@nuovo.example;"+sample.bruno) {
			t.Errorf("the sample of %q is %q", sample.provider, text)
		}
	}

	admin.post(edit+"file", "rows", "anna@rossi.example;;anna@old.example;pw").wantGoTo(t, edit+"file")
	if rows := p.toCheck(); len(rows) != 1 || rows[0].Source.Address() != "imaps.aruba.it:993" {
		t.Fatalf("rows %+v", rows)
	}
	admin.get(edit+"file").want(t, http.StatusOK, "imaps.aruba.it")
	admin.get("/migrations/"+m.Code+"/resources/1").want(t, http.StatusOK, "Aruba")
	admin.post(edit+"first", "first", "asap").wantGoTo(t, edit+"second")
	admin.post(edit+"second", "second", "gap").wantGoTo(t, edit+"review")
	admin.get(edit+"review").want(t, http.StatusOK, "· Aruba")
}

// Rows without a host go where the provider is: another one takes their passwords
// there, which only who handed them in may want.
func TestAnotherProviderIsAnotherWay(t *testing.T) {
	p := newPanel(t)
	m := p.draft("anna")
	step := "/migrations/" + m.Code + "/edit/server"
	p.as(p.manager).post(step, "server", "standard", "provider", "cpanel").want(t, http.StatusUnprocessableEntity, "Another user uploaded the CSV file")
	p.as(p.operator).post(step, "server", "exchange", "provider", "cpanel").wantGoTo(t, "/migrations/"+m.Code+"/edit/file")
	if got := p.reread(m).Source.Provider; got != "" {
		t.Errorf("an Exchange server is %q's", got)
	}
}

// An Exchange server asks for DOMAIN\admin\mailbox, and nobody has to know: the first
// login that it refuses may be the last for a while (C-2). Step 1 shows it.
func TestExchangeBringsItsMasterLogin(t *testing.T) {
	p := newPanel(t)
	w := p.inWizard(p.operator)
	w.post("server", "server", "exchange")
	w.upload(`anna@rossi.example;mail.old.example;anna.rossi;pw;STUDIO\admin` + "\n")
	rows := p.toCheck()
	if len(rows) != 1 || rows[0].Source.Auth.Form.Join("anna.rossi", `STUDIO\admin`) != `STUDIO\admin\anna.rossi` {
		t.Fatalf("rows %+v", rows)
	}
	server := "/migrations/" + w.code + "/edit/server"
	p.as(p.operator).get(server).want(t, http.StatusOK, `<option value="login:{master}\{user}" selected`)
	w.post("server", "server", "standard", "master", `login:{master}\{user}`) // as the page sends it
	if rows := p.toCheck(); len(rows) != 1 || rows[0].Source.Auth.Form != (migration.MasterForm{}) {
		t.Errorf("of another type of server they are %+v", rows)
	}
}

// So do the servers of a provider that is known for a form, which step 1 shows and lets
// be changed.
func TestProvidersBringTheirMasterLogin(t *testing.T) {
	p := newPanel(t)
	w := p.inWizard(p.operator)
	server := "/migrations/" + w.code + "/edit/server"
	w.post("server", "server", "standard", "provider", "kerio")
	w.see("file").want(t, http.StatusOK, "X-MASTERAUTH") // before there is a file
	w.post("server", "server", "standard", "provider", "kerio", "master", "own", "pattern", "root={master}={user}")
	w.see("file").want(t, http.StatusOK, "root={master}={user}")
	w.post("server", "server", "standard", "provider", "", "master", "")
	w.upload("anna@rossi.example;mail.old.example;anna;pw;boss\n")
	shown := "" // the form that the page sends back
	for _, tt := range []struct{ provider, form string }{
		{"zimbra", "authzid"},
		{"kerio", "x-masterauth"},
		{"cyrus", "authzid"},
		{"oracle", "proxyauth"},
		{"mirapoint", "login:#{user}#{master}#"},
		{"scalix", "login:mboxadmin:{master}:{user}"},
		{"courier", ""},
	} {
		w.post("server", "server", "standard", "provider", tt.provider, "master", shown)
		if rows := p.toCheck(); len(rows) != 1 || rows[0].Source.Auth.Form.String() != tt.form {
			t.Errorf("%s: rows %+v", tt.provider, rows)
		}
		p.as(p.operator).get(server).want(t, http.StatusOK, `<option value="`+tt.form+`" selected`)
		shown = tt.form
	}
	w.post("server", "server", "standard", "provider", "kerio", "master", "")
	w.post("server", "server", "standard", "provider", "kerio", "master", "authzid")
	if rows := p.toCheck(); len(rows) != 1 || rows[0].Source.Auth.Form.String() != "authzid" {
		t.Errorf("changed by hand: rows %+v", rows)
	}
}

// What Gmail hides can be shown only before it is copied: the row says it, with where
// that is switched off (M-4).
func TestARowSaysWhatGmailHides(t *testing.T) {
	p := newPanel(t)
	w := p.inWizard(p.operator)
	w.post("server", "server", "gmail")
	w.upload("anna@rossi.example;;anna@corp.example;abcd\nbruno@rossi.example;;bruno@corp.example;abcd\n")
	cut := []migration.CutFolder{{Name: "INBOX", Messages: 1000}, {Name: "A<b>", Messages: 10_000}}
	for range 4 {
		cut = append(cut, migration.CutFolder{Name: "More", Messages: 2000})
	}
	w.checked(map[string]migration.Check{"anna@corp.example": {Status: migration.CheckPassed, Hidden: migration.Hide(true, cut)}})
	body := p.as(p.operator).get("/migrations/"+w.code+"/edit/file").want(t, http.StatusOK,
		"la posta senza etichetta non sarà copiata", "INBOX (1.000 messaggi), A&lt;b&gt; (10.000 messaggi)", "), …: è").body
	if n := strings.Count(body, "Tutti i messaggi in IMAP"); n != 1 {
		t.Errorf("%d rows have it", n)
	}
}
