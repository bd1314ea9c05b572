package store

import (
	"testing"
	"time"

	"trasloco/migration"
)

func TestSamplesOfALongPassAreThinnedAndLieFartherApart(t *testing.T) {
	p := newPanel(t)
	m := p.running(t, "x", "anna")
	pass := m.Passes[0]
	start := p.at
	for range 3 * migration.MaxSamples {
		p.pass(time.Minute)
		check(t, p.SampleRunning(t.Context()))
		check(t, p.SampleRunning(t.Context())) // the same minute
	}
	got := must(p.Samples(t.Context(), p.customer, pass.ID))(t)
	if len(got) > migration.MaxSamples+1 || len(got) < migration.MaxSamples/3 {
		t.Errorf("%d samples", len(got))
	}
	if !got[0].At.Equal(start) {
		t.Errorf("the first is of %v, the pass began at %v", got[0].At, start)
	}
	for i := 1; i < len(got); i++ {
		if gap := got[i].At.Sub(got[i-1].At); gap < time.Minute {
			t.Errorf("%v between two", gap)
		}
	}
	if foreign := must(p.Samples(t.Context(), p.customer+1, pass.ID))(t); len(foreign) > 0 {
		t.Errorf("another customer reads %d", len(foreign))
	}
	check(t, p.PausePass(t.Context(), p.customer, &pass))
	before := len(must(p.Samples(t.Context(), p.customer, pass.ID))(t))
	p.pass(time.Hour)
	check(t, p.SampleRunning(t.Context()))
	if after := must(p.Samples(t.Context(), p.customer, pass.ID))(t); len(after) != before {
		t.Errorf("%d samples of a paused pass, %d before", len(after), before)
	}
}
