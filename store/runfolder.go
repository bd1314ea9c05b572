package store

import (
	"context"
	"database/sql"
	"fmt"

	"trasloco/migration"
)

// SaveFolders adds what a run told of its folders, behind those it told of
// before. All or none.
func (s *Store) SaveFolders(ctx context.Context, customer, runID int64, folders []migration.FolderTally) error {
	err := s.writeOfRun(ctx, customer, runID, func(ctx context.Context, tx *sql.Tx) error {
		place, err := queryOne(ctx, tx, scanValue[int64],
			`SELECT coalesce(max(place), 0) FROM run_folder WHERE run_id = $1`, runID)
		for i := 0; err == nil && i < len(folders); i++ {
			err = insertFolder(ctx, tx, customer, runID, place+int64(i)+1, folders[i])
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("save %d folders of run %d: %w", len(folders), runID, err)
	}
	return nil
}

func insertFolder(ctx context.Context, tx *sql.Tx, customer, runID, place int64, f migration.FolderTally) error {
	t := f.Tally
	_, err := tx.ExecContext(ctx, `
		INSERT INTO run_folder (run_id, customer_id, place, name, destination, role, state, reason,
			listed, copied, present, skipped, failed, bytes)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
		runID, customer, place, text(f.Name), text(f.Destination), text(f.Role), f.State, f.Reason,
		t.Listed, t.Copied, t.Present, t.Skipped, t.Failed, t.Bytes)
	return err
}

// FolderPage is a part of the folders of a run.
type FolderPage struct {
	Folders []migration.FolderTally
	Total   int             // how many there are
	Sum     migration.Tally // of all of them
}

const folderColumns = `name, destination, role, state, reason, listed, copied, present, skipped, failed, bytes`

func scanFolderTally(row scanner) (f migration.FolderTally, err error) {
	t := &f.Tally
	err = row.Scan(&f.Name, &f.Destination, &f.Role, &f.State, &f.Reason,
		&t.Listed, &t.Copied, &t.Present, &t.Skipped, &t.Failed, &t.Bytes)
	return f, err
}

// Folders returns one page of the folders of a run, from 1, in the order they
// were told of; perPage 0: all.
func (s *Store) Folders(ctx context.Context, customer, runID int64, page, perPage int) (found FolderPage, err error) {
	err = s.read(ctx, func(q querier) error {
		if found.Total, found.Sum, err = sumFolders(ctx, q, customer, runID); err != nil {
			return err
		}
		limit, offset := window(page, perPage)
		found.Folders, err = queryAll(ctx, q, scanFolderTally, `
			SELECT `+folderColumns+` FROM run_folder
			WHERE $1 IN (0, customer_id) AND run_id = $2
			ORDER BY place LIMIT $3 OFFSET $4`, customer, runID, limit, offset)
		return err
	})
	if err != nil {
		return FolderPage{}, fmt.Errorf("folders of run %d: %w", runID, err)
	}
	return found, nil
}

func sumFolders(ctx context.Context, q querier, customer, runID int64) (total int, t migration.Tally, err error) {
	err = q.QueryRowContext(ctx, `
		SELECT count(*), coalesce(sum(listed), 0), coalesce(sum(copied), 0), coalesce(sum(present), 0),
			coalesce(sum(skipped), 0), coalesce(sum(failed), 0), coalesce(sum(bytes), 0)
		FROM run_folder WHERE $1 IN (0, customer_id) AND run_id = $2`, customer, runID).
		Scan(&total, &t.Listed, &t.Copied, &t.Present, &t.Skipped, &t.Failed, &t.Bytes)
	return total, t, err
}

// PassFolder is a source folder as the passes of a resource found it.
type PassFolder struct {
	Name   string
	Passes map[int]migration.FolderTally // by the number of the pass
}

// CompareFolders returns the first limit source folders of a resource, each with
// what every pass did in it, and how many there are. They come in the order of
// the latest pass that knows them.
func (s *Store) CompareFolders(ctx context.Context, customer, resourceID int64, limit int) (all []PassFolder, total int, err error) {
	err = s.read(ctx, func(q querier) error {
		total, err = queryOne(ctx, q, scanValue[int], `
			SELECT count(DISTINCT f.name) FROM run r JOIN run_folder f ON f.run_id = r.id
			WHERE $1 IN (0, r.customer_id) AND r.resource_id = $2`, customer, resourceID)
		if err == nil {
			all, err = compareFolders(ctx, q, customer, resourceID, limit)
		}
		return err
	})
	if err != nil {
		return nil, 0, fmt.Errorf("folders of resource %d: %w", resourceID, err)
	}
	return all, total, nil
}

func compareFolders(ctx context.Context, q querier, customer, resourceID int64, limit int) ([]PassFolder, error) {
	var all []PassFolder
	at := map[string]int{}
	err := eachRow(ctx, q, func(row scanner) error {
		var number int
		f, err := scanPassFolder(row, &number)
		if err != nil {
			return err
		}
		i, known := at[f.Name]
		if !known {
			if len(all) == limit {
				return nil
			}
			i = len(all)
			at[f.Name] = i
			all = append(all, PassFolder{Name: f.Name, Passes: map[int]migration.FolderTally{}})
		}
		all[i].Passes[number] = f
		return nil
	}, `
		SELECT p.number, f.name, f.destination, f.role, f.state, f.reason,
			f.listed, f.copied, f.present, f.skipped, f.failed, f.bytes
		FROM run r JOIN pass p ON p.id = r.pass_id JOIN run_folder f ON f.run_id = r.id
		WHERE $1 IN (0, r.customer_id) AND r.resource_id = $2
		ORDER BY p.number DESC, f.place`, customer, resourceID)
	return all, err
}

func scanPassFolder(row scanner, number *int) (f migration.FolderTally, err error) {
	t := &f.Tally
	err = row.Scan(number, &f.Name, &f.Destination, &f.Role, &f.State, &f.Reason,
		&t.Listed, &t.Copied, &t.Present, &t.Skipped, &t.Failed, &t.Bytes)
	return f, err
}

// saveTranscript keeps the dialogue of an entry, in place of the one before.
func saveTranscript(ctx context.Context, tx *sql.Tx, customer, runID int64, e migration.Entry, dialogue string) error {
	side, _ := e.Args["side"].(string)
	_, err := tx.ExecContext(ctx, `
		INSERT INTO transcript (run_id, customer_id, side, at, dialogue) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (run_id, side) DO UPDATE SET at = excluded.at, dialogue = excluded.dialogue`,
		runID, customer, text(side), e.At.UnixMilli(), text(dialogue))
	return err
}

// Transcripts returns the last dialogues of a run that ended in an error, one a
// side at most, the latest first.
func (s *Store) Transcripts(ctx context.Context, customer, runID int64) ([]migration.Transcript, error) {
	all, err := queryAll(ctx, s.readers, func(row scanner) (t migration.Transcript, err error) {
		var at sql.NullInt64
		err = row.Scan(&t.Side, &at, &t.Dialogue)
		t.At = fromMillis(at)
		return t, err
	}, `
		SELECT side, at, dialogue FROM transcript
		WHERE $1 IN (0, customer_id) AND run_id = $2 ORDER BY at DESC, side`, customer, runID)
	if err != nil {
		return nil, fmt.Errorf("transcripts of run %d: %w", runID, err)
	}
	return all, nil
}
