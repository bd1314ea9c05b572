package realserver

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/user"
	"strconv"
	"strings"
	"sync"
	"time"
)

// door decides who may log in to a server that asks for it at a unix socket, so that
// passwords can be anything and need no database.
type door struct {
	listener net.Listener
	answer   func(net.Conn) error
	guards   sync.WaitGroup
}

// openDoor answers each connection by answer, which leaves its end to the door.
func openDoor(path string, answer func(net.Conn) error) (*door, error) {
	listener, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("socket for logins: %w", err)
	}
	if err := os.Chmod(path, 0o777); err != nil {
		return nil, errors.Join(fmt.Errorf("socket for logins: %w", err), listener.Close())
	}
	d := &door{listener: listener, answer: answer}
	d.guards.Go(d.accept)
	return d, nil
}

// close waits until every guard has gone.
func (d *door) close() {
	_ = d.listener.Close()
	d.guards.Wait()
}

func (d *door) accept() {
	for {
		conn, err := d.listener.Accept()
		if err != nil {
			return
		}
		d.guards.Go(func() {
			defer func() { _ = conn.Close() }()
			_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
			_ = d.answer(conn) // who gets no answer refuses the login
		})
	}
}

// saslauthd answers Cyrus in the place of that daemon.
//
// The protocol: the client sends login, password, service and realm, each as a
// length of two octets (big endian) and the text; the answer is one such
// string that begins with "OK" or "NO".
func saslauthd(passwordOf func(user string) string) func(net.Conn) error {
	return func(conn net.Conn) error {
		var fields [4]string
		for i := range fields {
			var err error
			if fields[i], err = readCounted(conn); err != nil {
				return err
			}
		}
		user, password, realm := fields[0], fields[1], fields[3]
		if realm != "" { // the library has cut the login at its "@"
			user += "@" + realm
		}
		verdict := "NO"
		if password == passwordOf(user) {
			verdict = "OK"
		}
		_, err := conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(verdict))), verdict...))
		return err
	}
}

func readCounted(r io.Reader) (string, error) {
	var size [2]byte
	if _, err := io.ReadFull(r, size[:]); err != nil {
		return "", err
	}
	text := make([]byte, binary.BigEndian.Uint16(size[:]))
	_, err := io.ReadFull(r, text)
	return string(text), err
}

// authdaemond answers Courier in the place of that daemon. Home makes the home of a
// user who is let in.
//
// The protocol: lines about the connection, a line "AUTH n" and n octets, which are
// lines: the service, "login", the user, the password. The answer is FAIL, or what is
// known of the user, a line each, and a dot.
func authdaemond(passwordOf func(user string) string, owner *user.User, home func(user string) (string, error)) func(net.Conn) error {
	return func(conn net.Conn) error {
		request, err := readLogin(bufio.NewReader(conn))
		if err != nil {
			return err
		}
		fields := strings.Split(request, "\n")
		if len(fields) < 4 || fields[1] != "login" || fields[3] != passwordOf(fields[2]) {
			_, err := io.WriteString(conn, "FAIL\n")
			return err
		}
		folder, err := home(fields[2])
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(conn, "UID=%s\nGID=%s\nHOME=%s\nADDRESS=%s\n.\n", owner.Uid, owner.Gid, folder, fields[2])
		return err
	}
}

func readLogin(in *bufio.Reader) (string, error) {
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return "", err
		}
		count, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "AUTH ")
		if !ok {
			continue
		}
		size, err := strconv.ParseUint(count, 10, 16)
		if err != nil {
			return "", err
		}
		text := make([]byte, size)
		_, err = io.ReadFull(in, text)
		return string(text), err
	}
}
