package views

import (
	"context"
	"time"

	"trasloco/locale"
	"trasloco/migration"
	"trasloco/views/ui"
)

// CodePage asks for the code of the second factor.
type CodePage struct {
	Page
	Problems Problems
	Support  Support
}

// ForgotPage is for who forgot his password.
type ForgotPage struct {
	Page
	Email     string // as it was typed
	Problems  Problems
	SendsMail bool // else somebody else must help
	Support   Support
}

// ChoosePage is where who came by a link chooses a password.
type ChoosePage struct {
	Page
	Of       migration.User
	Kind     migration.LinkKind
	Problems Problems
}

// FactorPage is the second factor of who is signed in. Where it is off, Secret and
// Picture are what his app wants to know; empty: he has not begun.
type FactorPage struct {
	Page
	On       bool
	Codes    int // recovery codes that are left
	Secret   string
	Picture  string // address of the QR code
	Problems Problems
}

// CodesPage shows the recovery codes, this once.
type CodesPage struct {
	Page
	Codes []string
	First bool // the second factor was switched on just now
}

// SessionRow is a browser in which a user is signed in.
type SessionRow struct {
	Name, Agent, Address string
	CreatedAt, SeenAt    time.Time
	Current              bool // the one that asks
}

func sessionsTable(ctx context.Context) ui.TableSpec {
	word := func(name string) string { return locale.T(ctx, "page.sessions.column."+name, nil) }
	return ui.TableSpec{LabelID: "sessions-t", Class: "t-table--bins", Columns: []ui.ColumnSpec{
		{Text: word("browser")}, {Text: word("address")}, {Text: word("since")}, {Text: word("seen")}, {Text: word("actions"), Hidden: true},
	}}
}

// codesText is all codes, one a line, to be copied.
func (p CodesPage) codesText() string {
	text := ""
	for _, code := range p.Codes {
		text += code + "\n"
	}
	return text
}

func (p ProfilePage) others() bool { return len(p.Sessions) > 1 }
