package api

import (
	"context"
	"time"

	"github.com/digital-factory/factory/client"
	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/flow"
	"github.com/digital-factory/factory/internal/ref"
)

func (a *API) work() {
	register(a, access.Read, op("GET /teams/{id}/board", "flow", "Show a team's board"),
		func(ctx context.Context, who access.Actor, in *id) (*body[client.Board], error) {
			b, err := a.Flow.Board(ctx, who, ref.Team(in.ID))
			return answer(boardOf(b), err)
		})
	register(a, access.PlanWork, op("PUT /teams/{id}/board", "flow", "Change the limits of work in progress"),
		func(ctx context.Context, who access.Actor, in *with[client.SetBoard]) (*body[client.Board], error) {
			b, err := a.Flow.SetLimits(ctx, who, ref.Team(in.ID), in.Body.Version, in.Body.Limits)
			return answer(boardOf(b), current(err, boardOf))
		})
	register(a, access.Read, op("GET /items", "flow", "List items, newest first"),
		func(ctx context.Context, who access.Actor, in *struct {
			Paging
			Team     string `query:"team" doc:"Only this team's"`
			State    string `query:"state" enum:"ready,building,verifying,releasing,done" doc:"Only those in this state"`
			Type     string `query:"type" enum:"feature,defect,risk,debt" doc:"Only those of this type"`
			Feature  string `query:"feature" doc:"Only those of this feature"`
			Assignee string `query:"assignee" doc:"Only those assigned so"`
			Text     string `query:"q" maxLength:"200" doc:"Only those with this text in identifier or title"`
		}) (*body[client.Page[client.Item]], error) {
			list, next, err := a.Flow.List(ctx, who, flow.Filter{
				Team: ref.Team(in.Team), State: flow.State(in.State), Type: flow.Type(in.Type), Feature: ref.Feature(in.Feature), Assignee: in.Assignee, Text: in.Text,
			}, in.ask())
			return answer(client.Page[client.Item]{Items: mapped(list, itemOf), Next: next}, err)
		})
	register(a, access.PlanWork, op("POST /items", "flow", "Add an item to the end of its team's ready column"),
		func(ctx context.Context, who access.Actor, in *send[client.CreateItem]) (*body[client.Item], error) {
			b := in.Body
			i, err := a.Flow.Create(ctx, who, flow.Create{Team: ref.Team(b.Team), Type: flow.Type(b.Type), Title: b.Title, Description: b.Description, Feature: ref.Feature(b.Feature), Assignee: b.Assignee})
			return answer(itemOf(i), err)
		})
	register(a, access.Read, op("GET /items/{id}", "flow", "Show an item with its transitions"),
		func(ctx context.Context, who access.Actor, in *id) (*body[client.Item], error) {
			i, moves, err := a.Flow.Get(ctx, who, ref.Item(in.ID))
			out := itemOf(i)
			out.Moves = mapped(moves, itemMove)
			return answer(out, err)
		})
	register(a, access.PlanWork, op("PUT /items/{id}", "flow", "Change what an item says"),
		func(ctx context.Context, who access.Actor, in *with[client.UpdateItem]) (*body[client.Item], error) {
			b := in.Body
			i, err := a.Flow.Change(ctx, who, ref.Item(in.ID), flow.Change{Version: b.Version, Type: flow.Type(b.Type), Title: b.Title, Description: b.Description, Feature: ref.Feature(b.Feature), Assignee: b.Assignee})
			return answer(itemOf(i), current(err, itemOf))
		})
	register(a, access.PlanWork, op("POST /items/{id}/pull", "flow", "Start work on a ready item"),
		func(ctx context.Context, who access.Actor, in *with[client.PullItem]) (*body[client.Item], error) {
			i, err := a.Flow.Pull(ctx, who, ref.Item(in.ID), in.Body.Version, in.Body.Assignee)
			return answer(itemOf(i), current(err, itemOf))
		})
	register(a, access.PlanWork, op("POST /items/{id}/move", "flow", "Move an item by hand"),
		func(ctx context.Context, who access.Actor, in *with[client.MoveItem]) (*body[client.Item], error) {
			b := in.Body
			i, err := a.Flow.Move(ctx, who, ref.Item(in.ID), flow.To{Version: b.Version, State: flow.State(b.To), Before: ref.Item(b.Before), Because: b.Because})
			return answer(itemOf(i), current(err, itemOf))
		})
	register(a, access.PlanWork, op("POST /items/{id}/block", "flow", "Say why an item cannot go on"),
		func(ctx context.Context, who access.Actor, in *with[client.BlockItem]) (*body[client.Item], error) {
			i, err := a.Flow.Block(ctx, who, ref.Item(in.ID), in.Body.Reason)
			return answer(itemOf(i), err)
		})
	register(a, access.PlanWork, op("POST /items/{id}/unblock", "flow", "Say that an item can go on"),
		func(ctx context.Context, who access.Actor, in *id) (*body[client.Item], error) {
			i, err := a.Flow.Unblock(ctx, who, ref.Item(in.ID))
			return answer(itemOf(i), err)
		})
}

// itemOf ages an item until now.
func itemOf(i flow.Item) client.Item {
	now := time.Now()
	last := itemMove(i.Last)
	return client.Item{
		ID: string(i.ID), Team: string(i.Team), Type: string(i.Type), Title: i.Title, Description: i.Description, Feature: string(i.Feature), Assignee: i.Assignee,
		State: string(i.State), Rank: i.Rank, Blocked: i.Blocked, BlockedSince: moment(i.BlockedSince), Created: i.Created, Since: i.Since,
		Started: moment(i.Started), Done: moment(i.Done), AgeSeconds: i.Age(now).Seconds(), StaySeconds: max(0, now.Sub(i.Since).Seconds()),
		Moved: &last, Version: i.Version,
	}
}

func itemMove(m flow.Move) client.ItemMove {
	return client.ItemMove{From: string(m.From), To: string(m.To), At: m.At, Because: m.Because, Subject: string(m.Subject), Actor: m.Actor, ByFact: m.ByFact}
}

func boardOf(b flow.Board) client.Board {
	cycle := client.CycleTime{N: b.Cycle.N, Minimum: flow.CycleMinimum}
	if b.Cycle.N >= flow.CycleMinimum {
		median, p85 := b.Cycle.Median.Seconds(), b.Cycle.P85.Seconds()
		cycle.MedianSeconds, cycle.P85Seconds = &median, &p85
	}
	return client.Board{Team: string(b.Team), Columns: mapped(b.Columns, boardColumn), Cycle: cycle, Throughput: b.Throughput, Version: b.Version}
}

func boardColumn(c flow.Column) client.BoardColumn {
	return client.BoardColumn{
		State: string(c.State), Limit: c.Limit, Count: c.Count, Over: c.Limit > 0 && c.Count > c.Limit,
		Items: mapped(c.Items, itemOf), More: c.Count > len(c.Items),
	}
}
