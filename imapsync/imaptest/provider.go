package imaptest

import (
	"bytes"
	"crypto/md5" //nolint:gosec // Kerio's challenge wants it
	"encoding/base64"
	"encoding/hex"
	"strings"
	"sync"
)

// Provider plays the server of a provider up to the login: what it says of itself,
// which ways it knows, and how it refuses. It lets in whom Opens names, and keeps a
// list of what it heard.
type Provider struct {
	Greeting string // behind "* OK "
	Caps     string // answers CAPABILITY; none is told in the greeting unless it stands there
	Refusal  string // answers a login: "NO LOGIN failed."
	// Opens are the logins that are let in, as Heard has them. After one that ends in
	// a command of another user, such as PROXYAUTH, it is the last that counts.
	Opens []string
	// KerioPassword is the master password; it is never sent.
	KerioPassword string
	// Report is the error report of OAuth that is sent before a refusal, in JSON.
	Report string
	// Drops ends the connection in the place of a refusal.
	Drops bool

	mu    sync.Mutex
	heard []string
}

// Heard returns the logins that were tried: LOGIN user password, then the mechanisms
// of SASL by their names with the parts of what was said, between blanks; a token
// without its frame.
func (p *Provider) Heard() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.heard...)
}

// Script is for Script.
func (p *Provider) Script(s *Session) {
	s.Send("* OK " + p.Greeting)
	for {
		cmd := s.Command()
		switch cmd.Name {
		case "CAPABILITY":
			s.Send("* CAPABILITY " + p.Caps)
			s.Reply(cmd.Tag, "OK CAPABILITY completed.")
		case "LOGOUT":
			s.Send("* BYE")
			s.Reply(cmd.Tag, "OK LOGOUT completed.")
			return
		case "LOGIN", "AUTHENTICATE", "X-MASTERAUTH", "X-SETUSER", "PROXYAUTH":
			said, speaks := p.login(s, cmd)
			if !speaks {
				s.Reply(cmd.Tag, "BAD unknown command")
				continue
			}
			p.verdict(s, cmd, said)
		default:
			s.Reply(cmd.Tag, "OK done")
		}
	}
}

func (p *Provider) verdict(s *Session, cmd Command, said string) {
	p.mu.Lock()
	p.heard = append(p.heard, said)
	p.mu.Unlock()
	for _, opens := range p.Opens {
		if said == opens {
			s.Reply(cmd.Tag, "OK "+cmd.Name+" completed.")
			return
		}
	}
	switch {
	case p.Report != "":
		s.Send("+ " + base64.StdEncoding.EncodeToString([]byte(p.Report)))
		answer := s.Line()
		p.mu.Lock()
		p.heard = append(p.heard, "answered "+answer)
		p.mu.Unlock()
	case p.Drops:
		s.Close()
		return
	}
	s.Reply(cmd.Tag, p.Refusal)
}

// login reads the rest of a login. False: the server does not know the way.
func (p *Provider) login(s *Session, cmd Command) (said string, speaks bool) {
	name, initial, _ := strings.Cut(cmd.Args, " ")
	offered := strings.Contains(" "+p.Caps+" ", " AUTH="+name+" ")
	switch {
	case cmd.Name == "X-MASTERAUTH":
		const challenge = "<8d3a@kerio>"
		s.Send("+ " + challenge)
		digest := md5.Sum([]byte(challenge + p.KerioPassword)) //nolint:gosec // see above
		right := s.Line() == hex.EncodeToString(digest[:])
		return map[bool]string{true: "X-MASTERAUTH right", false: "X-MASTERAUTH wrong"}[right], p.KerioPassword != ""
	case cmd.Name != "AUTHENTICATE":
		return cmd.Name + " " + words(cmd), true
	case !offered:
		return "", false
	case name == "LOGIN":
		return "AUTH=LOGIN " + ask(s, "Username:") + " " + ask(s, "Password:"), true
	case initial == "":
		s.Send("+ ")
		initial = s.Line()
	}
	text, _ := base64.StdEncoding.DecodeString(initial)
	return "AUTH=" + name + " " + parts(string(text)), true
}

func ask(s *Session, question string) string {
	s.Send("+ " + base64.StdEncoding.EncodeToString([]byte(question)))
	answer, _ := base64.StdEncoding.DecodeString(s.Line())
	return string(answer)
}

// words are the arguments of a command without their quotes; a literal stands at the
// end.
func words(cmd Command) string {
	text := strings.NewReplacer(`" "`, " ", `\\`, `\`, `\"`, `"`).Replace(strings.TrimPrefix(cmd.Args, `"`))
	if len(cmd.Literals) == 0 {
		return strings.TrimSuffix(text, `"`)
	}
	before, _, _ := strings.Cut(text, `" {`)
	return before + " " + string(bytes.Join(cmd.Literals, []byte(" ")))
}

// parts are those of an initial response, without its frame.
func parts(text string) string {
	text = strings.NewReplacer("user=", "", "n,a=", "", ",\x01auth=Bearer ", " ", "\x01auth=Bearer ", " ", "\x01\x01", "").Replace(text)
	return strings.ReplaceAll(text, "\x00", " ")
}
