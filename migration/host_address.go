package migration

import (
	"net/netip"
	"strconv"
	"strings"
)

// endsInNumber reports whether a name is an IPv4 address, or something that
// some resolvers take for one, such as 0x7f.1: no top-level domain is a number.
func endsInNumber(labels []string) bool {
	last := labels[len(labels)-1]
	if isDigits(last) {
		return true
	}
	digits, isHex := strings.CutPrefix(last, "0x")
	return isHex && strings.Trim(digits, "0123456789abcdef") == ""
}

// ipv4 reads four decimal numbers. A leading zero is refused, since half the
// world reads such a number as octal (RFC 6943 §3.1.1).
func (h *hostReader) ipv4(name string, labels []string) string {
	for _, label := range labels {
		number, err := strconv.ParseUint(label, 10, 32)
		switch {
		case !isDigits(label) || len(labels) != 4:
			h.fault(CodeHostIPv4, nil)
		case len(label) > 1 && label[0] == '0':
			h.fault(CodeHostIPv4Zero, nil)
		case err != nil || number > 255:
			h.fault(CodeHostIPv4Range, nil)
		default:
			continue
		}
		return ""
	}
	address, err := netip.ParseAddr(name)
	if err != nil {
		h.fault(CodeHostIPv4, nil)
		return ""
	}
	return h.public(address)
}

func (h *hostReader) public(address netip.Addr) string {
	address = address.Unmap()
	if code := InternalAddress(address); code != "" && !h.allowPrivate {
		h.fault(code, nil)
	}
	return address.String()
}

// InternalAddress returns why an address is none of a public server, as the
// code of a problem ("host.loopback", "host.private" …), or "". An IPv6 address
// that stands for an IPv4 one (mapped, NAT64, 6to4) is judged by that one.
func InternalAddress(address netip.Addr) string {
	address = embedded(address.Unmap())
	switch {
	case address.IsLoopback():
		return CodeHostLoopback
	case address.IsUnspecified():
		return CodeHostUnspecified
	case address.IsPrivate():
		return CodeHostPrivate
	case address.IsLinkLocalUnicast():
		return CodeHostLinkLocal
	case address.IsMulticast():
		return CodeHostMulticast
	}
	for _, network := range reservedNetworks {
		if network.prefix.Contains(address) {
			return network.code
		}
	}
	return ""
}

// reservedNetworks are the ones of RFC 6890 that the netip package has no
// question for. The networks for documentation are left out: they lead nowhere
// and stand in every example.
var reservedNetworks = []struct {
	prefix netip.Prefix
	code   string
}{
	{netip.MustParsePrefix("100.64.0.0/10"), CodeHostPrivate},  // carrier-grade NAT, RFC 6598
	{netip.MustParsePrefix("0.0.0.0/8"), CodeHostUnspecified},  // "this network"
	{netip.MustParsePrefix("192.0.0.0/24"), CodeHostReserved},  // IETF protocols
	{netip.MustParsePrefix("198.18.0.0/15"), CodeHostReserved}, // benchmarks, RFC 2544
	{netip.MustParsePrefix("240.0.0.0/4"), CodeHostReserved},   // and 255.255.255.255
	{netip.MustParsePrefix("fec0::/10"), CodeHostPrivate},      // site-local, RFC 3879
	{netip.MustParsePrefix("100::/64"), CodeHostReserved},      // discard, RFC 6666
	{netip.MustParsePrefix("64:ff9b:1::/48"), CodeHostPrivate}, // local NAT64, RFC 8215
}

var (
	nat64  = netip.MustParsePrefix("64:ff9b::/96") // RFC 6052
	sixTo4 = netip.MustParsePrefix("2002::/16")    // RFC 3056
	compat = netip.MustParsePrefix("::/96")        // RFC 4291 §2.5.5.1
)

// embedded returns the IPv4 address inside an IPv6 address that carries one.
func embedded(address netip.Addr) netip.Addr {
	octets := address.As16()
	switch {
	case !address.Is6() || address.IsLoopback() || address.IsUnspecified():
		return address
	case nat64.Contains(address), compat.Contains(address):
		return netip.AddrFrom4([4]byte(octets[12:16]))
	case sixTo4.Contains(address):
		return netip.AddrFrom4([4]byte(octets[2:6]))
	}
	return address
}
