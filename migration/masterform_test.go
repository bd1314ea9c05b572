package migration

import (
	"errors"
	"strings"
	"testing"
)

func TestParseMasterForm(t *testing.T) {
	tests := []struct {
		name, text string
		want       MasterForm
		ok         bool
	}{
		{"Dovecot's star", "separator:*", MasterForm{Separator: "*"}, true},
		{"another character", "separator:%", MasterForm{Separator: "%"}, true},
		{"a separator of two", "separator:**", MasterForm{Separator: "**"}, true},
		{"a colon as separator", "separator::", MasterForm{Separator: ":"}, true},
		{"authorization identity", "authzid", MasterForm{AuthzID: true}, true},
		{"a login of one's own", `login:{master}\{user}`, MasterForm{Pattern: `{master}\{user}`}, true},
		{"a command after the login", "proxyauth", MasterForm{Command: CommandProxyAuth}, true},
		{"Kerio's command", "x-masterauth", MasterForm{Command: CommandMasterAuth}, true},
		{"a login without the user", "login:{master}", MasterForm{}, false},
		{"a login without the master", "login:{user}", MasterForm{}, false},
		{"no separator", "separator:", MasterForm{}, false},
		{"nothing", "", MasterForm{}, false},
		{"the bare character", "*", MasterForm{}, false},
		{"capitals", "AuthzID", MasterForm{}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParseMasterForm(tt.text)
			if got != tt.want || (err == nil) != tt.ok {
				t.Fatalf("%+v, %v", got, err)
			}
			if !tt.ok && (!errors.Is(err, errMasterForm) || !strings.Contains(err.Error(), `"`+tt.text+`"`)) {
				t.Errorf("%q says neither what was read nor what is wanted", err)
			}
			if tt.ok && got.String() != tt.text {
				t.Errorf("it is written as %q", got)
			}
		})
	}
}

func TestJoin(t *testing.T) {
	for want, form := range map[string]MasterForm{
		"a@x.it*boss": {}, "a@x.it%boss": {Separator: "%"},
		`boss\a@x.it`: {Pattern: `{master}\{user}`}, "#a@x.it#boss#": {Pattern: "#{user}#{master}#"},
	} {
		if got := form.Join("a@x.it", "boss"); got != want {
			t.Errorf("%+v: %q, want %q", form, got, want)
		}
	}
}
