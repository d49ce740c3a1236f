// Package scale keeps how the components are scaled, for each environment its
// own: how many processes serve, and what each of them may use. What is set here
// takes the place of what a version says of itself; what is not set leaves it.
// Unlike a variable it comes into force at once, in what runs: it changes how
// much of a version there is, not what it does.
//
// # Owns
//
// platform_scale.
//
// # Tells
//
// scale.changed.
//
// # Asks
//
// Components who owns a component; Versions what the one that runs says of
// itself; Runtime to look at once.
//
// # Invariants
//
// A change names the version that it was made from. Nothing above the guardrail
// is kept. Previews have no scale.
package scale

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/platform/score"
	"github.com/digital-factory/factory/internal/ref"
)

// Components knows who owns what.
type Components interface {
	// Owner returns the team of a component, or errs.NotFound.
	Owner(ctx context.Context, c ref.Component) (ref.Team, error)
}

// Versions knows what runs.
type Versions interface {
	// Says returns what the version that serves an environment, the most of it
	// where there are two, says of itself; nil when nothing runs there.
	Says(ctx context.Context, c ref.Component, e ref.Environment) (*Says, error)
}

// Runtime runs it.
type Runtime interface {
	// Rescale has it look at once at what is set.
	Rescale()
}

// Scale is how many processes there are, and what each may use at the most. Zero
// of any is not said.
type Scale struct {
	Replicas int
	MilliCPU int64 // thousandths of a processor
	Memory   int64 // bytes
}

// Over returns what holds where this is set and s is said.
func (s Scale) Over(o Scale) Scale {
	return Scale{cmp.Or(s.Replicas, o.Replicas), cmp.Or(s.MilliCPU, o.MilliCPU), cmp.Or(s.Memory, o.Memory)}
}

// CPUs is the processors of each process, as a number.
func (s Scale) CPUs() float64 { return float64(s.MilliCPU) / 1000 }

// CPU writes the processors of each process as they are read: 2, or 500m; empty
// when nothing is said.
func (s Scale) CPU() string {
	switch {
	case s.MilliCPU == 0:
		return ""
	case s.MilliCPU%1000 == 0:
		return strconv.FormatInt(s.MilliCPU/1000, 10)
	}
	return fmt.Sprintf("%dm", s.MilliCPU)
}

// Bytes writes the memory of each process as it is read: 256Mi, or a number of
// bytes; empty when nothing is said.
func (s Scale) Bytes() string {
	switch {
	case s.Memory == 0:
		return ""
	case s.Memory%(1<<20) == 0:
		return fmt.Sprintf("%dMi", s.Memory>>20)
	}
	return strconv.FormatInt(s.Memory, 10)
}

func (s Scale) fact() fact.Scale {
	return fact.Scale{Replicas: s.Replicas, CPU: s.CPU(), Memory: s.Bytes()}
}

// Says is what a version says of itself, with what the platform gives where it
// says nothing.
type Says struct {
	Release string // its number
	Worker  bool   // it serves nothing
	Scale
}

// Environment is how a component is scaled in one environment.
type Environment struct {
	Name    ref.Environment
	Set     Scale
	Says    *Says // nil: nothing runs
	Version int64 // counts changes; 0: nothing was ever set
	By      string
	Changed time.Time
}

// Holds is what is in force, or would be as soon as something runs: then what
// nobody set is zero.
func (e Environment) Holds() Scale {
	if e.Says == nil {
		return e.Set
	}
	return e.Set.Over(e.Says.Scale)
}

// Setting is a Scale as it is written. What is zero or empty is left to the
// version.
type Setting struct {
	Replicas int
	CPU      string // such as 500m or 0.5
	Memory   string // such as 256Mi
}

// The bounds: MostReplicas processes of a workload, each with at most what the
// platform gives any.
const (
	MostReplicas = 10
	MostMilliCPU = 2000
	MostMemory   = 512 << 20

	leastMilliCPU = 100
	leastMemory   = 16 << 20
)

// environments that can be scaled.
var environments = []ref.Environment{"staging", "production"}

// check reads a setting; all that is wrong is named by place.
func check(e ref.Environment, in Setting) (s Scale, err error) {
	bad := errs.New(errs.Invalid, "it cannot be scaled so").Do("correct it; nothing was changed")
	if !slices.Contains(environments, e) {
		bad.In("environment", "%q must be staging or production; a change that is tried runs as one process, as its version says", e)
	}
	if s.Replicas = in.Replicas; s.Replicas < 0 || s.Replicas > MostReplicas {
		bad.In("replicas", "%d must be 1 to %d, or 0 for what the version says; to have less than one, roll out a version that does less", s.Replicas, MostReplicas)
	}
	if in.CPU != "" {
		n, ok := score.CPUs(in.CPU)
		if s.MilliCPU = int64(n*1000 + 0.5); !ok || s.MilliCPU < leastMilliCPU || s.MilliCPU > MostMilliCPU {
			bad.In("cpu", "%.20q must be a number of processors such as 500m or 1.5, from %dm to %d", in.CPU, leastMilliCPU, MostMilliCPU/1000)
		}
	}
	if in.Memory != "" {
		n, ok := score.Bytes(in.Memory)
		if s.Memory = n; !ok || n < leastMemory || n > MostMemory {
			bad.In("memory", "%.20q must be a number of bytes with a unit, such as 256Mi, from %dMi to %dMi", in.Memory, leastMemory>>20, MostMemory>>20)
		}
	}
	if len(bad.Fields) > 0 {
		return Scale{}, bad
	}
	return s, nil
}
