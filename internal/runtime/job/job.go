// Package job runs what a component does at certain times, or when a person says
// so: a program from the image that is live in an environment, with the same
// variables, resources and telemetry as the workload has there.
//
// # Owns
//
// runtime_job_run and runtime_job_at.
//
// # Tells
//
// job.started, job.finished.
//
// # Asks
//
// Live for what was promoted, Images for the jobs that are sealed in, Runner to run
// a process one time, Meter for what alerts are made of.
//
// # Invariants
//
// Of a job in an environment there is never more than one process: what falls due
// meanwhile is skipped, and that is told. Schedules hold in production only; a time
// at which the factory was down is made up for once, not as often as it was missed.
// A run that has no end when the factory begins failed. When a run has ended no
// process of it is left.
package job

import (
	"context"
	"time"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/runtime"
)

// Version is what is live of a component in an environment.
type Version struct {
	Component   ref.Component
	Team        ref.Team
	Environment ref.Environment
	Artifact    ref.Artifact
	Number      string
}

// Declared is a job as an image has it.
type Declared struct {
	Schedule string // as package cron reads it; empty: by hand only
	Command  []string
	Args     []string
	Timeout  time.Duration
	Memory   int64 // bytes; 0: as much as the workload
}

// Live knows what was promoted.
type Live interface {
	// Live returns what is live in staging and in production; of one component
	// when it is not empty.
	Live(ctx context.Context, c ref.Component) ([]Version, error)
}

// Images knows which jobs a version has.
type Images interface {
	Jobs(ctx context.Context, v Version) (map[string]Declared, error)
}

// Runner runs a process one time.
type Runner interface {
	Once(ctx context.Context, w runtime.Workload, o runtime.Once) (runtime.Ended, error)
	Log(ctx context.Context, who access.Actor, id ref.Workload, most int64) (string, error)
	Forget(id ref.Workload) error
}

// Meter takes what alerts are made of.
type Meter interface {
	Record(ctx context.Context, samples []runtime.Sample) error
}

// State of a run.
type State string

// The states.
const (
	Running   State = "running"
	Succeeded State = "succeeded"
	Failed    State = "failed"
	Skipped   State = "skipped" // it was due while the one before had not ended
)

// Run is one time that a job ran, or should have.
type Run struct {
	ID  string // UUIDv7; its log is that of a workload of this name
	Job string
	Version
	By       string    // who started it; empty: its schedule
	Due      time.Time // when it should have begun
	Started  time.Time // zero: it was skipped
	Finished time.Time // zero: it runs
	State    State
	ExitCode int // -1: a signal ended it, or it never was a process
	Reason   string
}

func (r Run) subject() ref.Subject { return ref.Of("job-run", r.ID) }

func (r Run) workload() ref.Workload { return ref.Workload(r.ID) }

// Status is a job and how it does in an environment.
type Status struct {
	Version
	Job string
	Declared
	Next time.Time // zero: by hand only, or in staging
	Last *Run      // nil: it never ran
}
