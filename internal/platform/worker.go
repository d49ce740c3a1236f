package platform

import (
	"time"

	"github.com/digital-factory/factory/internal/base/document"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/platform/resource"
	"github.com/digital-factory/factory/internal/platform/scale"
)

// Worker is a component that serves nothing: no port, no route.
type Worker struct {
	// Ready is how long it must have run without ending to be ready, such as "5s".
	Ready string `yaml:"ready" json:"ready"`
	// Says is a text: when it is not empty, the worker is ready at the first line that it prints with it instead.
	Says string `yaml:"says" json:"says,omitempty"`

	Replicas int `yaml:"replicas" json:"replicas,omitempty"` // how many processes work; 0: one
}

// How long a worker runs before it is ready.
const (
	usualReady = 5 * time.Second
	leastReady = time.Second
	mostReady  = 25 * time.Second // a start has 30 s
	mostSays   = 200
)

// work checks a worker, fills in the defaults, and tells the rollout what it is.
func (m *Manifest) work(places document.Places, bad *errs.Error) {
	if _, said := m.Rollout["worker"]; said {
		bad.In(places.Of("$.rollout.worker"), "rollout.worker is set by the platform: a component without a port is a worker; write worker: {} beside rollout")
	}
	if m.Worker == nil {
		return
	}
	checkReplicas("worker", m.Worker.Replicas, places, bad)
	if m.Service.Port != 0 || m.Service.Health != "" || len(m.Service.Smoke) > 0 || m.Service.Replicas != 0 {
		bad.In(places.Of("$.service"), "a worker serves nothing: take out either service or worker")
	}
	for name, r := range m.Resources {
		if r.Type == resource.Route {
			bad.In(places.Of("$.resources."+name), "%s is a route, and nobody can reach a worker: take it out", name)
		}
	}
	if m.Worker.Ready == "" {
		m.Worker.Ready = usualReady.String()
	} else if m.Worker.Says != "" {
		bad.In(places.Of("$.worker.ready"), "worker.ready and worker.says: one of them says when it is ready")
	}
	if d, err := time.ParseDuration(m.Worker.Ready); err != nil || d < leastReady || d > mostReady {
		bad.In(places.Of("$.worker.ready"), "worker.ready %.20q must be from %v to %v", m.Worker.Ready, leastReady, mostReady)
	}
	if len(m.Worker.Says) > mostSays {
		bad.In(places.Of("$.worker.says"), "worker.says has %d bytes: at most %d", len(m.Worker.Says), mostSays)
	}
	m.Service = Serving{Worker: m.Worker}
	if m.Rollout == nil {
		m.Rollout = map[string]any{}
	}
	m.Rollout["worker"] = true
}

// checkReplicas checks what the section says that it asks for.
func checkReplicas(section string, n int, places document.Places, bad *errs.Error) {
	if at := "$." + section + ".replicas"; n < 0 || n > scale.MostReplicas || n == 0 && places.Has(at) {
		bad.In(places.Of(at), "%s.replicas %d must be 1 to %d", section, n, scale.MostReplicas)
	}
}

// Asks returns how many processes it asks for; 0 when it says nothing.
func (s Serving) Asks() int {
	if s.Worker != nil {
		return s.Worker.Replicas
	}
	return s.Replicas
}

// Steady returns how long a worker runs before it is ready; 0 of a service.
func (s Serving) Steady() time.Duration {
	if s.Worker == nil {
		return 0
	}
	d, err := time.ParseDuration(s.Worker.Ready)
	if err != nil {
		return usualReady // the label was written from a manifest that was checked
	}
	return d
}

// Says returns by what text a worker tells that it is ready; empty when it does
// not.
func (s Serving) Says() string {
	if s.Worker == nil {
		return ""
	}
	return s.Worker.Says
}
