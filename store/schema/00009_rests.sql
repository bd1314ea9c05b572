-- +goose Up

-- What is work of a pass and of a run, and what is rest between.

-- Why a pass rested from this sample to the next: the status it then had; empty: it
-- ran.
ALTER TABLE sample ADD COLUMN rest TEXT NOT NULL DEFAULT '';

-- When a pass ended that was opened once more for what failed in it, and when that
-- was the last time. ended_at is its last end.
ALTER TABLE pass ADD COLUMN first_ended_at INTEGER;
ALTER TABLE pass ADD COLUMN reopened_at INTEGER;

-- How long a run was at work, in milliseconds, before the time at work that began at
-- resumed_at, if it is at work.
ALTER TABLE run ADD COLUMN worked INTEGER NOT NULL DEFAULT 0;
ALTER TABLE run ADD COLUMN resumed_at INTEGER;

-- Those of full mailboxes were never looked at again.
UPDATE run SET retry_at = 0 WHERE status = 'parked' AND retry_at IS NULL;

UPDATE run SET worked = ended_at - started_at WHERE ended_at > started_at;
