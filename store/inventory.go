package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"trasloco/migration"
)

// saveInventory stores what a check found, in place of what an earlier one did.
func saveInventory(ctx context.Context, tx *sql.Tx, resourceID int64, found migration.FolderInventory) error {
	_, err := tx.ExecContext(ctx, `
		INSERT INTO inventory (resource_id, customer_id, migration_id, folders)
		SELECT id, customer_id, migration_id, $2 FROM resource WHERE id = $1
		ON CONFLICT (resource_id) DO UPDATE SET folders = excluded.folders`, resourceID, text(found.Pack()))
	return err
}

// Inventories returns the folders of the sources of a migration, those of the rows
// that are not left out and that a check has come so far with, by the line of the
// row.
func (s *Store) Inventories(ctx context.Context, customer, migrationID int64) (map[int]migration.FolderInventory, error) {
	found := make(map[int]migration.FolderInventory)
	err := s.read(ctx, func(q querier) error {
		return eachRow(ctx, q, func(row scanner) error {
			var line int
			var packed string
			if err := row.Scan(&line, &packed); err != nil {
				return err
			}
			folders, err := migration.Unpack(packed)
			found[line] = folders
			return err
		}, `
			SELECT x.line, i.folders FROM inventory i JOIN resource x ON x.id = i.resource_id
			WHERE $1 IN (0, i.customer_id) AND i.migration_id = $2 AND x.left_out = 0`, customer, migrationID)
	})
	if err != nil {
		return nil, fmt.Errorf("folders of migration %d: %w", migrationID, err)
	}
	return found, nil
}

// ChooseFolders stores what the admin chose for the folders, and counts anew what is
// left out of every row. Once a pass has begun it is migration.ErrConflict: the
// next one would not know what the first did. So it is where the migration is
// cancelled, or m is not of the version that is stored. It updates m.
func (s *Store) ChooseFolders(ctx context.Context, customer int64, m *migration.Migration, choices migration.FolderChoices) error {
	packed, err := packChoices(choices)
	if err == nil {
		err = s.alter(ctx, customer, m, func(ctx context.Context, tx *sql.Tx) error {
			if err := s.setUnbegun(ctx, tx, customer, m, `folder_choices = $7`, packed); err != nil {
				return err
			}
			return countLeftOut(ctx, tx, m.ID, choices)
		})
	}
	if err != nil {
		return fmt.Errorf("save folders of migration %d: %w", m.ID, err)
	}
	return nil
}

// ChooseGmail stores what was chosen for the accounts at Gmail. It is
// migration.ErrConflict where ChooseFolders is. It updates m.
func (s *Store) ChooseGmail(ctx context.Context, customer int64, m *migration.Migration, choice migration.GmailChoice) error {
	err := s.alter(ctx, customer, m, func(ctx context.Context, tx *sql.Tx) error {
		return s.setUnbegun(ctx, tx, customer, m, `gmail_labels = $7, gmail_day_limit = $8`, choice.Labels, choice.DayLimit)
	})
	if err != nil {
		return fmt.Errorf("save labels of migration %d: %w", m.ID, err)
	}
	return nil
}

// setUnbegun sets columns of a migration of which no pass has begun; the values are
// those from $7 on.
func (s *Store) setUnbegun(ctx context.Context, tx *sql.Tx, customer int64, m *migration.Migration, set string, values ...any) error {
	args := []any{millis(s.now()), customer, m.ID, m.Version, migration.Cancelled, migration.PassPlanned}
	return execOne(ctx, tx, migration.ErrConflict, `
		UPDATE migration SET changed_at = $1, version = version + 1, `+set+`
		WHERE $2 IN (0, customer_id) AND id = $3 AND version = $4 AND validity <> $5 AND NOT EXISTS (
			SELECT 1 FROM pass p WHERE p.migration_id = migration.id
				AND (p.status <> $6 OR p.started_at IS NOT NULL))`, append(args, values...)...)
}

func countLeftOut(ctx context.Context, tx *sql.Tx, migrationID int64, choices migration.FolderChoices) error {
	sums := make(map[int64]migration.LeftOut)
	err := eachRow(ctx, tx, func(row scanner) error {
		var id int64
		var packed string
		if err := row.Scan(&id, &packed); err != nil {
			return err
		}
		folders, err := migration.Unpack(packed)
		sums[id] = folders.LeftOut(choices)
		return err
	}, `SELECT resource_id, folders FROM inventory WHERE migration_id = $1`, migrationID)
	for id, sum := range sums {
		if err == nil {
			_, err = tx.ExecContext(ctx, `
				UPDATE resource SET check_excluded = $1, check_excluded_bytes = $2, check_oversize = $3 WHERE id = $4`,
				sum.Messages, sum.Bytes, sum.Oversize, id)
		}
	}
	return err
}

// choicesOf reads the choices of the migration that a resource belongs to.
func choicesOf(ctx context.Context, tx *sql.Tx, resourceID int64) (migration.FolderChoices, error) {
	packed, err := queryOne(ctx, tx, scanValue[string], `
		SELECT m.folder_choices FROM migration m JOIN resource x ON x.migration_id = m.id WHERE x.id = $1`, resourceID)
	if err != nil {
		return nil, err
	}
	return unpackChoices(packed)
}

func packChoices(choices migration.FolderChoices) (string, error) {
	if len(choices) == 0 {
		return "", nil
	}
	packed, err := json.Marshal(choices.List())
	return string(packed), err
}

func unpackChoices(packed string) (migration.FolderChoices, error) {
	if packed == "" {
		return nil, nil
	}
	var list []migration.FolderChoice
	err := json.Unmarshal([]byte(packed), &list)
	return migration.NewFolderChoices(list...), err
}

// ErrStale says that a draft was changed since the form was made that is handed in
// now. It is a migration.ErrConflict.
var ErrStale = fmt.Errorf("changed meanwhile: %w", migration.ErrConflict)

// Claim takes the right to change a migration for who saw its version: of two that
// saw the same one comes first, and the other one's answer is ErrStale. It sets
// m.Version.
func (s *Store) Claim(ctx context.Context, customer int64, m *migration.Migration, version int) error {
	err := s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		return execOne(ctx, tx, ErrStale, `
			UPDATE migration SET version = version + 1 WHERE $1 IN (0, customer_id) AND id = $2 AND version = $3`,
			customer, m.ID, version)
	})
	if errors.Is(err, ErrStale) {
		return ErrStale
	}
	if err != nil {
		return fmt.Errorf("claim migration %d: %w", m.ID, err)
	}
	m.Version = version + 1
	return nil
}
