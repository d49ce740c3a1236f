package api

import (
	"context"

	"github.com/digital-factory/factory/client"
	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/effect"
	"github.com/digital-factory/factory/internal/ref"
)

func (a *API) effects() {
	register(a, access.Audit, op("GET /effects", "audit", "List what the factory does to the outside"),
		func(ctx context.Context, _ access.Actor, in *struct {
			Paging
			State   string `query:"state" enum:"waiting,running,done,failed,parked" doc:"Only effects in this state"`
			Subject string `query:"subject" doc:"Only effects on this object"`
		}) (*body[client.Page[client.Effect]], error) {
			list, next, err := a.Effects.List(ctx, effect.State(in.State), ref.Subject(in.Subject), in.ask())
			return answer(client.Page[client.Effect]{Items: mapped(list, effectOf), Next: next}, err)
		})
	register(a, access.ApproveEffect, op("POST /effects/{id}/decide", "audit", "Approve or reject a parked effect"),
		func(ctx context.Context, who access.Actor, in *with[client.DecideEffect]) (*none, error) {
			return &none{}, a.Effects.Decide(ctx, in.ID, who.ID, in.Body.Approve, in.Body.Reason)
		})
}

func effectOf(e effect.Effect) client.Effect {
	return client.Effect{
		ID: e.ID, Key: e.Key, Kind: e.Kind, Subject: string(e.Subject), Data: e.Data, State: string(e.State), Attempts: e.Attempts,
		Error: e.Error, Planned: e.Planned, Done: moment(e.Done), DecidedBy: e.DecidedBy, Reason: e.Reason,
	}
}
