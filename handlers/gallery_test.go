package handlers

import (
	"cmp"
	"fmt"
	"html/template"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"trasloco/migration"
	"trasloco/static/browsertest"
)

// faces are all combinations in which every state is looked at: two languages,
// two themes, a desktop and a phone.
func faces() (all []face) {
	for _, language := range []string{"it", "en"} {
		for _, theme := range []migration.Theme{migration.ThemeLight, migration.ThemeDark} {
			all = append(all, face{language, theme, 1440, 900}, face{language, theme, 390, 844})
		}
	}
	return all
}

// sampled are the faces of a quick test run: each state in one of them.
func sampled(i int) face {
	return []face{
		{"it", migration.ThemeLight, 1440, 900},
		{"en", migration.ThemeDark, 1440, 900},
		{"it", migration.ThemeDark, 1440, 900},
		{"en", migration.ThemeLight, 1440, 900},
	}[i%4]
}

// wide finds what makes a page scroll sideways, once it has its new size. It is
// set in the system's own fonts then, which are wider: ours come too late over a
// slow line (font-display: optional), and nothing may stick out for that.
const wide = `new Promise(drawn => {
	document.documentElement.style.setProperty("--t-sans", "sans-serif");
	document.documentElement.style.setProperty("--t-mono", "monospace");
	requestAnimationFrame(() => requestAnimationFrame(drawn));
}).then(() => {
	const below = [...document.querySelectorAll("tbody tr")].find(row => [...row.children].some(cell =>
		cell.getBoundingClientRect().bottom > row.getBoundingClientRect().bottom + 0.5));
	if (below) return "a row is lower than what is in it: " + below.innerText.slice(0, 40);
	const room = document.documentElement.clientWidth;
	if (document.documentElement.scrollWidth <= room) return "";
	return [...document.querySelectorAll("body *")].filter(part => part.getBoundingClientRect().right > room + 0.5)
		.slice(-3).map(part => part.localName + "." + part.className + " " + Math.round(part.getBoundingClientRect().right)).join(", ") || "scrolls";
})`

// widths are those of the smallest phone, and of a small window at 200 %.
func widths() []int64 {
	if os.Getenv("TEST_LONG") == "" {
		return []int64{320}
	}
	return []int64{320, 640, 1920, 3840}
}

// keepsNobodyOut holds a page to what every page must keep, as it is shown now:
// axe finds nothing, and nothing sticks out.
func (g *gallery) keepsNobodyOut(t *testing.T, tab *browsertest.Tab, s state, f face) {
	t.Helper()
	g.inChromium(tab, s, f)
	if f.width >= 600 {
		tab.Axe()
	}
	for _, width := range widths() {
		tab.Size(width, 900)
		if found := browsertest.Ask[string](tab, wide); found != "" {
			t.Errorf("%s, %s: %d px are not enough: %s", s.name, f.name(), width, found)
		}
	}
	if title := browsertest.Ask[string](tab, `document.title`); title == "" || title == "Trasloco" {
		t.Errorf("%s has no title of its own: %q", s.name, title)
	}
}

// Every page in every state, in the light and in the dark and in both languages:
// a sample of that in a quick run, where each state is looked at once.
func TestEveryStateKeepsNobodyOut(t *testing.T) {
	g := newGallery(t)
	tab := browsertest.Open(t)
	expectRefusals(tab)
	if os.Getenv("TEST_LONG") == "" {
		for i := range 4 { // users change their minds seldom: it costs
			g.settle(sampled(i))
			for n, s := range g.states {
				if n%4 == i && !isTwin(s) {
					g.keepsNobodyOut(t, tab, s, sampled(i))
				}
			}
		}
		return
	}
	for _, f := range faces() {
		g.settle(f)
		for _, s := range g.states {
			g.keepsNobodyOut(t, tab, s, f)
		}
	}
}

// isTwin reports whether a state differs from another one in a few words alone:
// such are looked at in the long run.
func isTwin(s state) bool {
	isError := strings.HasPrefix(s.name, "error-") && !strings.HasPrefix(s.name, "error-404") && s.name != "error-500"
	isTopic := strings.HasPrefix(s.name, "help-") && s.name != "help-mx"
	return isError || isTopic || s.name == "list-member" || s.name == "log-notable"
}

// expectRefusals: browsers write every refused request to the console, and a
// stream that says nothing yet.
func expectRefusals(tab *browsertest.Tab) {
	tab.Expect("status of 4")
	tab.Expect("status of 5")
}

// TestGallery takes the pictures of "make screenshots": every state in every
// face, and a page that shows them side by side. It does nothing where GALLERY
// does not name a folder; STATES, a regular expression, chooses among the states.
func TestGallery(t *testing.T) {
	folder := os.Getenv("GALLERY")
	if folder == "" {
		t.Skip("make screenshots takes the pictures")
	}
	t.Setenv("SHOTS", folder)
	wanted := regexp.MustCompile(os.Getenv("STATES"))
	g := newGallery(t)
	g.states = slices.DeleteFunc(g.states, func(s state) bool { return !wanted.MatchString(s.name) })
	tab := browsertest.Open(t)
	expectRefusals(tab)
	for _, f := range faces() {
		g.settle(f)
		for _, s := range g.states {
			g.inChromium(tab, s, f)
			tab.Shot(s.name + "-" + f.name())
		}
		t.Log(f.name())
	}
	writeIndex(t, folder, g.states)
}

var index = template.Must(template.New("index").Parse(`<!doctype html>
<meta charset="utf-8">
<title>Trasloco</title>
<style>
body { font: 14px sans-serif; margin: 16px; background: #ddd }
section { display: flex; flex-wrap: wrap; gap: 12px; align-items: start; margin-bottom: 32px }
figure { margin: 0 } figcaption { padding: 2px 0 } img { width: {{.Wide}}px; border: 1px solid #999 } img.phone { width: {{.Narrow}}px }
</style>
{{range $state := .States}}<h2 id="{{$state}}">{{$state}}</h2>
<section>{{range $.Faces}}<figure><figcaption>{{.Name}}</figcaption><a href="{{$state}}-{{.Name}}.png"><img {{if .Phone}}class="phone" {{end}}loading="lazy" src="{{$state}}-{{.Name}}.png" alt=""></a></figure>{{end}}</section>
{{end}}`))

func writeIndex(t *testing.T, folder string, states []state) {
	t.Helper()
	type shown struct {
		Name  string
		Phone bool
	}
	content := struct {
		Wide, Narrow int
		States       []string
		Faces        []shown
	}{Wide: 460, Narrow: 160}
	for _, s := range states {
		content.States = append(content.States, s.name)
	}
	for _, f := range faces() {
		content.Faces = append(content.Faces, shown{f.name(), f.width < 600})
	}
	file, err := os.Create(filepath.Join(folder, "index.html"))
	check(t, err)
	check(t, index.Execute(file, content))
	check(t, file.Close())
	fmt.Println(cmp.Or(file.Name(), folder))
}
