package main

import (
	"fmt"
	"hash/crc32"
	"hash/fnv"
	"iter"
	"slices"
	"strings"

	"trasloco/imapsync/imaptest/mailgen"
)

// set is a number of accounts with the same kind of mail. A set is the same on
// every machine.
type set struct {
	name     string
	accounts int
	messages int // of each account, without the large ones
	plus     int // that come later to each account
	parallel int // accounts at once

	box     mailgen.Options
	folders [][]string
	large   int // messages just below the size limit, over all accounts
}

// limit is the product's own size limit: a message of so many octets is copied.
const limit = 52_428_800

// allSets returns every set. T is for trying the program itself.
func allSets() []set {
	mixed := func(spread float64, largest int) mailgen.Options {
		return mailgen.Options{MedianSize: 12_000, Spread: spread, MaxSize: largest}
	}
	short, tiny := mailgen.Small(0), mailgen.Options{MedianSize: 600, Spread: 0.2, MaxSize: 1000}
	return []set{
		{name: "T", accounts: 2, messages: 60, plus: 1, parallel: 2, box: mixed(1.5, 1_000_000), folders: tree()},
		{name: "SA", accounts: 1, messages: 500, plus: 5, parallel: 1, box: mixed(1.8, 8_000_000), folders: tree()},
		{name: "SB", accounts: 1, messages: 2000, plus: 20, parallel: 1, box: short, folders: tree()[:5]},
		{name: "A", accounts: 1, messages: 5000, plus: 50, parallel: 1, box: mixed(1.8, 8_000_000), folders: tree()},
		{name: "B", accounts: 1, messages: 20_000, plus: 200, parallel: 1, box: short, folders: tree()[:5]},
		{name: "C", accounts: 20, messages: 500, plus: 5, parallel: 4, box: mixed(1.5, 4_000_000), folders: tree()[:8]},
		{name: "L", accounts: 1, messages: 50_000, plus: 500, parallel: 1, box: short, folders: tree()[:1]},
		{name: "M", accounts: 1, messages: 150_000, plus: 100, parallel: 1, box: tiny, folders: drawers(50)},
		{name: "N", accounts: 32, messages: 55, plus: 1, parallel: 32, box: mixed(1.5, 1_000_000), folders: tree()[:3], large: 40},
	}
}

// setNamed finds a set.
func setNamed(name string) (set, error) {
	var names []string
	for _, s := range allSets() {
		if s.name == name {
			return s, nil
		}
		names = append(names, s.name)
	}
	return set{}, fmt.Errorf("set %q: there are %s", name, strings.Join(names, ", "))
}

// tree returns 25 folders, parents first. None has a name that the product
// leaves out.
func tree() [][]string {
	var paths [][]string
	for _, name := range []string{
		"INBOX", "Sent", "Archivio", "Archivio/2019", "Città",
		"Città/Größe & Maße", "Ordini & Fatture", "Drafts",
		"Archivio/2020", "Archivio/2020/Q1", "Archivio/2020/Q1/Gennaio", "Clienti", "Clienti/Zürich",
		"Clienti/Zürich/Verträge", "R&D", "Проекты", "Проекты/Отчёты за год", "日本語", "日本語/メール箱",
		"Español", "Español/Año nuevo", "Posta ✉ 😀", "x [brackets] (round)", "con blank", "Liste/golang-nuts",
	} {
		paths = append(paths, strings.Split(name, "/"))
	}
	return paths
}

// drawers returns INBOX and so many folders less one.
func drawers(n int) [][]string {
	paths := [][]string{{"INBOX"}}
	for i := 1; i < n; i++ {
		paths = append(paths, []string{fmt.Sprintf("Cassetto %02d", i)})
	}
	return paths
}

// users returns the accounts' names.
func (s set) users() []string {
	var names []string
	for i := range s.accounts {
		names = append(names, fmt.Sprintf("%s%02d", strings.ToLower(s.name), i+1))
	}
	return names
}

// total is how many messages the accounts hold before more come.
func (s set) total() int { return s.accounts*s.messages + s.large }

// stamp changes whenever the mail does, so that data kept from another version
// of this program is not taken for the set's.
func (s set) stamp() string { return fmt.Sprintf("1 %+v", s) }

// base yields the mail that an account starts with.
func (s set) base(account int) iter.Seq[mailgen.Message] {
	options := s.box
	options.Messages = s.messages
	for i := account; i < s.large; i += s.accounts {
		options.Large = append(options.Large, limit-1-i)
	}
	return s.mail(account, options)
}

// more yields the mail that comes later.
func (s set) more(account int) iter.Seq[mailgen.Message] {
	options := s.box
	options.First, options.Messages = s.messages, s.plus
	return s.mail(account, options)
}

// mail puts what mailgen makes into the set's own folders.
func (s set) mail(account int, options mailgen.Options) iter.Seq[mailgen.Message] {
	options.Take = func([]string) bool { return false }
	seed := fnv.New64a()
	_, _ = fmt.Fprint(seed, s.name, " ", account) // never fails
	return func(yield func(mailgen.Message) bool) {
		for message := range mailgen.New(seed.Sum64(), options).Messages() {
			message.Folder = s.folderOf(message.Raw)
			message.Flags = slices.DeleteFunc(message.Flags, func(flag string) bool { return flag == `\Draft` })
			if !yield(message) {
				return
			}
		}
	}
}

// folderOf chooses by the message's octets, so that exact doubles lie in one
// folder. INBOX gets a quarter of the mail more than its share.
func (s set) folderOf(raw []byte) []string {
	at := crc32.ChecksumIEEE(raw)
	if at%4 == 0 {
		return s.folders[0]
	}
	return s.folders[int(at/4)%len(s.folders)]
}
