package imaptest_test

import (
	"slices"
	"strings"
	"testing"

	"trasloco/imapsync/imaptest"
)

// A label is a folder with UIDs of its own, and X-GM-MSGID says that the messages
// under two of them are one.
func TestGmailShowsOneMessageUnderEachLabel(t *testing.T) {
	g := imaptest.NewGmail(t, imaptest.ItalianGmail(), imaptest.AccountOptions{})
	g.Deliver(imaptest.Message{Date: noon, Body: mail}, "Work")
	id := g.Deliver(imaptest.Message{Date: noon, Body: mail, Flags: []string{`\Flagged`}}, `\Inbox`, "Work", `\Important`)
	g.Deliver(imaptest.Message{Date: noon, Body: mail}, `\Trash`)
	c := login(t, g.Account)
	if got := c.do(`LIST "" "[Gmail]*"`); !slices.Contains(got, `* LIST (\All \HasNoChildren) "/" "[Gmail]/Tutti i messaggi"`) ||
		!slices.ContainsFunc(got, func(line string) bool {
			return strings.Contains(line, `\Noselect`) && strings.HasSuffix(line, `"[Gmail]"`)
		}) {
		t.Errorf("list: %q", got)
	}
	if got := c.do(`XLIST "" "INBOX"`); got[0] != "OK done" || !strings.HasPrefix(got[1], "* XLIST (") {
		t.Errorf("xlist: %q", got)
	}
	c.do(`EXAMINE Work`)
	c.wantReply("FETCH 1:* (X-GM-MSGID X-GM-LABELS)", "OK done",
		`* 1 FETCH (X-GM-MSGID 1152921504606846977 X-GM-LABELS ())`,
		`* 2 FETCH (X-GM-MSGID 1152921504606846978 X-GM-LABELS ("\\Inbox" "\\Starred" "\\Important"))`)
	c.do(`EXAMINE "[Gmail]/Tutti i messaggi"`)
	c.wantReply("UID FETCH 1:* (X-GM-LABELS)", "OK done",
		`* 1 FETCH (UID 1 X-GM-LABELS ("Work"))`,
		`* 2 FETCH (UID 2 X-GM-LABELS ("\\Inbox" "\\Starred" "\\Important" "Work"))`)

	g.Unlabel(id, `\Inbox`)
	g.Hide("Work")
	c.wantReply("UID FETCH 2 (X-GM-LABELS)", "OK done", `* 2 FETCH (UID 2 X-GM-LABELS ("\\Starred" "\\Important" "Work"))`)
	if got := c.do("EXAMINE Work"); !strings.HasPrefix(got[0], "NO [NONEXISTENT]") {
		t.Errorf("a hidden label opens: %q", got)
	}
	g.Throw(id)
	if n := len(g.SystemFolder(`\Trash`).Messages()); n != 2 {
		t.Errorf("trash holds %d messages, want 2", n)
	}
	if n := len(g.SystemFolder(`\All`).Messages()); n != 1 {
		t.Errorf("all mail holds %d messages, want 1", n)
	}
}
