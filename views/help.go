package views

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"trasloco/locale"
	"trasloco/views/ui"
)

// HelpPage is the contents of the guide.
type HelpPage struct {
	Page
	Support Support
}

// HelpTopicPage is one topic of the guide.
type HelpTopicPage struct {
	Page
	Topic   string // one of those that IsHelpTopic knows
	Support Support
}

// The topics that other pages lead to.
const (
	topicRemedies = "remedies"
	topicCSV      = "csv"
)

// helpTopic is a page of the guide. Its texts stand under guide.<name>.
type helpTopic struct {
	name  string
	icon  ui.IconName
	parts []helpPart
}

// helpPart is a part of a topic: guide.<topic>.<name>.title, then as many steps,
// texts and lines of code as it says.
type helpPart struct {
	name               string
	texts, steps, code int
	lead               int  // texts before the code
	samples            bool // with the button that downloads the sample files
}

func helpTopics() []helpTopic {
	return []helpTopic{
		{"start", ui.IconBulb, []helpPart{{name: "road", steps: 4}, {name: "safe", texts: 2}, {name: "after", texts: 2}}},
		{topicCSV, ui.IconFileSpreadsheet, []helpPart{
			{name: "rules", steps: 5},
			{name: "standard", texts: 1, lead: 1, code: 2},
			{name: "master", texts: 2, lead: 1, code: 1},
			{name: "microsoft", texts: 1, lead: 1, code: 1},
			{name: "own", texts: 1, lead: 1, code: 1},
			{name: "host", texts: 2},
			{name: "samples", texts: 1, samples: true},
		}},
		{"gmail", ui.IconMail, []helpPart{{name: "prepare", steps: 5}, {name: "key", texts: 1, steps: 3}, {name: "labels", texts: 2, lead: 2, code: 1}, {name: "limits", texts: 1}, {name: "csv", code: 1}}},
		{"exchange", ui.IconServer, []helpPart{{name: "imap", texts: 2, lead: 1, code: 3}, {name: "master", texts: 1, steps: 2, code: 1}, {name: "limits", texts: 1, lead: 1, code: 1}}},
		{"microsoft-365", ui.IconKey, []helpPart{
			{name: "app", steps: 4}, {name: "rights", texts: 1, lead: 1, code: 2}, {name: "file", texts: 1, lead: 1, code: 1}, {name: "wrong", steps: 3},
		}},
		{"mx", ui.IconExchange, []helpPart{{name: "before", steps: 3}, {name: "change", steps: 4}, {name: "after", steps: 3}}},
		{"left-out", ui.IconCircleMinus, []helpPart{{name: "rules", steps: 5}, {name: "server", texts: 1}, {name: "sums", texts: 1}}},
		{topicRemedies, ui.IconInfo, []helpPart{{name: "reason"}, {name: "class"}}},
	}
}

// IsHelpTopic reports whether the guide has a topic.
func IsHelpTopic(name string) bool {
	return slices.ContainsFunc(helpTopics(), func(t helpTopic) bool { return t.name == name })
}

// HelpTopicNames returns the topics of the guide, in their order.
func HelpTopicNames() []string {
	var names []string
	for _, t := range helpTopics() {
		names = append(names, t.name)
	}
	return names
}

func (p HelpTopicPage) topic() helpTopic {
	all := helpTopics()
	return all[slices.IndexFunc(all, func(t helpTopic) bool { return t.name == p.Topic })]
}

// HelpTopic is the address of a topic.
func HelpTopic(name string) string { return "/help/" + name }

// HelpRemedy is where the guide says what a code means and what to do; group is
// "reason" or "class".
func HelpRemedy(group, code string) string {
	return HelpTopic(topicRemedies) + "#" + group + "-" + code
}

// text is one of the texts of a part.
func (t helpTopic) text(ctx context.Context, part, name string) string {
	return locale.T(ctx, "guide."+t.name+"."+part+"."+name, nil)
}

// HelpTitle is the title of a topic.
func HelpTitle(ctx context.Context, topic string) string {
	return locale.T(ctx, "guide."+topic+".title", nil)
}

func helpLead(ctx context.Context, topic string) string {
	return locale.T(ctx, "guide."+topic+".lead", nil)
}

// code are the lines of code of a part.
func (t helpTopic) code(ctx context.Context, part helpPart) string {
	var lines []string
	for _, n := range numbers(part.code) {
		lines = append(lines, t.text(ctx, part.name, "code"+n))
	}
	return strings.Join(lines, "\n")
}

// before and behind are the texts around the code.
func (p helpPart) before() []string { return numbers(p.texts)[:p.lead] }
func (p helpPart) behind() []string { return numbers(p.texts)[p.lead:] }

// numbers are 1 … n.
func numbers(n int) []string {
	var all []string
	for i := range n {
		all = append(all, strconv.Itoa(i+1))
	}
	return all
}

// remedies are the rows of a table of codes.
func (t helpTopic) remedies(part helpPart) []string {
	if t.name != topicRemedies {
		return nil
	}
	return locale.Codes(part.name)
}

func remedyTable(ctx context.Context, part helpPart) ui.TableSpec {
	return ui.TableSpec{LabelID: part.name, Class: "t-remedies", Columns: []ui.ColumnSpec{
		{Text: locale.T(ctx, "guide.remedies.column.what", nil)}, {Text: locale.T(ctx, "guide.remedies.column.fix", nil)},
	}}
}

// remedyText is the sentence of a code, or its remedy. Where a limit belongs
// into it, the reader meets it on the page of the log.
func remedyText(ctx context.Context, part helpPart, code, rest string) string {
	return locale.T(ctx, part.name+"."+code+rest, nil)
}

// helpFor is the topic that helps with a step of the wizard.
func (w WizardFrame) helpFor() string {
	topics := []string{"", "/" + topicCSV, "/mx", "/mx", "/start"}
	i := slices.IndexFunc(w.Steps, func(s ui.Step) bool { return s.State == ui.StepNow })
	if i < 0 || i >= len(topics) {
		return "/help"
	}
	return "/help" + topics[i]
}

// newTab opens a link beside what one is doing.
func newTab() templ.Attributes { return templ.Attributes{"target": "_blank", "rel": "noopener"} }
