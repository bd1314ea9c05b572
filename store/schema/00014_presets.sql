-- +goose Up

-- The provider that the sources of a migration are at: Provider.Name; empty: none is
-- known. And what the admin allowed a single server, by its address, as JSON.
ALTER TABLE migration ADD COLUMN source_provider TEXT NOT NULL DEFAULT '';
ALTER TABLE migration ADD COLUMN source_allowed TEXT NOT NULL DEFAULT '';

-- The servers that were looked for, for domains whose rows name none that answers.
CREATE TABLE discovery (
    id           INTEGER PRIMARY KEY,
    customer_id  INTEGER NOT NULL REFERENCES customer (id),
    migration_id INTEGER NOT NULL REFERENCES migration (id) ON DELETE CASCADE,
    domain       TEXT    NOT NULL,
    done         INTEGER NOT NULL DEFAULT 0,  -- 0: still to be looked for
    host         TEXT    NOT NULL DEFAULT '', -- empty: none was found
    port         INTEGER NOT NULL DEFAULT 0,
    how          TEXT    NOT NULL DEFAULT '', -- Suggestion.How
    UNIQUE (migration_id, domain)
) STRICT;
