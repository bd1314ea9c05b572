package handlers

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"trasloco/locale"
	"trasloco/migration"
	"trasloco/views"
)

func folderRoutes() []route {
	return []route{
		{http.MethodGet, "/migrations/:code/edit/folders", changesMigration, light, (*Server).showFolders},
		{http.MethodPost, "/migrations/:code/edit/folders", changesMigration, light, (*Server).saveFolders},
		{http.MethodPost, "/migrations/:code/edit/labels", changesMigration, light, (*Server).saveLabels},
	}
}

// showFolders shows what goes where, and lets it be changed until a pass begins.
func (s *Server) showFolders(c echo.Context) error {
	if m := asked(c); editable(m) && views.StepFile.After(unfinished(m)) {
		return goTo(c, stepPath(m, unfinished(m)))
	}
	found, err := s.Store.Inventories(c.Request().Context(), asked(c).CustomerID, asked(c).ID)
	if err != nil {
		return err
	}
	return s.foldersPage(c, http.StatusOK, found, asked(c).Folders, nil)
}

func (s *Server) foldersPage(
	c echo.Context, code int, found map[int]migration.FolderInventory, choices migration.FolderChoices, problems []migration.Problem,
) error {
	m := asked(c)
	page := views.FoldersPage{
		WizardPage: s.wizard(c, views.StepFile, problems), Lines: migration.MapFolders(found, choices), Query: folderQuery(c),
		Rows: m.Checks.Rows, Known: len(found), InWizard: editable(m), CanChoose: choosesFolders(m),
	}
	page.Title = locale.T(c.Request().Context(), "page.folders.title", nil)
	if len(problems) > 0 {
		page.Sent = c.Request().PostForm
	}
	return s.render(c, code, views.Folders(page))
}

// choosesFolders reports whether the folders may still be chosen: no pass has begun.
func choosesFolders(m migration.Migration) bool {
	return m.Validity != migration.Cancelled && !slices.ContainsFunc(m.Passes, func(p migration.Pass) bool {
		return p.Status != migration.PassPlanned || !p.StartedAt.IsZero()
	})
}

func folderQuery(c echo.Context) views.FolderQuery {
	query := views.FolderQuery{Search: strings.TrimSpace(c.QueryParam("q")), Page: pageNumber(c)}
	if group := c.QueryParam("show"); slices.Contains([]string{views.FoldersOffered, views.FoldersOut, views.FoldersChosen}, group) {
		query.Group = group
	}
	if c.QueryParam("from") == string(views.StepReview) {
		query.From = string(views.StepReview)
	}
	return query
}

// saveFolders takes what was changed of the folders on one page of the map. The
// others stay as they are.
func (s *Server) saveFolders(c echo.Context) error {
	ctx, m := c.Request().Context(), asked(c)
	if !choosesFolders(m) {
		return migration.ErrConflict
	}
	if err := c.Request().ParseForm(); err != nil {
		return echo.NewHTTPError(http.StatusBadRequest)
	}
	if sent, err := s.stale(c); sent || err != nil {
		return err
	}
	found, err := s.Store.Inventories(ctx, m.CustomerID, m.ID)
	if err != nil {
		return err
	}
	choices, problems := chosenFolders(found, m.Folders, c.Request().PostForm)
	if len(problems) == 0 {
		problems = newClashes(migration.MapFolders(found, m.Folders), migration.MapFolders(found, choices))
	}
	if len(problems) > 0 {
		return s.foldersPage(c, http.StatusUnprocessableEntity, found, choices, problems)
	}
	m = asked(c) // with the version that was claimed
	if err := s.Store.ChooseFolders(ctx, m.CustomerID, &m, choices); err != nil {
		return err
	}
	return s.goBack(c, strings.TrimSuffix(stepPath(m, "folders")+folderQuery(c).Address(), "?"), locale.T(ctx, "page.folders.saved", nil))
}

// chosenFolders are the choices with what a form changes of them: only where it
// says something else than the page did, since what follows a folder above says
// the same on both.
func chosenFolders(
	found map[int]migration.FolderInventory, was migration.FolderChoices, form url.Values,
) (migration.FolderChoices, []migration.Problem) {
	list, problems := was.List(), []migration.Problem(nil)
	for _, line := range migration.MapFolders(found, was) {
		if line.Fixed || !slices.Contains(form["folder"], line.ID()) {
			continue
		}
		choice, changed, problem := chosenFolder(line, form)
		switch {
		case problem.Code != "":
			problems = append(problems, problem)
		case changed:
			list = append(list, choice)
		}
	}
	return migration.NewFolderChoices(list...).WithoutNeedless(found), problems
}

// chosenFolder is the choice for one folder. Whether it is copied and where it goes
// are two answers: a new name leaves to each resource what it does with the folder.
func chosenFolder(line migration.FolderLine, form url.Values) (choice migration.FolderChoice, changed bool, problem migration.Problem) {
	fate, place := form.Get("fate-"+line.ID()), strings.TrimSpace(form.Get("to-"+line.ID()))
	choice = migration.FolderChoice{Path: line.Path, ByRules: true}
	if line.Chosen {
		choice = line.Choice
	}
	if isFate := slices.Contains([]string{migration.FateIn, migration.FateOut, migration.FateMixed}, fate); isFate && fate != line.Fate() {
		choice.Out, choice.ByRules, changed = fate == migration.FateOut, fate == migration.FateMixed, true
	}
	switch {
	case place == "" && form.Has("to-"+line.ID()) && choice.To != nil: // where it goes by itself
		choice.To, changed = nil, true
	case place != "" && place != line.Place():
		to, problem, ok := migration.ParsePlace(place)
		if !ok {
			problem.Field = "to-" + line.ID()
			return choice, false, problem
		}
		choice.To, changed = to, true
	}
	return choice, changed, problem
}

// newClashes are those that were not there before: a folder that came into being
// since keeps nobody from choosing for another one.
func newClashes(was, is []migration.FolderLine) (problems []migration.Problem) {
	known := clashes(was)
	return slices.DeleteFunc(clashes(is), func(p migration.Problem) bool {
		return slices.ContainsFunc(known, func(old migration.Problem) bool { return old.Field == p.Field })
	})
}

// clashes are the folders that would share a place with another one of the same
// account.
func clashes(lines []migration.FolderLine) (problems []migration.Problem) {
	for _, line := range lines {
		if line.Clashes > 0 {
			problems = append(problems, migration.Problem{Code: migration.CodeFolderClash, Field: "to-" + line.ID(), Args: migration.Args{
				"folder": migration.FolderName(line.Path), "other": migration.FolderName(line.With), "count": line.Clashes,
			}})
		}
	}
	return problems
}
