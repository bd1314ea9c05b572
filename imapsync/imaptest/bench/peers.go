package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// task is what a peer is to do, in each phase.
type task struct {
	set      set
	route    route
	password string // of all users, on both sides
	state    string // a folder it may keep things in between phases
}

// peer is a program that copies mailboxes.
type peer struct {
	name string
	jobs func(task) ([]job, error)
	// strip says that the peer changes what it copies by a header line of its
	// own, which the comparison overlooks.
	strip bool
}

const productName = "product"

// allPeers returns the peers in the order in which they run.
func allPeers(binary, imapsync string) []peer {
	return []peer{
		{name: productName, jobs: func(t task) ([]job, error) { return productJobs(binary, t) }},
		{name: "mbsync", jobs: mbsyncJobs, strip: true},
		{name: "imapsync", jobs: func(t task) ([]job, error) { return imapsyncJobs(imapsync, t), nil }},
	}
}

// productJobs is one call for all accounts, with the default settings.
func productJobs(binary string, t task) ([]job, error) {
	file := filepath.Join(t.state, "accounts.csv")
	var out strings.Builder
	lines := csv.NewWriter(&out)
	lines.Comma = ';'
	for _, user := range t.set.users() {
		_ = lines.Write([]string{user, t.route.source, user, t.password, t.password}) // Flush keeps its error
	}
	lines.Flush()
	if err := errors.Join(lines.Error(), os.WriteFile(file, []byte(out.String()), 0o600)); err != nil {
		return nil, fmt.Errorf("write the CSV: %w", err)
	}
	return []job{{Log: filepath.Join(t.state, "product.log"), Args: []string{
		binary, "run", file, "--dest", t.route.destination, "--json", "--quiet",
		"--dest-tls", "none", "--source-tls", "none", "--allow-private",
		"--parallel", strconv.Itoa(t.set.parallel), "--state", filepath.Join(t.state, "state"),
	}}}, nil
}

// mbsyncConf is for one account: user, password, two servers, state folder.
const mbsyncConf = `IMAPAccount source
Host %[3]s
Port %[4]s
User %[1]s
Pass %[2]s
SSLType None
AuthMechs LOGIN
Timeout 300

IMAPAccount destination
Host %[5]s
Port %[6]s
User %[1]s
Pass %[2]s
SSLType None
AuthMechs LOGIN
Timeout 300

IMAPStore source
Account source

IMAPStore destination
Account destination

Channel move
Far :source:
Near :destination:
Patterns *
Sync Pull
Create Near
Remove None
Expunge None
CopyArrivalDate yes
SyncState %[7]s/
`

// mbsyncJobs is one call an account: mbsync knows no list of accounts.
func mbsyncJobs(t task) ([]job, error) {
	var jobs []job
	from, fromPort, _ := net.SplitHostPort(t.route.source) // of a listener's own address
	to, toPort, _ := net.SplitHostPort(t.route.destination)
	for _, user := range t.set.users() {
		state := filepath.Join(t.state, user)
		if err := os.MkdirAll(state, 0o755); err != nil {
			return nil, fmt.Errorf("state of mbsync: %w", err)
		}
		text := fmt.Sprintf(mbsyncConf, user, t.password, from, fromPort, to, toPort, state)
		if err := os.WriteFile(state+".conf", []byte(text), 0o600); err != nil {
			return nil, fmt.Errorf("configuration of mbsync: %w", err)
		}
		jobs = append(jobs, job{Args: []string{"mbsync", "-q", "-c", state + ".conf", "move"}, Log: state + ".log"})
	}
	return jobs, nil
}

// imapsyncJobs is one call an account, with imapsync's defaults: plain
// connections and nothing sent to its author apart.
func imapsyncJobs(script string, t task) []job {
	from, fromPort, _ := net.SplitHostPort(t.route.source) // of a listener's own address
	to, toPort, _ := net.SplitHostPort(t.route.destination)
	var jobs []job
	for _, user := range t.set.users() {
		place := filepath.Join(t.state, user)
		jobs = append(jobs, job{Log: place + ".log", Args: []string{
			"perl", script, "--nolog", "--noreleasecheck", "--nomodulesversion", "--noid",
			"--host1", from, "--port1", fromPort, "--user1", user, "--password1", t.password, "--nossl1", "--notls1",
			"--host2", to, "--port2", toPort, "--user2", user, "--password2", t.password, "--nossl2", "--notls2",
			"--tmpdir", t.state, "--pidfile", place + ".pid",
		}})
	}
	return jobs
}

// choosePeers returns those that are named, and remarks on those of them that
// have to be left out. A peer that is asked for and cannot run is an error.
func choosePeers(names []string, binary, imapsync string) (chosen []peer, remark string, err error) {
	for _, p := range allPeers(binary, imapsync) {
		if !slices.Contains(names, p.name) {
			continue
		}
		if p.name == "imapsync" && imapsync == "" {
			remark = "imapsync is left out: the variable IMAPSYNC does not name its script"
			continue
		}
		if err := canRun(p.name, imapsync); err != nil {
			return nil, "", err
		}
		chosen = append(chosen, p)
	}
	if len(chosen) == 0 {
		return nil, "", fmt.Errorf("peers %s: there are product, mbsync and imapsync", strings.Join(names, ", "))
	}
	return chosen, remark, nil
}

func canRun(name, imapsync string) error {
	switch name {
	case "mbsync":
		if _, err := exec.LookPath("mbsync"); err != nil {
			return fmt.Errorf("mbsync is missing: install Debian's package isync, or say -peers product")
		}
	case "imapsync":
		if out, err := exec.Command("perl", imapsync, "--version").CombinedOutput(); err != nil {
			return fmt.Errorf("imapsync does not run, perhaps it lacks Perl modules: %w\n%.500s", err, out)
		}
	}
	return nil
}
