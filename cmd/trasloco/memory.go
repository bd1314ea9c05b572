package main

import (
	"os"
	"runtime/debug"

	"trasloco/imapsync"
)

const (
	defaultMemory    = imapsync.DefaultMemory >> 20    // MiB
	defaultTempSpace = imapsync.DefaultTempSpace >> 20 // MiB
	leastMemory      = 16                              // a message of 4 MiB must fit, and the next ones
	mostMiB          = 1 << 20

	// besidesMessages is what the program needs beside the messages it holds:
	// database, connections, pages, lists of messages.
	besidesMessages = 192 << 20
	// garbage is how much of what is in use may lie about unused. Messages come
	// and go in blocks that are used again, so little more is made by more.
	garbage = 30 // percent
)

func (p *program) limit(messages int64) {
	if p.limitMemory != nil {
		p.limitMemory(messages)
	}
}

// limitMemory sets the collector's bounds for messages of so many octets. Who
// runs the program may have set others: GOMEMLIMIT and GOGC stand.
func limitMemory(messages int64) {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(messages + besidesMessages)
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbage)
	}
}
