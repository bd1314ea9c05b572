package notify

import (
	"context"
	"fmt"
	"net/mail"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"trasloco/locale"
	"trasloco/migration"
)

// message is a letter as a mail.
func (m *Mailer) message(ctx context.Context, l migration.Letter) (*gomail.Msg, error) {
	ctx = m.reader(ctx, l.To)
	return m.mail(ctx, l.To, fmt.Sprintf("notice-%d", l.Notice.ID), m.words(ctx, l))
}

// mail is what is said as a mail: both forms of its body, and a head that says it
// was written by a program.
func (m *Mailer) mail(ctx context.Context, user migration.User, id string, said words) (*gomail.Msg, error) {
	to, err := mail.ParseAddress(user.Email)
	if err != nil {
		return nil, fmt.Errorf("address of user %d: %w", user.ID, err)
	}
	to.Name = locale.Printable(user.Name)
	var page strings.Builder
	if err := mailPage(said).Render(ctx, &page); err != nil {
		return nil, err
	}
	message := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	message.FromMailAddress(m.from)
	message.ToMailAddress(to)
	message.Subject(said.Subject)
	message.SetDateWithValue(m.Now())
	message.SetMessageIDWithValue(id + "@" + m.host)
	message.SetGenHeader(gomail.HeaderContentLang, said.Lang)
	message.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: nobody answers that he is away
	message.SetGenHeader(gomail.HeaderXAutoResponseSuppress, "All")
	message.SetBodyString(gomail.TypeTextPlain, said.text())
	message.AddAlternativeString(gomail.TypeTextHTML, page.String())
	return message, nil
}

// reader returns the context of a user: his language and zone, or the panel's.
func (m *Mailer) reader(ctx context.Context, u migration.User) context.Context {
	zone, err := time.LoadLocation(u.TimeZone)
	if u.TimeZone == "" || err != nil {
		zone = m.Zone
	}
	return locale.WithZone(locale.With(ctx, locale.Match(u.Language, string(m.Language))), zone)
}

func domainOf(address string) string {
	return address[strings.LastIndexByte(address, '@')+1:]
}

// words is a mail in one language: both forms of the body are made of it, so
// that neither knows more than the other.
type words struct {
	Lang, Subject, Title string
	Lead                 []string // paragraphs under the title
	Sections             []section
	Foot                 []string
}

// section is a part with a title of its own; what is empty is left out.
type section struct {
	Title  string
	Text   []string // paragraphs
	Items  []string // of a list
	Exact  []string // lines to copy as they are
	Button link
	Small  string // a last paragraph
}

// link is the one thing to press.
type link struct{ Label, URL string }

// words says a letter in the language of the context.
func (m *Mailer) words(ctx context.Context, l migration.Letter) words {
	w := &writer{Mailer: m, ctx: ctx, letter: l}
	var said words
	switch {
	case l.Notice.Kind == migration.NoticeInvalid:
		said = w.invalid()
	case l.Notice.Kind == migration.NoticeMXChanged:
		said = w.changed()
	case l.Notice.Kind == migration.NoticeHostPaused:
		said = w.paused()
	case l.Notice.Kind == migration.NoticeFull:
		said = w.full()
	case l.Notice.Pass == 1:
		said = w.firstPass()
	default:
		said = w.laterPass()
	}
	said.Lang = string(locale.From(ctx))
	said.Foot = append(said.Foot, w.support()...)
	return said
}

// writer puts one letter into words. It lives as long as one call; the context
// carries the language and the zone.
type writer struct {
	*Mailer
	ctx    context.Context
	letter migration.Letter
}

// t returns the text of a key below mail.
func (w *writer) t(key string, args map[string]any) string { return locale.T(w.ctx, "mail."+key, args) }

// n is t for texts that count.
func (w *writer) n(key string, n int, args map[string]any) string {
	return locale.N(w.ctx, "mail."+key, n, args)
}

// title names the migration as its page does.
func (w *writer) title() string {
	title, more := w.letter.Migration.Title()
	return w.andMore("and_domains", title, more)
}

// ofTitle is title where "of" stands before it: Italian repeats the word.
func (w *writer) ofTitle() string {
	title, more := w.letter.Migration.Title()
	return w.andMore("of_domains", title, more)
}

// ofDomains is ofTitle with the domains, even where the migration has a name.
func (w *writer) ofDomains() string {
	m := w.letter.Migration
	if len(m.Domains) > 0 {
		m.Name = ""
	}
	title, more := m.Title()
	return w.andMore("of_domains", title, more)
}

func (w *writer) andMore(key, title string, more int) string {
	if more == 0 {
		return locale.Printable(title)
	}
	return w.n(key, more, map[string]any{"title": title})
}

// link leads to the migration's page, or below it. Without a public address
// there is none.
func (w *writer) link(label, below string) link {
	if w.PublicURL == "" {
		return link{}
	}
	return link{Label: w.t(label, nil), URL: strings.TrimSuffix(w.PublicURL, "/") + "/migrations/" + w.letter.Migration.Code + below}
}

// mostItems bounds a list in a mail: the page has all of it.
const mostItems = 30

func (w *writer) list(all []string) []string {
	var items []string
	for _, item := range all[:min(len(all), mostItems)] {
		items = append(items, locale.Printable(item))
	}
	if more := len(all) - mostItems; more > 0 {
		items = append(items, w.n("more", more, nil))
	}
	return items
}

// foot says why the mail comes. Where the one who asked for the migration cannot
// sign in any more it goes to an admin, and names him.
func (w *writer) foot(key string) []string {
	m := w.letter.Migration
	if w.letter.To.ID != m.UserID {
		return []string{w.t("foot.other", map[string]any{"code": m.Code, "name": locale.Printable(m.UserName)})}
	}
	return []string{w.t("foot."+key, map[string]any{"code": m.Code})}
}

func (w *writer) support() []string {
	var parts []string
	for _, part := range []string{w.Support.Name, w.Support.Email, w.Support.URL} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	if len(parts) == 0 {
		return nil
	}
	return []string{w.t("foot.support", map[string]any{"support": strings.Join(parts, ", ")})}
}
