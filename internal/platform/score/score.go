// Package score reads a workload's description in the Score format, version
// score.dev/v1b1: what it runs, what it is told, and what it needs. What of the
// format this platform cannot do is refused where it stands, with what to do
// instead, so that nobody relies on what does not happen.
package score

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"github.com/digital-factory/factory/internal/base/document"
	"github.com/digital-factory/factory/internal/base/egress"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/platform/resource"
)

// File is where a repository has the description.
const File = "score.yaml"

// Workload is what a description says.
type Workload struct {
	Name      string                `json:"name"`
	Command   []string              `json:"command,omitempty"` // in place of the image's program
	Args      []string              `json:"args,omitempty"`    // in place of the image's arguments
	Variables map[string]string     `json:"variables"`         // with placeholders
	CPUs      float64               `json:"cpus,omitempty"`    // at most; 0: as the platform gives
	Memory    int64                 `json:"memory,omitempty"`  // bytes, likewise
	Kinds     map[string]string     `json:"kinds,omitempty"`   // types of all its resources, by name
	Resources resource.Declarations `json:"-"`                 // those that are provided
	Port      int                   `json:"-"`                 // 0: it is a worker, that serves nothing
	Health    string                `json:"-"`                 // path; empty: it says none
	Replicas  int                   `json:"-"`                 // processes that it asks for; 0: it says none
}

// Program is what runs, where an image has an entrypoint and arguments.
func (w Workload) Program(entrypoint, args []string) []string {
	if len(w.Command) > 0 {
		entrypoint = w.Command
	}
	if len(w.Args) > 0 {
		args = w.Args
	}
	return slices.Concat(entrypoint, args)
}

// description is the file.
type description struct {
	APIVersion string               `yaml:"apiVersion"`
	Metadata   map[string]any       `yaml:"metadata"`
	Service    service              `yaml:"service"`
	Containers map[string]container `yaml:"containers"`
	Resources  map[string]need      `yaml:"resources"`
}

type service struct {
	Ports map[string]port `yaml:"ports"`
}

type port struct {
	Port       int    `yaml:"port"`
	TargetPort int    `yaml:"targetPort"`
	Protocol   string `yaml:"protocol"`
}

type container struct {
	Image          string            `yaml:"image"`
	Command        []string          `yaml:"command"`
	Args           []string          `yaml:"args"`
	Variables      map[string]string `yaml:"variables"`
	Files          any               `yaml:"files"`
	Before         any               `yaml:"before"`
	Volumes        mounts            `yaml:"volumes"`
	Resources      bounds            `yaml:"resources"`
	LivenessProbe  *probe            `yaml:"livenessProbe"`
	ReadinessProbe *probe            `yaml:"readinessProbe"`
}

type bounds struct {
	Limits   map[string]string `yaml:"limits"`
	Requests map[string]string `yaml:"requests"` // there is one machine: nothing is placed by them
}

type probe struct {
	HTTPGet *httpGet `yaml:"httpGet"`
	Exec    any      `yaml:"exec"`
}

type httpGet struct {
	Path        string `yaml:"path"`
	Port        int    `yaml:"port"`
	Scheme      string `yaml:"scheme"`
	Host        string `yaml:"host"`
	HTTPHeaders any    `yaml:"httpHeaders"`
}

type mount struct {
	Source   string `yaml:"source"`
	Target   string `yaml:"target"`
	Path     string `yaml:"path"`
	ReadOnly bool   `yaml:"readOnly"`

	at string // where it stands in the file
}

// mounts are a list, or a mapping by target, as the format has had both.
type mounts []mount

// UnmarshalYAML reads either.
func (m *mounts) UnmarshalYAML(node ast.Node) error {
	if node.Type() == ast.SequenceType {
		var list []mount
		if err := yaml.NodeToValue(node, &list, yaml.DisallowUnknownField()); err != nil {
			return err
		}
		for i := range list {
			list[i].at = fmt.Sprintf("volumes[%d]", i)
		}
		*m = list
		return nil
	}
	var by map[string]mount
	if err := yaml.NodeToValue(node, &by, yaml.DisallowUnknownField()); err != nil {
		return err
	}
	for _, target := range slices.Sorted(maps.Keys(by)) {
		one := by[target]
		one.Target, one.at = target, "volumes"
		*m = append(*m, one)
	}
	return nil
}

type need struct {
	Type     string         `yaml:"type"`
	Class    string         `yaml:"class"`
	ID       string         `yaml:"id"`
	Metadata map[string]any `yaml:"metadata"`
	Params   map[string]any `yaml:"params"`
}

// Most is what the platform gives a workload at the most.
type Most struct {
	CPUs     float64
	Memory   int64 // bytes
	Replicas int
}

// Parse reads a description. Errors are errs.Invalid and name line and column.
func Parse(data []byte, most Most) (Workload, error) {
	bad := errs.New(errs.Invalid, "%s cannot be used", File).Do("correct the lines named and push again")
	var d description
	if err := document.Decode(data, &d); errors.Is(err, io.EOF) {
		return Workload{}, bad.In(File, "is empty; begin with apiVersion: score.dev/v1b1, or remove it")
	} else if err != nil {
		at, text := document.Place(File, err)
		return Workload{}, bad.In(at, "%s", text)
	}
	r := &reader{d: d, most: most, places: document.PlacesIn(File, data), bad: bad, w: Workload{Variables: map[string]string{}, Resources: resource.Declarations{}, Kinds: map[string]string{}}}
	r.read()
	if len(bad.Fields) > 0 {
		return Workload{}, bad
	}
	return r.w, nil
}

type reader struct {
	d      description
	most   Most
	places document.Places
	bad    *errs.Error
	w      Workload
}

// no notes what is wrong at a path of the file.
func (r *reader) no(path, format string, args ...any) {
	r.bad.In(r.places.Of("$."+path), format, args...)
}

func (r *reader) read() {
	if r.d.APIVersion != "score.dev/v1b1" {
		r.no("apiVersion", "apiVersion %q is not known here; write score.dev/v1b1", r.d.APIVersion)
	}
	name, _ := r.d.Metadata["name"].(string)
	if r.w.Name = name; name == "" {
		r.no("metadata", "metadata.name is missing; it is the component's name")
	}
	r.replicas()
	r.port()
	if len(r.d.Containers) != 1 {
		r.no("containers", "containers has %d entries; a component is one program: describe it as one container, and others as components of their own", len(r.d.Containers))
	}
	for _, name := range slices.Sorted(maps.Keys(r.d.Resources)) {
		r.resource(name, r.d.Resources[name])
	}
	for _, name := range slices.Sorted(maps.Keys(r.d.Containers)) {
		r.container("containers."+name, r.d.Containers[name])
	}
	r.w.Resources.Check(func(name, field, text string) {
		if path := "resources." + name; field == "size" {
			r.no(path+".params.size", "%s", text)
		} else {
			r.no(strings.TrimSuffix(path, "."), "%s", text)
		}
	})
}

// Replicas is the annotation by which a description asks for several processes:
// the format itself has no word for it.
const Replicas = "factory/replicas"

func (r *reader) replicas() {
	said, is := r.d.Metadata["annotations"].(map[string]any)
	if text, there := said[Replicas]; is && there {
		n, err := strconv.Atoi(fmt.Sprint(text))
		if r.w.Replicas = n; err != nil || n < 1 || n > r.most.Replicas {
			r.no("metadata.annotations.'"+Replicas+"'", "%s %q must be \"1\" to \"%d\"", Replicas, fmt.Sprint(text), r.most.Replicas)
		}
	}
}

func (r *reader) port() {
	if len(r.d.Service.Ports) > 1 {
		r.no("service.ports", "service.ports has %d entries; a component listens on one port, over which the gateway reaches it, or on none, as a worker", len(r.d.Service.Ports))
		return
	}
	for name, p := range r.d.Service.Ports {
		if p.Protocol != "" && p.Protocol != "TCP" {
			r.no("service.ports."+name+".protocol", "the gateway carries HTTP over TCP, not %s", p.Protocol)
		}
		if r.w.Port = p.TargetPort; r.w.Port == 0 {
			r.w.Port = p.Port
		}
		if r.w.Port < 1 || r.w.Port > 65535 || r.w.Port == 4318 {
			r.no("service.ports."+name, "the port %d must be 1 to 65535, and not 4318, where telemetry is taken", r.w.Port)
		}
	}
}

func (r *reader) resource(name string, n need) {
	at := "resources." + name
	if n.Class != "" && n.Class != "default" {
		r.no(at+".class", "there is no class %q of %s; leave it out", n.Class, n.Type)
	}
	if n.ID != "" {
		r.no(at+".id", "a resource is of one component, and cannot be shared by an id; leave it out")
	}
	allowed := map[string][]string{resource.Volume: {"size"}, resource.Route: {"host", "path", "port"}, resource.Network: {"hosts"}}[n.Type]
	for _, key := range slices.Sorted(maps.Keys(n.Params)) {
		if !slices.Contains(allowed, key) {
			r.no(at+".params."+key, "a %s has no parameter %s here", n.Type, key)
		}
	}
	r.w.Kinds[name] = n.Type
	d := resource.Declaration{Type: n.Type}
	switch n.Type {
	case resource.Environment:
		return
	case resource.Volume:
		d.Path = "/" // until a container mounts it
		if size, ok := n.Params["size"]; ok {
			d.Size = fmt.Sprint(size)
		}
	case resource.Route:
		r.route(at, n.Params)
	case resource.Postgres:
	case resource.Network:
		d.Hosts = r.hosts(at, n.Params["hosts"])
	default:
		r.no(at+".type", "there is no resource of the type %q; there are postgres, volume, route, network and environment", n.Type)
		return
	}
	r.w.Resources[name] = d
}

// hosts reads those of a network.
func (r *reader) hosts(at string, param any) (list []egress.Host) {
	all, ok := param.([]any)
	if !ok {
		r.no(at+".params.hosts", "must list the hosts that the workload may reach, such as [api.example.com]")
		return nil
	}
	for _, h := range all {
		list = append(list, egress.Host(fmt.Sprint(h)))
	}
	return list
}

// route makes sure that a route is the one that there is.
func (r *reader) route(at string, params map[string]any) {
	if host, ok := params["host"]; ok {
		r.no(at+".params.host", "the gateway names hosts itself, after the component and the environment, not %v; leave it out", host)
	}
	if path, ok := params["path"]; ok && path != "/" {
		r.no(at+".params.path", "a component has a host of its own on the gateway, all paths of it; %v would be a part: leave it out", path)
	}
}
