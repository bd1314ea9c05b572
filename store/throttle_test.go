package store

import (
	"testing"
	"time"
)

const (
	account = "account:ada@rossi.example"
	network = "net:192.0.2.0/24"
)

func (p panel) fail(t *testing.T, times int, keys ...string) {
	t.Helper()
	for range times {
		check(t, p.LoginFailed(t.Context(), keys...))
	}
}

func (p panel) wantWait(t *testing.T, want time.Duration, keys ...string) {
	t.Helper()
	if got := must(p.LoginWait(t.Context(), keys...))(t); got != want {
		t.Errorf("%v waits %v, want %v", keys, got, want)
	}
}

func TestTheWaitGrowsWithTheFailures(t *testing.T) {
	p := newPanel(t)
	p.wantWait(t, 0, account)
	wants := []time.Duration{0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900}
	for i, seconds := range wants {
		p.fail(t, 1, account)
		p.wantWait(t, seconds*time.Second, account)
		if t.Failed() {
			t.Fatalf("after failure %d", i+1)
		}
	}
}

// One who fails in an office does not keep the others out for long.
func TestANetworkNeverWaitsLong(t *testing.T) {
	p := newPanel(t)
	p.fail(t, 11, network)
	p.wantWait(t, 32*time.Second, network)
	p.fail(t, 30, network)
	p.wantWait(t, time.Minute, network)
}

func TestTheWaitRunsOutAndTheNextFailureDoublesIt(t *testing.T) {
	p := newPanel(t)
	p.fail(t, 8, account)
	p.pass(3 * time.Second)
	p.wantWait(t, time.Second, account)
	p.pass(time.Minute)
	p.wantWait(t, 0, account)
	p.fail(t, 1, account)
	p.wantWait(t, 8*time.Second, account)
}

func TestTheLongestWaitOfTheKeysCounts(t *testing.T) {
	p := newPanel(t)
	p.fail(t, 6, account, network)
	p.fail(t, 2, network)
	p.wantWait(t, time.Second, account)
	p.wantWait(t, 4*time.Second, account, network)
	p.wantWait(t, 4*time.Second, network, account)
	p.wantWait(t, 0, "account:bob@rossi.example")
	p.wantWait(t, 0)
}

func TestASuccessForgetsTheAccountAndNotTheNetwork(t *testing.T) {
	p := newPanel(t)
	p.fail(t, 7, account, network)
	check(t, p.LoginSucceeded(t.Context(), account, network))
	p.wantWait(t, 0, account)
	p.wantWait(t, 2*time.Second, network)
	p.fail(t, 5, account)
	p.wantWait(t, 0, account)
}

func TestAnotherSpellingOfAnAddressDoesNotCountApart(t *testing.T) {
	p := newPanel(t)
	p.fail(t, 3, account)
	p.fail(t, 3, "account:ADA@Rossi.Example")
	p.wantWait(t, time.Second, account)
}

func TestTheThrottleOutlivesARestart(t *testing.T) {
	p := newPanel(t)
	p.fail(t, 9, account)
	check(t, p.Close())
	p.Store = openStore(t, p.dir) // its clock stands still at the same moment
	p.wantWait(t, 8*time.Second, account)
	p.fail(t, 1, account)
	p.wantWait(t, 16*time.Second, account)
}

func TestFailuresAreForgottenADayAfterTheLast(t *testing.T) {
	p := newPanel(t)
	p.fail(t, 9, account, network)
	p.pass(forgetAfter)
	p.fail(t, 1, account)
	p.wantWait(t, 16*time.Second, account)
	p.pass(forgetAfter + time.Second)
	p.fail(t, 1, account)
	p.wantWait(t, 0, account)
	if n := count(t, p.Store, "login_throttle"); n != 1 {
		t.Errorf("%d keys are remembered, want 1", n)
	}
}

func TestAClockThatWasSetBackLocksNobodyOutForLong(t *testing.T) {
	p := newPanel(t)
	p.fail(t, 6, account)
	p.pass(-365 * 24 * time.Hour)
	p.wantWait(t, mostWait, account)
}

func TestWhatWasTypedForAnAddressIsNotStored(t *testing.T) {
	p := newPanel(t)
	p.fail(t, 6, "account:hunter2")
	if found := holding(t, p.dir, "hunter2"); found != nil {
		t.Errorf("in clear: %v", found)
	}
}
