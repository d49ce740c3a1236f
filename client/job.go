package client

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Job is something that a component does at certain times, as the version that is
// live in an environment has it.
type Job struct {
	Name        string     `json:"name" example:"nightly"`
	Component   string     `json:"component" example:"shop"`
	Team        string     `json:"team" example:"shop"`
	Environment string     `json:"environment" enum:"staging,production"`
	Release     string     `json:"release" doc:"The version that has it" example:"12"`
	Schedule    string     `json:"schedule,omitempty" doc:"As cron(5) writes it, and after that the name of a time zone if it is not UTC; absent: it is started by hand only" example:"0 3 * * * Europe/Berlin"`
	Next        *time.Time `json:"next,omitempty" doc:"When it is due; absent in staging, where it is started by hand"`
	Timeout     float64    `json:"timeout" doc:"Seconds after which it is ended" example:"600"`
	Memory      int64      `json:"memory" doc:"Bytes that it may use at most; 0: as much as the workload"`
	Last        *JobRun    `json:"last,omitempty" doc:"The newest run; absent: it never ran"`
}

// JobRun is one time that a job ran, or should have.
type JobRun struct {
	ID          string     `json:"id"`
	Job         string     `json:"job" example:"nightly"`
	Component   string     `json:"component" example:"shop"`
	Environment string     `json:"environment"`
	Release     string     `json:"release" example:"12"`
	State       string     `json:"state" enum:"running,succeeded,failed,skipped" doc:"skipped: it was due while the one before had not ended"`
	Reason      string     `json:"reason,omitempty" doc:"Why it failed or was skipped"`
	ExitCode    int        `json:"exitCode" doc:"-1: it was ended by a signal, or never was a process"`
	By          string     `json:"by,omitempty" doc:"Who started it; absent: its schedule" example:"Eva Keller"`
	Due         time.Time  `json:"due" doc:"When it should have begun"`
	Started     *time.Time `json:"started,omitempty"`
	Finished    *time.Time `json:"finished,omitempty"`
}

// StartJob asks for a run now.
type StartJob struct {
	Environment string `json:"environment" enum:"staging,production" doc:"Where; the version that is live there runs"`
}

// Jobs lists the jobs of what is live of a component.
func (c *Client) Jobs(ctx context.Context, component string) (Page[Job], error) {
	return call[Page[Job]](ctx, c, http.MethodGet, path("components", component, "jobs"), nil, nil)
}

// StartJob runs a job now.
func (c *Client) StartJob(ctx context.Context, component, job string, in StartJob) (JobRun, error) {
	return call[JobRun](ctx, c, http.MethodPost, path("components", component, "jobs", job, "runs"), nil, in)
}

// JobRuns lists runs of a component's jobs, newest first; environment and job narrow
// it when not empty.
func (c *Client) JobRuns(ctx context.Context, component, environment, job string, limit int, after string) (Page[JobRun], error) {
	q := url.Values{}
	for k, v := range map[string]string{"component": component, "environment": environment, "job": job, "after": after} {
		if v != "" {
			q.Set(k, v)
		}
	}
	if limit > 0 {
		q.Set("limit", strconv.Itoa(limit))
	}
	return call[Page[JobRun]](ctx, c, http.MethodGet, path("job-runs"), q, nil)
}

// JobLog returns the end of what a run printed, whole lines with their times, up to
// the number of bytes (0: 64 KiB). The caller closes it.
func (c *Client) JobLog(ctx context.Context, run string, bytes int64) (io.ReadCloser, error) {
	q := url.Values{}
	if bytes > 0 {
		q.Set("bytes", strconv.FormatInt(bytes, 10))
	}
	return c.open(ctx, http.MethodGet, path("job-runs", run, "log"), q, nil)
}
