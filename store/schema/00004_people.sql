-- +goose Up

-- Who may come in. A user who asked for migrations keeps his row when he is
-- deleted, so that they can say his name: without address, password, domains.
ALTER TABLE users ADD COLUMN blocked_at INTEGER;
ALTER TABLE users ADD COLUMN deleted_at INTEGER;
ALTER TABLE users ADD COLUMN seen_at INTEGER;

-- The second factor: its secret is sealed with the installation's key. Until
-- factor_at is set it was shown and not confirmed yet. factor_step is the time
-- step of the last code that was used: none is taken twice.
ALTER TABLE users ADD COLUMN factor_secret TEXT;
ALTER TABLE users ADD COLUMN factor_at INTEGER;
ALTER TABLE users ADD COLUMN factor_step INTEGER NOT NULL DEFAULT 0;

-- Codes for who lost his second factor, each for one login: their SHA-256.
CREATE TABLE recovery_code (
	user_id     INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	customer_id INTEGER NOT NULL REFERENCES customer (id),
	code_hash   BLOB    NOT NULL,
	PRIMARY KEY (user_id, code_hash)
) STRICT, WITHOUT ROWID;

-- Links that let a user choose a password, one of a kind each: the SHA-256 of
-- what stands in the link.
CREATE TABLE link (
	user_id     INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	customer_id INTEGER NOT NULL REFERENCES customer (id),
	kind        TEXT    NOT NULL,
	token       BLOB    NOT NULL UNIQUE,
	created_at  INTEGER NOT NULL,
	expires_at  INTEGER NOT NULL,
	PRIMARY KEY (user_id, kind)
) STRICT, WITHOUT ROWID;

-- The outbox of mails about accounts. sealed is what stands in the link, sealed
-- with the installation's key; NULL once it was sent, or has no use any more.
CREATE TABLE account_notice (
	id          INTEGER PRIMARY KEY AUTOINCREMENT,
	customer_id INTEGER NOT NULL REFERENCES customer (id),
	user_id     INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	kind        TEXT    NOT NULL,
	sealed      TEXT,
	created_at  INTEGER NOT NULL,
	tries       INTEGER NOT NULL DEFAULT 0,
	next_at     INTEGER NOT NULL,
	sent_at     INTEGER,
	gave_up     INTEGER NOT NULL DEFAULT 0,
	error       TEXT    NOT NULL DEFAULT ''
) STRICT;

CREATE INDEX account_notice_user ON account_notice (user_id);
CREATE INDEX account_notice_pending ON account_notice (next_at) WHERE sent_at IS NULL AND gave_up = 0;
CREATE INDEX migration_user ON migration (user_id);
CREATE INDEX notice_user ON notice (user_id);
