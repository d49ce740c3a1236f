package app

import (
	"context"

	"github.com/digital-factory/factory/internal/platform/resource"
	"github.com/digital-factory/factory/internal/runtime"
	"github.com/digital-factory/factory/internal/telemetry"
)

// provisions lets runtime ask resource for what images need beside their process,
// and resource tell telemetry how that does. Both are made after who asks.
type provisions struct {
	resource  *resource.Service
	telemetry *telemetry.Service
}

// Provide makes it be there for one life of a workload.
func (p *provisions) Provide(ctx context.Context, w runtime.Workload, declared string) (*runtime.Provided, error) {
	got, err := p.resource.Provide(ctx, resource.Workload{ID: w.ID, Component: w.Component, Team: w.Team, Environment: w.Environment}, declared)
	if err != nil {
		return nil, err
	}
	out := &runtime.Provided{Env: got.Env, Secrets: got.Secrets, Binds: got.Binds, FileBytes: got.FileBytes, Notes: got.Notes,
		Over: got.Over, Why: got.Why, Release: got.Release}
	for _, d := range got.Doors {
		out.Doors = append(out.Doors, runtime.Door(d))
	}
	return out, nil
}

// Record hands samples over.
func (p *provisions) Record(ctx context.Context, samples []resource.Sample) error {
	out := make([]telemetry.Sample, len(samples))
	for i, s := range samples {
		out[i] = telemetry.Sample(s)
	}
	return p.telemetry.Record(ctx, out)
}
