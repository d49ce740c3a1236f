package worker

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/pipeline/agent/wire"
)

// renewBefore is how long before its end a certificate is renewed: a third of the
// time that it holds.
const renewBefore = 30 * 24 * time.Hour

// Identity is who an agent is to a factory. It is kept in a file that only its
// owner may read.
type Identity struct {
	path string

	mu   sync.Mutex // guards what follows
	in   identity
	cert tls.Certificate
	end  time.Time
}

type identity struct {
	URL         string `json:"url"`
	Name        string `json:"name"`
	Token       string `json:"token"`       // hash of that with which it joined
	Authority   string `json:"authority"`   // certificate of the factory's authority, in PEM
	Certificate string `json:"certificate"` // in PEM, as the next
	Key         string `json:"key"`
}

// Open reads the identity of an agent from a folder. One that has none, or that
// is given another token than it joined with, joins the factory at the address,
// which is https://host:port.
func Open(ctx context.Context, dir, address, token string, host wire.Host, now func() time.Time) (*Identity, error) {
	i := &Identity{path: filepath.Join(dir, "agent.json")}
	raw, err := os.ReadFile(i.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if address == "" || token == "" {
			return nil, errs.New(errs.Invalid, "%s has no identity of an agent", dir).
				Do("let it join: factory agent create NAME on the factory, then here with --url https://HOST:PORT --token TOKEN")
		}
		return i, i.join(ctx, address, token, host, now)
	case err != nil:
		return nil, err
	}
	var in identity
	if err := json.Unmarshal(raw, &in); err != nil {
		return nil, errs.Because(errs.Invalid, err, "%s cannot be read", i.path).Do("remove it, and let the agent join again")
	}
	if token != "" && hashed(token) != in.Token {
		return i, i.join(ctx, address, token, host, now)
	}
	if address != "" {
		in.URL = address
	}
	return i, i.use(in)
}

func hashed(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// use makes an identity the one that is used.
func (i *Identity) use(in identity) error {
	cert, err := tls.X509KeyPair([]byte(in.Certificate), []byte(in.Key))
	if err != nil {
		return errs.Because(errs.Invalid, err, "%s has no certificate that can be used", i.path).Do("remove it, and let the agent join again")
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.in, i.cert, i.end = in, cert, cert.Leaf.NotAfter
	return nil
}

// keep writes the identity, wholly or not at all, and uses it.
func (i *Identity) keep(in identity) error {
	raw, err := json.Marshal(in)
	if err != nil {
		return err
	}
	if err := write(i.path, raw); err != nil {
		return err
	}
	return i.use(in)
}

// write replaces a file, wholly or not at all; only its owner may read it.
func write(path string, raw []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }() // gone already when it was renamed
	_, err = f.Write(raw)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// request makes a certificate request for a key.
func request(key any) (string, error) {
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: "agent"}}, key)
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der})), err
}

// join makes a key and has the factory sign for it. That it is the factory is
// known by the fingerprint in the token, before the secret is said.
func (i *Identity) join(ctx context.Context, address, token string, host wire.Host, now func() time.Time) error {
	parts := strings.Split(strings.TrimSpace(token), ".")
	if len(parts) != 3 {
		return errs.New(errs.Invalid, "this is no token of an agent").Do("copy all of what factory agent create printed")
	}
	if u, err := url.Parse(address); err != nil || u.Scheme != "https" || u.Host == "" {
		return errs.New(errs.Invalid, "%q is no address of a factory's agents", address).Do("write it as https://HOST:PORT, with the port of factory up --agents")
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	in := identity{URL: address, Name: parts[0], Token: hashed(token), Key: string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw}))}
	ask := wire.Join{Name: parts[0], Secret: parts[1], Host: host}
	if ask.Request, err = request(key); err != nil {
		return err
	}
	cfg := &tls.Config{MinVersion: tls.VersionTLS13, ServerName: wire.ServerName, Time: now,
		InsecureSkipVerify: true, // VerifyConnection does, with the authority that the token names
		VerifyConnection: func(cs tls.ConnectionState) error {
			authority, err := named(cs.PeerCertificates, parts[2])
			if err != nil {
				return err
			}
			in.Authority = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: authority.Raw}))
			pool := x509.NewCertPool()
			pool.AddCert(authority)
			_, err = cs.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: pool, DNSName: wire.ServerName, CurrentTime: now()})
			return err
		}}
	out, err := call[wire.Joined](ctx, newLink(func() string { return address }, cfg), "join", ask)
	if err != nil {
		return err
	}
	in.Certificate = out.Certificate
	return i.keep(in)
}

// named returns the certificate with a fingerprint.
func named(list []*x509.Certificate, fingerprint string) (*x509.Certificate, error) {
	for _, c := range list {
		if sum := sha256.Sum256(c.Raw); hex.EncodeToString(sum[:]) == fingerprint {
			return c, nil
		}
	}
	return nil, errStranger
}

// errStranger is who answers but is not the factory that the token is from.
var errStranger = errs.New(errs.Blocked, "what answers there is not the factory that the token is from; the secret was not sent").
	Do("use the address of that factory's agents, and a token that it made: factory agent create NAME")

// tls is how the factory is asked: it is known by its authority alone, and knows
// the agent by its certificate.
func (i *Identity) tls(now func() time.Time) *tls.Config {
	i.mu.Lock()
	defer i.mu.Unlock()
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM([]byte(i.in.Authority))
	return &tls.Config{MinVersion: tls.VersionTLS13, ServerName: wire.ServerName, RootCAs: pool, Time: now,
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			i.mu.Lock()
			defer i.mu.Unlock()
			cert := i.cert
			return &cert, nil
		}}
}

// Name is what people call the agent.
func (i *Identity) Name() string {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.in.Name
}

// URL is where the factory is.
func (i *Identity) URL() string {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.in.URL
}

// renew has the factory sign for the key again, when it is time.
func (i *Identity) renew(ctx context.Context, l *link, now time.Time) error {
	i.mu.Lock()
	in, key, end := i.in, i.cert.PrivateKey, i.end
	i.mu.Unlock()
	if end.Sub(now) > renewBefore {
		return nil
	}
	text, err := request(key)
	if err != nil {
		return err
	}
	out, err := call[wire.Joined](ctx, l, "renew", wire.Join{Request: text})
	if err != nil {
		return err
	}
	in.Certificate = out.Certificate
	return i.keep(in)
}
