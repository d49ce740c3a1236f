package api

import (
	"context"

	"github.com/digital-factory/factory/client"
	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/thread"
)

func (a *API) thread() {
	register(a, access.Read, op("GET /thread/{kind}/{id}", "thread", "Follow the thread through an object, up to the vision and down to the effect"),
		func(ctx context.Context, who access.Actor, in *struct {
			Kind string `path:"kind" doc:"Kind of the object" example:"commit"`
			ID   string `path:"id" doc:"The identifier"`
		}) (*body[client.Thread], error) {
			t, err := a.Thread.Of(ctx, who, in.Kind, in.ID)
			return answer(threadOf(t), err)
		})
	register(a, access.Read, op("GET /search", "thread", "Find objects by identifier and words of their title, best first"),
		func(ctx context.Context, who access.Actor, in *struct {
			Text  string `query:"q" required:"true" maxLength:"200" doc:"What to look for" example:"thrust"`
			Limit int    `query:"limit" minimum:"1" maximum:"100" default:"20" doc:"How many at the most"`
		}) (*body[client.Page[client.ThreadNode]], error) {
			list, err := a.Thread.Search(ctx, who, in.Text, in.Limit)
			return answer(client.Page[client.ThreadNode]{Items: mapped(list, threadNode)}, err)
		})
}

func threadOf(t thread.Thread) client.Thread {
	return client.Thread{Here: threadNode(t.Here), Stages: mapped(t.Stages, threadStage), Beside: mapped(t.Beside, threadNode), Edges: mapped(t.Edges, threadEdge), Whole: t.Whole()}
}

func threadStage(s thread.Stage) client.ThreadStage {
	out := client.ThreadStage{Kind: s.Kind, Nodes: mapped(s.Nodes, threadNode), More: s.More, Here: s.Here}
	if s.Gap != nil {
		out.Gap = &client.ThreadGap{Why: s.Gap.Why, Close: s.Gap.Close}
	}
	return out
}

func threadNode(n thread.Node) client.ThreadNode {
	return client.ThreadNode{Subject: string(n.Subject), Kind: n.Kind(), ID: n.ID(), Title: n.Title, State: n.State, Text: n.Text, Team: string(n.Team), At: n.At}
}

func threadEdge(e thread.Edge) client.ThreadEdge {
	return client.ThreadEdge{From: string(e.From), To: string(e.To), Relation: e.Relation}
}
