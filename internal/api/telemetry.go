package api

import (
	"context"
	"math"
	"time"

	"github.com/digital-factory/factory/client"
	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/telemetry"
	"github.com/digital-factory/factory/internal/telemetry/chart"
)

func (a *API) signals() {
	register(a, access.Read, op("GET /components/{name}/dashboard", "telemetry", "Show a component's figures over time, by version, with deployments and incidents"),
		func(ctx context.Context, who access.Actor, in *struct {
			Name        string    `path:"name" doc:"The component"`
			From        time.Time `query:"from" doc:"Begin; fifteen minutes before the end when absent"`
			To          time.Time `query:"to" doc:"End; now when absent"`
			Environment string    `query:"environment" enum:"staging,production" default:"production"`
		}) (*body[client.Dashboard], error) {
			d, err := a.Telemetry.Dashboard(ctx, who, telemetry.Ask{Component: ref.Component(in.Name), Environment: ref.Environment(in.Environment), From: in.From, To: in.To})
			if err != nil {
				return nil, err
			}
			return answer(a.dashboard(d), nil)
		})
	register(a, access.Read, op("GET /alerts", "telemetry", "List alerts, newest first"),
		func(ctx context.Context, who access.Actor, in *struct {
			Paging
			Component string `query:"component" doc:"Only this component's"`
			State     string `query:"state" enum:"pending,firing,resolved" doc:"Only those in this state"`
		}) (*body[client.Page[client.Alert]], error) {
			list, next, err := a.Telemetry.Alerts(ctx, who, ref.Component(in.Component), telemetry.State(in.State), in.ask())
			return answer(client.Page[client.Alert]{Items: mapped(list, a.alert), Next: next}, err)
		})
}

func (a *API) dashboard(d telemetry.Dashboard) client.Dashboard {
	var budget *client.ErrorBudget
	if b := d.Budget; b != nil {
		budget = &client.ErrorBudget{
			Event: b.Event, Objective: b.Objective, PeriodSeconds: b.Period, Rate: b.Rate, WindowSeconds: b.Window,
			Spent: b.Spent, Left: b.Left, Requests: b.Requests, Failed: b.Failed,
		}
	}
	return client.Dashboard{
		Budget:    budget,
		Component: string(d.Component), Team: string(d.Team), Environment: string(d.Environment),
		From: d.From, To: d.To, Step: d.Step.Seconds(), Window: d.Window.Seconds(), Times: d.Times,
		Charts: mapped(d.Charts, func(c chart.Chart) client.Chart {
			return client.Chart{Name: c.Name, Title: c.Title, Unit: c.Unit, Query: c.Query, Series: mapped(c.Series, func(l chart.Line) client.ChartSeries {
				return client.ChartSeries{Release: l.Release, Workload: l.Workload, Values: mapped(l.Values, known)}
			})}
		}),
		Markers: mapped(d.Markers, func(m telemetry.Marker) client.DashboardMarker {
			return client.DashboardMarker{At: m.At, Kind: m.Kind, Subject: string(m.Subject), Release: m.Release, Outcome: m.Outcome, Text: m.Text}
		}),
		Alerts: mapped(d.Alerts, a.alert),
	}
}

// known is nil for no number, which JSON does not have.
func known(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}

func (a *API) alert(v telemetry.Alert) client.Alert {
	r := a.Telemetry.Rule(v.Rule)
	return client.Alert{
		ID: v.ID, Rule: v.Rule, Component: string(v.Component), Team: string(v.Team), Environment: string(v.Environment), Severity: string(r.Severity),
		State: string(v.State), Text: v.Text, Value: v.Value, Threshold: r.Above, Unit: r.Unit, Meaning: r.Meaning, Advice: r.Advice, Query: r.Expression(),
		Since: v.Since, Fired: moment(v.Fired), Resolved: moment(v.Resolved),
	}
}
