package migration

import (
	"cmp"
	"slices"
	"strings"
)

// Faults of a row that only who knows the customer can find.
const (
	CodeRowNoDomain      = "row.no_domain"      // the destination is no address
	CodeRowForeignDomain = "row.foreign_domain" // args: domain
	CodeRowDomainTypo    = "row.domain_typo"    // args: domain, near
	CodeRowSameAccount   = "row.same_account"
)

// Intake is what the panel reads a file of accounts against: who hands it in,
// the domains of his customer, and the servers that hold their mailboxes.
type Intake struct {
	Policy       Policy
	Type         ServerType
	Source       SourceOptions
	User         User
	Domains      []Domain
	Destinations []Destination
	AllowPrivate bool
	// Key is that of a service account, which opens rows without a password at Google;
	// zero: there is none.
	Key ServiceAccount
}

// Read is ParseCSV for the panel. In the rows that it returns both ends are
// complete and DomainID is set. A row is a problem, too, where its destination
// is in no domain that the user may use, or needs a password that the row lacks,
// or is the source itself.
//
// Whether rows end with the password of the destination mailbox depends on the
// servers of the customer's domains. Where some want it and some do not, the
// file is read both ways, and the reading with fewer problems counts.
func (in Intake) Read(data []byte) Sheet {
	wanted, unwanted := in.passwordsWanted()
	if !wanted {
		return in.read(data, CSVOptions{})
	}
	with := in.read(data, CSVOptions{DestinationPassword: true, passwordMayMiss: unwanted})
	if !unwanted {
		return with
	}
	if without := in.read(data, CSVOptions{}); len(without.Problems) <= len(with.Problems) {
		return without
	}
	return with
}

// passwordsWanted reports which kinds of destinations the user's domains have:
// those that want the mailbox's own password, and those that do not.
func (in Intake) passwordsWanted() (wanted, unwanted bool) {
	for _, domain := range in.Domains {
		destination, found := in.destination(domain)
		if !found || !in.User.CanUseDomain(domain) {
			continue
		}
		if destination.NeedsPassword() {
			wanted = true
		} else {
			unwanted = true
		}
	}
	return wanted, unwanted
}

func (in Intake) destination(d Domain) (Destination, bool) {
	i := slices.IndexFunc(in.Destinations, func(other Destination) bool { return other.ID == d.DestinationID })
	if i < 0 {
		return Destination{}, false
	}
	return in.Destinations[i], true
}

// read reads the file one way.
func (in Intake) read(data []byte, opts CSVOptions) Sheet {
	opts.MaxRows, opts.DefaultTLS, opts.AllowPrivate = in.Policy.MaxRows, in.Source.TLS, in.AllowPrivate
	opts.DefaultHost, opts.NeedsApp = in.Type.Host(), in.Type == Office365
	if in.Type == Gmail {
		opts.Key = in.Key
	}
	if opts.NeedsApp {
		opts.DefaultHost = CloudNamed(in.Policy.Cloud).Host
	}
	opts.Provider = ProviderNamed(in.Source.Provider)
	sheet := ParseCSV(data, opts)
	rows := sheet.Rows
	sheet.Rows = nil
	for _, r := range rows {
		if problem, ok := in.complete(&r); !ok {
			problem.Row = r.Row
			sheet.Problems = append(sheet.Problems, problem)
			continue
		}
		sheet.Rows = append(sheet.Rows, r)
	}
	slices.SortStableFunc(sheet.Problems, func(a, b Problem) int { return cmp.Compare(a.Row, b.Row) })
	return sheet
}

// complete adds to a row what the file does not say, or tells why it cannot.
func (in Intake) complete(r *Resource) (problem Problem, ok bool) {
	_, name, isAddress := strings.Cut(r.Destination.Auth.Login, "@")
	if !isAddress {
		return Problem{Code: CodeRowNoDomain, Field: FieldDestination}, false
	}
	domain, destination, found := in.find(name)
	if !found {
		return in.foreign(name), false
	}
	if destination.NeedsPassword() && r.Destination.Auth.Password.IsZero() {
		return Problem{Code: CodeDestinationPasswordEmpty, Field: FieldDestinationPassword}, false
	}
	r.DomainID = domain.ID
	r.Destination = destination.For(r.Destination.Auth.Login, r.Destination.Auth.Password)
	r.Source.TLSName, r.Source.Pin = in.Source.TLSName, in.Source.PinOf(r.Source.Address())
	in.Source.weaken(&r.Source)
	r.Source.Most = ProviderNamed(in.Source.Provider).Most
	if r.Source.Auth.Kind == AuthMaster {
		r.Source.Auth.Form = in.Source.Master
	}
	if r.IsOneAccount() {
		return Problem{Code: CodeRowSameAccount, Field: FieldDestination}, false
	}
	return Problem{}, true
}

// find returns the domain of that name, in any script and case, and its server.
func (in Intake) find(name string) (Domain, Destination, bool) {
	name = plainDomain(name)
	for _, domain := range in.Domains {
		if domain.Name == name && in.User.CanUseDomain(domain) {
			destination, found := in.destination(domain)
			return domain, destination, found
		}
	}
	return Domain{}, Destination{}, false
}

func plainDomain(name string) string {
	if ascii, err := asciiName(name); err == nil {
		return ascii
	}
	return strings.ToLower(name)
}

// foreign names the domain that is not the user's, and the one of his that was
// probably meant.
func (in Intake) foreign(name string) Problem {
	problem := Problem{Code: CodeRowForeignDomain, Field: FieldDestination, Args: Args{"domain": name}}
	for _, domain := range in.Domains {
		if in.User.CanUseDomain(domain) && oneSlip(plainDomain(name), domain.Name) {
			return Problem{Code: CodeRowDomainTypo, Field: FieldDestination, Args: Args{"domain": name, "near": domain.Name}}
		}
	}
	return problem
}

// oneSlip reports whether two names differ by one letter: one too many, one too
// few, another one, or two neighbours that changed places.
func oneSlip(a, b string) bool {
	if len(a) < len(b) {
		a, b = b, a
	}
	start := 0
	for start < len(b) && a[start] == b[start] {
		start++
	}
	a, b = a[start:], b[start:]
	switch len(a) - len(b) {
	case 1:
		return a[1:] == b
	case 0:
		swapped := len(a) > 1 && a[0] == b[1] && a[1] == b[0] && a[2:] == b[2:]
		return a != "" && (a[1:] == b[1:] || swapped)
	}
	return false
}

// IsOneAccount reports whether the row would copy an account into itself.
func (r Resource) IsOneAccount() bool {
	return r.Source.Port == r.Destination.Port && strings.EqualFold(r.Source.Host, r.Destination.Host) &&
		r.Source.Auth.Login == r.Destination.Auth.Login
}

// Host returns the server that all accounts of a type have in common; "": they
// have none. A row may leave it out.
func (t ServerType) Host() string {
	switch t {
	case Gmail:
		return "imap.gmail.com"
	case Office365:
		return Clouds()[0].Host
	}
	return ""
}

// IsUsable reports whether the rows of a sheet could be read at all, so that
// those with problems can be corrected one by one.
func (s Sheet) IsUsable() bool {
	return !slices.ContainsFunc(s.Problems, func(p Problem) bool {
		return p.Row == 0 || p.Code == CodeFileSepLine || p.Code == CodeFileColumnOrder
	})
}
