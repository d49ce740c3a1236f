package definition

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/digital-factory/factory/internal/base/document"
	"github.com/digital-factory/factory/internal/base/errs"
)

const (
	mostCombinations = 20  // of one step
	mostExpanded     = 100 // steps of a run, with all combinations
)

// valueForm is what a value of a matrix looks like: it is part of a step's name.
var valueForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._+-]{0,39}$`)

// checkMatrix says what is wrong with a step's variables and their values.
func (s *Spec) checkMatrix(bad *errs.Error, at string) {
	combinations := 1
	for _, name := range slices.Sorted(maps.Keys(s.Matrix)) {
		values := s.Matrix[name]
		if !envForm.MatchString(name) {
			bad.In(at, "%q is no name of a variable", name)
		}
		if _, twice := s.Env[name]; twice {
			bad.In(at, "%q is set by env too", name)
		}
		if len(values) == 0 || len(values) > mostCombinations {
			bad.In(at, "%s must list 1 to %d values", name, mostCombinations)
			return
		}
		for i, v := range values {
			if !valueForm.MatchString(string(v)) {
				bad.In(at, "the value %q of %s must be 1 to 40 letters, digits or one of . _ + -", v, name)
			}
			if slices.Contains(values[:i], v) {
				bad.In(at, "%s has the value %q twice", name, v)
			}
		}
		combinations *= len(values)
	}
	if combinations > mostCombinations {
		bad.In(at, "these are %d combinations; at most %d", combinations, mostCombinations)
	}
}

// expand makes of each step with a matrix one for each combination of values,
// named step[a,b] in the order of the variables' names, with the variables set.
// Who needs the step needs all of them.
func expand(steps []Spec) []Spec {
	made := map[string][]string{}
	var all []Spec
	for _, s := range steps {
		if len(s.Matrix) == 0 {
			made[s.Name] = []string{s.Name}
			all = append(all, s)
			continue
		}
		for _, values := range product(s.Matrix) {
			one := s
			one.Env = maps.Clone(s.Env)
			if one.Env == nil {
				one.Env = map[string]string{}
			}
			for i, name := range slices.Sorted(maps.Keys(s.Matrix)) {
				one.Env[name] = values[i]
			}
			one.Name = fmt.Sprintf("%s[%s]", s.Name, strings.Join(values, ","))
			one.Matrix = nil
			made[s.Name] = append(made[s.Name], one.Name)
			all = append(all, one)
		}
	}
	for i := range all {
		var needs []string
		for _, n := range all[i].Needs {
			needs = append(needs, made[n]...)
		}
		all[i].Needs = needs
	}
	return all
}

// product returns every combination of values, the last variable's turning
// fastest.
func product(matrix map[string][]document.Literal) [][]string {
	list := [][]string{{}}
	for _, name := range slices.Sorted(maps.Keys(matrix)) {
		var next [][]string
		for _, so := range list {
			for _, v := range matrix[name] {
				next = append(next, append(slices.Clone(so), string(v)))
			}
		}
		list = next
	}
	return list
}
