package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"trasloco/migration"
)

// Downloads returns what was read of the resource's source account since then, by
// the hour, oldest first, in whichever migration of the customer (M-5).
func (j *Journal) Downloads(ctx context.Context, since time.Time) ([]migration.Download, error) {
	scan := func(row scanner) (d migration.Download, err error) {
		var hour int64
		err = row.Scan(&hour, &d.Octets)
		d.Hour = time.UnixMilli(hour).UTC()
		return d, err
	}
	all, err := queryAll(ctx, j.store.readers, scan, `
		SELECT d.hour, d.octets FROM resource r
		JOIN download d ON d.account = r.source_key AND d.customer_id = r.customer_id
		WHERE r.customer_id = $1 AND r.id = $2 AND d.hour > $3
		ORDER BY d.hour`, j.customer, j.resource, millis(since.Add(-time.Hour)))
	if err != nil {
		return nil, fmt.Errorf("downloads of resource %d: %w", j.resource, err)
	}
	return all, nil
}

// AddDownload counts octets that were read of the resource's source account, and
// forgets what counts no more.
func (j *Journal) AddDownload(ctx context.Context, at time.Time, octets int64) error {
	err := j.store.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `
			DELETE FROM download WHERE customer_id = $1 AND hour < $2`,
			j.customer, millis(at.Add(-2*migration.DownloadSpan)))
		if err != nil {
			return err
		}
		return execOne(ctx, tx, migration.ErrNotFound, `
			INSERT INTO download (account, customer_id, hour, octets)
			SELECT source_key, customer_id, $3, $4 FROM resource WHERE customer_id = $1 AND id = $2
			ON CONFLICT (customer_id, account, hour) DO UPDATE SET octets = download.octets + excluded.octets`,
			j.customer, j.resource, millis(at.Truncate(time.Hour)), octets)
	})
	if err != nil {
		return fmt.Errorf("count a download of resource %d: %w", j.resource, err)
	}
	return nil
}
