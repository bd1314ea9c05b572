// Command imapd is an IMAP server in memory, for trying Trasloco without a mail
// server at hand: one call is the old server, another the new one.
//
//	go run ./imapsync/imaptest/imapd --listen 127.0.0.1:1143 --user anna --password secret --sample
//
// It speaks plain IMAP and therefore listens on loopback only. The first line on
// standard output is "ready on HOST:PORT"; a SIGINT or SIGTERM ends it. What was
// in its mailboxes is gone then. Its manners are those of package memory.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"trasloco/imapsync/imaptest/memory"
)

type options struct {
	Listen   string   `default:"127.0.0.1:1143" help:"Loopback address and port to listen on." placeholder:"HOST:PORT"`
	User     []string `required:"" sep:"none" help:"A mailbox owner; may be given several times." placeholder:"NAME"`
	Password []string `required:"" sep:"none" help:"His password: one for each user in order, or one for all." placeholder:"WORD"`
	Sample   bool     `help:"Fill each mailbox with some forty sample messages."`
	Oversize bool     `help:"With --sample, add a message of more than 50 MB."`
}

func main() {
	var o options
	kong.Parse(&o, kong.Name("imapd"), kong.Description("An IMAP server in memory, for trying Trasloco."))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, o, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "imapd:", err)
		os.Exit(1)
	}
}

// run serves until ctx ends; then it returns nil.
func run(ctx context.Context, o options, out io.Writer) error {
	addr, err := loopback(o.Listen)
	if err != nil {
		return err
	}
	server, err := mailboxes(o, time.Now())
	if err != nil {
		return err
	}
	listener, err := net.ListenTCP("tcp", addr)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", o.Listen, err)
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	fmt.Fprintln(out, "ready on", listener.Addr())
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	if err := server.Close(); err != nil {
		return fmt.Errorf("close: %w", err)
	}
	return <-served
}

var errNotLoopback = errors.New("only a loopback address will do, passwords travel in clear")

// loopback resolves host:port and refuses what others could reach.
func loopback(listen string) (*net.TCPAddr, error) {
	addr, err := net.ResolveTCPAddr("tcp", listen)
	if err != nil {
		return nil, fmt.Errorf("listen on %q: %w", listen, err)
	}
	if !addr.IP.IsLoopback() {
		return nil, fmt.Errorf("listen on %q: %w", listen, errNotLoopback)
	}
	return addr, nil
}

var errPasswords = errors.New("want one password, or one for each user")

// mailboxes makes the users with what they own.
func mailboxes(o options, now time.Time) (*memory.Server, error) {
	if len(o.Password) != 1 && len(o.Password) != len(o.User) {
		return nil, fmt.Errorf("%d users, %d passwords: %w", len(o.User), len(o.Password), errPasswords)
	}
	server := memory.New(memory.Options{Now: now, Errors: os.Stderr})
	for i, name := range o.User {
		box, err := server.AddUser(name, o.Password[min(i, len(o.Password)-1)])
		if err == nil && o.Sample {
			err = box.FillSample(o.Oversize)
		}
		if err != nil {
			return nil, err
		}
	}
	return server, nil
}
