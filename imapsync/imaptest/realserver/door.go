package realserver

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// door decides who may log in to a Cyrus: it answers on a unix socket in the
// place of saslauthd, so that passwords can be anything and need no database.
//
// The protocol: the client sends login, password, service and realm, each as a
// length of two octets (big endian) and the text; the answer is one such
// string that begins with "OK" or "NO".
type door struct {
	listener net.Listener
	password func(user string) string
	guards   sync.WaitGroup
}

func openDoor(path string, password func(user string) string) (*door, error) {
	listener, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("socket for logins: %w", err)
	}
	if err := os.Chmod(path, 0o777); err != nil {
		return nil, errors.Join(fmt.Errorf("socket for logins: %w", err), listener.Close())
	}
	d := &door{listener: listener, password: password}
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
		d.guards.Go(func() { d.answer(conn) })
	}
}

func (d *door) answer(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	var fields [4]string
	for i := range fields {
		var err error
		if fields[i], err = readCounted(conn); err != nil {
			return
		}
	}
	user, password, realm := fields[0], fields[1], fields[3]
	if realm != "" { // the library has cut the login at its "@"
		user += "@" + realm
	}
	verdict := "NO"
	if password == d.password(user) {
		verdict = "OK"
	}
	_, _ = conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(verdict))), verdict...))
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
