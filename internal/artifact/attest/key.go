package attest

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"io/fs"
	"os"

	"github.com/digital-factory/factory/internal/artifact/blob"
	"github.com/digital-factory/factory/internal/base/errs"
)

// Signer signs with an Ed25519 key that it does not hand out: a key file, or a
// process or device that holds it.
type Signer interface {
	Sign(ctx context.Context, data []byte) ([]byte, error)
	Public() ed25519.PublicKey
}

// KeyID names a public key: the SHA-256 of its DER (SubjectPublicKeyInfo) in
// hexadecimal, as `openssl pkey -pubin -outform DER | sha256sum` gives it.
func KeyID(public ed25519.PublicKey) string {
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return "" // not a key; matches no signature
	}
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:])
}

// PublicPEM returns the public key as openssl and cosign read it.
func PublicPEM(public ed25519.PublicKey) ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), nil
}

// ParsePublicPEM reads what PublicPEM writes.
func ParsePublicPEM(text []byte) (ed25519.PublicKey, error) {
	block, _ := pem.Decode(text)
	if block == nil || block.Type != "PUBLIC KEY" {
		return nil, errs.New(errs.Invalid, "this is no public key in PEM").Do("save the factory's: factory artifact key > factory.pub")
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, errs.Because(errs.Invalid, err, "the public key cannot be read: %v", err)
	}
	public, ok := key.(ed25519.PublicKey)
	if !ok {
		return nil, errs.New(errs.Invalid, "this is a key of another kind than Ed25519, with which the factory signs")
	}
	return public, nil
}

// keyFile is a Signer with the key in memory.
type keyFile struct{ private ed25519.PrivateKey }

func (k keyFile) Sign(_ context.Context, data []byte) ([]byte, error) {
	return ed25519.Sign(k.private, data), nil
}

func (k keyFile) Public() ed25519.PublicKey { return k.private.Public().(ed25519.PublicKey) }

// KeyFile returns a Signer with the private key in the file name below root
// (PKCS #8, PEM). The first call creates it, readable by its owner only; a file
// that others may read is refused, for its signatures prove nothing.
func KeyFile(root *os.Root, name string) (Signer, error) {
	text, err := root.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		if err := createKey(root, name); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
		text, err = root.ReadFile(name) // ours, or that of a process that was faster
	}
	if err != nil {
		return nil, err
	}
	info, err := root.Stat(name)
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, errs.New(errs.Blocked, "the signing key %s has mode %04o: other accounts of this machine could have used it", name, info.Mode().Perm()).
			Do("if nobody else read it, chmod 600 it; otherwise remove it, and publish again what is to be deployed")
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errs.New(errs.Blocked, "the signing key %s is not a PEM file", name).Do("restore it from the backup")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	private, ok := key.(ed25519.PrivateKey)
	if err != nil || !ok {
		return nil, errs.Because(errs.Blocked, err, "the signing key %s is not an Ed25519 key in PKCS #8", name).Do("restore it from the backup")
	}
	return keyFile{private}, nil
}

func createKey(root *os.Root, name string) error {
	_, text, err := NewKey()
	if err != nil {
		return err
	}
	return blob.Create(root, name, text)
}

// NewKey makes a key, and its file's text (PKCS #8, PEM).
func NewKey() (Signer, []byte, error) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, nil, err
	}
	return keyFile{private}, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}
