package realserver

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"time"
)

// certificate is a server's certificate on disk, and what a client needs to
// trust it.
type certificate struct {
	certFile, keyFile string
	ca                []byte // PEM
	pin               string // SHA-256 of the DER form, in hex
}

// makeCertificate signs a certificate by an authority made for this server
// alone, and leaves it and its key in folder as cert.pem and key.pem.
func makeCertificate(folder string, options Options) (certificate, error) {
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return certificate{}, fmt.Errorf("key of the authority: %w", err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return certificate{}, fmt.Errorf("key of the server: %w", err)
	}
	ca := blank(1, "Trasloco test authority")
	ca.IsCA, ca.BasicConstraintsValid, ca.KeyUsage = true, true, x509.KeyUsageCertSign
	leaf := blank(2, options.TLSName)
	leaf.DNSNames, leaf.IPAddresses = []string{options.TLSName}, options.TLSAddresses
	leaf.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}

	caDER, err := x509.CreateCertificate(rand.Reader, ca, ca, &caKey.PublicKey, caKey)
	if err != nil {
		return certificate{}, fmt.Errorf("certificate of the authority: %w", err)
	}
	leafDER, err := x509.CreateCertificate(rand.Reader, leaf, ca, &key.PublicKey, caKey)
	if err != nil {
		return certificate{}, fmt.Errorf("certificate of the server: %w", err)
	}
	return writeCertificate(folder, caDER, leafDER, key)
}

// blank is a certificate good for a day.
func blank(serial int64, name string) *x509.Certificate {
	now := time.Now()
	return &x509.Certificate{
		SerialNumber: big.NewInt(serial),
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    now.Add(-time.Hour),
		NotAfter:     now.Add(24 * time.Hour),
		KeyUsage:     x509.KeyUsageDigitalSignature,
	}
}

func writeCertificate(folder string, caDER, leafDER []byte, key *ecdsa.PrivateKey) (certificate, error) {
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return certificate{}, fmt.Errorf("key of the server: %w", err)
	}
	sum := sha256.Sum256(leafDER)
	c := certificate{
		certFile: filepath.Join(folder, "cert.pem"),
		keyFile:  filepath.Join(folder, "key.pem"),
		ca:       pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: caDER}),
		pin:      hex.EncodeToString(sum[:]),
	}
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leafDER})
	if err := os.WriteFile(c.certFile, certPEM, 0o600); err != nil {
		return certificate{}, fmt.Errorf("write the certificate: %w", err)
	}
	keyPEM := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})
	if err := os.WriteFile(c.keyFile, keyPEM, 0o600); err != nil {
		return certificate{}, fmt.Errorf("write the key: %w", err)
	}
	return c, nil
}
