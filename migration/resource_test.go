package migration

import (
	"strings"
	"testing"
)

func TestPortAndTLSModeFindEachOther(t *testing.T) {
	for port, want := range map[int]TLSMode{143: TLSStartTLS, 993: TLSDirect, 10143: TLSDirect, 0: TLSDirect} {
		if got := TLSModeForPort(port); got != want {
			t.Errorf("port %d: %s, want %s", port, got, want)
		}
	}
	for mode, want := range map[TLSMode]int{TLSDirect: 993, TLSStartTLS: 143, TLSNone: 143, "": 993} {
		if got := PortForTLSMode(mode); got != want {
			t.Errorf("mode %q: %d, want %d", mode, got, want)
		}
	}
}

func TestAddress(t *testing.T) {
	for want, end := range map[string]Endpoint{
		"mail.example.net:993": {Host: "mail.example.net", Port: 993},
		"192.0.2.1:143":        {Host: "192.0.2.1", Port: 143},
		"[2001:db8::1]:993":    {Host: "2001:db8::1", Port: 993},
	} {
		if got := end.Address(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func resource(srcHost string, srcPort int, srcLogin, dstHost, dstLogin string) Resource {
	return Resource{
		Source:      Endpoint{Host: srcHost, Port: srcPort, Auth: Auth{Login: srcLogin}},
		Destination: Endpoint{Host: dstHost, Port: 993, Auth: Auth{Login: dstLogin}},
	}
}

func TestKeysTellAccountsApart(t *testing.T) {
	base := resource("old.example", 993, "anna", "new.example", "anna@x.it")
	tests := []struct {
		name                    string
		other                   Resource
		sameSource, sameMailbox bool
	}{
		{"the same", base, true, true},
		{"hosts in capitals", resource("OLD.Example", 993, "anna", "NEW.example", "anna@x.it"), true, true},
		{"source login in capitals is another account", resource("old.example", 993, "Anna", "new.example", "anna@x.it"), false, true},
		{"destination login in capitals is the same mailbox", resource("old.example", 993, "anna", "new.example", "Anna@X.it"), true, true},
		{"another source port", resource("old.example", 143, "anna", "new.example", "anna@x.it"), false, true},
		{"another source host", resource("older.example", 993, "anna", "new.example", "anna@x.it"), false, true},
		{"another destination host", resource("old.example", 993, "anna", "newer.example", "anna@x.it"), true, false},
		{"another destination login", resource("old.example", 993, "anna", "new.example", "bea@x.it"), true, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.other.SourceKey() == base.SourceKey(); got != tt.sameSource {
				t.Errorf("same source is %v: %q, %q", got, tt.other.SourceKey(), base.SourceKey())
			}
			if got := tt.other.DestinationKey() == base.DestinationKey(); got != tt.sameMailbox {
				t.Errorf("same mailbox is %v: %q, %q", got, tt.other.DestinationKey(), base.DestinationKey())
			}
		})
	}
	// One mailbox reached by two ports must not be copied into twice at a time.
	other := base
	other.Destination.Port = 143
	if other.DestinationKey() != base.DestinationKey() {
		t.Error("the destination's port makes another mailbox of it")
	}
}

// A row number, an id or a password is not part of who the account is.
func TestKeysHoldNothingButTheAccount(t *testing.T) {
	a, b := resource("h", 1, "l", "d", "m"), resource("h", 1, "l", "d", "m")
	b.ID, b.Row, b.Source.Auth.Password, b.Destination.Auth.Password = 9, 8, NewSecret("p"), NewSecret("q")
	if a.SourceKey() != b.SourceKey() || a.DestinationKey() != b.DestinationKey() {
		t.Errorf("%q %q", b.SourceKey(), b.DestinationKey())
	}
	if strings.ContainsAny(b.SourceKey()+b.DestinationKey(), "pq") {
		t.Error("a password stands in a key")
	}
}
