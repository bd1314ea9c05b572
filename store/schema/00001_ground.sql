-- +goose Up

-- Times are milliseconds UTC, statuses the words of package migration. Every
-- table that can be asked for carries customer_id, so that no query can forget
-- whose rows it wants. Numbers of rows are never given out twice
-- (AUTOINCREMENT): key files, sealed secrets and batches are named by them.

CREATE TABLE customer (
	id         INTEGER PRIMARY KEY AUTOINCREMENT,
	name       TEXT    NOT NULL,
	created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE migration (
	id          INTEGER PRIMARY KEY AUTOINCREMENT,
	customer_id INTEGER NOT NULL REFERENCES customer (id),
	code        TEXT    UNIQUE, -- NULL: made by the command line, in no list
	name        TEXT    NOT NULL,
	server_type TEXT    NOT NULL,
	validity    TEXT    NOT NULL,
	created_at  INTEGER NOT NULL,
	changed_at  INTEGER NOT NULL
) STRICT;

CREATE INDEX migration_customer ON migration (customer_id);

-- source_key and mailbox are Resource.SourceKey and Resource.DestinationKey.
-- The secrets are sealed (secret.go); NULL when none is kept.
CREATE TABLE resource (
	id                 INTEGER PRIMARY KEY AUTOINCREMENT,
	customer_id        INTEGER NOT NULL REFERENCES customer (id),
	migration_id       INTEGER NOT NULL REFERENCES migration (id) ON DELETE CASCADE,
	line               INTEGER NOT NULL,
	source_key         TEXT    NOT NULL,
	mailbox            TEXT    NOT NULL,
	clean              INTEGER NOT NULL DEFAULT 1, -- I-5
	source_secret      TEXT,
	destination_secret TEXT,
	UNIQUE (migration_id, source_key, mailbox)
) STRICT;

CREATE TABLE pass (
	id           INTEGER PRIMARY KEY AUTOINCREMENT,
	customer_id  INTEGER NOT NULL REFERENCES customer (id),
	migration_id INTEGER NOT NULL REFERENCES migration (id) ON DELETE CASCADE,
	number       INTEGER NOT NULL,
	status       TEXT    NOT NULL,
	planned_at   INTEGER,
	started_at   INTEGER,
	ended_at     INTEGER,
	UNIQUE (migration_id, number)
) STRICT;

CREATE TABLE run (
	id          INTEGER PRIMARY KEY AUTOINCREMENT,
	customer_id INTEGER NOT NULL REFERENCES customer (id),
	pass_id     INTEGER NOT NULL REFERENCES pass (id) ON DELETE CASCADE,
	resource_id INTEGER NOT NULL REFERENCES resource (id) ON DELETE CASCADE,
	status      TEXT    NOT NULL,
	listed      INTEGER NOT NULL DEFAULT 0,
	copied      INTEGER NOT NULL DEFAULT 0,
	present     INTEGER NOT NULL DEFAULT 0,
	skipped     INTEGER NOT NULL DEFAULT 0,
	failed      INTEGER NOT NULL DEFAULT 0,
	bytes       INTEGER NOT NULL DEFAULT 0,
	retry_at    INTEGER,
	started_at  INTEGER,
	ended_at    INTEGER,
	error_class TEXT    NOT NULL DEFAULT '',
	error_text  TEXT    NOT NULL DEFAULT '',
	UNIQUE (pass_id, resource_id)
) STRICT;

CREATE INDEX run_resource ON run (resource_id);

CREATE TABLE entry (
	id          INTEGER PRIMARY KEY AUTOINCREMENT,
	customer_id INTEGER NOT NULL REFERENCES customer (id),
	run_id      INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
	at          INTEGER NOT NULL,
	level       TEXT    NOT NULL,
	code        TEXT    NOT NULL,
	args        TEXT    NOT NULL, -- JSON object
	server_text TEXT    NOT NULL
) STRICT;

CREATE INDEX entry_run ON entry (run_id);

-- Only for the few that were skipped or failed: the reason is the code, folder,
-- uid and count are its facts, the rest lets people know the message again.
CREATE TABLE exception (
	id          INTEGER PRIMARY KEY AUTOINCREMENT,
	customer_id INTEGER NOT NULL REFERENCES customer (id),
	run_id      INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
	outcome     TEXT    NOT NULL,
	reason      TEXT    NOT NULL,
	folder      TEXT    NOT NULL,
	uid         INTEGER NOT NULL,
	count       INTEGER NOT NULL,
	message_id  TEXT    NOT NULL,
	sender      TEXT    NOT NULL,
	subject     TEXT    NOT NULL,
	date        INTEGER,
	size        INTEGER NOT NULL,
	server_text TEXT    NOT NULL
) STRICT;

CREATE INDEX exception_run ON exception (run_id);

-- The journal (I-1, I-5).

-- A folder of a destination mailbox, whoever feeds it. uidvalidity is the one
-- seen last; pairs that still remember another hold UIDs of a former folder.
CREATE TABLE dst (
	id          INTEGER PRIMARY KEY AUTOINCREMENT,
	customer_id INTEGER NOT NULL REFERENCES customer (id),
	mailbox     TEXT    NOT NULL,
	name        BLOB    NOT NULL, -- raw octets
	uidvalidity INTEGER NOT NULL,
	UNIQUE (customer_id, mailbox, name)
) STRICT;

-- dst_uidnext is the mark from which this pair is reconciled (I-5). It stands
-- here and not in dst: were it shared, one source could move it past appends of
-- another whose rows a power cut took, and they would be made twice.
CREATE TABLE pair (
	id              INTEGER PRIMARY KEY AUTOINCREMENT,
	customer_id     INTEGER NOT NULL REFERENCES customer (id),
	resource_id     INTEGER NOT NULL REFERENCES resource (id) ON DELETE CASCADE,
	src_raw         BLOB    NOT NULL, -- raw octets
	src_uidvalidity INTEGER NOT NULL,
	src_uidnext     INTEGER NOT NULL,
	src_exists      INTEGER NOT NULL,
	src_modseq      INTEGER NOT NULL,
	complete        INTEGER NOT NULL,
	dst_id          INTEGER NOT NULL REFERENCES dst (id),
	dst_uidvalidity INTEGER NOT NULL,
	dst_uidnext     INTEGER NOT NULL,
	UNIQUE (resource_id, src_raw)
) STRICT;

CREATE INDEX pair_dst ON pair (dst_id);

-- One row per source message, millions of them: no customer_id here, since it
-- would make every row longer and no query reaches a row but by its pair.
-- kind: 0 copied, 1 skipped, 2 failed. flags: bits 0-7 system flags, above them
-- the number of a kwset. An empty reason takes no octet.
CREATE TABLE msg (
	pair_id INTEGER NOT NULL REFERENCES pair (id) ON DELETE CASCADE,
	uid     INTEGER NOT NULL,
	kind    INTEGER NOT NULL,
	reason  TEXT    NOT NULL,
	pass    INTEGER NOT NULL,
	dst_uid INTEGER NOT NULL,
	size    INTEGER NOT NULL,
	fp      INTEGER NOT NULL,
	flags   INTEGER NOT NULL,
	PRIMARY KEY (pair_id, uid)
) STRICT, WITHOUT ROWID;

-- One row per batch that is about to be appended, reached by its pair like msg.
CREATE TABLE inflight (
	id              INTEGER PRIMARY KEY AUTOINCREMENT,
	pair_id         INTEGER NOT NULL REFERENCES pair (id) ON DELETE CASCADE,
	dst_id          INTEGER NOT NULL REFERENCES dst (id),
	dst_uidvalidity INTEGER NOT NULL,
	dst_low         INTEGER NOT NULL,
	late            INTEGER NOT NULL, -- milliseconds
	items           BLOB    NOT NULL -- items.go
) STRICT;

CREATE INDEX inflight_pair ON inflight (pair_id);

-- Sets of keywords, sorted and joined with blanks. They name no customer: a set
-- says nothing of who uses it.
CREATE TABLE kwset (
	id   INTEGER PRIMARY KEY AUTOINCREMENT,
	list TEXT    NOT NULL UNIQUE
) STRICT;

-- One row, sealed with the installation key: a wrong key is noticed at once.
CREATE TABLE canary (
	id     INTEGER PRIMARY KEY,
	sealed TEXT    NOT NULL
) STRICT;
