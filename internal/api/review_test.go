package api

import (
	"strings"
	"testing"
	"time"

	"github.com/digital-factory/factory/client"
	"github.com/digital-factory/factory/internal/fact"
)

// From an error budget that burns to an action item on the board that leads
// back to it.
func TestReviewOverHTTP(t *testing.T) {
	t.Parallel()
	c, tell := works(t)
	ctx := t.Context()
	must[client.Team](t)(c.CreateTeam(ctx, client.CreateTeam{ID: "engine", Mission: "Thrust"}))
	change := fact.Change{Component: "engine-controller", Team: "engine", Commit: "4f1c2ab", Title: "Open the flaps", Lane: "normal"}
	tell(
		fact.ComponentCreated{Component: "engine-controller", Team: "engine"},
		fact.RolloutFinished{Rollout: "ro", Environment: "production", Version: "7", Outcome: "promoted", Change: change},
		fact.AlertFired{Alert: "slo-burn-fast", Component: "engine-controller", Team: "engine", Environment: "production", Severity: "page", Text: "820 of 4000 requests failed", Cause: "slo-burn",
			Burn: fact.Burn{Objective: 0.995, Period: 2592000, Rate: 41, Window: 3600, Spent: 0.057, Left: 0.9, Requests: 4000, Failed: 820}},
	)
	open := await(t, func() (client.Page[client.Incident], error) {
		return c.Incidents(ctx, client.IncidentFilter{State: "open"}, client.Paging{})
	}, func(p client.Page[client.Incident]) bool { return len(p.Items) == 1 }).Items[0]
	d := must[client.IncidentDetail](t)(c.Incident(ctx, open.ID))
	if d.Cause != "slo-burn" || len(d.Causes) != 1 || d.Last == nil || d.Last.Subject != "rollout/ro" || d.Last.Commit != "4f1c2ab" || d.Burn == nil || d.Burn.Rate != 41 || d.Burn.PeriodSeconds != 2592000 {
		t.Fatalf("%+v %+v %+v", d, d.Last, d.Burn)
	}
	joined := must[client.Incident](t)(c.OpenIncident(ctx, client.OpenIncident{Title: "It sways", Component: "engine-controller"}))
	if d = must[client.IncidentDetail](t)(c.Incident(ctx, open.ID)); joined.ID != open.ID || len(d.Causes) != 2 || d.Causes[1].Cause != "person" {
		t.Fatalf("%+v, %+v", joined, d.Causes)
	}

	_, err := c.PublishReview(ctx, open.ID, client.PublishReview{})
	refusedWith[any](t, err, "blocked")
	tell(fact.AlertResolved{Alert: "slo-burn-fast", Component: "engine-controller", Environment: "production", Cause: "slo-burn", Text: "it burns no more"})
	draft := await(t, func() (client.Review, error) { return c.Review(ctx, open.ID) }, func(r client.Review) bool { return r.Numbers.Final })
	if draft.State != "draft" || draft.Version != 0 || !strings.Contains(draft.Text.Changed, "commit 4f1c2ab “Open the flaps”") || draft.Text.Learn != "" || draft.Prompts.Learn == "" || draft.Numbers.Requests != nil || draft.Numbers.RecoveredSeconds == nil {
		t.Fatalf("%+v", draft)
	}
	mine := draft.Text
	mine.Learn = "Probe the sensor"
	saved := must[client.Review](t)(c.SaveReview(ctx, open.ID, client.SaveReview{Version: 0, Text: mine}))
	if saved.Version != 1 || saved.Text.Learn != mine.Learn || saved.Changed == nil || time.Since(*saved.Changed) > time.Minute {
		t.Fatalf("%+v", saved)
	}
	theirs := draft.Text
	theirs.Well = "It was seen early"
	_, err = c.SaveReview(ctx, open.ID, client.SaveReview{Version: 0, Text: theirs})
	if now := refusedWith[client.Review](t, err, "conflict"); now.Version != 1 || now.Text.Learn != mine.Learn {
		t.Fatalf("%+v", now)
	}
	with := must[client.Review](t)(c.AddAction(ctx, open.ID, client.AddAction{Title: "Probe before traffic", Description: "The smoke path misses it"}))
	if len(with.Actions) != 1 || with.Actions[0].Item != "ENG-1" || with.Actions[0].State != "ready" {
		t.Fatalf("%+v", with)
	}
	if item := must[client.Item](t)(c.Item(ctx, "ENG-1")); item.Type != "debt" || item.Team != "engine" || !strings.Contains(item.Description, open.Title) {
		t.Fatalf("%+v", item)
	}
	must[client.Item](t)(c.PullItem(ctx, "ENG-1", client.PullItem{Version: 1}))
	published := must[client.Review](t)(c.PublishReview(ctx, open.ID, client.PublishReview{Version: 1}))
	if published.State != "published" || published.Actions[0].State != "building" || published.Actions[0].Assignee == "" || published.PublishedBy == "" {
		t.Fatalf("%+v", published)
	}
	await(t, func() (client.Thread, error) { return c.Thread(ctx, "item", "ENG-1") }, func(th client.Thread) bool {
		for _, n := range th.Beside {
			if n.Subject == "incident/"+open.ID {
				return true
			}
		}
		return false
	})
}

// A live version that got worse has its numbers and what takes it back.
func TestRegressionOverHTTP(t *testing.T) {
	t.Parallel()
	c, tell := works(t)
	must[client.Team](t)(c.CreateTeam(t.Context(), client.CreateTeam{ID: "engine", Mission: "Thrust"}))
	since := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	tell(
		fact.ComponentCreated{Component: "engine-controller", Team: "engine"},
		fact.AlertFired{Alert: "regression", Component: "engine-controller", Team: "engine", Environment: "production", Severity: "page", Text: "it got worse", Cause: "regression", Since: since,
			Regression: fact.Regression{Version: "7", Rollout: "ro", Before: "6", Promised: 0.005, Requests: 4000, Failed: 60, LogE: 12, Threshold: 11.5, ChanceDays: 365}},
	)
	open := await(t, func() (client.Page[client.Incident], error) {
		return c.Incidents(t.Context(), client.IncidentFilter{State: "open"}, client.Paging{})
	}, func(p client.Page[client.Incident]) bool { return len(p.Items) == 1 }).Items[0]
	d := must[client.IncidentDetail](t)(c.Incident(t.Context(), open.ID))
	want := client.Regression{Release: "7", Rollout: "ro", Before: "6", Promised: 0.005, Since: since, Requests: 4000, Failed: 60, LogE: 12, Threshold: 11.5, ChanceDays: 365}
	if d.Cause != "regression" || d.Regression == nil || *d.Regression != want {
		t.Fatalf("%+v %+v", d, d.Regression)
	}
}
