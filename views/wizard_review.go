package views

import (
	"context"
	"slices"
	"strings"
	"time"

	"trasloco/locale"
	"trasloco/migration"
	"trasloco/views/ui"
)

// Inventory is what the checks found at the sources, as far as they are over.
type Inventory struct {
	Rows, LeftOut int
	Hosts         []string
	Checked       int // rows whose check passed
	Folders       int
	Messages      int
	Bytes         int64
	Oversize      int
	// Excluded and ExcludedBytes are what of Messages and Bytes lies in folders that
	// are left out.
	Excluded      int
	ExcludedBytes int64
	// Tight counts the destination mailboxes whose quota is smaller than what
	// comes.
	Tight int
	// Weak are the servers that something is borne with at, by their addresses.
	Weak map[string]migration.Weakness

	estimates migration.Estimates
}

// Add adds the check of a row whose source is at a host.
func (i *Inventory) Add(host string, c migration.Check) {
	if c.Status != migration.CheckPassed {
		return
	}
	i.Checked++
	i.estimates.Add(host, c.Estimate())
	i.Folders += c.Folders
	i.Messages += c.Messages
	i.Bytes += c.Bytes
	i.Oversize += c.Oversize
	i.Excluded += c.Excluded
	i.ExcludedBytes += c.ExcludedBytes
	if isTight(c) {
		i.Tight++
	}
}

// AddSource adds the source of a row.
func (i *Inventory) AddSource(source migration.Endpoint) {
	if !slices.Contains(i.Hosts, source.Host) {
		i.Hosts = append(i.Hosts, source.Host)
	}
	if weakness := source.Weakness(); weakness != "" {
		if i.Weak == nil {
			i.Weak = map[string]migration.Weakness{}
		}
		i.Weak[source.Address()] = weakness
	}
}

// isTight reports whether the destination mailbox is smaller than what comes.
func isTight(c migration.Check) bool {
	return c.QuotaLimit > 0 && c.QuotaUsed+c.Bytes-c.ExcludedBytes > c.QuotaLimit
}

// load says how much there is to copy; "" where nothing is known yet.
func (i Inventory) load(ctx context.Context) string {
	if i.Checked == 0 {
		return ""
	}
	return locale.N(ctx, "count.messages", i.Messages-i.Excluded, nil) + ", " + locale.Bytes(ctx, i.Bytes-i.ExcludedBytes)
}

// rowsAtOnce is how many rows of one server are copied at a time, for estimates.
const rowsAtOnce = 4

// Guess is about how long the first pass takes; 0 while rows wait for their
// check: half of the load would promise too much.
func (i Inventory) Guess() time.Duration {
	if i.Checked == 0 || i.Checked < i.Rows {
		return 0
	}
	return i.estimates.Together(rowsAtOnce)
}

// work says how much there is to copy, and about how long that takes.
func (i Inventory) work(ctx context.Context) []string {
	load, guess := i.load(ctx), i.Guess()
	switch {
	case load == "":
		return nil
	case guess == 0:
		return []string{load}
	}
	return []string{locale.T(ctx, "page.wizard.line.work", map[string]any{"load": load, "time": locale.About(ctx, guess)})}
}

// ReviewPage is step 5.
type ReviewPage struct {
	WizardPage
	Inventory     Inventory
	Name          string
	First, Second time.Time
	Warnings      []migration.Problem
	Map           []migration.FolderLine
}

// folders are the exceptions of the folder map, in sentences.
func (p ReviewPage) folders(ctx context.Context) (texts []string) {
	var out, renamed []string
	for _, line := range p.Map {
		name := migration.FolderName(line.Path)
		switch {
		case line.Copied == 0 && !line.Fixed && !line.Below:
			out = append(out, name)
		case line.Chosen && line.Choice.To != nil:
			renamed = append(renamed, name+" → "+line.Place())
		}
	}
	if len(p.Map) == 0 {
		return []string{p.say(ctx, "left_out.folders", map[string]any{"names": joinNames(p.Policy.Folders.Excluded)})}
	}
	if len(out) > 0 {
		texts = append(texts, locale.N(ctx, "page.wizard.review.folders.out", len(out), map[string]any{"names": firstOf(ctx, out)}))
	}
	if len(renamed) > 0 {
		texts = append(texts, p.say(ctx, "folders.renamed", map[string]any{"names": firstOf(ctx, renamed)}))
	}
	if offered := slices.ContainsFunc(p.Map, func(l migration.FolderLine) bool { return l.Offered }); offered {
		texts = append(texts, p.say(ctx, "folders.offered", nil))
	}
	if len(texts) == 0 {
		texts = append(texts, p.say(ctx, "folders.all", nil))
	}
	return texts
}

// excluded is what is left out with its folder. What views show lies in other
// folders, and is not left out with them.
func (p ReviewPage) excluded() (messages int, octets int64) {
	for _, line := range p.Map {
		if !line.Fixed {
			messages, octets = messages+line.OutMessages, octets+line.OutBytes
		}
	}
	return messages, octets
}

// firstOf joins the first few of many names.
func firstOf(ctx context.Context, names []string) string {
	const most = 6
	if len(names) <= most {
		return joinNames(names)
	}
	return locale.N(ctx, "page.wizard.review.more", len(names)-most, map[string]any{"names": joinNames(names[:most])})
}

// line is the plan as a picture.
func (p ReviewPage) line(ctx context.Context) []ui.PassStep {
	first := locale.Moment(ctx, p.First, p.Now)
	if p.Migration.Plan.First.Soonest {
		first = locale.T(ctx, "page.wizard.soonest", nil)
	}
	gap := locale.T(ctx, "page.wizard.line.after", map[string]any{"span": locale.Span(ctx, p.Second.Sub(p.First))})
	second := locale.Moment(ctx, p.Second, p.Now)
	if p.Migration.Plan.First.Soonest && p.Migration.Plan.Gap > 0 {
		second, gap = gap, ""
	}
	step := ui.PassStep{Title: locale.T(ctx, "page.wizard.line.second", nil), When: second}
	if gap != "" {
		step.Lines = []string{gap}
	}
	step.Extra = changeLink(p, StepSecond)
	return []ui.PassStep{
		{Title: locale.T(ctx, "page.wizard.line.first", nil), When: first, Lines: p.Inventory.work(ctx), Extra: changeLink(p, StepFirst)},
		{Title: locale.T(ctx, "page.wizard.line.mx", nil), Gap: true, Lines: []string{p.tells(ctx, "turn")}},
		step,
	}
}

// checks says how far the rows are.
func (p ReviewPage) checks(ctx context.Context) string {
	out, waiting := p.Inventory.LeftOut, p.Inventory.Rows-p.Inventory.Checked
	switch {
	case waiting > 0 && out > 0:
		return locale.N(ctx, "page.wizard.review.rows_out", out, nil) + " " + locale.N(ctx, "page.wizard.review.waiting", waiting, nil)
	case waiting > 0:
		return locale.N(ctx, "page.wizard.review.waiting", waiting, nil)
	case out > 0:
		return locale.N(ctx, "page.wizard.review.rows_out", out, nil) + " " + locale.T(ctx, "page.wizard.review.others_checked", nil)
	}
	return locale.T(ctx, "page.wizard.review.all_checked", nil)
}

func joinNames(names []string) string { return strings.Join(names, ", ") }

// hostsOf names the servers the mail comes from, the first few of many.
func hostsOf(ctx context.Context, hosts []string) string {
	const most = 3
	if len(hosts) <= most {
		return joinNames(hosts)
	}
	return locale.N(ctx, "page.wizard.review.hosts", len(hosts)-most, map[string]any{"hosts": joinNames(hosts[:most])})
}
