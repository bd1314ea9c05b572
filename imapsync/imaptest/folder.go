package imaptest

import (
	"slices"
	"strings"
	"time"
)

// Folder is a folder of an Account. Its methods may be called from any
// goroutine.
type Folder struct {
	account     *Account // its mutex guards all of this
	name        string
	attributes  []string
	noSelect    bool
	subscribed  bool
	hidden      bool // not to be seen by IMAP
	uidValidity uint32
	uidNext     uint32
	messages    []Message // by UID
	modSeq      uint64    // HIGHESTMODSEQ (RFC 7162 §3.1.2.1)
	expunged    []removal // in the order they went
}

// Message is a message as the server has it.
type Message struct {
	UID   uint32 // 0 in Add: the next one
	Flags []string
	Date  time.Time // INTERNALDATE
	Body  []byte    // all octets

	Quirk Quirk

	GmailID uint64 // X-GM-MSGID; 0: the server is not Gmail
	labels  string // X-GM-LABELS, of a snapshot

	modSeq uint64
}

// Quirk makes the server speak badly about one message.
type Quirk struct {
	Hidden       bool   // EXISTS counts it, no FETCH lists it
	RawDate      string // INTERNALDATE as sent: `"00-Jan-0000 00:00:00 +0000"`, `NIL`
	RawSize      string // RFC822.SIZE as sent
	RawFlags     string // FLAGS as sent
	LiteralOff   int    // added to the announced size of a body literal
	NilBody      bool   // NIL in place of a body
	UIDAfterBody bool   // the UID comes last
	Split        bool   // the body comes in a FETCH line of its own
	FlagsFirst   bool   // an unsolicited FETCH with the flags goes before
	Refuse       string // "NO [SERVERBUG] …": reply to any FETCH of its body
}

// Name returns the name as listed.
func (f *Folder) Name() string { return f.name }

// Add stores a message and returns its UID. A UID given must be above all
// others.
func (f *Folder) Add(m Message) uint32 {
	f.account.mu.Lock()
	defer f.account.mu.Unlock()
	return f.add(cloneMessage(m))
}

func (f *Folder) add(m Message) uint32 {
	if m.UID == 0 {
		m.UID = f.uidNext
	}
	f.uidNext = m.UID + 1
	f.touch(&m)
	f.messages = append(f.messages, m)
	return m.UID
}

// Messages returns copies of all messages, by UID.
func (f *Folder) Messages() []Message {
	f.account.mu.Lock()
	defer f.account.mu.Unlock()
	var all []Message
	for _, m := range f.messages {
		all = append(all, cloneMessage(m))
	}
	return all
}

// Update lets change work on a message, as its owner would in another client.
// It reports whether the message is there.
func (f *Folder) Update(uid uint32, change func(m *Message)) bool {
	f.account.mu.Lock()
	defer f.account.mu.Unlock()
	m := f.message(uid)
	if m != nil {
		change(m)
		f.touch(m)
	}
	return m != nil
}

// Remove expunges a message.
func (f *Folder) Remove(uid uint32) {
	f.account.mu.Lock()
	defer f.account.mu.Unlock()
	f.expunge(func(m *Message) bool { return m.UID == uid })
}

// Renumber gives the folder another UIDVALIDITY and numbers its messages from
// first on.
func (f *Folder) Renumber(uidValidity, first uint32) {
	f.account.mu.Lock()
	defer f.account.mu.Unlock()
	f.uidValidity, f.uidNext, f.expunged = uidValidity, first, nil
	for i := range f.messages {
		f.touch(&f.messages[i])
		f.messages[i].UID = f.uidNext
		f.uidNext++
	}
}

// Rename gives the folder another name and keeps the rest (F-16).
func (f *Folder) Rename(name string) {
	f.account.mu.Lock()
	defer f.account.mu.Unlock()
	f.name = name
}

// UIDValidity returns the folder's UIDVALIDITY.
func (f *Folder) UIDValidity() uint32 {
	f.account.mu.Lock()
	defer f.account.mu.Unlock()
	return f.uidValidity
}

// Subscribed reports whether the folder is subscribed.
func (f *Folder) Subscribed() bool {
	f.account.mu.Lock()
	defer f.account.mu.Unlock()
	return f.subscribed
}

// Subscribe sets whether the folder is subscribed.
func (f *Folder) Subscribe(on bool) {
	f.account.mu.Lock()
	defer f.account.mu.Unlock()
	f.subscribed = on
}

// message returns the message itself, or nil; the lock is held.
func (f *Folder) message(uid uint32) *Message {
	i, ok := slices.BinarySearchFunc(f.messages, uid, func(m Message, uid uint32) int { return int(m.UID) - int(uid) })
	if !ok {
		return nil
	}
	return &f.messages[i]
}

func (f *Folder) size() (octets int64) {
	for i := range f.messages {
		octets += int64(len(f.messages[i].Body))
	}
	return octets
}

func (f *Folder) unseen() (n int) {
	for i := range f.messages {
		if !f.messages[i].has(`\Seen`) {
			n++
		}
	}
	return n
}

func (f *Folder) uids() []uint32 {
	var all []uint32
	for i := range f.messages {
		all = append(all, f.messages[i].UID)
	}
	return all
}

func (m *Message) has(flag string) bool {
	return slices.ContainsFunc(m.Flags, func(have string) bool { return strings.EqualFold(have, flag) })
}

func (m *Message) markSeen() {
	if !m.has(`\Seen`) {
		m.Flags = append(m.Flags, `\Seen`)
	}
}
