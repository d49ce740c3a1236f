package api

import (
	"context"
	"io"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/digital-factory/factory/client"
	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/runtime/job"
)

func (a *API) jobs() {
	register(a, access.Read, op("GET /components/{name}/jobs", "runtime", "List what a component does at certain times, and how it went"),
		func(ctx context.Context, who access.Actor, in *struct {
			Name ref.Component `path:"name"`
		}) (*body[client.Page[client.Job]], error) {
			list, err := a.Job.List(ctx, who, in.Name)
			return answer(client.Page[client.Job]{Items: mapped(list, jobOf)}, err)
		})
	register(a, access.Operate, op("POST /components/{name}/jobs/{job}/runs", "runtime", "Run a job now"),
		func(ctx context.Context, who access.Actor, in *struct {
			Name ref.Component `path:"name"`
			Job  string        `path:"job"`
			Body client.StartJob
		}) (*body[client.JobRun], error) {
			r, err := a.Job.Start(ctx, who, in.Name, in.Job, ref.Environment(in.Body.Environment))
			return answer(jobRun(r), err)
		})
	register(a, access.Read, op("GET /job-runs", "runtime", "List runs of jobs, newest first"),
		func(ctx context.Context, who access.Actor, in *struct {
			Paging
			Component   ref.Component   `query:"component" doc:"Only this component's"`
			Environment ref.Environment `query:"environment" doc:"Only in this environment"`
			Job         string          `query:"job" doc:"Only of the job with this name"`
		}) (*body[client.Page[client.JobRun]], error) {
			list, next, err := a.Job.Runs(ctx, who, in.Component, in.Environment, in.Job, in.ask())
			return answer(client.Page[client.JobRun]{Items: mapped(list, jobRun), Next: next}, err)
		})
	log := op("GET /job-runs/{id}/log", "runtime", "Read the end of what a run of a job printed, whole lines with their times")
	log.Parameters = []*huma.Param{{Name: "bytes", In: "query", Description: "How much at the most; 64 KiB when absent", Schema: &huma.Schema{Type: "integer"}}}
	a.raw(access.Read, log, plain, a.jobLog)
}

func (a *API) jobLog(w http.ResponseWriter, r *http.Request, who access.Actor) error {
	most, err := logBytes(r)
	if err != nil {
		return err
	}
	text, err := a.Job.Log(r.Context(), who, r.PathValue("id"), most)
	if err != nil {
		return err
	}
	plainly(w)
	_, _ = io.WriteString(w, text) // the client is gone if this fails
	return nil
}

func jobOf(s job.Status) client.Job {
	out := client.Job{Name: s.Job, Component: string(s.Component), Team: string(s.Team), Environment: string(s.Environment), Release: s.Number,
		Schedule: s.Schedule, Next: moment(s.Next), Timeout: s.Timeout.Seconds(), Memory: s.Memory}
	if s.Last != nil {
		last := jobRun(*s.Last)
		out.Last = &last
	}
	return out
}

func jobRun(r job.Run) client.JobRun {
	return client.JobRun{ID: r.ID, Job: r.Job, Component: string(r.Component), Environment: string(r.Environment), Release: r.Number, State: string(r.State),
		Reason: r.Reason, ExitCode: r.ExitCode, By: r.By, Due: r.Due, Started: moment(r.Started), Finished: moment(r.Finished)}
}
