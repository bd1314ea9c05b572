package realserver

import (
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

var (
	//go:embed imapd.conf.tmpl
	imapdConf string
	//go:embed cyrus.conf.tmpl
	cyrusConf string
)

// cyrusSettings fill the templates of Cyrus' two configurations.
type cyrusSettings struct {
	Options
	Folder, Programs, User string
	CertFile, KeyFile      string
	Admin, ServerName      string
	Port, TLSPort          int
	QuotaKiB               int64
}

// StartCyrus starts a Cyrus that runs until Stop. An account's INBOX and its
// folders Sent, Drafts, Trash and Junk, with their roles, are made at its first
// login. With Separator "." a user name must hold no dot.
//
// It stores every octet of a message as it came, or refuses it (measured with
// 3.6.1, on testdata/weird-made), whatever else is odd about it:
//
//	NO Message contains NUL characters  011 012 013 026 077
//	NO Message contains bare newlines   014 015 016 020 024 076
//	NO Message contains invalid header  004 007 055 056 057
//	NO Zero-length message literal      an empty message
//
// An invalid header is a line without a colon, with a blank before it or with
// no name, or a last header line without a line end; mail whose first line
// is empty, folded or begins with "From " is taken.
func StartCyrus(options Options) (*Server, error) {
	options = options.withDefaults()
	tree, err := unpacked(KindCyrus, "usr/lib/cyrus/bin/master")
	if err != nil {
		return nil, err
	}
	passwords := &Server{Password: options.Password, Accounts: withMaster(options.Accounts)}
	var entrance *door
	server, err := startOnFreePort(KindCyrus, options, func(site site) (*process, error) {
		if entrance != nil { // of a try that found its port taken
			entrance.close()
		}
		if entrance, err = openDoor(filepath.Join(site.folder, "mux"), saslauthd(passwords.PasswordOf)); err != nil {
			return nil, err
		}
		return runCyrus(tree, options, site)
	})
	if err != nil {
		if entrance != nil {
			entrance.close()
		}
		return nil, err
	}
	server.door = entrance
	return server, nil
}

func withMaster(accounts map[string]string) map[string]string {
	all := map[string]string{masterName: masterPassword}
	for user, password := range accounts {
		all[user] = password
	}
	return all
}

func runCyrus(tree string, options Options, site site) (*process, error) {
	settings := cyrusSettings{
		Options: options, Folder: site.folder, Port: site.port, TLSPort: site.tlsPort,
		CertFile: site.certificate.certFile, KeyFile: site.certificate.keyFile,
		Admin: masterName, ServerName: fmt.Sprintf("cyrus-%d.example.test", site.port),
		QuotaKiB: options.Quota / 1024,
	}
	tree, err := reachable(tree, filepath.Join(site.folder, "cyrus"))
	if err != nil {
		return nil, err
	}
	settings.Programs = filepath.Join(tree, "usr/lib/cyrus/bin")
	if err := settings.write(); err != nil {
		return nil, err
	}
	command := exec.Command(filepath.Join(settings.Programs, "master"), "-D",
		"-C", filepath.Join(site.folder, "imapd.conf"),
		"-M", filepath.Join(site.folder, "cyrus.conf"),
		"-p", filepath.Join(site.folder, "master.pid"))
	command.Env = append(os.Environ(), "LD_LIBRARY_PATH="+libraries(tree))
	if plugins, _ := filepath.Glob(filepath.Join(tree, "usr/lib/*/sasl2")); len(plugins) > 0 {
		command.Env = append(command.Env, "SASL_PATH="+plugins[0])
	}
	if noSync, _ := filepath.Glob(filepath.Join(tree, "usr/lib/*/libeatmydata.so")); len(noSync) > 0 {
		command.Env = append(command.Env, "LD_PRELOAD="+noSync[0])
	}
	p, err := launch(site.folder, command)
	if err != nil {
		return nil, err
	}
	return p, p.awaitGreeting(site.address(), settings.ServerName)
}

// write makes the folders and configurations, all owned by the server's user.
func (s *cyrusSettings) write() error {
	owner, err := serverUser()
	if err != nil {
		return err
	}
	s.User = owner.Username
	paths := []string{s.CertFile, s.KeyFile}
	for _, name := range []string{"spool", "conf", "conf/socket"} {
		path := filepath.Join(s.Folder, name)
		if err := os.Mkdir(path, 0o755); err != nil {
			return fmt.Errorf("folder of cyrus: %w", err)
		}
		paths = append(paths, path)
	}
	for name, text := range map[string]string{"imapd.conf": imapdConf, "cyrus.conf": cyrusConf} {
		if err := writeTemplate(filepath.Join(s.Folder, name), text, s); err != nil {
			return err
		}
	}
	for _, path := range paths {
		if err := chown(path, owner); err != nil {
			return fmt.Errorf("give the server its files: %w", err)
		}
	}
	return nil
}
