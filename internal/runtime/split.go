package runtime

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"net"
	"net/http"
)

// How a request says whose it is: the unit of randomisation, a customer or a
// device. Without header and cookie it is the address.
const (
	unitHeader = "X-Unit-Id"
	unitCookie = "factory_unit"
)

func unitOf(r *http.Request) string {
	if u := r.Header.Get(unitHeader); u != "" {
		return u
	}
	if c, err := r.Cookie(unitCookie); err == nil && c.Value != "" {
		return c.Value
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// digest is the keyed hash of a unit: its first half places the unit, the
// second names it without telling who it is.
type digest [sha256.Size]byte

func hash(key, unit string) digest { return sha256.Sum256([]byte(key + "\x00" + unit)) }

// canary reports whether the unit is in the share. The threshold only grows
// within a rollout, so a unit that is in stays in.
func (d digest) canary(share float64) bool {
	if share >= 1 {
		return true
	}
	return float64(binary.BigEndian.Uint64(d[:8])>>11)/(1<<53) < share
}

// name identifies the unit within the rollout.
func (d digest) name() string { return hex.EncodeToString(d[16:]) }
