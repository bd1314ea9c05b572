-- +goose Up

-- How the sources want the login of a master user (S5): MasterForm.String; empty: the
-- check finds out, and says what it found.
ALTER TABLE migration ADD COLUMN source_master TEXT NOT NULL DEFAULT '';
ALTER TABLE resource ADD COLUMN check_master TEXT NOT NULL DEFAULT '';
