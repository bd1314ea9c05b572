package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

// job is one program to run; what it says goes to the file Log.
type job struct {
	Args []string
	Log  string
}

// plan is what a peer does in a phase: its jobs, so many at once.
type plan struct {
	Parallel int
	Jobs     []job
}

// cost is what a plan took.
type cost struct {
	Wall, CPU time.Duration // CPU in user and system mode, of all jobs
	RSS       int64         // octets; the peak of the largest job
	Failed    []string      // jobs that did not end with status 0
}

// measureVerb makes this program run a plan that it reads from standard input.
const measureVerb = "measure"

// measure runs a plan by a fresh process of this program. Linux counts the
// memory of the process that starts a program as that program's own peak. A
// fresh one has 8 MB; this one, with what it knows of the mail, is larger than
// some peers.
func measure(ctx context.Context, p plan) (cost, error) {
	self, err := os.Executable()
	if err != nil {
		return cost{}, fmt.Errorf("find this program: %w", err)
	}
	input, err := json.Marshal(p)
	if err != nil {
		return cost{}, fmt.Errorf("write the plan: %w", err)
	}
	command := exec.CommandContext(ctx, self, measureVerb)
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGKILL) } // its jobs, too
	command.Stdin, command.Stderr = bytes.NewReader(input), os.Stderr
	output, err := command.Output()
	if err != nil {
		return cost{}, errors.Join(ctx.Err(), fmt.Errorf("measure: %w", err))
	}
	var c cost
	if err := json.Unmarshal(output, &c); err != nil {
		return cost{}, fmt.Errorf("read the cost: %w", err)
	}
	return c, nil
}

// runPlan is the other end of measure.
func runPlan(in io.Reader, out io.Writer) error {
	var p plan
	if err := json.NewDecoder(in).Decode(&p); err != nil {
		return fmt.Errorf("read the plan: %w", err)
	}
	ends := make([]ending, len(p.Jobs))
	places := make(chan struct{}, max(1, p.Parallel))
	var jobs sync.WaitGroup
	start := time.Now()
	for i, j := range p.Jobs {
		places <- struct{}{}
		jobs.Go(func() { ends[i] = j.run(); <-places })
	}
	jobs.Wait()
	return json.NewEncoder(out).Encode(sum(ends, time.Since(start)))
}

// ending is how a job ended.
type ending struct {
	cpu    time.Duration
	rss    int64
	failed string
}

func (j job) run() ending {
	log, err := os.Create(j.Log)
	if err != nil {
		return ending{failed: err.Error()}
	}
	defer func() { _ = log.Close() }()
	command := exec.Command(j.Args[0], j.Args[1:]...)
	command.Stdout, command.Stderr = log, log
	var end ending
	if err := command.Run(); err != nil {
		end.failed = fmt.Sprintf("%s: %v: %s", j.Args[0], err, j.lastWords())
	}
	if state := command.ProcessState; state != nil {
		end.cpu = state.UserTime() + state.SystemTime()
		if usage, ok := state.SysUsage().(*syscall.Rusage); ok {
			end.rss = usage.Maxrss * 1024
		}
	}
	return end
}

// lastWords is the end of what the job said.
func (j job) lastWords() string {
	const enough = 600
	said, _ := os.ReadFile(j.Log) // without it there are none
	return string(bytes.TrimSpace(said[max(0, len(said)-enough):]))
}

func sum(ends []ending, wall time.Duration) cost {
	total := cost{Wall: wall}
	for _, end := range ends {
		total.CPU += end.cpu
		total.RSS = max(total.RSS, end.rss)
		if end.failed != "" {
			total.Failed = append(total.Failed, end.failed)
		}
	}
	return total
}
