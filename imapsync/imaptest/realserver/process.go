package realserver

import (
	"bufio"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is one server program with its children, which form a process group
// of their own, and the folder they work in.
type process struct {
	command *exec.Cmd
	folder  string
	logs    []string // files in folder that hold the server's words
	ended   chan struct{}
	beside  *process // another program of the same server, which ends with this one
}

// launch starts a program in a folder made by workFolder. The program must stay
// in the foreground.
func launch(folder string, command *exec.Cmd, logs ...string) (*process, error) {
	output, err := os.OpenFile(filepath.Join(folder, "output"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, fmt.Errorf("log of %s: %w", command.Path, err)
	}
	defer func() { _ = output.Close() }()
	command.Stdout, command.Stderr, command.Dir = output, output, folder
	command.SysProcAttr = ownGroup()
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", command.Path, err)
	}
	p := &process{command: command, folder: folder, logs: append(logs, "output"), ended: make(chan struct{})}
	go func() {
		defer close(p.ended)
		_ = command.Wait() // its words are in the log
	}()
	return p, nil
}

var errEnded = errors.New("the server ended")

// awaitGreeting returns when the server at address greets with a line that
// holds mark, so that it is this server and none that took the port before it.
func (p *process) awaitGreeting(address, mark string) error {
	deadline := time.Now().Add(startTimeout)
	for {
		line, err := greeting(address)
		if err == nil && strings.Contains(line, mark) {
			return nil
		}
		select {
		case <-p.ended:
			return errEnded
		case <-time.After(5 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("no greeting from %s in %s: %q, %w", address, startTimeout, line, err)
		}
	}
}

func greeting(address string) (string, error) {
	conn, err := net.DialTimeout("tcp", address, time.Second)
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(startTimeout)); err != nil {
		return "", err
	}
	return bufio.NewReader(conn).ReadString('\n')
}

// stop ends the server, whose mail nobody will miss, and removes the folder.
func (p *process) stop() error {
	if p.beside != nil {
		p.beside.end()
	}
	p.end()
	var err error
	for range 100 { // a child that was killed while it wrote may need a moment to end
		if err = os.RemoveAll(p.folder); err == nil {
			return nil
		}
		time.Sleep(10 * time.Millisecond)
	}
	return fmt.Errorf("remove the server's folder: %w", err)
}

// end ends the program and its children.
func (p *process) end() {
	group := -p.command.Process.Pid
	_ = syscall.Kill(group, syscall.SIGTERM) // it may have ended by itself
	select {
	case <-p.ended:
	case <-time.After(time.Second):
	}
	_ = syscall.Kill(group, syscall.SIGKILL) // whoever is left
	<-p.ended
}

// lastWords returns the end of what the server wrote to its logs.
func (p *process) lastWords() string {
	const enough = 8 << 10
	var words strings.Builder
	for _, name := range p.logs {
		text, err := os.ReadFile(filepath.Join(p.folder, name))
		if err == nil && len(text) > 0 {
			fmt.Fprintf(&words, "%s: %s\n", name, text[max(0, len(text)-enough):])
		}
	}
	return words.String()
}

// workFolder makes a folder that the server's user can enter. Its path is
// short, because the path of a unix socket must be. As root this rules out
// t.TempDir, whose parent only root may enter, and perhaps $TMPDIR.
func workFolder(kind Kind) (string, error) {
	base := os.TempDir()
	if asRoot() && !enterable(base) {
		base = "/tmp"
	}
	folder, err := os.MkdirTemp(base, "trasloco-"+string(kind)+"-")
	if err != nil {
		return "", fmt.Errorf("folder for %s: %w", kind, err)
	}
	return folder, os.Chmod(folder, 0o755)
}

// enterable reports whether anybody may walk down to path.
func enterable(path string) bool {
	for ; ; path = filepath.Dir(path) {
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm()&0o001 == 0 {
			return false
		}
		if path == filepath.Dir(path) {
			return true
		}
	}
}

// FreePorts returns ports nobody listens on, outside the range from which the
// kernel takes ports for outgoing connections: a server that is started there,
// ended and started again finds its port free.
func FreePorts(n int) ([]int, error) {
	var ports []int
	for range 1000 {
		port := 20000 + rand.IntN(10000)
		listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil || slices.Contains(ports, port) {
			continue
		}
		_ = listener.Close()
		if ports = append(ports, port); len(ports) == n {
			return ports, nil
		}
	}
	return nil, fmt.Errorf("no %d free ports on loopback", n)
}

func asRoot() bool { return os.Geteuid() == 0 }
