package realserver

import (
	"errors"
	"fmt"
	"iter"
	"strings"

	"trasloco/imapsync/imaptest/audit"
	"trasloco/imapsync/imaptest/mailgen"
)

// Loaded is what came of loading a mailbox.
type Loaded struct {
	// Sent are the folders and messages that the server took, as they were
	// before it stored them.
	Sent audit.Snapshot
	// Refused are the messages that it did not take.
	Refused []Refusal
}

// Refusal is a message that a server did not take, and its words.
type Refusal struct {
	mailgen.Message
	Text string
}

// Load fills a user's mailbox: it makes the folders that are missing, those of
// the messages too, and appends the messages. Those of one folder keep their
// order. At most 256 KiB and one message of each folder stand in memory.
//
//	box := mailgen.New(seed, mailgen.Options{Messages: 500})
//	loaded, err := server.Load("anna", box.Folders(), box.Messages())
func (s *Server) Load(user string, folders [][]string, messages iter.Seq[mailgen.Message]) (Loaded, error) {
	client, err := s.Connect(user)
	if err != nil {
		return Loaded{}, err
	}
	defer func() { _ = client.Close() }()
	l := loader{client: client, known: map[string]bool{}, waiting: map[string]*batch{}}
	if err := l.list(); err != nil {
		return Loaded{}, err
	}
	for _, path := range folders {
		if err := l.make(path); err != nil {
			return l.Loaded, err
		}
	}
	for message := range messages {
		if err := l.add(message); err != nil {
			return l.Loaded, err
		}
	}
	for _, b := range l.waiting {
		if err := l.send(b); err != nil {
			return l.Loaded, err
		}
	}
	return l.Loaded, nil
}

// Append adds messages to a user's mailbox. Their folders must be there; a
// refused message is an error.
func (s *Server) Append(user string, messages ...mailgen.Message) error {
	client, err := s.Connect(user)
	if err != nil {
		return err
	}
	defer func() { _ = client.Close() }()
	for _, m := range messages {
		if _, err := client.Append(m.Folder, mailOf(m)); err != nil {
			return fmt.Errorf("append to %q: %w", m.Folder, err)
		}
	}
	return nil
}

func mailOf(m mailgen.Message) audit.Mail {
	return audit.Mail{Raw: m.Raw, Flags: m.Flags, Date: m.Date}
}

// loader sends messages in batches, each to one folder.
type loader struct {
	Loaded
	client  *audit.Client
	known   map[string]bool // folders that are there
	waiting map[string]*batch
}

type batch struct {
	messages []mailgen.Message
	octets   int
}

func key(path []string) string { return strings.Join(path, "\x00") }

func (l *loader) list() error {
	listed, err := l.client.List()
	for _, entry := range listed {
		l.known[key(entry.Path)] = entry.Selectable()
	}
	return err
}

func (l *loader) make(path []string) error {
	l.Sent.AddFolder(path)
	if l.known[key(path)] {
		return nil
	}
	l.known[key(path)] = true
	if err := l.client.Create(path); err != nil {
		return fmt.Errorf("make folder %q: %w", path, err)
	}
	return nil
}

// add puts a message into the batch of its folder, and sends a full batch.
func (l *loader) add(m mailgen.Message) error {
	if err := l.make(m.Folder); err != nil {
		return err
	}
	b := l.waiting[key(m.Folder)]
	if b == nil {
		b = &batch{}
		l.waiting[key(m.Folder)] = b
	}
	b.messages, b.octets = append(b.messages, m), b.octets+len(m.Raw)
	if len(b.messages) < 100 && b.octets < 256<<10 {
		return nil
	}
	return l.send(b)
}

// send empties a batch. One that is refused is sent again message by message.
func (l *loader) send(b *batch) error {
	messages := b.messages
	*b = batch{}
	if len(messages) > 1 && l.client.Batches() {
		if taken, err := l.append(messages...); taken || err != nil {
			return err
		}
	}
	for _, m := range messages {
		if _, err := l.append(m); err != nil {
			return err
		}
	}
	return nil
}

// append reports whether the server took the messages; a single one that it
// did not take is noted.
func (l *loader) append(messages ...mailgen.Message) (bool, error) {
	var mails []audit.Mail
	for _, m := range messages {
		mails = append(mails, mailOf(m))
	}
	_, err := l.client.Append(messages[0].Folder, mails...)
	var refused *audit.Refused
	if errors.As(err, &refused) {
		if len(messages) == 1 {
			l.Refused = append(l.Refused, Refusal{Message: messages[0], Text: refused.Text})
		}
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("append to %q: %w", messages[0].Folder, err)
	}
	for _, m := range messages {
		l.Sent.AddMessage(m.Folder, m.Raw, m.Flags, m.Date)
	}
	return true, nil
}
