package telemetry

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/life"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/ref"
)

const evaluateEvery = 5 * time.Second

// evaluation is how a rule's last one went.
type evaluation struct {
	at   time.Time
	took time.Duration
	err  error
}

// Run measures workloads and evaluates the alerts until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	return life.Together(ctx,
		life.Part{Name: "telemetry of workloads", Run: func(ctx context.Context) error {
			return life.Every(ctx, "telemetry of workloads", usageEvery, nil, s.measure)
		}},
		life.Part{Name: "alerts", Run: func(ctx context.Context) error {
			return life.Every(ctx, "alerts", evaluateEvery, nil, s.Evaluate)
		}},
	)
}

// Evaluate evaluates every rule once. A rule that cannot be evaluated leaves its
// alerts as they are and does not hold up the others.
func (s *Service) Evaluate(ctx context.Context) error {
	now := s.now()
	if err := s.note(ctx, now); err != nil {
		return fmt.Errorf("note rollouts and crashes: %w", err)
	}
	if err := s.promise(ctx, now); err != nil {
		return fmt.Errorf("note error budgets: %w", err)
	}
	var open []Alert
	var teams map[ref.Component]ref.Team
	err := s.db.View(ctx, func(tx *store.Tx) (err error) {
		if teams, err = listTeams(ctx, tx); err != nil {
			return err
		}
		open, err = openAlerts(ctx, tx, "")
		return err
	})
	if err != nil {
		return err
	}
	if err := s.listen(ctx, open, now); err != nil {
		return fmt.Errorf("note who is silent: %w", err)
	}
	if err := s.regress(ctx, now); err != nil {
		return fmt.Errorf("watch what is live: %w", err)
	}
	var failed error
	for _, r := range s.rules {
		s.mu.Lock()
		due := now.Sub(s.last[r.Name].at) >= r.Every
		s.mu.Unlock()
		if !due {
			continue
		}
		began := time.Now()
		err := s.evaluate(ctx, r, open, teams, now)
		if err != nil {
			failed = fmt.Errorf("evaluate %s: %w", r.Name, err)
		}
		s.mu.Lock()
		s.last[r.Name] = evaluation{now, time.Since(began), err}
		s.mu.Unlock()
	}
	return failed
}

// where is a component in an environment.
type where struct {
	component   ref.Component
	environment ref.Environment
}

func (s *Service) evaluate(ctx context.Context, r Rule, open []Alert, teams map[ref.Component]ref.Team, now time.Time) error {
	samples, err := s.querier.Instant(ctx, r.Query, now)
	if err != nil {
		return err
	}
	readings := map[where]reading{}
	for _, x := range samples {
		if math.IsNaN(x.Value) {
			continue
		}
		at := where{ref.Component(x.Labels["component"]), ref.Environment(x.Labels["environment"])}
		// Where another promise has just begun to hold there are two.
		readings[at] = reading{max(x.Value, readings[at].value), true}
	}
	current := map[where]Alert{}
	for _, a := range open {
		if a.Rule == r.Name {
			current[where{a.Component, a.Environment}] = a
			if _, there := readings[where{a.Component, a.Environment}]; !there {
				readings[where{a.Component, a.Environment}] = reading{}
			}
		}
	}
	for at, got := range readings {
		team, known := teams[at.component]
		if !known { // its component.created has not been read yet
			continue
		}
		before := current[at]
		after, what := r.step(before, got, now)
		if before.ID == "" && what != nothing {
			after.ID, after.Rule, after.Component, after.Environment = ref.New(), r.Name, at.component, at.environment
		}
		after.Team = team
		if what == began || what == fired || what == moved && got.there && r.Cause != CauseBurn && r.Cause != CauseRegression {
			after.Text = r.Text(at.component, after.Value)
		}
		more := fact.AlertFired{Since: after.Since}
		if what == fired {
			switch r.Cause {
			case CauseBurn:
				if more.Burn, more.Since, err = s.burn(ctx, r.window, at, now); err != nil {
					return err
				}
				after.Text = burnText(at.component, more.Burn)
			case CauseSilence:
				more.Since = now.Add(-time.Duration(after.Value * float64(time.Second)))
			case CauseRegression:
				if more.Regression, more.Since, err = s.found(ctx, at.component); err != nil {
					return err
				}
				after.Text = regressionText(at.component, more.Regression, more.Since)
			}
		}
		if err := s.keep(ctx, r, before, after, what, more); err != nil && !errs.Is(err, errs.Conflict) { // another replica was first
			return err
		}
	}
	return nil
}

// keep stores what a step did, and tells it, with what more there is to say of
// an alert that fires.
func (s *Service) keep(ctx context.Context, r Rule, before, after Alert, what change, more fact.AlertFired) error {
	if what == nothing || what == moved && before == after {
		return nil
	}
	return s.db.Update(ctx, func(tx *store.Tx) error {
		switch {
		case what == dropped:
			return deleteAlert(ctx, tx, before.ID)
		case before.ID == "":
			if err := insertAlert(ctx, tx, after); err != nil {
				return err
			}
		default:
			if err := updateAlert(ctx, tx, after, before.State); err != nil {
				return err
			}
		}
		by, subject := access.System("telemetry").By(), ref.Of("component", after.Component)
		switch what {
		case fired:
			return s.journal.Append(ctx, tx, by, subject, fact.AlertFired{
				Alert: r.Name, Component: after.Component, Team: after.Team, Environment: after.Environment,
				Severity: string(r.Severity), Text: after.Text, Value: after.Value, Cause: r.Cause, Since: more.Since.UTC(), Burn: more.Burn, Regression: more.Regression,
			})
		case resolved:
			p := fact.AlertResolved{Alert: r.Name, Component: after.Component, Team: after.Team, Environment: after.Environment, Cause: r.Cause}
			if r.over != nil {
				p.Text = r.over(after.Component, after.Resolved.Sub(after.Since))
			}
			if r.Cause == CauseRegression {
				live, err := releaseOf(ctx, tx, after.Component)
				if err != nil {
					return err
				}
				p.Text = live.watch.Over
			}
			return s.journal.Append(ctx, tx, by, subject, p)
		}
		return nil
	})
}
