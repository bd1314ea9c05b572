package notify

import "trasloco/migration"

// counts are the messages of a pass as a person asks for them: how many of those
// that were to be copied are there. The sum of all is what the sources listed.
type counts struct {
	there int // at the destination, from this pass or before
	left  int // left out one by one, or failed
	rule  int // in folders that no one wanted copied
	open  int // without an outcome so far
}

// wanted are the messages that were to be copied.
func (c counts) wanted() int { return c.there + c.left + c.open }

func (w *writer) counts() counts {
	t := w.pass().Runs.Tally
	c := counts{there: t.Copied + t.Present, left: t.Skipped + t.Failed}
	for _, exception := range w.letter.Exceptions {
		if exception.Reason.ByRule() {
			c.rule += exception.Count
		}
	}
	c.left = max(c.left-c.rule, 0)
	c.open = max(t.Listed-c.there-c.left-c.rule, 0)
	return c
}

// result says how many messages are there, and hides none of the others.
func (w *writer) result() []string {
	c := w.counts()
	said := []string{w.headline(c)}
	if c.left > 0 {
		said[0] += " " + w.n("result.left", c.left, nil)
	}
	if c.open > 0 {
		said[0] += " " + w.n("result.open", c.open, nil)
	}
	if c.rule > 0 {
		said = append(said, w.n("result.rule", c.rule, nil))
	}
	return said
}

func (w *writer) headline(c counts) string {
	unfinished := len(w.letter.Failed) + len(w.letter.Parked)
	switch wanted := c.wanted(); {
	case wanted == 0 && unfinished > 0:
		return w.t("result.nothing", nil)
	case wanted == 0:
		return w.t("result.empty", nil)
	case c.there == wanted:
		return w.n("result.all", wanted, nil)
	default:
		return w.n("result.some", wanted, map[string]any{"there": c.there})
	}
}

// leftOut lists the exceptions by reason, each with its remedy. What a rule left
// out stands in the result.
func (w *writer) leftOut() []section {
	part := section{Title: w.t("left.title", nil)}
	again := false
	for _, exception := range w.letter.Exceptions {
		if exception.Reason.ByRule() {
			continue
		}
		reason := string(exception.Reason)
		part.Items = append(part.Items, w.n("reason."+reason, exception.Count, nil)+". "+w.t("fix."+reason, nil))
		again = again || exception.Kind == migration.Failed
	}
	if len(part.Items) == 0 {
		return nil
	}
	if again && w.letter.Notice.Pass == 1 && len(w.second()) > 0 {
		part.Small = w.t("left.again", nil)
	}
	return []section{part}
}

// pass is the one that the letter is about.
func (w *writer) pass() migration.Pass {
	pass, _ := w.passNumber(w.letter.Notice.Pass)
	return pass
}

func (w *writer) passNumber(number int) (migration.Pass, bool) {
	for _, pass := range w.letter.Migration.Passes {
		if pass.Number == number {
			return pass, true
		}
	}
	return migration.Pass{}, false
}
