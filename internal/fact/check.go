package fact

import "github.com/digital-factory/factory/internal/ref"

// CheckQueued tells that the pipeline will be run for the head of a branch,
// without publishing anything. Subject: run. With an event the branch is the
// trunk, and perhaps not all steps are run: it says nothing of the commit.
type CheckQueued struct {
	Run       ref.Run       `json:"run"`
	Component ref.Component `json:"component"`
	Team      ref.Team      `json:"team"`
	Branch    string        `json:"branch"`
	Commit    ref.Commit    `json:"commit"`
	Event     string        `json:"event,omitempty"` // schedule, manual; else a push
	// Inputs are those that it is started with, by name.
	Inputs map[string]string `json:"inputs,omitempty"`
}

// Kind returns "check.queued".
func (CheckQueued) Kind() string { return "check.queued" }

// CheckFinished tells how that ended. Subject: run.
type CheckFinished struct {
	Run       ref.Run       `json:"run"`
	Component ref.Component `json:"component"`
	Team      ref.Team      `json:"team"`
	Branch    string        `json:"branch"`
	Commit    ref.Commit    `json:"commit"`
	State     string        `json:"state"`          // succeeded, failed, cancelled
	Step      string        `json:"step,omitempty"` // that failed
	Reason    string        `json:"reason,omitempty"`
	Event     string        `json:"event,omitempty"` // schedule, manual; else a push
}

// Kind returns "check.finished".
func (CheckFinished) Kind() string { return "check.finished" }
