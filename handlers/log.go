package handlers

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"trasloco/locale"
	"trasloco/migration"
	"trasloco/store"
	"trasloco/views"
)

const (
	// logReload is after how many seconds the log of a run under way fetches
	// itself anew where no scripts run.
	logReload = 10

	linesPerPage   = 100
	foldersPerPage = 100
	leftPerPage    = 50
	leftAtFirst    = 10 // of each reason, before one of them is asked for
)

// logRoutes holds what is said of one resource.
func logRoutes() []route {
	return []route{
		{http.MethodGet, "/migrations/:code/resources/:row", seesMigration, light, (*Server).showResource},
		{http.MethodGet, "/migrations/:code/resources/:row/log/:pass", seesMigration, downloads, (*Server).showLog},
		{http.MethodGet, "/migrations/:code/resources/:row/log/:pass/events", seesMigration, streams, (*Server).logEvents},
	}
}

// showLog shows log 1, log 2 … as a page, or as a file where the address ends
// in the name of a form.
func (s *Server) showLog(c echo.Context) error {
	ctx := c.Request().Context()
	number, form, isFile := strings.Cut(c.Param("pass"), ".")
	at, err := s.logAt(ctx, asked(c), c.Param("row"), number)
	if err != nil {
		return err
	}
	if isFile {
		return s.sendLog(c, at, form)
	}
	view, err := s.logView(ctx, at, logQuery(c))
	if err != nil {
		return err
	}
	p := views.LogPage{Page: s.page(c, "page.log.title"), View: view}
	p.Title = locale.T(ctx, "page.log.title", map[string]any{"pass": at.pass.Number, "login": at.row.Destination.Auth.Login})
	p.Nav = views.NavMigrations
	if view.Live() {
		p.Reload = logReload
	}
	return s.render(c, http.StatusOK, views.Log(p))
}

// logEvents keeps the page of a log up to date until the run has ended. Where no
// run is at work there is nothing to follow.
func (s *Server) logEvents(c echo.Context) error {
	m := asked(c)
	at, err := s.logAt(c.Request().Context(), m, c.Param("row"), c.Param("pass"))
	if err != nil {
		return err
	}
	query := logQuery(c)
	if at.run.ID == 0 || at.run.Status.Ended() || query.Page > 0 {
		return c.NoContent(http.StatusNoContent)
	}
	return s.stream(c, s.logSource(at, query))
}

func (s *Server) logSource(at logPlace, query views.LogQuery) liveSource {
	latest := progressBook{runs: map[int64]migration.Progress{}}
	return liveSource{
		key: "log " + strconv.FormatInt(at.run.ID, 10) + " " + query.Encode(),
		watch: func(ctx context.Context, changed func() error) error {
			return s.Feed.Watch(ctx, at.m.ID, func(progress []migration.Progress) error {
				ofRun := func(p migration.Progress) bool { return p.RunID == at.run.ID }
				if len(progress) > 0 && !slices.ContainsFunc(progress, ofRun) {
					return ctx.Err()
				}
				latest.take(progress)
				return changed()
			})
		},
		paint: func(ctx context.Context) ([]byte, bool, error) { return s.paintLog(ctx, at, query, latest.all()) },
	}
}

// paintLog paints what is live of a log. It is the last picture once the run has
// ended.
func (s *Server) paintLog(
	ctx context.Context, at logPlace, query views.LogQuery, latest map[int64]migration.Progress,
) (picture []byte, last bool, err error) {
	m, err := s.Store.MigrationByID(ctx, at.m.CustomerID, at.m.ID)
	if err == nil {
		at, err = s.logAt(ctx, m, strconv.Itoa(at.row.Row), strconv.Itoa(at.pass.Number))
	}
	if errors.Is(err, migration.ErrNotFound) {
		picture, err = paint(ctx, views.MigrationGone())
		return picture, true, err
	}
	if err != nil {
		return nil, false, err
	}
	row := views.ResourceRow{Resource: at.row.Resource, Runs: at.row.Runs, Folder: at.row.Folder}
	overlay(&row, latest)
	at.run, at.row.Folder = row.Runs[at.pass.Number], row.Folder
	view, err := s.logView(ctx, at, query)
	if err != nil {
		return nil, false, err
	}
	picture, err = paint(ctx, views.LogLive(view))
	return picture, at.run.Status.Ended(), err
}

// logPlace says whose log is read.
type logPlace struct {
	m    migration.Migration
	row  store.ResourceRow
	pass migration.Pass
	run  migration.Run // zero: the resource has none in the pass
}

// logAt finds a log by the words of its address.
func (s *Server) logAt(ctx context.Context, m migration.Migration, row, number string) (at logPlace, err error) {
	at.m = m
	if at.row, err = s.resource(ctx, m, row); err != nil {
		return at, err
	}
	if at.pass, err = passOf(m, number); err != nil {
		return at, err
	}
	at.run = at.row.Runs[at.pass.Number]
	return at, nil
}

func (s *Server) resource(ctx context.Context, m migration.Migration, row string) (found store.ResourceRow, err error) {
	line, err := strconv.Atoi(row)
	if err != nil {
		return found, migration.ErrNotFound
	}
	return s.Store.Resource(ctx, m.CustomerID, m.ID, line)
}

func passOf(m migration.Migration, number string) (migration.Pass, error) {
	n, err := strconv.Atoi(number)
	if err != nil {
		return migration.Pass{}, migration.ErrNotFound
	}
	for _, pass := range m.Passes {
		if pass.Number == n {
			return pass, nil
		}
	}
	return migration.Pass{}, migration.ErrNotFound
}

// logQuery reads which part of a log is asked for; what is none is passed over.
func logQuery(c echo.Context) views.LogQuery {
	q := views.LogQuery{
		Folder: c.QueryParam("folder"), Page: countOf(c, "page"), FolderPage: max(countOf(c, "folder_page"), 1),
		Reason: migration.Reason(c.QueryParam("reason")), ReasonPage: max(countOf(c, "reason_page"), 1),
	}
	switch level := migration.Level(c.QueryParam("level")); level {
	case migration.Warning, migration.Failure:
		q.Level = level
	}
	return q
}

// countOf reads a number of an address; 0 is none.
func countOf(c echo.Context, name string) int {
	n, err := strconv.Atoi(c.QueryParam(name))
	if err != nil {
		return 0
	}
	return min(max(n, 0), 1_000_000)
}

// logView reads the parts of a log that are asked for.
func (s *Server) logView(ctx context.Context, at logPlace, query views.LogQuery) (views.LogView, error) {
	v := views.LogView{
		Migration: at.m, Resource: at.row.Resource, Pass: at.pass, Run: at.run, AtWork: at.row.Folder, Query: query,
		MaxSize: s.Policy.MaxMessageSize, Support: views.Support(s.Support), Now: s.Now(),
	}
	if at.run.ID == 0 {
		return v, nil
	}
	for _, read := range []func(context.Context, logPlace, *views.LogView) error{
		s.readFolders, s.readLeft, s.readLines, s.readTranscripts,
	} {
		if err := read(ctx, at, &v); err != nil {
			return v, err
		}
	}
	return v, nil
}

func (s *Server) readFolders(ctx context.Context, at logPlace, v *views.LogView) error {
	found, err := s.Store.Folders(ctx, at.m.CustomerID, at.run.ID, v.Query.FolderPage, foldersPerPage)
	v.Folders = views.FolderList{
		Rows: found.Folders, Sum: found.Sum, Total: found.Total, Page: v.Query.FolderPage, PerPage: foldersPerPage,
	}
	return err
}

// readLeft reads a few exceptions of each reason, and a page of the one that is
// asked for.
func (s *Server) readLeft(ctx context.Context, at logPlace, v *views.LogView) error {
	groups, err := s.Store.ExceptionGroups(ctx, at.m.CustomerID, at.run.ID)
	for i := 0; err == nil && i < len(groups); i++ {
		g := views.LeftGroup{ReasonCount: groups[i].ReasonCount, Rows: groups[i].Rows}
		page, perPage := 1, leftAtFirst
		if g.Reason == v.Query.Reason {
			g.Page, g.PerPage = v.Query.ReasonPage, leftPerPage
			page, perPage = g.Page, g.PerPage
		}
		g.Items, err = s.Store.ExceptionsOf(ctx, at.m.CustomerID, at.run.ID, g.Reason, page, perPage)
		v.Left = append(v.Left, g)
	}
	return err
}

func (s *Server) readLines(ctx context.Context, at logPlace, v *views.LogView) error {
	page := v.Query.Page
	if page == 0 && at.run.Status.Ended() {
		page = 1
	}
	found, err := s.Store.EntryPage(ctx, store.EntryQuery{
		Customer: at.m.CustomerID, RunID: at.run.ID, Level: v.Query.Level, Folder: v.Query.Folder, Page: page, PerPage: linesPerPage,
	})
	v.Lines = views.LineList{Levels: found.Levels, Total: found.Total, Page: found.Page, PerPage: linesPerPage}
	for _, e := range found.Entries {
		v.Lines.Rows = append(v.Lines.Rows, views.Line(e))
	}
	return err
}

// readTranscripts reads what experts want to see of a run that is not at work.
func (s *Server) readTranscripts(ctx context.Context, at logPlace, v *views.LogView) (err error) {
	if at.run.Status == migration.RunConnecting || at.run.Status == migration.RunCopying {
		return nil
	}
	v.Transcripts, err = s.Store.Transcripts(ctx, at.m.CustomerID, at.run.ID)
	return err
}
