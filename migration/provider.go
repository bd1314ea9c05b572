package migration

import (
	"cmp"
	"slices"
	"strings"
)

// Provider is what is known of a mail provider, or of a hosting panel, before anybody
// has connected to it. All of them answer on port 993 with TLS from the first octet.
// The zero value is a server of which nothing is known.
type Provider struct {
	// Name is stored and names the texts; "": none was chosen.
	Name string
	// Host is the server of all its customers. Prefix stands in its place where every
	// domain has its own: it goes before the domain. Both empty: it has to be asked for.
	Host, Prefix string
	// MX are the names under which its servers take in mail, and Domains those of the
	// addresses that it gives away: by them its customers are known.
	MX, Domains []string
	Login       ProviderLogin
	Password    ProviderPassword
	// Most is how many connections its servers bear from us at once (C-1); 0: not
	// known, the server teaches it.
	Most int
	// Master is how it wants the login of a master user; zero: the check finds out.
	Master MasterForm
	// Groupware is what its folders hold besides mail.
	Groupware Groupware
}

// ProviderLogin says as whom a mailbox logs in.
type ProviderLogin string

// The kinds of logins.
const (
	LoginAddress ProviderLogin = "address" // the whole address
	LoginLocal   ProviderLogin = "local"   // what stands before the @
)

// ProviderPassword says which password a mailbox logs in with.
type ProviderPassword string

// The kinds of passwords.
const (
	PasswordOwn     ProviderPassword = "own"      // that of the mailbox
	PasswordApp     ProviderPassword = "app"      // one for this program alone
	PasswordTwoStep ProviderPassword = "two_step" // the same, where login takes two steps
)

// Providers returns all that are known. Where the source is no page of theirs it is
// what programs that connect to them use.
func Providers() []Provider {
	return []Provider{
		{ // guide.hosting.aruba.it, "configurazione casella"; MX: mx.<domain>, mx.aruba.it
			Name: "aruba", Host: "imaps.aruba.it", MX: []string{"aruba.it"}, Domains: []string{"aruba.it"},
			Login: LoginAddress, Password: PasswordOwn,
		},
		{ // guide.pec.it, "Configurare casella PEC" and "Generare la password per il client"
			Name: "aruba_pec", Host: "imaps.pec.aruba.it", MX: []string{"pec.aruba.it"}, Domains: []string{"pec.it", "arubapec.it"},
			Login: LoginAddress, Password: PasswordTwoStep,
		},
		{ // imap.register.it shows a certificate for *.securemail.pro; pop. answers to IMAP on 993
			Name: "register", Host: "pop.securemail.pro", MX: []string{"register.it", "securemail.pro"},
			Login: LoginAddress, Password: PasswordOwn,
		},
		{
			Name: "libero", Host: "imapmail.libero.it", MX: []string{"libero.it"}, Domains: []string{"libero.it", "inwind.it", "iol.it", "blu.it"},
			Login: LoginAddress, Password: PasswordTwoStep,
		},
		{ // tim.it, "Mail": alice.it and tim.it are one service
			Name: "tim", Host: "imap.tim.it", MX: []string{"tim.it", "alice.it"}, Domains: []string{"tim.it", "alice.it"},
			Login: LoginAddress, Password: PasswordOwn,
		},
		{ // help.ovhcloud.com, "MX Plan": other products have hosts of their own
			Name: "ovh", Host: "ssl0.ovh.net", MX: []string{"mail.ovh.net"}, Login: LoginAddress, Password: PasswordOwn,
		},
		{ // ionos.it and ionos.fr, "Server di posta in entrata": one host a country
			Name: "ionos", Host: "imap.ionos.it", MX: []string{"ionos.it"}, Login: LoginAddress, Password: PasswordOwn,
		},
		{ // help.yahoo.com SLN4075 and SLN15241
			Name: "yahoo", Host: "imap.mail.yahoo.com", MX: []string{"yahoodns.net"}, Domains: []string{"yahoo.com", "yahoo.it", "ymail.com"},
			Login: LoginAddress, Password: PasswordApp,
		},
		{ // support.apple.com 102525: "usually the name part" of the address
			Name: "icloud", Host: "imap.mail.me.com", MX: []string{"mail.icloud.com"}, Domains: []string{"icloud.com", "me.com", "mac.com"},
			Login: LoginLocal, Password: PasswordApp,
		},
		{ // fastmail.help, "Server names and ports" and "App passwords"
			Name: "fastmail", Host: "imap.fastmail.com", MX: []string{"messagingengine.com"}, Domains: []string{"fastmail.com", "fastmail.fm"},
			Login: LoginAddress, Password: PasswordApp,
		},
		{ // zoho.com, "IMAP access": domains of companies, in the data centre of the EU
			Name: "zoho", Host: "imappro.zoho.eu", MX: []string{"zoho.eu"}, Login: LoginAddress, Password: PasswordTwoStep,
		},
		{ // docs.cpanel.net, "Set Up Mail Client"
			Name: "cpanel", Prefix: "mail.", Login: LoginAddress, Password: PasswordOwn,
		},
		{ // docs.plesk.com, "Access Mail from Mail Clients"; older ones have Courier, see there
			Name: "plesk", Prefix: "mail.", Login: LoginAddress, Password: PasswordOwn, Most: 3,
		},
		{ // imapsync, FAQ.Zimbra: the admin goes in by authorization identity
			Name: "zimbra", Login: LoginAddress, Password: PasswordOwn, Master: MasterForm{AuthzID: true}, Groupware: GroupwareZimbra,
		},
		{ // imapsync, FAQ.Kerio
			Name: "kerio", Login: LoginAddress, Password: PasswordOwn, Master: MasterForm{Command: CommandMasterAuth}, Groupware: GroupwareKerio,
		},
		{ // imapsync, FAQ.Cyrus; imapd.conf(5), admins
			Name: "cyrus", Login: LoginLocal, Password: PasswordOwn, Master: MasterForm{AuthzID: true},
		},
		{ // its file imapd: MAXPERIP=4 counts by address, and takes the next one only to close it
			Name: "courier", Login: LoginAddress, Password: PasswordOwn, Most: 3,
		},
		{ // imapsync, FAQ.General: the admin logs in, then says PROXYAUTH
			Name: "oracle", Login: LoginLocal, Password: PasswordOwn, Master: MasterForm{Command: CommandProxyAuth},
		},
		{ // learn.microsoft.com, "CSV files for IMAP migration batches"
			Name: "mirapoint", Login: LoginAddress, Password: PasswordOwn, Master: MasterForm{Pattern: "#{user}#{master}#"},
		},
		{ // github.com/imapsync/imapsync, issue 227
			Name: "scalix", Login: LoginLocal, Password: PasswordOwn, Master: MasterForm{Pattern: "mboxadmin:{master}:{user}"},
		},
	}
}

// ProviderNamed returns the provider of a name; of any other the zero value.
func ProviderNamed(name string) Provider {
	for _, p := range Providers() {
		if p.Name == name {
			return p
		}
	}
	return Provider{}
}

// HostFor returns the server of the mailboxes of a domain; "" where that cannot be
// told.
func (p Provider) HostFor(domain string) string {
	if p.Host != "" || p.Prefix == "" || domain == "" {
		return p.Host
	}
	return p.Prefix + domain
}

// ProviderOf returns whose customer a domain is, by its name or by where it takes in
// its mail. False: nobody's that is known.
func ProviderOf(domain string, mx ...string) (Provider, bool) {
	best, length := Provider{}, 0
	for _, p := range Providers() {
		if slices.Contains(p.Domains, strings.ToLower(domain)) {
			return p, true
		}
		for _, name := range p.MX {
			isIts := slices.ContainsFunc(mx, func(host string) bool {
				host = strings.ToLower(strings.TrimSuffix(host, "."))
				return host == name || strings.HasSuffix(host, "."+name)
			})
			if isIts && len(name) > length { // pec.aruba.it is not aruba.it
				best, length = p, len(name)
			}
		}
	}
	return best, length > 0
}

// defaultHost is the source of a row that names none.
func (p *csvParser) defaultHost(r *record) string {
	_, ofLogin, _ := strings.Cut(cleanName(r.value(FieldLogin).text), "@")
	_, ofDestination, _ := strings.Cut(cleanName(r.value(FieldDestination).text), "@")
	return cmp.Or(p.opts.DefaultHost, p.opts.Provider.HostFor(cmp.Or(ofLogin, ofDestination)))
}
