package audit

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Form says which octets a server is held to have stored.
type Form string

// The forms of a stored message.
const (
	Exact     Form = ""        // the octets as they are
	ByDovecot Form = "dovecot" // as by AsDovecot
	ByCyrus   Form = "cyrus"   // as by AsCyrus
)

// Rules say when a mailbox is a faithful copy of another.
type Rules struct {
	// Stored is the form in which the copy is held.
	Stored Form
	// Name maps the path of a folder to the one it must have in the copy; nil
	// leaves it as it is. Several folders may map to one.
	Name func(path []string) []string
	// Left reports folders that are not to be copied; nil is none.
	Left func(path []string) bool
	// OwnFolders allows the copy empty folders nobody asked for.
	OwnFolders bool
}

// Kind names a difference.
type Kind string

// What can be wrong with a copy.
const (
	Missing       Kind = "missing"        // a message that is not there
	Doubled       Kind = "doubled"        // a message that is there too often
	Extra         Kind = "extra"          // a message that nobody sent
	Altered       Kind = "altered"        // a message with other octets
	FlagsDiffer   Kind = "flags"          // system flags
	KeywordDiffer Kind = "keywords"       // keywords
	DateDiffers   Kind = "date"           // the instant of INTERNALDATE
	FolderMissing Kind = "folder missing" // perhaps an empty one
	FolderExtra   Kind = "folder extra"
	Touched       Kind = "touched" // the source itself was changed
)

// Difference is one finding.
type Difference struct {
	Kind   Kind
	Folder []string // of the original; for extras of the copy
	UID    uint32   // in that folder, or 0
	Detail string
}

// String is a line for a test's log.
func (d Difference) String() string {
	text := fmt.Sprintf("%s: %s", d.Kind, strings.Join(d.Folder, " > "))
	if d.UID != 0 {
		text += fmt.Sprintf(", UID %d", d.UID)
	}
	if d.Detail != "" {
		text += ": " + d.Detail
	}
	return text
}

// Compare returns what is wrong with got as a copy of want: nothing, if every
// message is there exactly as often as in want, in its folder, with its octets,
// flags, keywords and date, and every folder too. Order and UIDs may differ.
func Compare(want, got Snapshot, rules Rules) []Difference {
	sources := map[string][]*Folder{} // by the key of their place in the copy
	var found []Difference
	for _, folder := range want.Folders() {
		if rules.Left != nil && rules.Left(folder.Path) {
			continue
		}
		place := folder.Path
		if rules.Name != nil {
			place = rules.Name(place)
		}
		sources[key(place)] = append(sources[key(place)], folder)
		copied := got.folders[key(place)]
		if copied == nil && folder.Selectable {
			found = append(found, Difference{Kind: FolderMissing, Folder: folder.Path, Detail: fmt.Sprintf("%d messages", len(folder.Messages))})
		}
	}
	for _, place := range keysOf(sources, got.folders) {
		found = append(found, compareFolder(sources[place], got.folders[place], sources, rules)...)
	}
	return found
}

func keysOf(sources map[string][]*Folder, copies map[string]*Folder) []string {
	var all []string
	for place := range sources {
		all = append(all, place)
	}
	for place := range copies {
		if sources[place] == nil {
			all = append(all, place)
		}
	}
	slices.Sort(all)
	return all
}

// item is a message with the folder it is of.
type item struct {
	Message
	folder []string
}

func compareFolder(sources []*Folder, copied *Folder, all map[string][]*Folder, rules Rules) []Difference {
	var want, got []item
	for _, source := range sources {
		for _, m := range source.Messages {
			want = append(want, item{m, source.Path})
		}
	}
	if copied == nil {
		copied = &Folder{}
	}
	for _, m := range copied.Messages {
		got = append(got, item{m, copied.Path})
	}
	var found []Difference
	if sources == nil && copied.Selectable && !rules.OwnFolders && !isParent(copied.Path, all) {
		found = append(found, Difference{Kind: FolderExtra, Folder: copied.Path})
	}
	return append(found, compareMessages(want, got, rules)...)
}

// isParent reports whether a folder had to be made for one below it.
func isParent(path []string, places map[string][]*Folder) bool {
	for place := range places {
		if strings.HasPrefix(place, key(path)+"\x00") {
			return true
		}
	}
	return false
}

func compareMessages(want, got []item, rules Rules) []Difference {
	wanted, present := map[Sum][]item{}, map[Sum][]item{}
	for _, m := range want {
		wanted[rules.sum(m.Message)] = append(wanted[rules.sum(m.Message)], m)
	}
	for _, m := range got {
		present[m.Sum] = append(present[m.Sum], m)
	}
	var found []Difference
	var missing, extra []item
	for sum, originals := range wanted {
		differ, lost, more := pair(originals, present[sum])
		found, missing = append(found, differ...), append(missing, lost...)
		for _, m := range more {
			found = append(found, Difference{Kind: Doubled, Folder: m.folder, UID: m.UID, Detail: describe(m)})
		}
	}
	for sum, copies := range present {
		if wanted[sum] == nil {
			extra = append(extra, copies...)
		}
	}
	found = append(found, alterations(missing, extra)...)
	slices.SortFunc(found, func(a, b Difference) int {
		return cmp.Or(slices.Compare(a.Folder, b.Folder), cmp.Compare(a.UID, b.UID), cmp.Compare(a.Kind, b.Kind))
	})
	return found
}

func (r Rules) sum(m Message) Sum {
	switch r.Stored {
	case ByDovecot:
		return m.AsDovecot
	case ByCyrus:
		return m.AsCyrus
	}
	return m.Sum
}

// pair matches messages with the same octets: first those that are equal in all
// else, then the others in their order. It returns the differences of the
// pairs and those who found no partner on either side.
func pair(want, got []item) (found []Difference, missing, more []item) {
	got = slices.Clone(got)
	var unequal []item
	for _, original := range want {
		i := slices.IndexFunc(got, func(other item) bool { return len(differences(original, other)) == 0 })
		if i < 0 {
			unequal = append(unequal, original)
			continue
		}
		got = slices.Delete(got, i, i+1)
	}
	both := min(len(unequal), len(got))
	for i := range both {
		found = append(found, differences(unequal[i], got[i])...)
	}
	return found, unequal[both:], got[both:]
}

func differences(want, got item) []Difference {
	var found []Difference
	add := func(kind Kind, detail string) {
		found = append(found, Difference{Kind: kind, Folder: want.folder, UID: want.UID, Detail: detail})
	}
	if !slices.Equal(want.Flags, got.Flags) {
		add(FlagsDiffer, fmt.Sprintf("want %v, got %v", want.Flags, got.Flags))
	}
	if !slices.Equal(want.Keywords, got.Keywords) {
		add(KeywordDiffer, fmt.Sprintf("want %v, got %v", want.Keywords, got.Keywords))
	}
	if !want.Date.Equal(got.Date) {
		add(DateDiffers, fmt.Sprintf("want %s, got %s", instant(want.Date), instant(got.Date)))
	}
	return found
}

// alterations explains a missing and an extra message of the same instant as
// one message whose octets were changed; what is left over is what it is.
func alterations(missing, extra []item) []Difference {
	var found []Difference
	for _, m := range missing {
		i := slices.IndexFunc(extra, func(other item) bool {
			return other.Date.Equal(m.Date) && slices.Equal(other.Flags, m.Flags)
		})
		if i < 0 {
			found = append(found, Difference{Kind: Missing, Folder: m.folder, UID: m.UID, Detail: describe(m)})
			continue
		}
		detail := fmt.Sprintf("was %s, now %s", describe(m), describe(extra[i]))
		found = append(found, Difference{Kind: Altered, Folder: m.folder, UID: m.UID, Detail: detail})
		extra = slices.Delete(extra, i, i+1)
	}
	for _, m := range extra {
		found = append(found, Difference{Kind: Extra, Folder: m.folder, UID: m.UID, Detail: describe(m)})
	}
	return found
}

func describe(m item) string {
	return fmt.Sprintf("%d octets of %s, SHA-256 %x…", m.Size, instant(m.Date), m.Sum[:4])
}

func instant(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// Untouched returns what has changed at a source between two snapshots: it must
// be nothing, not even \Seen or \Recent, and no UID may have been used.
func Untouched(before, after Snapshot) []Difference {
	var found []Difference
	for _, folder := range before.Folders() {
		now := after.folders[key(folder.Path)]
		if now == nil {
			found = append(found, Difference{Kind: FolderMissing, Folder: folder.Path})
			continue
		}
		if folder.State != now.State {
			detail := fmt.Sprintf("was %+v, now %+v", folder.State, now.State)
			found = append(found, Difference{Kind: Touched, Folder: folder.Path, Detail: detail})
		}
		found = append(found, touchedMessages(folder, now)...)
	}
	for _, folder := range after.Folders() {
		if before.folders[key(folder.Path)] == nil {
			found = append(found, Difference{Kind: FolderExtra, Folder: folder.Path})
		}
	}
	return found
}

func touchedMessages(before, after *Folder) []Difference {
	later := map[uint32]Message{}
	for _, m := range after.Messages {
		later[m.UID] = m
	}
	var found []Difference
	for _, m := range before.Messages {
		now, ok := later[m.UID]
		delete(later, m.UID)
		switch {
		case !ok:
			found = append(found, Difference{Kind: Missing, Folder: before.Path, UID: m.UID, Detail: describe(item{Message: m})})
		case now.Sum != m.Sum:
			found = append(found, Difference{Kind: Altered, Folder: before.Path, UID: m.UID, Detail: describe(item{Message: now})})
		default:
			found = append(found, differences(item{m, before.Path}, item{now, after.Path})...)
		}
	}
	for uid, m := range later {
		found = append(found, Difference{Kind: Extra, Folder: after.Path, UID: uid, Detail: describe(item{Message: m})})
	}
	return found
}
