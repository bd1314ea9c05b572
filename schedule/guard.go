package schedule

import (
	"errors"
	"fmt"
	"runtime/debug"
)

var errPanic = errors.New("the program stumbled")

// guarded does work on what strangers send. A panic in it is the failure of that
// one piece: the panel, and the mailboxes of all others, go on.
func guarded(do func() error) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("%w: %v\n%s", errPanic, cause, debug.Stack())
		}
	}()
	return do()
}
