package handlers

import (
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"trasloco/migration"
)

// The codes of the one that runs, of a draft that has all its rows, and of the
// first copy of the one at the MX change.
const (
	benchRuns  = "M-GNGNG"
	benchDraft = "M-DRAFT"
	benchEnded = "M-BAABA"
)

// grownPanel holds benchMigrations of benchRows resources with benchEntries lines
// of log each: one runs, one is a draft, the others stand at the MX change. It
// returns the one that runs. That takes minutes to make and some gigabytes, and
// is kept in .cache until the schema changes.
func grownPanel(b *testing.B, change ...func(*Options)) (*panel, migration.Migration) {
	b.Helper()
	dir := filepath.Join("..", ".cache", "grown-panel", schemaSum(b))
	if _, err := os.Stat(filepath.Join(dir, "ready")); err != nil {
		check(b, os.RemoveAll(filepath.Dir(dir)))
		growPanel(b, dir)
		check(b, os.WriteFile(filepath.Join(dir, "ready"), nil, 0o600))
	}
	p := panelAt(b, dir, change...).meet()
	running, err := p.Store.Migration(b.Context(), p.customer, benchRuns)
	check(b, err)
	return p, running
}

func schemaSum(b *testing.B) string {
	b.Helper()
	sum := sha256.New()
	steps, err := filepath.Glob("../store/schema/*.sql")
	check(b, err)
	for _, step := range append(steps, "bench_panel_test.go") {
		content, err := os.ReadFile(step)
		check(b, err)
		sum.Write(content)
	}
	return hex.EncodeToString(sum.Sum(nil))[:12]
}

// growPanel makes three migrations by the store, and copies the first by SQL.
func growPanel(b *testing.B, dir string) {
	b.Helper()
	content, err := readyFolder()
	check(b, err)
	content.write(b, dir)
	p := panelAt(b, dir).meet()
	names := make([]string, benchRows)
	for i := range names {
		names[i] = fmt.Sprintf("some.body%03d", i)
	}
	m := p.benchRunning(b, names)
	p.benchPass(b, m, benchRows)
	p.benchEntries(b, m)
	p.finishPass(m)
	running := p.benchRunning(b, names)
	p.benchPass(b, running, benchRows/2)
	p.benchEntries(b, running)
	draft := p.draft(names...)
	check(b, p.Store.Close())
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "trasloco.db"))
	check(b, err)
	db.SetMaxOpenConns(1)
	check(b, multiply(db, m.ID, benchMigrations-3))
	for _, statement := range []string{
		fmt.Sprintf(`UPDATE migration SET code = '%s' WHERE id = %d`, benchDraft, draft.ID),
		fmt.Sprintf(`UPDATE migration SET code = '%s' WHERE id = %d`, benchRuns, running.ID),
		`ANALYZE`,
	} {
		_, err := db.Exec(statement)
		check(b, err)
	}
	check(b, db.Close())
}

// benchEntries gives every run a log.
func (p *panel) benchEntries(b *testing.B, m migration.Migration) {
	b.Helper()
	runs, err := p.Store.Runs(b.Context(), p.customer, m.Passes[0].ID)
	check(b, err)
	inParallel(b, len(runs), func(i int) error {
		var entries []migration.Entry
		for n := range benchEntries {
			entry := migration.Entry{At: testNow, Level: migration.Info, Code: "folder_done", Args: migration.Args{
				"folder": fmt.Sprint("Folder ", n), "destination": fmt.Sprint("Folder ", n), "role": "",
				"listed": 9, "copied": 9, "present": 0, "skipped": 0, "failed": 0, "bytes": 4096,
			}}
			if n%20 == 0 {
				entry = migration.Entry{At: testNow, Level: migration.Warning, Code: "reconnecting", ServerText: "* BYE Idle timeout", Args: migration.Args{"side": "source", "class": "transport", "wait": "1s"}}
			}
			entries = append(entries, entry)
		}
		return p.Store.AppendEntries(b.Context(), p.customer, runs[i].ID, entries)
	})
}

// tableColumn is one of a table; parent names the table it points to, if that one is
// copied too.
type tableColumn struct{ name, parent string }

// multiply copies a migration and all that hangs on it, whatever the schema has.
func multiply(db *sql.DB, id int64, times int) error {
	if _, err := db.Exec(`PRAGMA synchronous = OFF; PRAGMA cache_size = -200000; PRAGMA foreign_keys = OFF`); err != nil {
		return err
	}
	order, columns, err := family(db)
	if err != nil {
		return err
	}
	steps := map[string]int64{}
	for _, table := range order {
		if !slices.ContainsFunc(columns[table], func(c tableColumn) bool { return c.name == "id" }) {
			continue
		}
		var step int64
		if err := db.QueryRow(`SELECT coalesce(max(id), 0) + 1 FROM ` + table).Scan(&step); err != nil {
			return err
		}
		steps[table] = step
	}
	for n := 1; n <= times; n++ {
		for _, table := range order {
			if _, err := db.Exec(copyOf(table, columns, steps, id, n)); err != nil {
				return fmt.Errorf("copy %s: %w", table, err)
			}
		}
	}
	return nil
}

// family returns migration and the tables that hang on it, parents first.
func family(db *sql.DB) (order []string, columns map[string][]tableColumn, err error) {
	columns = map[string][]tableColumn{}
	var tables []string
	rows, err := db.Query(`SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name`)
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close() //nolint:errcheck // it was only read
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, nil, err
		}
		tables = append(tables, name)
	}
	if err := rows.Err(); err != nil {
		return nil, nil, err
	}
	parents := map[string]map[string]string{}
	for _, table := range tables {
		if parents[table], columns[table], err = shape(db, table); err != nil {
			return nil, nil, err
		}
	}
	order = []string{"migration"}
	for range tables {
		for _, table := range tables {
			hangs := false
			for _, parent := range parents[table] {
				hangs = hangs || slices.Contains(order, parent)
			}
			if hangs && !slices.Contains(order, table) && table != "sheet" {
				order = append(order, table)
			}
		}
	}
	for _, table := range order {
		for i, c := range columns[table] {
			if parent := parents[table][c.name]; slices.Contains(order, parent) {
				columns[table][i].parent = parent
			}
		}
	}
	return order, columns, nil
}

// shape returns to which tables columns of a table point, and its columns.
func shape(db *sql.DB, table string) (parents map[string]string, columns []tableColumn, err error) {
	parents = map[string]string{}
	rows, err := db.Query(`SELECT c.name, coalesce(f."table", '') FROM pragma_table_info($1) c LEFT JOIN pragma_foreign_key_list($1) f ON f."from" = c.name`, table)
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close() //nolint:errcheck // it was only read
	for rows.Next() {
		var name, parent string
		if err := rows.Scan(&name, &parent); err != nil {
			return nil, nil, err
		}
		columns = append(columns, tableColumn{name: name})
		parents[name] = parent
	}
	return parents, columns, rows.Err()
}

// copyOf is the statement that makes the n-th copy of the rows of a table.
func copyOf(table string, columns map[string][]tableColumn, steps map[string]int64, id int64, n int) string {
	var names, values []string
	where := ""
	for _, c := range columns[table] {
		names = append(names, c.name)
		value := c.name
		switch {
		case c.name == "id":
			value = fmt.Sprintf("id + %d", steps[table]*int64(n))
		case c.parent != "":
			value = fmt.Sprintf("%s + %d", c.name, steps[c.parent]*int64(n))
		case table == "migration" && c.name == "code":
			value = fmt.Sprintf("'M-B%c%c%c%c'", 'A'+n/676%26, 'A'+n/26%26, 'A'+n%26, 'A')
		}
		values = append(values, value)
		if c.parent != "" && where == "" {
			where = fmt.Sprintf("%s IN (%s)", c.name, ids(c.parent, columns, id))
		}
	}
	if table == "migration" {
		where = fmt.Sprintf("id = %d", id)
	}
	return fmt.Sprintf(`INSERT INTO %s (%s) SELECT %s FROM %s WHERE %s`, table, strings.Join(names, ", "), strings.Join(values, ", "), table, where)
}

// ids selects the rows of a table that belong to the migration.
func ids(table string, columns map[string][]tableColumn, id int64) string {
	if table == "migration" {
		return fmt.Sprint(id)
	}
	for _, c := range columns[table] {
		if c.parent != "" {
			return fmt.Sprintf("SELECT id FROM %s WHERE %s IN (%s)", table, c.name, ids(c.parent, columns, id))
		}
	}
	return "NULL"
}
