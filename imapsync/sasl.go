package imapsync

import "github.com/emersion/go-sasl"

// xoauth2 is Google's and Microsoft's mechanism (developers.google.com, "OAuth
// 2.0 Mechanism"); go-sasl has only its successor OAUTHBEARER.
type xoauth2 struct{ user, token string }

var _ sasl.Client = (*xoauth2)(nil)

func (x *xoauth2) Start() (string, []byte, error) {
	return "XOAUTH2", []byte("user=" + x.user + "\x01auth=Bearer " + x.token + "\x01\x01"), nil
}

// Next answers the error report that comes as a challenge with an empty line;
// only then the server says NO.
func (x *xoauth2) Next([]byte) ([]byte, error) { return nil, nil }
