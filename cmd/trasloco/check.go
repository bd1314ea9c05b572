package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"

	"trasloco/imapsync"
	"trasloco/locale"
	"trasloco/migration"
)

// checked is what was found at both ends of a resource.
type checked struct {
	resource            migration.Resource
	source, destination imapsync.Findings
	sourceErr, destErr  error
}

// check looks at both ends of every resource and returns the exit code. It
// remembers nothing, so it may be called while run is at work.
func (p *program) check(ctx context.Context, s settings, resources []migration.Resource) int {
	engine := p.engine(s, "")
	all := make([]checked, len(resources))
	board := p.newBoard(ctx, s.quiet, len(resources))
	inTurn(len(resources), s.parallel, strconv.Itoa, func(i int) {
		all[i] = checkBoth(ctx, engine, imapsync.Job{
			Resource: resources[i], Type: s.serverType, Rules: s.rules(), MaxSize: s.maxSize,
		})
		board.finished(all[i].line(ctx))
	})
	board.close()
	if s.json {
		writeJSON(p, newCheckReport(ctx, all))
	} else {
		fmt.Fprint(p.stdout, checkText(ctx, all))
	}
	switch {
	case ctx.Err() != nil:
		return exitResumable
	case anyBad(all):
		return exitFailed
	}
	return exitDone
}

func checkBoth(ctx context.Context, engine *imapsync.Engine, job imapsync.Job) checked {
	c := checked{resource: job.Resource}
	if c.sourceErr = ctx.Err(); c.sourceErr != nil {
		c.destErr = c.sourceErr
		return c
	}
	var ends sync.WaitGroup
	ends.Go(func() { c.source, c.sourceErr = engine.CheckSource(ctx, job) })
	ends.Go(func() { c.destination, c.destErr = engine.CheckDestination(ctx, job) })
	ends.Wait()
	return c
}

func anyBad(all []checked) bool {
	for _, c := range all {
		if !c.source.OK || !c.destination.OK {
			return true
		}
	}
	return false
}

// troubles are what is wrong, the source first.
func (c checked) troubles(ctx context.Context) (list []trouble) {
	for _, err := range []error{c.sourceErr, c.destErr} {
		var e *imapsync.Error
		switch {
		case errors.As(err, &e):
			detail := fmt.Sprintf("%s: %v", e.Side, e.Err)
			list = append(list, trouble{string(e.Class), troubleText(ctx, string(e.Class), detail)})
		case errors.Is(err, context.Canceled):
			list = append(list, trouble{"interrupted", locale.T(ctx, "cli.interrupted", nil)})
		case err != nil:
			list = append(list, trouble{string(imapsync.ClassInternal), troubleText(ctx, "internal", err.Error())})
		}
	}
	return list
}

// checkReport is the result of check for programs. Its form is fixed.
type checkReport struct {
	Resources []checkedReport `json:"resources"`
}

type checkedReport struct {
	Row         int               `json:"row"`
	Source      sourceReport      `json:"source"`
	Destination destinationReport `json:"destination"`
	Error       *trouble          `json:"error"`
}

type sourceReport struct {
	Stage    string `json:"stage"` // the last one tried; empty: none was
	OK       bool   `json:"ok"`
	Folders  int    `json:"folders"`
	Messages int    `json:"messages"`
	Bytes    int64  `json:"bytes"`
	Oversize int    `json:"oversize"`
}

type destinationReport struct {
	Stage string       `json:"stage"`
	OK    bool         `json:"ok"`
	Quota *quotaReport `json:"quota"`
}

type quotaReport struct {
	Used  int64 `json:"used"`  // octets
	Limit int64 `json:"limit"` // octets
}

func newCheckReport(ctx context.Context, all []checked) checkReport {
	report := checkReport{Resources: []checkedReport{}}
	for _, c := range all {
		row := checkedReport{
			Row:         c.resource.Row,
			Source:      sourceReport{string(c.source.Stage), c.source.OK, c.source.Folders, c.source.Messages, c.source.Bytes, c.source.Oversize},
			Destination: destinationReport{Stage: string(c.destination.Stage), OK: c.destination.OK},
		}
		if quota := c.destination.Quota; quota != nil {
			row.Destination.Quota = &quotaReport{quota.Used, quota.Limit}
		}
		row.Error = oneTrouble(c.troubles(ctx))
		report.Resources = append(report.Resources, row)
	}
	return report
}

// oneTrouble makes one of the troubles of both ends: the class of the first,
// and the text of all.
func oneTrouble(list []trouble) *trouble {
	if len(list) == 0 {
		return nil
	}
	one := list[0]
	for _, other := range list[1:] {
		if other.Text != one.Text {
			one.Text += " " + other.Text
		}
	}
	return &one
}

// checkText is the result of check for people.
func checkText(ctx context.Context, all []checked) string {
	t := table{right: map[int]bool{1: true, 4: true, 5: true, 6: true, 7: true, 9: true}}
	head := []string{""}
	for _, name := range []string{"row", "destination", "source", "folders", "messages", "size", "oversize", "target", "quota"} {
		head = append(head, locale.T(ctx, "cli.column."+name, nil))
	}
	t.add(head...)
	below, good := "", 0
	for _, c := range all {
		t.add(c.columns(ctx)...)
		for _, trouble := range c.troubles(ctx) {
			below += "\n  " + c.heading(ctx) + ": " + trouble.Text + "\n"
		}
		if c.source.OK && c.destination.OK {
			good++
		}
	}
	return t.String() + below + "\n" + locale.T(ctx, "cli.end.check", map[string]any{"good": good, "total": len(all)}) + "\n"
}

func (c checked) columns(ctx context.Context) []string {
	columns := []string{"", fmt.Sprint(c.resource.Row), plain(c.resource.Destination.Auth.Login), c.end(ctx, c.source)}
	if c.source.OK {
		columns = append(columns, locale.Number(ctx, c.source.Folders), locale.Number(ctx, c.source.Messages),
			locale.Bytes(ctx, c.source.Bytes), locale.Number(ctx, c.source.Oversize))
	} else {
		columns = append(columns, "", "", "", "")
	}
	quota := ""
	if q := c.destination.Quota; q != nil {
		quota = locale.Bytes(ctx, q.Used) + " / " + locale.Bytes(ctx, q.Limit)
	}
	return append(columns, c.end(ctx, c.destination), quota)
}

// end says whether an end is good, or the stage at which it was not.
func (c checked) end(ctx context.Context, found imapsync.Findings) string {
	switch {
	case found.OK:
		return locale.T(ctx, "cli.good", nil)
	case found.Stage == "":
		return "–"
	}
	return locale.T(ctx, "cli.bad", map[string]any{"stage": locale.T(ctx, "cli.stage."+string(found.Stage), nil)})
}

func (c checked) heading(ctx context.Context) string {
	return heading(ctx, result{resource: c.resource})
}

func (c checked) line(ctx context.Context) string {
	return locale.T(ctx, "cli.checked", map[string]any{
		"row": c.resource.Row, "destination": c.resource.Destination.Auth.Login,
		"source": c.end(ctx, c.source), "target": c.end(ctx, c.destination),
	})
}
