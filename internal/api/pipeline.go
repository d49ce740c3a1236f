package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/digital-factory/factory/client"
	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/egress"
	"github.com/digital-factory/factory/internal/pipeline"
	"github.com/digital-factory/factory/internal/pipeline/definition"
	"github.com/digital-factory/factory/internal/pipeline/input"
	"github.com/digital-factory/factory/internal/pipeline/result"
	"github.com/digital-factory/factory/internal/ref"
)

func (a *API) runs() {
	register(a, access.Read, op("GET /runs", "pipeline", "List runs, newest first"),
		func(ctx context.Context, who access.Actor, in *struct {
			Paging
			Component string `query:"component" doc:"Only this component's"`
			State     string `query:"state" enum:"waiting,running,succeeded,failed,cancelled" doc:"Only those in this state"`
			Branch    string `query:"branch" doc:"Only this branch's"`
			Checks    string `query:"checks" enum:"only,none" doc:"only: checks of branches; none: runs of trunks"`
		}) (*body[client.Page[client.Run]], error) {
			list, next, err := a.Pipeline.List(ctx, who, pipeline.Filter{
				Component: ref.Component(in.Component), State: pipeline.State(in.State), Branch: in.Branch, Checks: in.Checks,
			}, in.ask())
			return answer(client.Page[client.Run]{Items: mapped(list, run), Next: next}, err)
		})
	register(a, access.Read, op("GET /runs/{id}", "pipeline", "Show a run with its steps"),
		func(ctx context.Context, who access.Actor, in *id) (*body[client.RunDetail], error) {
			r, err := a.Pipeline.Get(ctx, who, ref.Run(in.ID))
			return answer(runDetail(r), err)
		})
	register(a, access.BuildComponent, op("POST /runs/{id}/cancel", "pipeline", "End a run"),
		func(ctx context.Context, who access.Actor, in *id) (*body[client.RunDetail], error) {
			r, err := a.Pipeline.Cancel(ctx, who, ref.Run(in.ID))
			return answer(runDetail(r), err)
		})
	register(a, access.BuildComponent, op("POST /runs/{id}/retry", "pipeline", "Queue a new run of the same commit"),
		func(ctx context.Context, who access.Actor, in *id) (*body[client.RunDetail], error) {
			r, err := a.Pipeline.Retry(ctx, who, ref.Run(in.ID))
			return answer(runDetail(r), err)
		})
	register(a, access.BuildComponent, op("POST /components/{name}/runs", "pipeline", "Run the head of a component's trunk by hand, and publish nothing"),
		func(ctx context.Context, who access.Actor, in *struct {
			Name string `path:"name"`
			Body client.StartRun
		}) (*body[client.RunDetail], error) {
			r, err := a.Pipeline.Start(ctx, who, ref.Component(in.Name), in.Body.Steps, in.Body.Inputs)
			return answer(runDetail(r), err)
		})
	register(a, access.Read, op("GET /components/{name}/inputs", "pipeline", "List what a run of a component's trunk that is started by hand asks for"),
		func(ctx context.Context, who access.Actor, in *struct {
			Name string `path:"name"`
		}) (*body[client.Page[client.RunInput]], error) {
			list, err := a.Pipeline.Inputs(ctx, who, ref.Component(in.Name))
			return answer(client.Page[client.RunInput]{Items: mapped(list, runInput)}, err)
		})
	register(a, access.Read, op("GET /components/{name}/schedules", "pipeline", "List when a component's trunk is run again, the next first"),
		func(ctx context.Context, who access.Actor, in *struct {
			Name string `path:"name"`
		}) (*body[client.Page[client.Schedule]], error) {
			list, err := a.Pipeline.Schedules(ctx, who, ref.Component(in.Name))
			return answer(client.Page[client.Schedule]{Items: mapped(list, func(c pipeline.Schedule) client.Schedule {
				return client.Schedule{Cron: c.Cron, Steps: mapped(c.Steps, func(s string) string { return s }), Next: c.Next}
			})}, err)
		})
	register(a, access.Read, op("GET /runs/{id}/tests", "pipeline", "Show what a run's tests said"),
		func(ctx context.Context, who access.Actor, in *id) (*body[client.RunTests], error) {
			t, err := a.Pipeline.Tests(ctx, who, ref.Run(in.ID))
			return answer(runTests(t), err)
		})
	flaky := op("GET /components/{name}/flaky-tests", "pipeline", "List a component's flaky tests")
	flaky.Description = "Those that both passed and failed on the same files: in the step of the same name, on commits with the same tree, within the component's last 100 runs that had tests. " +
		"A test that failed and then passed on other files is not among them."
	register(a, access.Read, flaky, func(ctx context.Context, who access.Actor, in *struct {
		Name string `path:"name"`
	}) (*body[client.Page[client.FlakyTest]], error) {
		list, err := a.Pipeline.FlakyTests(ctx, who, ref.Component(in.Name))
		return answer(client.Page[client.FlakyTest]{Items: mapped(list, func(f result.Flaky) client.FlakyTest {
			return client.FlakyTest{Step: f.Step, Suite: f.Suite, Name: f.Name, Trees: f.Trees, Passed: f.Passed, Failed: f.Failed, Run: string(f.Run), Number: f.Number}
		})}, err)
	})
	const schemaType = "application/schema+json"
	a.raw(access.Open, op("GET /schemas/pipeline.json", "pipeline", "Read the JSON Schema of the pipeline file, for editors"), schemaType,
		func(w http.ResponseWriter, _ *http.Request, _ access.Actor) error {
			return document(w, schemaType, pipeline.FileSchema(), nil)
		})
	log := op("GET /runs/{id}/steps/{step}/log", "pipeline", "Read what a step printed")
	log.Description = "With ?follow=1 the answer goes on until the step ends."
	log.Parameters = []*huma.Param{{Name: "follow", In: "query", Description: "1: go on until the step ends", Schema: &huma.Schema{Type: "string"}}}
	a.raw(access.Read, log, plain, a.stepLog)
}

// plain is the type of logs.
const plain = "text/plain; charset=utf-8"

// plainly sets the headers of a log: a browser must not take it for a page,
// whatever a step or a workload printed.
func plainly(w http.ResponseWriter) {
	w.Header().Set("Content-Type", plain)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
}

func (a *API) stepLog(w http.ResponseWriter, r *http.Request, who access.Actor) error {
	plainly(w)
	follow := r.URL.Query().Get("follow")
	return a.Pipeline.Log(r.Context(), who, ref.Run(r.PathValue("id")), r.PathValue("step"), follow != "" && follow != "0" && follow != "false", w, http.NewResponseController(w).Flush)
}

func run(r pipeline.Run) client.Run {
	return client.Run{
		ID: string(r.ID), Number: r.Number, Component: string(r.Change.Component), Team: string(r.Change.Team), Commit: string(r.Change.Commit),
		Title: r.Change.Title, Items: mapped(r.Change.Items, text), Lane: r.Change.Lane, Branch: r.Branch, Check: r.Check, Event: cameOf(r), StartedBy: r.StartedBy, Inputs: r.Inputs, State: string(r.State), Step: r.Step, Reason: r.Reason,
		Artifact: string(r.Artifact), Definition: r.Digest, CancelledBy: r.CancelledBy, Agent: r.Agent, Lost: r.Lost, Pushed: r.Change.Pushed, Queued: r.Queued,
		Started: moment(r.Started), Finished: moment(r.Finished),
	}
}

func runInput(in input.Input) client.RunInput {
	return client.RunInput{
		Name: in.Name, Type: string(in.Type), Text: in.Text, Required: in.Default == nil, Default: (*string)(in.Default),
		Choices: mapped(in.Choices, text), Variable: input.Variable(in.Name),
	}
}

// cameOf is what a run came of.
func cameOf(r pipeline.Run) string {
	switch {
	case r.Event != "":
		return r.Event
	case r.Check:
		return "check"
	}
	return "push"
}

func runDetail(r pipeline.Run) client.RunDetail {
	return client.RunDetail{Run: run(r), Steps: mapped(r.Steps, func(s pipeline.Step) client.RunStep {
		return client.RunStep{
			Name: s.Name, Script: s.Run, Platform: s.Inject, Needs: mapped(s.Needs, text), If: s.If, Retry: s.Retry, Timeout: time.Duration(s.Timeout).Seconds(), Memory: int64(s.Memory),
			State: string(s.State), Reason: s.Reason, ExitCode: s.ExitCode, Attempts: s.Attempts, CPU: s.CPU.Seconds(), Peak: s.Peak,
			Started: moment(s.Started), Finished: moment(s.Finished), Secrets: s.Secrets, Network: mapped(s.Network, func(h egress.Host) string { return string(h) }), Services: mapped(s.Services, func(v definition.Service) string { return v.Name }),
			Inputs: s.Inputs, Outputs: s.Outputs, Key: s.Key, Cached: cachedRun(s.CachedRun, s.CachedNumber),
		}
	})}
}

func cachedRun(r ref.Run, number int64) *client.CachedRun {
	if r == "" {
		return nil
	}
	return &client.CachedRun{Run: string(r), Number: number}
}

func runTests(t result.Tests) client.RunTests {
	return client.RunTests{
		Total: t.Total, Kept: t.Kept, Failed: mapped(t.Failed, testCase), Slowest: mapped(t.Slowest, testCase),
		Reports: mapped(t.Reports, func(p result.Report) client.TestReport {
			return client.TestReport{Step: p.Step, Attempt: p.Attempt, Passed: p.Passed, Failed: p.Failed, Skipped: p.Skipped, Took: p.Took.Seconds(), Problem: p.Problem, From: cachedRun(p.From, p.Number)}
		}),
	}
}

func testCase(t result.Test) client.TestCase {
	return client.TestCase{Step: t.Step, Attempt: t.Attempt, Suite: t.Suite, Name: t.Name, Outcome: string(t.Outcome), Took: t.Took.Seconds(), Output: t.Output, Flaky: t.Flaky}
}
