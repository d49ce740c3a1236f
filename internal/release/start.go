package release

import (
	"context"
	"fmt"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/evidence"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/release/assembly"
	"github.com/digital-factory/factory/internal/release/plan"
	"github.com/digital-factory/factory/internal/release/rollout"
)

// start runs the new version beside the old one. A first version has nobody to
// compare with: synthetic units show whether it works.
func (s *Service) start(ctx context.Context, r Rollout) error {
	if r.Phase != Starting {
		return nil
	}
	probes := rollout.NewTally()
	err := s.runtime.Deploy(ctx, deployment(r, Production))
	if err == nil && r.Plan.Evidence.Watch == nil && r.First {
		probes, err = s.probe(ctx, r)
	} else if err == nil {
		err = s.smoke(ctx, r.Workload, r.Plan.SmokeUnits)
	}
	if err != nil {
		if final(err) {
			return s.fail(ctx, r, Production, err)
		}
		return err
	}
	return s.db.Update(ctx, func(tx *store.Tx) error {
		if err := assembly.LockOf(ctx, tx, r.ID); err != nil {
			return err
		}
		r, err := rollout.Get(ctx, tx, r.ID)
		if err != nil || r.Phase != Starting {
			return err
		}
		if r.Release != "" {
			return s.ready(ctx, tx, r, probes)
		}
		if err := s.begin(ctx, tx, r); err != nil || !r.First {
			return err
		}
		return s.CountIn(ctx, tx, r.ID, probes)
	})
}

// begin lets a rollout take traffic.
func (s *Service) begin(ctx context.Context, tx *store.Tx, r Rollout) error {
	last, err := rollout.Latest(ctx, tx, r.Origin.Component, "decided")
	if err != nil {
		return err
	}
	r.Phase, r.Started, r.Waiting = Running, s.later(last), "the first units"
	r.Widened = r.Started
	if err := rollout.Save(ctx, tx, r); err != nil {
		return err
	}
	if !r.First {
		if err := s.planRoute(ctx, tx, r); err != nil {
			return err
		}
	}
	tx.After(s.nudge)
	return s.journal.Append(ctx, tx, me().By(), r.Subject(), fact.RolloutStarted{
		Rollout: r.ID, Environment: Production, Artifact: r.Artifact, Version: r.Number, Baseline: r.BaseArtifact, BaseVersion: r.BaseNumber,
		Run: r.Run, PlanHash: r.PlanHash, Release: r.Release, Change: r.Origin,
	})
}

// probeRounds bounds how often synthetic units are sent when their answers do
// not settle it.
const probeRounds = 5

// probe sends synthetic units to a first version until they show that it works
// or that it does not. Where neither can be shown nothing would ever be added
// to the evidence, so that is an errs.Blocked.
func (s *Service) probe(ctx context.Context, r Rollout) (*rollout.Tally, error) {
	probes, units, failures, example := rollout.NewTally(), 0, 0, ""
	for range probeRounds {
		failed, found, err := s.runtime.Probe(ctx, r.Workload, r.Plan.SmokeUnits)
		if err != nil {
			return nil, err
		}
		for i := range r.Plan.SmokeUnits {
			unit := fmt.Sprintf("probe-%d", units+i)
			probes.Add(rollout.Exposed, 0, Canary, unit)
			probes.Add(rollout.Served(0), 0, Canary, unit)
			probes.Add(rollout.CanaryUnits, 0, Canary, unit)
			if i < failed {
				probes.Add(rollout.CanaryFailed, 0, Canary, unit)
				probes.Add(rollout.Watched(plan.Errors), 0, Canary, unit)
			}
		}
		if found != "" {
			example = found
		}
		units, failures = units+r.Plan.SmokeUnits, failures+failed
		v := evidence.Decide(r.Plan.Evidence, evidence.Inputs{FirstVersion: true, Metrics: []evidence.MetricInput{
			{Name: plan.Errors, Arm: evidence.OneArm{Units: int64(units), Failures: int64(failures)}},
		}})
		if v.Decision != evidence.Hold {
			return probes, nil
		}
	}
	return nil, errs.New(errs.Blocked, "%d of %d smoke requests failed, for example: %s; that is too many to show that fewer than %g %% fail, and too few to show that more do",
		failures, units, example, 100*r.Plan.Evidence.AcceptedRate)
}
