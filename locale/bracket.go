package locale

import "context"

type bracketKey struct{}

// Bracketed returns a context in which every text stands between ⟦ and ⟧, so that
// a test sees which letters of a page are no text of ours. Only tests call it; a
// test of the program's sees to that.
func Bracketed(ctx context.Context) context.Context {
	return context.WithValue(ctx, bracketKey{}, true)
}

func bracket(ctx context.Context, text string) string {
	if ctx.Value(bracketKey{}) == nil {
		return text
	}
	return "⟦" + text + "⟧"
}
