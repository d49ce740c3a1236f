package api

import (
	"context"

	"github.com/digital-factory/factory/client"
	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/pipeline/agent"
)

func (a *API) agents() {
	register(a, access.Read, op("GET /agents", "pipeline", "List the machines that take pipeline runs, by name"),
		func(ctx context.Context, who access.Actor, _ *none) (*body[client.Agents], error) {
			list, err := a.Agent.List(ctx, who)
			return answer(client.Agents{Items: mapped(list, machine), Door: a.Agent.Door, Runners: a.Pipeline.Runners()}, err)
		})
	register(a, access.ManageAgents, op("POST /agents", "pipeline", "Register a machine that may take pipeline runs, and make the token with which it joins"),
		func(ctx context.Context, who access.Actor, in *send[client.CreateAgent]) (*body[client.CreatedAgent], error) {
			m, token, err := a.Agent.Create(ctx, who, in.Body.Name)
			return answer(client.CreatedAgent{Agent: machine(m), Token: token, Door: a.Agent.Door}, err)
		})
	register(a, access.ManageAgents, op("POST /agents/{name}/drain", "pipeline", "Have an agent take no more runs, and end when those that it has have"),
		func(ctx context.Context, who access.Actor, in *struct {
			Name string `path:"name"`
		}) (*body[client.Agent], error) {
			m, err := a.Agent.Drain(ctx, who, in.Name)
			return answer(machine(m), err)
		})
	register(a, access.ManageAgents, op("DELETE /agents/{name}", "pipeline", "Refuse an agent from now on; its runs begin again elsewhere"),
		func(ctx context.Context, who access.Actor, in *struct {
			Name string `path:"name"`
		}) (*none, error) {
			return nil, a.Agent.Remove(ctx, who, in.Name)
		})
}

func machine(m agent.Agent) client.Agent {
	return client.Agent{
		ID: string(m.ID), Name: m.Name, State: string(m.State), Slots: m.Host.Slots, Version: m.Host.Version, System: m.Host.System, Go: m.Host.Go,
		Isolation: mapped(m.Host.Missing, text), Created: m.Created, CreatedBy: m.CreatedBy, Joined: moment(m.Joined), Seen: moment(m.Seen), CertExpiry: moment(m.Expires),
		Runs: mapped(m.Runs, run),
	}
}
