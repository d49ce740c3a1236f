package client

import (
	"context"
	"net/http"
	"time"
)

// Upgrade brings a golden path's version to components, cohort after cohort.
type Upgrade struct {
	ID         string             `json:"id" example:"0192f0c1-2d3e-7a4b-8c5d-6e7f8a9b0c1d"`
	Path       string             `json:"path" example:"go-service"`
	Version    string             `json:"version" doc:"that it brings" example:"1.3.0"`
	State      string             `json:"state" enum:"running,paused,done,stopped" doc:"paused: by a person, or because too much failed; done: all cohorts are through, what waits for its team goes on"`
	Reason     string             `json:"reason,omitempty" doc:"why it is paused or stopped"`
	Cohorts    []int              `json:"cohorts" nullable:"false" doc:"components in each" example:"[1, 9, 90]"`
	Cohort     int                `json:"cohort" doc:"whose turn it is, from 1"`
	Failures   int                `json:"failures" doc:"percent of a cohort that may fail before it pauses" example:"10"`
	Whole      bool               `json:"whole" doc:"of all components of the path"`
	By         string             `json:"by" doc:"who started it" example:"Pia Platform"`
	Started    time.Time          `json:"started"`
	Finished   *time.Time         `json:"finished,omitempty"`
	Counts     UpgradeCounts      `json:"counts" doc:"components by how far they are"`
	Components []UpgradeComponent `json:"components,omitempty" doc:"by cohort and name; not in lists"`
}

// UpgradeCounts counts components by how far they are.
type UpgradeCounts struct {
	Waiting  int `json:"waiting" doc:"their cohort's turn has not come, or they are on the way"`
	Merged   int `json:"merged" doc:"their trunk has the version"`
	Conflict int `json:"conflict"`
	Approval int `json:"approval" doc:"their change needs people"`
	Failed   int `json:"failed"`
	Left     int `json:"left" doc:"declined by their team, or left because the upgrade was stopped"`
}

// UpgradeComponent is how far an upgrade is with a component.
type UpgradeComponent struct {
	Component string            `json:"component" example:"engine-controller"`
	Team      string            `json:"team" example:"engine"`
	Cohort    int               `json:"cohort" doc:"from 1"`
	From      string            `json:"from" doc:"version that it had" example:"1.2.0"`
	State     string            `json:"state" enum:"waiting,preparing,open,approval,conflict,failed,declined,merged,current,left" doc:"open: its change is on its way into the trunk; approval: its change needs people; current: it had the version already; left: the upgrade was stopped or replaced"`
	Reason    string            `json:"reason,omitempty" doc:"what it waits for"`
	Change    string            `json:"change,omitempty" example:"engine-controller:12"`
	Branch    string            `json:"branch" doc:"where the change stands" example:"upgrade/go-service-1.3.0"`
	Answers   map[string]string `json:"answers,omitempty" doc:"what its team answers anew"`
	Conflicts []UpgradeConflict `json:"conflicts,omitempty" doc:"files that its team must settle"`
	Changed   time.Time         `json:"changed"`
}

// UpgradeConflict is a file that the team and the path changed in different ways.
type UpgradeConflict struct {
	Path  string        `json:"path" example:"main.go"`
	Hunks []UpgradeHunk `json:"hunks" nullable:"false" doc:"none when one side deleted or renamed it, or it is no text"`
}

// UpgradeHunk is a place where both changed the same lines.
type UpgradeHunk struct {
	Line   int    `json:"line" doc:"of the file with both sides in it, from 1"`
	Ours   string `json:"ours" doc:"the team's lines"`
	Theirs string `json:"theirs" doc:"the path's lines"`
}

// StartUpgrade says what shall be upgraded.
type StartUpgrade struct {
	Version  string            `json:"version,omitempty" doc:"the newest that is offered when it is empty" maxLength:"40" example:"1.3.0"`
	Cohorts  []string          `json:"cohorts,omitempty" doc:"how many have had their turn after each cohort, as a number or percent; 1, 10% and 100% when it is empty" maxItems:"20" example:"[\"1\", \"10%\", \"100%\"]"`
	First    []string          `json:"first,omitempty" doc:"components that come first" maxItems:"100"`
	Only     []string          `json:"only,omitempty" doc:"nobody but these components; who builds them may ask for it" maxItems:"100"`
	Answers  map[string]string `json:"answers,omitempty" doc:"what the one component of only answers anew to what the path asks for; what it does not name stays" maxProperties:"50"`
	Failures int               `json:"failures,omitempty" doc:"percent of a cohort that may fail before the upgrade pauses; 10 when it is 0" minimum:"0" maximum:"100"`
}

// Drift is how a component stands to its golden path.
type Drift struct {
	Component string            `json:"component" example:"engine-controller"`
	Path      string            `json:"path" example:"go-service"`
	Version   string            `json:"version" doc:"that its trunk has" example:"1.2.0"`
	Offered   string            `json:"offered,omitempty" doc:"the newest that is offered" example:"1.3.0"`
	Commit    string            `json:"commit" doc:"head of the trunk"`
	Files     []DriftFile       `json:"files" nullable:"false" doc:"by name"`
	Upgrade   *UpgradeComponent `json:"upgrade,omitempty" doc:"the latest upgrade that had to do with it"`
	UpgradeID string            `json:"upgradeId,omitempty"`
	To        string            `json:"to,omitempty" doc:"version that this upgrade brings"`
}

// DriftFile is a file and how it stands to the path.
type DriftFile struct {
	Path  string `json:"path" example:"main.go"`
	State string `json:"state" enum:"same,changed,missing,own" doc:"of the trunk's file against the version that it has: changed or deleted by the team, or the team's own"`
	Next  string `json:"next,omitempty" enum:"added,changed,removed" doc:"what the version that is offered does to it"`
}

// StartUpgrade begins to bring a version to the components of a path.
func (c *Client) StartUpgrade(ctx context.Context, name string, in StartUpgrade) (Upgrade, error) {
	return call[Upgrade](ctx, c, http.MethodPost, path("paths", name, "upgrades"), nil, in)
}

// Upgrades lists upgrades, newest first; those of one path unless it is empty.
func (c *Client) Upgrades(ctx context.Context, name string, p Paging) (Page[Upgrade], error) {
	q := p.query()
	if name != "" {
		q.Set("path", name)
	}
	return call[Page[Upgrade]](ctx, c, http.MethodGet, path("upgrades"), q, nil)
}

// Upgrade shows an upgrade with its components.
func (c *Client) Upgrade(ctx context.Context, id string) (Upgrade, error) {
	return call[Upgrade](ctx, c, http.MethodGet, path("upgrades", id), nil, nil)
}

// SteerUpgrade pauses, resumes or stops an upgrade.
func (c *Client) SteerUpgrade(ctx context.Context, id, verb string) (Upgrade, error) {
	return call[Upgrade](ctx, c, http.MethodPost, path("upgrades", id, verb), nil, nil)
}

// Drift shows how a component stands to its golden path, file by file.
func (c *Client) Drift(ctx context.Context, component string) (Drift, error) {
	return call[Drift](ctx, c, http.MethodGet, path("components", component, "drift"), nil, nil)
}
