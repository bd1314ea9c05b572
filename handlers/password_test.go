package handlers

import (
	"context"
	"errors"
	"strings"
	"testing"
)

func TestPasswordsAreHashedAsTheyShould(t *testing.T) {
	hash := HashPassword("a house on the road")
	if !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("hash %s", hash)
	}
	if hash == HashPassword("a house on the road") {
		t.Error("two hashes have one salt")
	}
	if !matches(hash, "a house on the road") || matches(hash, "a house on the road ") || matches(hash, "") {
		t.Error("the hash fits another password, or not its own")
	}
}

// Hashes with other parameters, as later versions may make them, are checked
// with theirs; what cannot be read, or would take for ever, fits nothing.
func TestHashesThatFitNothing(t *testing.T) {
	const salt, sum = "c2FsdHNhbHRzYWx0c2FsdA", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	for name, hash := range map[string]string{
		"empty":                  "",
		"another algorithm":      "$argon2i$v=19$m=19456,t=2,p=1$" + salt + "$" + sum,
		"another version":        "$argon2id$v=16$m=19456,t=2,p=1$" + salt + "$" + sum,
		"too much memory":        "$argon2id$v=19$m=4194304,t=2,p=1$" + salt + "$" + sum,
		"too many rounds":        "$argon2id$v=19$m=19456,t=999999,p=1$" + salt + "$" + sum,
		"no thread":              "$argon2id$v=19$m=19456,t=2,p=0$" + salt + "$" + sum,
		"no sum":                 "$argon2id$v=19$m=19456,t=2,p=1$" + salt + "$",
		"a salt that is no text": "$argon2id$v=19$m=19456,t=2,p=1$***$" + sum,
		"a word":                 "no password",
	} {
		if matches(hash, "") || matches(hash, "password") {
			t.Errorf("%s fits", name)
		}
	}
}

func TestPasswordsThatAreRefused(t *testing.T) {
	tests := []struct{ name, password, want string }{
		{"short", "eleven char", CodePasswordShort},
		{"empty", "", CodePasswordShort},
		{"twelve letters of more than one octet", "àèìòùàèìòùàè", ""},
		{"a sentence", "four words and a dot.", ""},
		{"with blanks at the ends", "  twelve ch  ", ""},
		{"long", strings.Repeat("ab", 129), CodePasswordLong},
		{"one character all along", "aaaaaaaaaaaaaaaa", CodePasswordCommon},
		{"one character of two octets all along", "àààààààààààààà", CodePasswordCommon},
		{"the address", "Laura@Rossi.Example", CodePasswordCommon},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			problem, _ := PasswordProblem("password", tt.password, "laura@rossi.example")
			if problem.Code != tt.want {
				t.Errorf("%q, want %q", problem.Code, tt.want)
			}
		})
	}
}

// Many logins at once take turns, so that they cannot take all memory.
func TestHashesTakeTurns(t *testing.T) {
	p := newEmptyPanel(t)
	for range hashesAtOnce {
		leave, err := p.queue(t.Context())
		check(t, err)
		defer leave()
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.hash(ctx, "password"); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}
