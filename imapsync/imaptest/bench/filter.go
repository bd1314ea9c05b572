package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"regexp"
	"strconv"
	"sync"
)

// edit changes a line of the server, with its CRLF, and the literal it
// announces, if any.
type edit func(line, literal []byte) (newLine, newLiteral []byte)

// filter passes IMAP connections on to a server and edits what the server says.
type filter struct {
	listener net.Listener
	target   string
	edit     edit
	cancel   context.CancelFunc
	work     sync.WaitGroup
}

// startFilter listens on loopback. Close ends it.
func startFilter(target string, edit edit) (*filter, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen on loopback: %w", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	f := &filter{listener: listener, target: target, edit: edit, cancel: cancel}
	f.work.Go(func() { f.accept(ctx) })
	return f, nil
}

func (f *filter) address() string { return f.listener.Addr().String() }

// Close breaks all connections and waits for their end.
func (f *filter) Close() {
	_ = f.listener.Close()
	f.cancel()
	f.work.Wait()
}

func (f *filter) accept(ctx context.Context) {
	for {
		client, err := f.listener.Accept()
		if err != nil {
			return
		}
		f.work.Go(func() { f.serve(ctx, client) })
	}
}

func (f *filter) serve(ctx context.Context, client net.Conn) {
	server, err := net.Dial("tcp", f.target)
	if err != nil {
		_ = client.Close()
		return
	}
	hangUp := func() { _ = client.Close(); _ = server.Close() }
	defer context.AfterFunc(ctx, hangUp)()
	var commands sync.WaitGroup
	commands.Go(func() {
		_, _ = io.Copy(server, client)
		_ = server.(*net.TCPConn).CloseWrite()
	})
	_ = f.answers(bufio.NewReaderSize(server, 64<<10), bufio.NewWriterSize(client, 64<<10)) // the client sees the end
	hangUp()
	commands.Wait()
}

// answers edits one direction. What was read is passed on before it waits.
func (f *filter) answers(in *bufio.Reader, out *bufio.Writer) error {
	for {
		if in.Buffered() == 0 {
			if err := out.Flush(); err != nil {
				return err
			}
		}
		line, err := in.ReadBytes('\n')
		if err != nil {
			_, _ = out.Write(line)
			return errors.Join(err, out.Flush())
		}
		literal := make([]byte, literalSize(line))
		if _, err := io.ReadFull(in, literal); err != nil {
			return err
		}
		line, literal = f.edit(line, literal)
		_, _ = out.Write(line) // a bufio.Writer keeps its first error for Flush
		_, _ = out.Write(literal)
	}
}

var literalEnd = regexp.MustCompile(`\{(\d+)\}\r\n$`)

// literalSize is the size of the literal that follows a line, or 0.
func literalSize(line []byte) int {
	found := literalEnd.FindSubmatch(line)
	if found == nil {
		return 0
	}
	size, err := strconv.Atoi(string(found[1]))
	if err != nil {
		return 0
	}
	return size
}

// withoutExtensions takes the extensions that spare an APPEND its round trips
// out of a server's capabilities, so that clients do without.
func withoutExtensions(line, literal []byte) (newLine, newLiteral []byte) {
	if !bytes.HasPrefix(line, []byte("* CAPABILITY ")) && !bytes.Contains(line, []byte("[CAPABILITY ")) {
		return line, literal
	}
	for _, name := range []string{" LITERAL+", " LITERAL-", " MULTIAPPEND"} {
		line = bytes.ReplaceAll(line, []byte(name), nil)
	}
	return line, literal
}

var tuid = regexp.MustCompile(`(?m)^X-TUID: .*\r\n`)

// withoutTUID takes out the header line that mbsync adds to every message it
// copies, and corrects the message's size.
func withoutTUID(line, literal []byte) (newLine, newLiteral []byte) {
	head, _, _ := bytes.Cut(literal, []byte("\r\n\r\n"))
	found := tuid.FindIndex(head[:min(len(head)+2, len(literal))])
	if found == nil || !bytes.Contains(line, []byte("BODY[]")) {
		return line, literal
	}
	was := strconv.Itoa(len(literal))
	literal = append(literal[:found[0]:found[0]], literal[found[1]:]...)
	now := strconv.Itoa(len(literal))
	line = bytes.Replace(line, []byte("RFC822.SIZE "+was+" "), []byte("RFC822.SIZE "+now+" "), 1)
	return bytes.Replace(line, []byte("{"+was+"}"), []byte("{"+now+"}"), 1), literal
}
