package release

import (
	"context"
	"fmt"
	"log/slog"
	"slices"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/effect"
	"github.com/digital-factory/factory/internal/evidence"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/release/assembly"
	"github.com/digital-factory/factory/internal/release/draft"
	"github.com/digital-factory/factory/internal/release/freeze"
	"github.com/digital-factory/factory/internal/release/plan"
	"github.com/digital-factory/factory/internal/release/rollout"
)

// assemble makes a release of queued versions, in their order, and begins it
// now or has it wait until their components are free.
func (s *Service) assemble(ctx context.Context, tx *store.Tx, rel assembly.Release, versions []assembly.Version, now bool, who access.Actor) error {
	rel.State, rel.SplitKey, rel.Created = assembly.Waiting, draft.SplitKey(), s.now()
	if rel.ID == "" {
		rel.ID = ref.Release(ref.New())
	}
	for _, v := range versions {
		rel.Parts = append(rel.Parts, v.Part)
		r, err := rollout.Get(ctx, tx, v.Rollout)
		if err != nil {
			return err
		}
		r.Release = rel.ID
		if err := rollout.Save(ctx, tx, r); err != nil {
			return err
		}
	}
	if err := assembly.Insert(ctx, tx, rel); err != nil {
		return err
	}
	err := s.journal.Append(ctx, tx, who.By(), rel.Subject(), fact.ReleaseAssembled{Release: rel.ID, Name: rel.Name, Parts: rel.Told(), ByHand: rel.ByHand != "", Reason: rel.Why})
	if err != nil || !now {
		return err
	}
	rel.Version = 1
	return s.rollOut(ctx, tx, rel)
}

// rollOut begins a release: its components are taken, the first part goes to
// staging.
func (s *Service) rollOut(ctx context.Context, tx *store.Tx, rel assembly.Release) error {
	rel.State, rel.Reason = assembly.RollingOut, ""
	if err := assembly.Save(ctx, tx, rel); err != nil {
		return err
	}
	list, err := rolloutsOf(ctx, tx, rel)
	for i, r := range list {
		if err := s.toStaging(ctx, tx, r, i == 0); err != nil {
			return err
		}
	}
	return err
}

// partsOf returns a release with the rollouts of its parts, in their order.
func partsOf(ctx context.Context, tx *store.Tx, id ref.Release) (rel assembly.Release, list []Rollout, err error) {
	if rel, err = assembly.Get(ctx, tx, id); err == nil {
		list, err = rolloutsOf(ctx, tx, rel)
	}
	return rel, list, err
}

func rolloutsOf(ctx context.Context, tx *store.Tx, rel assembly.Release) (list []Rollout, err error) {
	for _, p := range rel.Parts {
		r, err := rollout.Get(ctx, tx, p.Rollout)
		if err != nil {
			return nil, err
		}
		list = append(list, r)
	}
	return list, nil
}

// staged goes on after a rollout was proved in staging.
func (s *Service) staged(ctx context.Context, tx *store.Tx, r Rollout) error {
	if rollout.Unapproved(r.Plan, r.Approvals, 0) {
		return s.ask(ctx, tx, r, 0)
	}
	if r.Release == "" {
		return s.planStart(ctx, tx, r)
	}
	return s.progress(ctx, tx, r)
}

// ready keeps that a part's workload in production has proved itself, or ends
// the release when synthetic units show that a first version does not work.
func (s *Service) ready(ctx context.Context, tx *store.Tx, r Rollout, probes *rollout.Tally) error {
	if r.First {
		if err := s.CountIn(ctx, tx, r.ID, probes); err != nil {
			return err
		}
		rows, err := rollout.Counts(ctx, tx, r.ID)
		if err != nil {
			return err
		}
		if v := evidence.Decide(r.Plan.Evidence, rollout.Situate(r, rows).Inputs); v.Decision == evidence.RollBack {
			r.Reason = v.Reason
			if err := s.markBad(ctx, tx, r, me()); err != nil {
				return err
			}
			return s.failIn(ctx, tx, r, Production, v.Reason, me())
		}
	}
	r.Ready, r.Waiting = s.now(), "the other parts to be ready"
	if err := rollout.Save(ctx, tx, r); err != nil {
		return err
	}
	return s.progress(ctx, tx, r)
}

// progress does what a part's progress makes possible for the others.
func (s *Service) progress(ctx context.Context, tx *store.Tx, r Rollout) error {
	rel, list, err := partsOf(ctx, tx, r.Release)
	if err != nil {
		return err
	}
	far := make([]assembly.Progress, len(list))
	for i, o := range list {
		switch {
		case !o.Ready.IsZero():
			far[i] = assembly.Ready
		case o.Phase == Starting && !rollout.Unapproved(o.Plan, o.Approvals, 0):
			far[i] = assembly.Staged
		}
	}
	act := assembly.Next(far, slices.IndexFunc(list, func(o Rollout) bool { return o.ID == r.ID }))
	switch {
	case act.Stage >= 0:
		next := list[act.Stage]
		next.Waiting = "staging to answer"
		if err := rollout.Save(ctx, tx, next); err != nil {
			return err
		}
		return s.planStage(ctx, tx, next)
	case act.Join:
		if err := s.join(ctx, tx, rel, list); err != nil {
			return err
		}
		return s.planStart(ctx, tx, list[act.Start])
	case act.Start >= 0:
		return s.planStart(ctx, tx, list[act.Start])
	case act.Go:
		for _, o := range list {
			if err := s.begin(ctx, tx, o); err != nil {
				return err
			}
		}
		return s.planMove(ctx, tx, rel, 0)
	}
	return nil
}

// join fixes the plans of all parts as one, before the first unit is exposed:
// the same units and stages, and alpha divided among them.
func (s *Service) join(ctx context.Context, tx *store.Tx, rel assembly.Release, list []Rollout) error {
	var plans [][]plan.Stage
	var members ref.Rollout // whose cohorts all have
	for _, r := range list {
		plans = append(plans, r.Plan.Stages)
		if slices.ContainsFunc(r.Plan.Stages, func(s plan.Stage) bool { return s.Cohort != nil }) {
			members = r.ID
		}
	}
	stages, err := assembly.Stages(plans)
	if err != nil {
		return s.failIn(ctx, tx, list[0], Production, err.Error(), me())
	}
	for _, r := range list {
		if !r.First {
			first := r.Plan.Stages[0].Approval // was asked for by now, of the parts that want it
			r.Plan.Stages = slices.Clone(stages)
			r.Plan.Stages[0].Approval = first
			if err := rollout.CopyMembers(ctx, tx, members, r.ID); err != nil {
				return err
			}
		}
		r.Plan.Evidence.Alpha /= float64(len(list))
		r.PlanHash, r.Waiting = r.Plan.Hash(), "production to answer"
		if err := rollout.Save(ctx, tx, r); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) planMove(ctx context.Context, tx *store.Tx, rel assembly.Release, stage int) error {
	return s.effects.Plan(ctx, tx, effect.Plan{Key: fmt.Sprintf("release.move/%s/%d", rel.ID, stage), Kind: "release.move", Subject: rel.Subject(), Data: rel.ID})
}

func (s *Service) planEnd(ctx context.Context, tx *store.Tx, rel assembly.Release) error {
	return s.effects.Plan(ctx, tx, effect.Plan{Key: fmt.Sprintf("release.end/%s", rel.ID), Kind: "release.end", Subject: ref.Of("settle", rel.ID), Data: rel.ID})
}

// advanceReleases looks at every release that waits or takes traffic.
func (s *Service) advanceReleases(ctx context.Context) error {
	var waiting, moving []ref.Release
	err := s.db.View(ctx, func(tx *store.Tx) (err error) {
		if waiting, err = assembly.Open(ctx, tx, assembly.Waiting); err != nil {
			return err
		}
		moving, err = assembly.Open(ctx, tx, assembly.RollingOut)
		return err
	})
	if err != nil {
		return err
	}
	for _, id := range append(waiting, moving...) {
		do := s.judgeRelease
		if slices.Contains(waiting, id) {
			do = s.takeRelease
		}
		if err := do(ctx, id); err != nil && !errs.Is(err, errs.Conflict) {
			slog.Error("a release could not be taken forward", "release", id, "error", err)
		}
	}
	return nil
}

// judgeRelease makes the next step of a release whose parts take traffic.
func (s *Service) judgeRelease(ctx context.Context, id ref.Release) error {
	var rel assembly.Release
	var list []Rollout
	var rows [][]rollout.Count
	var frozen freeze.Windows
	err := s.db.View(ctx, func(tx *store.Tx) (err error) {
		if frozen, err = freeze.InForce(ctx, tx, s.now()); err != nil {
			return err
		}
		rel, list, err = partsOf(ctx, tx, id)
		for _, r := range list {
			c, err := rollout.Counts(ctx, tx, r.ID)
			if err != nil {
				return err
			}
			rows = append(rows, c)
		}
		return err
	})
	if err != nil || slices.ContainsFunc(list, func(r Rollout) bool { return r.Phase != Running }) {
		return err
	}
	sits, verdicts, stands := make([]rollout.Situation, len(list)), make([]evidence.Verdict, len(list)), make([]assembly.Standing, len(list))
	for i, r := range list {
		sits[i] = s.situate(r, rows[i], frozen)
		var step rollout.Step
		stands[i].Name = rel.Parts[i].String()
		step, verdicts[i], stands[i].Waiting = rollout.Next(sits[i])
		stands[i].Step, stands[i].Over = string(step), rollout.Over(verdicts[i])
	}
	step, culprit, waiting := assembly.Together(stands)
	return s.db.Update(ctx, func(tx *store.Tx) error {
		if _, err := assembly.Lock(ctx, tx, id); err != nil {
			return err
		}
		for i, r := range list {
			if err := rollout.Trace(ctx, tx, r, verdicts[i], s.now()); err != nil {
				return err
			}
		}
		if culprit >= 0 {
			return s.decide(ctx, tx, list[culprit], rollout.RollBack, verdicts[culprit], sits[culprit], "", me())
		}
		for i, r := range list {
			switch {
			case step == string(rollout.Promote):
				err = s.decide(ctx, tx, r, rollout.Promote, verdicts[i], sits[i], "", me())
			case step == string(rollout.Widen) && !r.First:
				err = s.widen(ctx, tx, r)
			case step == string(rollout.Stay):
				err = s.waits(ctx, tx, r, sits[i], waiting[i])
			}
			if err != nil {
				return err
			}
		}
		switch step {
		case string(rollout.Promote):
			return s.planEnd(ctx, tx, rel)
		case string(rollout.Widen):
			return s.planMove(ctx, tx, rel, 1+slices.MaxFunc(list, func(a, b Rollout) int { return a.Stage - b.Stage }).Stage)
		}
		return nil
	})
}
