package views

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"trasloco/locale"
	"trasloco/migration"
	"trasloco/views/ui"
)

// The ways to log in to a mailbox that the form of a destination server offers.
const (
	AuthSeparator = "separator" // a master user, joined to the mailbox by a sign
	AuthAuthzID   = "authzid"   // a master user, SASL PLAIN with the mailbox as authzid
	AuthMailbox   = "mailbox"   // the mailbox's own password, in the CSV
)

// DestinationForm is a destination server as it was typed. It holds no password:
// none is sent back.
type DestinationForm struct {
	Name, Host, Port  string
	TLS               migration.TLSMode
	Pin               string
	CA                string // certificates in PEM form, trusted in place of the system's
	Auth              string // one of the three above
	Master, Separator string
	MX                string // a record a line
	Mailbox           string // to be opened by the test
	KeepsPassword     bool   // one is stored already: an empty field keeps it
	AllowsUnprotected bool   // a connection without TLS is offered, for one's own network
}

// SetUpPage is the first page of a new panel.
type SetUpPage struct {
	Page
	Form     SetUpForm
	Problems Problems
	Test     TestResult
}

// SetUpForm is the set-up as it was typed, without the passwords.
type SetUpForm struct {
	Name, Email, Customer, Domains string
	Destination                    DestinationForm
}

// DestinationsPage lists the destination servers.
type DestinationsPage struct {
	Page
	Destinations []DestinationRow
}

// DestinationRow is a server with the number of domains whose mailboxes it
// holds.
type DestinationRow struct {
	migration.Destination
	Domains int
}

// DestinationPage shows one destination server and its test.
type DestinationPage struct {
	Page
	ID       int64 // 0: a new one
	Form     DestinationForm
	Problems Problems
	Test     TestResult
	Domains  []string
	// UnderWay and Waiting are the codes of migrations that go to the server:
	// those that have begun and are not over, those that have not begun.
	UnderWay, Waiting []string
}

// DeleteDestinationPage asks whether to delete a destination server, or says why
// it cannot be.
type DeleteDestinationPage struct {
	Page
	Destination migration.Destination
	Domains     []string // that name it
}

func (p DeleteDestinationPage) dialog(ctx context.Context) ui.DialogSpec {
	path := DestinationPath(p.Destination.ID)
	return ui.DialogSpec{
		ID: "delete", Title: locale.T(ctx, "page.destination.delete.title", map[string]any{"name": p.Destination.Name}),
		Action:  path + "/delete",
		Confirm: ui.ButtonSpec{Text: locale.T(ctx, "page.delete.button", nil), Icon: ui.IconTrash, Kind: ui.Danger},
		Cancel:  locale.T(ctx, "page.delete.no", nil), Back: path,
	}
}

func (p DeleteDestinationPage) items(ctx context.Context) []ui.DialogItem {
	word := func(name string) string { return locale.T(ctx, "page.destination.delete."+name, nil) }
	return []ui.DialogItem{
		{Tone: ui.OK, Strong: word("stays"), Text: word("stays.text")},
		{Tone: ui.Err, Strong: word("goes"), Text: word("goes.text")},
	}
}

// TestResult is what a test of the server in the form found out.
type TestResult struct {
	Asked   bool // the button was pressed
	Faults  int  // of the form, for which nothing was tested
	Test    migration.ServerTest
	Mailbox string
}

// NewDestination is the path of the form for one more server.
const NewDestination = "/destinations/new"

// DestinationPath returns the path of a server's page.
func DestinationPath(id int64) string {
	if id == 0 {
		return NewDestination
	}
	return "/destinations/" + strconv.FormatInt(id, 10)
}

// heading is the server's stored name; what is being typed is no name yet.
func (p DestinationPage) heading(ctx context.Context) string {
	if p.ID == 0 {
		return locale.T(ctx, "page.destination.new", nil)
	}
	return p.Title
}

func (f DestinationForm) tlsOptions(ctx context.Context) []ui.Option {
	modes := []migration.TLSMode{migration.TLSDirect, migration.TLSStartTLS}
	if f.AllowsUnprotected || f.TLS == migration.TLSNone {
		modes = append(modes, migration.TLSNone)
	}
	options := make([]ui.Option, 0, len(modes))
	for _, mode := range modes {
		options = append(options, option(ctx, "page.destination.tls.", string(mode)))
	}
	return options
}

func (f DestinationForm) authOptions(ctx context.Context) []ui.Option {
	var options []ui.Option
	for _, way := range []string{AuthSeparator, AuthAuthzID, AuthMailbox} {
		options = append(options, option(ctx, "page.destination.auth.", way))
	}
	return options
}

func option(ctx context.Context, prefix, value string) ui.Option {
	return ui.Option{Value: value, Text: locale.T(ctx, prefix+value, nil), Hint: locale.T(ctx, prefix+value+".hint", nil)}
}

// passwordHint says what an empty field means.
func (f DestinationForm) passwordHint(ctx context.Context) string {
	if f.KeepsPassword {
		return locale.T(ctx, "page.destination.password.kept", nil)
	}
	return locale.T(ctx, "page.form.password_again", nil)
}

func (d DestinationRow) login(ctx context.Context) string {
	auth := d.Endpoint.Auth
	way := AuthSeparator
	switch {
	case d.NeedsPassword():
		way = AuthMailbox
	case auth.Form.AuthzID:
		way = AuthAuthzID
	}
	return locale.T(ctx, "page.destination.auth."+way, nil)
}

// took is the time of all steps together.
func (r TestResult) took() time.Duration {
	var sum time.Duration
	for _, step := range r.Test.Steps {
		sum += step.Took
	}
	return sum
}

// told are the capabilities that decide how fast and how sure the copy is, in
// the order they are shown.
func told() []string {
	return []string{"LITERAL+", "MULTIAPPEND", "UIDPLUS", "CONDSTORE", "SPECIAL-USE", "QUOTA"}
}

func (r TestResult) can(capability string) bool {
	return r.Test.Can(capability) || capability == "LITERAL+" && r.Test.Can("LITERAL-") ||
		capability == "CONDSTORE" && r.Test.Can("QRESYNC")
}

// meaning are the sentences on what the capabilities mean for a migration: the
// slow things, or that there are none.
func (r TestResult) meaning(ctx context.Context) []string {
	var sentences []string
	for _, capability := range []string{"LITERAL+", "MULTIAPPEND", "UIDPLUS", "CONDSTORE"} {
		if !r.can(capability) {
			name := strings.ToLower(strings.Trim(capability, "+"))
			sentences = append(sentences, locale.T(ctx, "page.test.lacks."+name, nil))
		}
	}
	if len(sentences) == 0 {
		sentences = append(sentences, locale.T(ctx, "page.test.fast", nil))
	}
	if r.Test.RoundTrip > 0 {
		sentences = append(sentences, locale.T(ctx, "page.test.latency."+r.distance(), map[string]any{"time": millis(ctx, max(r.Test.RoundTrip, time.Millisecond))}))
	}
	return sentences
}

// distance ranks the time of a round trip: beside each other, in one country, or
// far from each other.
func (r TestResult) distance() string {
	switch {
	case r.Test.RoundTrip < 15*time.Millisecond:
		return "near"
	case r.Test.RoundTrip < 80*time.Millisecond:
		return "middle"
	}
	return "far"
}

// stepText is the name of a step, done or failed.
func stepText(ctx context.Context, step migration.TestStep) string {
	if !step.OK {
		return locale.T(ctx, "page.test.stage."+step.Stage+".failed", nil)
	}
	return locale.T(ctx, "page.test.stage."+step.Stage, nil)
}

// stepFact is what is worth knowing of a step that succeeded.
func (r TestResult) stepFact(ctx context.Context, step migration.TestStep) string {
	switch {
	case !step.OK:
		return ""
	case step.Stage == migration.StageNamespace:
		return r.folders(ctx)
	case step.Stage == migration.StageQuota && r.Test.QuotaLimit > 0:
		return locale.T(ctx, "page.test.quota", map[string]any{
			"used": locale.Bytes(ctx, r.Test.QuotaUsed), "limit": locale.Bytes(ctx, r.Test.QuotaLimit),
		})
	case step.Stage == migration.StageQuota:
		return locale.T(ctx, "page.test.quota.none", nil)
	}
	return step.Detail
}

func (r TestResult) folders(ctx context.Context) string {
	key := "page.test.folders"
	if r.Test.Prefix != "" {
		key = "page.test.folders.prefix"
	}
	return locale.T(ctx, key, map[string]any{"delimiter": r.Test.Delimiter, "prefix": r.Test.Prefix})
}

// millis writes the time of a step.
func millis(ctx context.Context, d time.Duration) string {
	return locale.Number(ctx, int(d.Milliseconds())) + "\u00a0ms"
}

// refusedCertificate reports whether the server's certificate is what is wrong,
// so that it may be confirmed.
func (r TestResult) refusedCertificate() bool { return r.Test.Certificate != "" }

func (r TestResult) names() string {
	return strings.Join(slices.Compact(slices.Clone(r.Test.Names)), ", ")
}

// sureAttrs tie the box to what is wrong with it.
func sureAttrs(ctx context.Context, problems Problems) templ.Attributes {
	if problems.of(ctx, "sure") == "" {
		return nil
	}
	return templ.Attributes{"aria-invalid": "true", "aria-describedby": "sure-err"}
}

func pressed(is bool) string { return strconv.FormatBool(is) }

func destinationsTable(ctx context.Context) ui.TableSpec {
	columns := []ui.ColumnSpec{
		{Text: locale.T(ctx, "page.destinations.name", nil)},
		{Text: locale.T(ctx, "page.destinations.server", nil)},
		{Text: locale.T(ctx, "page.destinations.login", nil)},
		{Text: locale.T(ctx, "page.destinations.domains", nil), Number: true},
	}
	return ui.TableSpec{Label: locale.T(ctx, "page.destinations.title", nil), Columns: columns}
}

func masterPassword(ctx context.Context, f DestinationForm, problems Problems) ui.FieldSpec {
	spec := field(ctx, "destination", "master_password", problems, ui.FieldSpec{Type: "password", Autocomplete: "off", Width: ui.Medium})
	spec.Hint = f.passwordHint(ctx)
	return spec
}
