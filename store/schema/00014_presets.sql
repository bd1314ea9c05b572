-- +goose Up

-- The provider that the sources of a migration are at: Provider.Name; empty: none is
-- known.
ALTER TABLE migration ADD COLUMN source_provider TEXT NOT NULL DEFAULT '';
