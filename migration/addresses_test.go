package migration

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
)

// S7: the one that worked stands first, the others behind it as they were told.
func TestTheAddressThatWorkedStandsFirst(t *testing.T) {
	told := JoinAddresses([]netip.Addr{
		netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("::ffff:192.0.2.1"), netip.MustParseAddr("192.0.2.2"),
	})
	tests := []struct {
		name, worked  string
		want          Addresses
		first, others string
	}{
		{"the first", "2001:db8::1", "2001:db8::1 192.0.2.1 192.0.2.2", "2001:db8::1", "192.0.2.1, 192.0.2.2"},
		{"the last", "192.0.2.2", "192.0.2.2 2001:db8::1 192.0.2.1", "192.0.2.2", "2001:db8::1, 192.0.2.1"},
		{"one in the form of IPv6", "::ffff:192.0.2.1", "192.0.2.1 2001:db8::1 192.0.2.2", "192.0.2.1", "2001:db8::1, 192.0.2.2"},
		{"one that nobody told of", "192.0.2.9", "2001:db8::1 192.0.2.1 192.0.2.2", "2001:db8::1", "192.0.2.1, 192.0.2.2"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := told.StartingWith(netip.MustParseAddr(test.worked))
			if got != test.want || got.First() != test.first || got.Others() != test.others {
				t.Errorf("got %q: first %q, others %q", got, got.First(), got.Others())
			}
		})
	}
	many := JoinAddresses(slices.Repeat([]netip.Addr{netip.MustParseAddr("192.0.2.1")}, 99))
	if n := len(strings.Fields(string(many))); n != mostAddresses {
		t.Errorf("%d addresses are kept", n)
	}
	if list := Addresses("192.0.2.1 nonsense").List(); len(list) != 1 {
		t.Errorf("got %v", list)
	}
}
