package imapsync_test

import (
	"runtime/debug"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	debug.SetGCPercent(400) // the race detector makes collecting dear, and memory is there
	goleak.VerifyTestMain(m)
}
