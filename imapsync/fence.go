package imapsync

import (
	"fmt"
	"runtime/debug"
)

// PanicError is a panic in the engine, with the stack for the operator's log.
type PanicError struct {
	Cause any
	Stack []byte
}

func (e *PanicError) Error() string { return fmt.Sprintf("the program stumbled: %v", e.Cause) }

// fenced does work on what strangers send. A panic in it is an internal error of this
// run: all others go on. Every goroutine of a run has its fence, since a panic ends the
// process wherever nobody catches it, and whoever waits for one hears of its end.
func fenced(side Side, do func() error) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = &Error{Side: side, Class: ClassInternal, Err: &PanicError{cause, debug.Stack()}}
		}
	}()
	return do()
}

// leaving fences a good-bye: what goes wrong with it is the last of a connection that
// nobody needs any more.
func leaving(side Side, do func()) func() {
	return func() { _ = fenced(side, func() error { do(); return nil }) }
}
