package imapsync_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"trasloco/imapsync/imaptest"
	"trasloco/migration"
)

// gmailStory is a story whose source is a Gmail account.
type gmailStory struct {
	*story
	gmail *imaptest.Gmail
	ids   map[string]uint64 // X-GM-MSGID by subject
}

func newGmailStory(t testing.TB, src, dst imaptest.AccountOptions) *gmailStory {
	t.Helper()
	s := newStory(t, imaptest.AccountOptions{}, dst)
	g := imaptest.NewGmail(t, imaptest.ItalianGmail(), src)
	s.src = g.Account
	return &gmailStory{s, g, map[string]uint64{}}
}

// deliver puts a message under labels; its text is its name.
func (s *gmailStory) deliver(name string, labels ...string) {
	s.t.Helper()
	s.ids[name] = s.gmail.Deliver(mail(len(s.ids)+1, name), labels...)
}

// wantAt compares the places of all copies, by the folder they lie in.
func (s *gmailStory) wantAt(want map[string][]string) {
	s.t.Helper()
	got := map[string][]string{}
	for _, folder := range s.dst.Folders() {
		for _, m := range s.dst.Folder(folder).Messages() {
			for name := range s.ids {
				if mailNamed(m, name) {
					got[folder] = append(got[folder], name)
				}
			}
		}
		slices.Sort(got[folder])
	}
	for folder := range want {
		slices.Sort(want[folder])
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		s.t.Errorf("copies are at %v\nwant %v", got, want)
	}
}

func mailNamed(m imaptest.Message, name string) bool {
	body := string(m.Body)
	return len(body) > len(name)+4 && body[len(body)-len(name)-4:] == "\r\n"+name+"\r\n"
}

// someLabels is one message of each kind.
func (s *gmailStory) someLabels() {
	s.deliver("inbox", `\Inbox`)
	s.deliver("inbox and work", `\Inbox`, "Work", "Archive 2020")
	s.deliver("two labels", "Work", "Archive 2020")
	s.deliver("sent to myself", `\Inbox`, `\Sent`, "Work")
	s.deliver("draft", `\Draft`)
	s.deliver("archived")
	s.deliver("important", `\Important`)
	s.deliver("thrown", `\Trash`)
	s.deliver("spam", `\Junk`)
	s.gmail.Folder("[Gmail]/Chat").Add(imaptest.Message{Date: noon, Body: []byte("Subject: chat\r\n\r\nhi\r\n"), GmailID: 7})
}

// TestGmailCopiesEachMessageOnce: to the folder of its first label; what other
// folders show of it is counted as present, and the folders are named (M-1, M-2,
// M-3).
func TestGmailCopiesEachMessageOnce(t *testing.T) {
	s := newGmailStory(t, imaptest.AccountOptions{}, imaptest.AccountOptions{})
	s.someLabels()
	got := s.mustRun()
	want := map[string][]string{
		"INBOX": {"inbox", "inbox and work"}, "Archive 2020": {"two labels"}, "Sent": {"sent to myself"}, "Drafts": {"draft"},
		"Archive": {"archived", "important"},
	}
	s.wantAt(want)
	// Listed: 3 in INBOX, 3 in Work, 2 in Archive 2020, 1 sent, 1 draft, 7 in All
	// Mail, and one each in Trash, Spam and Chat, which are left out.
	if w := (migration.Tally{Listed: 20, Copied: 7, Present: 10, Skipped: 3, Bytes: got.tally.Bytes}); got.tally != w {
		t.Errorf("told %+v, want %+v%s", got.tally, w, got.log())
	}
	if n := got.codes("shown_elsewhere"); n != 4 { // INBOX, Work, Archive 2020, All Mail
		t.Errorf("%d folders are named, want 4%s", n, got.log())
	}
	for _, name := range []string{"[Gmail]", "[Gmail]/Speciali", "[Gmail]/Importanti", "[Gmail]/Chat"} {
		if s.dst.Folder(name) != nil {
			t.Errorf("made folder %s", name)
		}
	}
	s.checkAgain()
	s.wantAt(want)
}

// TestGmailKeepsArchiveForALabelOfThatName: All Mail keeps its own name then (M-2).
func TestGmailKeepsArchiveForALabelOfThatName(t *testing.T) {
	s := newGmailStory(t, imaptest.AccountOptions{}, imaptest.AccountOptions{})
	s.deliver("mine", "Archive")
	s.deliver("archived")
	s.mustRun()
	s.wantAt(map[string][]string{"Archive": {"mine"}, "Tutti i messaggi": {"archived"}})
	s.checkAgain()
}

// TestGmailFiveHundredUnderTwelveHundred is the measure of M-1: 500 messages under
// 1 200 labels are copied once each, every label is accounted for, and a second
// pass copies what is new.
func TestGmailFiveHundredUnderTwelveHundred(t *testing.T) {
	s := newGmailStory(t, imaptest.AccountOptions{}, several(imaptest.AccountOptions{}))
	labels := 0
	for i := range 500 {
		under := []string{`\Inbox`, fmt.Sprintf("Label %02d", i%20)}
		if i < 200 {
			under = append(under, fmt.Sprintf("Year/%d", 2000+i%10))
		}
		labels += len(under)
		s.deliver(fmt.Sprint("message ", i), under...)
	}
	got := s.mustRun()
	if w := (migration.Tally{Listed: labels + 500, Copied: 500, Present: labels, Bytes: got.tally.Bytes}); labels != 1200 || got.tally != w {
		t.Errorf("%d labels, told %+v, want %+v%s", labels, got.tally, w, got.log())
	}
	if n := len(s.dst.Folder("INBOX").Messages()); n != 500 {
		t.Errorf("INBOX holds %d messages, want 500", n)
	}
	for i := range 20 {
		s.deliver(fmt.Sprint("new ", i), `\Inbox`, "Label 01")
	}
	s.gmail.Label(s.ids["message 3"], "Later")
	next := s.next(20, 1700+1+2*20, 0)
	if next.tally.Failed != 0 {
		t.Errorf("second pass: %+v", next.tally)
	}
	s.checkAgain()
}

// TestGmailLabelsThatChange: a label put on or taken off between the passes makes
// no second copy, and a copy follows its message out of a folder (I-15, M-1).
func TestGmailLabelsThatChange(t *testing.T) {
	tests := []struct {
		name   string
		change func(s *gmailStory)
		want   map[string][]string // of the message "it", which was in INBOX and Work
	}{
		{"a label more", func(s *gmailStory) { s.gmail.Label(s.ids["it"], "Later") }, map[string][]string{"INBOX": {"it"}}},
		{"another label taken off", func(s *gmailStory) { s.gmail.Unlabel(s.ids["it"], "Work") }, map[string][]string{"INBOX": {"it"}}},
		{"out of INBOX", func(s *gmailStory) { s.gmail.Unlabel(s.ids["it"], `\Inbox`) }, map[string][]string{"Work": {"it"}}},
		{"moved to a new label", func(s *gmailStory) {
			s.gmail.Unlabel(s.ids["it"], `\Inbox`, "Work")
			s.gmail.Label(s.ids["it"], "Later")
		}, map[string][]string{"Later": {"it"}}},
		{"archived", func(s *gmailStory) { s.gmail.Unlabel(s.ids["it"], `\Inbox`, "Work") }, map[string][]string{"Archive": {"it"}}},
		{"thrown away", func(s *gmailStory) { s.gmail.Throw(s.ids["it"]) }, map[string][]string{"INBOX": {"it"}}},
		{"out of INBOX and back", func(s *gmailStory) {
			s.gmail.Unlabel(s.ids["it"], `\Inbox`)
			s.gmail.Label(s.ids["it"], `\Inbox`)
		}, map[string][]string{"INBOX": {"it"}}},
		{"the label renamed", func(s *gmailStory) { s.gmail.Folder("Work").Rename("Jobs") }, map[string][]string{"INBOX": {"it"}}},
		{"numbered anew", func(s *gmailStory) {
			s.gmail.Folder("INBOX").Renumber(77, 30)
			s.gmail.Folder("Work").Renumber(78, 30)
		}, map[string][]string{"INBOX": {"it"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newGmailStory(t, imaptest.AccountOptions{}, imaptest.AccountOptions{Caps: append(imaptest.DefaultCaps(), "MOVE")})
			s.edits = true
			s.deliver("it", `\Inbox`, "Work")
			s.mustRun()
			tt.change(s)
			s.pass++
			if got := s.mustRun(); got.tally.Copied != 0 || got.tally.Failed+got.tally.Skipped != 0 && tt.name != "thrown away" {
				t.Errorf("told %+v%s", got.tally, got.log())
			}
			s.wantAt(tt.want)
			s.checkAgain()
			s.wantAt(tt.want)
		})
	}
}

// TestGmailLabelsAsAsked: what becomes of the further labels (M-2).
func TestGmailLabelsAsAsked(t *testing.T) {
	t.Run("copies", func(t *testing.T) {
		s := newGmailStory(t, imaptest.AccountOptions{}, imaptest.AccountOptions{})
		s.rules.Labels = migration.LabelsCopied
		s.someLabels()
		s.mustRun()
		want := map[string][]string{
			"INBOX": {"inbox", "inbox and work", "sent to myself"}, "Work": {"inbox and work", "two labels", "sent to myself"},
			"Archive 2020": {"inbox and work", "two labels"}, "Sent": {"sent to myself"}, "Drafts": {"draft"}, "Archive": {"archived", "important"},
		}
		s.wantAt(want)
		s.checkAgain()
		s.gmail.Label(s.ids["two labels"], `\Inbox`)
		want["INBOX"] = append(want["INBOX"], "two labels")
		s.pass++
		s.mustRun()
		s.wantAt(want)
		s.checkAgain()
	})
	t.Run("keywords", func(t *testing.T) {
		s := newGmailStory(t, imaptest.AccountOptions{}, imaptest.AccountOptions{})
		s.rules.Labels = migration.LabelsKeywords
		s.gmail.Deliver(mail(1, "it"), `\Inbox`, "Work", "Two words", "Caff&AOg-", `\Important`)
		s.mustRun()
		got := s.dst.Folder("INBOX").Messages()
		if len(got) != 1 || !slices.Equal(got[0].Flags, []string{"Work", "Two_words", "Caff&AOg-"}) {
			t.Errorf("copied as %+v", got)
		}
		s.checkAgain() // and no flag is merged: the source never had them
	})
}

// TestGmailLeavesOutALabel: what stands under no other label is left out with it,
// and counted once more in All Mail (F-17, M-1).
func TestGmailLeavesOutALabel(t *testing.T) {
	s := newGmailStory(t, imaptest.AccountOptions{}, imaptest.AccountOptions{})
	s.deliver("news", "News")
	s.deliver("news in the inbox", "News", `\Inbox`)
	s.deliver("archived")
	s.rules.Chosen = choices(migration.FolderChoice{Path: []string{"News"}, Out: true})
	got := s.mustRun()
	s.wantAt(map[string][]string{"INBOX": {"news in the inbox"}, "Archive": {"archived"}})
	if w := (migration.Tally{Listed: 6, Copied: 2, Present: 1, Skipped: 3, Bytes: got.tally.Bytes}); got.tally != w {
		t.Errorf("told %+v, want %+v%s", got.tally, w, got.log())
	}
	s.checkAgain()
}

// TestGmailThatHidesFolders: what IMAP is not shown is copied by what it is, as far
// as that goes, and the check and the log say that more may be hidden (M-4).
func TestGmailThatHidesFolders(t *testing.T) {
	hidden := func(s *gmailStory) migration.Hidden {
		found, err := s.look()
		if err != nil {
			s.t.Fatal(err)
		}
		return found.Hidden
	}
	t.Run("All Mail", func(t *testing.T) {
		s := newGmailStory(t, imaptest.AccountOptions{}, imaptest.AccountOptions{})
		s.deliver("inbox and work", `\Inbox`, "Work")
		s.deliver("work", "Work", `\Important`)
		s.gmail.Hide(`\All`)
		if h := hidden(s); !h.AllMail() || h.Cut() != nil {
			t.Errorf("the check says %q", h)
		}
		got := s.mustRun()
		s.wantAt(map[string][]string{"INBOX": {"inbox and work"}, "Work": {"work"}})
		if got.codes("all_mail_hidden") != 1 || got.tally.Skipped != 1 { // what Important shows
			t.Errorf("told %+v%s", got.tally, got.log())
		}
	})
	t.Run("a label", func(t *testing.T) {
		s := newGmailStory(t, imaptest.AccountOptions{}, imaptest.AccountOptions{})
		s.deliver("work", "Work")
		s.gmail.Hide("Work")
		if h := hidden(s); h != "" {
			t.Errorf("the check says %q", h)
		}
		if got := s.mustRun(); got.codes("all_mail_hidden") != 0 {
			t.Error(got.log())
		}
		s.wantAt(map[string][]string{"Archive": {"work"}})
	})
	t.Run("folders with a limit", func(t *testing.T) {
		s := newGmailStory(t, imaptest.AccountOptions{}, several(imaptest.AccountOptions{}))
		for range 1000 {
			s.gmail.Deliver(mail(1, "it"), `\Trash`)
		}
		if h := hidden(s); h.AllMail() || len(h.Cut()) != 1 || h.Cut()[0].Messages != 1000 {
			t.Errorf("the check says %q", h)
		}
		if got := s.mustRun(); got.codes("folder_limit") != 1 {
			t.Error(got.log())
		}
	})
}

func refuseInbox(cmd imaptest.Command, c *imaptest.Session) bool {
	if cmd.Name != "EXAMINE" || !strings.Contains(cmd.Args, "INBOX") {
		return false
	}
	c.Reply(cmd.Tag, "NO Server Unavailable. 15")
	return true
}

// TestGmailFirstLabelFails: another label has its turn where the trouble is that
// of the folder; a message that the destination refuses is asked for once (M-1).
func TestGmailFirstLabelFails(t *testing.T) {
	tests := []struct {
		name         string
		src, dst     imaptest.AccountOptions
		quirk        imaptest.Quirk // of the message in INBOX
		want         map[string][]string
		copied, lost int
	}{
		{
			"the source does not open it",
			imaptest.AccountOptions{Hook: refuseInbox},
			imaptest.AccountOptions{},
			imaptest.Quirk{},
			map[string][]string{"Work": {"it"}},
			1, 1,
		},
		{
			"its message cannot be read there",
			imaptest.AccountOptions{},
			imaptest.AccountOptions{},
			imaptest.Quirk{Refuse: "NO [SERVERBUG] not now"},
			map[string][]string{"Work": {"it"}},
			1, 1,
		},
		{
			"the destination refuses the message",
			imaptest.AccountOptions{},
			imaptest.AccountOptions{RefuseMessage: func(imaptest.Message) string { return "NO [CANNOT] virus" }},
			imaptest.Quirk{},
			map[string][]string{},
			0, 3,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newGmailStory(t, tt.src, tt.dst)
			s.deliver("it", `\Inbox`, "Work")
			s.gmail.Folder("INBOX").Update(1, func(m *imaptest.Message) { m.Quirk = tt.quirk })
			got := s.mustRun()
			s.wantAt(tt.want)
			if got.tally.Copied != tt.copied || got.tally.Failed != tt.lost {
				t.Errorf("told %+v%s", got.tally, got.log())
			}
			if n := s.appends(); n != 1 {
				t.Errorf("%d appends, want 1", n)
			}
		})
	}
}
