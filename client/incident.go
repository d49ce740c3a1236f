package client

import (
	"context"
	"net/http"
	"time"
)

// Incident is a time in which customers may have been hurt.
type Incident struct {
	ID              string          `json:"id"`
	Title           string          `json:"title" example:"engine-controller 12 was rolled back"`
	State           string          `json:"state" enum:"open,resolved" example:"open"`
	Component       string          `json:"component" example:"engine-controller"`
	Team            string          `json:"team" doc:"Who owns the component" example:"engine"`
	Environment     string          `json:"environment" example:"production"`
	Cause           string          `json:"cause" enum:"verdict,slo-burn,silence,regression,alert,person" doc:"What opened it: a rollout's verdict, an error budget that burns, a component that nothing is heard of any more, a live version that got worse, another alert that pages, a person" example:"verdict"`
	Rollout         string          `json:"rollout,omitempty"`
	Artifact        string          `json:"artifact,omitempty"`
	Release         string          `json:"release,omitempty" doc:"Version that was rolled out" example:"12"`
	Commit          string          `json:"commit,omitempty"`
	CommitTitle     string          `json:"commitTitle,omitempty"`
	Items           []string        `json:"items,omitempty" example:"[\"ENG-2\"]"`
	Decision        *DecidingFigure `json:"decision,omitempty" doc:"The numbers a verdict was decided on"`
	Began           time.Time       `json:"began" doc:"Start of the impact, as far as known"`
	Opened          time.Time       `json:"opened" doc:"When it was detected"`
	Resolved        *time.Time      `json:"resolved,omitempty"`
	ResolvedBecause string          `json:"resolvedBecause,omitempty" doc:"What ended it, in a sentence"`
	ResolvedBy      string          `json:"resolvedBy,omitempty" doc:"Rollout whose promotion ended it"`
	RecoverySeconds *float64        `json:"recoverySeconds,omitempty" doc:"From began to resolved; absent while open" example:"312.4"`
	OpenSeconds     float64         `json:"openSeconds" doc:"From began until resolved or now" example:"312.4"`
}

// DecidingFigure is the evidence a rollback was decided on.
type DecidingFigure struct {
	Reason    string  `json:"reason" doc:"The verdict in a sentence"`
	LogE      float64 `json:"logE" doc:"Natural logarithm of the evidence against the release" example:"5.1"`
	Alpha     float64 `json:"alpha" doc:"Probability of a false rollback the plan accepted" example:"0.01"`
	Threshold float64 `json:"threshold,omitempty" doc:"ln(1/alpha): logE at or above it rolls back; absent when a person decided" example:"4.605"`
}

// IncidentDetail is an incident with what happened around it.
type IncidentDetail struct {
	Incident
	Causes     []IncidentCause `json:"causes" nullable:"false" doc:"What opened it, then what joined it, oldest first"`
	Last       *LastChange     `json:"last,omitempty" doc:"What changed last of the component in the environment before it began: the first suspect, not the culprit"`
	Burn       *ErrorBudget    `json:"burn,omitempty" doc:"How the error budget went, when it is part of it"`
	Regression *Regression     `json:"regression,omitempty" doc:"What was found of the live version, when it got worse"`
	Timeline   []IncidentEntry `json:"timeline" nullable:"false" doc:"Oldest first"`
}

// IncidentCause is one of the causes of an incident.
type IncidentCause struct {
	At      time.Time `json:"at"`
	Cause   string    `json:"cause" enum:"verdict,slo-burn,silence,regression,alert,person"`
	Text    string    `json:"text" example:"engine-controller in production burns its error budget 41 times too fast"`
	Rollout string    `json:"rollout,omitempty" doc:"Of a verdict"`
}

// LastChange is what changed last, and where.
type LastChange struct {
	At          time.Time `json:"at"`
	Environment string    `json:"environment" example:"production"`
	Subject     string    `json:"subject" doc:"Rollout, flag or artifact, as kind/identifier"`
	Text        string    `json:"text" example:"version 12 was promoted in production"`
	Release     string    `json:"release,omitempty" example:"12"`
	Commit      string    `json:"commit,omitempty"`
	CommitTitle string    `json:"commitTitle,omitempty"`
	Items       []string  `json:"items,omitempty" example:"[\"ENG-2\"]"`
	Actor       string    `json:"actor" doc:"Who or what changed it"`
}

// ErrorBudget is how the budget of failures that a promise allows went.
type ErrorBudget struct {
	Event         string  `json:"event,omitempty" doc:"Outcome event that the promise is of; absent: requests" example:"jobs"`
	Objective     float64 `json:"objective" doc:"Promised share of requests or events, 0..1" example:"0.995"`
	PeriodSeconds float64 `json:"periodSeconds" doc:"That the budget is for" example:"2592000"`
	Rate          float64 `json:"rate" doc:"Times faster than the objective allows; at 1 the budget lasts for its period" example:"41"`
	WindowSeconds float64 `json:"windowSeconds" doc:"That rate, spent, requests and failed are of" example:"3600"`
	Spent         float64 `json:"spent" doc:"Share of the period's budget that went in the window" example:"0.057"`
	Left          float64 `json:"left" doc:"Share of the period's budget that was left; below 0 when it is overspent" example:"0.9"`
	Requests      float64 `json:"requests" doc:"Or events" example:"4000"`
	Failed        float64 `json:"failed" example:"820"`
}

// Regression is what was found of a live version that came to fail more often
// than it promises, since some time after its release.
type Regression struct {
	Release    string    `json:"release" doc:"The live version" example:"12"`
	Rollout    string    `json:"rollout,omitempty" doc:"That brought it: roll it back to take the version back"`
	Before     string    `json:"before,omitempty" doc:"Version that it replaced" example:"11"`
	Event      string    `json:"event,omitempty" doc:"Outcome event that the promise is of; absent: requests" example:"jobs"`
	Promised   float64   `json:"promised" doc:"Share of requests or events that may fail, 0..1" example:"0.005"`
	Since      time.Time `json:"since" doc:"Of the change, as far as known"`
	Requests   float64   `json:"requests" doc:"Or events, since then" example:"112800"`
	Failed     float64   `json:"failed" example:"1692"`
	LogE       float64   `json:"logE" doc:"Natural logarithm of the evidence of a change" example:"12.1"`
	Threshold  float64   `json:"threshold" doc:"Log evidence that alarms" example:"11.56"`
	ChanceDays float64   `json:"chanceDays" doc:"Days between alarms without a change, on average, at the least" example:"365"`
}

// IncidentEntry is one line of an incident's timeline.
type IncidentEntry struct {
	At      time.Time `json:"at"`
	Kind    string    `json:"kind" doc:"Kind of the fact, or note" example:"rollout.decided"`
	Text    string    `json:"text" example:"verdict: roll back"`
	Subject string    `json:"subject,omitempty" doc:"What it is about, as kind/identifier"`
	Actor   string    `json:"actor" example:"release"`
}

// OpenIncident reports an incident that no fact has reported. While one is open
// for the component in the environment, the report joins it.
type OpenIncident struct {
	Title       string     `json:"title" minLength:"1" maxLength:"200" example:"Customers in the north see stale positions"`
	Component   string     `json:"component" minLength:"1" maxLength:"60" example:"engine-controller"`
	Environment string     `json:"environment,omitempty" enum:"production,staging" doc:"Default: production"`
	Began       *time.Time `json:"began,omitempty" doc:"Start of the impact as far as known; default: now"`
	Text        string     `json:"text,omitempty" maxLength:"20000" doc:"First note in the timeline"`
}

// NoteIncident adds a note to the timeline.
type NoteIncident struct {
	Text string `json:"text" minLength:"1" maxLength:"20000" example:"Called the supplier; the part is recalled"`
}

// ResolveIncident ends an incident by hand.
type ResolveIncident struct {
	Because string `json:"because" minLength:"1" maxLength:"2000" doc:"What ended it" example:"The carrier's network is back"`
}

// IncidentFilter narrows a list of incidents; empty fields do not.
type IncidentFilter struct{ State, Component, Team string }

// Incidents lists incidents, newest first.
func (c *Client) Incidents(ctx context.Context, f IncidentFilter, p Paging) (Page[Incident], error) {
	q := p.query()
	narrow(q, "state", f.State)
	narrow(q, "component", f.Component)
	narrow(q, "team", f.Team)
	return call[Page[Incident]](ctx, c, http.MethodGet, path("incidents"), q, nil)
}

// Incident returns an incident with its timeline.
func (c *Client) Incident(ctx context.Context, id string) (IncidentDetail, error) {
	return call[IncidentDetail](ctx, c, http.MethodGet, path("incidents", id), nil, nil)
}

// OpenIncident reports an incident.
func (c *Client) OpenIncident(ctx context.Context, in OpenIncident) (Incident, error) {
	return call[Incident](ctx, c, http.MethodPost, path("incidents"), nil, in)
}

// NoteIncident adds a note to an incident's timeline.
func (c *Client) NoteIncident(ctx context.Context, id string, in NoteIncident) (Incident, error) {
	return call[Incident](ctx, c, http.MethodPost, path("incidents", id, "note"), nil, in)
}

// ResolveIncident ends an incident by hand.
func (c *Client) ResolveIncident(ctx context.Context, id string, in ResolveIncident) (Incident, error) {
	return call[Incident](ctx, c, http.MethodPost, path("incidents", id, "resolve"), nil, in)
}
