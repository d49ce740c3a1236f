package portfolio

import (
	"context"
	"strings"
	"time"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/ref"
)

// Objective is what the company wants to be true.
type Objective struct {
	ID ref.Objective
	ObjectiveFields
	Score      *float64 // mean of the key results' scores; nil until one was measured
	KeyResults []KeyResult
	Version    int64
	Created    time.Time
}

// ObjectiveFields is what a person says about an objective.
type ObjectiveFields struct {
	Title       string
	Description string
	Owner       string
}

func (f *ObjectiveFields) check() error {
	f.Title, f.Owner = strings.TrimSpace(f.Title), strings.TrimSpace(f.Owner)
	var w wrong
	w.text("title", f.Title, 1, 200)
	w.text("description", f.Description, 0, 5000)
	w.text("owner", f.Owner, 0, 200)
	return w.or()
}

// CreateObjective adds an objective under the vision, which must exist.
func (s *Service) CreateObjective(ctx context.Context, who access.Actor, f ObjectiveFields) (o Objective, err error) {
	if err := who.May(access.FundWork, ""); err != nil {
		return o, err
	}
	if err := f.check(); err != nil {
		return o, err
	}
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		v, err := vision(ctx, tx)
		if err != nil {
			return err
		}
		if v == nil {
			return errs.New(errs.Blocked, "an objective serves the vision, and there is none yet").Do("set the vision first: factory vision set \"...\"")
		}
		o = Objective{ID: ref.Objective(ref.New()), ObjectiveFields: f, KeyResults: []KeyResult{}, Version: 1, Created: s.clock()}
		if err := insertObjective(ctx, tx, o); err != nil {
			return err
		}
		return s.journal.Append(ctx, tx, who.By(), ref.Of("objective", o.ID), fact.ObjectiveCreated{Objective: o.ID, Vision: v.ID, Title: o.Title})
	})
	return o, err
}

// ChangeObjective replaces an objective's fields. A version that is not the
// current one is an errs.Conflict with the current Objective.
func (s *Service) ChangeObjective(ctx context.Context, who access.Actor, id ref.Objective, version int64, f ObjectiveFields) (o Objective, err error) {
	if err := who.May(access.FundWork, ""); err != nil {
		return o, err
	}
	if err := f.check(); err != nil {
		return o, err
	}
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		have, err := s.objective(ctx, tx, id)
		if err != nil {
			return err
		}
		if have.Version != version {
			return store.Changed(0, "objective "+have.Title, have)
		}
		o = have
		o.ObjectiveFields, o.Version = f, version+1
		n, err := updateObjective(ctx, tx, o)
		if err != nil {
			return err
		}
		if err := store.Changed(n, "objective "+have.Title, have); err != nil {
			return err
		}
		fields := changed(diff{"title", f.Title != have.Title}, diff{"description", f.Description != have.Description}, diff{"owner", f.Owner != have.Owner})
		if len(fields) == 0 {
			return nil
		}
		return s.journal.Append(ctx, tx, who.By(), ref.Of("objective", id), fact.ObjectiveChanged{Objective: id, Fields: fields, Title: o.Title})
	})
	return o, err
}

// objective reads one objective with its key results.
func (s *Service) objective(ctx context.Context, tx *store.Tx, id ref.Objective) (Objective, error) {
	o, err := objective(ctx, tx, id)
	if err != nil {
		return o, err
	}
	krs, err := keyResults(ctx, tx, id)
	if err != nil {
		return o, err
	}
	return o.with(krs), s.sparks(ctx, tx, krs)
}

// with gives an objective its key results and computes its score.
func (o Objective) with(krs []KeyResult) Objective {
	o.KeyResults = krs
	sum, n := 0.0, 0
	for _, k := range krs {
		if score := k.Score(); score != nil {
			sum, n = sum+*score, n+1
		}
	}
	if n > 0 {
		mean := sum / float64(n)
		o.Score = &mean
	}
	return o
}
