-- +goose Up

-- Who uses the panel, and what the operator tells it of the mail servers.

-- Where the mail goes: of the installation, and so of no customer. endpoint is
-- JSON without secrets (endpoint.go). secret is the master user's password,
-- sealed with the installation's key; NULL where each row brings its own.
CREATE TABLE destination (
	id       INTEGER PRIMARY KEY AUTOINCREMENT,
	name     TEXT    NOT NULL,
	endpoint TEXT    NOT NULL,
	secret   TEXT,
	mx       TEXT    NOT NULL -- a record a line
) STRICT;

-- A name belongs to one customer of the installation.
CREATE TABLE domain (
	id             INTEGER PRIMARY KEY AUTOINCREMENT,
	customer_id    INTEGER NOT NULL REFERENCES customer (id),
	destination_id INTEGER NOT NULL REFERENCES destination (id),
	name           TEXT    NOT NULL UNIQUE CHECK (name = lower(name))
) STRICT;

CREATE INDEX domain_customer ON domain (customer_id);
CREATE INDEX domain_destination ON domain (destination_id);

-- "user" is a word of SQL's own. email_key is the address in lower case.
CREATE TABLE users (
	id            INTEGER PRIMARY KEY AUTOINCREMENT,
	customer_id   INTEGER NOT NULL REFERENCES customer (id),
	role          TEXT    NOT NULL,
	operator      INTEGER NOT NULL,
	name          TEXT    NOT NULL,
	email         TEXT    NOT NULL,
	email_key     TEXT    NOT NULL UNIQUE,
	password_hash TEXT    NOT NULL,
	language      TEXT    NOT NULL,
	time_zone     TEXT    NOT NULL,
	theme         TEXT    NOT NULL,
	created_at    INTEGER NOT NULL
) STRICT;

CREATE INDEX users_customer ON users (customer_id);

-- The domains a manager is authorised for.
CREATE TABLE user_domain (
	user_id     INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	customer_id INTEGER NOT NULL REFERENCES customer (id),
	domain_id   INTEGER NOT NULL REFERENCES domain (id) ON DELETE CASCADE,
	PRIMARY KEY (user_id, domain_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX user_domain_domain ON user_domain (domain_id);

-- token is the SHA-256 of what the browser holds. One of nobody yet holds a
-- message for the next page.
CREATE TABLE session (
	token      BLOB    PRIMARY KEY,
	user_id    INTEGER REFERENCES users (id) ON DELETE CASCADE,
	created_at INTEGER NOT NULL,
	seen_at    INTEGER NOT NULL,
	address    TEXT    NOT NULL,
	agent      TEXT    NOT NULL,
	data       BLOB
) STRICT, WITHOUT ROWID;

CREATE INDEX session_users ON session (user_id);

-- Failed logins by account and by network. The key is a SHA-256: people type
-- their password where the address belongs.
CREATE TABLE login_throttle (
	key_hash   BLOB    PRIMARY KEY,
	failures   INTEGER NOT NULL,
	failed_at  INTEGER NOT NULL,
	wait_until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX login_throttle_failed ON login_throttle (failed_at);

CREATE TABLE setting (
	name  TEXT PRIMARY KEY,
	value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
