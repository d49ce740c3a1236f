package release

import (
	"context"
	"slices"
	"time"

	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/release/assembly"
	"github.com/digital-factory/factory/internal/release/plan"
	"github.com/digital-factory/factory/internal/release/rollout"
)

// route moves traffic to the stage that is in force.
func (s *Service) route(ctx context.Context, r Rollout) error {
	if r.Phase != Running {
		return nil
	}
	_, err := s.runtime.Route(ctx, split(r))
	return err
}

// split is the route of a rollout's stage. A first version, which is one only
// as a part of a release, serves whoever asks it: only new versions know of it.
func split(r Rollout) Route {
	if r.First {
		return Route{Component: r.Origin.Component, Environment: Production, Sequence: store.Micros(r.Widened), Baseline: r.Workload}
	}
	to := Route{
		Component: r.Origin.Component, Environment: Production, Sequence: store.Micros(r.Widened), Baseline: r.BaseWorkload, Canary: r.Workload,
		Rollout: r.ID, Stage: r.Stage, Strata: strata(r.Plan.Stages[:r.Stage+1]), Key: r.SplitKey,
	}
	if r.Plan.Evidence.Watch != nil {
		to.Strata = nil // nobody is assigned: workers take their work themselves
	}
	if r.Plan.Preview != nil {
		to.Preview = *r.Plan.Preview
	}
	return to
}

// strata are those of the stages so far. What everybody has had is covered by
// the last stage that was for everybody.
func strata(stages []plan.Stage) (list []Stratum) {
	for k, s := range stages {
		later := slices.ContainsFunc(stages[k+1:], func(o plan.Stage) bool { return o.Cohort == nil && o.Share >= s.Share })
		if !later {
			list = append(list, Stratum{Stage: k, Share: s.Share, Cohort: s.Cohort != nil})
		}
	}
	return list
}

// settle moves all traffic of rollouts to where their verdicts want it, from the
// same moment on, and ends them one after another.
func (s *Service) settle(ctx context.Context, list ...Rollout) error {
	list = slices.DeleteFunc(slices.Clone(list), func(r Rollout) bool { return r.Phase != Promoting && r.Phase != RollingBack })
	var routes []Route
	for _, r := range list {
		if to, _ := target(r); to != "" { // a first version that is taken back leaves nothing to route to
			routes = append(routes, Route{Component: r.Origin.Component, Environment: Production, Sequence: store.Micros(r.Decided), Baseline: to})
		}
	}
	moved := s.now()
	if len(routes) > 0 {
		var err error
		if moved, err = s.runtime.Route(ctx, routes...); err != nil {
			return err
		}
	}
	for _, r := range list {
		if err := s.settled(ctx, r, moved); err != nil {
			return err
		}
	}
	return nil
}

// target is the workload that a decided rollout leaves traffic to, and the one
// that it leaves.
func target(r Rollout) (to, leave ref.Workload) {
	to, leave = r.Workload, r.BaseWorkload
	if r.Phase == RollingBack {
		to, leave = r.BaseWorkload, r.Workload
	}
	if r.Back != nil {
		to = r.Back.Workload
	}
	return to, leave
}

// settled ends a rollout whose traffic has moved.
func (s *Service) settled(ctx context.Context, r Rollout, moved time.Time) error {
	_, leave := target(r)
	return s.db.Update(ctx, func(tx *store.Tx) error {
		if err := assembly.LockOf(ctx, tx, r.ID); err != nil {
			return err
		}
		r, err := rollout.Get(ctx, tx, r.ID)
		if err != nil || r.Phase.Ended() {
			return err
		}
		outcome := Promoted
		if r.Phase == RollingBack {
			outcome = RolledBack
		}
		r.Phase, r.Moved, r.Finished, r.Waiting = outcome, moved, s.now(), ""
		if err := rollout.Save(ctx, tx, r); err != nil {
			return err
		}
		if outcome == Promoted {
			l := Live{Component: r.Origin.Component, Environment: Production, Artifact: r.Artifact, Number: r.Number, Workload: r.Workload, Commit: r.Origin.Commit, Since: store.Micros(s.now())}
			if err := rollout.SetLive(ctx, tx, l); err != nil {
				return err
			}
		}
		if r.Back != nil {
			l := Live{Component: r.Origin.Component, Environment: Production, Artifact: r.Back.Artifact, Number: r.Back.Number, Workload: r.Back.Workload, Commit: r.Back.Commit, Since: store.Micros(s.now())}
			if err := rollout.SetLive(ctx, tx, l); err != nil {
				return err
			}
		}
		if leave != "" {
			if err := s.planStop(ctx, tx, ref.Of("workload", leave), leave); err != nil {
				return err
			}
		}
		tx.After(s.nudge) // the next rollout of the component may begin
		base := r.BaseNumber
		if r.Back != nil {
			base = r.Back.Number
		}
		err = s.journal.Append(ctx, tx, me().By(), r.Subject(), fact.RolloutFinished{
			Rollout: r.ID, Environment: Production, Artifact: r.Artifact, Version: r.Number, BaseVersion: base, Outcome: string(outcome),
			Reason: r.Reason, LogE: r.LogE(), Alpha: r.Plan.Evidence.Alpha, Exposed: !r.First || outcome == Promoted || r.Back != nil || r.Release != "",
			Started: r.Started, Run: r.Run, Release: r.Release, Cause: r.Cause, Change: r.Origin,
		})
		if err != nil {
			return err
		}
		return s.finish(ctx, tx, r)
	})
}
