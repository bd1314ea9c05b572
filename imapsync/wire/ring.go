package wire

import (
	"bytes"
	"fmt"
	"strings"
)

const (
	ringSize = 64 << 10
	ringLine = 240 // enough for any command and status; a body never gets this far
)

// hidden stands for a secret.
const hidden = "•••"

// ring keeps the last lines of a dialogue for the log of a protocol error. It
// never sees literals; the caller masks what logs in.
type ring struct {
	lines   bytes.Buffer
	secrets []string // what a server may echo while we log in
	spoken  [][]byte // all of them since the connection was made: some servers repeat them later
	doubt   bool     // a literal was announced wrongly: a line may be a piece of mail
}

func (r *ring) in(line []byte) {
	if r.doubt {
		r.add("S: ", fmt.Sprintf("(%d octets)", len(line)))
		return
	}
	for _, secret := range r.spoken {
		if bytes.Contains(line, secret) { // seldom: most lines are left as they are
			line = bytes.ReplaceAll(line, secret, []byte(hidden))
		}
	}
	r.add("S: ", mask(line[:min(len(line), ringLine)]))
}

func (r *ring) cmd(line string) { r.add("C: ", line[:min(len(line), ringLine)]) }

func (r *ring) add(side, line string) {
	fmt.Fprintf(&r.lines, "%s%q\n", side, line)
	if excess := r.lines.Len() - ringSize; excess > 0 {
		cut := r.lines.Next(excess)
		if !bytes.HasSuffix(cut, []byte("\n")) {
			_, _ = r.lines.ReadBytes('\n') // the rest of a line cut in two
		}
	}
}

func (r *ring) String() string { return r.lines.String() }

// keepBack names what must not show until release is called, even if the server
// says it: some repeat the command in their refusal. What is shorter than four
// octets would be given away by the gaps it leaves.
func (r *ring) keepBack(secrets ...string) (release func()) {
	for _, secret := range secrets {
		if len(secret) >= 4 {
			r.secrets = append(r.secrets, secret)
			r.spoken = append(r.spoken, []byte(secret))
		}
	}
	return func() { r.secrets = nil }
}

func (r *ring) hide(text string) string {
	for _, secret := range r.secrets {
		text = strings.ReplaceAll(text, secret, hidden)
	}
	return text
}

// clean hides secrets in what becomes an error or a log entry.
func (r *ring) clean(status Status) Status {
	status.Text = r.hide(status.Text)
	if status.Code != "CAPABILITY" {
		status.Args = r.hide(status.Args)
	}
	return status
}

// bodyItems stand in front of what no transcript shows.
var bodyItems = []string{"BODY[", "BODY [", "BINARY[", "BINARY [", "RFC822 "}

// mask drops what stands behind the name of a message: a short body may come as
// a quoted string.
func mask(line []byte) string {
	for i := range line {
		if b := line[i] | 0x20; b != 'b' && b != 'r' {
			continue
		}
		for _, item := range bodyItems {
			if end := i + len(item); end <= len(line) && strings.EqualFold(string(line[i:end]), item) {
				return string(line[:end]) + "…"
			}
		}
	}
	return string(line)
}
