package telemetry

import (
	"context"
	"math"
	"time"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/page"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/ref"
)

// Alerts lists alerts, newest first; component and state narrow it when not
// empty.
func (s *Service) Alerts(ctx context.Context, who access.Actor, c ref.Component, state State, ask page.Ask) (list []Alert, next string, err error) {
	if err := who.May(access.Read, ""); err != nil {
		return nil, "", err
	}
	before := "~" // sorts after every id
	if _, err := ask.Key(&before); err != nil {
		return nil, "", err
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		list, err = listAlerts(ctx, tx, before, c, state, ask.Size()+1)
		return err
	})
	if err != nil {
		return nil, "", err
	}
	list, next = page.Of(ask, list, func(a Alert) any { return a.ID })
	return list, next, nil
}

// Rule returns the rule of an alert; a zero Rule with the name when it is no
// longer built in.
func (s *Service) Rule(name string) Rule {
	for _, r := range s.rules {
		if r.Name == name {
			return r
		}
	}
	return Rule{Name: name}
}

// RuleStatus is a rule, its open alerts and how its last evaluation went.
type RuleStatus struct {
	Rule
	Alerts    []Alert
	Evaluated time.Time // zero before the first
	Took      time.Duration
	Err       error
}

// RuleStatuses lists the rules as clients of the Prometheus API see them, with
// the interval between evaluations.
func (s *Service) RuleStatuses(ctx context.Context) (list []RuleStatus, interval time.Duration, err error) {
	var open []Alert
	err = s.db.View(ctx, func(tx *store.Tx) error {
		open, err = openAlerts(ctx, tx, "")
		return err
	})
	if err != nil {
		return nil, 0, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.rules {
		e := s.last[r.Name]
		st := RuleStatus{Rule: r, Evaluated: e.at, Took: e.took, Err: e.err}
		for _, a := range open {
			if a.Rule == r.Name {
				st.Alerts = append(st.Alerts, a)
			}
		}
		list = append(list, st)
	}
	return list, evaluateEvery, nil
}

// Instant evaluates a PromQL query that is to yield one number; ok is false
// when it yields none, or one that is no number. A query that yields several is
// invalid, as is one that is not PromQL.
func (s *Service) Instant(ctx context.Context, query string, at time.Time) (value float64, ok bool, err error) {
	samples, err := s.querier.Instant(ctx, query, at)
	switch {
	case err != nil:
		return 0, false, err
	case len(samples) == 0:
		return 0, false, nil
	case len(samples) > 1:
		return 0, false, errs.New(errs.Invalid, "the query yields %d series, where one number is needed", len(samples)).
			Do("put an aggregation around it, such as sum(...) or avg(...)")
	}
	v := samples[0].Value
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return 0, false, nil
	}
	return v, true, nil
}
