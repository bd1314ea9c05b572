package migration

import "time"

// OutcomeKind is the one fate of a message in a pass.
type OutcomeKind string

// Every message a source lists ends in exactly one of these.
const (
	Copied  OutcomeKind = "copied"  // appended to the destination in this pass
	Present OutcomeKind = "present" // copied in an earlier pass
	Skipped OutcomeKind = "skipped" // left out by a rule the admin saw
	Failed  OutcomeKind = "failed"  // wanted, and not there
)

// Reason says why a message was skipped or failed. It is a code, not a text:
// locale has the sentence and the remedy.
type Reason string

// Reasons to skip.
const (
	ReasonFolder   Reason = "folder_excluded" // F-11, F-12: the folder is one of those left out
	ReasonNotMail  Reason = "not_mail"        // F-13: calendar, contacts … of a groupware server
	ReasonPublic   Reason = "public_folder"   // F-1: it belongs to all users of the server
	ReasonOversize Reason = "oversize"        // T-5: above the size limit
	ReasonGone     Reason = "gone"            // deleted at the source before it could be read
)

// Reasons to fail.
const (
	ReasonTooBig       Reason = "too_big_for_destination" // T-5: above the destination's own limit
	ReasonRefused      Reason = "refused"                 // the destination said NO to this message
	ReasonEmpty        Reason = "empty_at_source"         // T-2: the source sends no octets for it
	ReasonUnreadable   Reason = "unreadable_at_source"    // T-2, T-3: NO, a stub, or never complete
	ReasonDamaged      Reason = "damaged_in_transfer"     // the answer could not be read twice alike
	ReasonUnconfirmed  Reason = "unconfirmed"             // the destination broke off on it again and again
	ReasonFolderClosed Reason = "folder_unreadable"       // F-9: the source does not open the folder
	ReasonFolderCreate Reason = "folder_refused"          // F-7: the destination does not make the folder
	ReasonIncomplete   Reason = "listing_incomplete"      // I-3: the source's list never added up
	ReasonRenumbered   Reason = "destination_renumbered"  // I-13: the destination folder is another one now
)

// ByRule reports whether a whole folder was left out, as the admin was told before
// (F-1, F-11, F-13): its mail was never meant to arrive.
func (r Reason) ByRule() bool { return r == ReasonFolder || r == ReasonNotMail || r == ReasonPublic }

// Outcome reports the fate of one message, or of Count messages at once: all
// that are present in a folder, all of an excluded folder. UID is 0 then.
type Outcome struct {
	Kind   OutcomeKind
	Reason Reason // skipped and failed only
	Folder string // source folder, decoded for people
	UID    uint32
	Count  int
	Bytes  int64 // octets of the copied messages

	// What the message is, for people; only for skipped and failed.
	MessageID, From, Subject string
	Date                     time.Time
	Size                     int64

	ServerText string // the server's own words, if it said any
}

// Tally counts outcomes. At the end of a run
// Copied + Present + Skipped + Failed == Listed (V-1).
type Tally struct {
	Listed, Copied, Present, Skipped, Failed int
	Bytes                                    int64 // octets copied
}

// Add counts an outcome; Listed is counted where the listing is made.
func (t *Tally) Add(o Outcome) {
	switch o.Kind {
	case Copied:
		t.Copied += o.Count
	case Present:
		t.Present += o.Count
	case Skipped:
		t.Skipped += o.Count
	case Failed:
		t.Failed += o.Count
	}
	t.Bytes += o.Bytes
}

// Plus returns the sum of two tallies.
func (t Tally) Plus(u Tally) Tally {
	return Tally{
		Listed: t.Listed + u.Listed, Copied: t.Copied + u.Copied, Present: t.Present + u.Present,
		Skipped: t.Skipped + u.Skipped, Failed: t.Failed + u.Failed, Bytes: t.Bytes + u.Bytes,
	}
}

// Balanced reports whether every listed message has an outcome (V-1).
func (t Tally) Balanced() bool {
	return t.Listed == t.Copied+t.Present+t.Skipped+t.Failed
}
