package fact

import (
	"time"

	"github.com/digital-factory/factory/internal/ref"
)

// JobStarted tells that a job of a component began to run. Subject: job-run.
type JobStarted struct {
	Run         string          `json:"run"`
	Job         string          `json:"job"`
	Component   ref.Component   `json:"component"`
	Team        ref.Team        `json:"team"`
	Environment ref.Environment `json:"environment"`
	Version     string          `json:"version"`
	Due         time.Time       `json:"due"`              // when it should have begun
	ByHand      bool            `json:"byHand,omitempty"` // a person started it, not its schedule
}

// Kind returns "job.started".
func (JobStarted) Kind() string { return "job.started" }

// JobFinished tells how that ended, or that it was not begun. Subject: job-run.
type JobFinished struct {
	Run         string          `json:"run"`
	Job         string          `json:"job"`
	Component   ref.Component   `json:"component"`
	Team        ref.Team        `json:"team"`
	Environment ref.Environment `json:"environment"`
	Version     string          `json:"version"`
	State       string          `json:"state"` // succeeded, failed, skipped
	Reason      string          `json:"reason,omitempty"`
	ExitCode    int             `json:"exitCode"`
	Seconds     float64         `json:"seconds"`
}

// Kind returns "job.finished".
func (JobFinished) Kind() string { return "job.finished" }
