package release

import (
	"context"
	"time"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/release/assembly"
	"github.com/digital-factory/factory/internal/release/draft"
	"github.com/digital-factory/factory/internal/release/plan"
	"github.com/digital-factory/factory/internal/release/rollout"
)

// stage proves the artifact in staging: signature, start, smoke requests.
func (s *Service) stage(ctx context.Context, r Rollout) error {
	if r.Phase != InStaging {
		return nil
	}
	if why, err := s.bad(ctx, r.Artifact); err != nil {
		return err
	} else if why != "" {
		return s.fail(ctx, r, Staging, errs.New(errs.Blocked, "this artifact is marked bad: %s", why))
	}
	sealed, err := s.sealed.Verify(ctx, r.Origin.Component, r.Artifact)
	if err == nil {
		err = s.told(ctx, r, sealed.Parts)
	}
	if err == nil {
		// What the repository asks for is refused before anything of it runs.
		err = plan.Check(sealed.Rollout)
	}
	var experiments []Experiment
	if err == nil {
		experiments, err = s.results.ForItems(ctx, r.Origin.Items)
	}
	if err == nil {
		err = s.runtime.Deploy(ctx, deployment(r, Staging))
	}
	if err == nil {
		err = s.smoke(ctx, workload(r.ID, Staging), plan.Default(r.Origin.Lane, false).SmokeUnits)
	}
	var staged time.Time
	if err == nil {
		staged, err = s.routeStaging(ctx, r)
	}
	if err != nil {
		if final(err) {
			return s.fail(ctx, r, Staging, err)
		}
		return err
	}
	d, err := s.drafts.Make(ctx, r, sealed.Rollout)
	if err != nil {
		if final(err) {
			return s.fail(ctx, r, Staging, err)
		}
		return err
	}
	return s.fix(ctx, r.ID, d, experiments, staged)
}

// routeStaging moves staging's traffic to the rollout's workload; staged is
// when, later than that of any rollout before.
func (s *Service) routeStaging(ctx context.Context, r Rollout) (staged time.Time, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		last, err := rollout.Latest(ctx, tx, r.Origin.Component, "staged")
		staged = s.later(last)
		return err
	})
	if err != nil {
		return staged, err
	}
	_, err = s.runtime.Route(ctx, Route{Component: r.Origin.Component, Environment: Staging, Sequence: store.Micros(staged), Baseline: workload(r.ID, Staging)})
	return staged, err
}

func (s *Service) smoke(ctx context.Context, w ref.Workload, units int) error {
	failed, example, err := s.runtime.Probe(ctx, w, units)
	if err != nil {
		return err
	}
	if failed > 0 {
		return errs.New(errs.Blocked, "%d of %d smoke requests failed, for example: %s", failed, units, example)
	}
	return nil
}

// fix ends staging and freezes the plan, before the first unit is exposed.
func (s *Service) fix(ctx context.Context, id ref.Rollout, d draft.Draft, experiments []Experiment, staged time.Time) error {
	return s.db.Update(ctx, func(tx *store.Tx) error {
		if err := assembly.LockOf(ctx, tx, id); err != nil {
			return err
		}
		r, err := rollout.Get(ctx, tx, id)
		if err != nil || r.Phase != InStaging {
			return err
		}
		base, found, err := rollout.LiveIn(ctx, tx, r.Origin.Component, Production)
		if err != nil {
			return err
		}
		if found == d.First || base != d.Base {
			return errs.New(errs.Unavailable, "what production runs has changed while the plan was made")
		}
		old, had, err := rollout.LiveIn(ctx, tx, r.Origin.Component, Staging)
		if err != nil {
			return err
		}
		r.First = !found
		r.BaseArtifact, r.BaseNumber, r.BaseWorkload = base.Artifact, base.Number, base.Workload
		r.Plan, r.PlanHash, r.SplitKey = d.Plan, d.Plan.Hash(), d.Key
		if d.Plan.Evidence.Watch == nil { // who takes a worker's units is not left to chance
			r.Experiments = experiments
		}
		if err := rollout.AddMembers(ctx, tx, r.ID, d.Members); err != nil {
			return err
		}
		r.Workload, r.Phase, r.Waiting, r.Staged = workload(r.ID, Production), Starting, "production to answer", staged
		if err := rollout.Save(ctx, tx, r); err != nil {
			return err
		}
		now := Live{Component: r.Origin.Component, Environment: Staging, Artifact: r.Artifact, Number: r.Number, Workload: workload(r.ID, Staging), Commit: r.Origin.Commit, Since: store.Micros(s.now())}
		if err := rollout.SetLive(ctx, tx, now); err != nil {
			return err
		}
		if had && old.Workload != now.Workload {
			if err := s.planStop(ctx, tx, ref.Of("workload", old.Workload), old.Workload); err != nil {
				return err
			}
		}
		if err := s.staged(ctx, tx, r); err != nil {
			return err
		}
		return s.journal.Append(ctx, tx, me().By(), ref.Of("component", r.Origin.Component), fact.DeploymentFinished{
			Environment: Staging, Artifact: r.Artifact, Version: r.Number, Outcome: "succeeded", Change: r.Origin,
		})
	})
}
