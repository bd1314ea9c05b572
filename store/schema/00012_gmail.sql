-- +goose Up

-- X-GM-MSGID: the same for one message in all folders of a Gmail account (M-1).
-- 0 for all other sources, where it takes no octet but one.
ALTER TABLE msg ADD COLUMN identity INTEGER NOT NULL DEFAULT 0;

-- What was read of a source account, by the hour it began in: some providers let
-- a mailbox be read so much a day. account is Resource.SourceKey.
CREATE TABLE download (
	account     TEXT    NOT NULL,
	customer_id INTEGER NOT NULL REFERENCES customer (id),
	hour        INTEGER NOT NULL,
	octets      INTEGER NOT NULL,
	PRIMARY KEY (customer_id, account, hour)
) STRICT, WITHOUT ROWID;
