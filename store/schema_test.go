package store

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// wantColumns is the schema, by table. A later step changes this list and
// nothing of the steps before it.
var wantColumns = map[string]string{
	"account_notice": "id customer_id user_id kind sealed created_at tries next_at sent_at gave_up error",
	"canary":         "id sealed",
	"customer":       "id name created_at",
	"destination":    "id name endpoint secret mx",
	"discovery":      "id customer_id migration_id domain done host port how",
	"domain":         "id customer_id destination_id name",
	"download":       "account customer_id hour octets",
	"dst":            "id customer_id mailbox name uidvalidity",
	"entry":          "id customer_id run_id at level code args server_text folder",
	"exception":      "id customer_id run_id outcome reason folder uid count message_id sender subject date size server_text",
	"host_pause":     "host side name cause since turned trial_resource trial_migration",
	"host_refusal":   "host account login said at",
	"inflight":       "id pair_id dst_id dst_uidvalidity dst_low late items",
	"inventory":      "resource_id customer_id migration_id folders",
	"kwset":          "id list",
	"login_throttle": "key_hash failures failed_at wait_until",
	"link":           "user_id customer_id kind token created_at expires_at",
	"migration": "id customer_id code name server_type validity created_at changed_at " +
		"user_id source_tls source_tls_name source_pin source_pins first_at first_soonest second_at second_gap lines_out " +
		"version folder_choices source_master source_provider source_allowed gmail_labels gmail_day_limit",
	"migration_domain": "migration_id customer_id domain_id",
	"msg":              "pair_id uid kind reason pass dst_uid size fp flags identity",
	"mx":               "domain_id customer_id records ttl old_ttl old_ttl_at changed_at read_at tried_at failure",
	"notice": "id customer_id migration_id user_id kind pass occasion created_at tries next_at sent_at " +
		"gave_up error",
	"pair": "id customer_id resource_id src_raw src_uidvalidity src_uidnext src_exists src_modseq complete " +
		"dst_id dst_uidvalidity dst_uidnext doubted",
	"pass":          "id customer_id migration_id number status planned_at started_at ended_at first_ended_at reopened_at",
	"recovery_code": "user_id customer_id code_hash",
	"resource": "id customer_id migration_id line source_key mailbox clean source_secret destination_secret " +
		"domain_id left_out source destination_login check_status check_at check_side check_class check_detail " +
		"check_server_text check_certificate check_folders check_messages check_bytes check_oversize " +
		"check_quota_used check_quota_limit check_excluded check_excluded_bytes check_rate check_master " +
		"addresses check_shown refused check_hidden",
	"run": "id customer_id pass_id resource_id status listed copied present skipped failed bytes " +
		"retry_at started_at ended_at error_class error_text folder worked resumed_at",
	"run_folder": "run_id customer_id place name destination role state reason listed copied present skipped " +
		"failed bytes",
	"sample":       "pass_id customer_id at messages bytes rest",
	"session":      "token user_id created_at seen_at address agent data",
	"server_limit": "server most until",
	"setting":      "name value",
	"sheet":        "migration_id customer_id sealed",
	"transcript":   "run_id customer_id side at dialogue",
	"user_domain":  "user_id customer_id domain_id",
	"users": "id customer_id role operator name email email_key password_hash language time_zone theme " +
		"created_at blocked_at deleted_at seen_at factor_secret factor_at factor_step",
}

// ofNoCustomer are the tables that need not say whose a row is: it is reached by
// one that does, or belongs to the installation or to a browser.
var ofNoCustomer = []string{
	"canary", "customer", "destination", "inflight", "kwset", "login_throttle", "msg", "host_pause", "host_refusal", "server_limit", "session", "setting",
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
		if !slices.Contains(ofNoCustomer, table) && !strings.Contains(names, " customer_id ") {
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

// released is the number of the last schema step.
const released = 18

// oneMore are the released steps and one more that this test makes up.
func oneMore(t *testing.T) fstest.MapFS {
	t.Helper()
	steps := fstest.MapFS{
		"00099_later.sql": {Data: []byte("-- +goose Up\nALTER TABLE customer ADD COLUMN later INTEGER;\n")},
	}
	files := must(schemaSteps.ReadDir("schema"))(t)
	if last := files[len(files)-1].Name(); !strings.HasPrefix(last, fmt.Sprintf("%05d_", released)) {
		t.Fatalf("the last step is %s, want %d", last, released)
	}
	for _, file := range files {
		steps[file.Name()] = &fstest.MapFile{Data: must(schemaSteps.ReadFile("schema/" + file.Name()))(t)}
	}
	return steps
}

func TestAnUpgradeKeepsACopyOfWhatWas(t *testing.T) {
	l := newLab(t)
	r := l.resource(t, "a", "a")
	check(t, l.Close())
	s := must(open(t.Context(), l.dir, Options{}, oneMore(t)))(t)
	if got := columns(t, s)["customer"]; got != "id name created_at later" {
		t.Errorf("after the upgrade customer is %q", got)
	}
	j := s.Journal(LocalCustomer, r.ID, 1)
	if !must(j.Clean(t.Context()))(t) {
		t.Error("the resource was lost")
	}
	check(t, s.Close())

	copied := filepath.Join(l.dir, fmt.Sprintf("trasloco-schema-%d.db", released))
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
	check(t, must(open(t.Context(), l.dir, Options{}, oneMore(t)))(t).Close())
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
	steps := oneMore(t)
	steps["00099_later.sql"] = &fstest.MapFile{Data: []byte(
		"-- +goose Up\nALTER TABLE customer ADD COLUMN later INTEGER;\nINSERT INTO nowhere VALUES (1);\n")}
	if _, err := open(t.Context(), l.dir, Options{}, steps); err == nil {
		t.Fatal("the step went through")
	}
	if got := columns(t, openStore(t, l.dir)); !reflect.DeepEqual(got, wantColumns) {
		t.Errorf("schema is %v", got)
	}
}

// A folder of the command line, made before the panel was there, goes on.
func TestAFolderOfTheFirstSchemaGoesOn(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	ground := fstest.MapFS{
		"00001_ground.sql": {Data: must(schemaSteps.ReadFile("schema/00001_ground.sql"))(t)},
	}
	old := must(open(t.Context(), dir, Options{}, ground))(t)
	for _, row := range []string{
		`INSERT INTO customer VALUES (1, '', 0)`,
		`INSERT INTO migration VALUES (7, 1, NULL, '', 'standard', 'valid', 0, 0)`,
		`INSERT INTO resource (id, customer_id, migration_id, line, source_key, mailbox)
			VALUES (5, 1, 7, 1, 'imap.old.example:993/a', 'imap.new.example/a')`,
		`INSERT INTO pass (id, customer_id, migration_id, number, status) VALUES (3, 1, 7, 1, 'running')`,
		`INSERT INTO run (id, customer_id, pass_id, resource_id, status, copied) VALUES (2, 1, 3, 5, 'copying', 42)`,
	} {
		must(old.writer.ExecContext(t.Context(), row))(t)
	}
	check(t, old.Close())

	l := lab{Store: openStore(t, dir), dir: dir}
	check(t, l.Recover(t.Context()))
	if l.migration = must(l.EnsureLocal(t.Context()))(t); l.migration != 7 {
		t.Errorf("the migration is %d", l.migration)
	}
	if r := l.resource(t, "a", "a"); r.ID != 5 {
		t.Errorf("the resource is %d", r.ID)
	}
	run := must(l.Runs(t.Context(), LocalCustomer, 3))(t)[0]
	if run.ID != 2 || run.Status != "interrupted" || run.Tally.Copied != 42 {
		t.Errorf("the run is %+v", run)
	}
}
