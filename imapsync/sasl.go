package imapsync

import (
	"errors"
	"net/smtp"
	"strings"

	"github.com/emersion/go-sasl"
	"github.com/xdg-go/scram"
)

// bearer logs in by a token: XOAUTH2 (developers.google.com, "OAuth 2.0 Mechanism"),
// which Microsoft and Google have, or its successor OAUTHBEARER (RFC 7628). go-sasl
// has the second alone, and breaks off at the report of an error.
type bearer struct{ mechanism, user, token string }

var _ sasl.Client = (*bearer)(nil)

// saslName writes a name as RFC 5801 §4 wants it.
var saslName = strings.NewReplacer("=", "=3D", ",", "=2C")

func (b *bearer) Start() (string, []byte, error) {
	if b.mechanism == sasl.OAuthBearer {
		return b.mechanism, []byte("n,a=" + saslName.Replace(b.user) + ",\x01auth=Bearer " + b.token + "\x01\x01"), nil
	}
	return b.mechanism, []byte("user=" + b.user + "\x01auth=Bearer " + b.token + "\x01\x01"), nil
}

// Next answers the error report that comes as a challenge; only then the server
// says NO. XOAUTH2 wants an empty line, OAUTHBEARER a ^A (RFC 7628 §3.2.3).
func (b *bearer) Next([]byte) ([]byte, error) {
	if b.mechanism == sasl.OAuthBearer {
		return []byte{1}, nil
	}
	return nil, nil
}

// saslLogin is LOGIN, which asks for the user and then for the password. It has no
// initial response, and servers ask in various words.
type saslLogin struct{ answers []string }

func (l *saslLogin) Start() (string, []byte, error) { return sasl.Login, nil, nil }

var errOneMore = errors.New("the server asks for more than a user and a password")

func (l *saslLogin) Next([]byte) ([]byte, error) {
	if len(l.answers) == 0 {
		return nil, errOneMore
	}
	answer := l.answers[0]
	l.answers = l.answers[1:]
	return []byte(answer), nil
}

// cramMD5 is RFC 2195, by the client of the standard library.
type cramMD5 struct{ auth smtp.Auth }

func (c *cramMD5) Start() (string, []byte, error) { return "CRAM-MD5", nil, nil }

func (c *cramMD5) Next(challenge []byte) ([]byte, error) { return c.auth.Next(challenge, true) }

// scramClient is SCRAM (RFC 5802, RFC 7677).
type scramClient struct {
	mechanism string
	talk      *scram.ClientConversation
}

func newSCRAM(mechanism, authzid, user, password string) (*scramClient, error) {
	hash := map[string]scram.HashGeneratorFcn{"SCRAM-SHA-256": scram.SHA256, "SCRAM-SHA-1": scram.SHA1}[mechanism]
	client, err := hash.NewClient(user, password, authzid)
	if err != nil {
		return nil, err
	}
	return &scramClient{mechanism, client.NewConversation()}, nil
}

func (s *scramClient) Start() (string, []byte, error) {
	first, err := s.talk.Step("")
	return s.mechanism, []byte(first), err
}

func (s *scramClient) Next(challenge []byte) ([]byte, error) {
	answer, err := s.talk.Step(string(challenge))
	return []byte(answer), err
}
