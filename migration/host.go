package migration

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/net/idna"
)

// Limits of names in the DNS (RFC 1035 §2.3.4); the name without its root dot.
const (
	maxLabel = 63
	maxName  = 253
)

// HostPort is a server as somebody wrote it.
type HostPort struct {
	Host string // name in lower-case ASCII form, or IP address without brackets
	Port int    // 0: none was said
}

// ParseHostPort reads a name, an IPv4 or IPv6 address, `host:port` or
// `[v6]:port`. Names outside ASCII come back in their ASCII form. Addresses of
// loopback, private and other networks that no public server has are a problem
// unless allowPrivate; a name is not looked up. All faults are returned, each
// with Field "host" and without a row. Their Args hold no more than the piece that
// is wrong: in a row whose fields are mixed up the host might be a password.
func ParseHostPort(text string, allowPrivate bool) (HostPort, []Problem) {
	h := hostReader{allowPrivate: allowPrivate}
	host, port := h.divide(text)
	if len(h.problems) > 0 {
		return HostPort{}, h.problems
	}
	read := HostPort{Host: h.host(host), Port: h.port(port)}
	if len(h.problems) > 0 {
		return HostPort{}, h.problems
	}
	return read, nil
}

type hostReader struct {
	allowPrivate bool
	problems     []Problem
}

func (h *hostReader) fault(code string, args Args) {
	h.problems = append(h.problems, Problem{Code: code, Field: FieldHost, Args: args})
}

// divide separates host and port. The port comes with its colon, so that a
// colon without a number is seen. It reports what is no host at all.
func (h *hostReader) divide(text string) (host, port string) {
	scheme, _, isURL := strings.Cut(text, "://")
	switch {
	case text == "":
		h.fault(CodeHostEmpty, nil)
	case isURL:
		h.fault(CodeHostScheme, Args{"scheme": schemeName(scheme)})
	case strings.Contains(text, "@"):
		h.fault(CodeHostAddress, nil)
	case strings.ContainsAny(text, `/\`):
		h.fault(CodeHostPath, nil)
	case strings.ContainsFunc(text, unicode.IsSpace):
		h.fault(CodeHostBlank, nil)
	case strings.ContainsAny(text, "[]"):
		return h.divideBrackets(text)
	case strings.Count(text, ":") > 1:
		h.checkBareIPv6(text)
		return text, ""
	default:
		if at := strings.IndexByte(text, ':'); at >= 0 {
			return text[:at], text[at:]
		}
		return text, ""
	}
	return "", ""
}

// schemeName returns a scheme people write before a host, or nothing.
func schemeName(text string) string {
	scheme := strings.ToLower(text)
	if slices.Contains([]string{"imap", "imaps", "http", "https", "ssl", "tls", "pop3", "smtp"}, scheme) {
		return scheme + "://"
	}
	return "://"
}

func (h *hostReader) divideBrackets(text string) (host, port string) {
	inside, opened := strings.CutPrefix(text, "[")
	host, port, closed := strings.Cut(inside, "]")
	if !opened || !closed || strings.ContainsAny(host+port, "[]") || (port != "" && port[0] != ':') {
		h.fault(CodeHostBracket, nil)
		return "", ""
	}
	if !strings.Contains(host, ":") {
		h.fault(CodeHostBracket, nil)
	}
	return host, port
}

// checkBareIPv6 refuses what may be an address with a port behind it:
// 2001:db8::1:993 is a valid address, but hardly the one that was meant.
func (h *hostReader) checkBareIPv6(text string) {
	last := strings.LastIndexByte(text, ':')
	address, tail := text[:last], text[last+1:]
	_, err := netip.ParseAddr(text)
	_, errWithoutTail := netip.ParseAddr(address)
	looksLikePort := tail == strconv.Itoa(PortIMAP) || tail == strconv.Itoa(PortIMAPS)
	if (err == nil && looksLikePort) || (err != nil && errWithoutTail == nil && isDigits(tail)) {
		h.fault(CodeHostIPv6Port, Args{"port": tail})
	}
}

// wrongPorts are ports that other services of a mail server are assigned.
var wrongPorts = map[int]string{
	25: "SMTP", 465: "SMTP", 587: "SMTP", 110: "POP3", 995: "POP3", 80: "HTTP", 443: "HTTPS", 4190: "Sieve",
}

func (h *hostReader) port(text string) int {
	if text == "" {
		return 0
	}
	digits := text[1:]
	number, err := strconv.Atoi(digits)
	switch service := wrongPorts[number]; {
	case digits == "":
		h.fault(CodePortEmpty, nil)
	case !isDigits(digits):
		h.fault(CodePortNumber, nil)
	case err != nil || number < 1 || number > 65535:
		h.fault(CodePortRange, nil)
	case service != "":
		h.fault(CodePortOtherService, Args{"port": digits, "service": service})
	}
	return number
}

func (h *hostReader) host(text string) string {
	switch {
	case text == "":
		h.fault(CodeHostEmpty, nil)
		return ""
	case strings.Contains(text, ":"):
		return h.ipv6(text)
	default:
		return h.name(strings.TrimSuffix(text, "."))
	}
}

func (h *hostReader) ipv6(text string) string {
	address, err := netip.ParseAddr(text)
	switch {
	case strings.Contains(text, "%"):
		h.fault(CodeHostIPv6Zone, nil)
	case err != nil:
		h.fault(CodeHostIPv6, nil)
	default:
		return h.public(address)
	}
	return ""
}

// name reads a name or an IPv4 address. Wide digits and dots become plain ones
// before the address is looked for.
func (h *hostReader) name(text string) string {
	if code, args := characterFault(text); code != "" {
		h.fault(code, args)
		return ""
	}
	if len(text) > 4*maxName { // no UTF-8 of a name that fits
		h.fault(CodeHostLong, Args{"length": len(text), "max": maxName})
		return ""
	}
	name, err := asciiName(text)
	if err != nil {
		h.fault(CodeHostIDN, Args{"name": wrongLabel(text)})
		return ""
	}
	labels := strings.Split(name, ".")
	if endsInNumber(labels) {
		return h.ipv4(name, labels)
	}
	if code, args := labelFault(name, labels); code != "" {
		h.fault(code, args)
	}
	if labels[len(labels)-1] == "localhost" && !h.allowPrivate { // RFC 6761 §6.3
		h.fault(CodeHostLoopback, nil)
	}
	return name
}

// asciiName returns the name in lower-case ASCII. Only labels that need it go
// through IDNA: its rules refuse some plain names that exist.
func asciiName(text string) (string, error) {
	lower := strings.ToLower(text)
	if isASCII(text) && !strings.Contains("."+lower, ".xn--") {
		return lower, nil
	}
	name, err := idna.Lookup.ToASCII(text)
	return strings.TrimSuffix(name, "."), err // there are other dots than "."
}

// wrongLabel returns the part of a name that IDNA refuses.
func wrongLabel(text string) string {
	for label := range strings.SplitSeq(text, ".") {
		if _, err := asciiName(label); err != nil {
			return label
		}
	}
	return text
}

// characterFault finds ASCII that no host name has (RFC 1123 §2.1), and control
// characters of any kind.
func characterFault(text string) (code string, args Args) {
	for _, c := range text {
		switch {
		case c == '_':
			return CodeHostUnderscore, nil
		case unicode.IsControl(c) || c == unicode.ReplacementChar:
			return CodeHostCharacter, Args{"character": strconv.QuoteRuneToASCII(c)}
		case c < unicode.MaxASCII && !unicode.IsLetter(c) && !unicode.IsDigit(c) && c != '-' && c != '.':
			return CodeHostCharacter, Args{"character": string(c)}
		}
	}
	return "", nil
}

func labelFault(name string, labels []string) (code string, args Args) {
	for _, label := range labels {
		switch {
		case label == "":
			return CodeHostEmptyLabel, nil
		case len(label) > maxLabel:
			return CodeHostLabelLong, Args{"length": len(label), "max": maxLabel}
		case strings.HasPrefix(label, "-") || strings.HasSuffix(label, "-"):
			return CodeHostHyphen, nil
		}
	}
	if len(name) > maxName {
		return CodeHostLong, Args{"length": len(name), "max": maxName}
	}
	return "", nil
}

func isDigits(text string) bool {
	return text != "" && strings.Trim(text, "0123456789") == ""
}

func isASCII(text string) bool {
	return !strings.ContainsFunc(text, func(c rune) bool { return c > unicode.MaxASCII })
}
