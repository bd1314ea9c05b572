package views

import (
	"context"
	"strings"

	"trasloco/locale"
	"trasloco/migration"
)

// PowerShell is the script that lets the applications of a file open its mailboxes,
// with comments for whoever runs it; "": no row has an application.
func PowerShell(ctx context.Context, grants []migration.AppGrant) string {
	var b strings.Builder
	for i, g := range grants {
		if i > 0 {
			b.WriteString("\n")
		}
		where := g.Tenant
		if where == "" {
			where = strings.Join(g.Domains, ", ")
		}
		powerShellPart(&b, locale.N(ctx, "page.wizard.powershell.who", len(g.Mailboxes), map[string]any{"client": g.ClientID, "tenant": locale.Printable(where)}), g.Connect())
		powerShellPart(&b, locale.T(ctx, "page.wizard.powershell.register", nil), g.Register())
		powerShellPart(&b, locale.T(ctx, "page.wizard.powershell.allow", nil), g.Allow())
		powerShellPart(&b, locale.T(ctx, "page.wizard.powershell.revoke", nil), nil)
		for _, command := range g.Revoke() {
			b.WriteString("# " + command + "\n")
		}
	}
	return b.String()
}

func powerShellPart(b *strings.Builder, comment string, commands []string) {
	b.WriteString("# " + comment + "\n")
	for _, command := range commands {
		b.WriteString(command + "\n")
	}
}
