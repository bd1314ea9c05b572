-- +goose Up

-- Where the name of the source led at the check, with blanks between the addresses,
-- the one that answered first (S7); the certificate it showed then, and the one for
-- which a run stopped since.
ALTER TABLE resource ADD COLUMN addresses TEXT NOT NULL DEFAULT '';
ALTER TABLE resource ADD COLUMN check_shown TEXT NOT NULL DEFAULT '';
ALTER TABLE resource ADD COLUMN refused TEXT NOT NULL DEFAULT '';

-- How many connections a server bears from us at once, as it has taught by refusing one.
CREATE TABLE server_limit (
    server TEXT PRIMARY KEY, -- which, at which end
    most   INTEGER NOT NULL,
    until  INTEGER NOT NULL
) WITHOUT ROWID;
