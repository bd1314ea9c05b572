// Package mailgen makes mailboxes for tests: a seed and a few options give the
// same folders and messages every time, on every machine. Messages are made one
// at a time, so a mailbox of any size takes little memory.
//
//	box := mailgen.New(7, mailgen.Options{Messages: 500, Hostile: true})
//	for message := range box.Messages() { … }
//
// It also reads a folder of real mail; see Corpus.
package mailgen

import (
	"iter"
	"math"
	"math/rand/v2"
	"strings"
	"time"
)

// Options shape a mailbox.
type Options struct {
	// Messages is how many ordinary messages there are.
	Messages int
	// First is the number of the first one, for mail that comes later: a box of
	// 100 messages and one of First 100 with 20 more share none.
	First int

	// MedianSize of the messages in octets; 12,000 by default. The sizes are
	// lognormal; Spread is the standard deviation of their logarithm, 1.6 by
	// default; none is above MaxSize, 4 MiB by default.
	MedianSize int
	Spread     float64
	MaxSize    int

	// Large adds one message of each of these sizes, to the octet, to INBOX.
	Large []int
	// Hostile adds one message for each of Traits.
	Hostile bool
	// Take says which folders there are: the server's rules for names, most of
	// the time. Nil takes all. INBOX always is.
	Take func(path []string) bool
}

// Small are options for many short messages in the folders a server takes.
func Small(messages int) Options {
	return Options{Messages: messages, MedianSize: 2800, Spread: 0.2, MaxSize: 4000}
}

// Message is one message and where it lies.
type Message struct {
	Folder []string
	Raw    []byte
	Flags  []string // system flags and keywords, as in APPEND
	Date   time.Time
	// Trait says what is odd about it; empty for ordinary mail.
	Trait string
}

// Mailbox makes the folders and messages of one account.
type Mailbox struct {
	seed    uint64
	options Options
	folders []folder
	weight  int // of all folders together
}

// New returns the mailbox of a seed.
func New(seed uint64, options Options) Mailbox {
	if options.MedianSize == 0 {
		options.MedianSize = 12_000
	}
	if options.Spread == 0 {
		options.Spread = 1.6
	}
	if options.MaxSize == 0 {
		options.MaxSize = 4 << 20
	}
	box := Mailbox{seed: seed, options: options}
	for _, f := range tree() {
		if options.Take == nil || f.weight == inboxWeight || options.Take(f.path) {
			box.folders = append(box.folders, f)
			box.weight += f.weight
		}
	}
	return box
}

// Folders returns the paths of all folders, parents first, INBOX among them,
// and those without mail too.
func (m Mailbox) Folders() [][]string {
	var paths [][]string
	for _, f := range m.folders {
		paths = append(paths, f.path)
	}
	return paths
}

// Count returns how many messages Messages yields.
func (m Mailbox) Count() int {
	total := m.options.Messages + len(m.options.Large)
	if m.options.Hostile {
		total += len(Traits())
	}
	return total
}

// Messages yields the ordinary messages, then the hostile ones, then the large
// ones. The octets of a message belong to the caller.
func (m Mailbox) Messages() iter.Seq[Message] {
	return func(yield func(Message) bool) {
		for i := range m.options.Messages {
			if !yield(m.message(m.options.First + i)) {
				return
			}
		}
		if m.options.Hostile {
			for i, trait := range Traits() {
				if !yield(m.hostile(i, trait)) {
					return
				}
			}
		}
		for i, size := range m.options.Large {
			if !yield(m.large(i, size)) {
				return
			}
		}
	}
}

// Streams of random numbers, so that each property of a message has its own
// and a change of one leaves the others alone.
const (
	streamFate uint64 = iota << 40
	streamBody
	streamHostile
	streamLarge
)

func (m Mailbox) random(stream uint64, i int) *rand.Rand {
	return rand.New(rand.NewPCG(m.seed, stream+uint64(i)))
}

// original returns the message that i repeats to the octet, in the same folder:
// for one in fifty an earlier one, for the others i itself.
func (m Mailbox) original(i int) int {
	r := m.random(streamFate, i)
	if r.IntN(50) > 0 || i == m.options.First {
		return i
	}
	return m.original(max(m.options.First, i-1-r.IntN(20)))
}

func (m Mailbox) message(i int) Message {
	original := m.original(i)
	r := m.random(streamBody, original)
	folder := m.pick(r)
	date := anyDate(r)
	size := float64(m.options.MedianSize) * math.Exp(m.options.Spread*r.NormFloat64())
	message := Message{
		Folder: folder.path,
		Raw:    ordinary(r, min(int(size), m.options.MaxSize), date),
		Date:   date.Add(time.Duration(r.IntN(90)) * time.Second),
	}
	if i%2 == 1 { // half of the doubles differ in their flags, too
		r = m.random(streamFate, i)
	}
	message.Flags = someFlags(r, folder)
	return message
}

func (m Mailbox) pick(r *rand.Rand) folder {
	at := r.IntN(m.weight)
	for _, f := range m.folders {
		if at -= f.weight; at < 0 {
			return f
		}
	}
	return m.folders[0]
}

func (m Mailbox) hostile(i int, trait Trait) Message {
	r := m.random(streamHostile, i)
	return Message{
		Folder: m.folders[i%2].path, // INBOX and one more
		Raw:    trait.make(r),
		Flags:  someFlags(r, m.folders[0]),
		Date:   anyDate(r),
		Trait:  trait.Name,
	}
}

func (m Mailbox) large(i, size int) Message {
	r := m.random(streamLarge, i)
	date := anyDate(r)
	return Message{
		Folder: m.folders[0].path,
		Raw:    attachment(r, size, date),
		Flags:  someFlags(r, m.folders[0]),
		Date:   date,
		Trait:  "large",
	}
}

// anyDate is a moment of the years 2010 to 2024 in some zone.
func anyDate(r *rand.Rand) time.Time {
	zones := []int{0, 3600, 7200, -18000, 19800, 34200, -12600}
	zone := time.FixedZone("", zones[r.IntN(len(zones))])
	from := time.Date(2010, 1, 1, 0, 0, 0, 0, time.UTC)
	return from.Add(time.Duration(r.IntN(15*365*24*3600)) * time.Second).In(zone)
}

func someFlags(r *rand.Rand, folder folder) []string {
	var flags []string
	for _, f := range []struct {
		name  string
		share int // of a thousand
	}{
		{`\Seen`, 700},
		{`\Answered`, 150},
		{`\Flagged`, 50},
		{`\Deleted`, 5},
		{"$Forwarded", 60},
		{"NonJunk", 60},
		{"$Label1", 30},
		{"Progetto_X", 30},
	} {
		if r.IntN(1000) < f.share {
			flags = append(flags, f.name)
		}
	}
	if strings.EqualFold(folder.path[0], "Drafts") {
		flags = append(flags, `\Draft`)
	}
	return flags
}
