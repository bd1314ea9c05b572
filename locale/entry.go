package locale

import (
	"context"
	"strconv"
	"time"
)

// entryForm says how the sentence of an entry is chosen among several.
type entryForm struct {
	// variant is the argument whose value chooses the text: it stands under
	// entry.<code>.<value>, or under entry.<code> where there is none for it.
	variant string
	// count is the argument that decides between singular and plural, and fills
	// {n}. Each of the code's texts has plural forms then.
	count string
}

// entryForms are the codes with more than one sentence.
func entryForms() map[string]entryForm {
	return map[string]entryForm{
		"adopted":           {count: "found"},
		"connected":         {variant: "side"},
		"date_repaired":     {variant: "from"},
		"exception":         {variant: "outcome", count: "count"},
		"fewer_connections": {count: "connections"},
		"flags_merged":      {count: "messages"},
		"flags_refused":     {count: "messages"},
		"folder_limit":      {count: "messages"},
		"folder_left_out":   {count: "listed"},
		"folders_of_others": {count: "count"},
		"moved":             {variant: "followed"},
		"reconciled":        {count: "found"},
		"reconnecting":      {variant: "class"},
		"run_ended":         {variant: "status", count: "listed"},
		"shown_elsewhere":   {count: "messages"},
		"transcript":        {variant: "side"},
		"trees":             {count: "folders"},
		"waiting_for_late":  {count: "messages"},
		"waits_for_turn":    {variant: "side"},
		"weak_source":       {variant: "weakness"},
	}
}

// Entry returns the sentence of a log entry by its code. Codes among the args are
// put into words (reason, class, side), sizes and times are written as the
// language and the zone of the context do. The args are left as they are. Of a
// code that is not known the key comes back.
func Entry(ctx context.Context, code string, args map[string]any) string {
	form, key := entryForms()[code], "entry."+code
	if value := variantOf(args[form.variant]); value != "" && has(key+"."+value) {
		key += "." + value
	}
	said := entryArgs(ctx, args)
	if form.count != "" {
		return N(ctx, key, whole(args[form.count]), said)
	}
	return T(ctx, key, said)
}

// variantOf returns a text, or yes and no as "true" and "false"; empty: neither.
func variantOf(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}

// entryArgs returns the arguments as a reader wants them.
func entryArgs(ctx context.Context, args map[string]any) map[string]any {
	said := make(map[string]any, len(args))
	for name, value := range args {
		said[name] = entryArg(ctx, name, value)
	}
	if said["side"] == nil {
		said["side"] = T(ctx, "side.some", nil)
	}
	return said
}

func entryArg(ctx context.Context, name string, value any) any {
	if text, ok := value.(string); ok {
		return entryText(ctx, name, text)
	}
	if name == "bytes" {
		return Bytes(ctx, int64(whole(value)))
	}
	return whole(value)
}

func entryText(ctx context.Context, name, text string) string {
	switch name {
	case "reason", "class", "side":
		if key := name + "." + text; has(key) {
			return T(ctx, key, nil)
		}
	case "tls":
		if text == "" {
			return T(ctx, "entry.no_tls", nil)
		}
	case "wait":
		if wait, err := time.ParseDuration(text); err == nil {
			return Duration(ctx, wait)
		}
	case "at":
		if at, err := time.Parse(time.RFC3339, text); err == nil {
			return Dated(ctx, at)
		}
	case "until":
		if until, err := time.Parse(time.RFC3339, text); err == nil {
			return ClockSeconds(ctx, until)
		}
	}
	return text
}

// whole returns a whole number, whatever its type: the engine counts in several,
// and what comes from the store is an int.
func whole(value any) int {
	switch n := value.(type) {
	case int:
		return n
	case int64:
		return int(n)
	case uint32:
		return int(n)
	}
	return 0
}

// has reports whether a key has a text.
func has(key string) bool { return T(With(context.Background(), English), key, nil) != key }
