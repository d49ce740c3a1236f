package platform

import (
	"encoding/json"

	"github.com/digital-factory/factory/internal/base/document"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/platform/resource"
	"github.com/digital-factory/factory/internal/platform/scale"
	"github.com/digital-factory/factory/internal/platform/score"
	"github.com/digital-factory/factory/internal/ref"
)

// most is what a workload may ask for: what it is given when it asks for nothing.
var most = score.Most{CPUs: scale.MostMilliCPU / 1000, Memory: scale.MostMemory, Replicas: scale.MostReplicas}

// describe takes from score.yaml what it says, which the manifest must then not
// say too.
func (m *Manifest) describe(file []byte, places document.Places, bad *errs.Error) error {
	for _, twice := range []struct {
		path    string
		said    bool
		instead string
	}{
		{"service.port", m.Service.Port != 0, "service.ports"}, {"service.health", m.Service.Health != "", "readinessProbe of the container"}, {"resources", len(m.Resources) > 0, "resources"},
	} {
		if twice.said {
			bad.In(places.Of("$."+twice.path), "%s is said by %s, where one is: take it out here, and say it there, in %s", twice.path, score.File, twice.instead)
		}
	}
	if len(bad.Fields) > 0 {
		return bad
	}
	w, err := score.Parse(file, most)
	if err != nil {
		return err
	}
	m.Workload, m.Service.Port, m.Service.Health, m.Resources = &w, w.Port, w.Health, w.Resources
	if w.Port == 0 && m.Worker == nil {
		m.Worker = &Worker{} // it serves nothing
	}
	if w.Replicas == 0 {
		return nil
	}
	section, asked := "service", &m.Service.Replicas
	if m.Worker != nil {
		section, asked = "worker", &m.Worker.Replicas
	}
	if *asked != 0 {
		bad.In(places.Of("$."+section+".replicas"), "%s.replicas is said by %s too, in the annotation %s: take it out of one of them", section, score.File, score.Replicas)
	}
	*asked = w.Replicas
	return nil
}

// Of refuses a description of another component.
func (m Manifest) Of(c ref.Component) error {
	if m.Workload != nil && m.Workload.Name != string(c) {
		return errs.New(errs.Invalid, "%s cannot be used", score.File).In(score.File, "metadata.name is %q, and the component is %s", m.Workload.Name, c).
			Do("write metadata: {name: %s} and push again", c)
	}
	return nil
}

func (m Manifest) label(labels map[string]string) error {
	if m.Workload == nil {
		return nil
	}
	raw, err := json.Marshal(m.Workload)
	labels[WorkloadLabel] = string(raw)
	return err
}

// NeedsOf reads what an image needs beside its process, as the provider of
// resources takes it, and what it says of its process.
func NeedsOf(labels map[string]string) (w score.Workload, needs string, err error) {
	need := resource.Need{Resources: json.RawMessage(labels[ResourcesLabel])}
	if text, ok := labels[WorkloadLabel]; ok {
		if err := json.Unmarshal([]byte(text), &w); err != nil {
			return w, "", errs.Because(errs.Invalid, err, "the label %s cannot be read", WorkloadLabel)
		}
		if need.Variables, need.Kinds = w.Variables, w.Kinds; need.Variables == nil {
			need.Variables = map[string]string{}
		}
	}
	needs, err = need.Text()
	return w, needs, err
}
