package realserver

import (
	_ "embed"
	"encoding/base64"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

//go:embed dovecot.conf.tmpl
var dovecotConf string

// dovecotSettings fill the template of Dovecot's configuration.
type dovecotSettings struct {
	Options
	Folder, CertFile, KeyFile string
	Port, TLSPort             int
	UID, GID                  string
	Me                        *user.User // nil as root
	Group                     string     // of Me
	OwnPassword               string     // a filter: users whose password is in Accounts
}

// StartDovecot starts a Dovecot that runs until Stop. It keeps mail in Maildir
// and gives the roles Sent, Drafts, Trash and Junk to folders of these names, and
// that of Trash to Eimer too; none exists until somebody makes it.
//
// It takes any message but an empty one, and changes some: see audit.AsDovecot.
func StartDovecot(options Options) (*Server, error) {
	options = options.withDefaults()
	binary, err := exec.LookPath("dovecot")
	if err != nil {
		binary = "/usr/sbin/dovecot" // not in everybody's PATH
	}
	if _, err := os.Stat(binary); err != nil {
		return nil, fmt.Errorf("dovecot: %w", ErrMissing)
	}
	return startOnFreePort(KindDovecot, options, func(site site) (*process, error) {
		conf, err := writeDovecotConf(options, site)
		if err != nil {
			return nil, err
		}
		p, err := launch(site.folder, exec.Command(binary, "-F", "-c", conf), "dovecot.log")
		if err != nil {
			return nil, err
		}
		return p, p.awaitGreeting(site.address(), "Dovecot")
	})
}

func writeDovecotConf(options Options, site site) (string, error) {
	settings := dovecotSettings{
		Options: options, Folder: site.folder, Port: site.port, TLSPort: site.tlsPort,
		CertFile: site.certificate.certFile, KeyFile: site.certificate.keyFile,
	}
	for name := range options.Accounts {
		settings.OwnPassword += " !" + name
	}
	if err := settings.setUser(); err != nil {
		return "", err
	}
	files := map[string]string{
		"users":   passwdFile(options.Accounts),
		"masters": passwdFile(map[string]string{masterName: masterPassword}),
		"oauth2.conf": "introspection_mode = get\nintrospection_url = " + options.Introspection +
			"\nusername_attribute = username\nactive_attribute = active\nactive_value = true\n",
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(site.folder, name), []byte(text), 0o644); err != nil {
			return "", fmt.Errorf("dovecot's %s: %w", name, err)
		}
	}
	conf := filepath.Join(site.folder, "dovecot.conf")
	return conf, writeTemplate(conf, dovecotConf, settings)
}

// setUser says as whom the mail is stored, and gives the mail folder to him.
func (s *dovecotSettings) setUser() error {
	if s.Mail == "" {
		s.Mail = filepath.Join(s.Folder, "mail")
	}
	if err := os.MkdirAll(s.Mail, 0o755); err != nil {
		return fmt.Errorf("mail folder: %w", err)
	}
	owner, err := serverUser()
	if err != nil {
		return err
	}
	s.UID, s.GID = owner.Uid, owner.Gid
	if asRoot() {
		if !enterable(s.Mail) {
			return fmt.Errorf("mail folder %s: user %s may not enter it", s.Mail, owner.Username)
		}
		return chown(s.Mail, owner)
	}
	group, err := user.LookupGroupId(owner.Gid)
	if err != nil {
		return fmt.Errorf("group of %s: %w", owner.Username, err)
	}
	s.Me, s.Group = owner, group.Name
	return nil
}

// serverUser is who owns the mail: oneself, or Debian's user "mail" if one is
// root, since neither server serves mail as root.
func serverUser() (*user.User, error) {
	if asRoot() {
		owner, err := user.Lookup("mail")
		if err != nil {
			return nil, fmt.Errorf("the user who owns the mail: %w", err)
		}
		return owner, nil
	}
	return user.Current()
}

func chown(path string, owner *user.User) error {
	uid, err := strconv.Atoi(owner.Uid)
	if err != nil {
		return fmt.Errorf("user id of %s: %w", owner.Username, err)
	}
	gid, err := strconv.Atoi(owner.Gid)
	if err != nil {
		return fmt.Errorf("group id of %s: %w", owner.Username, err)
	}
	return os.Chown(path, uid, gid)
}

// passwdFile writes passwords in base64, so that they may hold any character.
func passwdFile(passwords map[string]string) string {
	var lines []string
	for name, password := range passwords {
		lines = append(lines, name+":{PLAIN.b64}"+base64.StdEncoding.EncodeToString([]byte(password)))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n") + "\n"
}
