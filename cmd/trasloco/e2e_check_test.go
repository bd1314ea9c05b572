package main_test

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"trasloco/imapsync/imaptest/audit"
	"trasloco/imapsync/imaptest/mailgen"
	"trasloco/imapsync/imaptest/realserver"
)

// inventory is what "check --json" prints.
type inventory struct {
	Resources []struct {
		Row    int `json:"row"`
		Source struct {
			Stage    string `json:"stage"`
			OK       bool   `json:"ok"`
			Folders  int    `json:"folders"`
			Messages int    `json:"messages"`
			Bytes    int64  `json:"bytes"`
			Oversize int    `json:"oversize"`
		} `json:"source"`
		Destination struct {
			Stage string `json:"stage"`
			OK    bool   `json:"ok"`
			Quota *struct {
				Used  int64 `json:"used"`
				Limit int64 `json:"limit"`
			} `json:"quota"`
		} `json:"destination"`
		Error *trouble `json:"error"`
	} `json:"resources"`
}

// refusal is what is printed on exit 2.
type refusal struct {
	Problems []struct {
		Row   int    `json:"row"`
		Field string `json:"field"`
		Code  string `json:"code"`
		Text  string `json:"text"`
	} `json:"problems"`
}

func TestCheckCountsWhatIsThere(t *testing.T) {
	t.Parallel()
	sources := map[string]struct {
		start func(testing.TB, realserver.Options) *realserver.Server
		take  func([]string) bool
	}{
		"Dovecot": {realserver.Dovecot, nil},
		"Cyrus":   {realserver.Cyrus, mailgen.ForCyrus},
	}
	for name, source := range sources {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			src := source.start(t, realserver.Options{})
			load(t, src, "anna", mailgen.New(29, mailgen.Options{Messages: 200, MaxSize: 400_000, Take: source.take}))
			checkInventory(t, src)
		})
	}
}

// checkInventory calls check for an account of src and one whose password is
// wrong, and compares what it says with what the audit finds.
func checkInventory(t *testing.T, src *realserver.Server) {
	const limit, quota = 60_000, 2_048_000
	dst := realserver.Dovecot(t, realserver.Options{Quota: quota})
	load(t, dst, "anna", mailgen.New(30, mailgen.Small(5)))
	before, used := snapshot(t, src, "anna"), octets(snapshot(t, dst, "anna"))
	c := newCaller(t, []string{
		account(src, "anna", dst, "anna"), row("bruno", src.Address(), "anna", "wrong", dst.Password),
	}, append(plain(dst.Address()), "--max-size", fmt.Sprint(limit))...)
	got := readJSON[inventory](t, c.call(someFail, "check", "--json")).Resources
	if len(got) != 2 {
		t.Fatalf("%+v", got)
	}
	found, wrong := got[0], got[1]
	if wrong.Error == nil || wrong.Error.Class != "login" || wrong.Source.OK || wrong.Source.Stage != "login" || !wrong.Destination.OK {
		t.Errorf("a wrong password at the source: %+v", wrong)
	}
	folders, oversize := countFolders(before), countAbove(before, limit)
	if s := found.Source; !s.OK || s.Folders != folders || s.Messages != before.Count() || s.Bytes != octets(before) || s.Oversize != oversize {
		t.Errorf("got %+v, want %d folders, %d messages, %d octets, %d of them too large", s, folders, before.Count(), octets(before), oversize)
	}
	// Quotas are told in KiB (RFC 9208).
	if d := found.Destination; !d.OK || d.Quota == nil || d.Quota.Limit != quota || d.Quota.Used/1024 != (used+1023)/1024 || found.Error != nil {
		t.Errorf("destination %+v, quota %+v, error %+v; %d octets are there", d, d.Quota, found.Error, used)
	}
	checkUntouched(t, before, snapshot(t, src, "anna"))
	if _, err := os.Stat(c.state()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("check made a state folder: %v", err)
	}
}

func countFolders(s audit.Snapshot) int {
	count := 0
	for _, folder := range s.Folders() {
		if folder.Selectable {
			count++
		}
	}
	return count
}

// countAbove is how many messages of the folders that are copied are larger than
// a limit.
func countAbove(s audit.Snapshot, limit int64) int {
	count := 0
	for _, folder := range s.Folders() {
		for _, m := range folder.Messages {
			if m.Size > limit && !isLeftOut(folder.Path) {
				count++
			}
		}
	}
	return count
}

func TestAnUnknownCertificateIsShownAndCanBeConfirmed(t *testing.T) {
	t.Parallel()
	src, dst := realserver.Dovecot(t, realserver.Options{}), realserver.Dovecot(t, realserver.Options{})
	load(t, src, "anna", mailgen.New(31, mailgen.Small(10)))
	c := newCaller(t, []string{row("anna", src.Host, "anna", src.Password, dst.Password)},
		"--dest", dst.TLSAddress(), "--source-port", fmt.Sprint(src.TLSPort), "--source-tls", "tls", "--dest-tls", "tls", "--allow-private")
	fingerprint := regexp.MustCompile(`[0-9A-Fa-f]{2}(?::?[0-9A-Fa-f]{2}){31}`)
	for _, end := range []struct {
		flag string
		*realserver.Server
	}{{"--source", src}, {"--dest", dst}} {
		r := one(t, c.run(someFail))
		if r.Status != "failed" || r.Error == nil || r.Error.Class != "certificate" {
			t.Fatalf("%s: %+v", end.flag, r)
		}
		for _, want := range []string{end.TLSName, end.flag + "-name", end.flag + "-pin"} {
			if !strings.Contains(r.Error.Text, want) {
				t.Errorf("%q does not say %s", r.Error.Text, want)
			}
		}
		shown := fingerprint.FindString(r.Error.Text)
		if strings.ToLower(strings.ReplaceAll(shown, ":", "")) != end.Pin {
			t.Fatalf("%q shows %q, not the fingerprint %s", r.Error.Text, shown, end.Pin)
		}
		c.flags = append(c.flags, end.flag+"-pin", shown)
	}
	if r := one(t, c.run(allDone)); r.Copied == 0 {
		t.Errorf("with both pins: %+v", r)
	}
	c.flags[slices.Index(c.flags, "--dest-pin")+1] = src.Pin // of another server
	if r := one(t, c.run(someFail)); r.Error == nil || r.Error.Class != "certificate" {
		t.Errorf("with the pin of another server: %+v", r)
	}
}

// watch listens where nobody may call.
func watch(t *testing.T) (address string, port int) {
	t.Helper()
	listener, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := listener.SetDeadline(time.Now().Add(time.Millisecond)); err != nil {
			t.Error(err)
		}
		if conn, err := listener.Accept(); err == nil { // calls wait in the backlog
			_ = conn.Close()
			t.Error("somebody called")
		}
		_ = listener.Close()
	})
	return listener.Addr().String(), listener.Addr().(*net.TCPAddr).Port
}

// loopbackName is a name, no word for loopback itself, that leads to it.
func loopbackName(t *testing.T) string {
	t.Helper()
	own, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{own, "ip4-loopback", "ip6-loopback", "localhost.localdomain"} {
		found, _ := net.DefaultResolver.LookupNetIP(t.Context(), "ip", name)
		for _, address := range found {
			if address.IsLoopback() || address.IsPrivate() {
				return name
			}
		}
	}
	t.Skip("no name leads to this machine")
	return ""
}

func TestPrivateAddressesNeedLeave(t *testing.T) {
	t.Parallel()
	address, port := watch(t)
	name := fmt.Sprintf("%s:%d", loopbackName(t), port)
	for _, verb := range []string{"run", "check"} {
		c := newCaller(t, []string{row("anna", name, "bruno", "pw", "dp")}, "--dest", name)
		p := c.call(someFail, verb, "--json")
		var failed *trouble
		if verb == "run" {
			failed = one(t, c.readPass(p)).Error
		} else {
			failed = readJSON[inventory](t, p).Resources[0].Error
		}
		if failed == nil || failed.Class != "private_address" || !strings.Contains(failed.Text, "--allow-private") {
			t.Errorf("%s, a name of this machine: %+v", verb, failed)
		}
		literal := newCaller(t, []string{row("anna", address, "bruno", "pw", "dp")}, "--dest", address)
		problems := readJSON[refusal](t, literal.call(refused, verb, "--json")).Problems
		if len(problems) != 2 {
			t.Errorf("%s, an address of this machine at both ends: %+v", verb, problems)
		}
		for _, problem := range problems {
			if problem.Code != "host.loopback" || !strings.Contains(problem.Text, "--allow-private") {
				t.Errorf("%s: %+v", verb, problem)
			}
		}
	}
}
