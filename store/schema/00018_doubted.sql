-- +goose Up

-- The UIDs of a pair may be those of another server, though its UIDVALIDITY is the
-- same: no message is believed to stand under one before it is known by its header.
ALTER TABLE pair ADD COLUMN doubted INTEGER NOT NULL DEFAULT 0;
