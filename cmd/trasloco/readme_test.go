package main_test

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestTheReadmesFirstScreen runs the first commands of the README as they are
// printed, in a copy of the checkout: two servers, a file, a move, and the move
// again.
func TestTheReadmesFirstScreen(t *testing.T) {
	t.Parallel()
	servers, commands := firstScreen(t)
	if len(servers) != 2 || len(commands) < 2 {
		t.Fatalf("servers %q, commands %q", servers, commands)
	}
	ports := onFreePorts(t, "1143", "2143")
	checkout := copyOfModule(t)
	for _, server := range servers {
		serve(t, checkout, ports.Replace(server))
	}
	var last string
	for _, command := range commands {
		last = shell(t, checkout, ports.Replace(command))
	}
	for _, want := range []string{"Spam", "anna@nuovo.example", "38"} {
		if !strings.Contains(last, want) {
			t.Errorf("the summary does not say %q:\n%s", want, last)
		}
	}
	again := shell(t, checkout, ports.Replace(commands[len(commands)-1])+" --json")
	if !strings.Contains(again, `"copied":0,"present":38,"skipped":2,"failed":0`) {
		t.Errorf("the last line, run again:\n%s", again)
	}
}

// firstScreen is the README's first block of commands: those that serve until
// they are stopped, and those that end.
func firstScreen(t *testing.T) (servers, commands []string) {
	t.Helper()
	readme, err := os.ReadFile(filepath.Join(moduleRoot, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(readme), "```sh\n")
	block, _, closed := strings.Cut(rest, "```")
	if !found || !closed || strings.Count(string(readme[:len(readme)-len(rest)]), "\n") > 20 {
		t.Fatal("no commands on the first screen")
	}
	for line := range strings.Lines(block) {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case strings.Contains(line, "imaptest/imapd "):
			servers = append(servers, line)
		default:
			commands = append(commands, line)
		}
	}
	return servers, commands
}

// onFreePorts leaves the printed ports as they are unless somebody else on this
// machine listens there.
func onFreePorts(t *testing.T, printed ...string) *strings.Replacer {
	t.Helper()
	var pairs []string
	for _, port := range printed {
		listener, err := net.Listen("tcp", "127.0.0.1:"+port)
		if err != nil {
			if listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
				t.Fatal(err)
			}
			other := fmt.Sprint(listener.Addr().(*net.TCPAddr).Port)
			t.Logf("port %s is taken here, %s is used in its place", port, other)
			pairs = append(pairs, "127.0.0.1:"+port, "127.0.0.1:"+other)
		}
		if err := listener.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return strings.NewReplacer(pairs...)
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

// serve runs a command that serves, until the test ends, and returns when it
// says that it is ready.
func serve(t *testing.T, folder, command string) {
	t.Helper()
	cmd := exec.Command("sh", "-c", command)
	cmd.Dir = folder
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // "go run" has a child that must go too
	var words bytes.Buffer
	cmd.Stderr = &words
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGINT); err != nil {
			t.Error(err)
		}
		_ = cmd.Wait() // "go run" calls an interrupt a failure
	})
	giveUp := time.AfterFunc(3*time.Minute, func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) })
	defer giveUp.Stop()
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "ready on ") {
		t.Fatalf("%s\nsaid %q, %v: %s", command, line, err, words.String())
	}
}

// shell runs a command that must succeed and returns what it printed.
func shell(t *testing.T, folder, command string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sh", "-c", command)
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8")
	var words bytes.Buffer
	cmd.Stderr = &words
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s\n%v: %s%s", command, err, out, words.String())
	}
	return string(out)
}
