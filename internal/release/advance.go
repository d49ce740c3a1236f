package release

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"time"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/life"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/effect"
	"github.com/digital-factory/factory/internal/evidence"
	"github.com/digital-factory/factory/internal/evidence/anytime"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/ref"
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
	var open []Rollout
	err := s.db.View(ctx, func(tx *store.Tx) (err error) {
		open, err = store.List(ctx, tx, scan, `select `+columns+` from release_rollout where phase in ('queued', 'running') order by id`)
		return err
	})
	if err != nil {
		return err
	}
	for _, r := range open {
		switch r.Phase {
		case Queued:
			err = s.take(ctx, r.ID)
		case Running:
			err = s.judge(ctx, r)
		}
		if err != nil && !errs.Is(err, errs.Conflict) { // a conflict is another replica's or a lever's move: look again
			slog.Error("a rollout could not be taken forward", "rollout", r.ID, "phase", r.Phase, "error", err)
		}
	}
	return nil
}

// take begins a queued rollout when its component is free: hotfixes first,
// else the newest; older ones that a newer one overtakes are superseded.
func (s *Service) take(ctx context.Context, id ref.Rollout) error {
	return s.db.Update(ctx, func(tx *store.Tx) error {
		r, err := get(ctx, tx, id)
		if err != nil || r.Phase != Queued {
			return err
		}
		newer, err := store.One(ctx, tx, store.Scan1[int64], `select count(*) from release_rollout where component = $1 and phase = 'queued'
			and id > $2 and (lane = 'hotfix' or $3 <> 'hotfix')`, string(r.Origin.Component), string(r.ID), r.Origin.Lane)
		if err != nil {
			return err
		}
		if newer > 0 {
			r.Phase, r.Waiting, r.Reason, r.Finished = Superseded, "", "a newer version was published before its turn came; that one carries its changes too", s.now()
			return save(ctx, tx, r)
		}
		busy, found, err := active(ctx, tx, r.Origin.Component)
		if err != nil {
			return err
		}
		waiting := ""
		if found {
			waiting = fmt.Sprintf("the rollout of version %s to end", busy.Number)
		} else if r.Origin.Lane != "hotfix" {
			fix, err := store.List(ctx, tx, store.Scan1[string], `select number from release_rollout where component = $1 and phase = 'queued' and lane = 'hotfix'`, string(r.Origin.Component))
			if err != nil {
				return err
			}
			if len(fix) > 0 {
				waiting = fmt.Sprintf("the hotfix, version %s, to go first", fix[0])
			}
		}
		if waiting != "" {
			if r.Waiting == waiting {
				return nil
			}
			r.Waiting = waiting
			return save(ctx, tx, r)
		}
		r.Phase, r.Waiting = InStaging, "staging to answer"
		if err := s.effects.Plan(ctx, tx, effect.Plan{Key: "release.stage/" + string(r.ID), Kind: "release.stage", Subject: r.subject(), Data: r.ID}); err != nil {
			return err
		}
		return save(ctx, tx, r)
	})
}

// judge makes the next step of a rollout that takes traffic.
func (s *Service) judge(ctx context.Context, r Rollout) error {
	var rows []count
	err := s.db.View(ctx, func(tx *store.Tx) (err error) {
		if r, err = get(ctx, tx, r.ID); err != nil {
			return err
		}
		rows, err = counts(ctx, tx, r.ID)
		return err
	})
	if err != nil || r.Phase != Running {
		return err
	}
	sit := situation(r, rows)
	sit.InStage = s.now().Sub(r.Widened)
	step, verdict, waiting := Next(sit)
	return s.db.Update(ctx, func(tx *store.Tx) error {
		if err := s.trace(ctx, tx, r, verdict); err != nil {
			return err
		}
		switch step {
		case Widen:
			return s.widen(ctx, tx, r)
		case Promote, RollBack:
			return s.decide(ctx, tx, r, step, verdict, sit, "", me())
		}
		if r.Waiting == waiting {
			return nil
		}
		r.Waiting = waiting
		return save(ctx, tx, r)
	})
}

func (s *Service) widen(ctx context.Context, tx *store.Tx, r Rollout) error {
	r.Stage++
	r.Widened, r.Waiting = s.later(r.Widened), "traffic to move"
	if err := save(ctx, tx, r); err != nil {
		return err
	}
	if err := s.planRoute(ctx, tx, r); err != nil {
		return err
	}
	return s.journal.Append(ctx, tx, me().By(), r.subject(), fact.RolloutWidened{Rollout: r.ID, Component: r.Origin.Component, Stage: r.Stage, Share: r.Plan.Shares[r.Stage]})
}

func (s *Service) planRoute(ctx context.Context, tx *store.Tx, r Rollout) error {
	return s.effects.Plan(ctx, tx, effect.Plan{Key: fmt.Sprintf("release.route/%s/%d", r.ID, r.Stage), Kind: "release.route", Subject: r.subject(), Data: r.ID})
}

// decide stores the verdict with its counts, and has traffic moved. hand is a
// person's reason, empty when evidence decided.
func (s *Service) decide(ctx context.Context, tx *store.Tx, r Rollout, step Step, v evidence.Verdict, sit Situation, hand string, who access.Actor) error {
	r.Verdict, r.Inputs, r.Decided, r.Waiting, r.Reason = &v, &sit.Inputs, s.later(r.Widened), "traffic to move", v.Reason
	r.Phase = Promoting
	if step == RollBack {
		r.Phase = RollingBack
	}
	if hand != "" {
		r.ByHand, r.Reason = who.Name, "Rolled back by "+who.Name+": "+hand
	}
	if err := save(ctx, tx, r); err != nil {
		return err
	}
	// The event that decided is the latest that the counts hold.
	if _, err := tx.Exec(ctx, `update release_rollout set deciding = $2 where id = $1`, string(r.ID), store.Micros(r.Deciding)); err != nil {
		return err
	}
	if err := s.effects.Plan(ctx, tx, effect.Plan{Key: "release.settle/" + string(r.ID), Kind: "release.settle", Subject: ref.Of("settle", r.ID), Data: r.ID}); err != nil {
		return err
	}
	if step == RollBack {
		if err := s.markBad(ctx, tx, r, who); err != nil {
			return err
		}
	}
	if err := s.measure(ctx, tx, r, sit); err != nil {
		return err
	}
	return s.journal.Append(ctx, tx, who.By(), r.subject(), fact.RolloutDecided{
		Rollout: r.ID, Verdict: string(step), Reason: r.Reason, LogE: logE(r.Plan.Evidence, v), Alpha: r.Plan.Evidence.Alpha, ByHand: hand != "", Change: r.Origin,
	})
}

// logE is the evidence of harm in any metric: the sum of what the metrics found,
// each by its part of alpha. It begins at 0, and where one metric rolls back it
// has reached ln(1/alpha).
func logE(p evidence.Plan, v evidence.Verdict) float64 {
	logs := make([]float64, 0, len(v.Metrics))
	for i, m := range v.Metrics {
		logs = append(logs, m.LogE+math.Log(p.Metrics[i].Weight*float64(len(v.Metrics))))
	}
	return anytime.Settled(anytime.LogAverage(logs))
}

// logFine is how far the metric that is the farthest from being shown fine has
// come, on a scale where ln(1/beta) shows it.
func logFine(p evidence.Plan, v evidence.Verdict) float64 {
	least := math.Inf(1)
	for i, m := range v.Metrics {
		if !p.Metrics[i].Guardrail && m.PromoteThreshold > 0 {
			least = min(least, max(m.LogEPromote, m.LogEAccepted)/m.PromoteThreshold)
		}
	}
	if math.IsInf(least, 1) {
		return 0
	}
	return anytime.Settled(-least * math.Log(p.Beta))
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
func (s *Service) measure(ctx context.Context, tx *store.Tx, r Rollout, sit Situation) error {
	for i, e := range r.Experiments {
		m, ok := evidence.Effect(sit.Experiments[i], r.Plan.Evidence.IntervalAlpha)
		if !ok {
			continue
		}
		err := s.journal.Append(ctx, tx, me().By(), r.subject(), fact.EffectMeasured{
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

// trace keeps a point of the evidence for the picture when it has moved, at most
// four a second.
func (s *Service) trace(ctx context.Context, tx *store.Tx, r Rollout, v evidence.Verdict) error {
	if len(v.Metrics) == 0 {
		return nil
	}
	harm, promote := logE(r.Plan.Evidence, v), logFine(r.Plan.Evidence, v)
	at := s.now().Truncate(250 * time.Millisecond)
	last, err := store.One(ctx, tx, scanTrace, `select `+traceColumns+` from release_trace where rollout = $1 order by at desc limit 1`, string(r.ID))
	if err != nil && !errors.Is(err, store.ErrNone) {
		return err
	}
	if err == nil && last.Stage == r.Stage && last.LogE == harm && last.LogEPromote == promote &&
		last.Canary == v.SampleRatio.Canary && last.Baseline == v.SampleRatio.Baseline {
		return nil
	}
	_, err = tx.Exec(ctx, `insert into release_trace (rollout, at, stage, share, log_e, log_e_promote, canary, baseline)
		values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (rollout, at) do update set stage = $3, share = $4, log_e = $5, log_e_promote = $6, canary = $7, baseline = $8`,
		string(r.ID), store.Micros(at), r.Stage, r.Plan.Shares[r.Stage], harm, promote, v.SampleRatio.Canary, v.SampleRatio.Baseline)
	return err
}

// splitKey is fresh for each rollout, so that nobody is always the guinea pig.
func splitKey() string {
	raw := make([]byte, 16)
	_, _ = rand.Read(raw) // never fails
	return hex.EncodeToString(raw)
}
