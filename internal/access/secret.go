package access

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
)

// Argon2id with 19 MiB, two passes, one lane (OWASP's minimum, 27 ms here).
const (
	argonMemory = 19 << 10 // KiB
	argonTime   = 2
	argonLanes  = 1
	argonBytes  = 32
)

// hashing bounds the memory that concurrent sign-ins take.
type hashing chan struct{}

func (h hashing) run(password string, salt []byte) []byte {
	h <- struct{}{}
	defer func() { <-h }()
	return argon2.IDKey([]byte(password), salt, argonTime, argonMemory, argonLanes, argonBytes)
}

// hash returns a PHC string.
func (h hashing) hash(password string) string {
	salt := make([]byte, 16)
	_, _ = rand.Read(salt) // never fails
	enc := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonTime, argonLanes,
		enc.EncodeToString(salt), enc.EncodeToString(h.run(password, salt)))
}

// matches compares in constant time; it takes as long for an account that
// does not exist (phc ""), so that logins cannot be guessed by the clock.
func (h hashing) matches(phc, password string) bool {
	parts := strings.Split(phc, "$")
	if len(parts) != 6 {
		h.run(password, make([]byte, 16))
		return false
	}
	salt, err1 := base64.RawStdEncoding.DecodeString(parts[4])
	want, err2 := base64.RawStdEncoding.DecodeString(parts[5])
	if err1 != nil || err2 != nil {
		return false
	}
	return subtle.ConstantTimeCompare(h.run(password, salt), want) == 1
}

// newSecret returns a token with a prefix that scanners can find, and its hash.
func newSecret(prefix string) (secret, hash string) {
	raw := make([]byte, 32)
	_, _ = rand.Read(raw) // never fails
	secret = prefix + base64.RawURLEncoding.EncodeToString(raw)
	return secret, hashSecret(secret)
}

// hashSecret is plain SHA-256: the secret has 256 random bits.
func hashSecret(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}
