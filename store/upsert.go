package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"trasloco/migration"
)

// upsertRows is how many message states one statement writes. Each statement
// costs the driver some microseconds, and so does preparing a longer one: for
// batches of 100, 10 took the least (9.3 µs of CPU a message by one, 7.4 by 10,
// 7.6 by 20).
const upsertRows = 10

// upsert writes message states of one pair in a change.
type upsert struct {
	tx     *sql.Tx
	sets   keywordSets
	pairID int64
	pass   int // of states that name none
}

func (j *Journal) upsertMessages(ctx context.Context, tx *sql.Tx, pairID int64, states []migration.MessageState) error {
	u := upsert{tx: tx, sets: keywordSets{tx: tx, ids: make(map[string]int64)}, pairID: pairID, pass: j.pass}
	rest := len(states) % upsertRows
	whole := len(states) - rest
	if err := u.write(ctx, states[:whole], upsertRows); err != nil {
		return err
	}
	return u.write(ctx, states[whole:], rest)
}

// write writes states, of which there are a multiple of rows, so many at once.
func (u *upsert) write(ctx context.Context, states []migration.MessageState, rows int) error {
	if len(states) == 0 {
		return nil
	}
	statement, err := u.tx.PrepareContext(ctx, upsertQuery(rows))
	if err != nil {
		return err
	}
	defer statement.Close() //nolint:errcheck // the transaction closes it too
	for ; len(states) > 0; states = states[rows:] {
		some := states[:rows]
		args, err := u.args(ctx, some)
		if err != nil {
			return err
		}
		if _, err := statement.ExecContext(ctx, args...); err != nil {
			return fmt.Errorf("uids %d to %d: %w", some[0].UID, some[rows-1].UID, err)
		}
	}
	return nil
}

// upsertQuery writes so many rows; one that is copied stays copied (I-1). Its
// places have no numbers: the driver looks those up one by one, which takes
// longer than writing.
func upsertQuery(rows int) string {
	const row = "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
	return `INSERT INTO msg (pair_id, uid, kind, reason, pass, dst_uid, size, fp, flags, identity)
		VALUES ` + row + strings.Repeat(", "+row, rows-1) + `
		ON CONFLICT (pair_id, uid) DO UPDATE SET
			kind = excluded.kind, reason = excluded.reason, pass = excluded.pass,
			dst_uid = excluded.dst_uid, size = excluded.size, fp = excluded.fp, flags = excluded.flags,
			identity = excluded.identity
		WHERE msg.kind NOT IN (0, 3) OR excluded.kind IN (0, 3)`
}

// args returns the values of states for upsertQuery, in types the driver takes
// without converting them.
func (u *upsert) args(ctx context.Context, states []migration.MessageState) ([]any, error) {
	args := make([]any, 0, 10*len(states))
	for _, m := range states {
		kind := slices.Index(fates[:], fate{m.Kind, m.Gone})
		if kind < 0 {
			return nil, fmt.Errorf("uid %d: a message is not remembered as %q, gone: %v", m.UID, m.Kind, m.Gone)
		}
		flags, err := u.sets.pack(ctx, m.Flags)
		if err != nil {
			return nil, fmt.Errorf("uid %d: %w", m.UID, err)
		}
		if m.Pass == 0 {
			m.Pass = u.pass
		}
		args = append(args, u.pairID, int64(m.UID), int64(kind), string(m.Reason), int64(m.Pass),
			int64(m.DestUID), m.Size, int64(m.Fingerprint), flags, int64(m.Identity))
	}
	return args, nil
}
