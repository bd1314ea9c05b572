package mailgen

import (
	"slices"
	"strings"
)

// folder is a folder and the share of the mail it gets.
type folder struct {
	path   []string
	weight int
}

const inboxWeight = 30

// tree returns every folder this package knows, parents first: the usual ones,
// nested ones, names in several scripts, empty folders, and names that some
// server or some program stumbles over.
func tree() []folder {
	return []folder{
		{[]string{"INBOX"}, inboxWeight},
		{[]string{"Archivio"}, 4},
		{[]string{"Archivio", "2019"}, 5},
		{[]string{"Archivio", "2021"}, 0},
		{[]string{"Archivio", "2021", "Q1"}, 4},
		{[]string{"Sent"}, 12},
		{[]string{"Drafts"}, 2},
		{[]string{"Trash"}, 4}, // left out by default, with all below it
		{[]string{"Trash", "vecchia"}, 1},
		{[]string{"Junk"}, 2},
		{[]string{"Cestino"}, 1},
		{[]string{"Clienti"}, 2},
		{[]string{"Clienti", "Spam"}, 2}, // not left out: not at the top
		{[]string{"Vuota"}, 0},
		{[]string{"Vuota", "anche questa"}, 0},
		{[]string{"Ordini & Fatture"}, 3},
		{[]string{"R&D"}, 2},
		{[]string{"Città"}, 2},
		{[]string{"Città", "Größe & Maße"}, 2},
		{[]string{"Проекты"}, 2},
		{[]string{"Проекты", "Отчёты за год"}, 2},
		{[]string{"日本語"}, 2},
		{[]string{"日本語", "メール箱"}, 2},
		{[]string{"Posta ✉ 😀"}, 2},
		{[]string{"x [brackets] (round)"}, 1},
		{[]string{"a"}, 0},
		{[]string{"a", "b"}, 0},
		{[]string{"a", "b", "c"}, 0},
		{[]string{"a", "b", "c", "d"}, 0},
		{[]string{"a", "b", "c", "d", "e"}, 2},
		{[]string{"nil"}, 2},
		{[]string{"NIL"}, 2},
		{[]string{"Prova"}, 1}, // names differ in case only
		{[]string{"prova"}, 1},
		{[]string{"PROVA"}, 1},
		{[]string{"con blank "}, 1},
		{[]string{" con blank"}, 1},
		{[]string{"due  blank"}, 1},
		{[]string{"versione 1.0"}, 1},
		{[]string{`detta "la rossa"`}, 1},
		{[]string{"barra\\rovescia"}, 1},
		{[]string{"sconto 100%"}, 1},
		{[]string{"stella*"}, 1},
		{[]string{"{5}"}, 1},
		{[]string{"Caffe\u0300"}, 1}, // decomposed
		{[]string{"INBOX", "Fatture"}, 1},
		{[]string{strings.Repeat("lungo ", 12) + "x"}, 1},
	}
}

// ForDovecot takes the folders that Dovecot makes when "/" separates the parts
// of a name: all of these.
func ForDovecot([]string) bool { return true }

// ForMaildir takes the folders that Dovecot makes when "." separates the parts
// of a name and the prefix is "INBOX.": not those with a dot, and none below
// INBOX, where all of them are.
func ForMaildir(path []string) bool {
	return path[0] != "INBOX" && !slices.ContainsFunc(path, func(part string) bool {
		return strings.Contains(part, ".")
	})
}

// ForCyrus takes the folders that Cyrus makes with either separator.
func ForCyrus(path []string) bool {
	return ForMaildir(path) && !slices.ContainsFunc(path, func(part string) bool {
		return strings.ContainsAny(part, "%*\"\\{}^`")
	})
}

// ForCourier takes the folders that Courier makes: names without "/" and of the Basic
// Multilingual Plane.
func ForCourier(path []string) bool {
	return ForMaildir(path) && !slices.ContainsFunc(path, func(part string) bool {
		return strings.ContainsFunc(part, func(r rune) bool { return r == '/' || r > 0xFFFF })
	})
}
