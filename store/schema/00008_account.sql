-- +goose Up

-- A run looks for what another migration remembers of its account.
CREATE INDEX resource_account ON resource (customer_id, source_key, mailbox);
