package audit

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Message is what an audit keeps of a message: no body.
type Message struct {
	UID       uint32
	Size      int64
	Sum       Sum // of its octets
	AsDovecot Sum // of AsDovecot of its octets
	AsCyrus   Sum // of AsCyrus of its octets

	Flags    []string // system flags without \Recent, sorted
	Keywords []string // in lower case, since servers compare them without case, sorted
	Date     time.Time
}

func newMessage(uid uint32, s sums, flags []string, date time.Time) Message {
	m := Message{UID: uid, Size: s.size, Sum: s.exact, AsDovecot: s.dovecot, AsCyrus: s.cyrus, Date: date}
	for _, flag := range flags {
		switch {
		case strings.EqualFold(flag, `\Recent`):
		case strings.HasPrefix(flag, `\`):
			m.Flags = append(m.Flags, flag)
		default:
			m.Keywords = append(m.Keywords, strings.ToLower(flag))
		}
	}
	slices.Sort(m.Flags)
	slices.Sort(m.Keywords)
	return m
}

// Folder is a folder with its mail, in the order of UIDs.
type Folder struct {
	Path       []string
	Selectable bool
	State      State
	Messages   []Message
}

// Snapshot is a whole mailbox at one moment.
type Snapshot struct {
	folders map[string]*Folder
}

// key makes a path a map key; no name holds a NUL.
func key(path []string) string { return strings.Join(path, "\x00") }

// Folders returns the folders by name.
func (s Snapshot) Folders() []*Folder {
	var all []*Folder
	for _, folder := range s.folders {
		all = append(all, folder)
	}
	slices.SortFunc(all, func(a, b *Folder) int { return slices.Compare(a.Path, b.Path) })
	return all
}

// Folder returns a folder, or nil.
func (s Snapshot) Folder(path ...string) *Folder { return s.folders[key(path)] }

// Count returns how many messages there are.
func (s Snapshot) Count() int {
	total := 0
	for _, folder := range s.folders {
		total += len(folder.Messages)
	}
	return total
}

// AddFolder adds an empty folder to a snapshot that a test makes up, if it is
// not there. The zero Snapshot is an empty mailbox.
func (s *Snapshot) AddFolder(path []string) *Folder {
	if s.folders == nil {
		s.folders = map[string]*Folder{}
	}
	folder := s.folders[key(path)]
	if folder == nil {
		folder = &Folder{Path: slices.Clone(path), Selectable: true}
		s.folders[key(path)] = folder
	}
	return folder
}

// AddMessage adds a message, and its folder, to a snapshot that a test makes up
// of what it is going to send.
func (s *Snapshot) AddMessage(path []string, raw []byte, flags []string, date time.Time) {
	sum := newSummer()
	_, _ = sum.Write(raw) // never fails
	folder := s.AddFolder(path)
	folder.Messages = append(folder.Messages, newMessage(uint32(len(folder.Messages)+1), sum.sums(), flags, date))
}

// Mailbox reads every folder and message of the user who is logged in. It opens
// folders by EXAMINE and bodies by BODY.PEEK[], so nothing there changes.
func Mailbox(c *Client) (Snapshot, error) {
	var snapshot Snapshot
	listed, err := c.List()
	if err != nil {
		return snapshot, err
	}
	for _, entry := range listed {
		if known := snapshot.Folder(entry.Path...); known != nil && known.Selectable {
			if !entry.Selectable() { // such as INBOX.INBOX, parent of a child of INBOX
				continue
			}
			return snapshot, fmt.Errorf("folder %q is listed twice", entry.Path)
		}
		folder := snapshot.AddFolder(entry.Path)
		folder.Selectable = entry.Selectable()
		if !folder.Selectable {
			continue
		}
		if err := readFolder(c, entry.Raw, folder); err != nil {
			return snapshot, fmt.Errorf("folder %q: %w", entry.Path, err)
		}
	}
	return snapshot, nil
}

func readFolder(c *Client, raw string, folder *Folder) error {
	var err error
	if folder.State, err = c.openRaw("EXAMINE", raw); err != nil || folder.State.Exists == 0 {
		return err
	}
	if err := c.fetchAll(func(m Message) { folder.Messages = append(folder.Messages, m) }); err != nil {
		return err
	}
	if len(folder.Messages) != int(folder.State.Exists) {
		return fmt.Errorf("%d messages came, the server has %d", len(folder.Messages), folder.State.Exists)
	}
	slices.SortFunc(folder.Messages, func(a, b Message) int { return cmp.Compare(a.UID, b.UID) })
	return nil
}
