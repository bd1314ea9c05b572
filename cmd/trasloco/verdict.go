package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"trasloco/imapsync"
	"trasloco/locale"
	"trasloco/migration"
)

// Where a server said no time, a parked run is worth another try after this.
const parkFor = time.Hour

// verdict is where a run stands after the engine let go of it.
type verdict struct {
	status  migration.RunStatus
	retryAt time.Time
	class   imapsync.Class
	detail  string // of no language: the side and the engine's words
}

// judge reads the error of a run. A run that was stopped is interrupted,
// whatever broke while it stopped.
func judge(ctx context.Context, err error, now time.Time) verdict {
	var e *imapsync.Error
	switch {
	case err == nil:
		return verdict{status: migration.RunDone}
	case ctx.Err() != nil:
		return verdict{status: migration.RunInterrupted}
	case !errors.As(err, &e):
		return verdict{status: migration.RunFailed, class: imapsync.ClassInternal, detail: err.Error()}
	}
	v := verdict{status: migration.RunFailed, class: e.Class, detail: fmt.Sprintf("%s: %v", e.Side, e.Err)}
	if e.Parks() {
		v.status, v.retryAt = migration.RunParked, retryAt(e, now)
	}
	return v
}

// retryAt is zero where only a person can help.
func retryAt(e *imapsync.Error, now time.Time) time.Time {
	switch {
	case e.Class == imapsync.ClassOverQuota:
		return time.Time{}
	case e.RetryAfter > 0:
		return now.Add(e.RetryAfter)
	}
	return now.Add(parkFor)
}

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
