package views

import (
	"context"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"time"

	"trasloco/locale"
	"trasloco/migration"
)

// ConflictPage answers a form that was made before the draft was changed.
type ConflictPage struct {
	Page
	Migration migration.Migration // as it is now
	Now       time.Time
	Look      string // where one sees how it is
	Action    string // where the form was sent
	// Again is the form, to be sent once more; nil: that cannot be offered.
	Again url.Values
	Sent  []SentFact
}

// SentFact is an answer that was handed in, and what stands there now, where that
// is known.
type SentFact struct {
	Field, Value, Is string
	IsSecret         bool // the value is not shown, and has to be written again
}

// fields are the hidden fields of the form, in the order of their names.
func (p ConflictPage) fields() (fields [][2]string) {
	for _, name := range slices.Sorted(maps.Keys(p.Again)) {
		for _, value := range p.Again[name] {
			fields = append(fields, [2]string{name, value})
		}
	}
	return append(fields, [2]string{"version", strconv.Itoa(p.Migration.Version)})
}

func (p ConflictPage) label(ctx context.Context, fact SentFact) string {
	if key := "page.wizard.field." + fact.Field; locale.T(ctx, key, nil) != key {
		return locale.T(ctx, key, nil)
	}
	return locale.T(ctx, "page.conflict.field."+fact.Field, nil)
}

// value is an answer in words.
func (p ConflictPage) value(ctx context.Context, fact SentFact) string {
	switch {
	case fact.IsSecret:
		return locale.T(ctx, "page.conflict.secret", nil)
	case fact.Field == "server":
		return locale.T(ctx, "server_type."+fact.Value, nil)
	case fact.Field == "first" || fact.Field == "second":
		if at, err := time.ParseInLocation(localField, fact.Value, locale.Zone(ctx)); err == nil {
			return locale.When(ctx, at, p.Now)
		}
		if key := "page.conflict.answer." + fact.Value; locale.T(ctx, key, nil) != key {
			return locale.T(ctx, key, nil)
		}
	}
	return locale.Printable(fact.Value)
}
