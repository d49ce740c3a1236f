// Package scaled lets runtime ask how components are scaled, and scale ask what
// the versions that run say of themselves.
package scaled

import (
	"context"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/artifact"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/platform"
	"github.com/digital-factory/factory/internal/platform/scale"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/runtime"
)

// Scales lets runtime ask scale, which is made after it.
type Scales struct{ Service *scale.Service }

// Scale returns what is set for a component in an environment.
func (s *Scales) Scale(ctx context.Context, c ref.Component, e ref.Environment) (runtime.Scale, error) {
	set, err := s.Service.Scale(ctx, c, e)
	return runtime.Scale{Replicas: set.Replicas, CPUs: set.CPUs(), Memory: set.Memory}, err
}

// Versions lets scale ask what runs, and what its image says.
type Versions struct {
	Runtime  *runtime.Service
	Artifact *artifact.Service
}

// Says returns it of the version that has the most of an environment, the newest
// of those that have as much; nil when nothing runs there.
func (v Versions) Says(ctx context.Context, c ref.Component, e ref.Environment) (*scale.Says, error) {
	all, err := v.Runtime.Workloads(ctx, access.System("scale"), c)
	if err != nil {
		return nil, err
	}
	var most *runtime.Status
	for i, w := range all {
		if w.Environment == e && (most == nil || w.Share > most.Share || w.Share == most.Share && w.Created.After(most.Created)) {
			most = &all[i]
		}
	}
	if most == nil {
		return nil, nil
	}
	says, err := v.sealed(ctx, most.Artifact)
	if errs.Is(err, errs.NotFound) {
		return nil, nil // it is about to end, and its image is gone already
	} else if err != nil {
		return nil, err
	}
	says.Release = most.Number
	return &says, nil
}

// sealed reads what an image says.
func (v Versions) sealed(ctx context.Context, a ref.Artifact) (scale.Says, error) {
	config, err := v.Artifact.Config(ctx, access.System("scale"), a)
	if err != nil {
		return scale.Says{}, err
	}
	s, err := platform.ServingOf(config.Labels)
	if err != nil {
		return scale.Says{}, err
	}
	w, _, err := platform.NeedsOf(config.Labels)
	said := scale.Scale{Replicas: max(1, s.Asks()), MilliCPU: int64(w.CPUs*1000 + 0.5), Memory: w.Memory}
	return scale.Says{Worker: s.Worker != nil, Scale: said.Over(scale.Scale{MilliCPU: scale.MostMilliCPU, Memory: scale.MostMemory})}, err
}
