package schedule

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"trasloco/imapsync"
	"trasloco/migration"
)

// S7: where a check found the source, or the first run if there is none, it is read
// in all passes, wherever its name leads by then.
func TestEveryPassReadsWhereTheCheckFoundTheSource(t *testing.T) {
	var mu sync.Mutex
	read := map[string][]migration.Addresses{}
	engine := &fakeEngine{addresses: func(string) migration.Addresses { return "198.51.100.1" }}
	engine.source = func(_ context.Context, job imapsync.Job) (imapsync.Findings, error) {
		found := imapsync.Findings{OK: true, Folders: 1}
		if job.Resource.Source.Auth.Login == "anna" {
			found.Addresses = "192.0.2.1"
		}
		return found, nil
	}
	engine.sync = func(_ context.Context, job imapsync.Job, report imapsync.Reporter) (migration.Tally, error) {
		mu.Lock()
		defer mu.Unlock()
		login := job.Resource.Source.Auth.Login
		read[login] = append(read[login], job.Resource.Source.Addresses)
		engine.addresses = func(string) migration.Addresses { return "203.0.113.1" } // re-pointed
		return migration.Tally{}, nil
	}
	l := newLab(t, engine, imaginary())
	l.options.Runs = 1
	m := l.submit(l.draft(l.row(1, "old.example", "bruno"), l.row(2, "old.example", "anna")))
	l.start()
	m = l.untilPass(m, 1, migration.PassDone)
	l.pass(time.Minute)
	check(t, l.s.RunNow(t.Context(), l.customer, &m))
	l.untilPass(m, 2, migration.PassDone)
	for login, want := range map[string]migration.Addresses{"anna": "192.0.2.1", "bruno": "198.51.100.1"} {
		if got := read[login]; len(got) != 2 || got[0] != want || got[1] != want {
			t.Errorf("%s was read at %q, want %q", login, got, want)
		}
	}
}

// S7: a run that stops for a certificate leaves the question with its row; one that
// does not takes it back.
func TestAChangedCertificateIsAQuestionOfItsRow(t *testing.T) {
	refused := &imapsync.Error{Side: imapsync.SourceSide, Class: imapsync.ClassCertificate, Err: &imapsync.CertificateError{Pin: "CAFE", Err: errors.New("not the pinned one")}}
	tests := []struct {
		name string
		err  error
		want string
	}{
		{"the source's", refused, "cafe"},
		{"the destination's", &imapsync.Error{Side: imapsync.DestinationSide, Class: imapsync.ClassCertificate, Err: refused.Err}, ""},
		{"none", nil, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			engine := &fakeEngine{}
			engine.sync = func(context.Context, imapsync.Job, imapsync.Reporter) (migration.Tally, error) {
				return migration.Tally{}, test.err
			}
			l := newLab(t, engine, imaginary())
			m := l.submit(l.draft(l.row(1, "old.example", "anna")))
			check(t, l.store.RefuseCertificate(t.Context(), l.customer, l.resources(m)[0].ID, "beef"))
			l.start()
			l.untilPass(m, 1, migration.PassDone)
			if got := l.resources(m)[0].Refused; got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
