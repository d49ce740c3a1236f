package platform

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/digital-factory/factory/internal/base/document"
	"github.com/digital-factory/factory/internal/base/egress"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/platform/resource"
	"github.com/digital-factory/factory/internal/platform/score"
)

// ManifestFile is where a repository says how the platform runs it.
const ManifestFile = ".factory/component.yaml"

// Manifest is how the platform runs a component. It travels in the labels of
// the signed image.
type Manifest struct {
	Service Serving        `yaml:"service"`
	Worker  *Worker        `yaml:"worker"` // it serves nothing; nil: it is a service
	Jobs    map[string]Job `yaml:"jobs"`   // what runs at certain times, by name
	// What it needs beside its own process, by name.
	Resources resource.Declarations `yaml:"resources"`
	Workload  *score.Workload       `yaml:"-"`       // what score.yaml says; nil: there is none
	Rollout   map[string]any        `yaml:"rollout"` // overrides of the rollout plan; release knows them
	// What a version provides to other components and requires of them, by name;
	// release knows how versions and constraints are written.
	Provides map[string]document.Literal `yaml:"provides"`
	Requires map[string]document.Literal `yaml:"requires"`
	SLO      Objective                   `yaml:"slo"`
	Changes  Changes                     `yaml:"changes"`
	// Preview says whether a change of it is run to be tried before it is merged;
	// it is unless this is false.
	Preview *bool `yaml:"preview"`
}

// Previewed reports whether changes are run to be tried.
func (m Manifest) Previewed() bool { return m.Preview == nil || *m.Preview }

// Changes are the rules by which the trunk may be changed.
type Changes struct {
	Approvals int  `yaml:"approvals"` // by people who did not push to the branch; 0: nobody has to be asked
	Required  bool `yaml:"required"`  // the trunk takes changes only and cannot be pushed to
}

const mostApprovals = 10

// Serving is how a service is reached.
type Serving struct {
	Port   int      `yaml:"port" json:"port"`
	Health string   `yaml:"health" json:"health"`      // path that answers below 400 when it can serve
	Smoke  []string `yaml:"smoke" json:"smoke"`        // paths tried before traffic comes; health when empty
	Worker *Worker  `yaml:"-" json:"worker,omitempty"` // instead of all that

	Replicas int `yaml:"replicas" json:"replicas,omitempty"` // how many processes serve; 0: one
}

// ParseManifest reads a component.yaml that stands alone; see ParseDescribed.
func ParseManifest(data []byte) (Manifest, error) { return ParseDescribed(data, nil) }

// ParseDescribed reads a component.yaml, with the description in the Score format
// that is beside it (nil: none), and fills in the defaults; no data is a manifest
// of defaults. Errors name line and column.
func ParseDescribed(data, beside []byte) (Manifest, error) {
	m := Manifest{}
	bad := errs.New(errs.Invalid, "%s cannot be used", ManifestFile).Do("correct the lines named and push again")
	if err := document.Decode(data, &m); err != nil && !errors.Is(err, io.EOF) {
		at, text := document.Place(ManifestFile, err)
		return m, bad.In(at, "%s", text)
	}
	places := document.PlacesIn(ManifestFile, data)
	if m.Worker == nil && places.Has("$.worker") {
		m.Worker = &Worker{} // with nothing after it
	}
	if beside != nil {
		if err := m.describe(beside, places, bad); err != nil {
			return m, err
		}
	}
	if m.work(places, bad); m.Worker == nil {
		m.serve(places, bad)
	}
	m.checkJobs(places, bad)
	m.Resources.Check(func(name, field, text string) {
		bad.In(places.Of(strings.TrimRight("$.resources."+name+"."+field, ".")), "%s", text)
	})
	m.promise(places, bad)
	if n := m.Changes.Approvals; n < 0 || n > mostApprovals {
		bad.In(places.Of("$.changes.approvals"), "changes.approvals %d must be 0 to %d", n, mostApprovals)
	}
	if len(bad.Fields) > 0 {
		return m, bad
	}
	return m, nil
}

// serve checks how a service is reached, and fills in the defaults.
func (m *Manifest) serve(places document.Places, bad *errs.Error) {
	checkReplicas("service", m.Service.Replicas, places, bad)
	m.Service.Port, m.Service.Health = cmp.Or(m.Service.Port, 8080), cmp.Or(m.Service.Health, "/healthz")
	if m.Service.Port < 1 || m.Service.Port > 65535 || m.Service.Port == 4318 {
		bad.In(places.Of("$.service.port"), "service.port %d must be 1 to 65535, and not 4318, where telemetry is taken", m.Service.Port)
	}
	for i, p := range append([]string{m.Service.Health}, m.Service.Smoke...) {
		at := "$.service.health"
		if i > 0 {
			at = fmt.Sprintf("$.service.smoke[%d]", i-1)
		}
		if !strings.HasPrefix(p, "/") || strings.ContainsAny(p, " \n\r") {
			bad.In(places.Of(at), "the path %q must begin with a slash, without spaces", p)
		}
	}
	for name, r := range m.Resources {
		if r.Type == resource.Network && m.Service.Port == egress.Port {
			bad.In(places.Of("$.service.port"), "service.port must not be %d, where the service finds its way to %s", egress.Port, name)
		}
		if r.Type == resource.Postgres && m.Service.Port == resource.PostgresPort {
			bad.In(places.Of("$.service.port"), "service.port must not be %d, where the service finds its database %s", resource.PostgresPort, name)
		}
	}
}

// The labels that carry a manifest.
const (
	ServiceLabel = "io.digital-factory.service"
	RolloutLabel = "io.digital-factory.rollout"
	PartsLabel   = "io.digital-factory.parts"
	SLOLabel     = "io.digital-factory.slo"

	ResourcesLabel = "io.digital-factory.resources"
	WorkloadLabel  = "io.digital-factory.workload"
)

// Labels writes the manifest for an image.
func (m Manifest) Labels() (map[string]string, error) {
	service, err := json.Marshal(m.Service)
	if err != nil {
		return nil, err
	}
	objective, err := json.Marshal(m.SLO)
	if err != nil {
		return nil, err
	}
	labels := map[string]string{ServiceLabel: string(service), SLOLabel: string(objective)}
	if text, err := m.Resources.Label(); err != nil {
		return nil, err
	} else if text != "" {
		labels[ResourcesLabel] = text
	}
	if len(m.Jobs) > 0 {
		jobs, err := json.Marshal(m.Jobs)
		if err != nil {
			return nil, err
		}
		labels[JobsLabel] = string(jobs)
	}
	if err := m.label(labels); err != nil {
		return nil, err
	}
	if len(m.Rollout) > 0 {
		rollout, err := json.Marshal(m.Rollout)
		if err != nil {
			return nil, errs.Because(errs.Invalid, err, "the rollout section of %s has what JSON cannot hold", ManifestFile)
		}
		labels[RolloutLabel] = string(rollout)
	}
	if len(m.Provides)+len(m.Requires) > 0 {
		parts, err := json.Marshal(struct {
			Provides map[string]document.Literal `json:"provides,omitempty"`
			Requires map[string]document.Literal `json:"requires,omitempty"`
		}{m.Provides, m.Requires})
		if err != nil {
			return nil, err
		}
		labels[PartsLabel] = string(parts)
	}
	return labels, nil
}

// ServingOf reads a service's label; an image without one is refused.
func ServingOf(labels map[string]string) (Serving, error) {
	var s Serving
	text, ok := labels[ServiceLabel]
	if !ok {
		return s, errs.New(errs.Invalid, "the image does not say how to run it: it has no label %s", ServiceLabel).Do("build it by the component's pipeline")
	}
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return s, errs.Because(errs.Invalid, err, "the label %s cannot be read", ServiceLabel)
	}
	return s, nil
}
