package handlers

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"time"

	"trasloco/migration"
)

// clock is what a panel takes for the time. Only the test moves it.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// logBook keeps what the panel logs.
type logBook struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write adds to the book.
func (l *logBook) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(line)
}

// String returns all that was logged.
func (l *logBook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// fakeDesk notes what it is asked for, and answers as the test says.
type fakeDesk struct {
	mu    sync.Mutex
	asked []string // "pause M-4K7QZ", …
	err   error    // the answer to all that concerns a migration

	tested     migration.Destination // by the last TestDestination
	mailbox    string
	serverTest migration.ServerTest
}

func (d *fakeDesk) note(what string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asked = append(d.asked, what)
	return d.err
}

// calls returns what the desk was asked for, in order.
func (d *fakeDesk) calls() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]string(nil), d.asked...)
}

func (d *fakeDesk) Wake() { _ = d.note("wake") }

func (d *fakeDesk) Pause(_ context.Context, _ int64, m *migration.Migration) error {
	return d.note("pause " + m.Code)
}

func (d *fakeDesk) Resume(_ context.Context, _ int64, m *migration.Migration) error {
	return d.note("resume " + m.Code)
}

func (d *fakeDesk) Cancel(_ context.Context, _ int64, m *migration.Migration) error {
	return d.note("cancel " + m.Code)
}

func (d *fakeDesk) RunNow(_ context.Context, _ int64, m *migration.Migration) error {
	return d.note("run now " + m.Code)
}

func (d *fakeDesk) Retry(_ context.Context, _ int64, m *migration.Migration, row int) error {
	return d.note(fmt.Sprintf("retry %d of %s", row, m.Code))
}

func (d *fakeDesk) GoOn(_ context.Context, _ int64, m *migration.Migration, host string) error {
	return d.note("go on at " + host + " with " + m.Code)
}

func (d *fakeDesk) LookAgain(_ context.Context, _ int64, m *migration.Migration) error {
	return d.note("look again with " + m.Code)
}

func (d *fakeDesk) ReadMX(_ context.Context, _ int64, m *migration.Migration) error {
	return d.note("read MX " + m.Code)
}

func (d *fakeDesk) TestDestination(_ context.Context, server migration.Destination, mailbox string) (migration.ServerTest, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.tested, d.mailbox = server, mailbox
	return d.serverTest, nil
}

// fakeFeed says once that something is there, and then that nothing changes.
type fakeFeed struct{}

func (fakeFeed) Watch(ctx context.Context, _ int64, tell func([]migration.Progress) error) error {
	if err := tell(nil); err != nil {
		return err
	}
	<-ctx.Done()
	return ctx.Err()
}
