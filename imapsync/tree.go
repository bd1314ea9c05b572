package imapsync

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"trasloco/imapsync/wire"
)

// folder is a mailbox of one server with its place in the tree.
type folder struct {
	wire.Folder
	path []string // decoded components, without the personal prefix; INBOX is spelled so
	role string   // special use, such as `\Sent`; empty: none

	gmail   bool // it is a label (M-1)
	repeats bool // it is one that shows only what All Mail has too (M-3)
}

// display returns the folder's name for people.
func (f folder) display() string { return strings.Join(f.path, "/") }

func (f folder) isInbox() bool { return len(f.path) == 1 && f.path[0] == "INBOX" }

// opens reports whether the folder can hold messages.
func (f folder) opens() bool { return !f.Has(`\Noselect`) && !f.Has(`\NonExistent`) }

// tree is all that a server shows of an account's own folders.
type tree struct {
	prefix, delim string // of the personal namespace
	folders       []folder
	foreign       []string                     // folders of others, shared and public ones: named, not copied (F-1)
	status        map[string]wire.FolderStatus // by raw name; as far as the server tells it with the list

	showsAll bool // one of them is Gmail's All Mail (M-4)
}

// readTree lists the personal namespaces of a logged-in connection. items are
// asked for of each folder where the server tells them with the list (RFC 5819).
func readTree(ctx context.Context, conn *wire.Conn, items string) (*tree, error) {
	spaces, err := namespaces(ctx, conn)
	if err != nil {
		return nil, err
	}
	var raw []wire.Folder
	status := map[string]wire.FolderStatus{}
	for _, ns := range spaces.Personal {
		listed, err := listPrefix(ctx, conn, ns.Prefix, items)
		if err != nil {
			return nil, err
		}
		raw = append(raw, listed.Folders...)
		maps.Copy(status, listed.Status)
	}
	if raw, err = withInbox(ctx, conn, raw); err != nil {
		return nil, err
	}
	if raw, err = withRoles(ctx, conn, raw); err != nil {
		return nil, err
	}
	t := newTree(spaces, raw)
	t.status = status
	return t, nil
}

// readSource is readTree for a source.
func readSource(ctx context.Context, conn *wire.Conn, items string) (*tree, error) {
	t, err := readTree(ctx, conn, items)
	if err == nil && conn.Has(gmailExtension) {
		t.asGmail()
	}
	return t, err
}

// xlistRoles are the attributes of XLIST, which older servers have in the place of
// special use, where RFC 6154 calls them otherwise.
var xlistRoles = map[string]string{`\allmail`: `\All`, `\spam`: `\Junk`, `\starred`: `\Flagged`}

// withRoles asks by XLIST for the roles of the folders listed, where the server has that
// and told none (F-2). Nothing else of the answer counts: the INBOX may have another
// name in it.
func withRoles(ctx context.Context, conn *wire.Conn, raw []wire.Folder) ([]wire.Folder, error) {
	told := slices.ContainsFunc(raw, func(f wire.Folder) bool { return slices.ContainsFunc(roleAttributes, f.Has) })
	if told || !conn.Has("XLIST") {
		return raw, nil
	}
	listing, err := conn.List(ctx, "XLIST", "", "*", "")
	if err != nil {
		return raw, ignoreFinal(err)
	}
	raw = slices.Clone(raw)
	for _, marked := range listing.Folders {
		i := slices.IndexFunc(raw, func(f wire.Folder) bool { return f.Name == marked.Name })
		if i < 0 {
			continue
		}
		attrs := slices.Clone(raw[i].Attrs)
		for _, attr := range marked.Attrs {
			role := cmp.Or(xlistRoles[strings.ToLower(attr)], attr)
			if slices.ContainsFunc(roleAttributes, func(known string) bool { return strings.EqualFold(known, role) }) {
				attrs = append(attrs, role)
			}
		}
		raw[i].Attrs = attrs
	}
	return raw, nil
}

// newTree places what was listed. The order of the listing plays no part in it,
// so that every pass sees the same tree.
func newTree(spaces wire.Namespaces, listed []wire.Folder) *tree {
	t := &tree{prefix: spaces.Personal[0].Prefix, delim: spaces.Personal[0].Delim}
	listed = slices.Clone(listed)
	slices.SortStableFunc(listed, func(a, b wire.Folder) int { return strings.Compare(a.Name, b.Name) })
	seen, places := map[string]bool{}, map[string]bool{}
	for _, f := range listed {
		identity := f.Name
		if isInboxName(f) {
			identity = "INBOX" // F-4
		}
		switch {
		case seen[identity]:
		case isForeign(f.Name, spaces):
			t.foreign = append(t.foreign, wire.DecodeName(f.Name))
		default:
			path := ownPath(f, spaces.Personal, places)
			places[key(path)] = true
			t.folders = append(t.folders, folder{Folder: f, path: path})
		}
		seen[identity] = true
	}
	assignRoles(t.folders)
	return t
}

// ownPath returns a path that no folder before has. Two names may mean the same
// text, such as "R&D" and "R&-D": they are two folders all the same (F-3).
func ownPath(f wire.Folder, personal []wire.Namespace, places map[string]bool) []string {
	path := splitPath(f, personal)
	leaf := path[len(path)-1]
	for n := 2; places[key(path)]; n++ {
		path[len(path)-1] = leaf + " (" + strconv.Itoa(n) + ")"
	}
	return path
}

// namespaces asks for the namespaces, or finds the delimiter where a server has
// none to tell. There is always a personal one in the answer: Cyrus gives NIL
// for an account that never logged in.
func namespaces(ctx context.Context, conn *wire.Conn) (wire.Namespaces, error) {
	var spaces wire.Namespaces
	if conn.Has("NAMESPACE") {
		var err error
		if spaces, err = conn.Namespaces(ctx); ignoreFinal(err) != nil {
			return spaces, err
		}
	}
	if len(spaces.Personal) > 0 {
		return spaces, nil
	}
	root, err := conn.List(ctx, "LIST", "", "", "")
	if ignoreFinal(err) != nil {
		return spaces, err
	}
	personal := wire.Namespace{}
	if len(root.Folders) > 0 {
		personal.Delim = root.Folders[0].Delim
	}
	spaces.Personal = []wire.Namespace{personal}
	return spaces, nil
}

// listPrefix lists one namespace, with special use and states where those are
// offered and work: some servers offer it and then leave folders out (F-2).
func listPrefix(ctx context.Context, conn *wire.Conn, prefix, items string) (wire.Listing, error) {
	if options := listOptions(conn, items); options != "" {
		listing, err := conn.List(ctx, "LIST", "", prefix+"*", options)
		if err == nil && (prefix != "" || slices.ContainsFunc(listing.Folders, isInboxName)) {
			return listing, nil
		}
		if ignoreFinal(err) != nil {
			return wire.Listing{}, err
		}
	}
	return conn.List(ctx, "LIST", "", prefix+"*", "")
}

func listOptions(conn *wire.Conn, items string) string {
	if !conn.Has("LIST-EXTENDED") {
		return ""
	}
	var options []string
	if conn.Has("SPECIAL-USE") {
		options = append(options, "SPECIAL-USE")
	}
	if items != "" && conn.Has("LIST-STATUS") {
		options = append(options, "STATUS ("+items+")")
	}
	if len(options) == 0 {
		return ""
	}
	return "RETURN (" + strings.Join(options, " ") + ")"
}

func isInboxName(f wire.Folder) bool { return strings.EqualFold(f.Name, "INBOX") }

// withInbox adds INBOX, which stands outside a prefix such as "INBOX.", and
// which some servers leave out of a listing.
func withInbox(ctx context.Context, conn *wire.Conn, folders []wire.Folder) ([]wire.Folder, error) {
	if slices.ContainsFunc(folders, isInboxName) {
		return folders, nil
	}
	listing, err := conn.List(ctx, "LIST", "", "INBOX", "")
	if ignoreFinal(err) != nil {
		return nil, err
	}
	return append(folders, listing.Folders...), nil
}

func isForeign(name string, spaces wire.Namespaces) bool {
	for _, ns := range slices.Concat(spaces.Others, spaces.Shared) {
		// "Other Users/" is listed as a folder "Other Users" too.
		if ns.Prefix != "" && strings.HasPrefix(name+ns.Delim, ns.Prefix) {
			return true
		}
	}
	return false
}

// splitPath cuts a raw name into decoded components (F-5).
func splitPath(f wire.Folder, personal []wire.Namespace) []string {
	parts := components(withoutPrefix(f, personal), f.Delim)
	for i, part := range parts {
		parts[i] = wire.DecodeName(part)
	}
	if strings.EqualFold(parts[0], "INBOX") {
		parts[0] = "INBOX" // F-4
	}
	return parts
}

func components(name, delim string) []string {
	if delim == "" {
		return []string{name}
	}
	return strings.Split(strings.TrimSuffix(name, delim), delim)
}

// withoutPrefix takes the personal prefix off a name. INBOX.INBOX keeps it: that
// is no second INBOX but a folder below.
func withoutPrefix(f wire.Folder, personal []wire.Namespace) string {
	for _, ns := range personal {
		rest, ok := strings.CutPrefix(f.Name, ns.Prefix)
		if ok && ns.Prefix != "" && rest != "" && !strings.EqualFold(components(rest, f.Delim)[0], "INBOX") {
			return rest
		}
	}
	return f.Name
}

// isRefusal reports whether a server said NO or BAD and the connection goes on.
func isRefusal(err error) bool {
	var refused *wire.StatusError
	return errors.As(err, &refused) && refused.Status.Type != "BYE"
}

// fold is the form in which folder names are compared: F-11.
func fold(name string) string { return cases.Fold().String(norm.NFC.String(name)) }
