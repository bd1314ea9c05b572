package locale

import (
	"context"
	"strings"
)

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

// OutsideBrackets returns what stands in none of the brackets of Bracketed, with a
// space for each of them: words on both sides are not one. A text may come in
// several pieces; depth, 0 at first, goes on from one to the next.
func OutsideBrackets(text string, depth *int) string {
	var outside strings.Builder
	for _, letter := range text {
		switch {
		case letter == '⟦':
			*depth++
		case letter == '⟧':
			*depth--
		case *depth == 0:
			outside.WriteRune(letter)
			continue
		}
		outside.WriteRune(' ')
	}
	return outside.String()
}
