package handlers

import (
	"bytes"
	"cmp"
	"crypto/x509"
	"encoding/hex"
	"strconv"
	"strings"
	"unicode"

	"trasloco/migration"
	"trasloco/views"
)

// formOf returns the form of a stored server; the usual answers for a new one.
func (s *Server) formOf(d migration.Destination) views.DestinationForm {
	if d.ID == 0 {
		return views.DestinationForm{
			TLS: migration.TLSDirect, Auth: views.AuthSeparator, Separator: "*", AllowsUnprotected: s.AllowPrivate,
		}
	}
	end := d.Endpoint
	form := views.DestinationForm{
		Name: d.Name, Host: end.Host, Port: strconv.Itoa(end.Port), TLS: end.TLS, Pin: end.Pin, CA: string(end.CA), Auth: views.AuthMailbox,
		Master: end.Auth.Master, Separator: end.Auth.Form.Separator, MX: strings.Join(d.MX, "\n"),
		KeepsPassword: !d.NeedsPassword(), AllowsUnprotected: s.AllowPrivate,
	}
	switch {
	case d.NeedsPassword():
	case end.Auth.Form.AuthzID:
		form.Auth = views.AuthAuthzID
	default:
		form.Auth = views.AuthSeparator
		form.Separator = cmp.Or(form.Separator, "*") // what MasterForm means by none
	}
	return form
}

// readDestination returns the server that stands in a form, and the form as it
// was typed. stored is the server as it was, or the zero one; its password is
// kept where none is typed, but only for the same server: else one form would
// be enough to have it sent to another.
func (s *Server) readDestination(f *formReader, stored migration.Destination) (migration.Destination, views.DestinationForm) {
	form := views.DestinationForm{
		Name: f.text("destination_name"), Host: f.text("host"), Port: f.text("port"), TLS: migration.TLSMode(f.text("tls")), Pin: f.text("pin"), CA: f.text("ca"), Auth: f.text("auth"),
		Master: f.text("master"), Separator: f.text("separator"), MX: f.value("mx"), Mailbox: f.text("mailbox"),
		KeepsPassword: stored.ID != 0 && !stored.NeedsPassword(), AllowsUnprotected: s.AllowPrivate,
	}
	if trust := f.text("trust"); trust != "" {
		form.Pin = trust
	}
	d := stored
	d.Endpoint.TLS = s.tlsMode(f, form.TLS)
	d.Endpoint.Host, d.Endpoint.Port = s.hostPort(f, form, d.Endpoint.TLS)
	d.Name = cmp.Or(form.Name, d.Endpoint.Host)
	d.Endpoint.Pin = f.pin(form.Pin)
	d.Endpoint.CA = f.authority(form.CA)
	d.Endpoint.Auth = f.auth(form, d.Endpoint, stored)
	d.MX = f.records("mx")
	return d, form
}

// tlsMode takes an unprotected connection only where the operator lets the panel
// into his own network: elsewhere the master password would travel in clear.
func (s *Server) tlsMode(f *formReader, mode migration.TLSMode) migration.TLSMode {
	known := mode == migration.TLSDirect || mode == migration.TLSStartTLS || mode == migration.TLSNone && s.AllowPrivate
	if !known {
		f.fault("tls", CodeFormChoice, nil)
		return migration.TLSDirect
	}
	return mode
}

// hostPort returns the server; the port may stand in its own field, behind the
// name, or be the usual one.
func (s *Server) hostPort(f *formReader, form views.DestinationForm, mode migration.TLSMode) (host string, port int) {
	read, problems := migration.ParseHostPort(form.Host, s.AllowPrivate)
	f.problems = append(f.problems, problems...)
	if form.Port != "" {
		alone, problems := migration.ParseHostPort("port.example:"+form.Port, true)
		for _, problem := range problems {
			problem.Field = "port"
			f.problems = append(f.problems, problem)
		}
		read.Port = alone.Port
	}
	if read.Port == 0 {
		read.Port = migration.PortForTLSMode(mode)
	}
	return read.Host, read.Port
}

// pin returns a SHA-256 in the form that is stored. Colons and blanks between
// its digits are common.
func (f *formReader) pin(text string) string {
	digits := strings.ToLower(strings.Map(func(r rune) rune {
		if r == ':' || unicode.IsSpace(r) {
			return -1
		}
		return r
	}, text))
	octets, err := hex.DecodeString(digits)
	if digits != "" && (err != nil || len(octets) != 32) {
		f.fault("pin", CodePinForm, nil)
	}
	return digits
}

// authority returns certificates in PEM form, or nil for those of the system.
func (f *formReader) authority(text string) []byte {
	text = strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n"))
	if text == "" {
		return nil
	}
	if !x509.NewCertPool().AppendCertsFromPEM([]byte(text)) {
		f.fault("ca", CodeAuthorityForm, nil)
	}
	return []byte(text + "\n")
}

// auth returns how one logs in to a mailbox.
func (f *formReader) auth(form views.DestinationForm, end migration.Endpoint, stored migration.Destination) migration.Auth {
	auth := migration.Auth{Kind: migration.AuthMaster}
	switch form.Auth {
	case views.AuthMailbox:
		return migration.Auth{Kind: migration.AuthPassword}
	case views.AuthAuthzID:
		auth.Form.AuthzID = true
	case views.AuthSeparator:
		auth.Form.Separator = f.needed("separator")
	default:
		f.fault("auth", CodeFormChoice, nil)
	}
	auth.Master = f.needed("master")
	auth.Password = f.masterPassword(end, stored)
	return auth
}

// sameServer reports whether a password that one endpoint was given would reach
// the same server by the other.
func sameServer(a, b migration.Endpoint) bool {
	return a.Host == b.Host && a.Port == b.Port && a.TLS == b.TLS && a.Pin == b.Pin && bytes.Equal(a.CA, b.CA)
}

func (f *formReader) masterPassword(end migration.Endpoint, stored migration.Destination) migration.Secret {
	old := stored.Endpoint
	switch typed := f.value("master_password"); {
	case typed != "":
		return migration.NewSecret(typed)
	case old.Auth.Password.IsZero():
		f.fault("master_password", CodeFormEmpty, nil)
	case !sameServer(old, end):
		f.fault("master_password", CodePasswordAgain, nil)
	}
	return old.Auth.Password
}
