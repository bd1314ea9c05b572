package imapsync

import (
	"slices"
	"strings"
)

// systemFlags are the flags that are copied (L-1). \Recent belongs to the
// server; any other name with a backslash is refused by most of them.
var systemFlags = []string{`\Seen`, `\Answered`, `\Flagged`, `\Draft`, `\Deleted`}

const maxKeyword = 50 // Dovecot's mail_max_keyword_length

// cleanFlags returns the flags to send, and those that cannot be sent (L-2);
// \Recent is nobody's loss. permanent are the destination's PERMANENTFLAGS; empty means unknown:
// a folder opened by EXAMINE has none to tell.
func cleanFlags(flags, permanent []string) (keep, dropped []string) {
	for _, flag := range flags {
		switch {
		case containsFold(keep, flag):
		case containsFold(systemFlags, flag):
			i := slices.IndexFunc(systemFlags, func(f string) bool { return strings.EqualFold(f, flag) })
			keep = append(keep, systemFlags[i])
		case strings.EqualFold(flag, `\Recent`):
		case isKeyword(flag) && takesKeyword(permanent, flag):
			keep = append(keep, flag)
		default:
			dropped = append(dropped, flag)
		}
	}
	return keep, dropped
}

// isKeyword reports whether every server takes the spelling as an atom.
func isKeyword(flag string) bool {
	if flag == "" || len(flag) > maxKeyword {
		return false
	}
	for i := range len(flag) {
		if b := flag[i]; b <= 0x20 || b >= 0x7f || strings.IndexByte(`(){%*"\]`, b) >= 0 {
			return false
		}
	}
	return true
}

func takesKeyword(permanent []string, flag string) bool {
	return len(permanent) == 0 || slices.Contains(permanent, `\*`) || containsFold(permanent, flag)
}

func containsFold(list []string, s string) bool {
	return slices.ContainsFunc(list, func(item string) bool { return strings.EqualFold(item, s) })
}

// isSystem tells a system flag from a keyword.
func isSystem(flag string) bool { return strings.HasPrefix(flag, `\`) }

// onlySystem returns flags without keywords.
func onlySystem(flags []string) []string {
	return slices.DeleteFunc(slices.Clone(flags), func(f string) bool { return !isSystem(f) })
}

// sameFlags reports whether a message was copied with the flags that it has at
// the source now. \Recent is the server's, and \Deleted is not copied after the
// message itself was (Δ-4): neither is a difference.
func sameFlags(base, now []string) bool {
	n := 0
	for _, flag := range now {
		if !follows(flag) {
			continue
		}
		if !containsFold(base, flag) {
			return false
		}
		n++
	}
	for _, flag := range base {
		if follows(flag) {
			n--
		}
	}
	return n == 0
}

// follows reports whether a change of the flag is carried over (Δ-3).
func follows(flag string) bool {
	return !strings.EqualFold(flag, `\Deleted`) && (isKeyword(flag) || containsFold(systemFlags, flag))
}

// inBoth returns the flags that two lists share.
func inBoth(a, b []string) []string {
	var both []string
	for _, flag := range a {
		if containsFold(b, flag) && (isKeyword(flag) || containsFold(systemFlags, flag)) && !containsFold(both, flag) {
			both = append(both, flag)
		}
	}
	return both
}
