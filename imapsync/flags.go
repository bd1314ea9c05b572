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
