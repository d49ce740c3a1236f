package definition

import (
	"regexp"
	"slices"

	"github.com/digital-factory/factory/internal/base/errs"
)

const mostSecrets = 20

// secretForm is that of the keys of a component's variables.
var secretForm = regexp.MustCompile(`^[A-Z][A-Z0-9_]{0,99}$`)

// checkSecrets says what is wrong with the secrets that a step asks for. What it
// writes where others read, it must not write with them.
func (s *Spec) checkSecrets(bad *errs.Error, at func(string, ...any) string, step int) {
	if len(s.Secrets) > mostSecrets {
		bad.In(at("$.steps[%d].secrets", step), "lists %d secrets; at most %d", len(s.Secrets), mostSecrets)
		return
	}
	for j, key := range s.Secrets {
		here := at("$.steps[%d].secrets[%d]", step, j)
		_, set := s.Env[key]
		_, varies := s.Matrix[key]
		switch {
		case !secretForm.MatchString(key):
			bad.In(here, "%q must be capital letters, digits and _, such as REGISTRY_TOKEN", key)
		case slices.Contains(s.Secrets[:j], key):
			bad.In(here, "%s is named twice", key)
		case set || varies:
			bad.In(here, "%s is set by env or matrix too", key)
		}
	}
	if len(s.Secrets) == 0 {
		return
	}
	if len(s.Outputs) > 0 {
		bad.In(at("$.steps[%d].outputs", step), "a step with secrets has no outputs: they are kept, and branches read them; do the rest in another step")
	}
	if len(s.Cache) > 0 {
		bad.In(at("$.steps[%d].cache", step), "a step with secrets has no cache: branches read it; build in another step")
	}
}
