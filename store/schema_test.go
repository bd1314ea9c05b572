package store

import (
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"
)

// wantColumns is the schema, by table. A later step changes this list and
// nothing of the steps before it.
var wantColumns = map[string]string{
	"canary":    "id sealed",
	"customer":  "id name created_at",
	"dst":       "id customer_id mailbox name uidvalidity",
	"entry":     "id customer_id run_id at level code args server_text",
	"exception": "id customer_id run_id outcome reason folder uid count message_id sender subject date size server_text",
	"inflight":  "id pair_id dst_id dst_uidvalidity dst_low late items",
	"kwset":     "id list",
	"migration": "id customer_id code name server_type validity created_at changed_at",
	"msg":       "pair_id uid kind reason pass dst_uid size fp flags",
	"pair": "id customer_id resource_id src_raw src_uidvalidity src_uidnext src_exists src_modseq complete " +
		"dst_id dst_uidvalidity dst_uidnext",
	"pass":     "id customer_id migration_id number status planned_at started_at ended_at",
	"resource": "id customer_id migration_id line source_key mailbox clean source_secret destination_secret",
	"run": "id customer_id pass_id resource_id status listed copied present skipped failed bytes " +
		"retry_at started_at ended_at error_class error_text",
}

func columns(t *testing.T, s *Store) map[string]string {
	t.Helper()
	scan := func(row scanner) (pair [2]string, err error) {
		err = row.Scan(&pair[0], &pair[1])
		return pair, err
	}
	rows := must(queryAll(t.Context(), s.readers, scan, `
		SELECT m.name, c.name FROM sqlite_schema m JOIN pragma_table_info(m.name) c
		WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name NOT LIKE 'goose_%'
		ORDER BY m.name, c.cid`))(t)
	got := make(map[string]string)
	for _, row := range rows {
		got[row[0]] = strings.TrimSpace(got[row[0]] + " " + row[1])
	}
	return got
}

func TestTheSchemaFromEmpty(t *testing.T) {
	l := newLab(t)
	got := columns(t, l.Store)
	if !reflect.DeepEqual(got, wantColumns) {
		t.Errorf("got  %v\nwant %v", got, wantColumns)
	}
	for table, names := range got {
		reached := table == "customer" || table == "msg" || table == "inflight" || table == "kwset" || table == "canary"
		if !reached && !strings.Contains(names, " customer_id ") {
			t.Errorf("table %s names no customer", table)
		}
	}
	if copies := must(filepath.Glob(filepath.Join(l.dir, "trasloco-schema-*")))(t); copies != nil {
		t.Errorf("a fresh database was copied: %v", copies)
	}
}

func TestEveryReferenceHoldsAndCascades(t *testing.T) {
	l := newLab(t)
	run := l.startRun(t)
	j := l.Journal(LocalCustomer, run.ResourceID, 1)
	pair := savePair(t, j, "INBOX", "INBOX")
	check(t, j.Record(t.Context(), pair.ID, copied(10, 1)))
	begin(t, j, pair, 2)
	must(l.writer.ExecContext(t.Context(), `DELETE FROM migration WHERE id = $1`, l.migration))(t)
	for _, table := range []string{"resource", "pass", "run", "pair", "msg", "inflight"} {
		if n := must(queryOne(t.Context(), l.readers, scanValue[int], `SELECT count(*) FROM `+table))(t); n != 0 {
			t.Errorf("%s still has %d rows", table, n)
		}
	}
}

// twoSteps are the released steps and one more that this test makes up.
func twoSteps(t *testing.T) fs.FS {
	t.Helper()
	ground := must(schemaSteps.ReadFile("schema/00001_ground.sql"))(t)
	return fstest.MapFS{
		"00001_ground.sql": {Data: ground},
		"00002_later.sql":  {Data: []byte("-- +goose Up\nALTER TABLE customer ADD COLUMN later INTEGER;\n")},
	}
}

func TestAnUpgradeKeepsACopyOfWhatWas(t *testing.T) {
	l := newLab(t)
	r := l.resource(t, "a", "a")
	check(t, l.Close())
	s := must(open(t.Context(), l.dir, Options{}, twoSteps(t)))(t)
	if got := columns(t, s)["customer"]; got != "id name created_at later" {
		t.Errorf("after the upgrade customer is %q", got)
	}
	j := s.Journal(LocalCustomer, r.ID, 1)
	if !must(j.Clean(t.Context()))(t) {
		t.Error("the resource was lost")
	}
	check(t, s.Close())

	copied := filepath.Join(l.dir, "trasloco-schema-1.db")
	info := must(os.Stat(copied))(t)
	if info.Mode().Perm() != fileMode {
		t.Errorf("the copy has rights %v", info.Mode().Perm())
	}
	check(t, os.Rename(copied, filepath.Join(l.dir, databaseName)))
	old := openStore(t, l.dir)
	if got := columns(t, old); !reflect.DeepEqual(got, wantColumns) {
		t.Errorf("the copy is %v", got)
	}
	if !must(old.Journal(LocalCustomer, r.ID, 1).Clean(t.Context()))(t) {
		t.Error("the copy lacks the resource")
	}
}

func TestADatabaseOfANewerVersionIsRefusedUnchanged(t *testing.T) {
	l := newLab(t)
	check(t, l.Close())
	check(t, must(open(t.Context(), l.dir, Options{}, twoSteps(t)))(t).Close())
	path := filepath.Join(l.dir, databaseName)
	before := must(os.ReadFile(path))(t)
	_, err := Open(t.Context(), l.dir, Options{})
	wantError(t, err, ErrNewerSchema)
	if after := must(os.ReadFile(path))(t); !reflect.DeepEqual(before, after) {
		t.Error("the database was changed")
	}
}

func TestAStepThatFailsLeavesTheDatabaseAsItWas(t *testing.T) {
	l := newLab(t)
	check(t, l.Close())
	steps := twoSteps(t).(fstest.MapFS)
	steps["00002_later.sql"] = &fstest.MapFile{Data: []byte(
		"-- +goose Up\nALTER TABLE customer ADD COLUMN later INTEGER;\nINSERT INTO nowhere VALUES (1);\n")}
	if _, err := open(t.Context(), l.dir, Options{}, steps); err == nil {
		t.Fatal("the step went through")
	}
	if got := columns(t, openStore(t, l.dir)); !reflect.DeepEqual(got, wantColumns) {
		t.Errorf("schema is %v", got)
	}
}
