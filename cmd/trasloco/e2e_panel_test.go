package main_test

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"net/mail"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/emersion/go-smtp"

	"trasloco/imapsync/imaptest/realserver"
)

// served is a panel: the built program, its folder, its place.
type served struct {
	t     testing.TB
	data  string
	flags []string

	cmd  *exec.Cmd
	said bytes.Buffer
	url  string // without a slash at the end
}

// newPanel starts the program's panel in an empty folder. It ends with the test
// at the latest.
func newPanel(t testing.TB, flags ...string) *served {
	t.Helper()
	ports, err := realserver.FreePorts(1)
	if err != nil {
		t.Fatal(err)
	}
	s := &served{t: t, data: filepath.Join(t.TempDir(), "data"), url: "http://127.0.0.1:" + strconv.Itoa(ports[0])}
	s.flags = append(flags, "--public-url", s.url)
	s.start()
	t.Cleanup(func() {
		if s.cmd != nil {
			s.signal(syscall.SIGKILL)
		}
		if t.Failed() {
			t.Logf("the panel said: %s", clip(s.said.String()))
		}
	})
	return s
}

// start starts the program and returns when it answers.
func (s *served) start() {
	s.t.Helper()
	binary, err := built()
	if err != nil {
		s.t.Fatal(err)
	}
	s.cmd = exec.Command(binary, append([]string{"serve", "--data", s.data, "--listen", strings.TrimPrefix(s.url, "http://"), "--allow-private"}, s.flags...)...)
	s.cmd.Stderr = &s.said
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || strings.TrimSpace(line) != s.url+"/" {
		_ = s.cmd.Wait()
		s.t.Fatalf("serve said %q, %v: %s", line, err, s.said.String())
	}
}

// signal ends the panel and returns how: its exit code, -1 if it was killed.
func (s *served) signal(signal syscall.Signal) int {
	s.t.Helper()
	if err := s.cmd.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		s.t.Fatal(err)
	}
	var exit *exec.ExitError
	if err := s.cmd.Wait(); err != nil && !errors.As(err, &exit) {
		s.t.Fatal(err)
	}
	code := s.cmd.ProcessState.ExitCode()
	s.cmd = nil
	return code
}

// kill is kill -9.
func (s *served) kill() { s.t.Helper(); s.signal(syscall.SIGKILL) }

// sink is a mail server that keeps what it is sent.
type sink struct {
	address string
	// hold, if set, is asked before a message is answered with 250.
	hold func()

	mu      sync.Mutex
	letters []letter
	// no is how many letters more are refused for now, nos how many were.
	no, nos int
}

// refuse refuses the next letters, as a server that is busy does.
func (s *sink) refuse(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.no = n
}

func (s *sink) refused() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.nos
}

type letter struct{ id, to, subject, raw string }

func newSink(t testing.TB) *sink {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &sink{address: listener.Addr().String()}
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &sinkSession{sink: s}, nil }))
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
		_ = listener.Close() // Close does not know of it if Serve has not begun yet
		if err := <-served; err != nil && !errors.Is(err, smtp.ErrServerClosed) {
			t.Error(err)
		}
	})
	return s
}

// flags make a panel send its notices here.
func (s *sink) flags() []string {
	return []string{"--smtp-server", s.address, "--smtp-tls", "none", "--smtp-from", "panel@example.net"}
}

func (s *sink) all() []letter {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]letter(nil), s.letters...)
}

type sinkSession struct {
	sink *sink
	to   []string
}

func (s *sinkSession) Reset()                               { s.to = nil }
func (s *sinkSession) Logout() error                        { return nil }
func (s *sinkSession) Mail(string, *smtp.MailOptions) error { return nil }

func (s *sinkSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = append(s.to, to)
	return nil
}

func (s *sinkSession) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	message, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return err
	}
	s.sink.mu.Lock()
	if s.sink.no > 0 {
		s.sink.no, s.sink.nos = s.sink.no-1, s.sink.nos+1
		s.sink.mu.Unlock()
		return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "try again later"}
	}
	s.sink.letters = append(s.sink.letters, letter{
		message.Header.Get("Message-ID"), strings.Join(s.to, ","), message.Header.Get("Subject"), string(raw),
	})
	hold := s.sink.hold
	s.sink.mu.Unlock()
	if hold != nil {
		hold()
	}
	return nil
}

// certificates writes the authorities of servers into one file for --ca.
func certificates(t testing.TB, servers ...*realserver.Server) string {
	t.Helper()
	var all []byte
	for _, server := range servers {
		all = append(all, server.CA...)
	}
	file := filepath.Join(t.TempDir(), "authorities.pem")
	if err := os.WriteFile(file, all, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
