package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"trasloco/imapsync"
)

// What the tests of the package main_test need of the inside, and nothing else.

// last are the functions that AtEnd was given.
var last struct {
	sync.Mutex
	all []func()
}

// AtEnd has a function called after all tests of the package, the last one
// first, before leaks are looked for: it ends what several tests share.
func AtEnd(end func()) {
	last.Lock()
	defer last.Unlock()
	last.all = append(last.all, end)
}

func endAll() {
	for i := len(last.all) - 1; i >= 0; i-- {
		last.all[i]()
	}
}

// Inside is how a panel in this process differs from the program's.
type Inside struct {
	Now       func() time.Time
	Authority string
	Resolver  imapsync.Resolver
}

// Serve runs "serve" in this process, with a clock and a token endpoint of the
// test's, and returns when it answers. stop ends it in order.
func Serve(inside Inside, args ...string) (stop func() error, err error) {
	ctx, cancel := context.WithCancel(context.Background())
	out, said := io.Pipe()
	var errs safeBuffer
	p := &program{stdout: said, stderr: &errs, now: inside.Now, authority: inside.Authority, resolver: inside.Resolver, size: func() (int, int) { return 0, 0 }}
	ended := make(chan int, 1)
	go func() {
		ended <- p.main(ctx, append([]string{"serve"}, args...))
		_ = said.Close()
	}()
	stop = func() error {
		cancel()
		if code := <-ended; code != exitDone {
			return fmt.Errorf("serve ended with %d: %s", code, errs.String())
		}
		return nil
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "http://") {
		cancel()
		return nil, fmt.Errorf("serve said %q: %s", line, errs.String())
	}
	return stop, nil
}
