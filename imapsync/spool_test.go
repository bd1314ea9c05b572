package imapsync

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

// spooled puts octets into a spool, cut into pieces of a size.
func spooled(t *testing.T, text []byte, piece int) *spool {
	t.Helper()
	s, err := newSpool(t.TempDir(), int64(len(text)), &blocks{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.close)
	for len(text) > 0 {
		n := min(piece, len(text))
		if got, err := s.Write(text[:n]); got != n || err != nil {
			t.Fatalf("write: %d, %v", got, err)
		}
		text = text[n:]
	}
	return s
}

func octets(t *testing.T, s *spool) []byte {
	t.Helper()
	r, err := s.open()
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// However a message is cut into pieces on its way, the spool says the same of it
// (I-8).
func TestSpoolLooksAcrossPieces(t *testing.T) {
	tests := []struct {
		name, text string
		bareLF     int64
		hasNUL     bool
	}{
		{"CRLF throughout", "a: b\r\n\r\nc\r\n", 0, false},
		{"LF throughout", "a: b\n\nc\n", 3, false},
		{"both", "a\r\nb\nc\r\n\nd", 2, false},
		{"LF first", "\na", 1, false},
		{"CR CR LF", "a\r\r\nb", 0, false},
		{"CR alone and at the end", "a\rb\r", 0, false},
		{"CR and LF with an octet between", "a\rb\n", 1, false},
		{"NUL between CR and LF", "a\r\x00\n", 1, true},
		{"NUL at the ends", "\x00a\x00", 0, true},
		{"nothing", "", 0, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			want := spooled(t, []byte(tt.text), 1<<10).digest()
			for cut := range len(tt.text) + 1 {
				s := hashOnly(int64(len(tt.text)))
				_, _ = s.Write([]byte(tt.text[:cut]))
				_, _ = s.Write(nil)
				_, _ = s.Write([]byte(tt.text[cut:]))
				if s.bareLF != tt.bareLF || s.hasNUL != tt.hasNUL || s.digest() != want || !s.whole() {
					t.Errorf("cut at %d: %d bare LF, NUL %v, whole %v", cut, s.bareLF, s.hasNUL, s.whole())
				}
			}
			if s := spooled(t, []byte(tt.text), 1); s.bareLF != tt.bareLF || s.hasNUL != tt.hasNUL || s.digest() != want {
				t.Errorf("octet by octet: %d bare LF, NUL %v", s.bareLF, s.hasNUL)
			}
		})
	}
}

// The digest is of what every server gives back: without CR, with 0x80 for NUL.
func TestDigestIsTheSameOnEveryServer(t *testing.T) {
	want := sha256.Sum256([]byte("a: b\n\nc\x80d\n"))
	for name, text := range map[string]string{
		"sent with CRLF": "a: b\r\n\r\nc\x00d\r\n", "sent with LF": "a: b\n\nc\x00d\n", "stored with 0x80": "a: b\r\n\r\nc\x80d\r\n", "mixed": "a: b\n\r\nc\x80d\r\r\n",
	} {
		if got := spooled(t, []byte(text), 3).digest(); got != want {
			t.Errorf("%s: %x, want %x", name, got, want)
		}
	}
	for name, text := range map[string]string{"a line end less": "a: b\r\n\r\nc\x00d", "another octet": "a: b\r\n\r\nc\x01d\r\n", "a blank": "a: b\r\n\r\nc \x00d\r\n"} {
		if spooled(t, []byte(text), 3).digest() == want {
			t.Errorf("%s makes no difference", name)
		}
	}
}

func TestSpoolKeepsOctetsInMemory(t *testing.T) {
	for _, size := range []int{0, 1, 4097, 1<<20 + 1, inMemory} {
		text := bytes.Repeat([]byte("0123456789\r\n"), size/12+1)[:size]
		s := spooled(t, text, 1000)
		if s.file != nil || !bytes.Equal(octets(t, s), text) {
			t.Errorf("%d octets: file %v, %d blocks", size, s.file != nil, len(s.mem))
		}
		if again := octets(t, s); !bytes.Equal(again, text) {
			t.Errorf("%d octets: %d when read again", size, len(again))
		}
	}
}

// A message above 4 MiB goes to a file that has no name any more (T-1): nothing
// is left behind, whenever the process dies.
func TestLargeMessageGoesToAFileWithoutName(t *testing.T) {
	folder := t.TempDir()
	text := append([]byte("Subject: large\r\n\r\n"), bytes.Repeat([]byte("line\n"), inMemory/5)...)
	s, err := newSpool(folder, int64(len(text)), &blocks{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	checkEmpty(t, folder)
	if _, err := io.Copy(s, iotest.OneByteReader(bytes.NewReader(text[:100]))); err != nil {
		t.Fatal(err)
	}
	if s.whole() {
		t.Error("100 octets are taken for the whole message")
	}
	if _, err := s.Write(text[100:]); err != nil {
		t.Fatal(err)
	}
	checkEmpty(t, folder)
	if s.mem != nil || len(s.head) != headSize || !s.whole() {
		t.Errorf("%d octets in memory, %d of the head, whole %v", len(s.mem), len(s.head), s.whole())
	}
	for range 2 { // it can be read again
		if !bytes.Equal(octets(t, s), text) {
			t.Error("other octets come out")
		}
	}
	if got := s.header().subject; got != "large" {
		t.Errorf("subject %q", got)
	}
	checkRepaired(t, s, bytes.ReplaceAll(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")), []byte("\n"), []byte("\r\n")))
	s.close()
	s.close()
	checkEmpty(t, folder)
}

func checkEmpty(t *testing.T, folder string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil || len(entries) != 0 {
		t.Errorf("%d files, %v", len(entries), err)
	}
}

func TestSpoolSaysWhyThereIsNoFile(t *testing.T) {
	_, err := newSpool("/nowhere/at/all", inMemory+1, &blocks{})
	if !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "4194305 octets") {
		t.Errorf("got %v", err)
	}
}

func TestRepair(t *testing.T) {
	tests := []struct {
		name, text, want string
		repairable       bool
	}{
		{"bare LF becomes CRLF (T-4)", "a\n\nb\r\nc\n", "a\r\n\r\nb\r\nc\r\n", true},
		{"NUL becomes 0x80 (T-4)", "a\x00\r\n\x00", "a\x80\r\n\x80", true},
		{"both at once", "\x00\n", "\x80\r\n", true},
		{"CR before NUL before LF", "\r\x00\n", "\r\x80\r\n", true},
		{"CR alone stays", "a\rb\r\n", "a\rb\r\n", false},
		{"what is right stays", "a: b\r\n\r\nc", "a: b\r\n\r\nc", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := spooled(t, []byte(tt.text), 1)
			if s.repairable() != tt.repairable {
				t.Errorf("repairable: %v", s.repairable())
			}
			fixed := checkRepaired(t, s, []byte(tt.want))
			if fixed.repairable() || fixed.digest() != s.digest() {
				t.Error("it is to be repaired again, or another message")
			}
			checkRepaired(t, fixed, []byte(tt.want))
		})
	}
}

// checkRepaired repairs a spool and compares octets and size.
func checkRepaired(t *testing.T, s *spool, want []byte) *spool {
	t.Helper()
	fixed, err := s.repaired(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(fixed.close)
	if got := octets(t, fixed); !bytes.Equal(got, want) || fixed.size != int64(len(want)) || !fixed.whole() {
		t.Errorf("%d octets of size %d, whole %v; want %d", len(got), fixed.size, fixed.whole(), len(want))
	}
	return fixed
}

func TestRepairerAcrossPieces(t *testing.T) {
	const text = "a\r\nb\n\x00\r\n\n"
	for cut := range len(text) + 1 {
		var out bytes.Buffer
		r := &repairer{w: &out}
		for _, part := range []string{text[:cut], text[cut:]} {
			if n, err := r.Write([]byte(part)); n != len(part) || err != nil {
				t.Fatal(n, err)
			}
		}
		if out.String() != "a\r\nb\r\n\x80\r\n\r\n" {
			t.Errorf("cut at %d: %q", cut, out.String())
		}
	}
	full := &repairer{w: errorWriter{}}
	if n, err := full.Write([]byte("a")); n != 0 || !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("a full disk: %d, %v", n, err)
	}
}

type errorWriter struct{}

func (errorWriter) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

// The budget counts what a message costs in memory: its size, or of one in a
// file its head; and what it costs on the disk.
func TestRoom(t *testing.T) {
	e := New(Options{TempSpace: 60 << 20})
	for _, test := range []struct{ size, memory, disk int64 }{
		{0, blockSize, 0},
		{1, blockSize, 0},
		{blockSize + 1, 2 * blockSize, 0},
		{inMemory, inMemory, 0},
		{inMemory + 1, headSize, inMemory + 1},
		{50 << 20, headSize, 50 << 20},
		{100 << 20, headSize, 60 << 20}, // more than there is: it gets all, alone
	} {
		if memory, disk := e.newBudget().cost(test.size); memory != test.memory || disk != test.disk {
			t.Errorf("%d octets cost %d and %d, want %d and %d", test.size, memory, disk, test.memory, test.disk)
		}
	}
	if got := hashOnly(12); got.mem != nil || got.whole() {
		t.Error("a digest keeps octets, or is whole without any")
	}
}

// What was given back can be had by others, and giving back twice gives nothing (K-5).
func TestRoomIsGivenBack(t *testing.T) {
	e := New(Options{Memory: 10 * blockSize})
	one, other := e.newBudget(), e.newBudget()
	first, err := one.acquire(t.Context(), 9*blockSize)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := other.acquire(ctx, 2*blockSize); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("another run got room that is not there: %v", err)
	}
	first.release()
	first.release()
	second, err := other.acquire(t.Context(), 10*blockSize)
	if err != nil {
		t.Fatal(err)
	}
	second.release()
}

// What one message gave back the next one uses, whatever its size.
func TestBlocksAreUsedAgain(t *testing.T) {
	pool := &blocks{}
	for _, size := range []int{100_000, 1, 5000, 99_999, blockSize, blockSize + 1} {
		text := bytes.Repeat([]byte("0123456789\r\n"), size/12+1)[:size]
		s, err := newSpool(t.TempDir(), int64(size), pool)
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range slices.Collect(slices.Chunk(text, 1000)) {
			_, _ = s.Write(part)
		}
		if got := octets(t, s); !bytes.Equal(got, text) {
			t.Errorf("%d octets: %d came back", size, len(got))
		}
		if int64(len(s.mem))*blockSize != inBlocks(int64(size)) {
			t.Errorf("%d octets lie in %d blocks", size, len(s.mem))
		}
		s.close()
	}
	if want := int(inBlocks(100_000) / blockSize); len(pool.free) != want {
		t.Errorf("%d blocks were made, want %d", len(pool.free), want)
	}
}

// The header is found wherever the blocks part it.
func TestHeaderAcrossBlocks(t *testing.T) {
	for pad := blockSize - 60; pad < blockSize+10; pad++ {
		text := "X-Pad: " + strings.Repeat("x", pad) + "\r\nSubject: far down\r\n\r\nSubject: body\r\n" + strings.Repeat("y\r\n", 8000)
		s := spooled(t, []byte(text), 700)
		if got := s.header(); got.subject != "far down" {
			t.Fatalf("%d octets before it: %q", pad, got.subject)
		}
	}
}

func FuzzSpool(f *testing.F) {
	f.Add([]byte("a\r\nb\n\x00"), 2)
	f.Fuzz(func(t *testing.T, text []byte, cut int) {
		whole, cutUp := hashOnly(0), hashOnly(0)
		_, _ = whole.Write(text)
		cut = min(max(cut, 0), len(text))
		_, _ = cutUp.Write(text[:cut])
		_, _ = cutUp.Write(text[cut:])
		want := int64(bytes.Count(text, []byte("\n")) - bytes.Count(text, []byte("\r\n")))
		if cutUp.bareLF != want || cutUp.bareLF != whole.bareLF || cutUp.digest() != whole.digest() || cutUp.hasNUL != whole.hasNUL {
			t.Errorf("%q cut at %d: %d bare LF, want %d", text, cut, cutUp.bareLF, want)
		}
	})
}
