package imapsync_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"trasloco/imapsync/imaptest"
)

// copyOf names a copy by the pair it belongs to and its UID at the destination.
type copyOf struct {
	pair int64
	uid  uint32
}

// mapped returns the copies that the journal knows, and by folder of the
// destination whose they are.
func (s *story) mapped() (copies map[copyOf]bool, pairs map[string][]int64) {
	s.t.Helper()
	copies, pairs = map[copyOf]bool{}, map[string][]int64{}
	if !s.edits {
		return copies, pairs
	}
	all, err := s.journal.Pairs(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	if m, ok := s.journal.(*memory); ok {
		for _, former := range m.formers { // what is taken over from it is ours
			more, err := former.Pairs(s.t.Context())
			if err != nil {
				s.t.Fatal(err)
			}
			all = append(all, more...)
		}
	}
	for _, p := range all {
		pairs[p.Dest.Name] = append(pairs[p.Dest.Name], p.ID)
		known, err := s.journal.Messages(s.t.Context(), p.ID)
		if err != nil {
			s.t.Fatal(err)
		}
		for _, m := range known {
			copies[copyOf{p.ID, m.DestUID}] = m.DestUID != 0
		}
	}
	return copies, pairs
}

// checkEdits: STORE and MOVE name only copies that are mapped, before the run or
// after it, and a folder that was opened for them is not closed with CLOSE (Δ-5).
func (s *story) checkEdits(before map[copyOf]bool, commands []imaptest.Command) {
	s.t.Helper()
	after, pairs := s.mapped()
	folder, writable := "", false
	for _, cmd := range commands {
		switch cmd.Name {
		case "SELECT", "EXAMINE":
			folder, writable = strings.Trim(cmd.Args, `"`), cmd.Name == "SELECT"
		case "CLOSE":
			if writable {
				s.t.Errorf("closed %s, which stood open for writing", folder)
			}
		case "STORE", "MOVE":
			s.t.Errorf("sent the destination %s", cmd)
		case "UID STORE", "UID MOVE":
			for _, uid := range numbersOf(cmd.Args) {
				if !slices.ContainsFunc(pairs[folder], func(pair int64) bool { return before[copyOf{pair, uid}] || after[copyOf{pair, uid}] }) {
					s.t.Errorf("sent %s in %s: %d is nobody's copy", cmd, folder, uid)
				}
			}
		}
	}
}

// numbersOf spells out the set in front of args.
func numbersOf(args string) (uids []uint32) {
	set, _, _ := strings.Cut(args, " ")
	for part := range strings.SplitSeq(set, ",") {
		first, last := uint32(0), uint32(0)
		if n, _ := fmt.Sscanf(part, "%d:%d", &first, &last); n == 1 {
			last = first
		}
		for uid := first; uid <= last; uid++ {
			uids = append(uids, uid)
		}
	}
	return uids
}

// servers are a source and a destination, with more and with fewer capabilities.
type servers struct {
	name     string
	src, dst imaptest.AccountOptions
}

func plus(caps ...string) imaptest.AccountOptions {
	return imaptest.AccountOptions{Caps: append(imaptest.DefaultCaps(), caps...)}
}

func without(caps ...string) imaptest.AccountOptions { return imaptest.AccountOptions{Without: caps} }

// manyServers are those that the second pass makes a difference between.
func manyServers() []servers {
	return []servers{
		{"plain servers", plus(), plus()},
		{"CONDSTORE at both ends", plus("CONDSTORE"), plus("CONDSTORE")},
		{"QRESYNC at the source, MOVE and MULTIAPPEND at the destination", plus("QRESYNC"), plus("MOVE", "MULTIAPPEND")},
		{"no LIST-STATUS at the source, no UIDPLUS at the destination", without("LIST-STATUS"), without("UIDPLUS")},
		{"CONDSTORE at the source, no UNSELECT at the destination", plus("CONDSTORE"), without("UNSELECT")},
		{"MOVE without UIDPLUS or LITERAL+ at the destination", plus("CONDSTORE"), imaptest.AccountOptions{
			Caps: append(imaptest.DefaultCaps(), "MOVE"), Without: []string{"UIDPLUS", "LITERAL+"},
		}},
	}
}

// storyOn is a first pass over five messages, between such servers.
func storyOn(t *testing.T, v servers) *story {
	t.Helper()
	s := newStory(t, v.src, v.dst)
	s.edits, s.closes = true, slices.Contains(v.dst.Without, "UNSELECT")
	s.fill("INBOX", mail(1, "one"), mail(2, "two"), mail(2, "two"))
	s.fill("Work", mail(3, "three"), mail(4, "four"))
	s.mustRun()
	return s
}

// everything returns how often each letter lies at the destination.
func (s *story) everything() map[letter]int {
	all := map[letter]int{}
	for _, list := range s.content() {
		for _, l := range list {
			all[l]++
		}
	}
	return all
}

// checkOnlyAdded runs a pass: all that lay at the destination lies where it was,
// in the same numbers, and besides it there is fresh mail and nothing else.
func (s *story) checkOnlyAdded(present int, fresh ...imaptest.Message) {
	s.t.Helper()
	before, want := s.content(), s.everything()
	for _, m := range fresh {
		want[letterOf(m)]++
	}
	got := s.next(len(fresh), present, 0)
	for name, list := range before {
		if after := letters(s.dst.Folder(name), nil); !containsLetters(after, list) {
			s.t.Errorf("folder %s: %s%s", name, difference(after, list), got.log())
		}
	}
	for l, n := range s.everything() {
		if n != want[l] {
			s.t.Errorf("%d of %.150q, want %d%s", n, l, want[l], got.log())
		}
	}
}

func containsLetters(all, some []letter) bool {
	count := map[letter]int{}
	for _, l := range all {
		count[l]++
	}
	for _, l := range some {
		if count[l]--; count[l] < 0 {
			return false
		}
	}
	return true
}

// transplant moves a message of the destination to another folder, as its user
// would.
func (s *story) transplant(from string, uid uint32, to string) {
	s.t.Helper()
	for _, m := range s.dst.Folder(from).Messages() {
		if m.UID == uid {
			s.dst.Folder(from).Remove(uid)
			m.UID = 0
			s.dst.Create(to).Add(m)
			return
		}
	}
	s.t.Fatalf("no message %d in %s", uid, from)
}

func (s *story) flag(a *imaptest.Account, folder string, uid uint32, flags ...string) {
	s.t.Helper()
	if !a.Folder(folder).Update(uid, func(m *imaptest.Message) { m.Flags = flags }) {
		s.t.Fatalf("no message %d in %s", uid, folder)
	}
}

func (s *story) empty(folder string) {
	for _, m := range s.dst.Folder(folder).Messages() {
		s.dst.Folder(folder).Remove(m.UID)
	}
}

// userActs is what an owner does to a destination between two passes.
var userActs = map[string]func(*story){
	"nothing at all":                       func(*story) {},
	"a copy is deleted":                    func(s *story) { s.dst.Folder("INBOX").Remove(1) },
	"one of two twins is deleted":          func(s *story) { s.dst.Folder("INBOX").Remove(3) },
	"all copies of a folder are deleted":   func(s *story) { s.empty("INBOX") },
	"all copies are deleted":               func(s *story) { s.empty("INBOX"); s.empty("Work") },
	"a copy is marked as deleted":          func(s *story) { s.flag(s.dst, "INBOX", 2, `\Deleted`) },
	"a copy is moved to a folder":          func(s *story) { s.transplant("INBOX", 1, "Kept") },
	"a copy is moved to another of ours":   func(s *story) { s.transplant("INBOX", 1, "Work") },
	"a copy is moved away and back":        func(s *story) { s.transplant("INBOX", 1, "Kept"); s.transplant("Kept", 1, "INBOX") },
	"all copies are moved":                 func(s *story) { s.transplant("Work", 1, "Kept"); s.transplant("Work", 2, "Kept") },
	"a copy is read":                       func(s *story) { s.flag(s.dst, "INBOX", 1, `\Seen`) },
	"a copy gets a keyword":                func(s *story) { s.flag(s.dst, "Work", 1, "$Label1", `\Flagged`) },
	"new mail comes":                       func(s *story) { s.dst.Folder("INBOX").Add(mail(77, "new")) },
	"the same mail comes again":            func(s *story) { s.dst.Folder("INBOX").Add(mail(1, "one")) },
	"a reply comes with an old Message-ID": func(s *story) { s.dst.Folder("INBOX").Add(mail(1, "another text")) },
	"a twin comes in header and size":      func(s *story) { s.dst.Folder("INBOX").Add(mail(1, "ONE")) },
	"the same mail comes in place of one":  func(s *story) { s.dst.Folder("INBOX").Remove(1); s.dst.Folder("INBOX").Add(mail(1, "one")) },
	"a folder is renamed":                  func(s *story) { s.dst.Folder("Work").Rename("Lavoro") },
	"a folder is moved below another":      func(s *story) { s.dst.Create("Old"); s.dst.Folder("Work").Rename("Old/Work") },
	"a folder is renamed, another takes its name": func(s *story) {
		s.dst.Folder("Work").Rename("Lavoro")
		s.dst.Create("Work").Add(mail(70, "of the user"))
	},
	"a folder is deleted":                           func(s *story) { s.dst.Delete("Work") },
	"a folder is made anew, empty":                  func(s *story) { s.dst.Delete("Work"); s.dst.Create("Work") },
	"a folder is made anew, with other mail":        func(s *story) { s.remakeWork(mail(70, "a"), mail(71, "b"), mail(72, "c")) },
	"a folder is made anew, with one copy put back": func(s *story) { s.remakeWork(mail(70, "a"), mail(4, "four")) },
	"a folder is restored from a backup":            func(s *story) { s.dst.Folder("Work").Renumber(7777, 40) },
	"the whole mailbox is restored":                 func(s *story) { s.dst.Folder("Work").Renumber(7777, 40); s.dst.Folder("INBOX").Renumber(7778, 1) },
	"INBOX is emptied and numbered anew":            func(s *story) { s.empty("INBOX"); s.dst.Folder("INBOX").Renumber(7778, 1) },
	"a folder is made":                              func(s *story) { s.dst.Create("Mine").Add(mail(78, "mine")) },
	"a folder is made that the source will have":    func(s *story) { s.dst.Create("Fresh").Add(mail(79, "mine too")) },
}

func (s *story) remakeWork(messages ...imaptest.Message) {
	s.dst.Delete("Work")
	for _, m := range messages {
		s.dst.Create("Work").Add(m)
	}
}

// TestNothingOfTheUserIsUndone: whatever the destination's owner did between two
// passes stands, also where new mail comes for the same folders, and in the pass
// after that (Δ-5 … Δ-8, I-1, I-13).
func TestNothingOfTheUserIsUndone(t *testing.T) {
	for i, v := range manyServers() {
		for j, name := range slices.Sorted(maps.Keys(userActs)) {
			for k, clean := range []bool{true, false} {
				if !long && (i+j+k)%2 == 1 {
					continue // each act meets each server all the same
				}
				t.Run(fmt.Sprintf("%s, %s, stopped in order %t", v.name, name, clean), func(t *testing.T) {
					s := storyOn(t, v)
					userActs[name](s)
					s.journal.(*memory).clean = clean
					s.checkUnchanged(5)
					s.journal.(*memory).clean = clean
					s.fill("INBOX", mail(60, "new"))
					s.fill("Work", mail(61, "new"), mail(62, "new"))
					s.fill("Fresh", mail(63, "new"))
					s.checkOnlyAdded(5, mail(60, "new"), mail(61, "new"), mail(62, "new"), mail(63, "new"))
					s.journal.(*memory).clean = clean
					s.checkUnchanged(9)
				})
			}
		}
	}
}

// TestNothingOfTheUserIsUndoneByASourceThatChanges: at the same time the source
// changes flags, moves a message, deletes one and counts its folder anew.
func TestNothingOfTheUserIsUndoneByASourceThatChanges(t *testing.T) {
	for i, v := range manyServers() {
		for j, name := range slices.Sorted(maps.Keys(userActs)) {
			for k, what := range slices.Sorted(maps.Keys(sourceActs)) {
				if !long && (i+j+k)%6 != 0 {
					continue // each act meets each change, and each server
				}
				t.Run(v.name+", "+name+", "+what, func(t *testing.T) {
					s := storyOn(t, v)
					userActs[name](s)
					before := s.everything()
					sourceActs[what](s)
					s.pass++
					got := s.mustRun()
					if got.tally.Copied+got.tally.Failed > 0 {
						t.Errorf("told %+v%s", got.tally, got.log())
					}
					s.checkSameBodies(before, got)
					s.checkUnchanged(got.tally.Present)
				})
			}
		}
	}
}

// sourceActs is what the source does besides. None of it brings new mail, and
// none of it may add mail to the destination or take it away.
var sourceActs = map[string]func(*story){
	"flags change": func(s *story) {
		for uid := range uint32(3) {
			s.flag(s.src, "INBOX", uid+1, `\Seen`, `\Flagged`, "$Label1")
		}
		s.flag(s.src, "Work", 1, `\Answered`, `\Deleted`)
		s.flag(s.src, "Work", 2, `\Answered`)
	},
	"a message is deleted": func(s *story) { s.src.Folder("INBOX").Remove(1); s.src.Folder("Work").Remove(2) },
	"a folder is emptied":  func(s *story) { s.src.Folder("Work").Remove(1); s.src.Folder("Work").Remove(2) },
	"a folder is deleted":  func(s *story) { s.src.Delete("Work") },
	"a folder is numbered anew": func(s *story) {
		s.src.Folder("Work").Renumber(555, 1)
		s.src.Folder("INBOX").Renumber(556, 80)
	},
	"a folder is renamed":          func(s *story) { s.src.Folder("Work").Rename("Projects") },
	"a message is moved":           func(s *story) { s.src.Folder("Work").Remove(1); s.src.Folder("INBOX").Add(mail(3, "three")) },
	"a message is moved afar":      func(s *story) { s.src.Folder("INBOX").Remove(1); s.fill("Far/Away", mail(1, "one")) },
	"a folder's mail is moved":     func(s *story) { s.src.Delete("Work"); s.fill("INBOX", mail(3, "three"), mail(4, "four")) },
	"a message is moved to be new": func(s *story) { s.src.Folder("INBOX").Remove(1); s.fill("Fresh", mail(1, "one")) },
}

// checkSameBodies: the same messages lie at the destination, each as often as
// before; where, and with which flags, is not looked at.
func (s *story) checkSameBodies(before map[letter]int, got told) {
	s.t.Helper()
	count := map[string]int{}
	for l, n := range before {
		count[l.body] += n
	}
	for l, n := range s.everything() {
		count[l.body] -= n
	}
	for body, n := range count {
		if n != 0 {
			s.t.Errorf("%d fewer of %.120q%s", n, body, got.log())
		}
	}
}
