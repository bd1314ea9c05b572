package imapsync_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"trasloco/imapsync"
	"trasloco/imapsync/imaptest"
	"trasloco/migration"
)

// stumbling is a journal that panics in one of its methods.
type stumbling struct {
	imapsync.Journal
	at string
}

func (j stumbling) reach(method string) {
	if j.at == method {
		panic("index out of range")
	}
}

func (j stumbling) Pairs(ctx context.Context) ([]migration.FolderPair, error) {
	j.reach("Pairs")
	return j.Journal.Pairs(ctx)
}

func (j stumbling) SavePair(ctx context.Context, p *migration.FolderPair) error {
	j.reach("SavePair")
	return j.Journal.SavePair(ctx, p)
}

func (j stumbling) Settle(ctx context.Context, b migration.Batch, states []migration.MessageState, next uint32) error {
	j.reach("Settle")
	return j.Journal.Settle(ctx, b, states, next)
}

// noisy is a reporter that panics at an entry.
type noisy struct {
	recorder
	at string
}

func (n *noisy) Entry(e migration.Entry) {
	if e.Code == n.at {
		panic("index out of range")
	}
	n.recorder.Entry(e)
}

// Wherever the engine stumbles, in whichever of its goroutines, that run ends by it and
// the process does not. Nobody waits for ever for the one that stumbled.
func TestAPanicIsTheFailureOfItsRun(t *testing.T) {
	tests := []struct {
		name, journal, entry string
		dst                  imaptest.AccountOptions
	}{
		{"while the run is opened", "Pairs", "", imaptest.AccountOptions{}},
		{"while it connects", "", "connected", imaptest.AccountOptions{}},
		{"while trees are told", "", "trees", imaptest.AccountOptions{}},
		{"while folders are made", "SavePair", "", imaptest.AccountOptions{}},
		{"while messages are read", "", "reconnecting", imaptest.AccountOptions{}},
		{"in the only lane", "Settle", "", imaptest.AccountOptions{}},
		{"in one of several lanes", "Settle", "", imaptest.AccountOptions{Without: []string{"LITERAL+"}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newStory(t, imaptest.AccountOptions{}, test.dst)
			s.src.SetFaults(imaptest.Fault{Command: "UID FETCH", Nth: 1, Reply: "NO [THROTTLED] slow down"}) // which the reader tells
			for i := range 40 {
				s.fill("Work", mail(i, "hello"))
			}
			e := imapsync.New(imapsync.Options{TempDir: s.temp, AllowPrivate: true, Patience: s.patience, Timeouts: s.timeouts})
			_, err := e.Sync(t.Context(), s.job(), stumbling{s.journal, test.journal}, &noisy{at: test.entry})
			var stumbled *imapsync.PanicError
			if known := errorOf(err); known == nil || known.Class != imapsync.ClassInternal || !errors.As(err, &stumbled) ||
				!strings.Contains(string(stumbled.Stack), "fence_test.go") || strings.Contains(err.Error(), "goroutine") {
				t.Fatalf("got %v", err)
			}
			s.src.SetFaults()
			s.mustRun()
			s.checkWhole()
		})
	}
}
