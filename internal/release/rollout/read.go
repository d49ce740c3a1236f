package rollout

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
)

// Reader answers what rollouts were and what they left.
type Reader struct{ DB *store.DB }

// List returns rollouts, newest first, a page at a time; component and phase
// narrow it when not empty.
func (r Reader) List(ctx context.Context, who access.Actor, c ref.Component, phase Phase, ask page.Ask) (list []Rollout, next string, err error) {
	if err := who.May(access.Read, ""); err != nil {
		return nil, "", err
	}
	before := "~" // sorts after every id
	if _, err := ask.Key(&before); err != nil {
		return nil, "", err
	}
	err = r.DB.View(ctx, func(tx *store.Tx) error {
		var where store.Where
		where.And("id < $1", before)
		where.Is("component", string(c))
		where.Is("phase", string(phase))
		list, err = store.List(ctx, tx, Scan, `select `+Columns+` from release_rollout`+where.String()+`order by id desc limit `+where.Value(ask.Size()+1), where.Args()...)
		return err
	})
	if err != nil {
		return nil, "", err
	}
	list, next = page.Of(ask, list, func(r Rollout) any { return r.ID })
	return list, next, nil
}

// Replayed is a verdict made again from what was stored with it.
type Replayed struct {
	Plan      plan.Plan
	Stored    evidence.Verdict
	Again     evidence.Verdict
	Identical bool
}

// Replay decides again from the stored plan and counts.
func (r Reader) Replay(ctx context.Context, who access.Actor, id ref.Rollout) (p Replayed, err error) {
	if err := who.May(access.Read, ""); err != nil {
		return p, err
	}
	var of Rollout
	if err := r.DB.View(ctx, func(tx *store.Tx) error { of, err = Get(ctx, tx, id); return err }); err != nil {
		return p, err
	}
	if of.Verdict == nil || of.Inputs == nil {
		return p, errs.New(errs.Blocked, "the rollout of version %s has no verdict yet; it is %s", of.Number, of.Phase)
	}
	p.Plan, p.Stored, p.Again = of.Plan, *of.Verdict, evidence.Decide(of.Plan.Evidence, *of.Inputs)
	one, err := json.Marshal(p.Stored)
	if err != nil {
		return p, err
	}
	two, err := json.Marshal(p.Again)
	if err != nil {
		return p, err
	}
	p.Identical = string(one) == string(two) && of.Plan.Hash() == of.PlanHash
	return p, nil
}

// Lives returns what runs where, by component.
func (r Reader) Lives(ctx context.Context, who access.Actor, c ref.Component) (list []Live, err error) {
	if err := who.May(access.Read, ""); err != nil {
		return nil, err
	}
	err = r.DB.View(ctx, func(tx *store.Tx) error {
		list, err = store.List(ctx, tx, ScanLive, `select `+LiveColumns+` from release_live where $1 = '' or component = $1 order by component, environment desc`, string(c))
		return err
	})
	return list, err
}

// Marked returns why each of the artifacts that are marked bad is.
func (r Reader) Marked(ctx context.Context, who access.Actor, c ref.Component) (why map[ref.Artifact]string, err error) {
	if err := who.May(access.Read, ""); err != nil {
		return nil, err
	}
	why = map[ref.Artifact]string{}
	type mark struct {
		artifact ref.Artifact
		reason   string
	}
	err = r.DB.View(ctx, func(tx *store.Tx) error {
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

// Members returns who takes part in the stages of a rollout that are not for
// everybody, by the names that its split gives units.
func (r Reader) Members(ctx context.Context, id ref.Rollout) (list []Member, err error) {
	err = r.DB.View(ctx, func(tx *store.Tx) error {
		list, err = Members(ctx, tx, id)
		return err
	})
	return list, err
}
