package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"trasloco/imapsync"
	"trasloco/locale"
	"trasloco/static/browsertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(browsing{m}) }

// browsing stops the browser, if a test started one, and what tests share, before
// leaks are looked for.
type browsing struct{ *testing.M }

func (b browsing) Run() int {
	defer endAll()
	return browsertest.Main(b.M)
}

// answer is what a call left behind.
type answer struct {
	code        int
	out, errors string
}

// impatient makes tests wait for nothing that servers of this process need.
func impatient() imapsync.Patience {
	return imapsync.Patience{
		FirstTries: 2, Backoff: time.Millisecond, MaxBackoff: 10 * time.Millisecond,
		GiveUp: 2 * time.Second, LateCommit: 10 * time.Millisecond, Grace: 100 * time.Millisecond,
	}
}

// call runs the program with args.
func call(ctx context.Context, args ...string) answer {
	return callWith(ctx, impatient(), args...)
}

func callWith(ctx context.Context, patience imapsync.Patience, args ...string) answer {
	var out, errs safeBuffer
	p := &program{
		stdout: &out, stderr: &errs, now: time.Now, patience: patience,
		size: func() (int, int) { return 0, 0 },
	}
	code := p.main(ctx, args)
	return answer{code, out.String(), errs.String()}
}

// safeBuffer may be written by several goroutines.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// decode reads stdout, which must be one object and nothing else.
func decode[T any](t *testing.T, a answer) T {
	t.Helper()
	var object T
	decoder := json.NewDecoder(strings.NewReader(a.out))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&object); err != nil {
		t.Fatalf("exit %d, stdout %q, stderr %q: %v", a.code, a.out, a.errors, err)
	}
	if decoder.More() {
		t.Errorf("more than one object: %q", a.out)
	}
	return object
}

// write makes a file in a folder of the test.
func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestLanguageFollowsTheEnvironment(t *testing.T) {
	tests := []struct {
		name string
		env  map[string]string
		want locale.Lang
	}{
		{"nothing set", nil, locale.English},
		{"LANG alone", map[string]string{"LANG": "it_IT.UTF-8"}, locale.Italian},
		{"LC_ALL goes first", map[string]string{"LC_ALL": "C.UTF-8", "LANG": "it_IT.UTF-8"}, locale.English},
		{"LC_MESSAGES goes before LANG", map[string]string{"LC_MESSAGES": "it_IT.UTF-8", "LANG": "en_GB"}, locale.Italian},
		{"a language we do not speak", map[string]string{"LANG": "ja_JP.UTF-8"}, locale.English},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := language(func(name string) string { return tt.env[name] }); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestVersionNamesProgramAndGo(t *testing.T) {
	a := call(t.Context(), "version")
	if a.code != exitDone || !strings.HasPrefix(a.out, "trasloco ") || !strings.Contains(a.out, "go1.") {
		t.Errorf("exit %d, %q", a.code, a.out)
	}
}
