// Package definition reads a repository's pipeline file: the steps that a commit
// goes through. Whatever is wrong is told with its line and column.
package definition

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/digital-factory/factory/internal/base/document"
	"github.com/digital-factory/factory/internal/base/egress"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/pipeline/input"
	"github.com/digital-factory/factory/internal/pipeline/tree"
)

// Spec is a step as the pipeline file has it, with defaults filled in.
type Spec struct {
	Name  string   `yaml:"name" json:"name"`
	Run   string   `yaml:"run" json:"run,omitempty"` // a shell script; empty for a step of the platform
	Needs []string `yaml:"needs" json:"needs,omitempty"`
	If    string   `yaml:"if" json:"if,omitempty"` // a condition in CEL
	// Matrix is variables and their values. A parsed step has none: it is one of
	// the combinations, with the variables in Env.
	Matrix  map[string][]document.Literal `yaml:"matrix" json:"-"`
	Env     map[string]string             `yaml:"env" json:"env,omitempty"`
	Cache   []string                      `yaml:"cache" json:"cache,omitempty"`
	Inputs  []string                      `yaml:"inputs" json:"inputs,omitempty"`   // paths of the commit's files that it sees; none: all
	Outputs []string                      `yaml:"outputs" json:"outputs,omitempty"` // paths of what it makes, which is kept by what it is made from
	Retry   int                           `yaml:"retry" json:"retry,omitempty"`     // how often it is tried again after it failed
	Reports []string                      `yaml:"reports" json:"reports,omitempty"` // paths of what tests said
	Secrets []string                      `yaml:"secrets" json:"secrets,omitempty"` // keys of what it is given on the trunk
	// Network is the hosts that it may reach; none: it has no network.
	Network []egress.Host `yaml:"network" json:"network,omitempty"`
	// Services run beside it, in its sandbox.
	Services []Service `yaml:"services" json:"services,omitempty"`
	Timeout  Duration  `yaml:"timeout" json:"timeout"`
	Memory   Size      `yaml:"memory" json:"memory"`
	Inject   bool      `yaml:"-" json:"inject,omitempty"` // added by the platform
}

// Definition is a parsed pipeline file.
type Definition struct {
	// Inputs are what it asks of who starts a run by hand.
	Inputs      input.Inputs `yaml:"inputs"`
	Steps       []Spec       `yaml:"steps"`
	Schedules   []Schedule   `yaml:"schedules"`
	Concurrency Concurrency  `yaml:"concurrency"`
	Artifact    Artifact     `yaml:"artifact"`
}

// Concurrency says which runs of a component do not go on at the same time.
type Concurrency struct {
	Group  string `yaml:"group"`  // empty: none
	Cancel bool   `yaml:"cancel"` // a newer run ends older ones that publish nothing, instead of waiting for them
}

// File is where a repository keeps its pipeline.
const File = ".factory/pipeline.yaml"

// Publish is the name of the platform's step.
const Publish = "publish"

// Limits and defaults.
const (
	mostSteps      = 50
	mostProblems   = 20 // told at once
	defaultTimeout = 10 * time.Minute
	longestTimeout = time.Hour
	defaultMemory  = 2 << 30
	mostMemory     = 8 << 30
	mostPatterns   = 20
	mostRetries    = 5
)

var (
	nameForm = regexp.MustCompile(`^[a-z][a-z0-9-]{0,39}$`)
	envForm  = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	caches   = []string{"go", "npm"}
)

// Parse reads a pipeline file and appends the platform's steps. Every error
// names line and column.
func Parse(data []byte) (Definition, error) {
	var d Definition
	bad := errs.New(errs.Invalid, "%s cannot be used", File).Do("correct the lines named and push again")
	if err := document.Decode(data, &d); errors.Is(err, io.EOF) {
		return d, bad.In(File, "is empty; it must list steps: and name the artifact:")
	} else if err != nil {
		at, text := document.Place(File, err)
		return d, bad.In(at, "%s", text)
	}
	d.check(bad, data)
	if len(bad.Fields) > 0 {
		bad.Fields = bad.Fields[:min(len(bad.Fields), mostProblems)]
		return d, bad
	}
	d.Steps = expand(d.Steps)
	if len(d.Steps) > mostExpanded {
		return d, bad.In(File, "with every combination of its matrices it has %d steps; at most %d", len(d.Steps), mostExpanded)
	}
	all := make([]string, len(d.Steps))
	for i, s := range d.Steps {
		all[i] = s.Name
	}
	d.Steps = append(d.Steps, Spec{Name: Publish, Needs: all, Timeout: Duration(defaultTimeout), Memory: defaultMemory, Inject: true})
	return d, nil
}

// Check reports what is wrong with a pipeline file.
func Check(data []byte) error {
	_, err := Parse(data)
	return err
}

func (d *Definition) check(bad *errs.Error, data []byte) {
	places := document.PlacesIn(File, data)
	at := func(p string, args ...any) string { return places.Of(fmt.Sprintf(p, args...)) }
	if len(d.Steps) == 0 || len(d.Steps) > mostSteps {
		bad.In(at("$.steps"), "must list 1 to %d steps", mostSteps)
		return
	}
	d.Inputs.Check(bad, places)
	names := map[string]int{}
	for i := range d.Steps {
		s := &d.Steps[i]
		switch _, twice := names[s.Name]; {
		case !nameForm.MatchString(s.Name):
			bad.In(at("$.steps[%d]", i), "the name %q must be 1 to 40 lower-case letters, digits or hyphens", s.Name)
		case s.Name == Publish:
			bad.In(at("$.steps[%d].name", i), "%q is a step of the platform; choose another name", s.Name)
		case twice:
			bad.In(at("$.steps[%d].name", i), "there are two steps %q", s.Name)
		}
		names[s.Name] = i
		if strings.TrimSpace(s.Run) == "" {
			bad.In(at("$.steps[%d]", i), "step %q has nothing to run", s.Name)
		}
		if s.Timeout == 0 {
			s.Timeout = Duration(defaultTimeout)
		}
		if s.Timeout < 0 || time.Duration(s.Timeout) > longestTimeout {
			bad.In(at("$.steps[%d].timeout", i), "must be up to %s", longestTimeout)
		}
		if s.Memory == 0 {
			s.Memory = defaultMemory
		}
		if s.Memory < 16<<20 || s.Memory > mostMemory {
			bad.In(at("$.steps[%d].memory", i), "must be 16MiB to 8GiB")
		}
		for k := range s.Env {
			if !envForm.MatchString(k) {
				bad.In(at("$.steps[%d].env", i), "%q is no name of a variable", k)
			}
		}
		for _, in := range d.Inputs.List() {
			_, set := s.Env[input.Variable(in.Name)]
			_, varies := s.Matrix[input.Variable(in.Name)]
			if set || varies || slices.Contains(s.Secrets, input.Variable(in.Name)) {
				bad.In(at("$.steps[%d]", i), "%s is the input %s; give the step's own variable another name", input.Variable(in.Name), in.Name)
			}
		}
		patterns(bad, at, i, "reports", s.Reports)
		patterns(bad, at, i, "inputs", s.Inputs)
		patterns(bad, at, i, "outputs", s.Outputs)
		if len(s.Inputs) > 0 && len(s.Outputs) == 0 {
			bad.In(at("$.steps[%d].inputs", i), "only a step with outputs has inputs; name what it makes")
		}
		if s.If != "" && len(bad.Fields) < mostProblems { // reading one is some work
			if err := checkCondition(s.If, d.Inputs); err != nil {
				bad.In(at("$.steps[%d].if", i), "%s", err)
			}
		}
		if s.Retry < 0 || s.Retry > mostRetries {
			bad.In(at("$.steps[%d].retry", i), "must be 0 to %d", mostRetries)
		}
		s.checkServices(bad, at, i)
		s.checkSecrets(bad, at, i)
		s.checkNetwork(bad, at, i)
		s.checkMatrix(bad, at("$.steps[%d].matrix", i))
		for _, c := range s.Cache {
			if !slices.Contains(caches, c) {
				bad.In(at("$.steps[%d].cache", i), "there is no cache %q; the caches are %v", c, caches)
			}
		}
	}
	for i, s := range d.Steps {
		for _, n := range s.Needs {
			if _, known := names[n]; !known {
				bad.In(at("$.steps[%d].needs", i), "step %q needs %q, which does not exist", s.Name, n)
			}
		}
	}
	d.checkSchedules(bad, at, names)
	if c := d.Concurrency; c.Group == "" && c.Cancel {
		bad.In(at("$.concurrency"), "must name a group")
	} else if c.Group != "" && !nameForm.MatchString(c.Group) {
		bad.In(at("$.concurrency.group"), "%q must be 1 to 40 lower-case letters, digits or hyphens", c.Group)
	}
	if cycle := d.cycle(names); cycle != nil {
		bad.In(at("$.steps[%d]", names[cycle[0]]), "these steps need each other in a circle: %s", strings.Join(cycle, " needs "))
	}
	d.Artifact.check(bad, at)
}

// patterns checks the paths that a field of a step lists.
func patterns(bad *errs.Error, at func(string, ...any) string, step int, field string, list []string) {
	if len(list) > mostPatterns {
		bad.In(at("$.steps[%d].%s", step, field), "lists %d paths; at most %d", len(list), mostPatterns)
		return
	}
	for j, p := range list {
		if err := tree.CheckPattern(p); err != nil {
			bad.In(at("$.steps[%d].%s[%d]", step, field, j), "%s", err)
		}
	}
}
