package migration

import "time"

// FolderPair is what is remembered of one source folder and the destination
// folder it goes to (I-1).
type FolderPair struct {
	ID     int64
	Source string // raw octets as listed: the folder's identity (F-3)

	// The source as it was when the pair was last gone through to the end.
	UIDValidity, UIDNext, Exists uint32
	ModSeq                       uint64
	// Doubted: another server may have given the UIDs, or they may be of another
	// folder that is numbered alike. No copy is believed to stand under its UID before
	// it is known again by its header (I-12).
	Doubted bool
	// Complete is set when the last walk left nothing to be tried again, so an
	// unchanged folder need not be listed (Δ-1).
	Complete bool

	Dest DestFolder
}

// Former is another source from which the same mailbox was filled: the same login at
// a server of another name or port. Whether it is the same account, reached otherwise,
// only its messages tell (I-16).
type Former struct {
	ResourceID int64
	Server     string // host:port
	Folders    []FormerFolder
}

// FormerFolder is a folder of a Former, and how many copies were made from it.
type FormerFolder struct {
	FolderPair
	Copies int
}

// DestFolder is a folder at the destination. It belongs to the destination
// mailbox, not to a resource: several sources may feed it.
type DestFolder struct {
	ID          int64
	Name        string // raw octets as sent to the server
	UIDValidity uint32
	UIDNext     uint32 // next UID after the last answered append (I-5)
}

// MessageState is what is remembered of one source message. A UID that is
// Copied is never appended again, whatever happened to its copy (I-1).
type MessageState struct {
	UID         uint32
	Kind        OutcomeKind // Copied, Skipped or Failed
	Gone        bool        // copied, and since then no longer at the source (Δ-4)
	Reason      Reason      // Skipped and Failed
	Pass        int         // the pass in which it got there
	DestUID     uint32      // 0: stored, but the server did not say where
	Size        int64       // octets received
	Fingerprint uint64      // I-4
	Flags       []string    // the source's when it was copied: the base of Δ-3 (L-3)
	Identity    uint64      // X-GM-MSGID (M-1); 0: the source has none
}

// ElsewherePass is the Pass of a message that another folder of the source shows
// too, and whose copy is that of the other folder (M-1).
const ElsewherePass = -2

// IsElsewhere reports whether the copy of the message is that of another folder.
func (s MessageState) IsElsewhere() bool { return s.Kind == Copied && s.Pass == ElsewherePass }

// Sighting is a folder in which a message with an identity was seen, and that its
// copy is there or in another (M-1).
type Sighting struct {
	Identity  uint64
	PairID    int64
	UID       uint32
	Gone      bool // no longer in this folder
	Elsewhere bool // MessageState.IsElsewhere
}

// BeforeAnyPass is the Pass of a message that no pass of its migration copied: it was
// at the destination before (I-14), or another migration of the account copied it.
const BeforeAnyPass = -1

// Known is what is remembered of the messages of one pair, summed up. Those that
// are Gone count in nothing.
type Known struct {
	Copied  int            // copied in the pass that was asked about
	Bytes   int64          // their sizes, summed
	Present int            // copied in any other pass
	Left    []MessageState // skipped and failed ones, by ascending UID
	Highest uint32         // the highest UID remembered; 0: none

	Nameless int // of Copied and Present, those without an identity
}

// Batch names messages that are about to be appended (I-5). Until it is settled
// nobody knows which of them the destination holds.
type Batch struct {
	ID              int64
	PairID          int64
	DestID          int64
	DestUIDValidity uint32
	DestLow         uint32 // no message of the batch has a UID below
	// Late is how long after the connection's end the destination may still be
	// storing what was sent of the batch (I-9).
	Late  time.Duration
	Items []BatchItem
}

// BatchItem is one message of a batch, with all that is needed to know it again
// at the destination (I-6).
type BatchItem struct {
	UID         uint32
	Fingerprint uint64
	Size        int64     // octets sent
	BareLF      int64     // line ends without CR among them (I-8)
	Digest      [32]byte  // SHA-256 of the canonical octets
	Date        time.Time // INTERNALDATE sent; zero if none
	Flags       []string
	Identity    uint64 // MessageState.Identity
}
