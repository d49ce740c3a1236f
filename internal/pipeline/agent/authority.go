package agent

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"time"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/pipeline/agent/wire"
	"github.com/digital-factory/factory/internal/ref"
)

// How long certificates hold.
const (
	authorityFor = 20 * 365 * 24 * time.Hour
	serverFor    = 5 * 365 * 24 * time.Hour // made anew with every start
	agentFor     = 90 * 24 * time.Hour
)

// Authority signs the certificates of the factory and its agents, and those
// only. Its key is in a file of its own, which no backup of the database
// contains. Several processes may share the file.
type Authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	now  func() time.Time
}

// OpenAuthority reads the authority's key and certificate; the first call makes
// them. A file that others may read is refused.
func OpenAuthority(path string, now func() time.Time) (*Authority, error) {
	a := &Authority{now: now}
	err := a.load(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := a.make(path); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
		err = a.load(path) // ours, or that of a process that was faster
	}
	return a, err
}

func (a *Authority) load(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return errs.New(errs.Blocked, "the key of the agents' authority in %s has mode %04o: other accounts of this machine could have read it", path, info.Mode().Perm()).
			Do("remove the file, start the factory, and have every agent join again: factory agent create")
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	pair, err := tls.X509KeyPair(text, text)
	if err == nil {
		a.cert, err = x509.ParseCertificate(pair.Certificate[0])
	}
	key, ok := pair.PrivateKey.(*ecdsa.PrivateKey)
	if err != nil || !ok {
		return errs.Because(errs.Blocked, err, "the key of the agents' authority in %s cannot be read", path).Do("restore the file from the backup, or remove it and have every agent join again")
	}
	a.key = key
	return nil
}

// make writes the file, wholly or not at all; fs.ErrExist when there is one.
func (a *Authority) make(path string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	t := a.template("factory", authorityFor)
	t.IsCA, t.MaxPathLenZero, t.KeyUsage = true, true, x509.KeyUsageCertSign
	der, err := x509.CreateCertificate(rand.Reader, t, t, key.Public(), key)
	if err != nil {
		return err
	}
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, ".agents-*") // readable by its owner only
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }()
	_, err = f.Write(append(encoded("PRIVATE KEY", raw), encoded("CERTIFICATE", der)...))
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Link(f.Name(), path)
}

func encoded(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

func (a *Authority) template(name string, holds time.Duration) *x509.Certificate {
	serial, _ := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120)) // never fails
	return &x509.Certificate{SerialNumber: serial, Subject: pkix.Name{CommonName: name}, BasicConstraintsValid: true,
		NotBefore: a.now().Add(-5 * time.Minute), NotAfter: a.now().Add(holds)} // clocks differ
}

// Fingerprint names the authority: the SHA-256 of its certificate, in hex.
func (a *Authority) Fingerprint() string {
	sum := sha256.Sum256(a.cert.Raw)
	return hex.EncodeToString(sum[:])
}

// server is the factory's own certificate. Whoever connects gets the authority's
// with it, to compare it with the fingerprint.
func (a *Authority) server() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	t := a.template(wire.ServerName, serverFor)
	t.DNSNames, t.KeyUsage, t.ExtKeyUsage = []string{wire.ServerName}, x509.KeyUsageDigitalSignature, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	der, err := x509.CreateCertificate(rand.Reader, t, a.cert, key.Public(), a.key)
	return tls.Certificate{Certificate: [][]byte{der, a.cert.Raw}, PrivateKey: key}, err
}

// sign makes the certificate of an agent from its request, which only says the
// key: name and use are the authority's.
func (a *Authority) sign(request string, id ref.Agent) (cert string, expires time.Time, err error) {
	block, _ := pem.Decode([]byte(request))
	if block == nil {
		return "", expires, errs.New(errs.Invalid, "there is no certificate request")
	}
	in, err := x509.ParseCertificateRequest(block.Bytes)
	if err == nil {
		err = in.CheckSignature()
	}
	if err != nil {
		return "", expires, errs.Because(errs.Invalid, err, "the certificate request cannot be used")
	}
	t := a.template(string(id), agentFor)
	t.KeyUsage, t.ExtKeyUsage = x509.KeyUsageDigitalSignature, []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	der, err := x509.CreateCertificate(rand.Reader, t, a.cert, in.PublicKey, a.key)
	return string(encoded("CERTIFICATE", der)), t.NotAfter, err
}

// TLS is how the agents' door is served. Who has no certificate may only join;
// what one of ours may do is asked of the registry, with every request.
func (a *Authority) TLS() (*tls.Config, error) {
	own, err := a.server()
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return &tls.Config{MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{own}, ClientCAs: pool, ClientAuth: tls.VerifyClientCertIfGiven, Time: a.now}, nil
}
