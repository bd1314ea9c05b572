package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// version prints what this program was built from.
func (p *program) version() int {
	built := "(unknown)"
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		built = info.Main.Version
	}
	fmt.Fprintf(p.stdout, "trasloco %s (%s, %s/%s)\n", built, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return exitDone
}
