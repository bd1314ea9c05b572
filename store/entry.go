package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"

	"trasloco/migration"
)

// AppendEntries adds lines to the log of a run, all or none. A server's words
// are kept as they are, but for octets that are not text (see text). The dialogue
// of a migration.EntryTranscript goes into Transcripts.
func (s *Store) AppendEntries(ctx context.Context, customer, runID int64, entries []migration.Entry) error {
	err := s.writeOfRun(ctx, customer, runID, func(ctx context.Context, tx *sql.Tx) error {
		for _, entry := range entries {
			if err := insertEntry(ctx, tx, customer, runID, entry); err != nil {
				return fmt.Errorf("%s: %w", entry.Code, err)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("append %d entries to run %d: %w", len(entries), runID, err)
	}
	return nil
}

func insertEntry(ctx context.Context, tx *sql.Tx, customer, runID int64, e migration.Entry) error {
	if dialogue, ok := e.Args["dialogue"].(string); ok && e.Code == migration.EntryTranscript {
		if err := saveTranscript(ctx, tx, customer, runID, e, dialogue); err != nil {
			return err
		}
		e.Args = migration.Args{"side": e.Args["side"]}
	}
	args, err := packArgs(e.Args)
	if err != nil {
		return err
	}
	folder, _ := e.Args["folder"].(string)
	_, err = tx.ExecContext(ctx, `
		INSERT INTO entry (customer_id, run_id, at, level, code, args, server_text, folder)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		customer, runID, e.At.UnixMilli(), e.Level, e.Code, args, text(e.ServerText), text(folder))
	return err
}

// LoggedEntry is an entry with its number, which grows with every line.
type LoggedEntry struct {
	ID int64
	migration.Entry
}

// EntryQuery asks for lines of the log of one run.
type EntryQuery struct {
	Customer, RunID int64
	// Level leaves out the lines that are less grave; "": none.
	Level  migration.Level
	Folder string // only what is about this source folder; "": all
	// Page counts from 1, the oldest lines; 0 asks for the last PerPage lines.
	Page, PerPage int
}

// EntryPage is the answer to an EntryQuery. Its lines are in the order they were
// written.
type EntryPage struct {
	Entries []LoggedEntry
	Page    int                     // the page it is; of the last lines, the last one
	Total   int                     // lines that were asked for, on all pages
	Levels  map[migration.Level]int // lines of the folder by level
}

// levels returns the levels that a query wants.
func (query EntryQuery) levels() []migration.Level {
	switch query.Level {
	case migration.Failure:
		return []migration.Level{migration.Failure}
	case migration.Warning:
		return []migration.Level{migration.Warning, migration.Failure}
	}
	return []migration.Level{migration.Info, migration.Warning, migration.Failure}
}

// EntryPage returns one page of the log of a run. Whole numbers among the args
// come back as int, whatever they were.
func (s *Store) EntryPage(ctx context.Context, query EntryQuery) (page EntryPage, err error) {
	err = s.read(ctx, func(q querier) error {
		if page.Levels, err = countLevels(ctx, q, query); err != nil {
			return err
		}
		for _, level := range query.levels() {
			page.Total += page.Levels[level]
		}
		pages := max((page.Total+query.PerPage-1)/query.PerPage, 1)
		if page.Page = min(query.Page, pages); query.Page < 1 {
			page.Page = pages
			page.Entries, err = readEntries(ctx, q, query, max(page.Total-query.PerPage, 0))
			return err
		}
		page.Entries, err = readEntries(ctx, q, query, (page.Page-1)*query.PerPage)
		return err
	})
	if err != nil {
		return EntryPage{}, fmt.Errorf("entries of run %d: %w", query.RunID, err)
	}
	return page, nil
}

func countLevels(ctx context.Context, q querier, query EntryQuery) (map[migration.Level]int, error) {
	levels := map[migration.Level]int{}
	where, args := query.where()
	return levels, eachRow(ctx, q, func(row scanner) error {
		var level migration.Level
		var count int
		err := row.Scan(&level, &count)
		levels[level] = count
		return err
	}, `SELECT level, count(*) FROM entry WHERE `+where+` GROUP BY level`, args...)
}

// ofRun selects what belongs to run $2 of customer $1. It asks the run whose it
// is, and not each row: then long logs are counted from their indexes alone.
const ofRun = `run_id = (SELECT id FROM run WHERE $1 IN (0, customer_id) AND id = $2)`

// where selects the lines of the folder.
func (query EntryQuery) where() (where string, args []any) {
	where, args = ofRun, []any{query.Customer, query.RunID}
	if query.Folder != "" {
		where, args = where+` AND folder = $3`, append(args, text(query.Folder))
	}
	return where, args
}

// readEntries finds the numbers of the lines first: they stand in indexes, and
// the lines before the page need not be read.
func readEntries(ctx context.Context, q querier, query EntryQuery, offset int) ([]LoggedEntry, error) {
	where, args := query.where()
	switch query.Level {
	case migration.Failure:
		where += ` AND level = 'failure'`
	case migration.Warning:
		where += ` AND level <> 'info'` // as the index of these lines says
	}
	order := `id`
	if query.Folder != "" {
		order = `+id` // sorts the lines of the folder rather than walk through all
	}
	places := fmt.Sprintf(`LIMIT $%d OFFSET $%d`, len(args)+1, len(args)+2)
	return queryAll(ctx, q, scanLoggedEntry, `
		SELECT id, at, level, code, args, server_text FROM entry
		WHERE id IN (SELECT id FROM entry WHERE `+where+` ORDER BY `+order+` `+places+`)
		ORDER BY id`, append(args, query.PerPage, offset)...)
}

func scanLoggedEntry(row scanner) (e LoggedEntry, err error) {
	e.Entry, err = scanEntry(row, &e.ID)
	return e, err
}

// eachChunk is how many rows are read at once for those who want all.
const eachChunk = 500

// EachEntry hands the log of a run to do, line by line in the order it was
// written, until do returns an error. It holds nothing of the store while do
// takes its time, and keeps a few hundred lines in memory at most.
func (s *Store) EachEntry(ctx context.Context, customer, runID int64, do func(migration.Entry) error) error {
	for after := int64(0); ; {
		some, err := queryAll(ctx, s.readers, scanLoggedEntry, `
			SELECT id, at, level, code, args, server_text FROM entry
			WHERE $1 IN (0, customer_id) AND run_id = $2 AND id > $3
			ORDER BY id LIMIT $4`, customer, runID, after, eachChunk)
		if err != nil {
			return fmt.Errorf("entries of run %d: %w", runID, err)
		}
		for _, e := range some {
			if err := do(e.Entry); err != nil {
				return err
			}
			after = e.ID
		}
		if len(some) < eachChunk {
			return nil
		}
	}
}

// Entries returns the whole log of a run, which may be long.
func (s *Store) Entries(ctx context.Context, customer, runID int64) (all []migration.Entry, err error) {
	return all, s.EachEntry(ctx, customer, runID, func(e migration.Entry) error {
		all = append(all, e)
		return nil
	})
}

// scanEntry reads what stands before the columns of an entry into before.
func scanEntry(row scanner, before ...any) (migration.Entry, error) {
	var e migration.Entry
	var at sql.NullInt64
	var args string
	if err := row.Scan(append(before, &at, &e.Level, &e.Code, &args, &e.ServerText)...); err != nil {
		return e, err
	}
	e.At = fromMillis(at)
	var err error
	e.Args, err = unpackArgs(args)
	return e, err
}

// writeOfRun is write for the rows of a run of this customer; another's is
// migration.ErrNotFound.
func (s *Store) writeOfRun(
	ctx context.Context, customer, runID int64, do func(ctx context.Context, tx *sql.Tx) error,
) error {
	return s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := queryOne(ctx, tx, scanValue[int64], `
			SELECT id FROM run WHERE customer_id = $1 AND id = $2`, customer, runID)
		if err != nil {
			return err
		}
		return do(ctx, tx)
	})
}

func packArgs(args migration.Args) (string, error) {
	if len(args) == 0 {
		return "{}", nil
	}
	octets, err := json.Marshal(args)
	return string(octets), err
}

// unpackArgs is the reverse of packArgs. No args are nil.
func unpackArgs(packed string) (migration.Args, error) {
	var args migration.Args
	decoder := json.NewDecoder(strings.NewReader(packed))
	decoder.UseNumber() // plural rules want whole numbers, not floats
	if err := decoder.Decode(&args); err != nil {
		return nil, fmt.Errorf("args: %w", err)
	}
	if len(args) == 0 {
		return nil, nil
	}
	for name, value := range args {
		if number, ok := value.(json.Number); ok {
			args[name] = plainNumber(number)
		}
	}
	return args, nil
}

func plainNumber(n json.Number) any {
	if whole, err := n.Int64(); err == nil {
		return int(whole)
	}
	if float, err := n.Float64(); err == nil {
		return float
	}
	return n.String()
}
