// Package account opens the accounts of cost: it puts what runtime, pipeline,
// source and resource know into its words.
package account

import (
	"context"
	"io/fs"
	"log/slog"
	"path/filepath"
	"strings"
	"time"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/adapter/prom"
	"github.com/digital-factory/factory/internal/artifact"
	"github.com/digital-factory/factory/internal/base/sandbox"
	"github.com/digital-factory/factory/internal/cost"
	"github.com/digital-factory/factory/internal/pipeline"
	"github.com/digital-factory/factory/internal/pipeline/agent"
	"github.com/digital-factory/factory/internal/platform/resource"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/runtime"
)

// of opens an account for a process.
func of(c *cost.Service, who cost.Who, p *sandbox.Process) (end func(sandbox.Usage)) {
	done := c.Open(who, func() (time.Duration, int64) {
		u := p.Usage()
		return u.CPU, u.MemoryBytes
	})
	return func(u sandbox.Usage) { done(u.CPU) }
}

// Workloads keeps what the workloads of a component use.
func Workloads(c *cost.Service) runtime.Account {
	return func(w runtime.Workload, p *sandbox.Process) func(sandbox.Usage) {
		at := cost.Place(w.Environment)
		if _, preview := w.Environment.Change(); preview {
			at = cost.Previews
		}
		return of(c, cost.Who{Component: w.Component, Team: w.Team, Place: at}, p)
	}
}

// Steps keeps what the steps of a component use.
func Steps(c *cost.Service) pipeline.Account {
	return func(r pipeline.Run, p *sandbox.Process) func(sandbox.Usage) {
		return of(c, cost.Who{Component: r.Change.Component, Team: r.Change.Team, Place: cost.Builds}, p)
	}
}

// Elsewhere keeps what the steps of a component use on agents.
func Elsewhere(c *cost.Service) agent.Account {
	return func(r pipeline.Run) func(time.Duration) {
		return c.Elsewhere(cost.Who{Component: r.Change.Component, Team: r.Change.Team, Place: cost.Builds})
	}
}

// Git lets source, which is made first, hand over what git used.
type Git struct{ Cost *cost.Service }

// Spent counts it.
func (g *Git) Spent(component string, cpu time.Duration) {
	g.Cost.Spend(cost.Who{Component: ref.Component(component), Place: cost.Source}, cpu)
}

// Servers tells which servers several components use.
type Servers struct{ Resource *resource.Service }

// Shared returns the servers that run.
func (s Servers) Shared() (list []cost.Shared) {
	for _, r := range s.Resource.Serving() {
		one := cost.Shared{Life: r.Life, CPU: r.Usage.CPU, Memory: r.Usage.MemoryBytes}
		for c, team := range r.Components {
			one.Among = append(one.Among, cost.Who{Component: c, Team: team, Place: cost.Place(r.Name)})
		}
		list = append(list, one)
	}
	return list
}

// Stores tells what is stored, and for whom.
type Stores struct {
	Artifact *artifact.Service
	Resource *resource.Service
	Metrics  *prom.Store
	Git      string // directories
	TSDB     string
	Now      func() time.Time
}

// Stored looks at repositories, artifacts, resources and metrics. The bytes of metrics are
// shared by how many series each component has.
func (s Stores) Stored(ctx context.Context) (list []cost.Stored, err error) {
	repositories, err := filepath.Glob(filepath.Join(s.Git, "*.git"))
	if err != nil {
		return nil, err
	}
	for _, dir := range repositories {
		list = append(list, cost.Stored{Component: ref.Component(strings.TrimSuffix(filepath.Base(dir), ".git")), Place: cost.Repository, Bytes: weight(ctx, dir)})
	}
	sizes, err := s.Artifact.Sizes(ctx, access.System("cost"))
	if err != nil {
		return nil, err
	}
	for c, size := range sizes {
		list = append(list, cost.Stored{Component: c, Place: cost.Artifacts, Bytes: size})
	}
	given, err := s.Resource.Bytes(ctx)
	if err != nil {
		return nil, err
	}
	for c, size := range given {
		list = append(list, cost.Stored{Component: c, Place: cost.Resources, Bytes: size})
	}
	series, err := s.Metrics.Instant(ctx, `count by (component) ({__name__=~".+"})`, s.Now())
	if err != nil {
		slog.Warn("whose metrics are stored is not known", "error", err)
		return list, nil
	}
	all, whole := 0.0, float64(weight(ctx, s.TSDB))
	for _, one := range series {
		all += one.Value
	}
	for _, one := range series {
		if c := one.Labels["component"]; c != "" {
			list = append(list, cost.Stored{Component: ref.Component(c), Place: cost.Telemetry, Bytes: int64(whole * one.Value / all)})
		}
	}
	return list, nil
}

// weight is how many bytes the files below a directory have; what goes while it
// is counted is left out.
func weight(ctx context.Context, dir string) (bytes int64) {
	_ = filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err != nil || ctx.Err() != nil {
			return ctx.Err()
		}
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() {
			bytes += info.Size()
		}
		return nil
	})
	return bytes
}
