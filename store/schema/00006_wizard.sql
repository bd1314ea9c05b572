-- +goose Up

-- What the wizard keeps of the folders, and which of two tabs was first.

-- version counts what people changed of the draft, so that a form that was made
-- before the last change is not taken for one that knows of it.
ALTER TABLE migration ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
ALTER TABLE migration ADD COLUMN folder_choices TEXT NOT NULL DEFAULT ''; -- JSON, list of FolderChoice

-- Of check_messages and check_bytes, what the rules and the choices leave out.
ALTER TABLE resource ADD COLUMN check_excluded INTEGER NOT NULL DEFAULT 0;
ALTER TABLE resource ADD COLUMN check_excluded_bytes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE resource ADD COLUMN check_rate INTEGER NOT NULL DEFAULT 0; -- octets a second

-- The folders of a source as its last check found them: FolderInventory.Pack.
CREATE TABLE inventory (
	resource_id  INTEGER PRIMARY KEY REFERENCES resource (id) ON DELETE CASCADE,
	customer_id  INTEGER NOT NULL REFERENCES customer (id),
	migration_id INTEGER NOT NULL REFERENCES migration (id) ON DELETE CASCADE,
	folders      TEXT    NOT NULL
) STRICT;

CREATE INDEX inventory_migration ON inventory (migration_id);
