package main_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"trasloco/imapsync/imaptest/audit"
	"trasloco/imapsync/imaptest/mailgen"
	"trasloco/static/browsertest"
)

// runLog is what the download of a log says.
type runLog struct {
	Status     string
	Listed     int
	Copied     int
	Present    int
	Skipped    int
	Failed     int
	Exceptions []struct {
		Outcome, Reason, Folder, Subject string
		Count                            int
		Size                             int64
	}
	Entries []struct{ At, Level, Code string }
}

// log downloads the log of a row in a pass.
func (w *shared) log(t testing.TB, code string, row, pass int) runLog {
	t.Helper()
	var got runLog
	page := w.admin.For(t).Get(fmt.Sprintf("/migrations/%s/resources/%d/log/%d.json", code, row, pass))
	if err := json.Unmarshal([]byte(page.Body), &got); err != nil {
		t.Fatalf("%s: %v: %s", page.Path, err, clip(page.Body))
	}
	return got
}

// counts are the five numbers of a row of the table of folders, by its name.
const counts = `Object.fromEntries([...document.querySelectorAll("main table tbody tr")].map(row =>
	[row.querySelector("th .t-addr, th")?.innerText.trim().split("\n")[0], [...row.querySelectorAll("td[data-th]")].slice(0, 5).map(cell => Number(cell.innerText.replace(/\D/g, "")))])
	.filter(([name, numbers]) => name && numbers.length === 5))`

func TestS01_EverythingIsMoved(t *testing.T) {
	s := stage(t, theAdmin)
	for row, user := range []string{"anna", "bruno"} {
		want := s.before[user]
		checkCopy(t, want, snapshot(t, s.dst, user+fixedDomain), copyRules(s.dst), nil)
		for pass := 1; pass <= 2; pass++ {
			s.open(fmt.Sprintf("/migrations/%s/resources/%d/log/%d", s.code, row+1, pass))
			var listed int
			for name, n := range browsertest.Ask[map[string][]int](s.tab, counts) {
				if n[0] != n[1]+n[2]+n[3]+n[4] {
					t.Errorf("pass %d of %s, %s: listed %d, copied %d, present %d, skipped %d, failed %d", pass, user, name, n[0], n[1], n[2], n[3], n[4])
				}
				listed += n[0]
			}
			sum := s.log(t, s.code, row+1, pass)
			if pass == 2 && listed != want.Count() || listed != sum.Listed || sum.Listed != sum.Copied+sum.Present+sum.Skipped+sum.Failed {
				t.Errorf("pass %d of %s: the page lists %d, the log %+v, the source has %d", pass, user, listed, sum, want.Count())
			}
		}
	}
	s.sameTwice()
	s.oneAfterTheOther()
}

// sameTwice: source and destination twice is a problem, two sources for one
// destination are a warning.
func (s *scene) sameTwice() {
	s.atFile("standard")
	s.paste(s.row("anna"), s.row("anna"), row("anna"+fixedDomain, s.src.TLSAddress(), "bruno", s.src.Password))
	s.await(word("problem.csv.duplicate", "other", 1))
	s.says(word("problem.csv.duplicate.fix"))
	s.tab.Wait(`document.querySelector("#row-2.t-bad") && !document.querySelector("#row-3.t-bad")`)
	s.await(word("problem.csv.same_destination", "other", 1))
}

// oneAfterTheOther: two migrations into one mailbox never run together.
func (s *scene) oneAfterTheOther() {
	for i, user := range []string{"frida", "gina"} {
		load(s.t, s.src, user, mailgen.New(uint64(i+60), mailgen.Small(6)))
	}
	way := newGate(s.t, s.src.TLSAddress())
	first := draft(s.t, s.admin.For(s.t), []string{row("frida"+fixedDomain, way.address, "frida", s.src.Password)})
	second := draft(s.t, s.admin.For(s.t), []string{row("frida"+fixedDomain, s.src.TLSAddress(), "gina", s.src.Password)})
	way.close()
	one := s.migrate(first)
	s.open("/migrations/" + one)
	s.await(word("run_status.connecting"))
	two := s.migrate(second)
	s.open("/migrations/" + two)
	s.await(word("phase.running_1"))
	s.await(word("run_status.waiting"))
	way.open()
	s.letters(s.t, one, 1)
	s.letters(s.t, two, 1)
	before, after := s.log(s.t, one, 1, 1), s.log(s.t, two, 1, 1)
	if end, begin := before.Entries[len(before.Entries)-1].At, after.Entries[0].At; begin < end {
		s.t.Errorf("the second began at %s, the first ended at %s", begin, end)
	}
	if got := snapshot(s.t, s.dst, "frida"+fixedDomain).Count(); got != before.Copied+after.Copied {
		s.t.Errorf("%d messages, want %d and %d", got, before.Copied, after.Copied)
	}
}

// migrate presses Migra on the last page of a draft.
func (s *scene) migrate(review browsertest.Sheet) (code string) {
	s.t.Helper()
	p := s.admin.For(s.t)
	page := p.Send(p.Main(review))
	if page.Code != 200 || strings.Contains(page.Path, "/edit") {
		s.t.Fatalf("Migra: %d %s\n%s", page.Code, page.Path, page.Body)
	}
	return strings.Split(page.Path, "/")[2]
}

func TestS15_WhatIsLeftOutIsNamed(t *testing.T) {
	s := stage(t, theAdmin)
	s.open("/migrations/" + s.code + "/resources/3/log/1")
	page := browsertest.Ask[map[string][]int](s.tab, counts)
	out := map[string]int{"Trash": 1, "Cestino": 2, "Spam": 3, "Posta indesiderata": 4, "Junk Email": 5, "Junk": 6, "Eimer": 7}
	all := 0
	for folder, n := range out {
		all += n
		if got := page[folder]; len(got) != 5 || got[0] != n || got[3] != n || got[1]+got[2]+got[4] != 0 {
			t.Errorf("%s: listed, copied, present, left out, failed are %v, want %d left out", folder, got, n)
		}
	}
	if got := page["Posta eliminata"]; len(got) != 5 || got[1] != 2 {
		t.Errorf("a folder that looks alike is copied: %v", got)
	}
	s.says(word("page.log.not_copied"), "Size 52428801", word("reason.oversize.fix"))
	if strings.Contains(s.text(), "Size 52428800") {
		t.Error("the message at the limit is called left out")
	}
	got := s.log(t, s.code, 3, 1)
	if got.Skipped != all+1 || got.Failed != 0 {
		t.Errorf("%d left out, want %d and the large one: %+v", got.Skipped, all, got.Exceptions)
	}
	there := snapshot(t, s.dst, "elena"+fixedDomain)
	compareElena(t, s.before["elena"], there)

	// Before it starts the wizard says so too, with the folder that looks alike.
	s.atFile("standard")
	s.paste(s.row("elena"))
	s.tab.Wait(`document.querySelector("#row-1 .t-ic-wait")`)
	s.await(strings.TrimSuffix(number("page.wizard.file.state.oversize", 1), "."))
}

func compareElena(t *testing.T, want, got audit.Snapshot) {
	t.Helper()
	rules := audit.Rules{Stored: audit.ByDovecot, OwnFolders: true, Left: func(path []string) bool { return isLeftOut(path) || path[0] == "Eimer" }}
	missing := 0
	for _, d := range audit.Compare(want, got, rules) {
		if missing++; d.Kind != audit.Missing || strings.Join(d.Folder, "/") != "INBOX" || missing > 1 {
			t.Error(d)
		}
	}
	if missing != 1 {
		t.Errorf("%d messages are missing, want the one over 50 MB", missing)
	}
}
