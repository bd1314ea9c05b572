package views

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"trasloco/locale"
	"trasloco/migration"
	"trasloco/views/ui"
)

// CustomerChoice says whose people a page shows. All is empty where the reader
// need not know that there are customers.
type CustomerChoice struct {
	Current migration.Customer
	All     []migration.Customer
}

func (c CustomerChoice) options() []ui.Option {
	options := make([]ui.Option, len(c.All))
	for i, customer := range c.All {
		options[i] = ui.Option{Value: strconv.FormatInt(customer.ID, 10), Text: customer.Name}
	}
	return options
}

func (c CustomerChoice) value() string { return strconv.FormatInt(c.Current.ID, 10) }

// text names the customer, where there are several.
func (c CustomerChoice) text() string {
	if len(c.All) == 0 {
		return ""
	}
	return c.Current.Name
}

func customerPath(page string, customer int64) string {
	return page + "?" + url.Values{"customer": {strconv.FormatInt(customer, 10)}}.Encode()
}

// UsersPath leads to the users of a customer.
func UsersPath(customer int64) string { return customerPath("/users", customer) }

// UserPath leads to a user's page, or below it.
func UserPath(id int64, below ...string) string {
	return "/users/" + strconv.FormatInt(id, 10) + strings.Join(below, "")
}

// UsersPage lists the users of a customer.
type UsersPage struct {
	Page
	Customer CustomerChoice
	Users    []migration.User
	Domains  []migration.Domain
	Now      time.Time
}

// UserForm is a user as he was typed.
type UserForm struct {
	Name, Email, Language string
	Role                  migration.Role
	Operator              bool
	DomainIDs             []int64 // that are ticked
}

// InvitePage is the form that invites a user.
type InvitePage struct {
	Page
	Customer  CustomerChoice
	Form      UserForm
	Problems  Problems
	Domains   []migration.Domain
	SendsMail bool
}

// UserPage shows what can be changed of a user.
type UserPage struct {
	Page
	Of        migration.User
	Form      UserForm
	Problems  Problems
	Domains   []migration.Domain      // of his customer
	Notice    migration.AccountNotice // the last mail with a link; zero: there was none
	SendsMail bool
	Now       time.Time
}

// UserQuestion asks before something is done to a user.
type UserQuestion struct {
	Page
	Of migration.User
}

// LinkPage shows a link, this once.
type LinkPage struct {
	Page
	Of      migration.User
	Kind    migration.LinkKind
	Address string
	Until   time.Time
	Now     time.Time
	Back    string
}

func userRole(ctx context.Context, u migration.User) string {
	role := locale.T(ctx, "role."+string(u.Role), nil)
	if u.Operator {
		role = locale.T(ctx, "role.operator", nil) + ", " + role
	}
	return role
}

// roleOptions are the roles, each with what it may do.
func roleOptions(ctx context.Context) []ui.Option {
	var options []ui.Option
	for _, role := range []migration.Role{migration.Admin, migration.TeamMember, migration.Manager} {
		key := "role." + string(role)
		options = append(options, ui.Option{Value: string(role), Text: locale.T(ctx, key, nil), Hint: locale.T(ctx, "page.user."+key, nil)})
	}
	return options
}

func userState(ctx context.Context, s migration.UserState) state {
	said := state{text: locale.T(ctx, "user_state."+string(s), nil)}
	switch s {
	case migration.UserInvited:
		said.tone, said.icon = ui.Wait, ui.IconMailForward
	case migration.UserActive:
		said.tone = ui.OK
	case migration.UserBlocked:
		said.tone, said.icon = ui.Err, ui.IconBan
	}
	return said
}

// domainsOf names the domains of a manager; others have all.
func (p UsersPage) domainsOf(ctx context.Context, u migration.User) string {
	if u.Role != migration.Manager {
		return locale.T(ctx, "page.users.all_domains", nil)
	}
	var names []string
	for _, domain := range p.Domains {
		if slices.Contains(u.DomainIDs, domain.ID) {
			names = append(names, domain.Name)
		}
	}
	if len(names) == 0 {
		return locale.T(ctx, "page.users.no_domains", nil)
	}
	return strings.Join(names, ", ")
}

func (p UsersPage) table(ctx context.Context) ui.TableSpec {
	word := func(name string) string { return locale.T(ctx, "page.users.column."+name, nil) }
	return ui.TableSpec{Label: locale.T(ctx, "page.users.title", nil), Class: "t-table--bins", Columns: []ui.ColumnSpec{
		{Text: word("name")},
		{Text: word("state")},
		{Text: word("role")},
		{Text: word("domains")},
		{Text: word("seen")},
		{Text: word("actions"), Hidden: true},
	}}
}

func (f UserForm) ticked(id int64) bool { return slices.Contains(f.DomainIDs, id) }

func domainCheck(f UserForm, d migration.Domain) ui.CheckSpec {
	id := strconv.FormatInt(d.ID, 10)
	return ui.CheckSpec{ID: "domain-" + id, Name: "domains", Value: id, Label: d.Name, Checked: f.ticked(d.ID)}
}

// languageOptions are the languages a mail can be in.
func languageOptions() []ui.Option { return languageNames() }

func (p UserPage) rules() bool { return p.User.MayChangeRoleOf(p.Of) }

// meta are the facts under the title.
func (p UserPage) meta() templ.Component { return userMeta(p) }

// noticeState says what became of the last mail with a link, as long as it
// matters.
func (p UserPage) noticeState(ctx context.Context) (ui.NoteSpec, bool) {
	n := p.Notice
	args := map[string]any{"email": p.Of.Email, "error": locale.Printable(n.Error)}
	switch {
	case n.ID == 0 || p.Of.State() == migration.UserActive && !n.SentAt.IsZero():
		return ui.NoteSpec{}, false
	case !n.SentAt.IsZero():
		args["at"] = locale.Moment(ctx, n.SentAt, p.Now)
		return ui.NoteSpec{Icon: ui.IconMail, Text: locale.T(ctx, "page.user.mail.sent", args)}, true
	case n.GaveUp && n.Error == "":
		return ui.NoteSpec{}, false // it was taken back
	case n.GaveUp:
		return ui.NoteSpec{Tone: ui.Err, Icon: ui.IconMailX, Text: locale.T(ctx, "page.user.mail.gave_up", args)}, true
	case n.Tries > 0:
		return ui.NoteSpec{Tone: ui.Wait, Icon: ui.IconMailX, Text: locale.T(ctx, "page.user.mail.failing", args)}, true
	}
	return ui.NoteSpec{Icon: ui.IconMail, Text: locale.T(ctx, "page.user.mail.waits", args)}, true
}

// linkText is what the button says that makes a link.
func (p UserPage) linkText(ctx context.Context) string {
	key := "page.user.link.reset"
	if !p.Of.HasPassword {
		key = "page.user.link.invitation"
	}
	return locale.T(ctx, key, nil)
}

func (p UserPage) linkHint(ctx context.Context) string {
	key := "page.user.link.hint.show"
	if p.SendsMail {
		key = "page.user.link.hint.mail"
	}
	return locale.T(ctx, key, map[string]any{"email": p.Of.Email})
}

func userCrumbs(ctx context.Context, u migration.User, last string) []ui.Crumb {
	crumbs := []ui.Crumb{{Text: locale.T(ctx, "page.users.title", nil), Href: UsersPath(u.CustomerID)}}
	if u.ID == 0 {
		return append(crumbs, ui.Crumb{Text: last})
	}
	if last == "" {
		return append(crumbs, ui.Crumb{Text: u.Name})
	}
	return append(crumbs, ui.Crumb{Text: u.Name, Href: UserPath(u.ID)}, ui.Crumb{Text: last})
}

func (q UserQuestion) args() map[string]any {
	return map[string]any{"name": q.Of.Name, "email": q.Of.Email}
}

func (q UserQuestion) dialog(ctx context.Context, what, below string, icon ui.IconName) ui.DialogSpec {
	word := func(name string) string { return locale.T(ctx, "page.user."+what+"."+name, q.args()) }
	return ui.DialogSpec{
		ID: what, Title: word("title"), Action: UserPath(q.Of.ID, below),
		Confirm: ui.ButtonSpec{Text: word("yes"), Icon: icon, Kind: ui.Danger},
		Cancel:  locale.T(ctx, "page.people.no", nil), Back: UserPath(q.Of.ID),
	}
}

func (q UserQuestion) items(ctx context.Context, what string) []ui.DialogItem {
	word := func(name string) string { return locale.T(ctx, "page.user."+what+"."+name, q.args()) }
	return []ui.DialogItem{
		{Tone: ui.OK, Strong: word("stays"), Text: word("stays.text")},
		{Tone: ui.Err, Strong: word("goes"), Text: word("goes.text")},
	}
}
