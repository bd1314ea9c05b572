package main_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"

	program "trasloco/cmd/trasloco"
	"trasloco/imapsync/imaptest/realserver"
	"trasloco/static/browsertest"
)

func TestS02_WhoMayMigrate(t *testing.T) {
	w, err := world()
	if err != nil {
		t.Fatal(err)
	}
	for name, who := range map[string]string{"admin": theAdmin, "team member": theTeam, "manager": theManager} {
		t.Run(name, func(t *testing.T) {
			s := stage(t, who)
			s.tab.Language("it")
			s.open("/migrations")
			s.tab.Click(`main form[action="/migrations"] button`)
			s.at("/edit/server")
			s.next()
			s.at("/edit/file")
			s.paste(w.row("anna"), row("anna@"+otherDomain, w.src.TLSAddress(), "anna", w.src.Password), row("anna@ignoto.example", w.src.TLSAddress(), "anna", w.src.Password))
			s.tab.Wait(`document.querySelector("#row-1 .t-ic-ok, #row-1 .t-ic-wait") && document.querySelector("#row-3.t-bad")`)
			if refused := browsertest.Ask[bool](s.tab, `!!document.querySelector("#row-2.t-bad")`); refused != (name == "manager") {
				t.Errorf("a row of another domain: refused %v", refused)
			}
			if name == "manager" {
				s.says(word("problem.row.foreign_domain", "domain", otherDomain), word("problem.row.foreign_domain.fix"))
			}
		})
	}
}

func TestS03_RowsOfAFileAndMigrationsAtOnce(t *testing.T) {
	s := stage(t, theAdmin)
	var rows []string
	for i := range 501 {
		rows = append(rows, row(fmt.Sprintf("u%d%s", i, fixedDomain), "192.0.2.1", fmt.Sprint("u", i), "geheim"))
	}
	s.atFile("standard")
	s.paste(rows...)
	s.says(word("problem.csv.too_many_rows", "rows", 501, "max", 500))
	s.tab.Wait(`document.activeElement?.id === "errors"`)
	s.paste(rows[:500]...)
	s.await(number("page.wizard.file.read", 500))

	// A panel with the limits it comes with: five are planned, the sixth waits.
	panel := newPanel(t, "--ca", certificates(t, s.src, s.dst))
	p := browsertest.NewPlain(t, panel.url)
	p.Header.Set("Accept-Language", "it")
	p.Send(p.Form(p.Get("/setup"), "/setup"), "action", "save", "name", "Laura", "email", adminEmail, "password", adminPassword,
		"customer", "Studio", "domains", newDomain, "destination_name", "Nuovo", "host", s.dst.Host, "port", fmt.Sprint(s.dst.TLSPort),
		"master", s.dst.Master, "master_password", s.dst.MasterPassword)
	later := time.Now().AddDate(0, 0, 2).Format("2006-01-02")
	for range 5 {
		review := draft(t, p, []string{s.row("hugo")}, "first", "at", "second", "gap", "date", later, "time", "22:00")
		if page := p.Send(p.Main(review)); page.Code != 200 || strings.Contains(page.Path, "/edit") {
			t.Fatalf("Migra: %d %s\n%s", page.Code, page.Path, page.Body)
		}
	}
	review := draft(t, p, []string{s.row("hugo")}, "first", "at", "second", "gap", "date", later, "time", "22:00")
	s.tab.SignIn(panel.url, p.Cookies())
	s.tab.Go(panel.url + review.Path)
	s.next()
	s.says(word("problem.plan.at_once", "count", 5, "max", 5), word("problem.plan.at_once.fix"))
}

// corrected waits for a row that is ready.
func (s *scene) ready(number int) {
	s.t.Helper()
	s.tab.Wait(fmt.Sprintf(`document.querySelector("#row-%d .t-ic-ok, #row-%[1]d .t-ic-wait")`, number))
}

func TestS04_StandardForm(t *testing.T) {
	s := stage(t, theAdmin)
	s.apart()
	for name, rows := range map[string][]string{
		"without a header":             {s.row("anna"), s.row(oddLogin)},
		"with a header":                {"destinazione;server;login;password", s.row("anna"), s.row(oddLogin)},
		"with the header of the model": {"email@locale;imap-server-remoto;email@remota;pwdremota", s.row("anna"), s.row(oddLogin)},
	} {
		t.Log(name)
		s.atFile("standard")
		s.paste(rows...)
		s.await(number("page.wizard.file.read", 2))
		s.ready(len(rows)) // the login with the blanks, the separator and the quote in its password
		s.ready(len(rows) - 1)
	}
	s.atFile("standard")
	trimmed := row(oddLogin+fixedDomain, s.src.TLSAddress(), oddLogin, strings.TrimSpace(oddSecret))
	s.paste(trimmed, "anna"+fixedDomain+";"+s.src.TLSAddress()+";anna")
	s.await(word("class.login")) // the blanks are part of it
	s.says(word("problem.csv.too_few_fields", "fields", 3, "want", 4))
}

func TestS05_MasterUserForm(t *testing.T) {
	s := stage(t, theAdmin)
	s.apart()
	s.atFile("standard")
	s.paste(
		row("anna"+fixedDomain, s.src.TLSAddress(), "anna", s.src.MasterPassword, s.src.Master),
		row("bruno"+fixedDomain, s.src.TLSAddress(), "bruno", "not this one", s.src.Master),
	)
	s.await(word("class.login"))
	s.tab.Wait(`document.querySelector("#row-2-edit input[name=master]").value === "` + s.src.Master + `"`)
	s.says(word("page.wizard.field.master"), word("page.wizard.field.master_password"))
	// Corrected in place; what was typed is the new password of the master.
	s.tab.Type("#row-2-edit input[name=master_password]", s.src.MasterPassword)
	s.tab.Click("#row-2-edit button")
	s.ready(2)
	s.ready(1)                      // it waited if the wrong one came first
	s.await("anna*" + s.src.Master) // the form that the check found out
	// The other form, one that the server does not take, and one of the admin's own.
	s.master("authzid", "")
	s.ready(1)
	s.await(word("page.wizard.file.fact.authzid", "login", "anna", "master", s.src.Master))
	s.master("own", "{user}%{master}")
	s.await(word("class.login"))
	s.master("own", "{user}*")
	s.await(word("problem.source.master_pattern"))
	s.master("own", "{user}*{master}")
	s.ready(1)
	s.ready(2)
	s.next()
	s.at("/edit/first")
}

// master chooses in step 1 how the source wants the login of a master user, and
// goes on.
func (s *scene) master(form, pattern string) {
	s.t.Helper()
	if !strings.HasSuffix(s.tab.Location(), "/edit/server") {
		s.tab.Click(`.t-steps a[href$="/edit/server"]`)
		s.at("/edit/server")
	}
	browsertest.Ask[bool](s.tab, fmt.Sprintf(`(() => {
		document.querySelector("details:has(#master)").open = true;
		document.querySelector("#master").value = %q;
		document.querySelector("#pattern").value = %q;
		return true;
	})()`, form, pattern))
	s.next()
}

const applicationID = "6731de76-14a6-49ae-97bc-6eba6914391e"

// identity is an identity service as Microsoft's, and knows whose a token is. The
// domains whose tenants it is asked for go to tenants.
type identity struct{ tenants chan string }

func (i identity) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	domain, discovers := strings.CutSuffix(r.URL.Path, "/v2.0/.well-known/openid-configuration")
	switch {
	case discovers && strings.HasSuffix(domain, "nobody.example"):
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"error":"invalid_tenant","error_description":"AADSTS90002: Tenant 'nobody.example' not found."}`)
	case discovers:
		i.tenants <- domain[1:]
		fmt.Fprint(w, `{"issuer":"https://login.microsoftonline.com/8eaef023-2b34-4da1-9baa-8bc8c9d6a490/v2.0"}`)
	case strings.HasSuffix(r.URL.Path, "/token") && r.FormValue("client_secret") == "s3cret":
		fmt.Fprint(w, `{"token_type":"Bearer","expires_in":3599,"access_token":"good"}`)
	case strings.HasSuffix(r.URL.Path, "/token"):
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprint(w, `{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided."}`)
	default: // the mail server asks
		user := "nobody"
		if r.URL.Query().Get("token") == "good" {
			user = "anna@vecchio.example"
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"active": true, "username": user})
	}
}

func TestS06_Microsoft365Form(t *testing.T) {
	t.Parallel()
	tenants := make(chan string, 100)
	site := httptest.NewServer(identity{tenants})
	t.Cleanup(site.Close)
	src := realserver.Dovecot(t, realserver.Options{TLSAddresses: local(), Introspection: site.URL + "/introspect?token="})
	dst := realserver.Dovecot(t, realserver.Options{TLSAddresses: local()})
	panel := newInside(t, program.Inside{Authority: site.URL}, src, dst)
	tab := panel.tab
	tab.Go(panel.url + "/migrations")
	tab.ClickNamed("Migrazione")
	tab.Wait(`location.pathname.endsWith("/edit/server")`)
	tab.ClickNamed("Office 365")
	panel.next()
	tab.Fill("#rows", strings.Join([]string{
		row("anna"+fixedDomain, src.TLSAddress(), "anna@vecchio.example", "", applicationID, "s3cret"),
		row("bruno"+fixedDomain, src.TLSAddress(), "bruno@vecchio.example", "password-nobody-needs", applicationID, "wrong"),
		row("carla"+fixedDomain, src.TLSAddress(), "carla", "", applicationID, "wrong", "contoso.example"),
		row("dario"+fixedDomain, src.TLSAddress(), "dario@nobody.example", "", applicationID, "s3cret"),
	}, "\n"))
	panel.next()
	panel.ready(1)
	panel.await(word("class.token_secret"))
	panel.await(word("class.tenant"))
	panel.says("AADSTS7000215", word("class.token_secret.fix"), "AADSTS90002", word("class.tenant.fix"))
	panel.tab.Wait(`document.querySelectorAll(".t-badedit").length === 3`)
	seen := map[string]bool{}
	for len(tenants) > 0 {
		seen[<-tenants] = true
	}
	if !seen["vecchio.example"] || !seen["contoso.example"] {
		t.Errorf("asked for the tenants %v", seen)
	}
	for _, secret := range []string{"password-nobody-needs", "s3cret"} {
		if holds(t, panel.data, secret) {
			t.Errorf("%q stands in clear in the data folder", secret)
		}
	}
}

// holds reports whether a file under a folder has a text in it.
func holds(t *testing.T, folder, text string) (found bool) {
	t.Helper()
	err := filepath.WalkDir(folder, func(path string, entry os.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		found = found || bytes.Contains(content, []byte(text))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestS07_TheHostIsGiven(t *testing.T) {
	s := stage(t, theAdmin)
	stranger := realserver.Dovecot(t, realserver.Options{}) // its certificate names no address, and nobody knows its authority
	s.atFile("standard")
	s.paste(
		s.row("anna"),
		row("bruno"+fixedDomain, fmt.Sprintf("localhost:%d", s.src.TLSPort), "bruno", s.src.Password),
		row("carla"+fixedDomain, "", "carla", "geheim"),
		row("dora"+fixedDomain, stranger.TLSAddress(), "dora", stranger.Password),
	)
	s.ready(1)
	s.await(word("problem.host.empty"))
	s.await(word("class.certificate"))
	// The name leads to the address, but the certificate does not have it.
	s.tab.Wait(`document.querySelector("#row-2.t-bad") && document.querySelector("#row-4.t-bad")`)
	s.says(stranger.Pin, word("class.certificate.fix"))
	browsertest.Ask[bool](s.tab, "window.left = true")
	s.tab.Click(`#row-4 form[action$="/trust"] button`)
	s.tab.Wait("!window.left && document.readyState === 'complete'")
	s.ready(4)
	s.tab.Wait(`document.querySelector("#row-2.t-bad")`) // it holds for the one server
	theNameIsMoved(t)
}

func TestS08_TheLoginNeedNotBeTheAddress(t *testing.T) {
	s := stage(t, theAdmin)
	s.open("/migrations/" + s.code + "/resources")
	s.tab.Wait(`[...document.querySelectorAll("tbody tr")].some(row => row.innerText.includes("bruno@nuovo.example") && /\bbruno\n/.test(row.innerText.replace("bruno@nuovo.example", "")))`)
	if got := snapshot(t, s.dst, "bruno"+fixedDomain).Count(); got == 0 {
		t.Error("nothing arrived")
	}
}

func TestS09_TheFileExplainsItself(t *testing.T) {
	s := stage(t, theAdmin)
	s.atFile("standard")
	link := browsertest.Ask[string](s.tab, `[...document.querySelectorAll("main a")].find(a => a.innerText.includes("Migrations.zip")).getAttribute("href")`)
	body := s.admin.For(t).Get(link).Body
	archive, err := zip.NewReader(strings.NewReader(body), int64(len(body)))
	if err != nil {
		t.Fatal(err)
	}
	samples, guides := 0, 0
	for _, file := range archive.File {
		content := unzip(t, file)
		switch path.Ext(file.Name) {
		case ".csv":
			samples++
			s.atFile(map[bool]string{true: "office365", false: "standard"}[strings.Contains(file.Name, "365")])
			s.tab.Upload("#csv", write(t, path.Base(file.Name), content))
			s.next()
			s.tab.Wait(`document.querySelector("tbody tr[id^=row-], .t-errsum")`)
			// The sample with a password for the destination is for servers without a
			// master user; ours has one.
			if read := browsertest.Ask[bool](s.tab, `!!document.querySelector("tbody tr[id^=row-]")`); !read {
				t.Errorf("%s: %s", file.Name, s.text())
			}
		case ".txt":
			guides++
			if !strings.Contains(content, "CSV") || !strings.Contains(content, "IMAP") {
				t.Errorf("%s: %s", file.Name, content)
			}
		}
	}
	names := fmt.Sprint(names(archive))
	if samples < 4 || guides != 2 || !strings.Contains(names, "0-ITA-LEGGIMI-MIGRAZIONI.txt") || !strings.Contains(names, "0-ENG-") {
		t.Errorf("the archive has %s", names)
	}
}

func write(t *testing.T, name, content string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func names(archive *zip.Reader) (all []string) {
	for _, file := range archive.File {
		all = append(all, path.Base(file.Name))
	}
	return all
}

func unzip(t *testing.T, file *zip.File) string {
	t.Helper()
	content, err := file.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer content.Close() //nolint:errcheck // it was only read
	text, err := io.ReadAll(content)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
