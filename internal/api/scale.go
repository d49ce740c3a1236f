package api

import (
	"context"

	"github.com/digital-factory/factory/client"
	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/platform/scale"
	"github.com/digital-factory/factory/internal/ref"
)

func (a *API) scales() {
	register(a, access.Read, op("GET /components/{component}/scale", "platform", "Show how many processes of a component serve in each environment, and what each may use"),
		func(ctx context.Context, who access.Actor, in *struct {
			Component ref.Component `path:"component"`
		}) (*body[client.Page[client.EnvironmentScale]], error) {
			list, err := a.Scale.List(ctx, who, in.Component)
			return answer(client.Page[client.EnvironmentScale]{Items: mapped(list, environmentScale)}, err)
		})
	register(a, access.Operate, op("PUT /components/{component}/scale/{environment}", "platform", "Set how many processes of a component serve in an environment, and what each may use, at once"),
		func(ctx context.Context, who access.Actor, in *struct {
			Component   ref.Component   `path:"component"`
			Environment ref.Environment `path:"environment" doc:"staging or production"`
			Body        client.SetScale
		}) (*body[client.EnvironmentScale], error) {
			e, err := a.Scale.Set(ctx, who, in.Component, in.Environment, in.Body.Version, scale.Setting(in.Body.Scale))
			return answer(environmentScale(e), current(err, environmentScale))
		})
}

func environmentScale(e scale.Environment) client.EnvironmentScale {
	out := client.EnvironmentScale{Environment: string(e.Name), Set: scaleOf(e.Set), Holds: scaleOf(e.Holds()), Version: e.Version, ChangedBy: e.By}
	if e.Says != nil {
		out.Says = &client.SaidScale{Release: e.Says.Release, Worker: e.Says.Worker, Scale: scaleOf(e.Says.Scale)}
	}
	if e.Version > 0 {
		out.Changed = &e.Changed
	}
	return out
}

func scaleOf(s scale.Scale) client.Scale {
	return client.Scale{Replicas: s.Replicas, CPU: s.CPU(), Memory: s.Bytes()}
}
