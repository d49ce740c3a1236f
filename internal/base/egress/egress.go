// Package egress carries what sandboxed processes send to the hosts that they list:
// they have no network, but a door to a proxy outside of their sandbox. It
// connects to nothing that is not listed, and to no private address unless
// whoever runs this machine named the host.
package egress

import (
	"net"
	"regexp"
	"slices"
	"strings"

	"github.com/digital-factory/factory/internal/base/errs"
)

// Port is where the proxy listens inside a sandbox, on 127.0.0.1.
const Port = 3128

// Most is how many hosts one may list.
const Most = 20

var hostForm = regexp.MustCompile(`^(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(:[1-9][0-9]{0,4})?$`)

// Host is a host as it is listed: a name or an IPv4 address, with a port when that
// is not 443 or 80. "*.name" is all names below a name.
type Host string

// Check says what is wrong with a host; empty when it can be listed.
func (h Host) Check() string {
	if !hostForm.MatchString(string(h)) || len(h) > 260 {
		return "must be the name of a host, such as proxy.golang.org, *.example.com or mirror.example.com:8443"
	}
	return ""
}

// covers reports whether the host is meant by what a step connects to.
func (h Host) covers(name, port string) bool {
	listed, own, has := strings.Cut(string(h), ":")
	if has && own != port || !has && port != "443" && port != "80" {
		return false
	}
	if below, all := strings.CutPrefix(listed, "*"); all {
		return strings.HasSuffix(name, below) && len(name) > len(below)
	}
	return name == listed
}

// Registries are where dependencies are published: the ones that every step may
// list, in checks of branches too.
var Registries = []Host{
	"proxy.golang.org", "sum.golang.org", "registry.npmjs.org", "pypi.org", "files.pythonhosted.org", "index.crates.io", "static.crates.io",
	"repo.maven.apache.org", "repo1.maven.org", "rubygems.org", "index.rubygems.org", "api.nuget.org", "repo.packagist.org",
}

// Reach is how far processes reach.
type Reach string

// The reaches.
const (
	Public     Reach = "public"     // any public host that they list; steps in checks of branches: registries
	OfPackages Reach = "registries" // registries only
	None       Reach = "none"
)

// Policy is what processes on this machine may reach. The zero Policy is Public.
type Policy struct {
	Reach Reach
	// Own are hosts of whoever runs this machine, that steps of branches may reach too,
	// and that may have private addresses.
	Own []Host
	// Dial connects; nil is a net.Dialer's.
	Dial func(network, address string) (net.Conn, error)
}

// NewPolicy reads a policy as it stands on a command line.
func NewPolicy(reach string, named []string) (p Policy, err error) {
	p.Reach = Reach(reach)
	if !slices.Contains([]Reach{Public, OfPackages, None}, p.Reach) {
		return p, errs.New(errs.Invalid, "--network %q is none of public, registries and none", reach)
	}
	for _, n := range named {
		h := Host(strings.ToLower(strings.TrimSpace(n)))
		if why := h.Check(); why != "" {
			return p, errs.New(errs.Invalid, "--reach %q %s", n, why)
		}
		p.Own = append(p.Own, h)
	}
	return p, nil
}

func (p Policy) registry(h Host) bool {
	return slices.Contains(Registries, h) || slices.Contains(p.Own, h)
}

// Withheld are the hosts, of those that a step lists, that it may not reach in a
// check of a branch, but on the trunk: of a branch anybody may write the pipeline file.
func (p Policy) Withheld(list []Host) []Host {
	return slices.DeleteFunc(slices.Clone(list), p.registry)
}

// refused says why nothing on this machine reaches a host; empty when it may.
func (p Policy) refused(h Host) string {
	switch {
	case p.Reach == None:
		return "nothing on this machine reaches the outside (--network none)"
	case p.Reach == OfPackages && !p.registry(h):
		return "from this machine package registries are reached only; who runs it can name the host: --reach " + string(h)
	}
	return ""
}
