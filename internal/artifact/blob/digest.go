package blob

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"hash"
	"io"
	"strings"

	"github.com/digital-factory/factory/internal/base/errs"
)

// Digest names content by its hash, as OCI writes it: "sha256:" or "sha512:"
// and lower-case hexadecimal. A Digest made by Parse or Of is always valid.
type Digest string

// Parse returns s as a Digest, or an Invalid error when the algorithm is
// neither sha256 nor sha512 or the hexadecimal part is not exactly as long as
// the algorithm says.
func Parse(s string) (Digest, error) {
	algorithm, encoded, _ := strings.Cut(s, ":")
	want := 0
	switch algorithm {
	case "sha256":
		want = 2 * sha256.Size
	case "sha512":
		want = 2 * sha512.Size
	default:
		return "", errs.New(errs.Invalid, "digest %.80q has no algorithm this registry knows", s).Do("use sha256:<64 hex> or sha512:<128 hex>")
	}
	if len(encoded) != want || strings.Trim(encoded, "0123456789abcdef") != "" {
		return "", errs.New(errs.Invalid, "digest %.160q is not %d lower-case hexadecimal digits", s, want)
	}
	return Digest(s), nil
}

// Of returns the sha256 digest of data.
func Of(data []byte) Digest {
	sum := sha256.Sum256(data)
	return Digest("sha256:" + hex.EncodeToString(sum[:]))
}

// Algorithm returns "sha256" or "sha512".
func (d Digest) Algorithm() string {
	a, _, _ := strings.Cut(string(d), ":")
	return a
}

// Hex returns the hash in lower-case hexadecimal.
func (d Digest) Hex() string {
	_, h, _ := strings.Cut(string(d), ":")
	return h
}

// hasher returns a new hash of d's algorithm; the empty digest means sha256.
func (d Digest) hasher() hash.Hash {
	if d.Algorithm() == "sha512" {
		return sha512.New()
	}
	return sha256.New()
}

// Matches reports whether data hashes to d.
func (d Digest) Matches(data []byte) bool {
	h := d.hasher()
	h.Write(data)
	return hex.EncodeToString(h.Sum(nil)) == d.Hex()
}

// path returns where the content lies below the store's root. The two-digit
// folder keeps folders small at a million blobs.
func (d Digest) path() string {
	return "blobs/" + d.Algorithm() + "/" + d.Hex()[:2] + "/" + d.Hex()
}

// From returns the sha256 digest of what r yields.
func From(r io.Reader) (Digest, error) {
	h := sha256.New()
	if _, err := io.Copy(h, r); err != nil {
		return "", err
	}
	return Digest("sha256:" + hex.EncodeToString(h.Sum(nil))), nil
}
