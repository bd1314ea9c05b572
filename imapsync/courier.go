package imapsync

import (
	"strings"

	"trasloco/imapsync/wire"
)

func isCourier(conn *wire.Conn) bool { return strings.HasPrefix(conn.Greeting(), "Courier-IMAP") }

// bodyQuery asks for whole messages of the folder that stands open, and changes
// nothing in it (I-2).
//
// Courier sends BODY[] and RFC822.SIZE of a message with more than about 300 parts cut
// off alike, and nothing tells; its RFC822 is whole. Anywhere else, and in a folder
// that is open by SELECT, RFC822 would mark what is read as seen (RFC 3501 §6.4.5).
func bodyQuery(conn *wire.Conn, set string) wire.Query {
	q := wire.Query{Set: set, ByUID: true, Items: "(UID BODY.PEEK[])"}
	if box := conn.Selected(); isCourier(conn) && (box == nil || !box.Writable()) {
		q.Items = "(UID RFC822)"
	}
	return q
}
