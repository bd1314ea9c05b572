package migration

import "maps"

// Weakness is a fault in how a server protects its connections, which the admin may
// bear with at that one server. The certificate is checked all the same, where there
// is one.
type Weakness string

// The weaknesses. As the class of a failed check each says what stands in the way.
const (
	WeakTLS Weakness = "old_tls" // it knows no more than versions and ciphers that are broken
	NoTLS   Weakness = "no_tls"  // it has no encryption at all: passwords travel in clear
)

// Weaknesses returns all of them.
func Weaknesses() []Weakness { return []Weakness{WeakTLS, NoTLS} }

// Weakness returns what stands in the way of a failed check and may be borne with; "":
// nothing of that kind.
func (c Check) Weakness() Weakness {
	for _, w := range Weaknesses() {
		if c.Status == CheckFailed && c.Side == "source" && c.Class == string(w) {
			return w
		}
	}
	return ""
}

// Allow bears with a weakness of the server at one address. The map of another copy
// of o stays as it is.
func (o *SourceOptions) Allow(address string, w Weakness) {
	allowed := maps.Clone(o.Allowed)
	if allowed == nil {
		allowed = make(map[string]Weakness)
	}
	allowed[address] = w
	o.Allowed = allowed
}

// Weakness returns what is borne with at an endpoint; "": nothing.
func (e Endpoint) Weakness() Weakness {
	switch {
	case e.TLS == TLSNone:
		return NoTLS
	case e.OldTLS:
		return WeakTLS
	}
	return ""
}

// weaken lets an endpoint be reached as the admin allowed for its address.
func (o SourceOptions) weaken(e *Endpoint) {
	switch o.Allowed[e.Address()] {
	case NoTLS:
		e.TLS = TLSNone
	case WeakTLS:
		e.OldTLS = true
	}
}
