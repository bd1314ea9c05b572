-- +goose Up

-- Hosts that refuse logins (C-2): of one that is paused nobody asks to be let in, so
-- that it does not ban the address of the panel.
CREATE TABLE host_pause (
    host            TEXT PRIMARY KEY, -- migration.HostKey
    side            TEXT NOT NULL,
    name            TEXT NOT NULL,    -- as rows name it
    cause           TEXT NOT NULL,
    since           INTEGER,          -- NULL: it is not paused yet
    turned          INTEGER NOT NULL, -- 1: it refused a login that it had let in before
    trial_resource  INTEGER NOT NULL DEFAULT 0,
    trial_migration INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;

-- The accounts that were refused in a row. They outlive their rows, which may be
-- corrected or deleted: a server forgets no failure for that.
CREATE TABLE host_refusal (
    host    TEXT NOT NULL REFERENCES host_pause (host) ON DELETE CASCADE,
    account TEXT NOT NULL, -- resource.source_key, or resource.mailbox
    login   TEXT NOT NULL,
    said    TEXT NOT NULL,
    at      INTEGER NOT NULL,
    PRIMARY KEY (host, account)
) WITHOUT ROWID;
