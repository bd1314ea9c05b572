package views_test

import (
	"context"
	"io"
	"net/http"
	"testing"

	"github.com/a-h/templ"

	"trasloco/static/browsertest"
	"trasloco/views"
	"trasloco/views/ui"
)

func question(back string) templ.Component {
	return ui.Dialog(ui.DialogSpec{
		Title: "Delete M-3FM9K?", Action: "/deleted", Cancel: "Cancel", Back: back, Confirm: ui.ButtonSpec{Text: "Delete", Kind: ui.Danger},
	})
}

func deletable(t *testing.T) *site {
	t.Helper()
	site := newSite(t)
	bin := ui.IconButton(ui.ButtonSpec{Text: "Delete", Of: "M-3FM9K", Icon: ui.IconTrash, Href: "/delete", Attrs: templ.Attributes{"data-dialog": ""}})
	site.show("/list", http.StatusOK, inside(views.Shell(site.page("List")), ui.Head(ui.HeadSpec{Title: "List"}), bin))
	site.show("GET /delete", http.StatusOK, inside(views.Shell(site.page("Delete")), ui.Head(ui.HeadSpec{Title: "M-3FM9K"}), question("/list")))
	site.show("POST /deleted", http.StatusOK, inside(views.Shell(site.page("Deleted")), ui.Head(ui.HeadSpec{Title: "Deleted"})))
	return site
}

func TestDialogAsksOverThePage(t *testing.T) {
	site := deletable(t)
	tab := browsertest.Open(t)
	tab.Go(site.URL + "/list")
	tab.Click("a.t-iconbtn")
	tab.Wait(`document.querySelector("dialog")?.matches(":modal")`)
	if !browsertest.Ask[bool](tab, `document.activeElement.textContent.trim() === "Cancel" && location.pathname === "/list"`) {
		t.Error("the focus is not on Cancel")
	}
	tab.Axe()
	tab.Click("dialog [data-close]")
	tab.Wait(`!document.querySelector("dialog") && document.activeElement.matches("a.t-iconbtn")`)

	tab.Click("a.t-iconbtn")
	tab.Wait(`document.querySelector("dialog")?.matches(":modal")`)
	tab.Click("dialog .btn-danger")
	tab.Wait(`document.querySelector("h1").textContent === "Deleted"`)
}

func TestDialogIsAPageWithoutScripts(t *testing.T) {
	site := deletable(t)
	tab := browsertest.Open(t)
	tab.Scripts(false)
	tab.Go(site.URL + "/list")
	tab.Click("a.t-iconbtn")
	tab.Wait(`location.pathname === "/delete"`)
	tab.Click("dialog [data-close]")
	tab.Wait(`location.pathname === "/list"`)
	tab.Click("a.t-iconbtn")
	tab.Wait(`location.pathname === "/delete"`)
	tab.Click("dialog .btn-danger")
	tab.Wait(`document.querySelector("h1").textContent === "Deleted"`)
}

// A migration that runs has no question to ask: its page says why.
func TestDialogThatIsNotThereIsAPage(t *testing.T) {
	site := newSite(t)
	bin := ui.Button(ui.ButtonSpec{Text: "Delete", Href: "/delete", Attrs: templ.Attributes{"data-dialog": ""}})
	site.show("/list", http.StatusOK, inside(views.Shell(site.page("List")), ui.Head(ui.HeadSpec{Title: "List"}), bin))
	site.show("/delete", http.StatusConflict, views.Error(views.ErrorPage{Page: site.page("Delete"), Code: http.StatusConflict}))
	tab := browsertest.Open(t)
	tab.Expect("status of 409")
	tab.Go(site.URL + "/list")
	tab.Click("main a.btn")
	tab.Wait(`location.pathname === "/delete" && document.querySelector("h1").textContent.includes("changed")`)
}

func form(errors []ui.Fault, attrs templ.Attributes) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		_, _ = io.WriteString(w, `<form method="post" action="/form" novalidate `)
		if err := templ.RenderAttributes(ctx, w, attrs); err != nil {
			return err
		}
		_, _ = io.WriteString(w, `>`)
		problem := ""
		if len(errors) > 0 {
			problem = errors[0].Text
		}
		parts := templ.Join(ui.ErrorSummary(errors), ui.Field(ui.FieldSpec{Name: "name", Label: "Name", Error: problem}), ui.Button(ui.ButtonSpec{Text: "Save"}))
		if err := parts.Render(ctx, w); err != nil {
			return err
		}
		_, err := io.WriteString(w, `</form>`)
		return err
	})
}

func refusing(t *testing.T, attrs templ.Attributes) *site {
	t.Helper()
	site := newSite(t)
	head := ui.Head(ui.HeadSpec{Title: "Form"})
	failed := site.page("Form")
	failed.Failed = true
	site.show("GET /form", http.StatusOK, inside(views.Shell(site.page("Form")), head, form(nil, attrs)))
	site.show("POST /form", http.StatusUnprocessableEntity, inside(views.Shell(failed), head, form([]ui.Fault{{Text: "The name is missing", Href: "#name"}}, attrs)))
	return site
}

func TestRefusedFormGetsTheFocus(t *testing.T) {
	tests := []struct {
		name  string
		attrs templ.Attributes
	}{
		{"a plain form", nil},
		{"a form that htmx swaps", templ.Attributes{"hx-post": "/form", "hx-target": "#main", "hx-select": "#main", "hx-swap": "outerMorph"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			site := refusing(t, tt.attrs)
			tab := browsertest.Open(t)
			tab.Expect("status of 422")
			tab.Go(site.URL + "/form")
			tab.Click("main button")
			tab.Wait(`document.activeElement.id === "errors"`)
			tab.Wait(`document.title.startsWith("Error: ")`)
			tab.Axe()
			tab.Click("#errors a")
			tab.Wait(`document.activeElement.id === "name"`)
			if !browsertest.Ask[bool](tab, `document.getElementById("name").getAttribute("aria-describedby") === "name-err" && document.getElementById("name-err") !== null`) {
				t.Error("the field does not name its error")
			}
		})
	}
}

func TestCopyTellsThatItCopied(t *testing.T) {
	site := newSite(t)
	site.show("/parts", http.StatusOK, site.parts())
	tab := browsertest.Open(t)
	tab.Go(site.URL + "/parts")
	// What a page may do with the clipboard is the browser's affair; here it
	// remembers.
	browsertest.Ask[bool](tab, `navigator.clipboard.writeText = text => { window.copied = text; return Promise.resolve() }, true`)
	// The word stands for two seconds only, which a busy machine may miss.
	browsertest.Ask[bool](tab, `window.words = [], new MutationObserver(seen => words.push(seen[0].target.textContent)).observe(
		document.querySelector(".t-mx [data-copy] span"), {childList: true}), true`)
	tab.Click(`.t-mx [data-copy]`)
	tab.Wait(`words.join() === "Copied,Copy"`)
	if got := browsertest.Ask[string](tab, `window.copied`); got != "10 mx01.mail.example.net\n" {
		t.Errorf("copied %q", got)
	}
}

func TestDroppedFileGoesIntoTheField(t *testing.T) {
	site := newSite(t)
	zone := templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		_, _ = io.WriteString(w, `<div class="t-drop">`)
		if err := ui.FieldPart(ui.FieldSpec{Name: "csv", Label: "File", Type: "file"}).Render(ctx, w); err != nil {
			return err
		}
		_, err := io.WriteString(w, `</div>`)
		return err
	})
	site.show("/file", http.StatusOK, inside(views.Shell(site.page("File")), ui.Head(ui.HeadSpec{Title: "File"}), zone))
	tab := browsertest.Open(t)
	tab.Go(site.URL + "/file")
	drag := `((type) => {
		window.files ??= new DataTransfer();
		if (!files.items.length) files.items.add(new File(["a;b"], "accounts.csv"));
		document.querySelector(".t-drop label").dispatchEvent(new DragEvent(type, {bubbles: true, cancelable: true, dataTransfer: files}));
		return document.querySelector(".t-drop").classList.contains("t-drop--over");
	})`
	if !browsertest.Ask[bool](tab, drag+`("dragover")`) {
		t.Error("the zone does not show that it takes the file")
	}
	if browsertest.Ask[bool](tab, drag+`("drop")`) {
		t.Error("the zone still waits")
	}
	if got := browsertest.Ask[string](tab, `document.getElementById("csv").files[0]?.name ?? ""`); got != "accounts.csv" {
		t.Errorf("file %q", got)
	}
}

func TestThemeFollowsTheChoice(t *testing.T) {
	site := newSite(t)
	choice := ui.Field(ui.FieldSpec{
		Name: "theme", Label: "Theme", Options: []ui.Option{{Value: "", Text: "As the system"}, {Value: "dark", Text: "Dark"}},
		Attrs: templ.Attributes{"data-theme-choice": true},
	})
	site.show("/profile", http.StatusOK, inside(views.Shell(site.page("Profile")), ui.Head(ui.HeadSpec{Title: "Profile"}), choice))
	tab := browsertest.Open(t)
	tab.Scheme("light")
	tab.Go(site.URL + "/profile")
	background := `getComputedStyle(document.body).backgroundColor`
	light := browsertest.Ask[string](tab, background)
	pick := `(value => { theme.value = value; return theme.dispatchEvent(new Event("change", {bubbles: true})) })`
	browsertest.Ask[bool](tab, pick+`("dark")`)
	tab.Wait(background + ` !== "` + light + `"`)
	browsertest.Ask[bool](tab, pick+`("")`)
	tab.Wait(background + ` === "` + light + `"`)
}

func TestMenuOfThePhone(t *testing.T) {
	site := newSite(t)
	site.show("/parts", http.StatusOK, site.parts())
	tab := browsertest.Open(t)
	tab.Size(390, 800)
	tab.Go(site.URL + "/parts")
	tab.Click("summary[aria-label=Menu]")
	tab.Wait(`document.querySelector("details.t-menu").open`)
	tab.Axe()
	tab.Shot("menu-390")
	tab.Press("\x1b")
	tab.Wait(`!document.querySelector("details.t-menu").open && document.activeElement.matches("summary")`)
	tab.Click("summary[aria-label=Menu]")
	tab.Wait(`document.querySelector("details.t-menu").open`)
	tab.Click("#bt") // below the menu, which covers the title
	tab.Wait(`!document.querySelector("details.t-menu").open`)
}
