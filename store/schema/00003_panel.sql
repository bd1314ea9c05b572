-- +goose Up

-- What the panel knows of a migration and its rows. The rows of the command
-- line have a migration without code and user, and leave the rest empty.

ALTER TABLE migration ADD COLUMN user_id INTEGER REFERENCES users (id);
ALTER TABLE migration ADD COLUMN source_tls TEXT NOT NULL DEFAULT '';
ALTER TABLE migration ADD COLUMN source_tls_name TEXT NOT NULL DEFAULT '';
ALTER TABLE migration ADD COLUMN source_pin TEXT NOT NULL DEFAULT '';
ALTER TABLE migration ADD COLUMN source_pins TEXT NOT NULL DEFAULT ''; -- JSON of SourceOptions.Pins
ALTER TABLE migration ADD COLUMN first_at INTEGER;
ALTER TABLE migration ADD COLUMN first_soonest INTEGER NOT NULL DEFAULT 0;
ALTER TABLE migration ADD COLUMN second_at INTEGER;
ALTER TABLE migration ADD COLUMN second_gap INTEGER NOT NULL DEFAULT 0; -- milliseconds
ALTER TABLE migration ADD COLUMN lines_out TEXT NOT NULL DEFAULT ''; -- JSON of Migration.LinesOut

-- The text of the file as it was corrected last, sealed like the secrets of its
-- rows. It is gone once the migration is valid.
CREATE TABLE sheet (
	migration_id INTEGER PRIMARY KEY REFERENCES migration (id) ON DELETE CASCADE,
	customer_id  INTEGER NOT NULL REFERENCES customer (id),
	sealed       TEXT    NOT NULL
) STRICT;

-- The domains of the destination mailboxes of a migration.
CREATE TABLE migration_domain (
	migration_id INTEGER NOT NULL REFERENCES migration (id) ON DELETE CASCADE,
	customer_id  INTEGER NOT NULL REFERENCES customer (id),
	domain_id    INTEGER NOT NULL REFERENCES domain (id),
	PRIMARY KEY (migration_id, domain_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX migration_domain_domain ON migration_domain (domain_id);

-- source is the source endpoint as JSON, without secrets (resource.go). The
-- destination endpoint is that of the domain's destination server, for
-- destination_login. check_status is empty where nothing is to be checked.
ALTER TABLE resource ADD COLUMN domain_id INTEGER REFERENCES domain (id);
ALTER TABLE resource ADD COLUMN left_out INTEGER NOT NULL DEFAULT 0;
ALTER TABLE resource ADD COLUMN source TEXT NOT NULL DEFAULT '';
ALTER TABLE resource ADD COLUMN destination_login TEXT NOT NULL DEFAULT '';
ALTER TABLE resource ADD COLUMN check_status TEXT NOT NULL DEFAULT '';
ALTER TABLE resource ADD COLUMN check_at INTEGER;
ALTER TABLE resource ADD COLUMN check_side TEXT NOT NULL DEFAULT '';
ALTER TABLE resource ADD COLUMN check_class TEXT NOT NULL DEFAULT '';
ALTER TABLE resource ADD COLUMN check_detail TEXT NOT NULL DEFAULT '';
ALTER TABLE resource ADD COLUMN check_server_text TEXT NOT NULL DEFAULT '';
ALTER TABLE resource ADD COLUMN check_certificate TEXT NOT NULL DEFAULT '';
ALTER TABLE resource ADD COLUMN check_folders INTEGER NOT NULL DEFAULT 0;
ALTER TABLE resource ADD COLUMN check_messages INTEGER NOT NULL DEFAULT 0;
ALTER TABLE resource ADD COLUMN check_bytes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE resource ADD COLUMN check_oversize INTEGER NOT NULL DEFAULT 0;
ALTER TABLE resource ADD COLUMN check_quota_used INTEGER NOT NULL DEFAULT 0;
ALTER TABLE resource ADD COLUMN check_quota_limit INTEGER NOT NULL DEFAULT 0;

CREATE INDEX resource_line ON resource (migration_id, line);
CREATE INDEX resource_check ON resource (migration_id, left_out, check_status, check_messages, check_bytes);
CREATE INDEX resource_waiting ON resource (migration_id) WHERE check_status = 'waiting';
CREATE INDEX resource_domain ON resource (domain_id);

ALTER TABLE run ADD COLUMN folder TEXT NOT NULL DEFAULT ''; -- the one at work

-- The sums of a list are read from this index, and from resource_check, alone.
CREATE INDEX run_sum ON run (pass_id, status, listed, copied, present, skipped, failed, bytes);
CREATE INDEX run_status ON run (status, pass_id);

-- So are the reasons of a pass.
DROP INDEX exception_run;
CREATE INDEX exception_run ON exception (run_id, outcome, reason, count);

-- The outbox: one row per mail, written with what it tells. occasion keeps
-- apart what may happen again: the moment of a verdict, 0 for the end of a pass.
CREATE TABLE notice (
	id           INTEGER PRIMARY KEY AUTOINCREMENT,
	customer_id  INTEGER NOT NULL REFERENCES customer (id),
	migration_id INTEGER NOT NULL REFERENCES migration (id) ON DELETE CASCADE,
	user_id      INTEGER NOT NULL REFERENCES users (id),
	kind         TEXT    NOT NULL,
	pass         INTEGER NOT NULL,
	occasion     INTEGER NOT NULL,
	created_at   INTEGER NOT NULL,
	tries        INTEGER NOT NULL DEFAULT 0,
	next_at      INTEGER NOT NULL,
	sent_at      INTEGER,
	gave_up      INTEGER NOT NULL DEFAULT 0,
	error        TEXT    NOT NULL DEFAULT '',
	UNIQUE (migration_id, kind, pass, occasion)
) STRICT;

CREATE INDEX notice_pending ON notice (next_at) WHERE sent_at IS NULL AND gave_up = 0;
