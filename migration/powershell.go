package migration

import (
	"slices"
	"strings"
)

// AppGrant is what an administrator of Microsoft 365 has to let one application do
// before its mailboxes can be read.
type AppGrant struct {
	Cloud     Cloud
	ClientID  string
	Tenant    string // as the rows name it; "": by Domains
	Domains   []string
	Mailboxes []string // logins at the source, each once, in the order of the rows
}

// AppGrants returns what the rows with an application need, in their order.
func AppGrants(rows []Resource) []AppGrant {
	var grants []AppGrant
	for _, r := range rows {
		auth := r.Source.Auth
		if auth.Kind != AuthClientCredentials {
			continue
		}
		cloud, _ := CloudOf(r.Source.Host)
		i := slices.IndexFunc(grants, func(g AppGrant) bool {
			return g.Cloud == cloud && g.ClientID == auth.ClientID && g.Tenant == auth.Tenant
		})
		if i < 0 {
			i = len(grants)
			grants = append(grants, AppGrant{Cloud: cloud, ClientID: auth.ClientID, Tenant: auth.Tenant})
		}
		grants[i].add(auth.Login)
	}
	return grants
}

func (g *AppGrant) add(login string) {
	if slices.Contains(g.Mailboxes, login) {
		return
	}
	g.Mailboxes = append(g.Mailboxes, login)
	if _, domain, _ := strings.Cut(strings.ToLower(login), "@"); domain != "" && !slices.Contains(g.Domains, domain) {
		g.Domains = append(g.Domains, domain)
	}
}

// Connect are the PowerShell commands that log the administrator in and find the
// object ID of the enterprise application, which people mistake for that of the app
// registration (learn.microsoft.com, "Authenticate an IMAP, POP or SMTP connection
// using OAuth").
func (g AppGrant) Connect() []string {
	graph := "Connect-MgGraph -Scopes Application.Read.All"
	if g.Tenant != "" {
		graph += " -TenantId " + quotePowerShell(g.Tenant)
	}
	if g.Cloud.Graph != "" {
		graph += " -Environment " + g.Cloud.Graph
	}
	return []string{
		graph,
		"$app = " + quotePowerShell(g.ClientID),
		`$id = (Get-MgServicePrincipal -Filter "appId eq '$app'").Id`,
		g.connectExchange(),
	}
}

func (g AppGrant) connectExchange() string {
	if g.Cloud.Exchange == "" {
		return "Connect-ExchangeOnline"
	}
	return "Connect-ExchangeOnline -ExchangeEnvironmentName " + g.Cloud.Exchange
}

// Register is the command that makes the application known to Exchange, once.
func (g AppGrant) Register() []string {
	return []string{"if (-not (Get-ServicePrincipal -Identity $id -ErrorAction SilentlyContinue)) { New-ServicePrincipal -AppId $app -ObjectId $id -DisplayName Trasloco }"}
}

// Allow are the commands that open the mailboxes to the application, one for each.
func (g AppGrant) Allow() []string {
	commands := make([]string, len(g.Mailboxes))
	for i, mailbox := range g.Mailboxes {
		commands[i] = "Add-MailboxPermission -Identity " + quotePowerShell(mailbox) + " -User $id -AccessRights FullAccess"
	}
	return commands
}

// Revoke are the commands that take the application away from Exchange, so that it opens
// no mailbox any more; its entries in the permissions of the mailboxes stay. They stand
// for themselves: it is days later, and no variable of Connect is known any more. Remove-ServicePrincipal takes what
// names one service principal, its AppId too (learn.microsoft.com, "Remove-ServicePrincipal").
func (g AppGrant) Revoke() []string {
	return []string{g.connectExchange(), "Remove-ServicePrincipal -Identity " + quotePowerShell(g.ClientID)}
}

// quotePowerShell writes a text that PowerShell takes as it is: between single
// quotes, where nothing is special but they; it knows four more signs as such.
func quotePowerShell(text string) string {
	var b strings.Builder
	b.WriteByte('\'')
	for _, c := range text {
		if strings.ContainsRune("'\u2018\u2019\u201a\u201b", c) {
			b.WriteRune(c)
		}
		b.WriteRune(c)
	}
	b.WriteByte('\'')
	return b.String()
}
