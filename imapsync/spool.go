package imapsync

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
)

const (
	// inMemory is the size above which a message goes to a file (T-1).
	inMemory = 4 << 20
	// headSize is how much of a message in a file is kept for its header.
	headSize = 256 << 10
)

// spool holds one message as it was received, to the octet. A spool whose size
// is not the announced one is never used: whole says so.
type spool struct {
	announced int64
	size      int64
	mem       [][]byte // blocks of the pool
	file      *os.File
	head      []byte // the first octets of a message in a file, or of one that is not kept
	forget    bool   // only digest and head are wanted
	pool      *blocks
	room      room // released with the spool

	hasNUL bool
	bareLF int64
	last   byte
	sum    hash.Hash
}

// newSpool makes a place for a message of size octets. A file has no name any
// more when newSpool returns, so that nothing is left behind by a crash.
func newSpool(tempDir string, size int64, pool *blocks) (*spool, error) {
	s := &spool{announced: size, sum: sha256.New(), pool: pool}
	if size <= inMemory {
		return s, nil
	}
	file, err := os.CreateTemp(tempDir, "message-*")
	if err != nil {
		return nil, fmt.Errorf("make a file for a message of %d octets: %w", size, err)
	}
	s.file = file
	if err := os.Remove(file.Name()); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return s, nil
}

// hashOnly returns a spool that keeps nothing but the digest.
func hashOnly(size int64) *spool {
	return &spool{announced: size, sum: sha256.New(), forget: true}
}

// Write adds octets and looks at them in passing.
func (s *spool) Write(p []byte) (int, error) {
	s.look(p)
	s.size += int64(len(p))
	if s.file == nil && !s.forget {
		s.keep(p)
		return len(p), nil
	}
	if room := headSize - len(s.head); room > 0 {
		s.head = append(s.head, p[:min(room, len(p))]...)
	}
	if s.forget {
		return len(p), nil
	}
	return s.file.Write(p)
}

// keep adds octets to the blocks in memory.
func (s *spool) keep(p []byte) {
	for len(p) > 0 {
		last := len(s.mem) - 1
		if last < 0 || len(s.mem[last]) == blockSize {
			s.mem = append(s.mem, s.pool.get())
			last++
		}
		n := min(len(p), blockSize-len(s.mem[last]))
		s.mem[last] = append(s.mem[last], p[:n]...)
		p = p[n:]
	}
}

// look counts bare line feeds (I-8) and feeds the digest: the octets without
// carriage returns and with 0x80 for NUL, which is what stays the same on every
// server that stores a message at all.
func (s *spool) look(p []byte) {
	lf := bytes.Count(p, []byte{'\n'})
	crlf := bytes.Count(p, []byte("\r\n"))
	if s.last == '\r' && len(p) > 0 && p[0] == '\n' {
		crlf++
	}
	s.bareLF += int64(lf - crlf)
	if len(p) > 0 {
		s.last = p[len(p)-1]
	}
	s.hasNUL = canonical(s.sum, p) || s.hasNUL
}

// canonical writes p to w in the form that digests are made of, and reports
// whether there was a NUL in it.
func canonical(w io.Writer, p []byte) (hasNUL bool) {
	var scratch [4 << 10]byte // a hash likes long pieces better than lines
	for len(p) > 0 {
		part := p[:min(len(p), len(scratch))]
		p = p[len(part):]
		n := 0
		for len(part) > 0 {
			line := part
			if i := bytes.IndexByte(part, '\r'); i >= 0 {
				line, part = part[:i], part[i+1:]
			} else {
				part = nil
			}
			n += copy(scratch[n:], line)
		}
		for at := bytes.IndexByte(scratch[:n], 0); at >= 0; at = bytes.IndexByte(scratch[:n], 0) {
			hasNUL, scratch[at] = true, 0x80
		}
		_, _ = w.Write(scratch[:n]) // a hash never fails
	}
	return hasNUL
}

func (s *spool) digest() [32]byte { return [32]byte(s.sum.Sum(nil)) }

func (s *spool) whole() bool { return s.size == s.announced }

// header returns the message's fields.
func (s *spool) header() header { return readHeader(s.beginning()) }

// beginning returns the first octets of the message: its header at the least, or
// as much of it as is ever looked at. They are not to be changed.
func (s *spool) beginning() []byte {
	switch {
	case s.file != nil || s.forget:
		return s.head
	case len(s.mem) == 0:
		return nil
	case len(s.mem) == 1 || hasBlankLine(s.mem[0]):
		return s.mem[0]
	}
	var head []byte
	for _, block := range s.mem {
		head = append(head, block...)
		if len(head) >= headSize || hasBlankLine(head[max(0, len(head)-len(block)-4):]) {
			break
		}
	}
	return head
}

// hasBlankLine reports whether the end of a header is in text.
func hasBlankLine(text []byte) bool {
	return bytes.Contains(text, []byte("\n\r\n")) || bytes.Contains(text, []byte("\n\n"))
}

// open returns a reader over the message from its start.
func (s *spool) open() (io.Reader, error) {
	if s.file == nil {
		return &blockReader{list: s.mem}, nil
	}
	return io.NewSectionReader(s.file, 0, s.size), nil
}

// close gives place and room back. The spool must not be used afterwards.
func (s *spool) close() {
	if len(s.mem) > 0 {
		s.pool.put(s.mem)
	}
	s.mem, s.head = nil, nil
	if s.file != nil {
		_ = s.file.Close() // it has no name: nothing to lose
		s.file = nil
	}
	s.room.release()
}

// repairable reports whether repaired would change anything.
func (s *spool) repairable() bool { return s.bareLF > 0 || s.hasNUL }

// repaired returns a copy as a strict server wants it (T-4): CRLF for a bare
// line feed, 0x80 for NUL. That is what Dovecot stores for them too.
func (s *spool) repaired(tempDir string) (*spool, error) {
	r, err := s.open()
	if err != nil {
		return nil, err
	}
	fixed, err := newSpool(tempDir, s.size+s.bareLF, s.pool)
	if err != nil {
		return nil, err
	}
	if _, err := io.Copy(&repairer{w: fixed}, r); err != nil {
		fixed.close()
		return nil, fmt.Errorf("repair a message: %w", err)
	}
	return fixed, nil
}

// repairer rewrites what passes through it.
type repairer struct {
	w    io.Writer
	last byte
}

func (r *repairer) Write(p []byte) (int, error) {
	out := make([]byte, 0, len(p)+len(p)/16)
	for _, b := range p {
		if b == '\n' && r.last != '\r' {
			out = append(out, '\r')
		}
		r.last = b
		if b == 0 {
			b = 0x80
		}
		out = append(out, b)
	}
	if _, err := r.w.Write(out); err != nil {
		return 0, err
	}
	return len(p), nil
}
