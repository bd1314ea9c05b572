package store

import (
	"slices"
	"testing"

	"trasloco/migration"
)

func TestASecondFactorIsOfferedConfirmedUsedAndTakenAway(t *testing.T) {
	p := newPanel(t)
	ctx, secret := t.Context(), migration.NewSecret("JBSWY3DPEHPK3PXP")
	codes := []migration.Secret{migration.NewSecret("one-code"), migration.NewSecret("two-code")}
	_, err := p.Factor(ctx, p.user.ID)
	wantError(t, err, migration.ErrNotFound)
	_, err = p.ConfirmFactor(ctx, p.user, 7, codes, true)
	wantError(t, err, migration.ErrConflict)
	check(t, p.OfferFactor(ctx, p.user.ID, secret))
	if got := must(p.Factor(ctx, p.user.ID))(t); got.Reveal() != secret.Reveal() || must(p.User(ctx, p.user.ID))(t).SecondFactor {
		t.Error("it is not offered, or on already")
	}
	p.signedIn(t, session(1, p.user.ID))
	user := must(p.ConfirmFactor(ctx, must(p.User(ctx, p.user.ID))(t), 7, codes, true))(t)
	wantSessions(t, p.Store, map[[32]byte]bool{session(1, 0).TokenHash: false})
	wantError(t, p.OfferFactor(ctx, p.user.ID, secret), migration.ErrConflict)
	for _, clear := range []string{"JBSWY3DPEHPK3PXP", "one-code", "two-code"} {
		if p.holds(t, clear) {
			t.Errorf("%s lies in the database", clear)
		}
	}
	wantError(t, p.UseFactor(ctx, p.user.ID, 7), migration.ErrConflict)
	check(t, p.UseFactor(ctx, p.user.ID, 8))
	wantError(t, p.UseFactor(ctx, p.user.ID, 7), migration.ErrConflict)
	check(t, p.UseRecoveryCode(ctx, p.user.ID, codes[0]))
	wantError(t, p.UseRecoveryCode(ctx, p.user.ID, codes[0]), migration.ErrNotFound)
	if n := must(p.RecoveryCodes(ctx, p.user.ID))(t); n != 1 {
		t.Errorf("%d codes left", n)
	}
	check(t, p.ReplaceRecoveryCodes(ctx, user, codes))
	check(t, p.UseRecoveryCode(ctx, p.user.ID, codes[0]))

	_, err = p.RemoveFactor(ctx, p.stranger(t).CustomerID, user, true)
	wantError(t, err, migration.ErrConflict)
	user = must(p.RemoveFactor(ctx, p.customer, user, true))(t)
	wantError(t, p.ReplaceRecoveryCodes(ctx, user, codes), migration.ErrConflict)
	if n := must(p.RecoveryCodes(ctx, p.user.ID))(t); n != 0 || must(p.User(ctx, p.user.ID))(t).SecondFactor {
		t.Errorf("%d codes left", n)
	}
	var kinds []migration.AccountNoticeKind
	for _, n := range must(p.PendingAccountNotices(ctx, p.at))(t) {
		kinds = append(kinds, n.Kind)
	}
	if !slices.Equal(kinds, []migration.AccountNoticeKind{migration.AccountFactorOn, migration.AccountFactorOff}) {
		t.Errorf("mails %v", kinds)
	}
}
