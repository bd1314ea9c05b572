package store

import (
	"testing"
	"time"

	"trasloco/migration"
)

// A pass that is tried again the next day has not worked all night, and neither has
// the run that failed in it.
func TestTheTimeBeforeARetryIsNoWork(t *testing.T) {
	p := newPanel(t)
	m := p.running(t, "x")
	pass, start := m.Passes[0], p.at
	p.pass(time.Minute)
	run := p.move(t, p.run(t, m, 1, 1), migration.RunConnecting)
	p.pass(10 * time.Minute)
	run = p.move(t, run, migration.RunParked)
	p.pass(time.Hour)
	run = p.move(t, run, migration.RunConnecting)
	p.pass(5 * time.Minute)
	p.move(t, run, migration.RunFailed)
	check(t, p.FinishPass(t.Context(), p.customer, &pass))
	end := p.at
	p.pass(20 * time.Hour)
	check(t, p.RetryFailed(t.Context(), p.customer, &pass, 0))
	again := p.at
	run = p.move(t, p.run(t, m, 1, 1), migration.RunConnecting)
	p.pass(7 * time.Minute)
	if got := run.Took(p.at); got != 22*time.Minute {
		t.Errorf("at work: %v", got)
	}
	p.move(t, run, migration.RunCopying, migration.RunDone)
	check(t, p.FinishPass(t.Context(), p.customer, &pass))

	got := p.reread(t, m).Passes[0]
	if !got.StartedAt.Equal(start) || !got.End().Equal(end) || !got.ReopenedAt.Equal(again) || !got.EndedAt.Equal(p.at) {
		t.Errorf("%v to %v, again %v to %v", got.StartedAt, got.End(), got.ReopenedAt, got.EndedAt)
	}
	if run := p.run(t, m, 1, 1); run.Took(p.at) != 22*time.Minute || !run.ResumedAt.IsZero() {
		t.Errorf("%+v", run)
	}
	samples := must(p.Samples(t.Context(), p.customer, pass.ID))(t)
	var rests []migration.PassStatus
	for _, s := range samples {
		rests = append(rests, s.Rest)
	}
	if len(rests) != 4 || rests[0] != "" || rests[1] != migration.PassDone || rests[2] != "" || rests[3] != migration.PassDone ||
		!samples[1].At.Equal(end) || !samples[2].At.Equal(again) {
		t.Errorf("%+v", samples)
	}
}

// What a killed program did last is the last thing that is known of it.
func TestTheTimeWithoutTheProgramIsNoWork(t *testing.T) {
	p := newPanel(t)
	m := p.running(t, "x")
	pass, start := m.Passes[0], p.at
	run := p.move(t, p.run(t, m, 1, 1), migration.RunConnecting, migration.RunCopying)
	p.pass(3 * time.Minute)
	check(t, p.AppendEntries(t.Context(), p.customer, run.ID, []migration.Entry{{At: p.at, Level: migration.Info, Code: "connected"}}))
	check(t, p.SampleRunning(t.Context()))
	p.pass(9 * time.Hour)
	check(t, p.Recover(t.Context()))
	if got := p.run(t, m, 1, 1).Took(p.at); got != 3*time.Minute {
		t.Errorf("at work: %v", got)
	}
	samples := must(p.Samples(t.Context(), p.customer, pass.ID))(t)
	if last := samples[len(samples)-1]; last.Rest != migration.PassInterrupted || !last.At.Equal(start.Add(3*time.Minute)) {
		t.Errorf("%+v", samples)
	}
}

func TestThinnedSamplesKeepTheRests(t *testing.T) {
	p := newPanel(t)
	m := p.running(t, "x")
	pass := m.Passes[0]
	for range 3 {
		for range migration.MaxSamples / 2 {
			p.pass(2 * time.Minute)
			check(t, p.SampleRunning(t.Context()))
		}
		check(t, p.PausePass(t.Context(), p.customer, &pass))
		p.pass(time.Hour)
		check(t, p.BeginPass(t.Context(), p.customer, &pass))
	}
	p.pass(10 * time.Minute)
	check(t, p.SampleRunning(t.Context()))
	samples := must(p.Samples(t.Context(), p.customer, pass.ID))(t)
	if len(samples) > migration.MaxSamples {
		t.Fatalf("%d samples", len(samples))
	}
	rested := 0
	for i := 1; i < len(samples); i++ {
		if samples[i-1].Rest == migration.PassPaused && samples[i].At.Sub(samples[i-1].At) == time.Hour {
			rested++
		}
	}
	if rested != 3 {
		t.Errorf("%d rests of an hour are left", rested)
	}
}

func TestHindrancesOfAPass(t *testing.T) {
	p := newPanel(t)
	m := p.running(t, "x")
	run := p.run(t, m, 1, 1)
	entry := func(after time.Duration, level migration.Level, code string, args migration.Args) migration.Entry {
		return migration.Entry{At: testNow.Add(after), Level: level, Code: code, Args: args}
	}
	check(t, p.AppendEntries(t.Context(), p.customer, run.ID, []migration.Entry{
		entry(0, migration.Warning, "reconnecting", migration.Args{"class": "throttled", "wait": "1h"}),
		entry(2*time.Minute, migration.Warning, "reconnecting", migration.Args{"class": "throttled", "wait": "30s"}),
		entry(3*time.Minute, migration.Warning, "reconnecting", migration.Args{"class": "transport", "wait": "x"}),
		entry(4*time.Minute, migration.Warning, "reconnecting", migration.Args{"class": "connect", "wait": "1s"}),
		entry(4*time.Minute, migration.Warning, "size_differs", nil),
		entry(5*time.Minute, migration.Failure, "run_ended", migration.Args{"status": "parked", "class": "over_quota"}),
		entry(5*time.Minute, migration.Failure, "run_ended", migration.Args{"status": "failed", "class": "login"}),
		entry(9*time.Minute, migration.Warning, "reconnecting", migration.Args{"class": "transport"}),
	}))
	from, to := testNow.Add(time.Minute), testNow.Add(8*time.Minute)
	got := must(p.Hindrances(t.Context(), p.customer, m.Passes[0].ID, from, to))(t)
	want := []migration.HindranceCause{migration.CauseThrottled, migration.CauseLost, migration.CauseUnreachable, migration.CauseParked}
	if len(got) != len(want) {
		t.Fatalf("%+v", got)
	}
	for i, h := range got {
		if h.Cause != want[i] {
			t.Errorf("%d is %s, want %s", i, h.Cause, want[i])
		}
	}
	if got[0].Until.Sub(got[0].At) != 30*time.Second || !got[1].Until.Equal(got[1].At) {
		t.Errorf("how long: %+v", got)
	}
	if foreign := must(p.Hindrances(t.Context(), p.customer+1, m.Passes[0].ID, from, to))(t); foreign != nil {
		t.Errorf("another customer reads %+v", foreign)
	}
}
