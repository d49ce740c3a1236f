package api

import (
	"context"
	"time"

	"github.com/digital-factory/factory/client"
	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/incident"
	"github.com/digital-factory/factory/internal/ref"
)

func (a *API) incidents() {
	register(a, access.Read, op("GET /incidents", "incident", "List incidents, newest first"),
		func(ctx context.Context, who access.Actor, in *struct {
			Paging
			State     string `query:"state" enum:"open,resolved" doc:"Only those in this state"`
			Component string `query:"component" doc:"Only this component's"`
			Team      string `query:"team" doc:"Only this team's"`
		}) (*body[client.Page[client.Incident]], error) {
			list, next, err := a.Incident.List(ctx, who, incident.Filter{State: incident.State(in.State), Component: ref.Component(in.Component), Team: ref.Team(in.Team)}, in.ask())
			return answer(client.Page[client.Incident]{Items: mapped(list, incidentOf), Next: next}, err)
		})
	register(a, access.Operate, op("POST /incidents", "incident", "Report an incident that no fact has reported; while one is open for the component in the environment, the report joins it and that one is returned"),
		func(ctx context.Context, who access.Actor, in *send[client.OpenIncident]) (*body[client.Incident], error) {
			b := in.Body
			r := incident.Report{Title: b.Title, Component: ref.Component(b.Component), Environment: ref.Environment(b.Environment), Text: b.Text}
			if b.Began != nil {
				r.Began = *b.Began
			}
			i, err := a.Incident.Open(ctx, who, r)
			return answer(incidentOf(i), err)
		})
	register(a, access.Read, op("GET /incidents/{id}", "incident", "Show an incident with its timeline"),
		func(ctx context.Context, who access.Actor, in *id) (*body[client.IncidentDetail], error) {
			d, err := a.Incident.Get(ctx, who, ref.Incident(in.ID))
			return answer(incidentDetail(d), err)
		})
	register(a, access.Operate, op("POST /incidents/{id}/note", "incident", "Add a note to an incident's timeline"),
		func(ctx context.Context, who access.Actor, in *with[client.NoteIncident]) (*body[client.Incident], error) {
			i, err := a.Incident.Note(ctx, who, ref.Incident(in.ID), in.Body.Text)
			return answer(incidentOf(i), err)
		})
	register(a, access.Operate, op("POST /incidents/{id}/resolve", "incident", "End an incident by hand"),
		func(ctx context.Context, who access.Actor, in *with[client.ResolveIncident]) (*body[client.Incident], error) {
			i, err := a.Incident.Resolve(ctx, who, ref.Incident(in.ID), in.Body.Because)
			return answer(incidentOf(i), current(err, incidentOf))
		})
	a.reviews()
}

func incidentOf(i incident.Incident) client.Incident {
	lasted := i.Lasted(time.Now()).Seconds()
	out := client.Incident{
		ID: string(i.ID), Title: i.Title, State: string(i.State), Component: string(i.Component), Team: string(i.Team), Environment: string(i.Environment),
		Cause: string(i.Cause), Rollout: string(i.Change.Rollout), Artifact: string(i.Change.Artifact), Release: i.Change.Release,
		Commit: string(i.Change.Commit), CommitTitle: i.Change.CommitTitle, Items: mapped(i.Change.Items, text),
		Began: i.Began, Opened: i.Opened, Resolved: moment(i.Resolved), ResolvedBecause: i.ResolvedBecause, ResolvedBy: string(i.ResolvedBy), OpenSeconds: lasted,
	}
	if !i.Resolved.IsZero() {
		out.RecoverySeconds = &lasted
	}
	if d := i.Decision; d != (incident.Decision{}) {
		out.Decision = &client.DecidingFigure{Reason: d.Reason, LogE: d.LogE, Alpha: d.Alpha}
		if d.Alpha > 0 {
			out.Decision.Threshold = d.Threshold()
		}
	}
	return out
}

func incidentDetail(d incident.Detail) client.IncidentDetail {
	out := client.IncidentDetail{Incident: incidentOf(d.Incident), Timeline: mapped(d.Timeline, incidentEntry), Causes: mapped(d.Causes, func(r incident.Reason) client.IncidentCause {
		return client.IncidentCause{At: r.At, Cause: string(r.Cause), Text: r.Text, Rollout: string(r.Rollout)}
	})}
	if l := d.Last; !l.At.IsZero() {
		out.Last = &client.LastChange{
			At: l.At, Environment: string(l.Environment), Subject: string(l.Subject), Text: l.Text, Release: l.Release,
			Commit: string(l.Commit), CommitTitle: l.CommitTitle, Items: mapped(l.Items, text), Actor: l.Actor,
		}
	}
	if b := d.Burn; b != (incident.Burn{}) {
		out.Burn = &client.ErrorBudget{
			Event: b.Event, Objective: b.Objective, PeriodSeconds: b.Period.Seconds(), Rate: b.Rate, WindowSeconds: b.Window.Seconds(),
			Spent: b.Spent, Left: b.Left, Requests: b.Requests, Failed: b.Failed,
		}
	}
	if r := d.Regression; r != (incident.Regression{}) {
		out.Regression = &client.Regression{
			Release: r.Release, Rollout: string(r.Rollout), Before: r.Before, Event: r.Event, Promised: r.Promised, Since: r.Since, Requests: r.Requests, Failed: r.Failed,
			LogE: r.LogE, Threshold: r.Threshold, ChanceDays: r.Chance.Hours() / 24,
		}
	}
	return out
}

func incidentEntry(e incident.Entry) client.IncidentEntry {
	return client.IncidentEntry{At: e.At, Kind: e.Kind, Text: e.Text, Subject: string(e.Subject), Actor: e.Actor}
}
