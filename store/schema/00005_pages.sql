-- +goose Up

-- How far a pass had come at a moment: the messages whose fate was known, and
-- the octets copied. At most one a minute, thinned out in long passes.
CREATE TABLE sample (
	pass_id     INTEGER NOT NULL REFERENCES pass (id) ON DELETE CASCADE,
	customer_id INTEGER NOT NULL REFERENCES customer (id),
	at          INTEGER NOT NULL,
	messages    INTEGER NOT NULL,
	bytes       INTEGER NOT NULL,
	PRIMARY KEY (pass_id, at)
) STRICT, WITHOUT ROWID;

-- The MX records of a domain as the DNS answered last. old_ttl is the largest
-- TTL seen of records that were not the destination's, and old_ttl_at when;
-- changed_at is when all were found to be its own. tried_at is the last question,
-- read_at the last answer.
CREATE TABLE mx (
	domain_id   INTEGER PRIMARY KEY REFERENCES domain (id) ON DELETE CASCADE,
	customer_id INTEGER NOT NULL REFERENCES customer (id),
	records     TEXT    NOT NULL, -- one a line
	ttl         INTEGER NOT NULL, -- seconds
	old_ttl     INTEGER NOT NULL, -- seconds; 0: never seen
	old_ttl_at  INTEGER,
	changed_at  INTEGER,
	read_at     INTEGER,
	tried_at    INTEGER NOT NULL,
	failure     TEXT    NOT NULL -- a code; empty: the last question was answered
) STRICT;
