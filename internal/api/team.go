package api

import (
	"context"

	"github.com/digital-factory/factory/client"
	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/team"
)

func (a *API) teams() {
	register(a, access.Read, op("GET /teams", "team", "List teams"),
		func(ctx context.Context, who access.Actor, in *struct{ Paging }) (*body[client.Page[client.Team]], error) {
			list, next, err := a.Team.List(ctx, who, in.ask())
			return answer(client.Page[client.Team]{Items: mapped(list, teamOf), Next: next}, err)
		})
	register(a, access.ManageTeams, op("POST /teams", "team", "Create a team and become its first member"),
		func(ctx context.Context, who access.Actor, in *send[client.CreateTeam]) (*body[client.Team], error) {
			b := in.Body
			t, err := a.Team.Create(ctx, who, team.Create{ID: ref.Team(b.ID), Name: b.Name, Key: b.Key, Mission: b.Mission, DayRate: b.DayRate})
			return answer(teamOf(t), current(err, teamOf))
		})
	register(a, access.Read, op("GET /teams/{id}", "team", "Show a team with its members and components"),
		func(ctx context.Context, who access.Actor, in *id) (*body[client.Team], error) {
			t, err := a.Team.Get(ctx, who, ref.Team(in.ID))
			return answer(teamOf(t), err)
		})
	register(a, access.ManageTeams, op("PUT /teams/{id}", "team", "Change a team's name, mission or day rate"),
		func(ctx context.Context, who access.Actor, in *with[client.UpdateTeam]) (*body[client.Team], error) {
			b := in.Body
			t, err := a.Team.Change(ctx, who, ref.Team(in.ID), team.Change{Version: b.Version, Name: b.Name, Mission: b.Mission, DayRate: b.DayRate})
			return answer(teamOf(t), current(err, teamOf))
		})
	register(a, access.ManageTeams, op("POST /teams/{id}/members", "team", "Add a member to a team"),
		func(ctx context.Context, who access.Actor, in *with[client.AddMember]) (*body[client.Team], error) {
			t, err := a.Team.AddMember(ctx, who, ref.Team(in.ID), in.Body.Account)
			return answer(teamOf(t), err)
		})
	register(a, access.ManageTeams, op("DELETE /teams/{id}/members/{account}", "team", "Take a member out of a team"),
		func(ctx context.Context, who access.Actor, in *struct {
			ID      string `path:"id" doc:"The identifier"`
			Account string `path:"account" doc:"Account identifier or login"`
		}) (*body[client.Team], error) {
			t, err := a.Team.RemoveMember(ctx, who, ref.Team(in.ID), in.Account)
			return answer(teamOf(t), err)
		})
}

func teamOf(t team.Team) client.Team {
	return client.Team{
		ID: string(t.ID), Name: t.Name, Key: t.Key, Mission: t.Mission, DayRate: t.DayRate, Counts: client.TeamCounts(t.Counts),
		Members: mapped(t.Members, memberOf), Components: mapped(t.Components, text), Created: t.Created, Version: t.Version,
	}
}

func memberOf(a access.Account) client.TeamMember {
	return client.TeamMember{Account: string(a.ID), Login: a.Login, Name: a.Name, Roles: mapped(a.Roles, text)}
}
