package client

import (
	"context"
	"net/http"
	"time"
)

// Dora is the five metrics of software delivery performance over a range.
type Dora struct {
	Team      string    `json:"team,omitempty" example:"engine"`
	Component string    `json:"component,omitempty"`
	From      time.Time `json:"from"`
	To        time.Time `json:"to"`
	Metrics   []Metric  `json:"metrics" nullable:"false" doc:"deployment-frequency, change-lead-time, change-fail-rate, failed-deployment-recovery-time, deployment-rework-rate, in this order"`
}

// Metric is one figure with everything needed to doubt it.
type Metric struct {
	ID         string        `json:"id" enum:"deployment-frequency,change-lead-time,change-fail-rate,failed-deployment-recovery-time,deployment-rework-rate" example:"change-lead-time"`
	Title      string        `json:"title" example:"Change lead time"`
	Unit       string        `json:"unit" enum:"per day,seconds,share" doc:"Share is 0..1" example:"seconds"`
	Better     string        `json:"better" enum:"higher,lower" example:"lower"`
	State      string        `json:"state" enum:"measured,too few,no data" doc:"Only measured has a value" example:"measured"`
	Value      *float64      `json:"value,omitempty" doc:"Absent unless measured" example:"312.4"`
	Low        *float64      `json:"low,omitempty" doc:"Lower end of the interval" example:"120"`
	High       *float64      `json:"high,omitempty" doc:"Upper end of the interval; absent with a low end means open" example:"900"`
	Level      float64       `json:"level" doc:"Confidence of the interval" example:"0.95"`
	Interval   string        `json:"interval" doc:"How the interval was made" example:"binomial order statistics"`
	Observed   *float64      `json:"observed,omitempty" doc:"The plain figure of the n observations, given also when they are too few to be shown: for checks, not for display"`
	N          int           `json:"n" doc:"Observations" example:"24"`
	Minimum    int           `json:"minimum" doc:"Observations needed before a value is given" example:"6"`
	Hits       int           `json:"hits,omitempty" doc:"Of a rate: how many of n" example:"2"`
	Open       int           `json:"open,omitempty" doc:"Observations not yet finished (right-censored)" example:"1"`
	Defects    int           `json:"defects,omitempty" doc:"Observations whose times contradict each other, counted as 0 s" example:"0"`
	Text       string        `json:"text" doc:"The state in a sentence" example:"Half of 24 changes took at most 5 min 12 s."`
	Definition string        `json:"definition" doc:"Start event, end event, what counts and what does not"`
	Points     []MetricPoint `json:"points" nullable:"false" doc:"The same figure by slice of the range, oldest first: days up to 31 days, else weeks"`
	Events     []MetricEvent `json:"events" nullable:"false" doc:"What was counted, newest first; at most 200"`
	Total      int           `json:"total" doc:"All events counted" example:"24"`
}

// MetricPoint is a metric in one slice of the range.
type MetricPoint struct {
	From  time.Time `json:"from"`
	Value *float64  `json:"value,omitempty" doc:"Absent when nothing was observed"`
	N     int       `json:"n" example:"3"`
}

// MetricEvent is one observation behind a metric.
type MetricEvent struct {
	At        time.Time `json:"at"`
	Subject   string    `json:"subject" doc:"As kind/identifier" example:"rollout/0199c1de"`
	Title     string    `json:"title" example:"engine-controller 12"`
	Component string    `json:"component" example:"engine-controller"`
	Value     *float64  `json:"value,omitempty" doc:"In the metric's unit, where one observation has one"`
	Hit       bool      `json:"hit,omitempty" doc:"Of a rate: it counts into the numerator"`
	Open      bool      `json:"open,omitempty" doc:"Not yet finished"`
	Note      string    `json:"note,omitempty" doc:"Why it counts as it does" example:"rolled back by the evidence"`
}

// Floor is the whole value stream as one picture.
type Floor struct {
	At        time.Time        `json:"at"`
	Stations  []FloorStation   `json:"stations" nullable:"false" doc:"vision, initiatives, features, items, changes, runs, releases, customers, in this order"`
	Ribbons   []FloorRibbon    `json:"ribbons" nullable:"false" doc:"Between neighbours, and customers to vision"`
	Outcomes  []FloorOutcome   `json:"outcomes" nullable:"false" doc:"Key results: what the return ribbon carries"`
	Recent    []FloorMove      `json:"recent" nullable:"false" doc:"What moved in the last hour, newest first; at most 50"`
	Attention []FloorAttention `json:"attention" nullable:"false" doc:"What needs somebody, most urgent first; at most 100"`
}

// FloorStation is one place that work passes.
type FloorStation struct {
	ID            string       `json:"id" enum:"vision,initiatives,features,items,changes,runs,releases,customers" example:"items"`
	Title         string       `json:"title" example:"Items"`
	InWork        int          `json:"inWork" doc:"In work now" example:"7"`
	InWorkText    string       `json:"inWorkText" doc:"What in work means here" example:"building, verifying or releasing"`
	Waiting       int          `json:"waiting" doc:"Known and not yet begun" example:"12"`
	OldestSeconds *float64     `json:"oldestSeconds,omitempty" doc:"Age of the oldest in work; absent when there is none"`
	Oldest        string       `json:"oldest,omitempty" doc:"The oldest in work, as kind/identifier" example:"item/ENG-1"`
	OldestTitle   string       `json:"oldestTitle,omitempty"`
	Week          int          `json:"week" doc:"Finished in the last 7 days" example:"9"`
	WeekText      string       `json:"weekText" doc:"What finished means here" example:"done"`
	Days          []int        `json:"days" nullable:"false" doc:"Finished on each of the last 7 days (24 hours each), the last one last"`
	Stuck         []FloorStuck `json:"stuck" nullable:"false" doc:"What does not go on, longest first; at most 20"`
	StuckCount    int          `json:"stuckCount" example:"1"`
	Text          string       `json:"text,omitempty" doc:"What stands here in words, for the vision" example:"Grow our share of the drone market"`
}

// FloorStuck is something that does not go on by itself.
type FloorStuck struct {
	Subject string    `json:"subject" example:"item/ENG-1"`
	Title   string    `json:"title"`
	Team    string    `json:"team,omitempty" example:"engine"`
	Since   time.Time `json:"since"`
	Why     string    `json:"why" example:"blocked: the supplier's data sheet is missing"`
}

// FloorRibbon is the flow between two stations.
type FloorRibbon struct {
	From  string `json:"from" example:"items"`
	To    string `json:"to" example:"changes"`
	Count int    `json:"count" doc:"Passed in the last 7 days: the ribbon's width" example:"14"`
	Text  string `json:"text" doc:"What passed" example:"commits of items on trunks"`
}

// FloorOutcome is a key result as last measured.
type FloorOutcome struct {
	KeyResult string         `json:"keyResult"`
	Objective string         `json:"objective"`
	Title     string         `json:"title" example:"Share of missions over 10 kg that succeed"`
	Unit      string         `json:"unit" example:"%"`
	Baseline  float64        `json:"baseline" example:"0"`
	Target    float64        `json:"target" example:"60"`
	Value     *float64       `json:"value,omitempty" doc:"Absent when never measured"`
	Score     *float64       `json:"score,omitempty" doc:"0..1 of the way from baseline to target"`
	Measured  *time.Time     `json:"measured,omitempty"`
	Points    []OutcomePoint `json:"points" nullable:"false" doc:"Oldest first; at most 60"`
}

// OutcomePoint is one value of a key result.
type OutcomePoint struct {
	At    time.Time `json:"at"`
	Value float64   `json:"value"`
}

// FloorMove is something that moved.
type FloorMove struct {
	At      time.Time `json:"at"`
	Kind    string    `json:"kind" doc:"Kind of the fact" example:"item.moved"`
	Subject string    `json:"subject" example:"item/ENG-1"`
	Title   string    `json:"title" example:"Raise thrust for missions over 10 kg"`
	Text    string    `json:"text" example:"building, because commit 4f1c2ab was pushed"`
	Team    string    `json:"team,omitempty"`
	Actor   string    `json:"actor" doc:"Who moved it; empty when it moved by itself" example:"Eva Keller"`
}

// FloorAttention is something that waits for a person.
type FloorAttention struct {
	Roles   []string  `json:"roles" nullable:"false" doc:"Whose move it is: board, product, member, platform" example:"[\"member\"]"`
	Urgency string    `json:"urgency" enum:"now,soon" example:"now"`
	Subject string    `json:"subject" example:"incident/0199c1de"`
	Title   string    `json:"title"`
	Team    string    `json:"team,omitempty" example:"engine"`
	Since   time.Time `json:"since"`
	Why     string    `json:"why" example:"an incident is open"`
	Next    string    `json:"next" doc:"The next thing to do" example:"fix forward: push a commit with the trailer Lane: hotfix"`
}

// DoraFilter says whose figures are asked for, and when. Empty names narrow
// nothing; a zero To is now, a zero From 30 days before.
type DoraFilter struct {
	Team, Component string
	From, To        time.Time
}

// Dora returns the five metrics.
func (c *Client) Dora(ctx context.Context, f DoraFilter) (Dora, error) {
	q := Paging{}.query()
	narrow(q, "team", f.Team)
	narrow(q, "component", f.Component)
	for name, at := range map[string]time.Time{"from": f.From, "to": f.To} {
		if !at.IsZero() {
			q.Set(name, at.UTC().Format(time.RFC3339Nano))
		}
	}
	return call[Dora](ctx, c, http.MethodGet, path("insight", "dora"), q, nil)
}

// Floor returns the value stream as one picture.
func (c *Client) Floor(ctx context.Context) (Floor, error) {
	return call[Floor](ctx, c, http.MethodGet, path("insight", "floor"), nil, nil)
}
