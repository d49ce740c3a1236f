// Package variable keeps the variables of components, configuration and secrets, for
// each environment its own: what a version must be told where it runs, and what
// does not belong into a repository. A workload gets them as environment
// variables.
//
// Each change makes a revision of its component and environment. A workload is
// given the newest revision when it is deployed and keeps it, also when its
// process is started again: a change comes into force with a rollout, judged by
// evidence as any other. A step of a pipeline is given the newest of the secrets
// that it names.
//
// A secret can be written and replaced, never read back: not over the API, not
// from the database, where it is sealed with a key that is not in it, and not
// from a log, where the runtime hides it.
//
// # Owns
//
// platform_variable, platform_variable_revision, platform_sealed (what others have
// sealed), and the file with the keys.
//
// # Tells
//
// variables.changed, with names only; variables.rekeyed.
//
// # Asks
//
// Components who owns a component; Workloads which revisions are in use.
//
// # Invariants
//
// A revision never changes. Values that nothing runs with and no new workload
// can be given are erased. A change names the revision that it was made from.
package variable

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/mask"
	"github.com/digital-factory/factory/internal/ref"
)

// Components knows who owns what.
type Components interface {
	// Owner returns the team of a component, or errs.NotFound.
	Owner(ctx context.Context, c ref.Component) (ref.Team, error)
}

// Workloads knows what runs.
type Workloads interface {
	// VariablesInUse returns the revisions that the workloads of a component in an
	// environment have.
	VariablesInUse(ctx context.Context, c ref.Component, e ref.Environment) ([]int64, error)
}

// Variable is one as it may be shown.
type Variable struct {
	Key      string
	Secret   bool
	Value    string // empty of a secret
	Revision int64  // that brought it
	By       string // name of who changed it
	Changed  time.Time
}

// Environment is the variables of a component in one environment, by key.
type Environment struct {
	Name      ref.Environment
	Revision  int64 // 0: nothing was ever set
	By        string
	Changed   time.Time
	Variables []Variable
}

// Assignment gives a key a value.
type Assignment struct {
	Key    string
	Value  string
	Secret bool
}

// Values are what a workload is given.
type Values struct {
	Variables []string // KEY=value, by key
	Secrets   []string // the values of these that are secret
}

// Open returns the variables that are no secrets, for what nobody has reviewed
// yet: neither is one that has the value of a secret.
func (v Values) Open() []string {
	return slices.DeleteFunc(slices.Clone(v.Variables), func(assigned string) bool {
		_, value, _ := strings.Cut(assigned, "=")
		return slices.Contains(v.Secrets, value)
	})
}

// Bounds of what is kept.
const (
	mostVariables = 100
	longValue     = 32 << 10 // bytes
	longAll       = 128 << 10
)

var keyForm = regexp.MustCompile(`^[A-Z][A-Z0-9_]{0,99}$`)

// Pipeline is where the steps of a component's pipeline run. What they are given
// is secret, or it would stand in the pipeline file; a step is given the newest
// values of the keys that it names.
const Pipeline ref.Environment = "pipeline"

// environments that a component has.
var environments = []ref.Environment{"staging", "production", Pipeline}

// reserved are the variables that the runtime sets; a prefix ends in _.
var reserved = []string{"PORT", "HOME", "TMPDIR", "PATH", "LD_PRELOAD", "LD_LIBRARY_PATH", "OTEL_", "OFREP_", "FACTORY_"}

// check refuses a change that cannot be kept; all faults are named by place.
func check(e ref.Environment, set []Assignment, unset []string) error {
	bad := errs.New(errs.Invalid, "the variables cannot be changed so").Do("correct them; nothing was changed")
	if !slices.Contains(environments, e) {
		bad.In("environment", "%q must be staging, production or pipeline", e)
	}
	if len(set)+len(unset) == 0 {
		bad.In("set", "is empty, and nothing is to be removed either")
	}
	seen := map[string]bool{}
	name := func(at, key string) {
		switch {
		case !keyForm.MatchString(key):
			bad.In(at, "%q must be capital letters, digits and _, such as DATABASE_URL", key)
		case taken(key):
			bad.In(at, "%s is set by the platform", key)
		case seen[key]:
			bad.In(at, "%s is named twice", key)
		}
		seen[key] = true
	}
	for i, a := range set {
		name(fmt.Sprintf("set[%d].key", i), a.Key)
		if len(a.Value) > longValue || strings.ContainsRune(a.Value, 0) {
			bad.In(fmt.Sprintf("set[%d].value", i), "must be text of at most %d KiB", longValue>>10)
		}
		if a.Secret && a.Value == "" {
			bad.In(fmt.Sprintf("set[%d].value", i), "a secret must not be empty")
		}
		if e == Pipeline && !a.Secret {
			bad.In(fmt.Sprintf("set[%d].secret", i), "the pipeline is given secrets only; what everybody may read belongs into env: of the pipeline file")
		} else if e == Pipeline && len(a.Value) < mask.Shortest {
			bad.In(fmt.Sprintf("set[%d].value", i), "must have at least %d bytes: what is shorter cannot be hidden in logs", mask.Shortest)
		}
	}
	for i, key := range unset {
		name(fmt.Sprintf("unset[%d]", i), key)
	}
	if len(bad.Fields) > 0 {
		return bad
	}
	return nil
}

func taken(key string) bool {
	return slices.ContainsFunc(reserved, func(r string) bool {
		return key == r || strings.HasSuffix(r, "_") && strings.HasPrefix(key, r)
	})
}
