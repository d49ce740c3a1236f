package client

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// Dashboard is a component's picture over a time, as every component has it
// from its first minute. All series share Times.
type Dashboard struct {
	Component   string            `json:"component" example:"engine-controller"`
	Team        string            `json:"team" example:"engine"`
	Environment string            `json:"environment" enum:"staging,production"`
	From        time.Time         `json:"from"`
	To          time.Time         `json:"to"`
	Step        float64           `json:"step" doc:"Seconds between two times"`
	Window      float64           `json:"window" doc:"Seconds over which each rate is taken"`
	Times       []time.Time       `json:"times" nullable:"false"`
	Charts      []Chart           `json:"charts" nullable:"false" doc:"Seven in the order of the enum; nine where the component promises something of an outcome event"`
	Budget      *ErrorBudget      `json:"budget,omitempty" doc:"How the error budget goes, over the last hour; absent outside production and when nothing was counted in that time"`
	Markers     []DashboardMarker `json:"markers" nullable:"false" doc:"Deployments, rollouts and incidents within the time, oldest first"`
	Alerts      []Alert           `json:"alerts" nullable:"false" doc:"Those that are pending or firing now"`
}

// Chart is one figure over time, by version or by workload.
type Chart struct {
	Name   string        `json:"name" enum:"rate,errors,latency-p50,latency-p95,latency-p99,cpu,memory,events,events-failed"`
	Title  string        `json:"title" example:"Requests"`
	Unit   string        `json:"unit" enum:"requests/s,share,s,cores,bytes,events/s" doc:"share is 0..1"`
	Query  string        `json:"query" doc:"The PromQL it is made from"`
	Series []ChartSeries `json:"series" nullable:"false" doc:"Empty when there was no traffic"`
}

// ChartSeries is one line of a chart.
type ChartSeries struct {
	Release  string     `json:"release" doc:"The artifact's version" example:"12"`
	Workload string     `json:"workload,omitempty" doc:"In the charts cpu and memory"`
	Values   []*float64 `json:"values" nullable:"false" doc:"One for each of the dashboard's times; null where nothing is known"`
}

// DashboardMarker is something that happened to the component.
type DashboardMarker struct {
	At      time.Time `json:"at"`
	Kind    string    `json:"kind" enum:"deployment.finished,rollout.started,rollout.widened,rollout.finished,incident.opened,incident.resolved"`
	Subject string    `json:"subject" doc:"What to open" example:"rollout/0192f0c1-0000-7000-8000-000000000000"`
	Release string    `json:"release,omitempty"`
	Outcome string    `json:"outcome,omitempty" doc:"succeeded or failed; promoted, rolled_back or failed"`
	Text    string    `json:"text" example:"Version 12 takes 25 % of the units"`
}

// Alert is one episode of a rule's condition in a component. Every component
// has the same rules, without a line by its team.
type Alert struct {
	ID          string     `json:"id"`
	Rule        string     `json:"rule" enum:"errors,latency,crash-loop,unhealthy,job-failed,silence,unheard,standstill,regression,resource-down,resource-full,slo-burn-fast,slo-burn-slow,slo-burn-day,slo-burn-drip"`
	Component   string     `json:"component"`
	Team        string     `json:"team"`
	Environment string     `json:"environment"`
	Severity    string     `json:"severity" enum:"page,ticket" doc:"page: somebody must look now, an incident is opened; ticket: this week"`
	State       string     `json:"state" enum:"pending,firing,resolved"`
	Text        string     `json:"text" doc:"What was seen, with its number" example:"31 % of the requests to engine-controller failed in the last minute"`
	Value       float64    `json:"value" doc:"Last seen, in the unit of the threshold"`
	Threshold   float64    `json:"threshold" doc:"Above it the condition holds"`
	Unit        string     `json:"unit" enum:"share,s,crashes,requests,events,times"`
	Meaning     string     `json:"meaning" doc:"What the rule means"`
	Advice      string     `json:"advice" doc:"What to do"`
	Query       string     `json:"query" doc:"The PromQL it is decided from"`
	Since       time.Time  `json:"since" doc:"When the condition began to hold"`
	Fired       *time.Time `json:"fired,omitempty"`
	Resolved    *time.Time `json:"resolved,omitempty"`
}

// AlertFilter narrows a list of alerts; empty fields do not.
type AlertFilter struct{ Component, State string }

// DashboardRange says which part of a dashboard is wanted. The zero value is
// the last fifteen minutes in production.
type DashboardRange struct {
	From, To    time.Time
	Environment string
}

// Dashboard returns a component's dashboard.
func (c *Client) Dashboard(ctx context.Context, component string, r DashboardRange) (Dashboard, error) {
	q := url.Values{}
	if !r.From.IsZero() {
		q.Set("from", r.From.Format(time.RFC3339Nano))
	}
	if !r.To.IsZero() {
		q.Set("to", r.To.Format(time.RFC3339Nano))
	}
	if r.Environment != "" {
		q.Set("environment", r.Environment)
	}
	return call[Dashboard](ctx, c, http.MethodGet, path("components", component, "dashboard"), q, nil)
}

// Alerts lists alerts, newest first.
func (c *Client) Alerts(ctx context.Context, f AlertFilter, p Paging) (Page[Alert], error) {
	q := p.query()
	if f.Component != "" {
		q.Set("component", f.Component)
	}
	if f.State != "" {
		q.Set("state", f.State)
	}
	return call[Page[Alert]](ctx, c, http.MethodGet, path("alerts"), q, nil)
}
