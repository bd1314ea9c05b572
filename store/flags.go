package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"trasloco/migration"
)

// systemFlags stand at the number of their bit (RFC 3501 §2.3.2). Numbers are
// never given to another flag: databases hold them.
var systemFlags = [...]string{`\Seen`, `\Answered`, `\Flagged`, `\Deleted`, `\Draft`}

// setShift is the number of bits for system flags; above them stands the number
// of the set of keywords, 0 for none. Queries divide by 256 to get at it.
const setShift = 8

var errFlag = errors.New("not a flag")

// keywordSets gives sets of keywords their numbers. It lives as long as one
// change, since a number may be rolled back with it.
type keywordSets struct {
	tx  *sql.Tx
	ids map[string]int64
}

// pack returns flags as one number.
func (k *keywordSets) pack(ctx context.Context, flags []string) (int64, error) {
	var bits int64
	var keywords []string
	for _, flag := range flags {
		if flag == "" || strings.ContainsAny(flag, " \x00") {
			return 0, fmt.Errorf("%q: %w", flag, errFlag)
		}
		if bit := systemBit(flag); bit >= 0 {
			bits |= 1 << bit
		} else {
			keywords = append(keywords, flag)
		}
	}
	if len(keywords) == 0 {
		return bits, nil
	}
	slices.Sort(keywords)
	id, err := k.id(ctx, strings.Join(slices.Compact(keywords), " "))
	return bits | id<<setShift, err
}

func systemBit(flag string) int {
	return slices.IndexFunc(systemFlags[:], func(system string) bool { return strings.EqualFold(system, flag) })
}

func (k *keywordSets) id(ctx context.Context, list string) (int64, error) {
	if id, ok := k.ids[list]; ok {
		return id, nil
	}
	id, err := queryOne(ctx, k.tx, scanValue[int64], `SELECT id FROM kwset WHERE list = $1`, list)
	if errors.Is(err, migration.ErrNotFound) {
		id, err = queryOne(ctx, k.tx, scanValue[int64], `INSERT INTO kwset (list) VALUES ($1) RETURNING id`, list)
	}
	if err != nil {
		return 0, fmt.Errorf("keywords %q: %w", list, err)
	}
	k.ids[list] = id
	return id, nil
}

// spellFlags is the reverse of pack, given the list of the set. No flags are
// nil.
func spellFlags(packed int64, list string) []string {
	var flags []string
	for bit, flag := range systemFlags {
		if packed&(1<<bit) != 0 {
			flags = append(flags, flag)
		}
	}
	if list != "" {
		flags = append(flags, strings.Split(list, " ")...)
	}
	return flags
}
