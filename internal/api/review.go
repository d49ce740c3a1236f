package api

import (
	"context"

	"github.com/digital-factory/factory/client"
	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/incident"
	"github.com/digital-factory/factory/internal/ref"
)

func (a *API) reviews() {
	register(a, access.Read, op("GET /incidents/{id}/review", "incident", "Show an incident's review: a draft made from its timeline until somebody writes in it"),
		func(ctx context.Context, who access.Actor, in *id) (*body[client.Review], error) {
			r, err := a.Incident.Review(ctx, who, ref.Incident(in.ID))
			return answer(reviewOf(r), err)
		})
	register(a, access.Operate, op("PUT /incidents/{id}/review", "incident", "Write in an incident's review"),
		func(ctx context.Context, who access.Actor, in *with[client.SaveReview]) (*body[client.Review], error) {
			r, err := a.Incident.SaveReview(ctx, who, ref.Incident(in.ID), in.Body.Version, incident.Sections(in.Body.Text))
			return answer(reviewOf(r), current(err, reviewOf))
		})
	register(a, access.Operate, op("POST /incidents/{id}/publish", "incident", "Publish an incident's review: what was learned stands"),
		func(ctx context.Context, who access.Actor, in *with[client.PublishReview]) (*body[client.Review], error) {
			r, err := a.Incident.PublishReview(ctx, who, ref.Incident(in.ID), in.Body.Version)
			return answer(reviewOf(r), current(err, reviewOf))
		})
	register(a, access.PlanWork, op("POST /incidents/{id}/actions", "incident", "Put an action item of an incident on the owning team's board"),
		func(ctx context.Context, who access.Actor, in *with[client.AddAction]) (*body[client.Review], error) {
			r, err := a.Incident.AddAction(ctx, who, ref.Incident(in.ID), in.Body.Title, in.Body.Description)
			return answer(reviewOf(r), err)
		})
}

func reviewOf(r incident.Review) client.Review {
	n := client.ReviewNumbers{LastedSeconds: r.Numbers.Lasted.Seconds(), DetectedSeconds: r.Numbers.Detected.Seconds(), Final: r.Numbers.Final}
	if r.Numbers.Final {
		recovered := r.Numbers.Recovered.Seconds()
		n.RecoveredSeconds = &recovered
	}
	if r.Numbers.RequestsKnown {
		n.Event, n.Requests, n.RequestsFailed = r.Numbers.Event, &r.Numbers.Requests, &r.Numbers.Failed
	}
	if r.Numbers.UnitsKnown {
		n.Units, n.UnitsFailed = &r.Numbers.Units, &r.Numbers.UnitsFailed
	}
	return client.Review{
		Incident: string(r.Incident), State: string(r.State), Version: r.Version, Text: client.ReviewText(r.Text), Prompts: client.ReviewText(incident.Prompts()), Numbers: n,
		Actions: mapped(r.Actions, func(x incident.Action) client.ReviewAction {
			return client.ReviewAction{Item: string(x.Item), Title: x.Title, State: x.State, Assignee: x.Assignee, Blocked: x.Blocked, At: x.At, Actor: x.Actor}
		}),
		Changed: moment(r.Changed), ChangedBy: r.ChangedBy, Published: moment(r.Published), PublishedBy: r.PublishedBy,
	}
}
