package release

import (
	"context"
	"encoding/json"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/page"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/evidence"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/release/plan"
	"github.com/digital-factory/factory/internal/release/rollout"
)

// List returns rollouts, newest first, a page at a time; component and phase
// narrow it when not empty.
func (s *Service) List(ctx context.Context, who access.Actor, c ref.Component, phase Phase, ask page.Ask) (list []Rollout, next string, err error) {
	if err := who.May(access.Read, ""); err != nil {
		return nil, "", err
	}
	before := "~" // sorts after every id
	if _, err := ask.Key(&before); err != nil {
		return nil, "", err
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		list, err = store.List(ctx, tx, rollout.Scan, `select `+rollout.Columns+` from release_rollout
			where id < $1 and ($2 = '' or component = $2) and ($3 = '' or phase = $3) order by id desc limit $4`,
			before, string(c), string(phase), ask.Size()+1)
		return err
	})
	if err != nil {
		return nil, "", err
	}
	list, next = page.Of(ask, list, func(r Rollout) any { return r.ID })
	return list, next, nil
}

// TracePoint is one point of the evidence over time.
type TracePoint = rollout.TracePoint

// Measured is what a rollout knows of one experiment.
type Measured struct {
	Experiment
	evidence.Measured
	Known bool // enough units for an interval
}

// Detail is a rollout with everything that its verdict rests on. While it
// runs, Verdict and Inputs are those of this moment.
type Detail struct {
	Rollout
	Trace    []TracePoint
	Measured []Measured
	Bad      bool
	Backs    []Back // where a person can take it back to now, the newest first
}

// Get returns a rollout.
func (s *Service) Get(ctx context.Context, who access.Actor, id ref.Rollout) (d Detail, err error) {
	if err := who.May(access.Read, ""); err != nil {
		return d, err
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		if d.Rollout, err = rollout.Get(ctx, tx, id); err != nil {
			return err
		}
		rows, err := rollout.Counts(ctx, tx, id)
		if err != nil {
			return err
		}
		sit := rollout.Situate(d.Rollout, rows)
		if d.Phase == Running {
			v := evidence.Decide(d.Plan.Evidence, sit.Inputs)
			d.Verdict, d.Inputs = &v, &sit.Inputs
		}
		for i, e := range d.Experiments {
			m, ok := evidence.Effect(sit.Experiments[i], d.Plan.Evidence.IntervalAlpha)
			d.Measured = append(d.Measured, Measured{e, m, ok})
		}
		if d.Backs, err = reachable(ctx, tx, d.Rollout); err != nil {
			return err
		}
		n, err := store.One(ctx, tx, store.Scan1[int64], `select count(*) from release_bad where artifact = $1`, string(d.Artifact))
		d.Bad = n > 0
		if err != nil {
			return err
		}
		d.Trace, err = rollout.Traces(ctx, tx, id)
		return err
	})
	return d, err
}

// Replayed is a verdict made again from what was stored with it.
type Replayed struct {
	Plan      plan.Plan
	Stored    evidence.Verdict
	Again     evidence.Verdict
	Identical bool
}

// Replay decides again from the stored plan and counts.
func (s *Service) Replay(ctx context.Context, who access.Actor, id ref.Rollout) (p Replayed, err error) {
	if err := who.May(access.Read, ""); err != nil {
		return p, err
	}
	var r Rollout
	if err := s.db.View(ctx, func(tx *store.Tx) error { r, err = rollout.Get(ctx, tx, id); return err }); err != nil {
		return p, err
	}
	if r.Verdict == nil || r.Inputs == nil {
		return p, errs.New(errs.Blocked, "the rollout of version %s has no verdict yet; it is %s", r.Number, r.Phase)
	}
	p.Plan, p.Stored, p.Again = r.Plan, *r.Verdict, evidence.Decide(r.Plan.Evidence, *r.Inputs)
	one, err := json.Marshal(p.Stored)
	if err != nil {
		return p, err
	}
	two, err := json.Marshal(p.Again)
	if err != nil {
		return p, err
	}
	p.Identical = string(one) == string(two) && r.Plan.Hash() == r.PlanHash
	return p, nil
}

// Lives returns what runs where, by component.
func (s *Service) Lives(ctx context.Context, who access.Actor, c ref.Component) (list []Live, err error) {
	if err := who.May(access.Read, ""); err != nil {
		return nil, err
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		list, err = store.List(ctx, tx, rollout.ScanLive, `select `+rollout.LiveColumns+` from release_live where $1 = '' or component = $1 order by component, environment desc`, string(c))
		return err
	})
	return list, err
}

// Marked returns why each of the artifacts that are marked bad is.
func (s *Service) Marked(ctx context.Context, who access.Actor, c ref.Component) (why map[ref.Artifact]string, err error) {
	if err := who.May(access.Read, ""); err != nil {
		return nil, err
	}
	why = map[ref.Artifact]string{}
	type mark struct {
		artifact ref.Artifact
		reason   string
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		marks, err := store.List(ctx, tx, func(s store.Scanner) (mark, error) {
			var m mark
			return m, s.Scan(&m.artifact, &m.reason)
		}, `select artifact, reason from release_bad where $1 = '' or component = $1`, string(c))
		for _, m := range marks {
			why[m.artifact] = m.reason
		}
		return err
	})
	return why, err
}
