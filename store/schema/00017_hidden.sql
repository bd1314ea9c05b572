-- +goose Up

-- What the settings of a Gmail account may hide from IMAP, as the check found it:
-- migration.Hidden; empty: nothing that shows.
ALTER TABLE resource ADD COLUMN check_hidden TEXT NOT NULL DEFAULT '';
