package definition

import (
	"slices"
	"strings"
	"time"

	"github.com/digital-factory/factory/internal/base/errs"
)

// Service is a server that runs beside a step, for as long as the step does.
type Service struct {
	Name    string            `yaml:"name" json:"name"`
	Kind    string            `yaml:"kind" json:"kind,omitempty"` // one that the platform knows how to run
	Run     string            `yaml:"run" json:"run,omitempty"`   // else a shell script that goes on until it is ended
	Ready   string            `yaml:"ready" json:"ready,omitempty"`
	Env     map[string]string `yaml:"env" json:"env,omitempty"`
	Timeout Duration          `yaml:"timeout" json:"timeout"` // how long it may take to get ready
}

// Postgres is the kind of a PostgreSQL server with an empty database.
const Postgres = "postgres"

var kinds = []string{Postgres}

// Limits and defaults of services.
const (
	mostServices = 5
	defaultReady = time.Minute
	longestReady = 5 * time.Minute
)

// checkServices says what is wrong with a step's services, and names those that
// have no name after their kind.
func (s *Spec) checkServices(bad *errs.Error, at func(string, ...any) string, step int) {
	if len(s.Services) > mostServices {
		bad.In(at("$.steps[%d].services", step), "lists %d services; at most %d", len(s.Services), mostServices)
		return
	}
	names, seen := map[string]bool{}, map[string]bool{}
	for j := range s.Services {
		v := &s.Services[j]
		here := at("$.steps[%d].services[%d]", step, j)
		if v.Name == "" {
			v.Name = v.Kind
		}
		switch {
		case v.Kind != "" && !slices.Contains(kinds, v.Kind):
			bad.In(at("$.steps[%d].services[%d].kind", step, j), "there is no kind %q; the kinds are %v; others are given by run and ready", v.Kind, kinds)
			continue
		case v.Kind != "" && seen[v.Kind]:
			bad.In(here, "step %q has two services of the kind %s; both would want the same port", s.Name, v.Kind)
		case v.Kind != "" && (v.Run != "" || v.Ready != ""):
			bad.In(here, "the platform knows how a %s is run and when it is ready; leave out run and ready, or the kind", v.Kind)
		case v.Kind == "" && strings.TrimSpace(v.Run) == "":
			bad.In(here, "has nothing to run; it needs a kind (%s), or run and ready", strings.Join(kinds, ", "))
			continue
		case v.Kind == "" && strings.TrimSpace(v.Ready) == "":
			bad.In(here, "must say when it is ready: a command that succeeds then, such as ready: nc -z 127.0.0.1 6379")
		}
		switch {
		case !nameForm.MatchString(v.Name):
			bad.In(here, "the name %q must be 1 to 40 lower-case letters, digits or hyphens", v.Name)
		case names[v.Name]:
			bad.In(here, "there are two services %q", v.Name)
		}
		names[v.Name], seen[v.Kind] = true, true
		for k := range v.Env {
			if !envForm.MatchString(k) {
				bad.In(at("$.steps[%d].services[%d].env", step, j), "%q is no name of a variable", k)
			}
		}
		if v.Timeout == 0 {
			v.Timeout = Duration(defaultReady)
		}
		if v.Timeout < 0 || time.Duration(v.Timeout) > longestReady {
			bad.In(at("$.steps[%d].services[%d].timeout", step, j), "must be up to %s", longestReady)
		}
	}
}

// Has reports whether a service of a kind runs beside the step.
func (s Spec) Has(kind string) bool {
	return slices.ContainsFunc(s.Services, func(v Service) bool { return v.Kind == kind })
}
