package migration

import (
	"net/netip"
	"slices"
	"strings"
)

// mostAddresses of a name are kept; a name with more has them only to spread load.
const mostAddresses = 16

// Addresses are the IP addresses that the name of a server led to when somebody
// looked, with blanks between them; the one that answered stands first (S7).
type Addresses string

// JoinAddresses is the reverse of List. It keeps the first of many.
func JoinAddresses(list []netip.Addr) Addresses {
	var texts []string
	for _, ip := range list[:min(len(list), mostAddresses)] {
		texts = append(texts, ip.Unmap().String())
	}
	return Addresses(strings.Join(texts, " "))
}

// List returns the addresses in their order; what is no address is passed over.
func (a Addresses) List() (list []netip.Addr) {
	for text := range strings.FieldsSeq(string(a)) {
		if ip, err := netip.ParseAddr(text); err == nil {
			list = append(list, ip)
		}
	}
	return list
}

// First returns the one that is used; "" of none.
func (a Addresses) First() string {
	first, _, _ := strings.Cut(string(a), " ")
	return first
}

// Others returns those that are used where the first does not answer.
func (a Addresses) Others() string {
	_, others, _ := strings.Cut(string(a), " ")
	return strings.ReplaceAll(others, " ", ", ")
}

// StartingWith returns the same addresses with ip in front, if it is one of them.
func (a Addresses) StartingWith(ip netip.Addr) Addresses {
	list := a.List()
	i := slices.Index(list, ip.Unmap())
	if i < 0 {
		return a
	}
	return JoinAddresses(slices.Insert(slices.Delete(list, i, i+1), 0, ip.Unmap()))
}
