package wire

import (
	"bytes"
	"context"
	"strings"
)

// Folder is one line of a LIST, LSUB or XLIST answer.
type Folder struct {
	Name  string // raw octets: the folder's identity, sent back unchanged
	Delim string // one character, or empty for NIL: a flat name
	Attrs []string
}

// Has reports whether the folder carries an attribute, such as `\Noselect`.
func (f Folder) Has(attr string) bool {
	for _, a := range f.Attrs {
		if strings.EqualFold(a, attr) {
			return true
		}
	}
	return false
}

// Listing is the answer to a LIST.
type Listing struct {
	Folders []Folder
	// Status holds the STATUS data that came along (RFC 5819), by raw name.
	Status map[string]FolderStatus
}

// FolderStatus holds STATUS items by their name in upper case. What the server
// did not say, or not as a number, is missing.
type FolderStatus map[string]uint64

// List sends command (LIST or LSUB) with a reference and a pattern; options is
// what may follow, such as "RETURN (SPECIAL-USE)". The names come as they are.
func (c *Conn) List(ctx context.Context, command, ref, pattern, options string) (Listing, error) {
	listing := Listing{Status: map[string]FolderStatus{}}
	seen := map[string]bool{}
	handle := func(r *Response) {
		switch r.Name {
		case "LIST", "LSUB", "XLIST":
			if folder, ok := r.folder(); ok && !seen[folder.Name] {
				seen[folder.Name] = true
				listing.Folders = append(listing.Folders, folder)
			}
		case "STATUS":
			if name, status, ok := r.status(); ok {
				listing.Status[name] = status
			}
		}
	}
	parts := []Part{Text(command), String(ref), String(pattern)}
	if options != "" {
		parts = append(parts, Text(options))
	}
	status, err := c.Do(ctx, handle, parts...)
	if err != nil {
		return listing, err
	}
	return listing, status.Err(command)
}

// Status asks for STATUS items of one mailbox that is not selected.
func (c *Conn) Status(ctx context.Context, mailbox, items string) (FolderStatus, error) {
	got := FolderStatus{}
	// Whatever name the server echoes, it answers this question (G-15).
	handle := func(r *Response) {
		if r.Name == "STATUS" {
			if _, status, ok := r.status(); ok {
				got = status
			}
		}
	}
	status, err := c.Do(ctx, handle, Text("STATUS"), String(mailbox), Text("("+items+")"))
	if err != nil {
		return nil, err
	}
	return got, status.Err("STATUS")
}

// folder reads "(attrs) delimiter name".
func (r *Response) folder() (Folder, bool) {
	p := r.parser()
	attrs, ok := p.value(0)
	if !ok {
		return Folder{}, false
	}
	f := Folder{Attrs: attrs.strings(), Delim: p.delimiter()}
	f.Name, ok = p.name()
	return f, ok
}

// delimiter reads NIL or a quoted character; a backslash may stand unescaped,
// and the quotes may be missing.
func (p *parser) delimiter() string {
	p.blanks()
	if bytes.HasPrefix(p.text[p.pos:], []byte(`"\" `)) {
		p.pos += len(`"\"`)
		return `\`
	}
	v, _ := p.value(0)
	if v.isNil() {
		return ""
	}
	return v.text
}

// name reads a mailbox name up to the end of the response: a string, or what
// stands there if a server forgot the quotes. An atom NIL is a name like any
// other (Cyrus lists a folder "nil" so).
func (p *parser) name() (string, bool) {
	p.blanks()
	if p.atLiteral() || p.pos < len(p.text) && p.text[p.pos] == '"' {
		v, ok := p.value(0)
		return v.text, ok
	}
	name := string(bytes.TrimRight(p.text[p.pos:], " "))
	p.pos = len(p.text)
	return name, name != ""
}

func (p *parser) blanks() {
	for p.pos < len(p.text) && p.text[p.pos] == ' ' && !p.atLiteral() {
		p.pos++
	}
}

// status reads "name (MESSAGES 3 UIDNEXT 4)". The last opening bracket divides
// the two: a name may come without the quotes it needs.
func (r *Response) status() (string, FolderStatus, bool) {
	open := bytes.LastIndexByte(r.text, '(')
	if open < 0 {
		return "", nil, false
	}
	p := &parser{text: r.text[:open], literals: r.literals}
	name, ok := p.name()
	if !ok {
		return "", nil, false
	}
	list, _ := (&parser{text: r.text[open:]}).value(0)
	items := FolderStatus{}
	for i := 0; i+1 < len(list.list); i += 2 {
		if n, ok := number(list.list[i+1].text); ok {
			items[strings.ToUpper(list.list[i].text)] = n
		}
	}
	return name, items, true
}

// Namespace is one personal namespace (RFC 2342).
type Namespace struct{ Prefix, Delim string }

// Namespaces are the three kinds of RFC 2342 §5.
type Namespaces struct{ Personal, Others, Shared []Namespace }

// Namespaces asks for the namespaces. Call it only if the server lists
// NAMESPACE.
func (c *Conn) Namespaces(ctx context.Context) (Namespaces, error) {
	var got Namespaces
	handle := func(r *Response) {
		if r.Name != "NAMESPACE" {
			return
		}
		p := r.parser()
		values := append(p.rest(), value{}, value{}, value{})
		got = Namespaces{namespaces(values[0]), namespaces(values[1]), namespaces(values[2])}
	}
	status, err := c.Do(ctx, handle, Text("NAMESPACE"))
	if err != nil {
		return got, err
	}
	return got, status.Err("NAMESPACE")
}

func namespaces(v value) []Namespace {
	var list []Namespace
	for _, item := range v.list {
		if len(item.list) == 0 {
			continue
		}
		ns := Namespace{Prefix: item.list[0].text}
		if len(item.list) > 1 && !item.list[1].isNil() {
			ns.Delim = item.list[1].text
		}
		list = append(list, ns)
	}
	return list
}
