package incident

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/ref"
)

// Cause is what opened an incident, or joined it.
type Cause string

// The causes.
const (
	Verdict Cause = "verdict"    // a rollout was rolled back after customers' traffic had reached it
	SLOBurn Cause = "slo-burn"   // the error budget went so fast that somebody was called
	Silence Cause = "silence"    // nothing was heard of the component any more
	Worse   Cause = "regression" // the live version came to fail more often than it promises
	Alert   Cause = "alert"      // another alert that pages fired
	Person  Cause = "person"
)

// byAlert reports whether alerts open and end what the cause opened.
func (c Cause) byAlert() bool { return c == Alert || c == SLOBurn || c == Silence || c == Worse }

// causeOf returns the cause that an alert is.
func causeOf(told string) Cause {
	switch c := Cause(told); c {
	case SLOBurn, Silence, Worse:
		return c
	}
	return Alert
}

// Reason is one of the causes of an incident.
type Reason struct {
	At      time.Time
	Cause   Cause
	Text    string
	Rollout ref.Rollout // of a verdict
}

// Burn is how the component's error budget went when an incident was opened or
// joined; the zero value when its cause was another.
type Burn struct {
	Event     string        // outcome event that is promised; empty: requests
	Objective float64       // share of requests or events that shall succeed, 0..1
	Period    time.Duration // that the budget is for
	Rate      float64       // times faster than the objective allows
	Window    time.Duration // that Rate, Spent, Requests and Failed are of
	Spent     float64       // share of the period's budget that went in the window
	Left      float64       // share of the period's budget that was left
	Requests  float64       // or events
	Failed    float64
}

func burnOf(b fact.Burn) Burn {
	seconds := func(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
	return Burn{b.Event, b.Objective, seconds(b.Period), b.Rate, seconds(b.Window), b.Spent, b.Left, b.Requests, b.Failed}
}

// things says what is counted, in the plural: requests, or an event's.
func things(event string) string {
	if event == "" {
		return "requests"
	}
	return fmt.Sprintf("events %q", event)
}

// promised says what is promised of these.
func promised(event string) string {
	if event == "" {
		return "an availability"
	}
	return "a success"
}

// blur is by how much the beginning of a burn may be told too early: it is
// found by looking back over the window in sixty steps.
func (b Burn) blur() time.Duration {
	if b.Window == 0 {
		return 0
	}
	return max(2*time.Minute, b.Window/30)
}

// join makes another cause part of an open incident and tells it.
func (s *Service) join(ctx context.Context, tx *store.Tx, by journal.By, i Incident, r Reason) error {
	if err := addReason(ctx, tx, i.ID, r); err != nil {
		return err
	}
	return s.journal.Append(ctx, tx, by, ref.Of("incident", i.ID), fact.IncidentJoined{
		Incident: i.ID, Component: i.Component, Team: i.Team, Cause: string(r.Cause), Text: r.Text, Rollout: r.Rollout,
	})
}

func addReason(ctx context.Context, tx *store.Tx, id ref.Incident, r Reason) error {
	_, err := tx.Exec(ctx, `insert into incident_cause (incident, seq, at, cause, text, rollout)
		values ($1, (select coalesce(max(seq), 0) + 1 from incident_cause where incident = $1), $2, $3, $4, $5)`,
		string(id), store.Micros(r.At), string(r.Cause), r.Text, string(r.Rollout))
	return err
}

// reasons returns the causes of an incident, oldest first. One of before there
// were several has what opened it.
func reasons(ctx context.Context, tx *store.Tx, i Incident) ([]Reason, error) {
	list, err := store.List(ctx, tx, func(s store.Scanner) (Reason, error) {
		var r Reason
		var at int64
		err := s.Scan(&at, &r.Cause, &r.Text, &r.Rollout)
		r.At = store.Time(at)
		return r, err
	}, `select at, cause, text, rollout from incident_cause where incident = $1 order by seq`, string(i.ID))
	if err == nil && len(list) == 0 {
		list = []Reason{{At: i.Opened, Cause: i.Cause, Text: i.Title, Rollout: i.Change.Rollout}}
	}
	return list, err
}

// setBurn keeps how the budget went: the worst that was told.
func setBurn(ctx context.Context, tx *store.Tx, i Incident, b Burn) error {
	if b.Spent <= i.Burn.Spent {
		return nil
	}
	doc, err := json.Marshal(b)
	if err != nil {
		return fmt.Errorf("keep how the error budget went: %w", err)
	}
	_, err = tx.Exec(ctx, `insert into incident_burn (incident, doc) values ($1, $2) on conflict (incident) do update set doc = $2`, string(i.ID), string(doc))
	return err
}

func burnIn(ctx context.Context, tx *store.Tx, id ref.Incident) (b Burn, err error) {
	doc, err := store.One(ctx, tx, store.Scan1[string], `select doc from incident_burn where incident = $1`, string(id))
	if errors.Is(err, store.ErrNone) {
		return b, nil
	}
	if err == nil {
		err = json.Unmarshal([]byte(doc), &b)
	}
	return b, err
}
