package release

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/effect"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/ref"
)

// Effects registers the performers of what the module wants done. Each looks
// first at what is already so: a crash may come at any line.
func (s *Service) Effects(l *effect.Log) {
	l.Handle("release.stage", 3*time.Minute, s.performer(s.stage))
	l.Handle("release.start", 3*time.Minute, s.performer(s.start))
	l.Handle("release.route", 20*time.Second, s.performer(s.route))
	l.Handle("release.settle", 20*time.Second, s.performer(s.settle))
	l.Handle("release.stop", time.Minute, func(ctx context.Context, e effect.Effect) error {
		var w ref.Workload
		if err := json.Unmarshal(e.Data, &w); err != nil {
			return errs.Because(errs.Invalid, err, "the effect's data is damaged")
		}
		return s.runtime.Stop(ctx, w)
	})
}

func (s *Service) performer(do func(ctx context.Context, r Rollout) error) effect.Perform {
	return func(ctx context.Context, e effect.Effect) error {
		var id ref.Rollout
		if err := json.Unmarshal(e.Data, &id); err != nil {
			return errs.Because(errs.Invalid, err, "the effect's data is damaged")
		}
		var r Rollout
		err := s.db.View(ctx, func(tx *store.Tx) (err error) {
			r, err = get(ctx, tx, id)
			return err
		})
		if err != nil {
			return err
		}
		return do(ctx, r)
	}
}

// workload names the process of a rollout in an environment: the same name
// after a restart, so that it is found rather than started twice.
func workload(id ref.Rollout, e ref.Environment) ref.Workload {
	return ref.Workload(string(id) + "-" + string(e))
}

func (r Rollout) deployment(e ref.Environment) Deployment {
	return Deployment{Workload: workload(r.ID, e), Component: r.Origin.Component, Team: r.Origin.Team, Environment: e, Artifact: r.Artifact, Number: r.Number}
}

// final reports whether trying again cannot help.
func final(err error) bool {
	switch errs.KindOf(err) {
	case errs.Invalid, errs.Denied, errs.NotFound, errs.Blocked:
		return true
	}
	return false
}

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
	section, err := s.sealed.Verify(ctx, r.Origin.Component, r.Artifact)
	if err == nil {
		err = s.runtime.Deploy(ctx, r.deployment(Staging))
	}
	if err == nil {
		err = s.smoke(ctx, workload(r.ID, Staging), DefaultPlan(r.Origin.Lane, false).SmokeUnits)
	}
	if err == nil {
		_, err = s.runtime.Route(ctx, Route{Component: r.Origin.Component, Environment: Staging, Sequence: store.Micros(s.now()), Baseline: workload(r.ID, Staging)})
	}
	if err != nil {
		if final(err) {
			return s.fail(ctx, r, Staging, err)
		}
		return err
	}
	experiments, err := s.results.ForItems(ctx, r.Origin.Items)
	if err != nil {
		return err
	}
	return s.freeze(ctx, r.ID, section, experiments)
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

// freeze ends staging and fixes the plan, before the first unit is exposed.
func (s *Service) freeze(ctx context.Context, id ref.Rollout, section string, experiments []Experiment) error {
	var broken error
	err := s.db.Update(ctx, func(tx *store.Tx) error {
		broken = nil
		r, err := get(ctx, tx, id)
		if err != nil || r.Phase != InStaging {
			return err
		}
		base, found, err := live(ctx, tx, r.Origin.Component, Production)
		if err != nil {
			return err
		}
		old, had, err := live(ctx, tx, r.Origin.Component, Staging)
		if err != nil {
			return err
		}
		r.First = !found
		r.BaseArtifact, r.BaseNumber, r.BaseWorkload = base.Artifact, base.Number, base.Workload
		if r.Plan, broken = PlanFor(r.Origin.Lane, r.First, section); broken != nil {
			return nil
		}
		r.PlanHash, r.SplitKey, r.Experiments = r.Plan.Hash(), splitKey(), experiments
		r.Workload, r.Phase, r.Waiting, r.Staged = workload(r.ID, Production), Starting, "production to answer", s.now()
		if err := save(ctx, tx, r); err != nil {
			return err
		}
		now := Live{r.Origin.Component, Staging, r.Artifact, r.Number, workload(r.ID, Staging), r.Origin.Commit, store.Micros(s.now())}
		if err := setLive(ctx, tx, now); err != nil {
			return err
		}
		if had && old.Workload != now.Workload {
			if err := s.planStop(ctx, tx, old.Workload); err != nil {
				return err
			}
		}
		if err := s.effects.Plan(ctx, tx, effect.Plan{Key: "release.start/" + string(r.ID), Kind: "release.start", Subject: r.subject(), Data: r.ID}); err != nil {
			return err
		}
		return s.journal.Append(ctx, tx, me().By(), ref.Of("component", r.Origin.Component), fact.DeploymentFinished{
			Environment: Staging, Artifact: r.Artifact, Version: r.Number, Outcome: "succeeded", Change: r.Origin,
		})
	})
	if err != nil || broken == nil {
		return err
	}
	var r Rollout
	if err := s.db.View(ctx, func(tx *store.Tx) (err error) { r, err = get(ctx, tx, id); return err }); err != nil {
		return err
	}
	return s.fail(ctx, r, Staging, broken)
}

func (s *Service) planStop(ctx context.Context, tx *store.Tx, w ref.Workload) error {
	return s.effects.Plan(ctx, tx, effect.Plan{Key: "release.stop/" + string(w), Kind: "release.stop", Subject: ref.Of("workload", w), Data: w})
}

// start runs the new version beside the old one. A first version has nobody to
// compare with: synthetic units show whether it works.
func (s *Service) start(ctx context.Context, r Rollout) error {
	if r.Phase != Starting {
		return nil
	}
	err := s.runtime.Deploy(ctx, r.deployment(Production))
	probes := newTally()
	if err == nil && r.First {
		var failed int
		failed, _, err = s.runtime.Probe(ctx, r.Workload, r.Plan.SmokeUnits)
		for i := range r.Plan.SmokeUnits {
			unit := fmt.Sprintf("probe-%d", i)
			probes.add(exposed, 0, Canary, unit)
			probes.add(served(0), 0, Canary, unit)
			probes.add(canaryUnits, 0, Canary, unit)
			if i < failed {
				probes.add(canaryFailed, 0, Canary, unit)
				probes.add(metric, 0, Canary, unit)
			}
		}
	} else if err == nil {
		err = s.smoke(ctx, r.Workload, r.Plan.SmokeUnits)
	}
	if err != nil {
		if final(err) {
			return s.fail(ctx, r, Production, err)
		}
		return err
	}
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		r, err := get(ctx, tx, r.ID)
		if err != nil || r.Phase != Starting {
			return err
		}
		r.Phase, r.Started, r.Widened, r.Waiting = Running, s.now(), s.now(), "the first units"
		if err := save(ctx, tx, r); err != nil {
			return err
		}
		if !r.First {
			if err := s.planRoute(ctx, tx, r); err != nil {
				return err
			}
		}
		return s.journal.Append(ctx, tx, me().By(), r.subject(), fact.RolloutStarted{
			Rollout: r.ID, Environment: Production, Artifact: r.Artifact, Version: r.Number, Baseline: r.BaseArtifact, BaseVersion: r.BaseNumber,
			Run: r.Run, PlanHash: r.PlanHash, Change: r.Origin,
		})
	})
	if err != nil {
		return err
	}
	return s.count(ctx, r.ID, probes, 0, 0, s.now())
}

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
	moved := s.now()
	if to != "" { // a first version that is taken back leaves nothing to route to: it never had traffic
		at, err := s.runtime.Route(ctx, Route{Component: r.Origin.Component, Environment: Production, Sequence: store.Micros(r.Decided), Baseline: to})
		if err != nil {
			return err
		}
		moved = at
	}
	return s.db.Update(ctx, func(tx *store.Tx) error {
		r, err := get(ctx, tx, r.ID)
		if err != nil || r.Phase.Ended() {
			return err
		}
		outcome := Promoted
		if r.Phase == RollingBack {
			outcome = RolledBack
		}
		r.Phase, r.Moved, r.Finished, r.Waiting = outcome, moved, s.now(), ""
		if err := save(ctx, tx, r); err != nil {
			return err
		}
		if outcome == Promoted {
			l := Live{r.Origin.Component, Production, r.Artifact, r.Number, r.Workload, r.Origin.Commit, store.Micros(s.now())}
			if err := setLive(ctx, tx, l); err != nil {
				return err
			}
		}
		if leave != "" {
			if err := s.planStop(ctx, tx, leave); err != nil {
				return err
			}
		}
		tx.After(s.nudge) // the next rollout of the component may begin
		return s.journal.Append(ctx, tx, me().By(), r.subject(), fact.RolloutFinished{
			Rollout: r.ID, Environment: Production, Artifact: r.Artifact, Version: r.Number, BaseVersion: r.BaseNumber, Outcome: string(outcome),
			Reason: r.Reason, LogE: logE(*r.Verdict), Alpha: r.Plan.Evidence.Alpha, Exposed: !r.First || outcome == Promoted,
			Started: r.Started, Run: r.Run, Change: r.Origin,
		})
	})
}

// fail ends a rollout that never took traffic and says why.
func (s *Service) fail(ctx context.Context, r Rollout, where ref.Environment, cause error) error {
	why := errs.Of(cause)
	reason := why.Text
	if why.Kind == errs.Internal {
		reason = cause.Error()
	}
	return s.db.Update(ctx, func(tx *store.Tx) error {
		r, err := get(ctx, tx, r.ID)
		if err != nil || r.Phase.Ended() {
			return err
		}
		r.Phase, r.Waiting, r.Reason, r.Finished = Failed, "", reason, s.now()
		if err := save(ctx, tx, r); err != nil {
			return err
		}
		// In staging the old version stays where traffic finds it.
		keep, found, err := live(ctx, tx, r.Origin.Component, Staging)
		if err != nil {
			return err
		}
		for _, w := range []ref.Workload{workload(r.ID, Staging), workload(r.ID, Production)} {
			if found && keep.Workload == w {
				continue
			}
			if err := s.planStop(ctx, tx, w); err != nil {
				return err
			}
		}
		tx.After(s.nudge)
		return s.journal.Append(ctx, tx, me().By(), ref.Of("component", r.Origin.Component), fact.DeploymentFinished{
			Environment: where, Artifact: r.Artifact, Version: r.Number, Outcome: "failed", Reason: reason, Change: r.Origin,
		})
	})
}

// bad returns why an artifact is marked bad; empty when it is not.
func (s *Service) bad(ctx context.Context, a ref.Artifact) (why string, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		why, err = store.One(ctx, tx, store.Scan1[string], `select reason from release_bad where artifact = $1`, string(a))
		if errors.Is(err, store.ErrNone) {
			return nil
		}
		return err
	})
	return why, err
}
