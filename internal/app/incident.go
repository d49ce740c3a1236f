package app

import (
	"context"
	"time"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/flow"
	"github.com/digital-factory/factory/internal/incident"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/release"
	"github.com/digital-factory/factory/internal/release/plan"
	"github.com/digital-factory/factory/internal/telemetry"
)

// boards lets incident put action items on a team's board.
type boards struct{ flow *flow.Service }

// Add creates an item: debt, because what let it happen slows work until it is
// done.
func (b boards) Add(ctx context.Context, tx *store.Tx, who access.Actor, team ref.Team, title, description string) (ref.Item, error) {
	item, err := b.flow.CreateIn(ctx, tx, who, flow.Create{Team: team, Type: flow.Debt, Title: title, Description: description})
	return item.ID, err
}

// Card returns where an item stands.
func (b boards) Card(ctx context.Context, who access.Actor, id ref.Item) (incident.Card, error) {
	item, _, err := b.flow.Get(ctx, who, id)
	return incident.Card{Title: item.Title, State: string(item.State), Assignee: item.Assignee, Blocked: item.Blocked}, err
}

// harm lets incident ask telemetry and release who was hurt.
type harm struct {
	telemetry *telemetry.Service
	release   *release.Service
}

// Counted asks for what the gateway counted, or for the events that the component
// promises something of.
func (h harm) Counted(ctx context.Context, c ref.Component, e ref.Environment, from, to time.Time) (incident.Counted, bool, error) {
	all, failed, event, known, err := h.telemetry.Served(ctx, c, e, from, to)
	return incident.Counted{Event: event, Requests: all, Failed: failed}, known, err
}

// Units reads what the rollout's verdict counted.
func (h harm) Units(ctx context.Context, id ref.Rollout) (reached, failed int64, known bool, err error) {
	r, err := h.release.Get(ctx, access.System("incident"), id)
	if errs.Is(err, errs.NotFound) || err == nil && r.Inputs == nil {
		return 0, 0, false, nil
	}
	if err != nil {
		return 0, 0, false, err
	}
	for _, m := range r.Inputs.Metrics {
		if m.Name == plan.Errors && m.Arm.Units > 0 {
			return m.Arm.Units, m.Arm.Failures, true, nil
		}
	}
	return 0, 0, false, nil
}
