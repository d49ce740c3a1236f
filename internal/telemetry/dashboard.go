package telemetry

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/telemetry/chart"
)

// Ask is which part of a component's picture is wanted.
type Ask struct {
	Component   ref.Component
	Environment ref.Environment // empty: production
	From, To    time.Time       // zero: the last fifteen minutes; To: now
}

// Dashboard is a component's picture. All series share Times.
type Dashboard struct {
	Component   ref.Component
	Team        ref.Team
	Environment ref.Environment
	From, To    time.Time // what happened in between is in Markers
	Times       []time.Time
	Step        time.Duration
	Window      time.Duration // over which rates are taken
	Charts      []chart.Chart
	Budget      *fact.Burn // how it goes over the last hour; nil outside production, and when nothing was counted in it
	Markers     []Marker
	Alerts      []Alert // open now
}

// Dashboard draws a component's picture. The step follows the span, so that two
// minutes show as much as a week; rates are taken over two steps, five seconds
// at the least.
func (s *Service) Dashboard(ctx context.Context, who access.Actor, ask Ask) (d Dashboard, err error) {
	if err := who.May(access.Read, ""); err != nil {
		return d, err
	}
	from, to, step, err := chart.Span(ask.From, ask.To, s.now())
	if err != nil {
		return d, err
	}
	end := to.Truncate(step)
	d = Dashboard{Component: ask.Component, Environment: cmp.Or(ask.Environment, Production), From: from, To: to, Step: step, Window: max(2*step, chart.LeastWindow)}
	for at := from; !at.After(end); at = at.Add(step) {
		d.Times = append(d.Times, at)
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		if d.Team, err = teamOf(ctx, tx, d.Component); err != nil {
			return err
		}
		if d.Markers, err = listMarkers(ctx, tx, d.Component, d.Environment, from, to); err != nil {
			return err
		}
		open, err := openAlerts(ctx, tx, d.Component)
		d.Alerts = slices.DeleteFunc(open, func(a Alert) bool { return a.Environment != d.Environment })
		return err
	})
	if err != nil {
		return d, err
	}
	promised, err := s.objectives(ctx)
	if err != nil {
		return d, err
	}
	for _, c := range chart.Of(d.Component, d.Environment, promised[d.Component].Event, d.Window) {
		series, err := s.querier.Range(ctx, c.Query, from, end, step)
		if err != nil {
			return d, fmt.Errorf("draw %s of %s: %w", c.Name, d.Component, err)
		}
		c.Series = chart.Lines(series, from, step, len(d.Times), c.Name == "rate" || c.Name == "events")
		d.Charts = append(d.Charts, c)
	}
	if d.Environment != Production {
		return d, nil
	}
	b, _, err := s.burn(ctx, time.Hour, where{d.Component, Production}, s.now())
	if b.Window > 0 {
		d.Budget = &b
	}
	return d, err
}
