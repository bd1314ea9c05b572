package realserver_test

import (
	"fmt"
	"iter"
	"maps"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"trasloco/imapsync/imaptest/audit"
	"trasloco/imapsync/imaptest/mailgen"
	"trasloco/imapsync/imaptest/realserver"
)

// checkArrived compares what was sent with what the server gives back.
func checkArrived(t *testing.T, server *realserver.Server, user string, loaded realserver.Loaded) {
	t.Helper()
	got, err := server.Snapshot(user)
	if err != nil {
		t.Fatal(err)
	}
	rules := audit.Rules{Stored: audit.Form(server.Kind), OwnFolders: true}
	for i, difference := range audit.Compare(loaded.Sent, got, rules) {
		if i == 20 {
			t.Fatal("… and more")
		}
		t.Error(difference)
	}
}

// TestHowServersStoreOddMail measures what audit.AsDovecot, audit.AsCyrus and
// the comment of StartCyrus say.
func TestHowServersStoreOddMail(t *testing.T) {
	const nul, lf, header = "NO Message contains NUL characters", "NO Message contains bare newlines", "NO Message contains invalid header"
	wanted := map[string]map[string]string{
		"dovecot": {},
		"cyrus": {
			"004": header, "007": header, "055": header, "056": header, "057": header,
			"011": nul, "012": nul, "013": nul, "026": nul, "077": nul,
			"014": lf, "015": lf, "016": lf, "020": lf, "024": lf, "076": lf,
		},
	}
	for name, start := range starters() {
		t.Run(name, func(t *testing.T) {
			server := start(t, realserver.Options{})
			loaded, err := server.Load("anna", nil, valid(t, mailgen.Corpus("../../../testdata/weird-made")))
			if err != nil {
				t.Fatal(err)
			}
			refused := map[string]string{}
			for _, r := range loaded.Refused {
				refused[r.Trait[:3]] = r.Text
			}
			if !maps.Equal(refused, wanted[name]) {
				t.Errorf("refused are\n%v, want\n%v", refused, wanted[name])
			}
			if count := loaded.Sent.Count() + len(refused); count != 80 {
				t.Errorf("%d messages were sent, want 80", count)
			}
			checkArrived(t, server, "anna", loaded)
		})
	}
}

// valid ends the test at the first error of a corpus.
func valid(t *testing.T, messages iter.Seq2[mailgen.Message, error]) iter.Seq[mailgen.Message] {
	return func(yield func(mailgen.Message) bool) {
		for message, err := range messages {
			if err != nil {
				t.Fatal(err)
			}
			if !yield(message) {
				return
			}
		}
	}
}

// TestRandomLineEnds sends every kind of neighbourhood of CR, LF and NUL.
func TestRandomLineEnds(t *testing.T) {
	for name, start := range starters() {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			server := start(t, realserver.Options{})
			loaded, err := server.Load("anna", nil, func(yield func(mailgen.Message) bool) {
				for i := range 600 {
					raw := []byte([]string{"", "Subject: x\r\n\r\n"}[i%2])
					for range 1 + r.IntN(12) {
						raw = append(raw, "\r\r\n\x00a\x80:"[r.IntN(7)])
					}
					m := mailgen.Message{Folder: []string{fmt.Sprint("box ", i%9)}, Raw: raw, Date: time.Unix(1e9+int64(i), 0)}
					if !yield(m) {
						return
					}
				}
			})
			if err != nil {
				t.Fatal(err)
			}
			if least := map[string]int{"dovecot": 600, "cyrus": 80}[name]; loaded.Sent.Count() < least {
				t.Errorf("%d messages were taken, want %d at least", loaded.Sent.Count(), least)
			}
			checkArrived(t, server, "anna", loaded)
		})
	}
}

func TestGeneratedMailboxesArrive(t *testing.T) {
	for _, test := range []struct {
		name    string
		start   func(testing.TB, realserver.Options) *realserver.Server
		options realserver.Options
		take    func([]string) bool
	}{
		{"at dovecot with a slash", realserver.Dovecot, realserver.Options{}, mailgen.ForDovecot},
		{"at dovecot with a dot", realserver.Dovecot, realserver.Options{Separator: ".", Prefix: "INBOX."}, mailgen.ForMaildir},
		{"at cyrus with a slash", realserver.Cyrus, realserver.Options{}, mailgen.ForCyrus},
		{"at cyrus with a dot", realserver.Cyrus, realserver.Options{Separator: "."}, mailgen.ForCyrus},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := test.start(t, test.options)
			box := mailgen.New(11, mailgen.Options{Messages: 150, MedianSize: 3000, Hostile: true, Take: test.take})
			loaded, err := server.Load("anna", box.Folders(), box.Messages())
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range loaded.Refused {
				if server.Kind == realserver.KindDovecot || r.Trait == "" || !strings.HasPrefix(r.Text, "NO Message contains") {
					t.Errorf("refused %q in %q: %s", r.Trait, r.Folder, r.Text)
				}
			}
			if got := loaded.Sent.Count() + len(loaded.Refused); got != box.Count() {
				t.Errorf("%d messages were sent, want %d", got, box.Count())
			}
			checkArrived(t, server, "anna", loaded)
		})
	}
}
