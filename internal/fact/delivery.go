package fact

import (
	"time"

	"github.com/digital-factory/factory/internal/ref"
)

// PathPublished tells of a golden path's new version. Subject: path.
type PathPublished struct {
	Path    string     `json:"path"`
	Version string     `json:"version"`
	Commit  ref.Commit `json:"commit,omitempty"` // of the path's repository; empty for one that comes with the program
	Run     ref.Run    `json:"run,omitempty"`    // that tried it
}

// Kind returns "path.published".
func (PathPublished) Kind() string { return "path.published" }

// ComponentCreated tells that a team owns a new component. Subject: component.
type ComponentCreated struct {
	Component   ref.Component `json:"component"`
	Team        ref.Team      `json:"team"`
	Description string        `json:"description"`
	Path        string        `json:"path"`
	PathVersion string        `json:"pathVersion"`
	Origin      string        `json:"origin,omitempty"` // where the repository was before it was adopted
}

// Kind returns "component.created".
func (ComponentCreated) Kind() string { return "component.created" }

// ComponentReady tells that a component's first version is live in production.
// Subject: component.
type ComponentReady struct {
	Component ref.Component `json:"component"`
	Team      ref.Team      `json:"team"`
}

// Kind returns "component.ready".
func (ComponentReady) Kind() string { return "component.ready" }

// RepositoryCreated tells that a component has its repository. Subject:
// component.
type RepositoryCreated struct {
	Component ref.Component `json:"component"`
	Team      ref.Team      `json:"team"`
	Branch    string        `json:"branch"` // the protected trunk
}

// Kind returns "repository.created".
func (RepositoryCreated) Kind() string { return "repository.created" }

// Commit is one commit of a push.
type Commit struct {
	Commit  ref.Commit `json:"commit"`
	Author  string     `json:"author"`
	Title   string     `json:"title"`
	Items   []ref.Item `json:"items,omitempty"` // trailers "Item:"
	Hotfix  bool       `json:"hotfix,omitempty"`
	At      time.Time  `json:"at"` // committer time
	Parents int        `json:"parents"`
}

// CommitsPushed tells that a branch moved. Commits are oldest first; at most
// 250, Total counts all. Subject: component.
type CommitsPushed struct {
	Component ref.Component `json:"component"`
	Team      ref.Team      `json:"team"`
	Branch    string        `json:"branch"`
	Trunk     bool          `json:"trunk"`
	Head      ref.Commit    `json:"head"`
	Before    ref.Commit    `json:"before,omitempty"`
	Commits   []Commit      `json:"commits"`
	Total     int           `json:"total"`
	Items     []ref.Item    `json:"items,omitempty"`
	Hotfix    bool          `json:"hotfix,omitempty"` // trailer "Lane: hotfix" on the head
}

// Kind returns "commits.pushed".
func (CommitsPushed) Kind() string { return "commits.pushed" }

// PushRejected tells that a rule refused a push. Subject: component.
type PushRejected struct {
	Component ref.Component `json:"component"`
	Branch    string        `json:"branch"`
	Reason    string        `json:"reason"`
}

// Kind returns "push.rejected".
func (PushRejected) Kind() string { return "push.rejected" }

// Change is what a run, an artifact and a rollout carry along: where they came
// from. It is embedded so that a follower needs to ask nobody.
type Change struct {
	Component ref.Component `json:"component"`
	Team      ref.Team      `json:"team"`
	Commit    ref.Commit    `json:"commit"`
	Title     string        `json:"title"` // of the head commit
	Items     []ref.Item    `json:"items,omitempty"`
	Lane      string        `json:"lane"`   // normal, hotfix
	Pushed    time.Time     `json:"pushed"` // when the push arrived
	Committed time.Time     `json:"committed"`
}

// RunQueued tells that a pipeline run waits. Subject: run.
type RunQueued struct {
	Run ref.Run `json:"run"`
	Change
}

// Kind returns "run.queued".
func (RunQueued) Kind() string { return "run.queued" }

// RunStarted tells that a run's first step began. Subject: run.
type RunStarted struct {
	Run ref.Run `json:"run"`
	Change
}

// Kind returns "run.started".
func (RunStarted) Kind() string { return "run.started" }

// RunFinished tells how a run ended. Subject: run.
type RunFinished struct {
	Run      ref.Run      `json:"run"`
	Outcome  string       `json:"outcome"`            // succeeded, failed, cancelled
	Step     string       `json:"step,omitempty"`     // that failed
	Reason   string       `json:"reason,omitempty"`   // why, in a sentence
	Artifact ref.Artifact `json:"artifact,omitempty"` // when it succeeded on the trunk
	Change
}

// Kind returns "run.finished".
func (RunFinished) Kind() string { return "run.finished" }

// ArtifactPublished tells that an image is in the registry, with its SBOM and
// provenance signed. Subject: artifact.
type ArtifactPublished struct {
	Artifact ref.Artifact `json:"artifact"`
	Version  string       `json:"version"`
	Run      ref.Run      `json:"run"`
	Size     int64        `json:"size"`
	// What the version provides to others and requires of them, as its repository
	// says: versions and constraints by name.
	Provides map[string]string `json:"provides,omitempty"`
	Requires map[string]string `json:"requires,omitempty"`
	Change
}

// Kind returns "artifact.published".
func (ArtifactPublished) Kind() string { return "artifact.published" }

// ArtifactMarkedBad tells that nothing may apply this artifact again until a
// person clears it. Subject: artifact.
type ArtifactMarkedBad struct {
	Artifact  ref.Artifact  `json:"artifact"`
	Component ref.Component `json:"component"`
	Version   string        `json:"version"`
	Rollout   ref.Rollout   `json:"rollout"`
	Reason    string        `json:"reason"`
}

// Kind returns "artifact.marked-bad".
func (ArtifactMarkedBad) Kind() string { return "artifact.marked-bad" }

// ArtifactCleared tells that a person lifted the mark. Subject: artifact.
type ArtifactCleared struct {
	Artifact  ref.Artifact  `json:"artifact"`
	Component ref.Component `json:"component"`
	Reason    string        `json:"reason"`
}

// Kind returns "artifact.cleared".
func (ArtifactCleared) Kind() string { return "artifact.cleared" }
