package migration

import (
	"slices"
	"strings"
	"testing"
)

func ofApp(host, login, client, tenant string) Resource {
	return Resource{Source: Endpoint{Host: host, Auth: Auth{
		Kind: AuthClientCredentials, Login: login, ClientID: client, ClientSecret: NewSecret("s3cret"), Tenant: tenant,
	}}}
}

func TestEachApplicationAndTenantHasItsCommands(t *testing.T) {
	const world, us = "outlook.office365.com", "outlook.office365.us"
	rows := []Resource{
		ofApp(world, "anna@A.example", "app-1", ""), ofApp(world, "bruno@b.example", "app-1", ""),
		ofApp(world, "anna@A.example", "app-1", ""), // to a second destination
		ofApp(world, "carla@a.example", "app-2", ""), ofApp(world, "dario@a.example", "app-1", "a.onmicrosoft.com"),
		ofApp(us, "elena@a.example", "app-1", ""),
		{Source: Endpoint{Host: world, Auth: Auth{Kind: AuthPassword, Login: "franco@a.example"}}},
	}
	var got []string
	for _, g := range AppGrants(rows) {
		got = append(got, strings.Join([]string{g.Cloud.Name, g.ClientID, g.Tenant, strings.Join(g.Domains, "+"), strings.Join(g.Mailboxes, "+")}, " "))
	}
	want := []string{
		"public app-1  a.example+b.example anna@A.example+bruno@b.example",
		"public app-2  a.example carla@a.example",
		"public app-1 a.onmicrosoft.com a.example dario@a.example",
		"us-government app-1  a.example elena@a.example",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
}

func TestCommandsForMicrosoft(t *testing.T) {
	g := AppGrant{Cloud: Clouds()[3], ClientID: "app-1", Tenant: "a.example", Mailboxes: []string{"anna@a.example", "o’hara@a.example", "x';y@a.example", "$(calc)`n@a.example"}}
	want := []string{
		"Connect-MgGraph -Scopes Application.Read.All -TenantId 'a.example' -Environment China",
		"$app = 'app-1'",
		`$id = (Get-MgServicePrincipal -Filter "appId eq '$app'").Id`,
		"Connect-ExchangeOnline -ExchangeEnvironmentName O365China",
		"if (-not (Get-ServicePrincipal -Identity $id -ErrorAction SilentlyContinue)) { New-ServicePrincipal -AppId $app -ObjectId $id -DisplayName Trasloco }",
		"Add-MailboxPermission -Identity 'anna@a.example' -User $id -AccessRights FullAccess",
		"Add-MailboxPermission -Identity 'o’’hara@a.example' -User $id -AccessRights FullAccess",
		"Add-MailboxPermission -Identity 'x'';y@a.example' -User $id -AccessRights FullAccess",
		"Add-MailboxPermission -Identity '$(calc)`n@a.example' -User $id -AccessRights FullAccess",
		"Connect-ExchangeOnline -ExchangeEnvironmentName O365China",
		"Remove-ServicePrincipal -Identity 'app-1'",
	}
	if got := slices.Concat(g.Connect(), g.Register(), g.Allow(), g.Revoke()); !slices.Equal(got, want) {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
	public := AppGrant{Cloud: Clouds()[0], ClientID: "app-1"}
	if got := public.Connect(); got[0] != "Connect-MgGraph -Scopes Application.Read.All" || got[3] != "Connect-ExchangeOnline" {
		t.Errorf("in the public cloud %q", got)
	}
}
