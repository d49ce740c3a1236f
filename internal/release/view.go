package release

import (
	"context"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/evidence"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/release/rollout"
)

// TracePoint is one point of the evidence over time.
type TracePoint = rollout.TracePoint

// Measured is what a rollout knows of one experiment.
type Measured struct {
	Experiment
	evidence.Measured
	Known bool // enough units for an interval
}

// Detail is a rollout with everything that its verdict rests on. While it
// runs, Verdict and Inputs are those of this moment.
type Detail struct {
	Rollout
	Trace    []TracePoint
	Measured []Measured
	Bad      bool
	Awaits   *int   // the stage for which only a person's approval is missing
	Backs    []Back // where a person can take it back to now, the newest first
}

// Get returns a rollout.
func (s *Service) Get(ctx context.Context, who access.Actor, id ref.Rollout) (d Detail, err error) {
	if err := who.May(access.Read, ""); err != nil {
		return d, err
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		if d.Rollout, err = rollout.Get(ctx, tx, id); err != nil {
			return err
		}
		rows, err := rollout.Counts(ctx, tx, id)
		if err != nil {
			return err
		}
		sit := s.situate(d.Rollout, rows, nil)
		if d.Phase == Running {
			v := evidence.Decide(d.Plan.Evidence, sit.Inputs)
			d.Verdict, d.Inputs = &v, &sit.Inputs
		}
		if stage, ok := s.awaits(d.Rollout, sit); ok {
			d.Awaits = &stage
		}
		for i, e := range d.Experiments {
			m, ok := evidence.Effect(sit.Experiments[i], d.Plan.Evidence.IntervalAlpha)
			d.Measured = append(d.Measured, Measured{e, m, ok})
		}
		if d.Backs, err = reachable(ctx, tx, d.Rollout); err != nil {
			return err
		}
		n, err := store.One(ctx, tx, store.Scan1[int64], `select count(*) from release_bad where artifact = $1`, string(d.Artifact))
		d.Bad = n > 0
		if err != nil {
			return err
		}
		d.Trace, err = rollout.Traces(ctx, tx, id)
		return err
	})
	return d, err
}
