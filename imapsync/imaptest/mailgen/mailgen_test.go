package mailgen_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/mail"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"trasloco/imapsync/imaptest/mailgen"
)

// digest sums up everything of a mailbox that a server can see.
func digest(box mailgen.Mailbox) string {
	hash := sha256.New()
	for _, path := range box.Folders() {
		fmt.Fprintf(hash, "%q\n", path)
	}
	for m := range box.Messages() {
		fmt.Fprintf(hash, "%q %q %s %d\n", m.Folder, m.Flags, m.Date, len(m.Raw))
		hash.Write(m.Raw)
	}
	return hex.EncodeToString(hash.Sum(nil))[:16]
}

// TestSameSeedSameMail pins the generator: the same mail on every machine, in
// every process. Who changes the generator on purpose changes the sum here.
func TestSameSeedSameMail(t *testing.T) {
	const pinned = "81351053f0f45ce2"
	options := mailgen.Options{Messages: 200, MedianSize: 3000, Hostile: true, Large: []int{100_000}}
	first := digest(mailgen.New(1, options))
	if first != pinned {
		t.Errorf("the seed gave %s, want %s", first, pinned)
	}
	if other := digest(mailgen.New(2, options)); other == first {
		t.Error("two seeds gave the same mail")
	}
}

func TestMailLooksLikeMail(t *testing.T) {
	box := mailgen.New(3, mailgen.Options{Messages: 2000})
	var sizes []int
	var doubles, noID, seen, keywords int
	earlier := map[string]bool{}
	years, zones := map[int]bool{}, map[string]bool{}
	for m := range box.Messages() {
		parsed, err := mail.ReadMessage(bytes.NewReader(m.Raw))
		if err != nil {
			t.Fatalf("message in %q: %v", m.Folder, err)
		}
		if parsed.Header.Get("Message-ID") == "" {
			noID++
		}
		identity := fmt.Sprintf("%q%s", m.Folder, m.Raw)
		if earlier[identity] {
			doubles++
		}
		earlier[identity] = true
		sizes = append(sizes, len(m.Raw))
		years[m.Date.Year()], zones[m.Date.Format("-0700")] = true, true
		if slices.Contains(m.Flags, `\Seen`) {
			seen++
		}
		if slices.Contains(m.Flags, "$Forwarded") {
			keywords++
		}
	}
	slices.Sort(sizes)
	for _, bound := range []struct {
		what           string
		got, low, high int
	}{
		{"median size", sizes[len(sizes)/2], 9_000, 15_000},
		{"biggest size", sizes[len(sizes)-1], 1 << 20, 4<<20 + 1},
		{"doubles", doubles, 20, 60},
		{"messages without Message-ID", noID, 20, 60},
		{"messages seen", seen, 1300, 1500},
		{"messages with a keyword", keywords, 80, 160},
		{"years", len(years), 15, 16},
		{"zones", len(zones), 7, 7},
		{"messages", len(sizes), box.Count(), box.Count()},
	} {
		if bound.got < bound.low || bound.got > bound.high {
			t.Errorf("%s: %d, want %d to %d", bound.what, bound.got, bound.low, bound.high)
		}
	}
}

func TestMailThatComesLaterIsNew(t *testing.T) {
	first := mailgen.New(4, mailgen.Options{Messages: 300, MedianSize: 2000})
	later := mailgen.New(4, mailgen.Options{First: 300, Messages: 20, MedianSize: 2000})
	known := map[string]bool{}
	for m := range first.Messages() {
		known[string(m.Raw)] = true
	}
	for m := range later.Messages() {
		if known[string(m.Raw)] {
			t.Errorf("a message in %q was there before", m.Folder)
		}
	}
}

func TestEveryHostileMessageHasItsTrait(t *testing.T) {
	names := map[string]bool{}
	signs := map[string]string{ // some that are easily told
		"NUL in the body":          "prima\x00dopo",
		"bare CR in the body":      "uno\rdue",
		"no line end at the end":   "senza fine riga",
		"1,000 parts":              strings.Repeat("--b\r\nContent-Type: text/plain\r\n\r\nparte\r\n", 1000),
		"line of 1 MiB":            strings.Repeat("x", 1<<20),
		"8-bit Latin-1 header":     "citt\xe0",
		"5,000 headers":            "X-Header-4999:",
		"message/rfc822 40 deep":   "message/rfc822",
		"byte order mark first":    "\xef\xbb\xbfFrom:",
		"header without a name":    "\r\n: valore\r\n",
		"blank before the colon":   "X-Blank : valore",
		"IMAP in the body":         "\r\n* BYE ciao\r\n{5+}",
		"every octet":              "\x00\x01\x02\x03",
		"two Message-IDs":          "Message-ID: <secondo@example.it>",
		"header line of 64 KiB":    strings.Repeat("a", 64<<10),
		"folded header of 1 MB":    strings.Repeat("\r\n "+strings.Repeat("b", 70), 14_000),
		"binary transfer encoding": "\x01\r\xff\n\x80",
	}
	for m := range mailgen.New(5, mailgen.Options{Hostile: true}).Messages() {
		if m.Trait == "" || names[m.Trait] {
			t.Errorf("trait %q: empty, or there twice", m.Trait)
		}
		names[m.Trait] = true
		if sign := signs[m.Trait]; !bytes.Contains(m.Raw, []byte(sign)) {
			t.Errorf("trait %q: %q is not in it", m.Trait, sign)
		}
		delete(signs, m.Trait)
	}
	if len(names) < 60 || len(signs) > 0 {
		t.Errorf("%d traits, %d signs belong to none: %v", len(names), len(signs), signs)
	}
}

func TestLargeMailIsExactAndMadeOneAtATime(t *testing.T) {
	var before, now runtime.MemStats
	runtime.ReadMemStats(&before)
	small := mailgen.Small(2000)
	small.Large = []int{50 << 20, 1 << 20}
	var large []int
	var peak uint64
	count := 0
	for m := range mailgen.New(6, small).Messages() {
		if m.Trait == "large" {
			large = append(large, len(m.Raw))
		}
		if count++; count%500 == 0 {
			runtime.GC()
			runtime.ReadMemStats(&now)
			peak = max(peak, now.HeapAlloc-min(now.HeapAlloc, before.HeapAlloc))
		}
	}
	if !slices.Equal(large, small.Large) {
		t.Errorf("large messages have %d octets, want %d", large, small.Large)
	}
	if count != 2002 || peak > 4<<20 {
		t.Errorf("%d messages, %d octets in memory before the large ones", count, peak)
	}
}

func TestFoldersStandBelowTheirParents(t *testing.T) {
	for name, take := range map[string]func([]string) bool{
		"dovecot": mailgen.ForDovecot, "maildir": mailgen.ForMaildir, "cyrus": mailgen.ForCyrus,
	} {
		seen := map[string]bool{}
		for _, path := range mailgen.New(1, mailgen.Options{Take: take}).Folders() {
			if len(path) > 1 && !seen[strings.Join(path[:len(path)-1], "\x00")] {
				t.Errorf("%s: %q comes before its parent", name, path)
			}
			seen[strings.Join(path, "\x00")] = true
		}
		if !seen["INBOX"] || !seen["Trash\x00vecchia"] || !seen["日本語\x00メール箱"] || !seen["nil"] {
			t.Errorf("%s: usual folders are missing", name)
		}
	}
}

const weirdMade = "../../../testdata/weird-made"

func TestCorpusIsReadOctetByOctet(t *testing.T) {
	count := 0
	for m, err := range mailgen.Corpus(weirdMade) {
		if err != nil {
			t.Fatal(err)
		}
		count++
		want, err := os.ReadFile(filepath.Join(weirdMade, m.Trait))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(m.Raw, want) || !slices.Equal(m.Folder, []string{"weird-made"}) || m.Date.IsZero() {
			t.Errorf("%s: changed, in %q, of %s", m.Trait, m.Folder, m.Date)
		}
	}
	if count != 80 {
		t.Errorf("%d messages, want 80", count)
	}
}

func TestCorpusSplitsMboxesAndRepairsLineEnds(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("a/LICENSE.txt", "not mail")
	write("MANIFEST.tsv", "not mail")
	write("a/.hidden", "not mail")
	write("a/one.eml", "Subject: 1\r\n\nFrom here to there\n")
	write("a/two.mbox", "From x Tue Jul 23 19:39:23 2002\nSubject: 2\n\nFrom here\n\n"+
		"From y Tue Jul 23 19:39:24 2002\nSubject: 3\n\nx\n")
	write("weird-made/lf.eml", "From a Tue Jul 23 19:39:23 2002\nb\n")
	var got []string
	for m, err := range mailgen.Corpus(dir) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, m.Folder[0]+": "+string(m.Raw))
	}
	want := []string{
		"a: Subject: 1\r\n\r\nFrom here to there\r\n",
		"a: Subject: 2\r\n\r\nFrom here\r\n",
		"a: Subject: 3\r\n\r\nx\r\n",
		"weird-made: From a Tue Jul 23 19:39:23 2002\nb\n",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
}

// TestCorpusHoldsWhatItsManifestSays runs where the environment names a corpus
// with a MANIFEST.tsv: file, octets, messages …
func TestCorpusHoldsWhatItsManifestSays(t *testing.T) {
	dir := mailgen.CorpusFolder("")
	manifest, err := os.ReadFile(filepath.Join(dir, "MANIFEST.tsv"))
	if err != nil {
		t.Skip("CORPUS names no folder with a MANIFEST.tsv")
	}
	want := map[string]int{}
	for line := range strings.Lines(string(manifest)) {
		fields := strings.Split(line, "\t")
		if count, err := strconv.Atoi(fields[2]); err == nil {
			want[fields[0]] = count
		}
	}
	got := map[string]int{}
	for m, err := range mailgen.Corpus(dir) {
		if err != nil {
			t.Fatal(err)
		}
		got[m.Folder[0]+"/"+m.Trait]++
	}
	for file, count := range want {
		if got[file] != count {
			t.Errorf("%s: %d messages, want %d", file, got[file], count)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d files, want %d", len(got), len(want))
	}
}
