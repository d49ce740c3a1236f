package api

import (
	"context"
	"mime"
	"net/http"

	"github.com/digital-factory/factory/client"
	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/release"
	"github.com/digital-factory/factory/internal/release/plan"
)

func (a *API) releases() {
	register(a, access.Read, op("GET /rollouts", "release", "List rollouts, newest first"),
		func(ctx context.Context, who access.Actor, in *struct {
			Paging
			Component string `query:"component" doc:"Only this component's"`
			Phase     string `query:"phase" enum:"queued,staging,starting,running,promoting,rolling_back,promoted,rolled_back,failed,superseded" doc:"Only those in this phase"`
		}) (*body[client.Page[client.Rollout]], error) {
			list, next, err := a.Release.List(ctx, who, ref.Component(in.Component), release.Phase(in.Phase), in.ask())
			return answer(client.Page[client.Rollout]{Items: mapped(list, rollout), Next: next}, err)
		})
	register(a, access.Read, op("GET /rollouts/{id}", "release", "Show a rollout with its evidence"),
		func(ctx context.Context, who access.Actor, in *id) (*body[client.RolloutDetail], error) {
			d, err := a.Release.Get(ctx, who, ref.Rollout(in.ID))
			return answer(rolloutDetail(d), err)
		})
	register(a, access.Operate, op("POST /rollouts", "release", "Roll out an artifact that was published before"),
		func(ctx context.Context, who access.Actor, in *send[client.StartRollout]) (*body[client.Rollout], error) {
			r, err := a.Release.Start(ctx, who, ref.Artifact(in.Body.Artifact), in.Body.Lane, in.Body.Reason)
			return answer(rollout(r), err)
		})
	a.lever("hold", "Stop a rollout from widening and from being promoted; evidence of harm still rolls it back", a.Release.Hold)
	a.lever("resume", "End a hold", a.Release.Resume)
	a.lever("approve", "Let the stage begin that waits for a person's approval", a.Release.Approve)
	register(a, access.Operate, op("POST /rollouts/{id}/roll-back", "release", "Take a rollout back at once, also one that was promoted"),
		func(ctx context.Context, who access.Actor, in *with[client.RollBack]) (*body[client.Rollout], error) {
			r, err := a.Release.RollBack(ctx, who, ref.Rollout(in.ID), in.Body.To, in.Body.Reason.Reason)
			return answer(rollout(r), err)
		})
	register(a, access.Read, op("GET /rollouts/{id}/replay", "release", "Decide again from the stored plan and counts"),
		func(ctx context.Context, who access.Actor, in *id) (*body[client.Replay], error) {
			p, err := a.Release.Replay(ctx, who, ref.Rollout(in.ID))
			return answer(client.Replay{Identical: p.Identical, Stored: verdict(p.Plan, p.Stored), Again: verdict(p.Plan, p.Again)}, err)
		})
	a.raw(access.Audit, op("GET /rollouts/{id}/dossier", "release", "Read the signed dossier of a rollout: one page that is verified offline"), "text/html",
		func(w http.ResponseWriter, r *http.Request, who access.Actor) error {
			file, err := a.Dossier.Make(r.Context(), who, ref.Rollout(r.PathValue("id")))
			if err != nil {
				return err
			}
			w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": file.Name}))
			w.Header().Set("Content-Security-Policy", "sandbox")
			return document(w, "text/html; charset=utf-8", file.Page, nil)
		})
	register(a, access.Operate, op("POST /artifacts/{id}/clear", "release", "Lift the mark from an artifact that was rolled back"),
		func(ctx context.Context, who access.Actor, in *with[client.Reason]) (*none, error) {
			return &none{}, a.Release.Clear(ctx, who, ref.Artifact(in.ID), in.Body.Reason)
		})
	register(a, access.Read, op("GET /environments", "release", "Show which version runs where"),
		func(ctx context.Context, who access.Actor, in *struct {
			Component string `query:"component" doc:"Only this component's"`
		}) (*body[client.Page[client.Environment]], error) {
			list, err := a.Release.Lives(ctx, who, ref.Component(in.Component))
			return answer(client.Page[client.Environment]{Items: mapped(list, environment)}, err)
		})
}

type leverFunc func(context.Context, access.Actor, ref.Rollout, string) (release.Rollout, error)

func (a *API) lever(verb, summary string, pull leverFunc) {
	register(a, access.Operate, op("POST /rollouts/{id}/"+verb, "release", summary),
		func(ctx context.Context, who access.Actor, in *with[client.Reason]) (*body[client.Rollout], error) {
			r, err := pull(ctx, who, ref.Rollout(in.ID), in.Body.Reason)
			return answer(rollout(r), err)
		})
}

func rollout(r release.Rollout) client.Rollout {
	out := client.Rollout{
		ID: string(r.ID), Component: string(r.Origin.Component), Team: string(r.Origin.Team), Artifact: string(r.Artifact), Release: r.Number,
		Baseline: r.BaseNumber, Run: string(r.Run), Commit: string(r.Origin.Commit), Title: r.Origin.Title, Items: mapped(r.Origin.Items, text),
		Lane: r.Origin.Lane, First: r.First, Worker: r.Plan.Evidence.Watch != nil, Phase: string(r.Phase), Stage: r.Stage, Shares: r.Plan.Shares(),
		Held: r.Held, Waiting: r.Waiting, Reason: r.Reason, ByHand: r.ByHand, Requests: r.Requests, Unanswered: r.Unanswered, PlanHash: r.PlanHash,
		Created: r.Created, Staged: moment(r.Staged), Started: moment(r.Started), Deciding: moment(r.Deciding), Decided: moment(r.Decided),
		Moved: moment(r.Moved), Finished: moment(r.Finished), StageBegan: moment(r.Widened),
		ReleaseID: string(r.Release), Cause: string(r.Cause),
	}
	if r.Back != nil {
		out.BackTo = r.Back.Number
	}
	switch {
	case r.Phase == release.Promoted || r.Phase == release.Promoting:
		out.Share = 1
	case r.Phase == release.Running && r.Stage < len(r.Plan.Stages) && !r.First && !out.Worker:
		out.Share = r.Plan.Stages[r.Stage].Share
	}
	return out
}

func rolloutDetail(d release.Detail) client.RolloutDetail {
	out := client.RolloutDetail{Rollout: rollout(d.Rollout), Arms: []client.Arm{}, Stages: []client.StageCount{}, Bad: d.Bad,
		Backs: mapped(d.Backs, func(b release.Back) client.EarlierVersion {
			return client.EarlierVersion{Release: b.Number, Artifact: string(b.Artifact), Commit: string(b.Commit), Promoted: store.Time(b.Since)}
		}),
		Trace: mapped(d.Trace, func(p release.TracePoint) client.TracePoint {
			return client.TracePoint{At: p.At, Stage: p.Stage, Share: p.Share, LogE: p.LogE, LogEPromote: p.LogEPromote, Canary: p.Canary, Baseline: p.Baseline}
		}),
		Measured: mapped(d.Measured, func(m release.Measured) client.MeasuredOutcome {
			return client.MeasuredOutcome{KeyResult: string(m.KeyResult), Feature: string(m.Feature), Event: m.Event, Known: m.Known, Estimate: m.Estimate,
				Low: m.Low, High: m.High, Level: 1 - d.Plan.Evidence.IntervalAlpha, Canary: m.Canary, Baseline: m.Baseline, Grade: "A"}
		}),
	}
	if d.PlanHash != "" {
		e := d.Plan.Evidence
		out.Plan = &client.RolloutPlan{Alpha: e.Alpha, Beta: e.Beta, Margin: e.Margin, AcceptedRate: e.AcceptedRate, MinimumUnits: e.MinimumUnits,
			ExperimentUnits: d.Plan.ExperimentUnits, Shares: out.Shares, Stages: plannedStages(d.Plan, d.Approvals), Hash: d.PlanHash, Metrics: plannedMetrics(d.Plan),
			Unwatched: mapped(d.Plan.Unwatched, func(u plan.Unwatched) client.UnwatchedMetric { return client.UnwatchedMetric(u) })}
	}
	if out.Awaits = d.Awaits; d.PlanHash != "" && d.Plan.Preview != nil {
		p := client.Preview(*d.Plan.Preview)
		out.Plan.Preview = &p
	}
	if w := d.Plan.Evidence.Watch; w != nil {
		out.Watch = &client.Watch{Seconds: w.Seconds, Crashes: w.Crashes, Steady: moment(d.Steady)}
		if d.Inputs != nil && d.Inputs.Lives != nil {
			out.Watch.Crashed, out.Watch.Baseline = d.Inputs.Lives.Crashes, d.Inputs.Lives.Baseline
		}
	}
	if d.Verdict != nil {
		v := verdict(d.Plan, *d.Verdict)
		out.Verdict = &v
	}
	if d.Inputs != nil {
		arms := [2]client.Arm{{Name: "baseline", Release: d.BaseNumber}, {Name: "canary", Release: d.Number}}
		for _, e := range d.Inputs.Exposures {
			out.Stages = append(out.Stages, client.StageCount{Share: e.Share, Canary: e.Canary, Baseline: e.Baseline, Served: e.Served})
			arms[0].Units += e.Baseline
			arms[1].Units += e.Canary
		}
		for _, m := range d.Inputs.Metrics {
			if m.Name != plan.Errors {
				continue
			}
			for _, s := range m.Stages {
				arms[0].Failures += s.Baseline
				arms[1].Failures += s.Canary
			}
		}
		out.Arms = arms[:]
	}
	return out
}

func environment(l release.Live) client.Environment {
	return client.Environment{Component: string(l.Component), Environment: string(l.Environment), Release: l.Number, Artifact: string(l.Artifact),
		Commit: string(l.Commit), Workload: string(l.Workload), Since: store.Time(l.Since)}
}
