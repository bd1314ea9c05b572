// Command bench copies the same mail with Trasloco and with its peers, one after
// the other between the same two servers, and prints what each took and whether
// the copies are right.
//
//	make bench                                  every default set, three times each
//	make bench BENCHFLAGS="-sets A -repeat 1"   one set, once
//	go run ./imapsync/imaptest/bench -h         all flags
//
// The peers are mbsync, and imapsync where the variable IMAPSYNC names its
// script. The servers are two Dovecots on loopback, with Maildir on a real
// disk; at an RTT of 0 the peers are connected to them directly, otherwise
// through proxies that delay both legs. The comparison is package audit's, which
// knows nothing of any peer, except that it overlooks the header line that mbsync
// adds to each message.
//
// Sets:
//
//	A   5,000 messages, 290 MB, in 25 nested folders, with flags and keywords;
//	    2 % lack a Message-ID, 2 % are exact doubles
//	B   20,000 short messages in 5 folders
//	C   20 accounts of 500 messages, 4 at once
//	SA  a tenth of A     SB  a tenth of B
//	L   50,000 short messages in one folder
//	M   150,000 tiny ones in 50 folders, then 100 more
//	N   32 accounts at once, with 40 messages just below the size limit
//
// Phases: full, to an empty destination; empty, again with nothing new; plus,
// with 1 % more mail. A phase whose figures nobody asked for runs all the same
// where another one needs it.
//
// The machine carries the peers and both servers: compare ratios of one run,
// and medians. Write-back of the disk makes a full copy vary by a fifth.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// options are the flags.
type options struct {
	sets, peers, phases []string
	rtts                []time.Duration // nil: each set's own
	repeat              int
	folder              string // "" is one that is removed
	product             string // "" is built
	imapsync            string // its script, or ""
	bare, verify        bool
}

func main() {
	if len(os.Args) == 2 && os.Args[1] == measureVerb {
		exit(runPlan(os.Stdin, os.Stdout))
	}
	o, err := parse(os.Args[1:], os.Stderr)
	if errors.Is(err, flag.ErrHelp) {
		os.Exit(0)
	}
	if err != nil {
		exit(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err = run(ctx, o, os.Stdout, os.Stderr)
	stop()
	exit(err)
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func parse(args []string, help io.Writer) (options, error) {
	o := options{imapsync: os.Getenv("IMAPSYNC")}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(help)
	sets := flags.String("sets", "SA,SB,A,B,C", "`sets` of mail: A, B, C, SA, SB, L, M, N")
	rtts := flags.String("rtt", "", "round trip `times` in ms, such as 0,40; by default SA and SB at 40, the others at 0, A at 40 for the product alone")
	peers := flags.String("peers", "product,mbsync,imapsync", "`peers` that take part; imapsync needs the variable IMAPSYNC")
	phases := flags.String("phases", "full,empty,plus", "`phases` to print")
	flags.IntVar(&o.repeat, "repeat", 3, "how often; medians are printed")
	flags.StringVar(&o.folder, "dir", "", "`folder` that keeps the sets' mail for the next run; by default one that is removed")
	flags.StringVar(&o.product, "product", "", "a `program` to take for the product; by default it is built from the checkout")
	flags.BoolVar(&o.bare, "no-literal+", false, "the destination offers neither LITERAL+ nor MULTIAPPEND")
	flags.BoolVar(&o.verify, "verify", true, "compare the copies; this reads all mail on both sides")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	o.sets, o.peers, o.phases = strings.Split(*sets, ","), strings.Split(*peers, ","), strings.Split(*phases, ",")
	var err error
	if o.rtts, err = milliseconds(*rtts); err != nil {
		return o, err
	}
	return o, o.check(flags.Args())
}

func milliseconds(list string) ([]time.Duration, error) {
	if list == "" {
		return nil, nil
	}
	var all []time.Duration
	for text := range strings.SplitSeq(list, ",") {
		n, err := strconv.ParseUint(text, 10, 16)
		if err != nil {
			return nil, fmt.Errorf("rtt %q: want milliseconds", text)
		}
		all = append(all, time.Duration(n)*time.Millisecond)
	}
	return all, nil
}

func (o options) check(rest []string) error {
	for _, name := range o.sets {
		if _, err := setNamed(name); err != nil {
			return err
		}
	}
	for _, name := range o.phases {
		if phaseNumber(name) < 0 {
			return fmt.Errorf("phase %q: there are %s", name, strings.Join(allPhases(), ", "))
		}
	}
	if len(rest) > 0 || o.repeat < 1 {
		return fmt.Errorf("flags only, and -repeat of 1 or more: %q", rest)
	}
	return nil
}

// run prints the table even if it is broken off.
func run(ctx context.Context, o options, out, log io.Writer) (err error) {
	folder, leave, err := workFolder(o.folder)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, leave()) }()
	if o.product == "" {
		if o.product, err = build(ctx, folder); err != nil {
			return err
		}
	}
	b := &bench{options: o, log: log, work: filepath.Join(folder, "work")}
	var remark string
	if b.peers, remark, err = choosePeers(o.peers, o.product, o.imapsync); err != nil {
		return err
	}
	if remark != "" {
		b.progress("%s", remark)
	}
	if inMemory(folder) {
		b.progress("%s lies in memory: storing mail there costs less than on a disk", folder)
	}
	if b.rig, err = startRig(folder, o.bare); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.rig.stop()) }()
	err = b.all(ctx)
	return errors.Join(err, printTable(out, b.results), b.fault())
}

// workFolder returns a folder on a disk, and how to leave it.
func workFolder(named string) (folder string, leave func() error, err error) {
	keep := func() error { return nil }
	if named != "" {
		folder, err = filepath.Abs(named)
		return folder, keep, errors.Join(err, os.MkdirAll(folder, 0o755))
	}
	base := os.TempDir()
	if inMemory(base) {
		base = "/var/tmp"
	}
	if folder, err = os.MkdirTemp(base, "trasloco-bench-"); err != nil {
		return "", keep, fmt.Errorf("folder for the mail: %w", err)
	}
	// Others than root must enter it: the servers run as the owner of the mail.
	return folder, func() error { return os.RemoveAll(folder) }, os.Chmod(folder, 0o755)
}

// inMemory reports whether a folder is a tmpfs, where storing mail costs
// nothing.
func inMemory(folder string) bool {
	const tmpfs = 0x01021994
	var info syscall.Statfs_t
	return syscall.Statfs(folder, &info) == nil && info.Type == tmpfs
}

func build(ctx context.Context, folder string) (string, error) {
	binary := filepath.Join(folder, "trasloco")
	command := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", binary, "trasloco/cmd/trasloco")
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	if said, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the product: %w\n%s", err, said)
	}
	return binary, nil
}
