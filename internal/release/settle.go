package release

import (
	"context"

	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/release/assembly"
	"github.com/digital-factory/factory/internal/release/rollout"
)

// route moves traffic to the stage that is in force.
func (s *Service) route(ctx context.Context, r Rollout) error {
	if r.Phase != Running {
		return nil
	}
	_, err := s.runtime.Route(ctx, Route{
		Component: r.Origin.Component, Environment: Production, Sequence: store.Micros(r.Widened), Baseline: r.BaseWorkload, Canary: r.Workload,
		Rollout: r.ID, Stage: r.Stage, Share: r.Plan.Shares[r.Stage], Key: r.SplitKey,
	})
	return err
}

// settle moves all traffic to where the verdict wants it and ends the rollout.
func (s *Service) settle(ctx context.Context, r Rollout) error {
	if r.Phase != Promoting && r.Phase != RollingBack {
		return nil
	}
	to, leave := r.Workload, r.BaseWorkload
	if r.Phase == RollingBack {
		to, leave = r.BaseWorkload, r.Workload
	}
	if r.Back != nil {
		to = r.Back.Workload
	}
	moved := s.now()
	if to != "" { // a first version that is taken back leaves nothing to route to: it never had traffic
		at, err := s.runtime.Route(ctx, Route{Component: r.Origin.Component, Environment: Production, Sequence: store.Micros(r.Decided), Baseline: to})
		if err != nil {
			return err
		}
		moved = at
	}
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
