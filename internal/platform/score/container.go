package score

import (
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/digital-factory/factory/internal/platform/resource"
)

var keyForm = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,99}$`)

func (r *reader) container(at string, c container) {
	if c.Image != "." {
		r.no(at+".image", "image %q: the pipeline builds the image from this repository; write \".\"", c.Image)
	}
	if c.Files != nil {
		r.no(at+".files", "files are not put into containers here; commit them, or set a variable")
	}
	if c.Before != nil {
		r.no(at+".before", "there is one container, and nothing to be before")
	}
	r.w.Command, r.w.Args = c.Command, c.Args
	for _, key := range slices.Sorted(maps.Keys(c.Variables)) {
		place := at + ".variables." + key
		if !keyForm.MatchString(key) {
			r.no(place, "%q is no name of an environment variable", key)
		}
		if platforms(key) {
			r.no(place, "%s is set by the platform", key)
		}
		if _, err := resource.Expand(c.Variables[key], r.known); err != nil {
			r.no(place, "%v", err)
		}
		r.w.Variables[key] = c.Variables[key]
	}
	r.mounts(at, c.Volumes)
	r.limits(at+".resources.limits", c.Resources.Limits)
	if c.LivenessProbe != nil {
		r.no(at+".livenessProbe", "there is no liveness probe here: a process that ends is started again; let it end when it cannot go on, and leave this out")
	}
	if p := c.ReadinessProbe; p != nil {
		r.probe(at+".readinessProbe", *p)
	}
}

// platforms reports whether the platform sets a variable.
func platforms(key string) bool {
	return slices.Contains([]string{"PORT", "HOME", "TMPDIR", "PATH", "LD_PRELOAD", "LD_LIBRARY_PATH"}, key) ||
		strings.HasPrefix(key, "OTEL_") || strings.HasPrefix(key, "OFREP_") || strings.HasPrefix(key, "FACTORY_")
}

// known reports whether a placeholder will have a value.
func (r *reader) known(placeholder string) (string, error) {
	if placeholder == "metadata.name" {
		return "", nil
	}
	rest, ok := strings.CutPrefix(placeholder, "resources.")
	if !ok {
		return "", fmt.Errorf("${%s} is nothing that is known here; there are ${metadata.name} and ${resources.NAME.OUTPUT}, and $${ for what shall read ${", placeholder)
	}
	name, output, _ := strings.Cut(rest, ".")
	kind, ok := r.w.Kinds[name]
	if !ok {
		return "", fmt.Errorf("${%s}: there is no resource %s", placeholder, name)
	}
	if kind == resource.Environment {
		if !keyForm.MatchString(output) {
			return "", fmt.Errorf("${%s} must name a variable, as in ${resources.%s.LOCALE}", placeholder, name)
		}
		return "", nil
	}
	if all := resource.Outputs(kind); !slices.Contains(all, output) {
		return "", fmt.Errorf("${%s}: of a %s there are %s", placeholder, kind, strings.Join(all, ", "))
	}
	return "", nil
}

var wholeResource = regexp.MustCompile(`^\$\{resources\.([a-z0-9-]+)(\.source)?\}$`)

// mounts gives volumes the places at which the container has them.
func (r *reader) mounts(at string, list mounts) {
	for _, m := range list {
		place := at + "." + m.at
		name := m.Source
		if found := wholeResource.FindStringSubmatch(m.Source); found != nil {
			name = found[1]
		}
		d, ok := r.w.Resources[name]
		switch {
		case !ok || d.Type != resource.Volume:
			r.no(place, "source %q is no volume; declare one under resources and write ${resources.NAME}", m.Source)
			continue
		case m.Path != "" && m.Path != "/":
			r.no(place, "path %q: a volume is mounted whole; leave it out", m.Path)
		case m.ReadOnly:
			r.no(place, "readOnly is not known here: who declares a volume may write; leave it out")
		case d.Path != "/":
			r.no(place, "the volume %s is mounted twice", name)
		}
		d.Path = m.Target
		r.w.Resources[name] = d
	}
	for _, name := range slices.Sorted(maps.Keys(r.w.Resources)) {
		if d := r.w.Resources[name]; d.Type == resource.Volume && d.Path == "/" {
			r.no("resources."+name, "the container does not mount the volume %s; name it under volumes", name)
			delete(r.w.Resources, name)
		}
	}
}

var (
	memoryForm = regexp.MustCompile(`^([1-9][0-9]{0,12})(K|M|G|T|Ki|Mi|Gi|Ti)?$`)
	cpuForm    = regexp.MustCompile(`^([0-9]{1,6}m|[0-9]{0,3}(\.[0-9]{1,6})?)$`)
	units      = map[string]int64{"": 1, "K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30, "Ti": 1 << 40}
)

const leastMemory = 16 << 20

func (r *reader) limits(at string, limits map[string]string) {
	for _, key := range slices.Sorted(maps.Keys(limits)) {
		text, place := limits[key], at+"."+key
		switch key {
		case "cpu":
			n, ok := CPUs(text)
			if !ok || n < 0.01 || n > r.most.CPUs {
				r.no(place, "cpu %q must be a number of processors such as 500m or 1.5, at the most %g", text, r.most.CPUs)
			}
			r.w.CPUs = n
		case "memory":
			n, ok := Bytes(text)
			switch {
			case !ok:
				r.no(place, "memory %q must be a number of bytes with a unit, such as 256Mi", text)
			case n < leastMemory || n > r.most.Memory:
				r.no(place, "memory %q must be at least %dMi and at the most %dMi", text, leastMemory>>20, r.most.Memory>>20)
			default:
				r.w.Memory = n
			}
		default:
			r.no(place, "there is no limit of %s; there are cpu and memory", key)
		}
	}
}

// CPUs reads a number of processors as Kubernetes writes it: 500m, 0.5 or 2.
func CPUs(text string) (n float64, ok bool) {
	if !cpuForm.MatchString(text) {
		return 0, false
	}
	milli, thousandths := strings.CutSuffix(text, "m")
	n, err := strconv.ParseFloat(milli, 64)
	if thousandths {
		n /= 1000
	}
	return n, err == nil
}

// Bytes reads a number of bytes as Kubernetes writes it: 256Mi, 1G or 1048576.
func Bytes(text string) (n int64, ok bool) {
	m := memoryForm.FindStringSubmatch(text)
	if m == nil {
		return 0, false
	}
	n, err := strconv.ParseInt(m[1], 10, 64)
	if unit := units[m[2]]; n > math.MaxInt64/unit {
		n = math.MaxInt64 // more than anybody has
	} else {
		n *= unit
	}
	return n, err == nil
}

func (r *reader) probe(at string, p probe) {
	h := p.HTTPGet
	switch {
	case len(r.d.Service.Ports) == 0:
		r.no(at, "without a port nobody can ask whether it is ready: it is when it has run for a while, or says so (worker.says in .factory/component.yaml); leave this out")
		return
	case p.Exec != nil || h == nil:
		r.no(at, "the gateway asks over HTTP whether it is ready; describe httpGet with path and port")
		return
	case h.Scheme != "" && h.Scheme != "HTTP":
		r.no(at+".httpGet.scheme", "the gateway asks over HTTP, not %s", h.Scheme)
	case h.Host != "" || h.HTTPHeaders != nil:
		r.no(at+".httpGet", "host and httpHeaders are not sent; leave them out")
	case h.Port != r.w.Port:
		r.no(at+".httpGet.port", "port %d is not the port %d on which the workload listens", h.Port, r.w.Port)
	case !strings.HasPrefix(h.Path, "/") || strings.ContainsAny(h.Path, " \n\r"):
		r.no(at+".httpGet.path", "the path %q must begin with a slash, without spaces", h.Path)
	}
	r.w.Health = h.Path
}
