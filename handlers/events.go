package handlers

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"strconv"
	"sync"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"trasloco/migration"
	"trasloco/store"
	"trasloco/views"
)

// migrationEvents keeps the page of a migration up to date until it has ended.
// Who looks at the same rows, in the same language and with the same rights,
// gets the same picture.
func (s *Server) migrationEvents(c echo.Context) error {
	m := asked(c)
	return s.stream(c, s.migrationSource(m.ID, lookOf(c, m)))
}

func (s *Server) migrationSource(id int64, at look) liveSource {
	latest := progressBook{runs: map[int64]migration.Progress{}}
	return liveSource{
		key: "migration " + strconv.FormatInt(id, 10) + " " + at.key(),
		watch: func(ctx context.Context, changed func() error) error {
			return s.Feed.Watch(ctx, id, func(progress []migration.Progress) error {
				latest.take(progress)
				return changed()
			})
		},
		paint: func(ctx context.Context) ([]byte, bool, error) {
			return s.paintMigration(ctx, id, at, latest.all())
		},
	}
}

// paintMigration paints what is live of a migration: what the store knows, and
// over it what the runs at work told since. It is the last picture if nothing
// will change any more.
func (s *Server) paintMigration(
	ctx context.Context, id int64, at look, latest map[int64]migration.Progress,
) (picture []byte, last bool, err error) {
	m, err := s.Store.MigrationByID(ctx, store.AnyCustomer, id)
	if errors.Is(err, migration.ErrNotFound) {
		picture, err = paint(ctx, views.MigrationGone())
		return picture, true, err
	}
	if err != nil {
		return nil, false, err
	}
	view, err := s.migrationView(ctx, m, at)
	if err != nil {
		return nil, false, err
	}
	for i := range view.Resources.Rows {
		overlay(&view.Resources.Rows[i], latest)
	}
	picture, err = paint(ctx, views.MigrationLive(view))
	return picture, view.Ended(), err
}

// paint returns a component as octets of its own.
func paint(ctx context.Context, component templ.Component) ([]byte, error) {
	var b bytes.Buffer
	err := component.Render(ctx, &b)
	return b.Bytes(), err
}

// overlay lays what the runs of a row told last over what was read of them: the
// store hears of it a moment later. What it knows to have ended stays so.
func overlay(row *views.ResourceRow, latest map[int64]migration.Progress) {
	for number, run := range row.Runs {
		progress, told := latest[run.ID]
		if !told || run.Status.Ended() || settled(progress.Tally) < settled(run.Tally) {
			continue
		}
		run.Status, run.Tally = progress.Status, progress.Tally
		row.Runs[number], row.Folder = run, progress.Folder
	}
}

// progressBook keeps the latest progress of every run of a migration.
type progressBook struct {
	mu   sync.Mutex
	runs map[int64]migration.Progress
}

func (b *progressBook) take(progress []migration.Progress) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, p := range progress {
		b.runs[p.RunID] = p
	}
}

func (b *progressBook) all() map[int64]migration.Progress {
	b.mu.Lock()
	defer b.mu.Unlock()
	return maps.Clone(b.runs)
}
