package main_test

import (
	"context"
	"strings"

	"trasloco/imapsync/imaptest/mailgen"
	"trasloco/locale"
)

// oneFolder is a small mailbox, another for each user.
func oneFolder(user string) mailgen.Mailbox {
	seed := uint64(0)
	for _, letter := range user {
		seed = seed*31 + uint64(letter)
	}
	options := mailgen.Small(4)
	options.Take = func([]string) bool { return false }
	return mailgen.New(seed, options)
}

// word is a text of the panel in Italian; args are pairs of name and value.
func word(key string, args ...any) string { return wordIn(locale.Italian, key, args...) }

func wordIn(lang locale.Lang, key string, args ...any) string {
	places := map[string]any{}
	for i := 0; i+1 < len(args); i += 2 {
		places[args[i].(string)] = args[i+1]
	}
	return plain1(locale.T(locale.With(context.Background(), lang), key, places))
}

// number is a text with a count.
func number(key string, n int) string {
	return plain1(locale.N(locale.With(context.Background(), locale.Italian), key, n, nil))
}

// plain1 has single blanks, as the text of a page that a test reads.
func plain1(text string) string { return strings.Join(strings.Fields(text), " ") }
