package fact

import "github.com/digital-factory/factory/internal/ref"

// PreviewStarted tells that a head of a change runs in an environment of its
// own. Subject: change.
type PreviewStarted struct {
	Change      ref.Change      `json:"change"`
	Component   ref.Component   `json:"component"`
	Team        ref.Team        `json:"team"`
	Environment ref.Environment `json:"environment"`
	Commit      ref.Commit      `json:"commit"`
	Run         ref.Run         `json:"run"` // the check that built it
}

// Kind returns "preview.started".
func (PreviewStarted) Kind() string { return "preview.started" }

// PreviewFailed tells why a head of a change could not be run. What ran before
// goes on. Subject: change.
type PreviewFailed struct {
	Change      ref.Change      `json:"change"`
	Component   ref.Component   `json:"component"`
	Team        ref.Team        `json:"team"`
	Environment ref.Environment `json:"environment"`
	Commit      ref.Commit      `json:"commit"`
	Run         ref.Run         `json:"run"`
	Reason      string          `json:"reason"`
}

// Kind returns "preview.failed".
func (PreviewFailed) Kind() string { return "preview.failed" }

// PreviewRemoved tells why a change does not run any more. Subject: change.
type PreviewRemoved struct {
	Change      ref.Change      `json:"change"`
	Component   ref.Component   `json:"component"`
	Team        ref.Team        `json:"team"`
	Environment ref.Environment `json:"environment"`
	Reason      string          `json:"reason"`
}

// Kind returns "preview.removed".
func (PreviewRemoved) Kind() string { return "preview.removed" }
