package migration

import (
	"slices"
	"strings"
)

// Cloud is one of Microsoft's clouds: the public one, or a national one. Each has
// its own mail servers, and its own identity service that gives tokens for them.
type Cloud struct {
	Name      string
	Host      string // its IMAP server
	Authority string // where its tenants are found and tokens are given
	Resource  string // what a token is for
	// Exchange and Graph are what PowerShell calls it; "": it need not be named.
	Exchange, Graph string
}

// Clouds returns the clouds, the public one first (learn.microsoft.com, "National
// clouds", "Office 365 U.S. Government GCC High and DoD endpoints").
func Clouds() []Cloud {
	return []Cloud{
		{"public", "outlook.office365.com", "https://login.microsoftonline.com", "https://outlook.office365.com", "", ""},
		{"us-government", "outlook.office365.us", "https://login.microsoftonline.us", "https://outlook.office365.us", "O365USGovGCCHigh", "USGov"},
		{"us-defense", "outlook-dod.office365.us", "https://login.microsoftonline.us", "https://outlook-dod.office365.us", "O365USGovDoD", "USGovDoD"},
		{"china", "partner.outlook.cn", "https://login.partner.microsoftonline.cn", "https://partner.outlook.cn", "O365China", "China"},
	}
}

// CloudOf returns the cloud that a source server belongs to. False: it is none of
// Microsoft's, and tokens for it come from the public cloud.
func CloudOf(host string) (Cloud, bool) {
	all := Clouds()
	if i := slices.IndexFunc(all, func(c Cloud) bool { return c.Host == host }); i >= 0 {
		return all[i], true
	}
	return all[0], false
}

// CloudNamed returns the cloud of that name; of any other the public one.
func CloudNamed(name string) Cloud {
	all := Clouds()
	if i := slices.IndexFunc(all, func(c Cloud) bool { return c.Name == name }); i >= 0 {
		return all[i]
	}
	return all[0]
}

// CloudOfNames returns the cloud whose mail server a certificate names, by itself or
// with a star for its first label (RFC 9525 §6.3).
func CloudOfNames(names []string) (Cloud, bool) {
	for _, cloud := range Clouds() {
		_, parent, _ := strings.Cut(cloud.Host, ".")
		for _, name := range names {
			if strings.EqualFold(name, cloud.Host) || strings.EqualFold(name, "*."+parent) {
				return cloud, true
			}
		}
	}
	return Cloud{}, false
}

// Stages of a check at Microsoft 365, in the order they are tried: each needs what
// the one before it gave.
const (
	StageTenant  = "tenant"  // the domain belongs to a tenant
	StageToken   = "token"   // the tenant gives the application a token
	StageRoles   = "roles"   // the token says that it may use IMAP
	StageXOAUTH2 = "xoauth2" // Exchange takes the token for this mailbox
	StageOpens   = "opens"   // the mailbox opens
)

// MicrosoftStages returns the stages in their order.
func MicrosoftStages() []string {
	return []string{StageTenant, StageToken, StageRoles, StageXOAUTH2, StageOpens}
}

// MicrosoftStage returns the stage at which a check ended with an error of a class;
// "": the class is none of Microsoft's.
func MicrosoftStage(class string) string {
	return map[string]string{
		ClassTenant: StageTenant,
		ClassToken:  StageToken, ClassTokenApp: StageToken, ClassTokenSecret: StageToken, ClassTokenExpired: StageToken,
		ClassTokenNoSecret: StageToken, ClassTokenScope: StageToken,
		ClassTokenRoles:    StageRoles,
		ClassAppLogin:      StageXOAUTH2,
		ClassAppPermission: StageOpens,
	}[class]
}
