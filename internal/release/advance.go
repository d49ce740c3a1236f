package release

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/life"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/effect"
	"github.com/digital-factory/factory/internal/evidence"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/release/assembly"
	"github.com/digital-factory/factory/internal/release/freeze"
	"github.com/digital-factory/factory/internal/release/plan"
	"github.com/digital-factory/factory/internal/release/rollout"
)

// me is the actor behind what the module decides by itself.
func me() access.Actor { return access.System("release") }

// Run takes rollouts forward until ctx ends: after every count, and now and
// then for what only time changes.
func (s *Service) Run(ctx context.Context) error {
	return life.Every(ctx, "release", 500*time.Millisecond, s.wake, s.advance)
}

// advance looks at every rollout that waits for its turn or takes traffic. A
// failure of one does not hold up the others.
func (s *Service) advance(ctx context.Context) error {
	if err := rollout.Ripen(ctx, s.db, s.now()); err != nil {
		return err
	}
	var open []Rollout
	var land assembly.Landscape
	err := s.db.View(ctx, func(tx *store.Tx) (err error) {
		open, err = store.List(ctx, tx, rollout.Scan, `select `+rollout.Columns+` from release_rollout where phase in ('queued', 'running') and release_id = '' order by id`)
		if err == nil && slices.ContainsFunc(open, func(r Rollout) bool { return r.Phase == Queued }) {
			land, err = assembly.Survey(ctx, tx)
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, r := range open {
		switch r.Phase {
		case Queued:
			err = s.queued(ctx, r, land)
		case Running:
			err = s.judge(ctx, r)
		}
		if err != nil && !errs.Is(err, errs.Conflict) { // a conflict is another replica's or a lever's move: look again
			slog.Error("a rollout could not be taken forward", "rollout", r.ID, "phase", r.Phase, "error", err)
		}
	}
	return s.advanceReleases(ctx)
}

// judge makes the next step of a rollout that takes traffic.
func (s *Service) judge(ctx context.Context, r Rollout) error {
	var rows []rollout.Count
	var frozen freeze.Windows
	err := s.db.View(ctx, func(tx *store.Tx) (err error) {
		if r, err = rollout.Get(ctx, tx, r.ID); err != nil {
			return err
		}
		if rows, err = rollout.Counts(ctx, tx, r.ID); err != nil {
			return err
		}
		frozen, err = freeze.InForce(ctx, tx, s.now())
		return err
	})
	if err != nil || r.Phase != Running {
		return err
	}
	sit := s.situate(r, rows, frozen)
	step, verdict, waiting := rollout.Next(sit)
	return s.db.Update(ctx, func(tx *store.Tx) error {
		if err := rollout.Trace(ctx, tx, r, verdict, s.now()); err != nil {
			return err
		}
		switch step {
		case rollout.Widen:
			return s.widen(ctx, tx, r)
		case rollout.Promote, rollout.RollBack:
			return s.decide(ctx, tx, r, step, verdict, sit, "", me())
		}
		return s.waits(ctx, tx, r, sit, waiting)
	})
}

// situate is what the next step of a rollout is decided from.
func (s *Service) situate(r Rollout, rows []rollout.Count, frozen freeze.Windows) rollout.Situation {
	sit := rollout.Situate(r, rows)
	sit.At(r, s.now())
	if w, stops := frozen.Stops(r.Origin.Team, r.Origin.Component, r.Origin.Lane == plan.Hotfix); stops {
		sit.Frozen = "The evidence suffices; it waits for " + w.Waiting()
	}
	return sit
}

// waits keeps what a rollout that takes traffic waits for, and asks people when
// it is only their approval.
func (s *Service) waits(ctx context.Context, tx *store.Tx, r Rollout, sit rollout.Situation, waiting string) error {
	if r.Waiting == waiting {
		return nil
	}
	r.Waiting = waiting
	if err := rollout.Save(ctx, tx, r); err != nil {
		return err
	}
	if stage, asks := sit.Awaits(); asks {
		return s.ask(ctx, tx, r, stage)
	}
	return nil
}

func (s *Service) widen(ctx context.Context, tx *store.Tx, r Rollout) error {
	r.Stage++
	r.Widened, r.Waiting = s.later(r.Widened), "traffic to move"
	if err := rollout.Save(ctx, tx, r); err != nil {
		return err
	}
	if err := s.planRoute(ctx, tx, r); err != nil {
		return err
	}
	return s.journal.Append(ctx, tx, me().By(), r.Subject(), fact.RolloutWidened{Rollout: r.ID, Component: r.Origin.Component, Stage: r.Stage, Share: r.Plan.Stages[r.Stage].Share})
}

func (s *Service) planRoute(ctx context.Context, tx *store.Tx, r Rollout) error {
	if r.Release != "" {
		return nil // traffic of all parts moves together
	}
	return s.effects.Plan(ctx, tx, effect.Plan{Key: fmt.Sprintf("release.route/%s/%d", r.ID, r.Stage), Kind: "release.route", Subject: r.Subject(), Data: r.ID})
}

// decide stores the verdict with its counts, and has traffic moved. hand is a
// person's reason, empty when evidence decided.
func (s *Service) decide(ctx context.Context, tx *store.Tx, r Rollout, step rollout.Step, v evidence.Verdict, sit rollout.Situation, hand string, who access.Actor) error {
	r.Verdict, r.Inputs, r.Decided, r.Waiting = &v, &sit.Inputs, s.later(r.Widened), "traffic to move"
	if r.Cause == "" { // else it goes with another part, which gave the reason
		r.Reason = v.Reason
	}
	r.Phase = Promoting
	if step == rollout.RollBack {
		r.Phase = RollingBack
	}
	if hand != "" {
		r.ByHand, r.Reason = who.Name, "Rolled back by "+who.Name+": "+hand
	}
	if err := rollout.Save(ctx, tx, r); err != nil {
		return err
	}
	// The event that decided is the latest that the counts hold.
	if _, err := tx.Exec(ctx, `update release_rollout set deciding = $2 where id = $1`, string(r.ID), store.Micros(r.Deciding)); err != nil {
		return err
	}
	if r.Release == "" {
		if err := s.effects.Plan(ctx, tx, effect.Plan{Key: "release.settle/" + string(r.ID), Kind: "release.settle", Subject: ref.Of("settle", r.ID), Data: r.ID}); err != nil {
			return err
		}
	}
	if step == rollout.RollBack && r.Cause == "" && r.Artifact != r.BaseArtifact { // else its variables are to blame
		if err := s.markBad(ctx, tx, r, who); err != nil {
			return err
		}
	}
	if err := s.measure(ctx, tx, r, sit); err != nil {
		return err
	}
	if err := s.journal.Append(ctx, tx, who.By(), r.Subject(), fact.RolloutDecided{
		Rollout: r.ID, Verdict: string(step), Reason: r.Reason, LogE: rollout.LogE(r.Plan.Evidence, v), Alpha: r.Plan.Evidence.Alpha, ByHand: hand != "", Release: r.Release, Cause: r.Cause, Change: r.Origin,
	}); err != nil || step != rollout.RollBack {
		return err
	}
	return s.fall(ctx, tx, r, who)
}

func (s *Service) markBad(ctx context.Context, tx *store.Tx, r Rollout, who access.Actor) error {
	_, err := tx.Exec(ctx, `insert into release_bad (artifact, component, number, rollout, reason, at) values ($1, $2, $3, $4, $5, $6)
		on conflict (artifact) do nothing`, string(r.Artifact), string(r.Origin.Component), r.Number, string(r.ID), r.Reason, store.Micros(s.now()))
	if err != nil {
		return err
	}
	return s.journal.Append(ctx, tx, who.By(), ref.Of("artifact", r.Artifact), fact.ArtifactMarkedBad{
		Artifact: r.Artifact, Component: r.Origin.Component, Version: r.Number, Rollout: r.ID, Reason: r.Reason,
	})
}

// measure tells what the rollout did to each key result that it could measure.
// Units were assigned at random, which is what grade A means.
func (s *Service) measure(ctx context.Context, tx *store.Tx, r Rollout, sit rollout.Situation) error {
	for i, e := range r.Experiments {
		m, ok := evidence.Effect(sit.Experiments[i], r.Plan.Evidence.IntervalAlpha)
		if !ok {
			continue
		}
		err := s.journal.Append(ctx, tx, me().By(), r.Subject(), fact.EffectMeasured{
			Rollout: r.ID, Component: r.Origin.Component, Team: r.Origin.Team, Items: r.Origin.Items, KeyResult: e.KeyResult, Feature: e.Feature,
			Outcome: e.Event, Estimate: m.Estimate, Low: m.Low, High: m.High, Level: 1 - r.Plan.Evidence.IntervalAlpha,
			Units: m.Canary + m.Baseline, Grade: "A",
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// later is now, but after t also when the clock was set back: these times order
// the routes of a component, and the order must not break.
func (s *Service) later(t time.Time) time.Time {
	if now := s.now(); now.After(t) {
		return now
	}
	return t.Add(time.Microsecond)
}
