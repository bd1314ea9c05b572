package store

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/pressly/goose/v3"
)

// schemaSteps go forward only: a step that was released is never changed.
//
//go:embed schema/*.sql
var schemaSteps embed.FS

// upgrade brings the database to the newest schema. One that holds data is
// copied first, to a file named after the schema it has.
func (s *Store) upgrade(ctx context.Context, steps fs.FS) error {
	provider, err := goose.NewProvider(goose.DialectSQLite3, s.writer, steps, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("schema steps: %w", err)
	}
	have, want, err := provider.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("read schema version: %w", err)
	}
	if have > want {
		return fmt.Errorf("%w: it has schema %d, this program knows %d", ErrNewerSchema, have, want)
	}
	if have == want {
		return nil
	}
	if have > 0 {
		if err := snapshot(ctx, s.writer, s.snapshotPath(have)); err != nil {
			return err
		}
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("upgrade schema from %d to %d: %w", have, want, err)
	}
	s.log.Info("database upgraded", "from", have, "to", want)
	return nil
}

func (s *Store) snapshotPath(version int64) string {
	return filepath.Join(s.dir, fmt.Sprintf("trasloco-schema-%d.db", version))
}
