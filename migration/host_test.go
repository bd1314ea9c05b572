package migration

import (
	"net/netip"
	"strings"
	"testing"
)

func TestParseHostPortReads(t *testing.T) {
	tests := []struct {
		name, text string
		want       HostPort
	}{
		{"a name", "imap.example.org", HostPort{"imap.example.org", 0}},
		{"a name in capitals", "IMAP.Example.ORG", HostPort{"imap.example.org", 0}},
		{"a name with the root dot", "imap.example.org.", HostPort{"imap.example.org", 0}},
		{"a name and a port", "imap.example.org:1143", HostPort{"imap.example.org", 1143}},
		{"a short name", "mail", HostPort{"mail", 0}},
		{"a name with two hyphens in place three", "r3---sn-a.example.org", HostPort{"r3---sn-a.example.org", 0}},
		{"an address", "192.0.2.25", HostPort{"192.0.2.25", 0}},
		{"an address and a port", "192.0.2.25:993", HostPort{"192.0.2.25", 993}},
		{"an IPv6 address", "2001:DB8::25", HostPort{"2001:db8::25", 0}},
		{"an IPv6 address in brackets", "[2001:db8::25]", HostPort{"2001:db8::25", 0}},
		{"an IPv6 address and a port", "[2001:db8::25]:143", HostPort{"2001:db8::25", 143}},
		{"an IPv6 address that ends like a port, in brackets", "[2001:db8::993]", HostPort{"2001:db8::993", 0}},
		{"a mapped address", "::ffff:192.0.2.25", HostPort{"192.0.2.25", 0}},
		{"a name with accents", "posta.città.it", HostPort{"posta.xn--citt-3na.it", 0}},
		{"a name with a sharp s keeps it", "straße.de", HostPort{"xn--strae-oqa.de", 0}},
		{"a name in ASCII form", "XN--citt-3na.it", HostPort{"xn--citt-3na.it", 0}},
		{"wide digits and dots", "１９２。０。２。２５", HostPort{"192.0.2.25", 0}},
		{"a label of 63", strings.Repeat("a", 63) + ".it", HostPort{strings.Repeat("a", 63) + ".it", 0}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, problems := ParseHostPort(tt.text, false)
			if got != tt.want || len(problems) != 0 {
				t.Errorf("got %+v %v, want %+v", got, problems, tt.want)
			}
		})
	}
}

func TestParseHostPortRefuses(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"nothing", "", CodeHostEmpty},
		{"only a port", ":993", CodeHostEmpty},
		{"a mail link", "imap://imap.example.org", CodeHostScheme},
		{"a web link", "HTTPS://webmail.example.org/login", CodeHostScheme},
		{"a link with a password in it", "imap://me:pw@example.org", CodeHostScheme},
		{"an address of a person", "a@example.org", CodeHostAddress},
		{"a path", "imap.example.org/mail", CodeHostPath},
		{"a network", "192.0.2.0/24", CodeHostPath},
		{"a Windows path", `\\server\mail`, CodeHostPath},
		{"a blank inside", "imap example.org", CodeHostBlank},
		{"a no-break space inside", "imap\u00a0example.org", CodeHostBlank},
		{"an underscore", "imap_1.example.org", CodeHostUnderscore},
		{"two names", "imap.example.org,pop.example.org", CodeHostCharacter},
		{"a quote", `"imap.example.org`, CodeHostCharacter},
		{"a control character", "imap\x01.example.org", CodeHostCharacter},
		{"a hyphen at the start of a label", "imap.-example.org", CodeHostHyphen},
		{"two dots", "imap..example.org", CodeHostEmptyLabel},
		{"a dot at the start", ".example.org", CodeHostEmptyLabel},
		{"only a dot", ".", CodeHostEmptyLabel},
		{"a label of 64", strings.Repeat("a", 64) + ".it", CodeHostLabelLong},
		{"a name of 254", strings.Repeat("a.", 126) + "it", CodeHostLong},
		{"a name of a megabyte", strings.Repeat("é.", 1<<19), CodeHostLong},
		{"an IDN that is none", "xn--999999999.example.org", CodeHostIDN},
		{"an IDN with a letter that no name has", "im\u2028ap.it", CodeHostBlank},
		{"an IDN with a symbol before a hyphen", "-à.it", CodeHostIDN},
		{"a number over 255", "999.1.1.1", CodeHostIPv4Range},
		{"leading zeros", "192.000.002.025", CodeHostIPv4Zero},
		{"three numbers", "192.0.2", CodeHostIPv4},
		{"five numbers", "192.0.2.25.1", CodeHostIPv4},
		{"one number", "3221226009", CodeHostIPv4},
		{"a hexadecimal address", "0x7f000001", CodeHostIPv4},
		{"a name that ends in a number", "mail.1", CodeHostIPv4},
		{"a broken IPv6 address", "2001:db8::25::1", CodeHostIPv6},
		{"a name with two ports", "imap.example.org:143:993", CodeHostIPv6},
		{"an IPv6 zone", "fe80::1%eth0", CodeHostIPv6Zone},
		{"an IPv6 address with 993 behind it", "2001:db8::25:993", CodeHostIPv6Port},
		{"a full IPv6 address with a port behind it", "2001:db8:1:2:3:4:5:6:1143", CodeHostIPv6Port},
		{"a bracket not closed", "[2001:db8::25", CodeHostBracket},
		{"a bracket not opened", "2001:db8::25]:993", CodeHostBracket},
		{"brackets around a name", "[imap.example.org]:993", CodeHostBracket},
		{"something behind the bracket", "[2001:db8::25]993", CodeHostBracket},
		{"no port behind the colon", "imap.example.org:", CodePortEmpty},
		{"letters as port", "imap.example.org:imaps", CodePortNumber},
		{"a signed port", "imap.example.org:+993", CodePortNumber},
		{"port 0", "imap.example.org:0", CodePortRange},
		{"port 65536", "imap.example.org:65536", CodePortRange},
		{"a port of thirty digits", "imap.example.org:" + strings.Repeat("9", 30), CodePortRange},
		{"the port of POP3", "imap.example.org:995", CodePortOtherService},
		{"the port of SMTP", "imap.example.org:587", CodePortOtherService},
		{"loopback", "127.1.2.3", CodeHostLoopback},
		{"loopback by name", "localhost", CodeHostLoopback},
		{"loopback under a name", "mail.localhost", CodeHostLoopback},
		{"loopback in IPv6", "[::1]:993", CodeHostLoopback},
		{"loopback, mapped", "::ffff:127.0.0.1", CodeHostLoopback},
		{"loopback behind NAT64", "64:ff9b::7f00:1", CodeHostLoopback},
		{"loopback in 6to4", "2002:7f00:1::", CodeHostLoopback},
		{"loopback, compatible form", "::127.0.0.1", CodeHostLoopback},
		{"a private address", "192.168.1.10", CodeHostPrivate},
		{"carrier-grade NAT", "100.64.0.1", CodeHostPrivate},
		{"a unique local address", "fd00::1", CodeHostPrivate},
		{"a link-local address", "169.254.169.254", CodeHostLinkLocal},
		{"a link-local IPv6 address", "fe80::1", CodeHostLinkLocal},
		{"no address", "0.0.0.0", CodeHostUnspecified},
		{"no IPv6 address", "::", CodeHostUnspecified},
		{"this network", "0.1.2.3", CodeHostUnspecified},
		{"multicast", "224.0.0.1", CodeHostMulticast},
		{"broadcast", "255.255.255.255", CodeHostReserved},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, problems := ParseHostPort(tt.text, false)
			if len(problems) != 1 || problems[0].Code != tt.want || problems[0].Field != FieldHost {
				t.Fatalf("got %+v %v, want %s", got, problems, tt.want)
			}
			if got != (HostPort{}) {
				t.Errorf("got %+v beside a problem", got)
			}
		})
	}
}

func TestParseHostPortReportsHostAndPort(t *testing.T) {
	_, problems := ParseHostPort("imap_1.example.org:99999", false)
	if len(problems) != 2 || problems[0].Code != CodeHostUnderscore || problems[1].Code != CodePortRange {
		t.Errorf("got %v, want underscore and range", problems)
	}
}

func TestParseHostPortNamesTheWrongLabel(t *testing.T) {
	_, problems := ParseHostPort("posta.-à.it", false)
	if len(problems) != 1 || problems[0].Args["name"] != "-à" {
		t.Errorf("got %v, want the label -à", problems)
	}
}

func TestAllowPrivateOpensInternalAddresses(t *testing.T) {
	for _, text := range []string{"127.0.0.1:1143", "localhost", "[::1]:143", "10.0.0.1", "169.254.1.1", "fd00::1"} {
		if got, problems := ParseHostPort(text, true); len(problems) != 0 || got.Host == "" {
			t.Errorf("%s: got %+v %v", text, got, problems)
		}
	}
}

func TestPublicAddressesAreNotInternal(t *testing.T) {
	for _, text := range []string{"8.8.8.8", "100.128.0.1", "172.32.0.1", "2a00:1450::1", "64:ff9b::808:808", "2002:808:808::1"} {
		if code := InternalAddress(netip.MustParseAddr(text)); code != "" {
			t.Errorf("%s: got %s", text, code)
		}
	}
}
