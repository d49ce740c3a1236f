package egress

import (
	"fmt"
	"net"
	"net/netip"
	"syscall"
)

// Networks that are not reached by accident: what is at home there is not public,
// although it is none of what net/netip calls private.
var inside = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"), netip.MustParsePrefix("198.18.0.0/15"),
	netip.MustParsePrefix("240.0.0.0/4"), netip.MustParsePrefix("2002::/16"), netip.MustParsePrefix("64:ff9b:1::/48"),
}

// nat64 has the IPv4 address in its last four bytes (RFC 6052).
var nat64 = netip.MustParsePrefix("64:ff9b::/96")

// public reports whether an address is everybody's to reach: not of this machine,
// of its network, or of a cloud's own services.
func public(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	if nat64.Contains(a) {
		raw := a.As16()
		a = netip.AddrFrom4([4]byte(raw[12:]))
	}
	if !a.IsGlobalUnicast() || a.IsPrivate() {
		return false
	}
	for _, p := range inside {
		if p.Contains(a) {
			return false
		}
	}
	return true
}

// errPrivate is an address that may not be reached.
type errPrivate struct{ host, address string }

// Error says which.
func (e errPrivate) Error() string {
	return fmt.Sprintf("%s has the address %s, which is of a private network: who runs this machine can name the host (--reach %s)", e.host, e.address, e.host)
}

// onlyPublic has a dialer refuse other addresses, when the name was looked up:
// what it was looked up for before does not count.
func onlyPublic(host string) func(network, address string, _ syscall.RawConn) error {
	return func(_, address string, _ syscall.RawConn) error {
		at, err := netip.ParseAddrPort(address)
		if err != nil {
			return err
		}
		if !public(at.Addr()) {
			return errPrivate{host, at.Addr().String()}
		}
		return nil
	}
}

// connect connects to a host, by way of the proxy that this machine's environment
// names, if it names one:
// what addresses are public is then for that proxy to know.
func (d *Door) connect(host, port string, named bool) (net.Conn, error) {
	if d.policy.Dial != nil {
		return d.policy.Dial("tcp", net.JoinHostPort(host, port))
	}
	if via := upstream(host, port); via != nil {
		return tunnel(d.ctx, via, net.JoinHostPort(host, port))
	}
	dialer := net.Dialer{Timeout: dialTimeout}
	if !named {
		dialer.Control = onlyPublic(host)
	}
	return dialer.DialContext(d.ctx, "tcp", net.JoinHostPort(host, port))
}
