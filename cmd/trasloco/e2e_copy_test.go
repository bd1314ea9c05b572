package main_test

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"trasloco/imapsync/imaptest/audit"
	"trasloco/imapsync/imaptest/mailgen"
	"trasloco/imapsync/imaptest/realserver"
)

const defaultLimit = 52_428_800

// target is a destination, how the source is reached, and what becomes of names
// and messages there.
type target struct {
	name    string
	start   func(testing.TB, realserver.Options) *realserver.Server
	options realserver.Options
	flags   func(f files, src, dst *realserver.Server) []string
	master  bool // the rows hold no password of the destination
	rename  func(path []string) []string
	refuses bool // some messages
	limit   int64
}

// files are what flags point to.
type files struct{ sourceCA, destCA, master string }

func targets() []target {
	return []target{
		{
			name: "Dovecot with INBOX. and ., found by name and authority, STARTTLS with a pin", start: realserver.Dovecot,
			options: realserver.Options{Separator: ".", Prefix: "INBOX."},
			flags: func(f files, src, dst *realserver.Server) []string {
				return []string{
					"--dest", dst.Address(), "--dest-tls", "starttls", "--dest-pin", dst.Pin,
					"--source-port", fmt.Sprint(src.TLSPort), "--source-tls", "tls", "--source-ca", f.sourceCA, "--source-name", src.TLSName,
				}
			},
			rename: dotsAway, limit: defaultLimit,
		},
		{
			name: "Cyrus, TLS by name and authority, its admin by authzid, source with STARTTLS", start: realserver.Cyrus,
			flags: func(f files, src, dst *realserver.Server) []string {
				return []string{
					"--dest", dst.TLSAddress(), "--dest-tls", "tls", "--dest-ca", f.destCA, "--dest-name", dst.TLSName,
					"--dest-master", dst.Master, "--dest-master-password-file", f.master, "--dest-master-form", "authzid",
					"--source-port", fmt.Sprint(src.Port), "--source-tls", "starttls", "--source-pin", colons(src.Pin),
				}
			},
			master: true, rename: cyrusNames, refuses: true, limit: defaultLimit,
		},
		{
			name: "Cyrus with INBOX. and ., unencrypted, source unchecked", start: realserver.Cyrus,
			options: realserver.Options{Separator: "."},
			flags: func(_ files, src, dst *realserver.Server) []string {
				return []string{
					"--dest", dst.Address(), "--dest-tls", "none",
					"--source-port", fmt.Sprint(src.TLSPort), "--source-tls", "tls", "--source-insecure",
				}
			},
			rename: func(path []string) []string { return cyrusNames(dotsAway(path)) }, refuses: true, limit: defaultLimit,
		},
		{
			name: "Dovecot with /, its master user, a certificate for the address, a lower limit", start: realserver.Dovecot,
			options: realserver.Options{TLSAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}},
			flags: func(f files, src, dst *realserver.Server) []string {
				return []string{
					"--dest", dst.TLSAddress(), "--dest-tls", "tls", "--dest-ca", f.destCA, "--max-size", "500000",
					"--dest-master", dst.Master, "--dest-master-password-file", f.master,
					"--source-port", fmt.Sprint(src.Port), "--source-tls", "none",
				}
			},
			master: true, rename: composed, limit: 500_000,
		},
	}
}

// dotsAway is F-6 and F-5 where "." separates the parts of a name and all
// folders lie below INBOX.
func dotsAway(path []string) []string {
	path = composed(path)
	if len(path) > 1 && path[0] == "INBOX" {
		path = path[1:]
	}
	for i, part := range path {
		path[i] = strings.ReplaceAll(part, ".", "_")
	}
	return path
}

// cyrusNames is F-7 for the names that Cyrus refuses.
func cyrusNames(path []string) []string {
	path = composed(path)
	for i, part := range path {
		path[i] = strings.NewReplacer("%", "_", `"`, "_", `\`, "_", "{", "_", "}", "_").Replace(part)
	}
	return path
}

// colons is a fingerprint as openssl prints it.
func colons(pin string) string {
	var pairs []string
	for pair := range slices.Chunk([]byte(strings.ToUpper(pin)), 2) {
		pairs = append(pairs, string(pair))
	}
	return strings.Join(pairs, ":")
}

// A password that a spreadsheet and a careless reader would spoil.
const oddPassword = ` p;w"ö \ { 1 `

func TestEverythingIsThereOnce(t *testing.T) {
	t.Parallel()
	src := realserver.Dovecot(t, realserver.Options{
		Password: "ZauberTrank", Accounts: map[string]string{"utente0": oddPassword},
	})
	for i, target := range targets() {
		t.Run(target.name, func(t *testing.T) {
			t.Parallel()
			target.options.Password = "HexenKessel"
			story := copyStory{target: target, src: src, dst: target.start(t, target.options), user: fmt.Sprint("utente", i)}
			story.seed = uint64(i + 1)
			story.tell(t)
		})
	}
}

// copyStory is three passes over one account: all of it, nothing, 20 new
// messages.
type copyStory struct {
	target
	src, dst *realserver.Server
	user     string
	seed     uint64
	messages int
}

func (s *copyStory) tell(t *testing.T) {
	s.messages = 400
	if long() {
		s.messages = 4000
	}
	s.load(t)
	before := snapshot(t, s.src, s.user)
	c := s.caller(t)
	code := map[bool]int{true: someFail, false: allDone}[s.refuses]

	first := one(t, c.run(code))
	checkUntouched(t, before, snapshot(t, s.src, s.user))
	s.check(t, before, first)
	if first.Listed != before.Count() || first.Present != 0 || (first.Failed > 0) != s.refuses {
		t.Errorf("pass 1: %+v of %d messages", first.sums, before.Count())
	}
	second := one(t, c.run(code))
	if second.Copied != 0 || second.Present != first.Copied || second.Failed != first.Failed || second.Listed != first.Listed {
		t.Errorf("pass 2: %+v after %+v", second.sums, first.sums)
	}
	s.check(t, before, second)

	later := mailgen.New(s.seed, mailgen.Options{First: s.messages, Messages: 20, MaxSize: 100_000, Take: isWanted})
	load(t, s.src, s.user, later)
	t.Logf("%d messages in %v s, then none in %v s", first.Copied, first.Seconds, second.Seconds)
	if lost := logged(t, c, 1, 1, "reconnecting"); len(lost) > 0 {
		t.Errorf("connections were lost: %+v", lost)
	}
	third := one(t, c.run(code))
	if third.Copied != 20 || third.Listed != before.Count()+20 || third.Present != first.Copied {
		t.Errorf("pass 3 with 20 new messages: %+v", third.sums)
	}
	s.check(t, snapshot(t, s.src, s.user), third)
}

func isWanted(path []string) bool { return !isLeftOut(path) }

// load fills the source: the generator's mail, its hostile ones too, and the
// corpus.
func (s *copyStory) load(t *testing.T) {
	t.Helper()
	load(t, s.src, s.user, mailgen.New(s.seed, mailgen.Options{Messages: s.messages, Hostile: true}))
	folder := mailgen.CorpusFolder(filepath.Join(moduleRoot, "testdata", "weird-made"))
	var broken error
	count := 0
	_, err := s.src.Load(s.user, nil, func(yield func(mailgen.Message) bool) {
		for message, err := range mailgen.Corpus(folder) {
			if broken = err; err != nil || !yield(message) {
				return
			}
			count++
		}
	})
	if err != nil || broken != nil {
		t.Fatal(err, broken)
	}
	t.Logf("%d messages of %s", count, filepath.Base(folder))
}

func (s *copyStory) caller(t *testing.T) *caller {
	t.Helper()
	write := func(name, content string) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	f := files{write("source.pem", string(s.src.CA)), write("dest.pem", string(s.dst.CA)), write("master", s.dst.MasterPassword+"\n")}
	fields := []string{s.user, s.src.Host, s.user, s.src.PasswordOf(s.user)}
	if !s.master {
		fields = append(fields, s.dst.PasswordOf(s.user))
	}
	c := newCaller(t, []string{row(fields...)}, append(s.flags(f, s.src, s.dst), "--allow-private")...)
	c.secrets = []string{
		s.src.PasswordOf(s.user), s.dst.PasswordOf(s.user), s.dst.MasterPassword,
		"\x00" + s.user + "\x00" + s.src.PasswordOf(s.user), s.user + "\x00" + s.dst.Master + "\x00" + s.dst.MasterPassword,
	}
	return c
}

// check compares source and destination, and the report with both.
func (s *copyStory) check(t *testing.T, want audit.Snapshot, report moved) {
	t.Helper()
	rules := copyRules(s.dst)
	rules.Name = s.rename
	checkCopy(t, want, snapshot(t, s.dst, s.user), rules, report.Exceptions)
	if skipped := checkSkipped(t, want, report.Exceptions, s.limit); skipped != report.Skipped {
		t.Errorf("%d skipped in the report, %d by the rules", report.Skipped, skipped)
	}
	if report.Status != "done" || report.Error != nil || report.Destination != s.user {
		t.Errorf("report %+v", report)
	}
}

// one is the only resource of a pass.
func one(t *testing.T, p pass) moved {
	t.Helper()
	if len(p.Resources) != 1 || p.Resources[0].Row != 1 {
		t.Fatalf("resources %+v", p.Resources)
	}
	return p.Resources[0]
}
