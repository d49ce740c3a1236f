// Package scheduled lets jobs ask other rooms what is live and which jobs are
// sealed into it, and tell telemetry how they did.
package scheduled

import (
	"context"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/artifact"
	"github.com/digital-factory/factory/internal/platform"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/release/rollout"
	"github.com/digital-factory/factory/internal/runtime"
	"github.com/digital-factory/factory/internal/runtime/job"
)

// Lives knows what runs where after the last rollout.
type Lives interface {
	Lives(ctx context.Context, who access.Actor, c ref.Component) ([]rollout.Live, error)
}

// Owner knows who owns a component.
type Owner interface {
	Owner(ctx context.Context, c ref.Component) (ref.Team, error)
}

// Live is what was promoted, for jobs.
type Live struct {
	Lives Lives
	Owner Owner
}

// Live returns what is live in staging and in production.
func (l Live) Live(ctx context.Context, c ref.Component) ([]job.Version, error) {
	list, err := l.Lives.Lives(ctx, access.System("runtime"), c)
	if err != nil {
		return nil, err
	}
	out := make([]job.Version, len(list))
	for i, v := range list {
		team, err := l.Owner.Owner(ctx, v.Component)
		if err != nil {
			return nil, err
		}
		out[i] = job.Version{Component: v.Component, Team: team, Environment: v.Environment, Artifact: v.Artifact, Number: v.Number}
	}
	return out, nil
}

// Images knows which jobs an image has.
type Images struct{ Artifact *artifact.Service }

// Jobs reads the jobs that are sealed into the image.
func (i Images) Jobs(ctx context.Context, v job.Version) (map[string]job.Declared, error) {
	sealed, err := i.Artifact.Verify(ctx, access.System("runtime"), string(v.Component), v.Artifact, artifact.Policy{Component: v.Component})
	if err != nil {
		return nil, err
	}
	jobs, err := platform.JobsOf(sealed.Config.Labels)
	out := make(map[string]job.Declared, len(jobs))
	for name, j := range jobs {
		out[name] = job.Declared{Schedule: j.Schedule, Command: j.Command, Args: j.Args, Timeout: j.Long(), Memory: j.Bytes()}
	}
	return out, err
}

// Meter takes the samples of the factory's own.
type Meter = interface {
	Record(ctx context.Context, samples []runtime.Sample) error
}

// Asks are whom jobs ask.
func Asks(l Lives, o Owner, a *artifact.Service, r *runtime.Service, m Meter) job.Asks {
	return job.Asks{Live: Live{l, o}, Images: Images{a}, Runner: r, Meter: m}
}
