package release

import (
	"context"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/release/assembly"
	"github.com/digital-factory/factory/internal/release/rollout"
)

// fail ends a rollout that never took traffic and says why.
func (s *Service) fail(ctx context.Context, r Rollout, where ref.Environment, cause error) error {
	why := errs.Of(cause)
	reason := why.Text
	for _, f := range why.Fields {
		reason += "; " + f.At + ": " + f.Text
	}
	return s.db.Update(ctx, func(tx *store.Tx) error {
		if err := assembly.LockOf(ctx, tx, r.ID); err != nil {
			return err
		}
		r, err := rollout.Get(ctx, tx, r.ID)
		if err != nil || (r.Phase != InStaging && r.Phase != Starting) {
			return err
		}
		return s.failIn(ctx, tx, r, where, reason, me())
	})
}

func (s *Service) failIn(ctx context.Context, tx *store.Tx, r Rollout, where ref.Environment, reason string, who access.Actor) error {
	r.Phase, r.Waiting, r.Reason, r.Finished = Failed, "", reason, s.now()
	if err := rollout.Save(ctx, tx, r); err != nil {
		return err
	}
	// In staging the old version stays where traffic finds it. The stops wait for
	// a deployment of this rollout that is on its way.
	keep, found, err := rollout.LiveIn(ctx, tx, r.Origin.Component, Staging)
	if err != nil {
		return err
	}
	for _, w := range []ref.Workload{workload(r.ID, Staging), workload(r.ID, Production)} {
		if found && keep.Workload == w {
			continue
		}
		if err := s.planStop(ctx, tx, r.Subject(), w); err != nil {
			return err
		}
	}
	tx.After(s.nudge)
	err = s.journal.Append(ctx, tx, who.By(), ref.Of("component", r.Origin.Component), fact.DeploymentFinished{
		Environment: where, Artifact: r.Artifact, Version: r.Number, Outcome: "failed", Reason: reason, Cause: r.Cause, Change: r.Origin,
	})
	if err != nil {
		return err
	}
	return s.fall(ctx, tx, r, who)
}
