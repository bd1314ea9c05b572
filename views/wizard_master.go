package views

import (
	"context"

	"trasloco/locale"
	"trasloco/migration"
	"trasloco/views/ui"
)

// MasterOwn is the choice of a form that is not in the list.
const MasterOwn = "own"

// MasterForms are the forms of the login of a master user that the wizard offers,
// each as MasterForm.String; "": the check finds out.
func MasterForms() []string {
	return []string{
		"", "separator:*", "authzid", `login:{master}\{user}`, string(migration.CommandProxyAuth), string(migration.CommandMasterAuth),
		"login:#{user}#{master}#", "login:mboxadmin:{master}:{user}",
	}
}

// masterOptions are the forms as people know them: by the servers that want them.
func masterOptions(ctx context.Context) []ui.Option {
	names := []string{"auto", "separator", "authzid", "exchange", "proxyauth", "masterauth", "mirapoint", "scalix", MasterOwn}
	var options []ui.Option
	for i, value := range append(MasterForms(), MasterOwn) {
		options = append(options, ui.Option{Value: value, Text: locale.T(ctx, "page.wizard.server.master."+names[i], nil)})
	}
	return options
}

// masterFact says how the login of a master user is made; "": the check finds out.
func masterFact(ctx context.Context, form migration.MasterForm) string {
	if form == (migration.MasterForm{}) {
		return ""
	}
	name := locale.Printable(form.Pattern) // one of somebody's own
	for _, option := range masterOptions(ctx) {
		if option.Value == form.String() {
			name = option.Text
		}
	}
	return locale.T(ctx, "provider.master", map[string]any{"form": name})
}

// masterLogin says as whom the panel logged in at a source; "": not as a master
// user.
func (r RowView) masterLogin(ctx context.Context) string {
	form, login, master := r.Check.Master, r.Line.Text(migration.FieldLogin), r.Line.Text(migration.FieldMaster)
	switch {
	case form == (migration.MasterForm{}) || master == "":
		return ""
	}
	names := map[string]any{"login": locale.Printable(login), "master": locale.Printable(master)}
	switch {
	case form.AuthzID:
		return locale.T(ctx, "page.wizard.file.fact.authzid", names)
	case form.Command == migration.CommandProxyAuth:
		return locale.T(ctx, "page.wizard.file.fact.proxyauth", names)
	case form.Command == migration.CommandMasterAuth:
		return locale.T(ctx, "page.wizard.file.fact.masterauth", names)
	}
	return locale.Printable(form.Join(login, master))
}

// sameLogin reports whether the source knows the account by the address it is to
// have.
func (r RowView) sameLogin() bool {
	return r.Line.Text(migration.FieldLogin) == r.Line.Text(migration.FieldDestination)
}

// loginClass hides a login on a phone where it says nothing new.
func (r RowView) loginClass() string {
	if r.sameLogin() {
		return "t-addr t-soft t-phone-0"
	}
	return "t-addr"
}
