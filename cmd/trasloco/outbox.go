package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-smtp"

	"trasloco/views"
)

// mostLetters bounds what the outbox keeps: it lives in memory.
const mostLetters = 100

// outbox is a mail server that delivers nothing: the demonstration's notices
// are read on a page.
type outbox struct {
	address  net.Addr
	listener net.Listener
	server   *smtp.Server
	served   chan error

	mu      sync.Mutex
	letters []views.SentLetter // newest first
}

// startOutbox listens on a free port of loopback.
func startOutbox(ctx context.Context) (*outbox, error) {
	listener, err := listen(ctx, "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	o := &outbox{address: listener.Addr(), listener: listener, served: make(chan error, 1)}
	o.server = smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &smtpSession{outbox: o}, nil }))
	o.server.Domain = "localhost"
	o.server.MaxMessageBytes = 1 << 20
	o.server.ReadTimeout, o.server.WriteTimeout = time.Minute, time.Minute
	go func() { o.served <- o.server.Serve(listener) }()
	return o, nil
}

func (o *outbox) close() error {
	err := o.server.Close()
	_ = o.listener.Close() // Close does not know of it if Serve has not begun yet
	if served := <-o.served; !errors.Is(served, smtp.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}

// Letters returns what was sent, the newest first.
func (o *outbox) Letters() []views.SentLetter {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]views.SentLetter(nil), o.letters...)
}

// smtpSession is one connection of the notifier.
type smtpSession struct {
	outbox *outbox
	to     []string
}

func (s *smtpSession) Reset()                                    { s.to = nil }
func (s *smtpSession) Logout() error                             { return nil }
func (s *smtpSession) Mail(string, *smtp.MailOptions) error      { return nil }
func (s *smtpSession) Rcpt(to string, _ *smtp.RcptOptions) error { s.to = append(s.to, to); return nil }

// Data takes a message.
func (s *smtpSession) Data(r io.Reader) error {
	octets, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	letter, err := readLetter(octets)
	if err != nil {
		return err
	}
	letter.To = strings.Join(s.to, ", ")
	s.outbox.mu.Lock()
	defer s.outbox.mu.Unlock()
	s.outbox.letters = append([]views.SentLetter{letter}, s.outbox.letters...)
	s.outbox.letters = s.outbox.letters[:min(len(s.outbox.letters), mostLetters)]
	return nil
}

// readLetter reads subject, date and the plain text of one of our own mails.
func readLetter(octets []byte) (views.SentLetter, error) {
	message, err := mail.ReadMessage(bytes.NewReader(octets))
	if err != nil {
		return views.SentLetter{}, fmt.Errorf("read mail: %w", err)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(message.Header.Get("Subject"))
	if err != nil {
		return views.SentLetter{}, fmt.Errorf("read subject: %w", err)
	}
	text, err := plainText(message)
	if err != nil {
		return views.SentLetter{}, err
	}
	sent, err := message.Header.Date()
	return views.SentLetter{Subject: subject, At: sent, Text: text}, err
}

var errNoText = errors.New("mail without a plain text")

func plainText(message *mail.Message) (string, error) {
	_, params, err := mime.ParseMediaType(message.Header.Get("Content-Type"))
	if err != nil {
		return "", fmt.Errorf("read mail: %w", err)
	}
	parts := multipart.NewReader(message.Body, params["boundary"])
	for {
		part, err := parts.NextRawPart()
		if err != nil {
			return "", errors.Join(errNoText, err)
		}
		if !strings.HasPrefix(part.Header.Get("Content-Type"), "text/plain") {
			continue
		}
		var body io.Reader = part
		if strings.EqualFold(part.Header.Get("Content-Transfer-Encoding"), "quoted-printable") {
			body = quotedprintable.NewReader(part)
		}
		text, err := io.ReadAll(body)
		return string(text), err
	}
}
