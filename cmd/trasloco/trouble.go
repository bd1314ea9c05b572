package main

import (
	"context"
	"strings"

	"trasloco/imapsync"
	"trasloco/locale"
)

// troubleText says what went wrong with a run and what to do, with the words of
// the engine and the server at the end.
func troubleText(ctx context.Context, class, detail string) string {
	fix := locale.T(ctx, "class."+class+".fix", nil)
	switch imapsync.Class(class) {
	case imapsync.ClassThrottled, imapsync.ClassTransport: // nothing goes on by itself here
		fix = locale.T(ctx, "cli.again", nil)
	case imapsync.ClassCertificate:
		side := "source"
		if strings.HasPrefix(detail, string(imapsync.DestinationSide)) {
			side = "dest"
		}
		fix = locale.T(ctx, "cli.certificate", map[string]any{"name": "--" + side + "-name", "pin": "--" + side + "-pin"})
	}
	return locale.T(ctx, "cli.trouble", map[string]any{
		"what": locale.T(ctx, "class."+class, nil), "fix": fix, "detail": detail,
	})
}
