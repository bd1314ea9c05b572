-- +goose Up

-- Where the name of the source led at the check, with blanks between the addresses,
-- the one that answered first (S7); the certificate it showed then, and the one for
-- which a run stopped since.
ALTER TABLE resource ADD COLUMN addresses TEXT NOT NULL DEFAULT '';
ALTER TABLE resource ADD COLUMN check_shown TEXT NOT NULL DEFAULT '';
ALTER TABLE resource ADD COLUMN refused TEXT NOT NULL DEFAULT '';
