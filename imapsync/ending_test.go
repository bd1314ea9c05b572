package imapsync

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"trasloco/migration"
)

func TestEndingOf(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	broken := errors.New("broken")
	of := func(class Class, after time.Duration) error {
		return fmt.Errorf("joined: %w", &Error{Side: DestinationSide, Class: class, RetryAfter: after, Err: broken})
	}
	said := "destination: broken"
	live := context.Background()
	ended, cancel := context.WithCancel(live)
	cancel()
	tests := []struct {
		name string
		ctx  context.Context
		err  error
		want Ending
	}{
		{"all went well", live, nil, Ending{Status: migration.RunDone}},
		{"it was done before it was stopped", ended, nil, Ending{Status: migration.RunDone}},
		{"it was stopped", ended, context.Canceled, Ending{Status: migration.RunInterrupted}},
		{"something broke while it stopped", ended, of(ClassLogin, 0), Ending{Status: migration.RunInterrupted}},
		{"the login is refused", live, of(ClassLogin, 0), Ending{Status: migration.RunFailed, Class: ClassLogin, Detail: said}},
		{"an error of our own", live, broken, Ending{Status: migration.RunFailed, Class: ClassInternal, Detail: "broken"}},
		{
			"a server asks for patience, and gets a tenth more (X-2)", live, of(ClassThrottled, 50*time.Minute),
			Ending{Status: migration.RunParked, RetryAt: now.Add(55 * time.Minute), Class: ClassThrottled, Detail: said},
		},
		{
			"a server is out of reach", live, of(ClassTransport, 0),
			Ending{Status: migration.RunParked, RetryAt: now.Add(time.Hour), Class: ClassTransport, Detail: said},
		},
		{
			"the mailbox is full", live, of(ClassOverQuota, 0),
			Ending{Status: migration.RunParked, Class: ClassOverQuota, Detail: said},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := EndingOf(tt.ctx, tt.err, now); got != tt.want {
				t.Errorf("%+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestNotesAreTakenOnceAndInOrder(t *testing.T) {
	var n Notes
	entry := func(code string) migration.Entry { return migration.Entry{Code: code} }
	if _, _, begun := n.Latest(); begun {
		t.Error("progress before any was told")
	}
	n.Entry(entry("a"))
	n.Message(migration.Outcome{UID: 1})
	n.Progress("INBOX", migration.Tally{Copied: 1})
	n.Progress("Sent", migration.Tally{Copied: 2})
	entries, outcomes := n.Take()
	n.Entry(entry("b"))
	n.Message(migration.Outcome{UID: 2})
	n.Untake(entries, outcomes)
	entries, outcomes = n.Take()
	if !reflect.DeepEqual(entries, []migration.Entry{entry("a"), entry("b")}) || len(outcomes) != 2 || outcomes[0].UID != 1 {
		t.Errorf("%+v %+v", entries, outcomes)
	}
	if entries, outcomes = n.Take(); len(entries)+len(outcomes) > 0 {
		t.Errorf("taken twice: %+v %+v", entries, outcomes)
	}
	if folder, tally, begun := n.Latest(); folder != "Sent" || tally.Copied != 2 || !begun {
		t.Errorf("%s %+v %v", folder, tally, begun)
	}
}

// A rest longer than a run has patience for is taken parked: the connection would be
// gone before its end, and the place is somebody else's meanwhile.
func TestALongRestIsTakenParked(t *testing.T) {
	now := time.Date(2026, 11, 26, 10, 0, 0, 0, time.UTC)
	r := &run{engine: New(Options{Now: func() time.Time { return now }})}
	for after, want := range map[time.Duration]bool{0: false, 5 * time.Minute: false, 30 * time.Minute: false, 50 * time.Minute: true} {
		if got := r.outOfPatience(&Error{Side: SourceSide, Class: ClassThrottled, RetryAfter: after}); got != want {
			t.Errorf("%v: %v", after, got)
		}
	}
}
