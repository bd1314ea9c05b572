package main_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// A program that was killed waits for what may still arrive, seconds on any line
// and more on a slow one (I-9). These tests kill it by the hundred: theirs is the
// program of the users, with these two figures in the place of its own. The lines
// between it and the servers are never slower, and deliver what they hold sooner.
const (
	shortWait    = 2 * time.Second
	shortSlowest = 400_000 // octets a second
)

// impatient is that program, built once a test run. Only the compiler sees the
// other figures: no switch for it is in the program.
var impatient = sync.OnceValues(func() (string, error) {
	folder, err := filepath.Abs(filepath.Join(moduleRoot, ".cache", "e2e"))
	if err != nil {
		return "", err
	}
	work := filepath.Join(folder, fmt.Sprint("impatient.", os.Getpid()))
	if err := os.MkdirAll(work, 0o755); err != nil {
		return "", err
	}
	defer os.RemoveAll(work)
	overlay, err := impatientSource(work)
	if err != nil {
		return "", err
	}
	fresh, binary := filepath.Join(work, "trasloco"), filepath.Join(folder, "impatient")
	if out, err := exec.Command("go", "build", "-overlay", overlay, "-o", fresh, ".").CombinedOutput(); err != nil {
		return "", fmt.Errorf("build an impatient trasloco: %w\n%s", err, out)
	}
	return binary, os.Rename(fresh, binary)
})

// impatientSource writes what "go build -overlay" takes in the place of the file
// that has the figures.
func impatientSource(folder string) (overlay string, err error) {
	original, err := filepath.Abs(filepath.Join(moduleRoot, "imapsync", "engine.go"))
	if err != nil {
		return "", err
	}
	source, err := os.ReadFile(original)
	if err != nil {
		return "", err
	}
	text := string(source)
	for was, is := range map[string]string{
		"LateCommit: 10 * time.Second,": fmt.Sprintf("LateCommit: %d,", shortWait),
		"SlowestLine: 64 << 10,":        fmt.Sprintf("SlowestLine: %d,", shortSlowest),
	} {
		if strings.Count(text, was) != 1 {
			return "", fmt.Errorf("%s says %q %d times: which one is the default?", original, was, strings.Count(text, was))
		}
		text = strings.Replace(text, was, is, 1)
	}
	changed := filepath.Join(folder, "engine.go")
	replaced, err := json.Marshal(map[string]map[string]string{"Replace": {original: changed}})
	if err != nil {
		return "", err
	}
	overlay = filepath.Join(folder, "overlay.json")
	if err := os.WriteFile(changed, []byte(text), 0o600); err != nil {
		return "", err
	}
	return overlay, os.WriteFile(overlay, replaced, 0o600)
}

// start calls the impatient program for a pass.
func (k *killed) start() *process {
	k.t.Helper()
	binary, err := impatient()
	if err != nil {
		k.t.Fatal(err)
	}
	args := append([]string{"run", k.csv, "--json"}, k.flags...)
	p := &process{t: k.t, cmd: exec.CommandContext(k.t.Context(), binary, args...)}
	p.cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8")
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.err
	if err := p.cmd.Start(); err != nil {
		k.t.Fatal(err)
	}
	return p
}

// run is a pass, to its end.
func (k *killed) run() moved {
	k.t.Helper()
	p := k.start()
	if got := p.wait(); got != allDone {
		k.t.Fatalf("exit %d: %s\n%s", got, p, k)
	}
	return one(k.t, k.readPass(p))
}
