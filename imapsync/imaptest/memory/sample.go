package memory

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"mime"
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"
)

// folder is a folder of the sample mailbox and how much it holds.
type folder struct {
	name     string
	messages int
	first    time.Time // date of the first; the others follow every few days
	flags    [][]imap.Flag
}

func day(year int, month time.Month, d int) time.Time {
	return time.Date(year, month, d, 8, 30, 0, 0, time.FixedZone("CET", 60*60))
}

// sample lists the folders: nested, accented, one of nothing but subfolders, one
// empty, and the Spam that a migration leaves out.
func sample() []folder {
	seen := []imap.Flag{imap.FlagSeen}
	mixed := [][]imap.Flag{
		{imap.FlagSeen}, {imap.FlagSeen, imap.FlagAnswered}, {}, {imap.FlagSeen, imap.FlagFlagged}, {imap.FlagSeen, "$Forwarded"},
	}
	return []folder{
		{"INBOX", 12, day(2024, time.March, 4), mixed},
		{"Sent", 8, day(2023, time.September, 18), [][]imap.Flag{seen}},
		{"Drafts", 1, day(2024, time.May, 2), [][]imap.Flag{{imap.FlagDraft, imap.FlagSeen}}},
		{"Da leggere", 0, time.Time{}, nil},
		{"Clienti", 2, day(2022, time.January, 10), [][]imap.Flag{seen}},
		{"Clienti/Rossi & figli", 4, day(2021, time.June, 21), mixed},
		{"Clienti/Caffè Perù", 3, day(2020, time.November, 5), [][]imap.Flag{seen, {imap.FlagSeen, "$Label1"}}},
		{"Società", 2, day(2019, time.February, 14), [][]imap.Flag{seen}},
		{"Archivio", 0, time.Time{}, nil},
		{"Archivio/2009", 3, day(2009, time.August, 31), [][]imap.Flag{seen}},
		{"Archivio/2015", 3, day(2015, time.April, 1), [][]imap.Flag{seen}},
		{"Spam", 2, day(2024, time.April, 20), [][]imap.Flag{{}}},
	}
}

// Mailbox is what a user owns.
type Mailbox struct {
	name string
	user *imapmemserver.User
}

// FillSample puts the sample into a new mailbox, and a message above the size
// limit (S15) if asked.
func (m *Mailbox) FillSample(oversize bool) error {
	name, user, number := m.name, m.user, 0
	for _, f := range sample() {
		if f.name != "INBOX" {
			if err := user.Create(f.name, nil); err != nil {
				return fmt.Errorf("create %q: %w", f.name, err)
			}
		}
		if err := user.Subscribe(f.name); err != nil {
			return fmt.Errorf("subscribe %q: %w", f.name, err)
		}
		for i := range f.messages {
			number++
			date := f.first.AddDate(0, 0, 3*i).Add(time.Duration(i) * 47 * time.Minute)
			if err := put(user, f.name, date, f.flags[i%len(f.flags)], compose(name, number, date)); err != nil {
				return err
			}
		}
	}
	if !oversize {
		return nil
	}
	date := day(2024, time.May, 6)
	return put(user, "INBOX", date, nil, attach(header(name, number+1, "Le foto del trasloco", date), "foto.zip", make([]byte, 39<<20)))
}

// literal is a message on its way into a mailbox.
type literal struct{ *bytes.Reader }

func (l literal) Size() int64 { return l.Reader.Size() }

// Put adds a message to a folder, making the folder where there is none.
func (m *Mailbox) Put(folder string, date time.Time, flags []string, message []byte) error {
	if _, err := m.user.Status(folder, &imap.StatusOptions{}); err != nil {
		if err := m.user.Create(folder, nil); err != nil {
			return fmt.Errorf("create %q: %w", folder, err)
		}
	}
	marks := make([]imap.Flag, 0, len(flags))
	for _, flag := range flags {
		marks = append(marks, imap.Flag(flag))
	}
	return put(m.user, folder, date, marks, message)
}

func put(user *imapmemserver.User, folder string, date time.Time, flags []imap.Flag, message []byte) error {
	options := &imap.AppendOptions{Flags: flags, Time: date}
	if _, err := user.Append(folder, literal{bytes.NewReader(message)}, options); err != nil {
		return fmt.Errorf("append to %q: %w", folder, err)
	}
	return nil
}

func subjects() []string {
	return []string{
		"Preventivo per la nuova sede", "Riunione di lunedì", "Re: consegna in ritardo", "Fattura n. 118",
		"Perché non ci vediamo giovedì?", "Auguri!", "Contratto firmato", "Two tickets for Friday", "Ordine n. 4711",
	}
}

// compose writes the message with a number: most are short, each seventh has an
// attachment, each ninth no Message-ID.
func compose(name string, number int, date time.Time) []byte {
	all := subjects()
	head := header(name, number, all[number%len(all)], date)
	if number%7 == 0 {
		return attach(head, "offerta.pdf", bytes.Repeat([]byte("%PDF-1.4 sample\n"), 1200*(number/7)))
	}
	body := strings.Repeat("Ciao,\r\n\r\nti mando quanto promesso: così è tutto pronto per il trasloco.\r\n\r\n", 1+number%5)
	return []byte(head + "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + body + "Bruno\r\n")
}

func header(name string, number int, subject string, date time.Time) string {
	var h strings.Builder
	fmt.Fprintf(&h, "Date: %s\r\n", date.Format(time.RFC1123Z))
	fmt.Fprintf(&h, "From: Bruno Bianchi <bruno@example.com>\r\nTo: %s\r\n", name)
	fmt.Fprintf(&h, "Subject: %s\r\n", mime.QEncoding.Encode("utf-8", subject))
	if number%9 != 0 {
		fmt.Fprintf(&h, "Message-ID: <%d.%d@example.com>\r\n", date.Unix(), number)
	}
	h.WriteString("MIME-Version: 1.0\r\n")
	return h.String()
}

// attach ends a message with a short text and a file in base64.
func attach(head, file string, data []byte) []byte {
	const boundary = "=-trasloco-sample"
	var m bytes.Buffer
	fmt.Fprintf(&m, "%sContent-Type: multipart/mixed; boundary=%q\r\n\r\n", head, boundary)
	fmt.Fprintf(&m, "--%s\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nIn allegato.\r\n", boundary)
	fmt.Fprintf(&m, "--%s\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=%q\r\n", boundary, file)
	m.WriteString("Content-Transfer-Encoding: base64\r\n\r\n")
	const perLine = 57 // octets that make 76 characters
	m.Grow(base64.StdEncoding.EncodedLen(len(data)) * 78 / 76)
	line := make([]byte, 0, 78)
	for part := range slices.Chunk(data, perLine) {
		line = base64.StdEncoding.AppendEncode(line[:0], part)
		m.Write(append(line, "\r\n"...))
	}
	fmt.Fprintf(&m, "--%s--\r\n", boundary)
	return m.Bytes()
}
