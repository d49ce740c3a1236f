package resource

import (
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/digital-factory/factory/internal/base/egress"
	"github.com/digital-factory/factory/internal/base/errs"
)

// The types of resources.
const (
	Postgres = "postgres" // a database of its own
	Volume   = "volume"   // a folder that stays
	Route    = "route"    // the component's address on the gateway
	Network  = "network"  // hosts that it may reach
)

// Declaration is what a component's file says of a resource.
type Declaration struct {
	Type string `yaml:"type" json:"type"`
	Path string `yaml:"path" json:"path,omitempty"` // of a volume: where the workload finds it
	Size string `yaml:"size" json:"size,omitempty"` // of a volume: how much fits in
	// Hosts that a network leads to.
	Hosts []egress.Host `yaml:"hosts" json:"hosts,omitempty"`
}

// Declarations are a component's resources by name.
type Declarations map[string]Declaration

// Bounds of what can be declared.
const (
	mostDeclared = 10
	usualSize    = 1 << 30
	leastSize    = 1 << 20
	mostSize     = 1 << 40
)

var (
	nameForm = regexp.MustCompile(`^[a-z]([a-z0-9-]{0,18}[a-z0-9])?$`)
	pathForm = regexp.MustCompile(`^(/[A-Za-z0-9._-]+)+$`)
	sizeForm = regexp.MustCompile(`^([0-9]{1,6})(MiB|GiB)$`)
)

// theirs are folders of a workload that are not free for a volume.
var theirs = []string{"/proc", "/dev", "/sys", "/tmp", "/app", "/etc", "/usr", "/bin", "/sbin", "/lib", "/lib64"}

// Check tells what is wrong, and of which resource and field (which may be empty).
func (d Declarations) Check(bad func(name, field, text string)) {
	if len(d) > mostDeclared {
		bad("", "", fmt.Sprintf("resources has %d entries; %d at the most", len(d), mostDeclared))
	}
	first, mounts := map[string]string{}, map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(d)) {
		r := d[name]
		if !nameForm.MatchString(name) {
			bad(name, "", fmt.Sprintf("the resource's name %q must have 1 to 20 lower-case letters, digits and dashes, begin with a letter and not end with a dash", name))
		}
		switch r.Type {
		case Postgres, Route, Network:
			if r.Path != "" || r.Size != "" {
				bad(name, "", fmt.Sprintf("a %s has neither path nor size; only a volume has", r.Type))
			}
			if other := first[r.Type]; other != "" {
				bad(name, "type", fmt.Sprintf("%s is a second %s beside %s; a component has one", name, r.Type, other))
			}
			first[r.Type] = name
			hostFaults(r, func(text string) { bad(name, "hosts", text) })
		case Volume:
			if fault := mountFault(r.Path); fault != "" {
				bad(name, "path", fault)
			}
			for at, other := range mounts {
				if within(r.Path, at) || within(at, r.Path) {
					bad(name, "path", fmt.Sprintf("%s overlaps %s of the volume %s", r.Path, at, other))
				}
			}
			mounts[r.Path] = name
			hostFaults(r, func(text string) { bad(name, "hosts", text) })
			if n, ok := r.bytes(); !ok || n < leastSize || n > mostSize {
				bad(name, "size", fmt.Sprintf("the size %q must be a number of MiB or GiB, such as 2GiB, up to 1024GiB", r.Size))
			}
		case "":
			bad(name, "", fmt.Sprintf("%s has no type; it may be postgres, volume, route or network", name))
		default:
			bad(name, "type", fmt.Sprintf("there is no resource of the type %q; there are postgres, volume, route and network", r.Type))
		}
	}
}

// hostFaults tells what is wrong with the hosts of a resource.
func hostFaults(d Declaration, bad func(text string)) {
	switch {
	case d.Type != Network && len(d.Hosts) > 0:
		bad(fmt.Sprintf("a %s has no hosts; only a network has", d.Type))
	case d.Type == Network && (len(d.Hosts) == 0 || len(d.Hosts) > egress.Most):
		bad(fmt.Sprintf("a network must list 1 to %d hosts that the workload may reach", egress.Most))
	}
	for _, h := range d.Hosts {
		if why := h.Check(); why != "" {
			bad(fmt.Sprintf("%.100q %s", string(h), why))
		}
	}
}

func mountFault(p string) string {
	if !pathForm.MatchString(p) || path.Clean(p) != p || len(p) > 200 {
		return fmt.Sprintf("the path %q must be absolute and plain, such as /var/data: there the workload finds the volume", p)
	}
	for _, t := range theirs {
		if within(p, t) {
			return fmt.Sprintf("the path %s is in %s, which the workload has already; choose another, such as /var/data", p, t)
		}
	}
	return ""
}

func within(p, dir string) bool { return p == dir || strings.HasPrefix(p, dir+"/") }

// bytes is the size of a volume.
func (d Declaration) bytes() (int64, bool) {
	if d.Size == "" {
		return usualSize, true
	}
	m := sizeForm.FindStringSubmatch(d.Size)
	if m == nil {
		return 0, false
	}
	n, err := strconv.ParseInt(m[1], 10, 64)
	if m[2] == "GiB" {
		return n << 30, err == nil
	}
	return n << 20, err == nil
}

// Bytes is the size of a volume whose declaration was checked, and 0 for others.
func (d Declaration) Bytes() int64 {
	if d.Type != Volume {
		return 0
	}
	n, _ := d.bytes()
	return n
}

// Label writes declarations for an image; empty for none.
func (d Declarations) Label() (string, error) {
	if len(d) == 0 {
		return "", nil
	}
	raw, err := json.Marshal(d)
	return string(raw), err
}

// Need is what an image asks for.
type Need struct {
	Resources json.RawMessage `json:"resources,omitempty"` // as Label wrote it
	// Variables are those that the workload is told, with placeholders, in place of
	// the usual ones of each resource; nil: the usual ones.
	Variables map[string]string `json:"variables,omitempty"`
	Kinds     map[string]string `json:"kinds,omitempty"` // types of what placeholders name
}

// Text writes a need; empty for none.
func (n Need) Text() (string, error) {
	if len(n.Resources) == 0 && n.Variables == nil {
		return "", nil
	}
	raw, err := json.Marshal(n)
	return string(raw), err
}

// parse reads what Text wrote.
func parse(text string) (n Need, d Declarations, err error) {
	if err = json.Unmarshal([]byte(text), &n); err == nil && len(n.Resources) > 0 {
		err = json.Unmarshal(n.Resources, &d)
	}
	if err != nil {
		return n, nil, errs.Because(errs.Invalid, err, "what the image says of its resources cannot be read")
	}
	bad := errs.New(errs.Invalid, "what the image says of its resources cannot be used").Do("build it by the component's pipeline")
	d.Check(func(name, field, text string) { bad.In(strings.TrimSuffix(name+"."+field, "."), "%s", text) })
	if len(bad.Fields) > 0 {
		return n, nil, bad
	}
	return n, d, nil
}
