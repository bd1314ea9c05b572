-- +goose Up

-- What is read of long logs a page at a time.

-- The folder an entry is about; empty: none, or one written before this step.
ALTER TABLE entry ADD COLUMN folder TEXT NOT NULL DEFAULT '';

CREATE INDEX entry_level ON entry (run_id, level);
CREATE INDEX entry_notable ON entry (run_id) WHERE level <> 'info';
CREATE INDEX entry_folder ON entry (run_id, folder, level);
CREATE INDEX exception_reason ON exception (run_id, reason);

-- What a run did in each source folder; the tallies add up to that of the run
-- when it has ended. place keeps the order in which they were told of.
CREATE TABLE run_folder (
	run_id      INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
	customer_id INTEGER NOT NULL REFERENCES customer (id),
	place       INTEGER NOT NULL,
	name        TEXT    NOT NULL,
	destination TEXT    NOT NULL,
	role        TEXT    NOT NULL,
	state       TEXT    NOT NULL,
	reason      TEXT    NOT NULL,
	listed      INTEGER NOT NULL,
	copied      INTEGER NOT NULL,
	present     INTEGER NOT NULL,
	skipped     INTEGER NOT NULL,
	failed      INTEGER NOT NULL,
	bytes       INTEGER NOT NULL,
	PRIMARY KEY (run_id, place)
) STRICT, WITHOUT ROWID;

-- The last dialogue of a run with each server that ended in an error: one a
-- side, however often the run is tried. It holds no password and no mail.
CREATE TABLE transcript (
	run_id      INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
	customer_id INTEGER NOT NULL REFERENCES customer (id),
	side        TEXT    NOT NULL,
	at          INTEGER NOT NULL,
	dialogue    TEXT    NOT NULL,
	PRIMARY KEY (run_id, side)
) STRICT, WITHOUT ROWID;

-- They stood in the entries before, where each attempt added one.
DELETE FROM entry WHERE code = 'transcript';
