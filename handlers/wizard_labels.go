package handlers

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/labstack/echo/v4"

	"trasloco/locale"
	"trasloco/migration"
	"trasloco/views"
)

// saveLabels takes what becomes of the labels of Gmail accounts, and how much of each
// is read in a day. Like the folders it is chosen until a pass begins.
func (s *Server) saveLabels(c echo.Context) error {
	ctx, m := c.Request().Context(), asked(c)
	if !choosesFolders(m) || m.ServerType != migration.Gmail {
		return migration.ErrConflict
	}
	f := formReader{value: c.Request().PostFormValue}
	form := views.LabelForm{Labels: f.text("labels"), DayLimit: f.text("day_limit")}
	choice := f.gmailChoice(form)
	if len(f.problems) > 0 {
		found, err := s.Store.Inventories(ctx, m.CustomerID, m.ID)
		if err != nil {
			return err
		}
		return s.foldersPage(c, http.StatusUnprocessableEntity, found, m.Folders, f.problems)
	}
	if sent, err := s.stale(c); sent || err != nil {
		return err
	}
	m = asked(c) // with the version that was claimed
	if err := s.Store.ChooseGmail(ctx, m.CustomerID, &m, choice); err != nil {
		return err
	}
	return s.goBack(c, stepPath(m, "folders")+folderQuery(c).Address(), locale.T(ctx, "page.labels.saved", nil))
}

// CodeDayLimit is the fault of a day's limit that is no number, or out of its bounds.
const CodeDayLimit = "labels.day_limit" // args: min, max

func (f *formReader) gmailChoice(form views.LabelForm) migration.GmailChoice {
	choice := migration.GmailChoice{Labels: migration.LabelRule(form.Labels)}
	if !slices.Contains(migration.LabelRules(), choice.Labels) {
		f.fault("labels", CodeFormChoice, nil)
	}
	const least, most = migration.MinDayLimit / migration.Million, migration.MaxDayLimit / migration.Million
	millions, err := strconv.ParseInt(form.DayLimit, 10, 64)
	if err != nil || millions < least || millions > most {
		f.fault("day_limit", CodeDayLimit, migration.Args{"min": least, "max": most})
	}
	choice.DayLimit = millions * migration.Million
	return choice
}
