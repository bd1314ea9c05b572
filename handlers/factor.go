package handlers

import (
	"bytes"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base32"
	"encoding/base64"
	"errors"
	"fmt"
	"image/png"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"

	"trasloco/locale"
	"trasloco/migration"
	"trasloco/views"
)

// The second factor is a code of six digits that changes every half minute (RFC
// 6238, as all apps know it). Clocks may differ by one step.
const (
	factorIssuer = "Trasloco"
	factorPeriod = 30
	factorSkew   = 1
	qrPixels     = 240

	recoveryCodes  = 10
	recoveryOctets = 10 // 80 bits, 16 characters
	recoveryGroup  = 4
)

func factorOptions() totp.ValidateOpts {
	return totp.ValidateOpts{Period: factorPeriod, Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1}
}

// factorStep returns the time step that a code belongs to.
func factorStep(secret migration.Secret, code string, now time.Time) (step int64, ok bool) {
	for shift := int64(-factorSkew); shift <= factorSkew; shift++ {
		at := now.Add(time.Duration(shift) * factorPeriod * time.Second)
		want, err := totp.GenerateCodeCustom(secret.Reveal(), at, factorOptions())
		if err == nil && subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 {
			step, ok = at.Unix()/factorPeriod, true
		}
	}
	return step, ok
}

// plainCode takes a code as people type it.
func plainCode(text string) string {
	return strings.ToUpper(strings.NewReplacer(" ", "", "-", "", "\u00a0", "").Replace(text))
}

// newRecoverySet returns recovery codes, without the strokes they are shown with.
func newRecoverySet() []migration.Secret {
	codes := make([]migration.Secret, recoveryCodes)
	for i := range codes {
		var octets [recoveryOctets]byte
		_, _ = rand.Read(octets[:]) // never fails
		codes[i] = migration.NewSecret(base32.StdEncoding.EncodeToString(octets[:]))
	}
	return codes
}

// grouped shows a secret in groups of four, which can be read out.
func grouped(secret migration.Secret, between string) string {
	text, groups := secret.Reveal(), []string{}
	for len(text) > recoveryGroup {
		groups = append(groups, text[:recoveryGroup])
		text = text[recoveryGroup:]
	}
	return strings.Join(append(groups, text), between)
}

// picture is the QR code of a secret, as an address that an image has in it.
func picture(secret migration.Secret, account string) (string, error) {
	octets, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret.Reveal())
	if err != nil {
		return "", errors.New("secret of a second factor is not base 32") // not err, which quotes it
	}
	key, err := totp.Generate(totp.GenerateOpts{Issuer: factorIssuer, AccountName: account, Secret: octets, Period: factorPeriod})
	if err != nil {
		return "", fmt.Errorf("picture of a second factor: %w", err)
	}
	drawn, err := key.Image(qrPixels, qrPixels)
	if err != nil {
		return "", fmt.Errorf("picture of a second factor: %w", err)
	}
	var b bytes.Buffer
	if err := png.Encode(&b, drawn); err != nil {
		return "", fmt.Errorf("picture of a second factor: %w", err)
	}
	return "data:image/png;base64," + base64.StdEncoding.EncodeToString(b.Bytes()), nil
}

// showFactor shows the second factor: how to begin, the picture to scan, or how to
// end it.
func (s *Server) showFactor(c echo.Context) error {
	return s.renderFactor(c, http.StatusOK, nil)
}

func (s *Server) renderFactor(c echo.Context, code int, problems []migration.Problem) error {
	ctx, user := c.Request().Context(), who(c)
	p := views.FactorPage{Page: s.page(c, "page.factor.title"), On: user.SecondFactor, Problems: problems}
	p.Failed = len(problems) > 0
	secret, err := s.Store.Factor(ctx, user.ID)
	switch {
	case errors.Is(err, migration.ErrNotFound):
		return s.render(c, code, views.Factor(p))
	case err != nil:
		return err
	case p.On:
		p.Codes, err = s.Store.RecoveryCodes(ctx, user.ID)
	default:
		p.Secret = grouped(secret, " ")
		p.Picture, err = picture(secret, user.Email)
	}
	if err != nil {
		return err
	}
	return s.render(c, code, views.Factor(p))
}

// offerFactor makes a secret for the user, to be confirmed with a code.
func (s *Server) offerFactor(c echo.Context) error {
	key, err := totp.Generate(totp.GenerateOpts{Issuer: factorIssuer, AccountName: who(c).Email, Period: factorPeriod})
	if err != nil {
		return fmt.Errorf("make a second factor: %w", err)
	}
	if err := s.Store.OfferFactor(c.Request().Context(), who(c).ID, migration.NewSecret(key.Secret())); err != nil {
		return err
	}
	return goTo(c, "/profile/factor")
}

// confirmFactor switches the second factor on and shows the recovery codes, this
// once. The sessions of all other browsers end.
func (s *Server) confirmFactor(c echo.Context) error {
	ctx, user, f := c.Request().Context(), who(c), formReader{value: c.Request().PostFormValue}
	secret, err := s.Store.Factor(ctx, user.ID)
	if errors.Is(err, migration.ErrNotFound) || user.SecondFactor {
		return migration.ErrConflict
	}
	if err != nil {
		return err
	}
	step, ok := factorStep(secret, plainCode(f.value("code")), s.Now())
	if !ok {
		f.fault("code", CodeFactorWrong, nil)
		return s.renderFactor(c, http.StatusUnprocessableEntity, f.problems)
	}
	codes := newRecoverySet()
	if user, err = s.Store.ConfirmFactor(ctx, user, step, codes, s.sendsLinks()); err != nil {
		return err
	}
	if err := s.signInAlone(c, user); err != nil {
		return err
	}
	s.Logger.InfoContext(ctx, "second factor on", "id", requestID(c), "user", user.ID)
	return s.showCodes(c, codes, true)
}

func (s *Server) showCodes(c echo.Context, codes []migration.Secret, first bool) error {
	p := views.CodesPage{Page: s.page(c, "page.codes.title"), First: first}
	for _, code := range codes {
		p.Codes = append(p.Codes, grouped(code, "-"))
	}
	return s.render(c, http.StatusOK, views.Codes(p))
}

// newRecoveryCodes replaces the recovery codes, for who gives his password.
func (s *Server) newRecoveryCodes(c echo.Context) error {
	f := formReader{value: c.Request().PostFormValue}
	user, code, err := s.ownPassword(c, &f, "codes_password")
	if err != nil {
		return err
	}
	if len(f.problems) > 0 {
		return s.renderFactor(c, code, f.problems)
	}
	codes := newRecoverySet()
	if err := s.Store.ReplaceRecoveryCodes(c.Request().Context(), user, codes); err != nil {
		return err
	}
	return s.showCodes(c, codes, false)
}

// removeFactor switches the second factor off, for who gives his password.
func (s *Server) removeFactor(c echo.Context) error {
	ctx, f := c.Request().Context(), formReader{value: c.Request().PostFormValue}
	user, code, err := s.ownPassword(c, &f, "off_password")
	if err != nil {
		return err
	}
	if len(f.problems) > 0 {
		return s.renderFactor(c, code, f.problems)
	}
	if user, err = s.Store.RemoveFactor(ctx, user.CustomerID, user, s.sendsLinks()); err != nil {
		return err
	}
	if err := s.signInAlone(c, user); err != nil {
		return err
	}
	s.Logger.InfoContext(ctx, "second factor off", "id", requestID(c), "user", user.ID)
	return s.goBack(c, "/profile", locale.T(ctx, "page.factor.removed", nil))
}
