package main_test

import (
	"testing"

	"trasloco/imapsync/imaptest/mailgen"
)

// Who plans the same move once more, in another migration, gets what is new: no
// message is there twice, and the first migration goes on as if nothing was.
func TestTheSameAccountInAnotherMigrationIsNoDouble(t *testing.T) {
	s := stage(t, theAdmin)
	load(t, s.src, "nino", mailgen.New(77, mailgen.Options{Messages: 30, MaxSize: 9_000, Take: isWanted}))
	first := s.plan(t, s.admin, []string{s.row("nino")})
	s.letters(t, first, 1)
	one := s.log(t, first, 1, 1)
	load(t, s.src, "nino", mailgen.New(77, mailgen.Options{First: 30, Messages: 3, MaxSize: 9_000, Take: isWanted}))
	second := s.plan(t, s.admin, []string{s.row("nino")})
	s.letters(t, second, 1)
	if got := s.log(t, second, 1, 1); got.Copied != 3 || got.Present != one.Copied || got.Failed != 0 {
		t.Errorf("the other migration: %d copied, %d present, want 3 and %d", got.Copied, got.Present, one.Copied)
	}
	load(t, s.src, "nino", mailgen.New(77, mailgen.Options{First: 33, Messages: 2, MaxSize: 9_000, Take: isWanted}))
	p := s.admin.For(t)
	p.Send(p.Form(p.Get("/migrations/"+first), "/start"))
	s.letters(t, first, 2)
	if got := s.log(t, first, 1, 2); got.Copied != 2 || got.Present != one.Copied+3 {
		t.Errorf("the first one again: %d copied, %d present, want 2 and %d", got.Copied, got.Present, one.Copied+3)
	}
	checkCopy(t, snapshot(t, s.src, "nino"), snapshot(t, s.dst, "nino"+fixedDomain), copyRules(s.dst), nil)
}
