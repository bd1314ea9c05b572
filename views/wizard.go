package views

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"trasloco/locale"
	"trasloco/migration"
	"trasloco/views/ui"
)

// WizardStep is one of the five questions; its value is the last part of its
// address.
type WizardStep string

// The steps, in their order.
const (
	StepServer WizardStep = "server"
	StepFile   WizardStep = "file"
	StepFirst  WizardStep = "first"
	StepSecond WizardStep = "second"
	StepReview WizardStep = "review"
)

func wizardSteps() []WizardStep {
	return []WizardStep{StepServer, StepFile, StepFirst, StepSecond, StepReview}
}

// After reports whether a step comes after another one.
func (w WizardStep) After(other WizardStep) bool {
	return slices.Index(wizardSteps(), w) > slices.Index(wizardSteps(), other)
}

// WizardPage is what every step has.
type WizardPage struct {
	Page
	Step      WizardStep
	Open      WizardStep // the first one without an answer
	Migration migration.Migration
	Problems  Problems
	Policy    migration.Policy
	Now       time.Time
	SendsMail bool
}

func (p WizardPage) path(step WizardStep) string {
	return "/migrations/" + p.Migration.Code + "/edit/" + string(step)
}

func (p WizardPage) version() string { return strconv.Itoa(p.Migration.Version) }

// frame is the stepper: steps that have an answer can be gone to.
func (p WizardPage) frame(ctx context.Context) WizardFrame {
	frame := WizardFrame{
		Saved: locale.T(ctx, "page.wizard.saved", map[string]any{"at": locale.Clock(ctx, p.Migration.ChangedAt)}),
	}
	for _, step := range wizardSteps() {
		item := ui.Step{Name: locale.T(ctx, "page.wizard.step."+string(step), nil)}
		switch {
		case step == p.Step:
			item.State = ui.StepNow
		case p.Step.After(step), !step.After(p.Open) && step != p.Open:
			item.State, item.Href = ui.StepDone, p.path(step)
		}
		frame.Steps = append(frame.Steps, item)
	}
	return frame
}

// wideFrame is the frame for the table of rows.
func (p WizardPage) wideFrame(ctx context.Context) WizardFrame {
	frame := p.frame(ctx)
	frame.Wide = true
	return frame
}

func (p WizardPage) say(ctx context.Context, name string, args map[string]any) string {
	return locale.T(ctx, "page.wizard."+string(p.Step)+"."+name, args)
}

// tells says how people learn that it is time to change the MX records: by mail,
// or, where none is sent, from the page of the migration.
func (p WizardPage) tells(ctx context.Context, how string) string {
	if !p.SendsMail {
		how = "page"
	}
	return locale.T(ctx, "page.wizard.line.mx."+how, nil)
}

// ServerForm is the answer to where the mail comes from.
type ServerForm struct {
	Type    migration.ServerType
	TLS     migration.TLSMode
	TLSName string
	Pin     string
	// Master is MasterForm.String of one of MasterForms, or MasterOwn, whose form
	// is Pattern.
	Master, Pattern string
}

// ServerPage is step 1.
type ServerPage struct {
	WizardPage
	Form ServerForm
	// TooMany says that as many migrations are planned as may be at once.
	TooMany bool
}

func serverTypes() []migration.ServerType {
	return []migration.ServerType{migration.Standard, migration.Gmail, migration.Exchange, migration.Office365}
}

func (p ServerPage) choice(ctx context.Context, kind migration.ServerType) ui.ChoiceSpec {
	key := "page.wizard.server." + string(kind)
	return ui.ChoiceSpec{
		Name: "server", Value: string(kind), Checked: p.Form.Type == kind,
		Title: locale.T(ctx, "server_type."+string(kind), nil), Text: locale.T(ctx, key, nil),
		Prepare: ui.Prepare{
			Title: locale.T(ctx, "page.wizard.server.prepare", nil),
			Ticks: []string{locale.T(ctx, key+".tick1", nil), locale.T(ctx, key+".tick2", nil)},
			Foot:  locale.T(ctx, key+".file", nil),
		},
	}
}

// HowToStep is one thing to do at a server before mail can be moved from it.
type HowToStep struct {
	Text string
	Code string // what to type there; "": nothing
}

// steps are those of a type of server, as many as the language files have.
func (p ServerPage) steps(ctx context.Context, kind migration.ServerType) (steps []HowToStep) {
	for n := 1; ; n++ {
		key := "page.wizard.server." + string(kind) + ".step" + strconv.Itoa(n)
		step := HowToStep{Text: locale.T(ctx, key, nil), Code: locale.T(ctx, key+".code", nil)}
		if step.Text == key {
			return steps
		}
		if step.Code == key+".code" {
			step.Code = ""
		}
		steps = append(steps, step)
	}
}

// SampleFile is a file that shows a form of the CSV.
type SampleFile struct{ Name, File string }

// samplesOf are the files whose form goes with a type of server (S4, S5, S6).
func samplesOf(kind migration.ServerType) []SampleFile {
	standard := SampleFile{"standard", "1-standard.csv"}
	switch kind {
	case migration.Gmail:
		return []SampleFile{standard}
	case migration.Office365:
		return []SampleFile{{"office365", "3-microsoft-365.csv"}}
	}
	return []SampleFile{standard, {"master", "2-master-user.csv"}}
}

// connects reports whether anything but the default was chosen of how the
// servers are reached: then it is shown open.
func (p ServerPage) connects() bool {
	form := p.Form
	return form.TLS != "" || form.TLSName != "" || form.Pin != "" || form.Master != "" || len(p.Problems) > 0
}

func (p ServerPage) tlsOptions(ctx context.Context) []ui.Option {
	var options []ui.Option
	for _, mode := range []migration.TLSMode{"", migration.TLSDirect, migration.TLSStartTLS, migration.TLSNone} {
		name := string(mode)
		if name == "" {
			name = "auto"
		}
		options = append(options, ui.Option{
			Value: string(mode), Text: locale.T(ctx, "page.wizard.server.tls."+name, nil), Hint: locale.T(ctx, "page.wizard.server.tls."+name+".hint", nil),
		})
	}
	return options
}

// UploadPage is step 2 before there is a file.
type UploadPage struct {
	WizardPage
	HasFile  bool
	Demo     bool
	Domains  []string // those the user may name
	Password bool     // each row ends with the password of its destination mailbox
	Support  Support  // who helps where there are neither passwords nor a master user (S25)
}

// form is how a row looks for the type of server that was chosen.
func (p UploadPage) form(ctx context.Context) string {
	key := "page.wizard.file.form.standard"
	if p.Migration.ServerType == migration.Office365 {
		key = "page.wizard.file.form.office365"
	}
	form := locale.T(ctx, key, nil)
	if p.Password {
		form += locale.T(ctx, "page.wizard.file.form.password", nil)
	}
	return form
}

// TimeForm is the answer to when a pass starts.
type TimeForm struct {
	Answer     string // asap, gap, at, or a time as one of the offers has it
	At         time.Time
	Date, Time string // as they were written, where At is not known
	Warnings   []migration.Problem
	// Earliest and Latest bound the date, in the fields that can say so; zero: not.
	Earliest, Latest time.Time
}

func dateOf(ctx context.Context, t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(locale.Zone(ctx)).Format(dateField)
}

// Fields of a date and a time of the day.
const (
	dateField  = "2006-01-02"
	timeField  = "15:04"
	localField = dateField + "T" + timeField
)

func (f TimeForm) date(ctx context.Context) string {
	if f.Date != "" || f.At.IsZero() {
		return f.Date
	}
	return f.At.In(locale.Zone(ctx)).Format(dateField)
}

func (f TimeForm) clock(ctx context.Context) string {
	if f.Time != "" || f.At.IsZero() {
		return f.Time
	}
	return f.At.In(locale.Zone(ctx)).Format(timeField)
}

func local(ctx context.Context, t time.Time) string { return t.In(locale.Zone(ctx)).Format(localField) }

// zoneHint says in whose time the fields are, with the difference to UTC.
func zoneHint(ctx context.Context, now time.Time) string {
	zone := locale.Zone(ctx)
	return locale.T(ctx, "page.wizard.zone", map[string]any{"zone": zone.String(), "offset": now.In(zone).Format("UTC-07:00")})
}

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

// FirstPage is step 3.
type FirstPage struct {
	WizardPage
	Form      TimeForm
	Evening   time.Time
	Records   []DomainRecords
	Inventory Inventory
}

// line is what follows, as far as it is known.
func (p FirstPage) line(ctx context.Context) []ui.PassStep {
	first := ui.PassStep{Title: locale.T(ctx, "page.wizard.line.first", nil), State: ui.StepNow, Lines: p.Inventory.work(ctx)}
	return []ui.PassStep{
		first,
		{Title: locale.T(ctx, "page.wizard.line.mx", nil), Gap: true, Lines: []string{p.tells(ctx, "write")}},
		{
			Title: locale.T(ctx, "page.wizard.line.second", nil), When: locale.T(ctx, "page.wizard.line.second.later", nil),
			Lines: []string{locale.T(ctx, "page.wizard.line.second.text", nil)},
		},
	}
}

// domains joins the names of the domains that move.
func domainNames(records []DomainRecords) string {
	var names []string
	for _, r := range records {
		names = append(names, r.Domains...)
	}
	return strings.Join(names, ", ")
}

// DraftSecondPage is step 4.
type DraftSecondPage struct {
	WizardPage
	Form                   TimeForm
	First, Offered, Latest time.Time
	Night                  time.Time // zero: no night lies in between
	Records                []DomainRecords
	Inventory              Inventory
}

// hours is the picture of the rule.
func (p DraftSecondPage) hours(ctx context.Context) ui.HoursSpec {
	advised := p.First.Add(p.Policy.AdvisedGap)
	best := p.First.Add(2 * p.Policy.AdvisedGap)
	second := p.Offered
	if !p.Form.At.IsZero() {
		second = p.Form.At
	}
	args := map[string]any{
		"first": locale.Clock(ctx, p.First), "second": locale.Clock(ctx, second), "from": locale.Clock(ctx, advised),
		"to": locale.Clock(ctx, best), "latest": locale.When(ctx, p.Latest, p.Now), "hours": int(p.Policy.MaxGap.Hours()),
	}
	spec := ui.HoursSpec{
		Label: p.say(ctx, "hours", args), First: p.say(ctx, "hours.first", args), Early: p.say(ctx, "hours.early", args),
		Best: p.say(ctx, "hours.best", args), Free: p.say(ctx, "hours.free", args), No: p.say(ctx, "hours.no", args),
	}
	if gap := second.Sub(p.First); gap > 0 && gap <= p.Policy.MaxGap {
		spec.Second, spec.After = p.say(ctx, "hours.second", args), int(gap.Round(time.Hour).Hours())
	}
	return spec
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

// uploadBack leads back to the rows where there are some.
func (p UploadPage) uploadBack() string {
	if p.HasFile {
		return p.path(StepFile)
	}
	return p.path(StepServer)
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
