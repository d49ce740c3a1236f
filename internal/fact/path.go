package fact

import "github.com/digital-factory/factory/internal/ref"

// PathCreated tells of a golden path's repository, which has no version that is
// offered yet. Subject: path.
type PathCreated struct {
	Path       string `json:"path"`
	Title      string `json:"title"`
	Repository string `json:"repository"`
	From       string `json:"from"` // path that it began as
}

// Kind returns "path.created".
func (PathCreated) Kind() string { return "path.created" }

// PathPushed tells that a branch of a golden path's repository moved. Subject:
// repository.
type PathPushed struct {
	Repository string     `json:"repository"`
	Branch     string     `json:"branch"`
	Head       ref.Commit `json:"head"`
	Before     ref.Commit `json:"before,omitempty"`
	Commits    []Commit   `json:"commits"` // oldest first; at most 250
	Total      int        `json:"total"`
}

// Kind returns "path.pushed".
func (PathPushed) Kind() string { return "path.pushed" }

// PathRefused tells that a version was tried and is not offered. Subject: path.
type PathRefused struct {
	Path    string     `json:"path"`
	Version string     `json:"version"`
	Commit  ref.Commit `json:"commit"`
	Run     ref.Run    `json:"run,omitempty"`
	Step    string     `json:"step,omitempty"` // that failed
	Reason  string     `json:"reason,omitempty"`
}

// Kind returns "path.refused".
func (PathRefused) Kind() string { return "path.refused" }

// PathWithdrawn tells that a version is offered no longer; the one before it is
// again. Subject: path.
type PathWithdrawn struct {
	Path    string `json:"path"`
	Version string `json:"version"`
	Offered string `json:"offered"` // the version that is the newest now
	Reason  string `json:"reason"`
}

// Kind returns "path.withdrawn".
func (PathWithdrawn) Kind() string { return "path.withdrawn" }

// PathOffered tells that a version that was withdrawn is offered again. Subject:
// path.
type PathOffered struct {
	Path    string `json:"path"`
	Version string `json:"version"`
	Offered string `json:"offered"` // the version that is the newest now
	Reason  string `json:"reason"`
}

// Kind returns "path.offered".
func (PathOffered) Kind() string { return "path.offered" }

// UpgradeStarted tells that a version of a path is brought to components.
// Subject: upgrade.
type UpgradeStarted struct {
	Upgrade    ref.Upgrade `json:"upgrade"`
	Path       string      `json:"path"`
	Version    string      `json:"version"`
	Components int         `json:"components"`
	Cohorts    []int       `json:"cohorts"` // components in each, in order
}

// Kind returns "upgrade.started".
func (UpgradeStarted) Kind() string { return "upgrade.started" }

// UpgradeAdvanced tells that a cohort's turn came. Subject: upgrade.
type UpgradeAdvanced struct {
	Upgrade    ref.Upgrade     `json:"upgrade"`
	Path       string          `json:"path"`
	Version    string          `json:"version"`
	Cohort     int             `json:"cohort"` // from 1
	Components []ref.Component `json:"components"`
}

// Kind returns "upgrade.advanced".
func (UpgradeAdvanced) Kind() string { return "upgrade.advanced" }

// UpgradePaused tells that no further cohort's turn comes. Subject: upgrade.
type UpgradePaused struct {
	Upgrade ref.Upgrade `json:"upgrade"`
	Path    string      `json:"path"`
	Version string      `json:"version"`
	Reason  string      `json:"reason"`
}

// Kind returns "upgrade.paused".
func (UpgradePaused) Kind() string { return "upgrade.paused" }

// UpgradeResumed tells that it goes on. Subject: upgrade.
type UpgradeResumed struct {
	Upgrade ref.Upgrade `json:"upgrade"`
	Path    string      `json:"path"`
	Version string      `json:"version"`
}

// Kind returns "upgrade.resumed".
func (UpgradeResumed) Kind() string { return "upgrade.resumed" }

// UpgradeFinished tells that nothing more is done for an upgrade. Subject:
// upgrade.
type UpgradeFinished struct {
	Upgrade ref.Upgrade `json:"upgrade"`
	Path    string      `json:"path"`
	Version string      `json:"version"`
	State   string      `json:"state"` // done, stopped
	Reason  string      `json:"reason,omitempty"`
	Merged  int         `json:"merged"` // components
	Parked  int         `json:"parked"` // components that wait for their team
}

// Kind returns "upgrade.finished".
func (UpgradeFinished) Kind() string { return "upgrade.finished" }

// ComponentPathUpgraded tells that a component is on another version of its
// path. Subject: component.
type ComponentPathUpgraded struct {
	Component ref.Component `json:"component"`
	Team      ref.Team      `json:"team"`
	Path      string        `json:"path"`
	From      string        `json:"from"`
	Version   string        `json:"version"`
	Upgrade   ref.Upgrade   `json:"upgrade"`
	Change    ref.Change    `json:"change"`
	Commit    ref.Commit    `json:"commit"` // of the trunk
}

// Kind returns "component.path-upgraded".
func (ComponentPathUpgraded) Kind() string { return "component.path-upgraded" }

// ComponentUpgradeParked tells that an upgrade of a component waits for its team.
// Subject: component.
type ComponentUpgradeParked struct {
	Component ref.Component `json:"component"`
	Team      ref.Team      `json:"team"`
	Upgrade   ref.Upgrade   `json:"upgrade"`
	Path      string        `json:"path"`
	Version   string        `json:"version"`
	Change    ref.Change    `json:"change,omitempty"`
	State     string        `json:"state"` // conflict, approval, failed
	Reason    string        `json:"reason"`
	Files     []string      `json:"files,omitempty"` // in conflict; at most 50
}

// Kind returns "component.upgrade-parked".
func (ComponentUpgradeParked) Kind() string { return "component.upgrade-parked" }
