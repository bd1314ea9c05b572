package handlers

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"trasloco/migration"
)

// The parameters of argon2id that OWASP names for machines with little memory:
// 19 MiB, two rounds, one thread. They stand in each hash, so that others can
// come later.
const (
	hashMemory  = 19 << 10 // KiB
	hashTime    = 2
	hashThreads = 1
	hashOctets  = 32
	saltOctets  = 16
	// hashesAtOnce bounds the memory that logins can take.
	hashesAtOnce = 3
)

// PasswordMin and PasswordMax bound the characters of a user's password.
const (
	PasswordMin = 12
	PasswordMax = 256
)

// Faults of a password that somebody chose.
const (
	CodePasswordShort  = "password.short"  // args: min
	CodePasswordLong   = "password.long"   // args: max
	CodePasswordCommon = "password.common" // a single repeated character, or the e-mail address
)

// PasswordProblem says what is wrong with a password that a user wants to have.
func PasswordProblem(field, password, email string) (migration.Problem, bool) {
	length := utf8.RuneCountInString(password)
	first, _ := utf8.DecodeRuneInString(password)
	switch {
	case length < PasswordMin:
		return migration.Problem{Code: CodePasswordShort, Field: field, Args: migration.Args{"min": PasswordMin}}, true
	case length > PasswordMax:
		return migration.Problem{Code: CodePasswordLong, Field: field, Args: migration.Args{"max": PasswordMax}}, true
	case strings.EqualFold(password, email) || strings.Trim(password, string(first)) == "":
		return migration.Problem{Code: CodePasswordCommon, Field: field}, true
	}
	return migration.Problem{}, false
}

// HashPassword returns what is stored of a password: argon2id in the PHC string
// format, with a salt of its own. It takes some 30 ms and 19 MiB.
func HashPassword(password string) string {
	var salt [saltOctets]byte
	_, _ = rand.Read(salt[:]) // never fails
	sum := argon2.IDKey([]byte(password), salt[:], hashTime, hashMemory, hashThreads, hashOctets)
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, hashMemory, hashTime, hashThreads,
		base64.RawStdEncoding.EncodeToString(salt[:]), base64.RawStdEncoding.EncodeToString(sum))
}

// nobodysHash fits no password. It is compared with where there is no such
// user, so that the answer takes as long as for one who exists.
const nobodysHash = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5bm9ib2R5bm9ib2$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

// matches reports whether the password is the one of the hash. A hash that
// cannot be read matches nothing.
func matches(hash, password string) bool {
	var version, memory, time, threads uint32
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[1] != "argon2id" {
		return false
	}
	_, err := fmt.Sscanf(parts[2]+" "+parts[3], "v=%d m=%d,t=%d,p=%d", &version, &memory, &time, &threads)
	salt, saltErr := base64.RawStdEncoding.DecodeString(parts[4])
	want, sumErr := base64.RawStdEncoding.DecodeString(parts[5])
	known := version == argon2.Version && memory <= 1<<20 && time >= 1 && time <= 16 && threads >= 1 && threads <= 16
	if err != nil || saltErr != nil || sumErr != nil || !known || len(want) < 16 {
		return false
	}
	got := argon2.IDKey([]byte(password), salt, time, memory, uint8(threads), uint32(len(want))) //nolint:gosec // bounded above
	return subtle.ConstantTimeCompare(got, want) == 1
}

// hash is HashPassword with the bound on how many run at once. It waits for its
// turn until ctx ends.
func (s *Server) hash(ctx context.Context, password string) (string, error) {
	leave, err := s.queue(ctx)
	if err != nil {
		return "", err
	}
	defer leave()
	return HashPassword(password), nil
}

// queue waits for a turn to compute a password's hash, until ctx ends. leave
// gives the turn back.
func (s *Server) queue(ctx context.Context) (leave func(), err error) {
	select {
	case s.hashing <- struct{}{}:
		return func() { <-s.hashing }, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for a turn to hash a password: %w", ctx.Err())
	}
}
