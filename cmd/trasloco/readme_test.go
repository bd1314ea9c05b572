package main_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"html"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestTheReadmesFirstScreen runs the first command of the README as it is
// printed, in a copy of the checkout, and does what the steps below it say: two
// passes within two minutes, and nothing left behind.
func TestTheReadmesFirstScreen(t *testing.T) {
	t.Parallel()
	command := firstCommand(t)
	temp := t.TempDir()
	d := startDemo(t, copyOfModule(t), temp, "sh", "-c", command)
	began := time.Now()
	code := d.walk()
	if took := time.Since(began); took > 2*time.Minute {
		t.Errorf("two passes took %v", took)
	}
	d.checkLogs(code)
	d.stop()
	left, err := filepath.Glob(filepath.Join(temp, "trasloco-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// The demonstration takes another port where somebody has the one it wants.
func TestTheDemoTakesAFreePort(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	binary, err := built()
	if err != nil {
		t.Fatal(err)
	}
	d := startDemo(t, t.TempDir(), t.TempDir(), binary, "demo", "--listen", taken.Addr().String())
	if strings.Contains(d.panel.url, taken.Addr().String()) {
		t.Errorf("it says that it answers at %s, which is taken", d.panel.url)
	}
	if page := d.page("/login"); !strings.Contains(page, "trasloco-demo") {
		t.Errorf("the login page does not show the login:\n%s", clip(page))
	}
	d.stop()
}

// firstCommand is the README's first block of commands, which is one line.
func firstCommand(t *testing.T) string {
	t.Helper()
	readme, err := os.ReadFile(filepath.Join(moduleRoot, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(readme), "```sh\n")
	block, _, closed := strings.Cut(rest, "```")
	if !found || !closed || strings.Count(string(readme[:len(readme)-len(rest)]), "\n") > 20 || strings.Count(block, "\n") != 1 {
		t.Fatalf("no one command on the first screen: %q", block)
	}
	return strings.TrimSpace(block)
}

// demo is the demonstration, and somebody who tries it.
type demo struct {
	*admin
	cmd *exec.Cmd
}

// startDemo starts a command that is the demonstration and returns when it has
// said its address.
func startDemo(t *testing.T, folder, temp string, command ...string) *demo {
	t.Helper()
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "TMPDIR="+temp)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // "go run" has a child that must hear the signal too
	var words bytes.Buffer
	cmd.Stderr = &words
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	d := &demo{cmd: cmd}
	t.Cleanup(func() { d.end(syscall.SIGKILL) })
	giveUp := time.AfterFunc(4*time.Minute, func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) })
	defer giveUp.Stop()
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "http://") {
		t.Fatalf("%v said %q, %v: %s", command, line, err, words.String())
	}
	d.admin = newAdmin(t, &served{url: strings.TrimSuffix(strings.TrimSpace(line), "/")})
	return d
}

// end sends a signal to the command and what it started, once.
func (d *demo) end(signal syscall.Signal) {
	if d.cmd == nil {
		return
	}
	_ = syscall.Kill(-d.cmd.Process.Pid, signal)
	_ = d.cmd.Wait() // "go run" calls an interrupt a failure
	d.cmd = nil
}

// stop is Ctrl-C.
func (d *demo) stop() {
	d.t.Helper()
	began := time.Now()
	d.end(syscall.SIGINT)
	if took := time.Since(began); took > 10*time.Second {
		d.t.Errorf("it took %v to stop", took)
	}
}

var shownLogin = regexp.MustCompile(`>([^<>]+@nuovo\.example)<br/?>([^<]+)<`)

// walk does what the README's steps say and returns the code of the migration.
func (d *demo) walk() string {
	d.t.Helper()
	shown := shownLogin.FindStringSubmatch(d.page("/login"))
	if shown == nil {
		d.t.Fatalf("the login page shows no login:\n%s", clip(d.page("/login")))
	}
	d.post("/login", "email", html.UnescapeString(shown[1]), "password", html.UnescapeString(shown[2]))
	code := strings.Split(d.post("/migrations").Path, "/")[2]
	edit := "/migrations/" + code + "/edit/"
	d.post(edit+"server", "server", "standard")
	d.post(edit+"file", "rows", d.page("/demo/accounts.csv"))
	eventually(d.t, "all rows are ready", func() bool {
		return strings.Contains(d.page(edit+"file"), "All rows are ready")
	})
	d.post(edit + "rows")
	d.post(edit+"first", "first", "asap")
	d.post(edit+"second", "second", "gap")
	d.post(edit + "review")
	eventually(d.t, "pass 1 has ended", func() bool { return strings.Contains(d.page("/migrations/"+code), `id="cut-over"`) })
	eventually(d.t, "its mail is in the outbox", func() bool { return strings.Contains(d.page("/demo/outbox"), "mx1.nuovo.example") })
	d.post("/migrations/" + code + "/start")
	eventually(d.t, "pass 2 has ended", func() bool { return strings.Contains(d.page("/migrations/"+code), "Finished with exceptions") })
	return code
}

// checkLogs looks for what the README promises: the message over the limit and
// Spam by name, and a second pass that copied nothing.
func (d *demo) checkLogs(code string) {
	d.t.Helper()
	log := d.page("/migrations/" + code + "/resources/2/log/1")
	for _, want := range []string{"Le foto del trasloco", "Spam", "Over 50"} {
		if !strings.Contains(log, want) {
			d.t.Errorf("log 1 does not say %q:\n%s", want, clip(log))
		}
	}
	var second struct{ Listed, Copied int }
	file := d.page("/migrations/" + code + "/resources/2/log/2.json")
	if err := json.Unmarshal([]byte(file), &second); err != nil || second.Listed == 0 || second.Copied != 0 {
		d.t.Errorf("log 2: %+v, %v\n%s", second, err, clip(file))
	}
}

// copyOfModule copies the checkout, without what is hidden, so that what the
// commands write does not lie in it.
func copyOfModule(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	entries, err := os.ReadDir(moduleRoot)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		from, to := filepath.Join(moduleRoot, entry.Name()), filepath.Join(folder, entry.Name())
		switch {
		case strings.HasPrefix(entry.Name(), "."):
		case entry.IsDir():
			err = os.CopyFS(to, os.DirFS(from))
		case entry.Type().IsRegular():
			var content []byte
			if content, err = os.ReadFile(from); err == nil {
				err = os.WriteFile(to, content, 0o644)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return folder
}
