package handlers

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"

	"github.com/labstack/echo/v4"

	"trasloco/migration"
)

// contentPolicy lets a page load what the panel serves itself and nothing else;
// data: is for the small arrows in the kit's style sheet.
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
	"connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; report-uri /csp-report"

func (s *Server) secure(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		h := c.Response().Header()
		h.Set(echo.HeaderContentSecurityPolicy, contentPolicy)
		h.Set(echo.HeaderXContentTypeOptions, "nosniff")
		h.Set(echo.HeaderXFrameOptions, "DENY")
		h.Set(echo.HeaderReferrerPolicy, "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set(echo.HeaderCacheControl, "no-store") // static files set their own
		if strings.HasPrefix(s.PublicURL, "https://") {
			h.Set(echo.HeaderStrictTransportSecurity, "max-age=31536000")
		}
		return next(c)
	}
}

func (s *Server) originProtection() (*http.CrossOriginProtection, error) {
	protection := http.NewCrossOriginProtection()
	if s.PublicURL == "" {
		return protection, nil
	}
	if err := protection.AddTrustedOrigin(strings.TrimSuffix(s.PublicURL, "/")); err != nil {
		return nil, fmt.Errorf("public URL %q: %w", s.PublicURL, err)
	}
	return protection, nil
}

// errForeignForm: the form was sent by a page of another site, or looks so.
var errForeignForm = fmt.Errorf("form of another site: %w", migration.ErrForbidden)

// refuseForeignForms keeps other sites from posting in the name of who is
// signed in here. Behind a proxy that changes the Host header the browser's own
// forms look foreign; the log then names both and the setting that mends it.
func (s *Server) refuseForeignForms(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		if c.Path() == "/csp-report" { // browsers send reports without the page's origin
			return next(c)
		}
		if err := s.origin.Check(r); err != nil {
			s.Logger.WarnContext(r.Context(), "form from another site refused; if it is the panel's own, set TRASLOCO_PUBLIC_URL",
				"origin", r.Header.Get("Origin"), "host", r.Host, "public_url", s.PublicURL)
			return fmt.Errorf("%w: %w", errForeignForm, err)
		}
		return next(c)
	}
}

// clientAddress believes X-Forwarded-For from the trusted networks alone: the last
// hop that is none of them. What stands before a hop that cannot be read was said
// by the browser itself, and is no address.
func clientAddress(proxies []netip.Prefix) echo.IPExtractor {
	direct := echo.ExtractIPDirect()
	return func(r *http.Request) string {
		if !trusted(proxies, r.RemoteAddr) {
			return direct(r)
		}
		hops := strings.Split(strings.Join(r.Header.Values(echo.HeaderXForwardedFor), ","), ",")
		for i := len(hops) - 1; i >= 0; i-- {
			address, known := hopAddress(hops[i])
			if !known {
				break
			}
			if !within(proxies, address) {
				return address.String()
			}
		}
		return direct(r)
	}
}

// hopAddress reads one hop. Some proxies write the port too.
func hopAddress(hop string) (address netip.Addr, known bool) {
	hop = strings.TrimSpace(hop)
	if both, err := netip.ParseAddrPort(hop); err == nil {
		return both.Addr(), true
	}
	address, err := netip.ParseAddr(strings.Trim(hop, "[]"))
	return address, err == nil
}

// clientScheme believes X-Forwarded-Proto from the trusted networks alone.
func clientScheme(proxies []netip.Prefix) func(*http.Request) string {
	return func(r *http.Request) string {
		if proto := r.Header.Get(echo.HeaderXForwardedProto); trusted(proxies, r.RemoteAddr) && (proto == "http" || proto == "https") {
			return proto
		}
		if r.TLS != nil {
			return "https"
		}
		return "http"
	}
}

func trusted(proxies []netip.Prefix, remote string) bool {
	address, err := netip.ParseAddrPort(remote)
	return err == nil && within(proxies, address.Addr())
}

func within(networks []netip.Prefix, address netip.Addr) bool {
	for _, network := range networks {
		if network.Contains(address.Unmap()) {
			return true
		}
	}
	return false
}

// isHTTPS reports whether the browser came by https, as far as we can know.
func (s *Server) isHTTPS(c echo.Context) bool {
	return strings.HasPrefix(s.PublicURL, "https://") || c.Scheme() == "https"
}
