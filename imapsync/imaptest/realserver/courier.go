package realserver

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// StartCourier starts a Courier that runs until Stop, with the settings that Debian
// gives it. A user has an INBOX and nothing else; LOGIN alone is offered, behind TLS
// AUTH=PLAIN too. Its greeting tells all of its capabilities.
//
// Measured with 5.0.13: personal folders are below "INBOX.", UIDNEXT comes with
// STATUS only, EXAMINE says of keywords nothing (PERMANENTFLAGS is empty), NAMESPACE
// names "#shared." and "shared.", and every login is answered by an ALERT that no
// file can be watched.
func StartCourier(options Options) (*Server, error) {
	options = options.withDefaults()
	tree, err := unpacked(KindCourier, "preload.so")
	if err != nil {
		return nil, err
	}
	passwords := &Server{Password: options.Password, Accounts: options.Accounts}
	var entrance *door
	server, err := startOnFreePort(KindCourier, options, func(site site) (*process, error) {
		if entrance != nil { // of a try that found its port taken
			entrance.close()
		}
		c, err := newCourier(tree, options, site)
		if err != nil {
			return nil, err
		}
		if entrance, err = openDoor(c.door(), authdaemond(passwords.PasswordOf, c.owner, c.home)); err != nil {
			return nil, err
		}
		return c.run()
	})
	if err != nil {
		if entrance != nil {
			entrance.close()
		}
		return nil, err
	}
	server.Master, server.MasterPassword = "", ""
	server.MailFolder = filepath.Join(server.process.folder, "mail")
	server.door = entrance
	return server, nil
}

// courier is one that is about to be started.
type courier struct {
	Options
	site
	tree  string
	owner *user.User // of the mail, and who speaks TLS
}

func newCourier(tree string, options Options, site site) (courier, error) {
	owner, err := serverUser()
	if err != nil {
		return courier{}, err
	}
	if tree, err = reachable(tree, filepath.Join(site.folder, "courier")); err != nil {
		return courier{}, err
	}
	c := courier{Options: options, site: site, tree: tree, owner: owner}
	for _, path := range []string{site.certificate.certFile, site.certificate.keyFile} {
		if err := chown(path, owner); err != nil {
			return courier{}, fmt.Errorf("give the server its files: %w", err)
		}
	}
	return c, nil
}

func (c courier) door() string { return filepath.Join(c.folder, "door") }

func (c courier) program(path string) string { return filepath.Join(c.tree, path) }

// home makes the maildir of a user.
func (c courier) home(user string) (string, error) {
	if user == "" || strings.HasPrefix(user, ".") || strings.Contains(user, "/") {
		return "", fmt.Errorf("user %q has no home", user)
	}
	home := filepath.Join(c.folder, "mail", user)
	for _, name := range []string{"cur", "new", "tmp"} {
		if err := os.MkdirAll(filepath.Join(home, "Maildir", name), 0o755); err != nil {
			return "", fmt.Errorf("home of %q: %w", user, err)
		}
	}
	for _, name := range []string{"", "Maildir", "Maildir/cur", "Maildir/new", "Maildir/tmp"} {
		if err := chown(filepath.Join(home, name), c.owner); err != nil {
			return "", fmt.Errorf("home of %q: %w", user, err)
		}
	}
	return home, nil
}

// run starts a couriertcpd at each port, as Debian's scripts "imapd" and "imapd-ssl" do.
func (c courier) run() (*process, error) {
	login := []string{c.program("usr/lib/courier/courier/imaplogin"), c.program("usr/bin/imapd"), "Maildir"}
	overTLS := append([]string{c.program("usr/bin/couriertls"), "-server", "-tcpd"}, login...)
	secure, err := c.listen(c.tlsPort, append(c.environment(), "IMAP_TLS=1"), overTLS)
	if err != nil {
		return nil, err
	}
	p, err := c.listen(c.port, c.environment(), login)
	if err != nil {
		secure.end()
		return nil, err
	}
	p.beside = secure
	return p, errors.Join(p.awaitGreeting(c.address(), "Courier-IMAP"), secure.awaitPort(net.JoinHostPort(c.host, strconv.Itoa(c.tlsPort))))
}

func (c courier) listen(port int, environment, program []string) (*process, error) {
	arguments := []string{
		"-address=" + c.host, "-maxprocs=512", "-maxperip=" + strconv.Itoa(c.MaxUserIPConnections),
		"-nodnslookup", "-noidentlookup", strconv.Itoa(port),
	}
	command := exec.Command(c.program("usr/sbin/couriertcpd"), append(arguments, program...)...)
	command.Env = environment
	return launch(c.folder, command)
}

// environment is what stands in Debian's /etc/courier/imapd and imapd-ssl, without the
// locks, which want a daemon that watches files, and the emptying of Trash.
func (c courier) environment() []string {
	const capability = "IMAP4rev1 UIDPLUS CHILDREN NAMESPACE THREAD=ORDEREDSUBJECT THREAD=REFERENCES SORT QUOTA IDLE"
	return []string{
		"PATH=/usr/bin:/bin",
		"LD_LIBRARY_PATH=" + libraries(c.tree) + ":" + c.program("usr/lib"),
		"LD_PRELOAD=" + c.program("preload.so"),
		"COURIER_DOOR=" + c.door(), "COURIER_UID=" + c.owner.Uid,
		"IMAP_CAPABILITY=" + capability, "IMAP_CAPABILITY_TLS=" + capability + " AUTH=PLAIN",
		"IMAP_KEYWORDS=1", "IMAP_ACL=1", "IMAP_IDLE_TIMEOUT=60", "IMAP_MAILBOX_SANITY_CHECK=1",
		"IMAP_UMASK=022", "IMAP_USELOCKS=0", "IMAP_TRASHFOLDERNAME=Trash",
		"IMAP_STARTTLS=YES", "COURIERTLS=" + c.program("usr/bin/couriertls"), "TLS_VERIFYPEER=NONE",
		"TLS_CERTFILE=" + c.certificate.certFile, "TLS_PRIVATE_KEYFILE=" + c.certificate.keyFile,
	}
}

// awaitPort returns when somebody listens at address and the program still runs.
func (p *process) awaitPort(address string) error {
	for deadline := time.Now().Add(startTimeout); ; {
		conn, err := net.DialTimeout("tcp", address, time.Second)
		if err == nil {
			err = conn.Close()
		}
		select {
		case <-p.ended:
			return errEnded
		case <-time.After(5 * time.Millisecond):
		}
		if err == nil || time.Now().After(deadline) {
			return err
		}
	}
}
