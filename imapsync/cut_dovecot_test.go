package imapsync_test

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"trasloco/imapsync"
	"trasloco/imapsync/imaptest"
	"trasloco/imapsync/imaptest/audit"
	"trasloco/imapsync/imaptest/mailgen"
	"trasloco/imapsync/imaptest/realserver"
	"trasloco/migration"
)

// onDovecot is what cuts on a real server need. Where the source is cut, it is
// a Dovecot too; where the destination is, the source is a scripted one, whose
// octets Dovecot does not all keep.
type onDovecot struct {
	server   *realserver.Server
	scripted *imaptest.Account
	sent     audit.Snapshot
}

const dovecotSource = "source"

func newOnDovecot(t *testing.T) *onDovecot {
	d := &onDovecot{server: realserver.Dovecot(t, realserver.Options{}), scripted: imaptest.NewAccount(t, imaptest.AccountOptions{})}
	var folders [][]string
	var messages []mailgen.Message
	for name, list := range twelve() {
		path := strings.Split(name, "/")
		folders = append(folders, path)
		for _, m := range list {
			messages = append(messages, mailgen.Message{Folder: path, Raw: m.Body, Flags: m.Flags, Date: m.Date})
			d.scripted.Create(name).Add(m)
		}
	}
	loaded, err := d.server.Load(dovecotSource, folders, slices.Values(messages))
	if err != nil || len(loaded.Refused) > 0 {
		t.Fatal(err, loaded.Refused)
	}
	d.sent = loaded.Sent
	return d
}

// TestCutOnDovecot is TestCutAtEveryOctet on a real server, for a sample.
func TestCutOnDovecot(t *testing.T) {
	d := newOnDovecot(t)
	before := snapshot(t, d.server, dovecotSource)
	cases := d.cases(t)
	passes := 20
	if long {
		passes = 500
	}
	chosen := draw(cases, passes)
	began := time.Now()
	runPasses(t, chosen, d.run)
	for _, difference := range audit.Untouched(before, snapshot(t, d.server, dovecotSource)) {
		t.Error(difference)
	}
	imaptest.Figure(t, fmt.Sprintf("cut on Dovecot: %d of %d cuts in %s", len(chosen), len(cases), time.Since(began).Round(time.Second)))
}

// cases are all cuts of the connections to Dovecot that an undisturbed run makes.
func (d *onDovecot) cases(t *testing.T) (all []cutCase) {
	for _, end := range bothEnds() {
		tap := newTap(t, d.server.Address())
		whole := cutCase{server: cutServer{name: "Dovecot"}, end: end}
		d.sync(t, d.job(whole, tap.addr(), "undisturbed-"+end.name), cleanMemory(), false)
		for _, cut := range tap.cuts() {
			c := whole
			c.cut, c.restart = cut, restarts(cut)
			all = append(all, c)
		}
	}
	return all
}

func (d *onDovecot) run(c cutCase, t testing.TB) {
	user := fmt.Sprintf("cut%x", lot(c))
	proxy := imaptest.NewProxy(t, d.server.Address(), imaptest.ProxyOptions{Cut: c.cut})
	job, journal := d.job(c, proxy.Addr(), user), cleanMemory()
	d.sync(t, job, journal, c.restart)
	proxy.Set(imaptest.ProxyOptions{})
	job.Pass++
	if again := d.sync(t, job, journal, false); again.Copied != 0 {
		t.Errorf("a further run copied %+v", again)
	}
	got, err := d.server.Snapshot(user)
	if err != nil {
		t.Fatal(err)
	}
	for _, difference := range audit.Compare(d.sent, got, audit.Rules{Stored: audit.ByDovecot, OwnFolders: true}) {
		t.Error(difference)
	}
}

// job is a run whose end that is cut is reached at another address.
func (d *onDovecot) job(c cutCase, through, user string) imapsync.Job {
	source, destination := d.scripted.Endpoint(), d.endpoint(through, user)
	if c.end.name == "source" {
		source, destination = d.endpoint(through, dovecotSource), d.endpoint(d.server.Address(), user)
	}
	return imapsync.Job{
		Resource: migration.Resource{Row: 1, Source: source, Destination: destination},
		Type:     migration.Standard, Pass: 1, Rules: imapsync.DefaultRules(migration.Standard), MaxSize: 50 << 20,
	}
}

func (d *onDovecot) endpoint(address, user string) migration.Endpoint {
	host, port, _ := net.SplitHostPort(address)
	number, _ := strconv.Atoi(port)
	return migration.Endpoint{
		Host: host, Port: number, TLS: migration.TLSNone,
		Auth: migration.Auth{Kind: migration.AuthPassword, Login: user, Password: migration.NewSecret(d.server.PasswordOf(user))},
	}
}

// sync runs until a run comes to its end. Where restarts are wanted, a run ends
// with its first broken connection.
func (d *onDovecot) sync(t testing.TB, job imapsync.Job, journal imapsync.Journal, restarts bool) migration.Tally {
	patience := imapsync.DefaultPatience()
	patience.Backoff, patience.MaxBackoff, patience.SlowestLine = 10*time.Millisecond, 100*time.Millisecond, 1<<40
	patience.LateCommit, patience.GiveUp = time.Second, time.Minute
	if restarts {
		patience.FirstTries, patience.GiveUp = 1, -1
	}
	var heard recorder
	var tally migration.Tally
	var err error
	for range 5 {
		engine := imapsync.New(imapsync.Options{TempDir: t.TempDir(), AllowPrivate: true, Patience: patience})
		if tally, err = engine.Sync(t.Context(), job, journal, &heard); err == nil || !restarts {
			break
		}
	}
	if err != nil || tally.Failed+tally.Skipped > 0 {
		t.Fatalf("%v, %+v%s", err, tally, heard.log())
	}
	return tally
}
