package api

import (
	"context"

	"github.com/digital-factory/factory/client"
	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/release/freeze"
)

func (a *API) freezes() {
	register(a, access.Read, op("GET /freezes", "release", "List the windows of time in which production shall not change"),
		func(ctx context.Context, who access.Actor, in *struct {
			All bool `query:"all" doc:"Also those that are over or lifted"`
		}) (*body[client.Page[client.Freeze]], error) {
			list, err := a.Release.Freezes.List(ctx, who, in.All)
			return answer(client.Page[client.Freeze]{Items: mapped(list, a.freezeOf)}, err)
		})
	register(a, access.Freeze, op("POST /freezes", "release", "Declare a window of time in which production shall not change"),
		func(ctx context.Context, who access.Actor, in *send[client.DeclareFreeze]) (*body[client.Freeze], error) {
			b := in.Body
			d := freeze.Declare{Name: b.Name, Reason: b.Reason, Team: ref.Team(b.Team), Component: ref.Component(b.Component), Ends: b.Ends}
			if b.Begins != nil {
				d.Begins = *b.Begins
			}
			w, err := a.Release.Freezes.Declare(ctx, who, d)
			return answer(a.freezeOf(w), err)
		})
	register(a, access.Freeze, op("POST /freezes/{id}/lift", "release", "End a freeze before its time"),
		func(ctx context.Context, who access.Actor, in *with[client.Reason]) (*body[client.Freeze], error) {
			w, err := a.Release.Freezes.Lift(ctx, who, ref.Freeze(in.ID), in.Body.Reason)
			return answer(a.freezeOf(w), err)
		})
}

func (a *API) freezeOf(w freeze.Window) client.Freeze {
	return client.Freeze{ID: string(w.ID), Name: w.Name, Reason: w.Reason, State: string(a.Release.Freezes.State(w)), Team: string(w.Team), Component: string(w.Component),
		Begins: w.Begins, Ends: w.Ends, DeclaredBy: w.DeclaredBy, Declared: w.Declared, Lifted: moment(w.Lifted), LiftedBy: w.LiftedBy, LiftedReason: w.LiftedReason}
}
