package portfolio

import (
	"context"
	"maps"
	"math"
	"strings"
	"time"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/ref"
)

// KeyResult measures an objective by a query over telemetry.
type KeyResult struct {
	ID        ref.KeyResult
	Objective ref.Objective
	KeyResultFields
	Value    *float64  // last measured, in the unit; nil until there was one
	Measured time.Time // when Value was measured
	Problem  string    // why the last measurement gave no value
	Spark    []Point   // at most 60 points of the last 30 days, oldest first
	Version  int64
	Created  time.Time

	told *float64 // the value in the last key-result.measured
}

// KeyResultFields is what a person says about a key result. Target may lie
// below Baseline: then less is better.
type KeyResultFields struct {
	Title    string
	Unit     string
	Query    string // PromQL that gives one value in the unit
	Baseline float64
	Target   float64
	Outcome  *Selector // nil: rollouts do not measure it
}

// Selector says which outcome events are a success of the key result when a
// rollout is measured as an experiment: those of the name Event whose
// attributes have all the values of Where.
type Selector struct {
	Event string            `json:"event"`
	Where map[string]string `json:"where,omitempty"`
}

func (s *Selector) equal(o *Selector) bool {
	if s == nil || o == nil {
		return s == o
	}
	return s.Event == o.Event && maps.Equal(s.Where, o.Where)
}

// Point is one measurement.
type Point struct {
	At    time.Time
	Value float64
}

// Score is the part of the way from baseline to target that value has gone,
// within 0..1; right for falling targets too.
func Score(baseline, target, value float64) float64 {
	return min(1, max(0, (value-baseline)/(target-baseline)))
}

// Score is the key result's score, nil until it was measured.
func (k KeyResult) Score() *float64 {
	if k.Value == nil {
		return nil
	}
	score := Score(k.Baseline, k.Target, *k.Value)
	return &score
}

// visible reports whether a value is worth telling: the first, or a move of a
// hundredth of the way from baseline to target since the last told.
func (k KeyResult) visible(value float64) bool {
	return k.told == nil || math.Abs(value-*k.told) >= math.Abs(k.Target-k.Baseline)/100
}

func (f *KeyResultFields) check() error {
	f.Title, f.Query, f.Unit = strings.TrimSpace(f.Title), strings.TrimSpace(f.Query), strings.TrimSpace(f.Unit)
	var w wrong
	w.text("title", f.Title, 1, 200)
	w.text("unit", f.Unit, 0, 40)
	w.text("query", f.Query, 1, 4000)
	if !finite(f.Baseline) || !finite(f.Target) {
		w.in("target", "baseline and target must be numbers")
	} else if f.Baseline == f.Target {
		w.in("target", "equals the baseline %v: there would be nothing to reach", f.Baseline)
	}
	if f.Outcome != nil {
		w.text("outcome.event", f.Outcome.Event, 1, 200)
		if len(f.Outcome.Where) > 20 {
			w.in("outcome.where", "has %d conditions; at most 20 are allowed", len(f.Outcome.Where))
		}
	}
	return w.or()
}

func finite(f float64) bool { return !math.IsNaN(f) && !math.IsInf(f, 0) }

// answerable refuses a query that the metrics can never answer. That they do
// not answer just now is no reason to refuse.
func (s *Service) answerable(ctx context.Context, query string) error {
	if _, _, err := s.metrics.Instant(ctx, query, s.clock()); errs.Is(err, errs.Invalid) {
		var w wrong
		w.in("query", "%s", errs.Of(err).Text)
		return w.or()
	}
	return ctx.Err()
}

// CreateKeyResult adds a measure to an objective.
func (s *Service) CreateKeyResult(ctx context.Context, who access.Actor, objectiveID ref.Objective, f KeyResultFields) (k KeyResult, err error) {
	if err := who.May(access.FundWork, ""); err != nil {
		return k, err
	}
	if err := f.check(); err != nil {
		return k, err
	}
	if err := s.answerable(ctx, f.Query); err != nil {
		return k, err
	}
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		if _, err := objective(ctx, tx, objectiveID); err != nil {
			return err
		}
		k = KeyResult{ID: ref.KeyResult(ref.New()), Objective: objectiveID, KeyResultFields: f, Problem: "not measured yet", Spark: []Point{}, Version: 1, Created: s.clock()}
		if err := insertKeyResult(ctx, tx, k); err != nil {
			return err
		}
		return s.journal.Append(ctx, tx, who.By(), ref.Of("key-result", k.ID), fact.KeyResultCreated{
			KeyResult: k.ID, Objective: objectiveID, Title: f.Title, Query: f.Query, Unit: f.Unit, Baseline: f.Baseline, Target: f.Target,
		})
	})
	return k, err
}

// ChangeKeyResult replaces a key result's fields. A new query or unit means
// another quantity: value and history begin anew. A version that is not the
// current one is an errs.Conflict with the current KeyResult.
func (s *Service) ChangeKeyResult(ctx context.Context, who access.Actor, id ref.KeyResult, version int64, f KeyResultFields) (k KeyResult, err error) {
	if err := who.May(access.FundWork, ""); err != nil {
		return k, err
	}
	if err := f.check(); err != nil {
		return k, err
	}
	if err := s.answerable(ctx, f.Query); err != nil {
		return k, err
	}
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		have, err := s.keyResult(ctx, tx, id)
		if err != nil {
			return err
		}
		if have.Version != version {
			return store.Changed(0, "key result "+have.Title, have)
		}
		k = have
		k.KeyResultFields, k.Version = f, version+1
		if f.Query != have.Query || f.Unit != have.Unit {
			k.Value, k.Measured, k.told, k.Problem, k.Spark = nil, time.Time{}, nil, "not measured yet", []Point{}
			if err := forgetMeasurements(ctx, tx, id); err != nil {
				return err
			}
		}
		n, err := updateKeyResult(ctx, tx, k)
		if err != nil {
			return err
		}
		if err := store.Changed(n, "key result "+have.Title, have); err != nil {
			return err
		}
		fields := changed(diff{"title", f.Title != have.Title}, diff{"unit", f.Unit != have.Unit}, diff{"query", f.Query != have.Query},
			diff{"baseline", f.Baseline != have.Baseline}, diff{"target", f.Target != have.Target}, diff{"outcome", !f.Outcome.equal(have.Outcome)})
		if len(fields) == 0 {
			return nil
		}
		return s.journal.Append(ctx, tx, who.By(), ref.Of("key-result", id), fact.KeyResultChanged{
			KeyResult: id, Fields: fields, Title: k.Title, Unit: k.Unit, Baseline: k.Baseline, Target: k.Target,
		})
	})
	return k, err
}

// KeyResult returns a key result and its history: at most 500 points over its
// whole life, oldest first.
func (s *Service) KeyResult(ctx context.Context, who access.Actor, id ref.KeyResult) (k KeyResult, history []Point, err error) {
	if err := who.May(access.Read, ""); err != nil {
		return k, nil, err
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		if k, err = s.keyResult(ctx, tx, id); err != nil {
			return err
		}
		history, err = points(ctx, tx, id, 0, slotOf(s.clock()), 500)
		return err
	})
	return k, history, err
}

// KeyResults returns the key results with these identifiers, without
// sparklines; unknown ones are left out. A rollout asks it which outcome
// events to count.
func (s *Service) KeyResults(ctx context.Context, who access.Actor, ids []ref.KeyResult) (list []KeyResult, err error) {
	if err := who.May(access.Read, ""); err != nil {
		return nil, err
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		list = []KeyResult{}
		for _, id := range ids {
			k, err := keyResult(ctx, tx, id)
			if errs.Is(err, errs.NotFound) {
				continue
			} else if err != nil {
				return err
			}
			list = append(list, k)
		}
		return nil
	})
	return list, err
}

func (s *Service) keyResult(ctx context.Context, tx *store.Tx, id ref.KeyResult) (KeyResult, error) {
	k, err := keyResult(ctx, tx, id)
	if err != nil {
		return k, err
	}
	one := []KeyResult{k}
	err = s.sparks(ctx, tx, one)
	return one[0], err
}

// sparks fills in the sparklines.
func (s *Service) sparks(ctx context.Context, tx *store.Tx, krs []KeyResult) error {
	now := s.clock()
	for i := range krs {
		var err error
		if krs[i].Spark, err = points(ctx, tx, krs[i].ID, slotOf(now.AddDate(0, 0, -30)), slotOf(now), 60); err != nil {
			return err
		}
	}
	return nil
}
