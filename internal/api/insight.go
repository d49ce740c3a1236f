package api

import (
	"context"
	"time"

	"github.com/digital-factory/factory/client"
	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/insight"
	"github.com/digital-factory/factory/internal/ref"
)

func (a *API) insight() {
	register(a, access.Read, op("GET /insight/dora", "insight", "Compute the five metrics of software delivery performance"),
		func(ctx context.Context, who access.Actor, in *struct {
			Team      string    `query:"team" doc:"Only this team's components"`
			Component string    `query:"component" doc:"Only this component"`
			From      time.Time `query:"from" doc:"Beginning of the range; default: 30 days before its end"`
			To        time.Time `query:"to" doc:"End of the range, not part of it; default: now"`
		}) (*body[client.Dora], error) {
			d, err := a.Insight.Dora(ctx, who, insight.Scope{Team: ref.Team(in.Team), Component: ref.Component(in.Component), From: in.From, To: in.To})
			return answer(client.Dora{Team: string(d.Team), Component: string(d.Component), From: d.From, To: d.To, Metrics: mapped(d.Metrics, metricOf)}, err)
		})
	register(a, access.Read, op("GET /insight/floor", "insight", "Show the whole value stream as one picture"),
		func(ctx context.Context, who access.Actor, _ *none) (*body[client.Floor], error) {
			f, err := a.Insight.Floor(ctx, who)
			return answer(client.Floor{
				At: f.At, Stations: mapped(f.Stations, floorStation), Ribbons: mapped(f.Ribbons, floorRibbon), Outcomes: mapped(f.Outcomes, floorOutcome),
				Recent: mapped(f.Recent, floorMove), Attention: mapped(f.Attention, floorNeed),
			}, err)
		})
}

func metricOf(m insight.Metric) client.Metric {
	return client.Metric{
		ID: m.ID, Title: m.Title, Unit: m.Unit, Better: m.Better, State: m.State, Value: m.Value, Low: m.Low, High: m.High, Level: insight.Level, Interval: m.Interval,
		Observed: m.Observed, N: m.N, Minimum: m.Minimum, Hits: m.Hits, Open: m.Open, Defects: m.Defects, Text: m.Text, Definition: m.Definition,
		Points: mapped(m.Points, metricPoint), Events: mapped(m.Events, metricEvent), Total: m.Total,
	}
}

func metricPoint(p insight.Point) client.MetricPoint {
	return client.MetricPoint{From: p.From, Value: p.Value, N: p.N}
}

func metricEvent(e insight.Event) client.MetricEvent {
	return client.MetricEvent{At: e.At, Subject: string(e.Subject), Title: e.Title, Component: string(e.Component), Value: e.Value, Hit: e.Hit, Open: e.Open, Note: e.Note}
}

func floorStation(s insight.Station) client.FloorStation {
	out := client.FloorStation{
		ID: s.ID, Title: s.Title, InWork: s.InWork, InWorkText: s.InWorkText, Waiting: s.Waiting, Week: s.Week, WeekText: s.WeekText, Days: s.Days,
		Stuck: mapped(s.Stuck, floorStuck), StuckCount: s.StuckCount, Text: s.Text,
	}
	if s.Oldest != nil {
		age := max(0, time.Since(s.Oldest.Since).Seconds())
		out.OldestSeconds, out.Oldest, out.OldestTitle = &age, string(s.Oldest.Subject), s.Oldest.Title
	}
	return out
}

func floorStuck(k insight.Stuck) client.FloorStuck {
	return client.FloorStuck{Subject: string(k.Subject), Title: k.Title, Team: string(k.Team), Since: k.Since, Why: k.Why}
}

func floorRibbon(r insight.Ribbon) client.FloorRibbon { return client.FloorRibbon(r) }

func floorOutcome(o insight.Outcome) client.FloorOutcome {
	out := client.FloorOutcome{
		KeyResult: string(o.KeyResult), Objective: string(o.Objective), Title: o.Title, Unit: o.Unit, Baseline: o.Baseline, Target: o.Target,
		Points: mapped(o.Points, func(v insight.Value) client.OutcomePoint { return client.OutcomePoint{At: v.At, Value: v.Value} }),
	}
	if n := len(o.Points); n > 0 {
		last := o.Points[n-1]
		out.Value, out.Score, out.Measured = &last.Value, &o.Score, &last.At
	}
	return out
}

func floorMove(m insight.Move) client.FloorMove {
	return client.FloorMove{At: m.At, Kind: m.Kind, Subject: string(m.Subject), Title: m.Title, Text: m.Text, Team: string(m.Team), Actor: m.Actor}
}

func floorNeed(n insight.Need) client.FloorAttention {
	urgency := "soon"
	if n.Urgent {
		urgency = "now"
	}
	return client.FloorAttention{Roles: n.Roles, Urgency: urgency, Subject: string(n.Subject), Title: n.Title, Team: string(n.Team), Since: n.Since, Why: n.Why, Next: n.Next}
}
