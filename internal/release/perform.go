package release

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/effect"
	"github.com/digital-factory/factory/internal/evidence"
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
	l.Handle("release.back", 3*time.Minute, s.performer(s.back))
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
		if err := do(ctx, r); err != nil {
			s.note(ctx, id, err)
			return err
		}
		return nil
	}
}

// note shows in the rollout why a step towards traffic did not succeed; the
// effect log tries it again.
func (s *Service) note(ctx context.Context, id ref.Rollout, cause error) {
	err := s.db.Update(context.WithoutCancel(ctx), func(tx *store.Tx) error {
		r, err := get(ctx, tx, id)
		if err != nil || (r.Phase != InStaging && r.Phase != Starting) {
			return err
		}
		waiting := "another try, because: " + errs.Of(cause).Text
		if r.Waiting == waiting {
			return nil
		}
		r.Waiting = waiting
		return save(ctx, tx, r)
	})
	if err != nil && !errs.Is(err, errs.Conflict) {
		slog.Error("what a rollout waits for could not be written", "rollout", id, "error", err)
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
		// What the repository asks for is refused before anything of it runs.
		_, err = PlanFor(r.Origin.Lane, false, section)
	}
	var experiments []Experiment
	if err == nil {
		experiments, err = s.results.ForItems(ctx, r.Origin.Items)
	}
	if err == nil {
		err = s.runtime.Deploy(ctx, r.deployment(Staging))
	}
	if err == nil {
		err = s.smoke(ctx, workload(r.ID, Staging), DefaultPlan(r.Origin.Lane, false).SmokeUnits)
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
	return s.freeze(ctx, r.ID, section, experiments, staged)
}

// routeStaging moves staging's traffic to the rollout's workload; staged is
// when, later than that of any rollout before.
func (s *Service) routeStaging(ctx context.Context, r Rollout) (staged time.Time, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		last, err := latest(ctx, tx, r.Origin.Component, "staged")
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

// freeze ends staging and fixes the plan, before the first unit is exposed.
func (s *Service) freeze(ctx context.Context, id ref.Rollout, section string, experiments []Experiment, staged time.Time) error {
	return s.db.Update(ctx, func(tx *store.Tx) error {
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
		if r.Plan, err = PlanFor(r.Origin.Lane, r.First, section); err != nil {
			return err
		}
		r.PlanHash, r.SplitKey, r.Experiments = r.Plan.Hash(), splitKey(), experiments
		r.Workload, r.Phase, r.Waiting, r.Staged = workload(r.ID, Production), Starting, "production to answer", staged
		if err := save(ctx, tx, r); err != nil {
			return err
		}
		now := Live{r.Origin.Component, Staging, r.Artifact, r.Number, workload(r.ID, Staging), r.Origin.Commit, store.Micros(s.now())}
		if err := setLive(ctx, tx, now); err != nil {
			return err
		}
		if had && old.Workload != now.Workload {
			if err := s.planStop(ctx, tx, ref.Of("workload", old.Workload), old.Workload); err != nil {
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
}

// planStop has a workload stopped, after what is planned for the subject.
func (s *Service) planStop(ctx context.Context, tx *store.Tx, subject ref.Subject, w ref.Workload) error {
	return s.effects.Plan(ctx, tx, effect.Plan{Key: "release.stop/" + string(w), Kind: "release.stop", Subject: subject, Data: w})
}

// start runs the new version beside the old one. A first version has nobody to
// compare with: synthetic units show whether it works.
func (s *Service) start(ctx context.Context, r Rollout) error {
	if r.Phase != Starting {
		return nil
	}
	probes := newTally()
	err := s.runtime.Deploy(ctx, r.deployment(Production))
	if err == nil && r.First {
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
		r, err := get(ctx, tx, r.ID)
		if err != nil || r.Phase != Starting {
			return err
		}
		last, err := latest(ctx, tx, r.Origin.Component, "decided")
		if err != nil {
			return err
		}
		r.Phase, r.Started, r.Waiting = Running, s.later(last), "the first units"
		r.Widened = r.Started
		if err := save(ctx, tx, r); err != nil {
			return err
		}
		if r.First {
			err = s.countIn(ctx, tx, r.ID, probes, 0, 0, s.now())
		} else {
			err = s.planRoute(ctx, tx, r)
		}
		if err != nil {
			return err
		}
		tx.After(s.nudge)
		return s.journal.Append(ctx, tx, me().By(), r.subject(), fact.RolloutStarted{
			Rollout: r.ID, Environment: Production, Artifact: r.Artifact, Version: r.Number, Baseline: r.BaseArtifact, BaseVersion: r.BaseNumber,
			Run: r.Run, PlanHash: r.PlanHash, Change: r.Origin,
		})
	})
}

// probeRounds bounds how often synthetic units are sent when their answers do
// not settle it.
const probeRounds = 5

// probe sends synthetic units to a first version until they show that it works
// or that it does not. Where neither can be shown nothing would ever be added
// to the evidence, so that is an errs.Blocked.
func (s *Service) probe(ctx context.Context, r Rollout) (*tally, error) {
	probes, units, failures, example := newTally(), 0, 0, ""
	for range probeRounds {
		failed, found, err := s.runtime.Probe(ctx, r.Workload, r.Plan.SmokeUnits)
		if err != nil {
			return nil, err
		}
		for i := range r.Plan.SmokeUnits {
			unit := fmt.Sprintf("probe-%d", units+i)
			probes.add(exposed, 0, Canary, unit)
			probes.add(served(0), 0, Canary, unit)
			probes.add(canaryUnits, 0, Canary, unit)
			if i < failed {
				probes.add(canaryFailed, 0, Canary, unit)
				probes.add(metric, 0, Canary, unit)
			}
		}
		if found != "" {
			example = found
		}
		units, failures = units+r.Plan.SmokeUnits, failures+failed
		v := evidence.Decide(r.Plan.Evidence, evidence.Inputs{FirstVersion: true, Metrics: []evidence.MetricInput{
			{Name: metric, Arm: evidence.OneArm{Units: int64(units), Failures: int64(failures)}},
		}})
		if v.Decision != evidence.Hold {
			return probes, nil
		}
	}
	return nil, errs.New(errs.Blocked, "%d of %d smoke requests failed, for example: %s; that is too many to show that fewer than %g %% fail, and too few to show that more do",
		failures, units, example, 100*r.Plan.Evidence.AcceptedRate)
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
		if r.Back != nil {
			l := Live{r.Origin.Component, Production, r.Back.Artifact, r.Back.Number, r.Back.Workload, r.Back.Commit, store.Micros(s.now())}
			if err := setLive(ctx, tx, l); err != nil {
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
		return s.journal.Append(ctx, tx, me().By(), r.subject(), fact.RolloutFinished{
			Rollout: r.ID, Environment: Production, Artifact: r.Artifact, Version: r.Number, BaseVersion: base, Outcome: string(outcome),
			Reason: r.Reason, LogE: r.logE(), Alpha: r.Plan.Evidence.Alpha, Exposed: !r.First || outcome == Promoted || r.Back != nil,
			Started: r.Started, Run: r.Run, Change: r.Origin,
		})
	})
}

// fail ends a rollout that never took traffic and says why.
func (s *Service) fail(ctx context.Context, r Rollout, where ref.Environment, cause error) error {
	why := errs.Of(cause)
	reason := why.Text
	for _, f := range why.Fields {
		reason += "; " + f.At + ": " + f.Text
	}
	return s.db.Update(ctx, func(tx *store.Tx) error {
		r, err := get(ctx, tx, r.ID)
		if err != nil || (r.Phase != InStaging && r.Phase != Starting) {
			return err
		}
		return s.failIn(ctx, tx, r, where, reason, me())
	})
}

func (s *Service) failIn(ctx context.Context, tx *store.Tx, r Rollout, where ref.Environment, reason string, who access.Actor) error {
	r.Phase, r.Waiting, r.Reason, r.Finished = Failed, "", reason, s.now()
	if err := save(ctx, tx, r); err != nil {
		return err
	}
	// In staging the old version stays where traffic finds it. The stops wait for
	// a deployment of this rollout that is on its way.
	keep, found, err := live(ctx, tx, r.Origin.Component, Staging)
	if err != nil {
		return err
	}
	for _, w := range []ref.Workload{workload(r.ID, Staging), workload(r.ID, Production)} {
		if found && keep.Workload == w {
			continue
		}
		if err := s.planStop(ctx, tx, r.subject(), w); err != nil {
			return err
		}
	}
	tx.After(s.nudge)
	return s.journal.Append(ctx, tx, who.By(), ref.Of("component", r.Origin.Component), fact.DeploymentFinished{
		Environment: where, Artifact: r.Artifact, Version: r.Number, Outcome: "failed", Reason: reason, Change: r.Origin,
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
