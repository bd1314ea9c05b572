// The tests of this package run the built program as a user does, with files
// and flags, between servers nobody here wrote. They know nothing of its
// inside: what it prints is read by types of their own, what it copied by the
// audit, which shares no code with it.
package main_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"trasloco/imapsync/imaptest/realserver"
)

// Exit codes as the README has them.
const (
	allDone   = 0
	someFail  = 1
	refused   = 2
	resumable = 3
)

const moduleRoot = "../.."

// built is the program, built once a test run, without the race detector. It
// lies in the checkout's cache, where a later build replaces it.
var built = sync.OnceValues(func() (string, error) {
	folder, err := filepath.Abs(filepath.Join(moduleRoot, ".cache", "e2e"))
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", err
	}
	binary := filepath.Join(folder, "trasloco")
	fresh := fmt.Sprintf("%s.%d", binary, os.Getpid())
	if out, err := exec.Command("go", "build", "-o", fresh, ".").CombinedOutput(); err != nil {
		return "", fmt.Errorf("build trasloco: %w\n%s", err, out)
	}
	return binary, os.Rename(fresh, binary) // another run may use the old one
})

// long reports whether the whole is to be tested, not a sample of it.
func long() bool { return os.Getenv("TEST_LONG") != "" }

// caller calls the program with a CSV file and the flags that all its calls
// have in common.
type caller struct {
	t       *testing.T
	csv     string
	flags   []string
	secrets []string // may stand in files the user wrote, and nowhere else
}

// newCaller writes a CSV file of rows. It is called by users of loopback.
func newCaller(t *testing.T, rows []string, flags ...string) *caller {
	t.Helper()
	c := &caller{t: t, csv: filepath.Join(t.TempDir(), "accounts.csv"), flags: flags}
	c.write(rows...)
	return c
}

func (c *caller) write(rows ...string) {
	c.t.Helper()
	if err := os.WriteFile(c.csv, []byte(strings.Join(rows, "\r\n")), 0o600); err != nil {
		c.t.Fatal(err)
	}
}

// row joins fields as a spreadsheet does.
func row(fields ...string) string {
	for i, field := range fields {
		if strings.ContainsAny(field, `;"`) || strings.HasPrefix(field, " ") {
			fields[i] = `"` + strings.ReplaceAll(field, `"`, `""`) + `"`
		}
	}
	return strings.Join(fields, ";")
}

func (c *caller) state() string { return c.csv + ".state" }

// process is a call under way.
type process struct {
	t        *testing.T
	cmd      *exec.Cmd
	out, err bytes.Buffer
}

// start calls a verb of the program. It ends with the test at the latest.
func (c *caller) start(verb string, more ...string) *process {
	c.t.Helper()
	binary, err := built()
	if err != nil {
		c.t.Fatal(err)
	}
	args := slices.Concat([]string{verb, c.csv}, c.flags, more)
	p := &process{t: c.t, cmd: exec.CommandContext(c.t.Context(), binary, args...)}
	p.cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8")
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.err
	if err := p.cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	return p
}

// wait returns the exit code: -1 after a signal that killed the process.
func (p *process) wait() int {
	p.t.Helper()
	var exit *exec.ExitError
	if err := p.cmd.Wait(); err != nil && !errors.As(err, &exit) {
		p.t.Fatal(err)
	}
	return p.cmd.ProcessState.ExitCode()
}

func (p *process) signal(s os.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		p.t.Fatal(err)
	}
}

// kill ends the process as kill -9 does and reports whether that is what ended
// it.
func (p *process) kill() bool {
	p.t.Helper()
	p.signal(syscall.SIGKILL)
	return p.wait() == -1
}

func (p *process) String() string {
	return fmt.Sprintf("%s\nstdout: %s\nstderr: %s", p.cmd.ProcessState, clip(p.out.String()), clip(p.err.String()))
}

func clip(text string) string {
	const most = 4000
	if len(text) > most {
		return text[:most] + " …"
	}
	return text
}

// call runs the program to its end, which must be the exit code.
func (c *caller) call(want int, verb string, more ...string) *process {
	c.t.Helper()
	p := c.start(verb, more...)
	if got := p.wait(); got != want {
		c.t.Fatalf("%s: exit %d, want %d: %s", verb, got, want, p)
	}
	c.checkSecrets(p)
	return p
}

// run is a pass.
func (c *caller) run(want int, more ...string) pass {
	c.t.Helper()
	return c.readPass(c.call(want, "run", append([]string{"--json"}, more...)...))
}

// checkSecrets looks for passwords where none may be.
func (c *caller) checkSecrets(p *process) {
	c.t.Helper()
	texts := map[string]string{"stdout": p.out.String(), "stderr": p.err.String()}
	err := filepath.WalkDir(c.state(), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		texts[path] = string(content)
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		c.t.Error(err)
	}
	for place, text := range texts {
		for _, secret := range c.secrets {
			encoded := base64.StdEncoding.EncodeToString([]byte(secret))
			if strings.Contains(text, secret) || strings.Contains(text, encoded) {
				c.t.Errorf("a password stands in %s", place)
			}
		}
	}
}

// pass is what "run --json" prints.
type pass struct {
	Resources []moved `json:"resources"`
	Totals    struct {
		Resources int `json:"resources"`
		sums
	} `json:"totals"`
}

type moved struct {
	Row         int     `json:"row"`
	Destination string  `json:"destination"`
	Status      string  `json:"status"`
	RetryAt     *string `json:"retry_at"`
	sums
	Exceptions []exception `json:"exceptions"`
	Error      *trouble    `json:"error"`
}

type sums struct {
	Listed  int     `json:"listed"`
	Copied  int     `json:"copied"`
	Present int     `json:"present"`
	Skipped int     `json:"skipped"`
	Failed  int     `json:"failed"`
	Bytes   int64   `json:"bytes"`
	Seconds float64 `json:"seconds"`
}

type exception struct {
	Folder     string `json:"folder"`
	UID        uint32 `json:"uid"`
	Outcome    string `json:"outcome"`
	Reason     string `json:"reason"`
	Count      int    `json:"count"`
	ServerText string `json:"server_text"`
}

type trouble struct {
	Class string `json:"class"`
	Text  string `json:"text"`
}

// readPass reads the one object of a pass, in the form that is fixed, and holds
// it to its own sums.
func (c *caller) readPass(p *process) pass {
	c.t.Helper()
	got := readJSON[pass](c.t, p)
	var total sums
	for _, r := range got.Resources {
		s := r.sums
		if s.Listed != s.Copied+s.Present+s.Skipped+s.Failed && r.Status == "done" {
			c.t.Errorf("row %d: the sum does not come out (V-1): %+v", r.Row, s)
		}
		total.Listed, total.Copied, total.Present = total.Listed+s.Listed, total.Copied+s.Copied, total.Present+s.Present
		total.Skipped, total.Failed, total.Bytes = total.Skipped+s.Skipped, total.Failed+s.Failed, total.Bytes+s.Bytes
	}
	total.Seconds = got.Totals.Seconds
	if got.Totals.sums != total || got.Totals.Resources != len(got.Resources) {
		c.t.Errorf("totals %+v of %+v", got.Totals, got.Resources)
	}
	return got
}

// readJSON reads stdout, which must be one object of exactly this form.
func readJSON[T any](t *testing.T, p *process) T {
	t.Helper()
	var got T
	decoder := json.NewDecoder(bytes.NewReader(p.out.Bytes()))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&got); err != nil || decoder.More() {
		t.Fatalf("not one object: %v: %s", err, p)
	}
	again, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	var want, have map[string]json.RawMessage // a key left out would read as its zero value
	if errors.Join(json.Unmarshal(again, &want), json.Unmarshal(p.out.Bytes(), &have)) != nil || !sameKeys(want, have) {
		t.Errorf("not the form that is fixed: %s", p)
	}
	return got
}

func sameKeys(a, b map[string]json.RawMessage) bool {
	if len(a) != len(b) {
		return false
	}
	for key := range a {
		if b[key] == nil || !sameForm(a[key], b[key]) {
			return false
		}
	}
	return true
}

func sameForm(a, b json.RawMessage) bool {
	var left, right map[string]json.RawMessage
	var lefts, rights []json.RawMessage
	switch {
	case json.Unmarshal(a, &left) == nil && json.Unmarshal(b, &right) == nil:
		return sameKeys(left, right)
	case json.Unmarshal(a, &lefts) == nil && json.Unmarshal(b, &rights) == nil:
		return slices.EqualFunc(lefts, rights, sameForm)
	}
	return true
}

// logLine is a line of the log of a run, and what tests want to know of it.
type logLine struct {
	At, Level, Code string
	Args            struct {
		Found          int
		Side, Class    string
		Folder, Detail string
	}
	ServerText string `json:"server_text"`
}

// logged returns the lines of one code from the log of a row in a pass.
func logged(t *testing.T, c *caller, row, pass int, code string) []logLine {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(c.state(), "log", fmt.Sprintf("%d-%d.jsonl", row, pass)))
	if err != nil {
		t.Fatal(err)
	}
	var found []logLine
	for text := range strings.Lines(string(content)) {
		var line struct{ Code string }
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Errorf("log: %q: %v", text, err)
		}
		if line.Code != code {
			continue
		}
		var whole logLine
		if err := json.Unmarshal([]byte(text), &whole); err != nil {
			t.Errorf("log: %q: %v", text, err)
		}
		found = append(found, whole)
	}
	return found
}

// eventually waits until something has come about.
func eventually(t testing.TB, what string, is func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	for !is() {
		select {
		case <-ctx.Done():
			t.Fatalf("in vain: %s", what)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// plain are the flags of a move between two servers on loopback, unencrypted.
func plain(destination string) []string {
	return []string{"--dest", destination, "--dest-tls", "none", "--source-tls", "none", "--allow-private"}
}

// account is a row that moves a user of src to one of dst.
func account(src *realserver.Server, user string, dst *realserver.Server, destination string) string {
	return row(destination, src.Address(), user, src.PasswordOf(user), dst.PasswordOf(destination))
}
