package realserver

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
)

// The master user of Dovecot, and the admin of Cyrus.
const (
	masterName     = "master"
	masterPassword = "herr im haus"
)

// site is the place prepared for a server: folder, ports, certificate.
type site struct {
	folder, host  string
	port, tlsPort int
	certificate   certificate
}

func (s site) address() string { return net.JoinHostPort(s.host, strconv.Itoa(s.port)) }

func prepare(kind Kind, options Options) (site, error) {
	ports, err := portsFor(options)
	if err != nil {
		return site{}, err
	}
	folder, err := workFolder(kind)
	if err != nil {
		return site{}, err
	}
	s := site{folder: folder, host: options.Host, port: ports[0], tlsPort: ports[1]}
	if s.certificate, err = makeCertificate(folder, options); err != nil {
		return site{}, errors.Join(err, os.RemoveAll(folder))
	}
	return s, nil
}

func portsFor(options Options) ([]int, error) {
	if other := options.SamePorts; other != nil {
		return []int{other.Port, other.TLSPort}, nil
	}
	return FreePorts(2)
}

// startOnFreePort prepares a site and lets start bring the server up there. A
// server that cannot start is tried again elsewhere: between the search for a
// free port and the server's start another test may have taken it.
func startOnFreePort(kind Kind, options Options, start func(site) (*process, error)) (*Server, error) {
	const tries = 3
	for try := 1; ; try++ {
		site, err := prepare(kind, options)
		if err != nil {
			return nil, err
		}
		p, err := start(site)
		if err == nil {
			return newServer(kind, options, site, p), nil
		}
		if p == nil {
			return nil, errors.Join(err, os.RemoveAll(site.folder))
		}
		words := p.lastWords()
		if stopped := p.stop(); stopped != nil || try == tries {
			return nil, fmt.Errorf("start %s: %w\n%s", kind, errors.Join(err, stopped), words)
		}
	}
}

func newServer(kind Kind, options Options, site site, p *process) *Server {
	return &Server{
		Kind: kind, Host: options.Host, Port: site.port, TLSPort: site.tlsPort,
		CA: site.certificate.ca, Pin: site.certificate.pin, TLSName: options.TLSName,
		Password: options.Password, Accounts: options.Accounts,
		Master: masterName, MasterPassword: masterPassword,
		process: p,
	}
}
