package browsertest

import (
	"bytes"
	"context"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// Plain is a browser without scripts, pictures and a window: it fetches pages,
// keeps cookies, fills forms and sends them as HTML has it. It is a hundred
// times quicker than Chromium, and for one goroutine.
type Plain struct {
	t      testing.TB
	base   string
	client *http.Client
	// Header goes with every request.
	Header http.Header
}

// NewPlain returns a browser that nobody has signed in with, for the site at an
// address without a slash at the end. It is closed at the end of the test.
func NewPlain(t testing.TB, base string) *Plain {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &Plain{t: t, base: base, client: &http.Client{Transport: transport, Jar: jar}, Header: http.Header{}}
}

// For returns the same browser, cookies and all, for another test.
func (p *Plain) For(t testing.TB) *Plain {
	same := *p
	same.t, same.Header = t, p.Header.Clone()
	return &same
}

// Cookies returns what the site has set.
func (p *Plain) Cookies() []*http.Cookie { return p.client.Jar.Cookies(p.address("/")) }

// SetCookies adds cookies of the site.
func (p *Plain) SetCookies(cookies ...*http.Cookie) { p.client.Jar.SetCookies(p.address("/"), cookies) }

// address makes a path of the site, or a whole address, a URL.
func (p *Plain) address(path string) *url.URL {
	p.t.Helper()
	base, err := url.Parse(p.base + "/")
	if err != nil {
		p.t.Fatal(err)
	}
	address, err := base.Parse(path)
	if err != nil {
		p.t.Fatal(err)
	}
	return address
}

// Sheet is a page as it came, after all redirects.
type Sheet struct {
	Code   int
	Path   string // with the query
	Header http.Header
	Body   string
	Root   *html.Node
}

// Get fetches a page.
func (p *Plain) Get(path string) Sheet {
	p.t.Helper()
	return p.ask(http.MethodGet, path, "", nil)
}

func (p *Plain) ask(method, path, contentType string, body io.Reader) Sheet {
	p.t.Helper()
	request, err := http.NewRequestWithContext(context.WithoutCancel(p.t.Context()), method, p.address(path).String(), body)
	if err != nil {
		p.t.Fatal(err)
	}
	for name, values := range p.Header {
		request.Header[name] = values
	}
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	response, err := p.client.Do(request)
	if err != nil {
		p.t.Fatal(err)
	}
	defer response.Body.Close() //nolint:errcheck // it was only read
	content, err := io.ReadAll(response.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	root, err := html.ParseWithOptions(bytes.NewReader(content), html.ParseOptionEnableScripting(false))
	if err != nil {
		p.t.Fatal(err)
	}
	return Sheet{response.StatusCode, response.Request.URL.RequestURI(), response.Header, string(content), root}
}

// Form is a form as it would be sent if nobody filled it in.
type Form struct {
	ID, Method, Action string
	Values             url.Values
	Files              []string // names of the fields that take files
	Buttons            []FormButton
	multipart          bool
}

// FormButton sends a form.
type FormButton struct {
	Name, Value, Action string // Action: empty if it is the form's
	Text                string
	Primary             bool
}

// Send sends a form with fields, pairs of name and value, in the place of those
// that stand in it.
func (p *Plain) Send(form Form, fields ...string) Sheet {
	p.t.Helper()
	values := url.Values{}
	for name, all := range form.Values {
		values[name] = slices.Clone(all)
	}
	for i := 0; i+1 < len(fields); i += 2 {
		values.Set(fields[i], fields[i+1])
	}
	if form.Method == http.MethodGet {
		path, _, _ := strings.Cut(form.Action, "#")
		path, _, _ = strings.Cut(path, "?")
		return p.Get(path + "?" + values.Encode())
	}
	if !form.multipart {
		return p.ask(form.Method, form.Action, "application/x-www-form-urlencoded", strings.NewReader(values.Encode()))
	}
	body, contentType := multipartBody(values)
	return p.ask(form.Method, form.Action, contentType, body)
}

func multipartBody(values url.Values) (io.Reader, string) {
	var body bytes.Buffer
	parts := multipart.NewWriter(&body)
	for name, all := range values {
		for _, value := range all {
			_ = parts.WriteField(name, value) // into memory
		}
	}
	_ = parts.Close()
	return &body, parts.FormDataContentType()
}

// All returns the elements that is says yes to, in the order of the page.
func (s Sheet) All(is func(*html.Node) bool) (found []*html.Node) {
	for node := range s.Root.Descendants() {
		if node.Type == html.ElementNode && is(node) {
			found = append(found, node)
		}
	}
	return found
}

// Attr returns an attribute of an element, empty if it has none.
func Attr(node *html.Node, name string) string {
	value, _ := attr(node, name)
	return value
}

func attr(node *html.Node, name string) (string, bool) {
	for _, a := range node.Attr {
		if a.Key == name {
			return a.Val, true
		}
	}
	return "", false
}

// TextOf returns the text inside an element, with single blanks.
func TextOf(node *html.Node) string {
	var text strings.Builder
	for inner := range node.Descendants() {
		if inner.Type == html.TextNode {
			text.WriteString(inner.Data + " ")
		}
	}
	return strings.Join(strings.Fields(text.String()), " ")
}

// Forms returns all forms of the page.
func (s Sheet) Forms() (forms []Form) {
	for _, node := range s.All(func(n *html.Node) bool { return n.Data == "form" }) {
		form := Form{ID: Attr(node, "id"), Method: strings.ToUpper(Attr(node, "method")), Action: Attr(node, "action"), Values: url.Values{}}
		form.multipart = Attr(node, "enctype") == "multipart/form-data"
		if form.Method == "" {
			form.Method = http.MethodGet
		}
		if form.Action == "" {
			form.Action = s.Path
		}
		for _, field := range s.All(func(n *html.Node) bool { return owner(n) == node || (form.ID != "" && Attr(n, "form") == form.ID) }) {
			form.take(field)
		}
		forms = append(forms, form)
	}
	return forms
}

// owner is the form around a field; nil if it names another one.
func owner(field *html.Node) *html.Node {
	if Attr(field, "form") != "" {
		return nil
	}
	for node := field.Parent; node != nil; node = node.Parent {
		if node.Data == "form" {
			return node
		}
	}
	return nil
}

// take adds what a field contributes as it stands.
func (f *Form) take(field *html.Node) {
	name, value := Attr(field, "name"), Attr(field, "value")
	if _, off := attr(field, "disabled"); off {
		return
	}
	switch field.Data {
	case "button":
		f.Buttons = append(f.Buttons, FormButton{
			name, value, Attr(field, "formaction"), TextOf(field), slices.Contains(strings.Fields(Attr(field, "class")), "btn-primary"),
		})
	case "textarea":
		f.Values.Add(name, strings.TrimPrefix(rawText(field), "\n"))
	case "select":
		f.Values.Add(name, chosen(field))
	case "input":
		_, on := attr(field, "checked")
		switch kind := Attr(field, "type"); {
		case kind == "file":
			f.Files = append(f.Files, name)
		case (kind == "radio" || kind == "checkbox") && !on, kind == "submit", name == "":
		default:
			f.Values.Add(name, value)
		}
	}
}

func rawText(node *html.Node) string {
	if node.FirstChild == nil {
		return ""
	}
	return node.FirstChild.Data
}

// chosen is the value of a list: the option that is selected, else the first.
func chosen(list *html.Node) string {
	first, seen := "", false
	for option := range list.Descendants() {
		if option.Type != html.ElementNode || option.Data != "option" {
			continue
		}
		value, has := attr(option, "value")
		if !has {
			value = TextOf(option)
		}
		if _, is := attr(option, "selected"); is {
			return value
		}
		if !seen {
			first, seen = value, true
		}
	}
	return first
}

// Form returns the form whose action ends with one of the endings, in their
// order; the test ends where there is none.
func (p *Plain) Form(s Sheet, endings ...string) Form {
	p.t.Helper()
	for _, ending := range endings {
		for _, form := range s.Forms() {
			if path, _, _ := strings.Cut(form.Action, "?"); strings.HasSuffix(path, ending) {
				return form
			}
		}
	}
	p.t.Fatalf("%s (%d) has no form for %q:\n%s", s.Path, s.Code, endings, s.Body)
	return Form{}
}

// Main returns the form in which the page's primary button stands.
func (p *Plain) Main(s Sheet) Form {
	p.t.Helper()
	for _, form := range s.Forms() {
		if slices.ContainsFunc(form.Buttons, func(b FormButton) bool { return b.Primary }) {
			return form
		}
	}
	p.t.Fatalf("%s (%d) has no primary button:\n%s", s.Path, s.Code, s.Body)
	return Form{}
}
