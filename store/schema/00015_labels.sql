-- +goose Up

-- What becomes of the further labels of a Gmail message, "once", "keywords" or
-- "copies" (M-2), and how many octets of an account are read in a day (M-5); '' and 0:
-- as the installation has it.
ALTER TABLE migration ADD COLUMN gmail_labels TEXT NOT NULL DEFAULT '';
ALTER TABLE migration ADD COLUMN gmail_day_limit INTEGER NOT NULL DEFAULT 0;
