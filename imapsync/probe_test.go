package imapsync_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"trasloco/imapsync"
	"trasloco/imapsync/imaptest"
	"trasloco/migration"
)

func prober() *imapsync.Engine { return imapsync.New(imapsync.Options{AllowPrivate: true}) }

func stagesOf(test migration.ServerTest) (stages []string) {
	for _, step := range test.Steps {
		stages = append(stages, step.Stage)
		if step.Took < 0 {
			stages = append(stages, "back in time")
		}
	}
	return stages
}

func TestAProbeTellsWhatTheServerIs(t *testing.T) {
	account := imaptest.NewAccount(t, imaptest.AccountOptions{
		Prefix: "INBOX.", Delimiter: ".", Quota: 100 << 10, Master: "mover", MasterPassword: "pw",
	})
	account.Folder("INBOX").Add(imaptest.Message{Body: make([]byte, 10<<10)})
	ep := account.Endpoint()
	ep.Auth = migration.Auth{Kind: migration.AuthMaster, Login: "anna", Master: "mover", Password: migration.NewSecret("pw")}
	test, err := prober().Probe(t.Context(), ep)
	if err != nil || !test.OK() {
		t.Fatalf("%+v, %v", test, err)
	}
	if got := stagesOf(test); !slices.Equal(got, []string{"connect", "greeting", "login", "namespace", "quota"}) {
		t.Errorf("stages %v", got)
	}
	if test.Prefix != "INBOX." || test.Delimiter != "." || test.QuotaUsed != 10<<10 || test.QuotaLimit != 100<<10 ||
		!test.Can("UIDPLUS") || test.Can("MOVE") || test.Greeting != "ready" || test.Steps[0].Detail != account.Addr() || test.RoundTrip <= 0 {
		t.Errorf("%+v", test)
	}
	if changes := account.Changes(); len(changes) > 0 {
		t.Errorf("the probe changed something: %v", changes)
	}
}

func TestAProbeNamesTheStepThatFails(t *testing.T) {
	account := imaptest.NewAccount(t, imaptest.AccountOptions{})
	rude := imaptest.NewAccount(t, imaptest.AccountOptions{Greeting: "* BYE go away"})
	with := func(change func(ep *migration.Endpoint)) migration.Endpoint {
		ep := account.Endpoint()
		change(&ep)
		return ep
	}
	tests := []struct {
		name         string
		ep           migration.Endpoint
		stage, class string
		said         bool
	}{
		{"a wrong password", with(func(ep *migration.Endpoint) { ep.Auth.Password = migration.NewSecret("no") }), "login", "login", true},
		{"no TLS there", with(func(ep *migration.Endpoint) { ep.TLS = migration.TLSStartTLS }), "tls", "no_tls", false},
		{"nobody listens", with(func(ep *migration.Endpoint) { ep.Port = 1 }), "connect", "connect", false},
		{"a server that greets with BYE", rude.Endpoint(), "greeting", "greeting", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			test, err := prober().Probe(t.Context(), tt.ep)
			if err != nil || test.OK() {
				t.Fatalf("%+v, %v", test, err)
			}
			last := test.Steps[len(test.Steps)-1]
			if last.Stage != tt.stage || last.OK || test.Class != tt.class || test.Detail == "" || (test.ServerText != "") != tt.said {
				t.Errorf("%+v", test)
			}
		})
	}
}

func TestAProbeTriesBothFormsOfAMasterUserAndShowsOneConnection(t *testing.T) {
	account := imaptest.NewAccount(t, imaptest.AccountOptions{Master: "mover", MasterPassword: "pw", Faults: []imaptest.Fault{
		{Command: "LOGIN", Reply: "NO [AUTHENTICATIONFAILED] no"},
	}})
	ep := account.Endpoint()
	ep.Auth = migration.Auth{Kind: migration.AuthMaster, Login: "anna", Master: "mover", Password: migration.NewSecret("pw")}
	test, err := prober().Probe(t.Context(), ep)
	if err != nil || !test.OK() {
		t.Fatalf("%+v, %v", test, err)
	}
	if got := stagesOf(test); !slices.Equal(got, []string{"connect", "greeting", "login", "namespace", "quota"}) {
		t.Errorf("stages %v", got)
	}
}

func TestTheEndOfTheContextIsNoFinding(t *testing.T) {
	account := imaptest.NewAccount(t, imaptest.AccountOptions{Faults: []imaptest.Fault{{Command: "LOGIN", Silent: true}}})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := prober().Probe(ctx, account.Endpoint()); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("probe: %v", err)
	}
}
