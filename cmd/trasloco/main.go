// Command trasloco moves mailboxes in bulk over IMAP.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
	_ "time/tzdata" // zones of users, on machines that have none

	"golang.org/x/term"

	"trasloco/imapsync"
	"trasloco/locale"
)

// Exit codes. Where several hold, 2 goes before 3 before 1.
const (
	exitDone      = 0 // all copied, or left out by a rule
	exitFailed    = 1 // finished, and something is missing
	exitRefused   = 2 // the file or the arguments are wrong: nothing was touched
	exitResumable = 3 // interrupted or parked: the next call goes on
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// The first signal stops in order; once that is under way a second one kills.
	context.AfterFunc(ctx, stop)
	ctx = locale.With(ctx, language(os.Getenv))
	p := &program{stdin: os.Stdin, terminal: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, now: time.Now, size: terminalSize, limitMemory: limitMemory}
	code := p.main(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}

// program is what the verbs need of the world outside.
type program struct {
	stdin          io.Reader
	terminal       *os.File // where a person types; nil: nobody does
	stdout, stderr io.Writer
	now            func() time.Time
	// size returns columns and lines of the terminal behind stderr; 0, 0: there
	// is none.
	size     func() (columns, lines int)
	patience imapsync.Patience // zero: the engine's default; tests have less
	// authority is where tests ask for tokens; "": Microsoft.
	authority string
	// resolver finds the addresses of mail servers in tests; nil: the system's.
	resolver imapsync.Resolver
	// limitMemory is nil in tests, which share a process.
	limitMemory func(messages int64)
}

// main does what args say and returns the exit code.
func (p *program) main(ctx context.Context, args []string) int {
	line := p.parse(args)
	switch {
	case line.helped:
		return exitDone
	case len(line.problems) > 0:
		return p.refuse(ctx, line.options.JSON, line.problems)
	}
	switch line.verb {
	case "version":
		return p.version()
	case "demo":
		return p.demo(ctx, line.all.Demo)
	case "serve":
		return p.serve(ctx, line.all.Serve)
	case "user add":
		return p.user(ctx, line.all.User.Add.Data, p.addUser(line.all.User.Add))
	case "user passwd":
		return p.user(ctx, line.all.User.Passwd.Data, p.changePassword(line.all.User.Passwd))
	case "user reset-factor":
		return p.user(ctx, line.all.User.ResetFactor.Data, p.resetFactor(line.all.User.ResetFactor))
	case "user unblock":
		return p.user(ctx, line.all.User.Unblock.Data, p.unblock(line.all.User.Unblock))
	case "user list":
		return p.user(ctx, line.all.User.List.Data, p.listUsers)
	}
	return p.moveOrCheck(ctx, line)
}

// moveOrCheck does what run and check have in common: read a file of accounts.
func (p *program) moveOrCheck(ctx context.Context, line commandLine) int {
	s, problems := readOptions(line.options)
	sheet := s.readSheet()
	problems = append(append(line.empty, problems...), sheet.problems...)
	if len(problems) > 0 {
		return p.refuse(ctx, s.json, problems)
	}
	if !s.quiet {
		p.warn(ctx, sheet.warnings)
	}
	if line.verb == "check" {
		return p.check(ctx, s, sheet.resources)
	}
	return p.run(ctx, s, sheet.resources)
}

func (p *program) engine(s settings, temp string) *imapsync.Engine {
	p.limit(s.memory)
	return imapsync.New(imapsync.Options{
		Now: p.now, TempDir: temp, AllowPrivate: s.allowPrivate, Patience: p.patience,
		Memory: s.memory, TempSpace: s.tempSpace, PerSource: s.parallel + 1,
	})
}

// language is the one the first of the variables names that is set, in the
// order of POSIX.
func language(env func(string) string) locale.Lang {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if value := env(name); value != "" {
			return locale.Match(value)
		}
	}
	return locale.English
}

func terminalSize() (columns, lines int) {
	columns, lines, err := term.GetSize(int(os.Stderr.Fd()))
	if err != nil || os.Getenv("TERM") == "dumb" {
		return 0, 0
	}
	return columns, lines
}
