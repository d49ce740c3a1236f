package client

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// Release is versions of several components that roll out together or not at
// all.
type Release struct {
	ID       string        `json:"id"`
	Name     string        `json:"name" example:"flight-software 18 and engine-controller 43"`
	State    string        `json:"state" enum:"waiting,rolling_out,released,rolled_back,failed"`
	Why      string        `json:"why" doc:"Why these versions go together"`
	Waiting  string        `json:"waiting,omitempty" doc:"What it waits for"`
	Reason   string        `json:"reason,omitempty" doc:"Why it ended as it did"`
	Cause    string        `json:"cause,omitempty" doc:"Rollout of the part that took the others back"`
	ByHand   string        `json:"byHand,omitempty" doc:"Who chose the parts; absent when the factory did"`
	Parts    []ReleasePart `json:"parts" nullable:"false" doc:"In the order in which they go; back they go in reverse"`
	Links    []ReleaseLink `json:"links" nullable:"false" doc:"How requirements are met, as it was assembled"`
	Created  time.Time     `json:"created"`
	Finished *time.Time    `json:"finished,omitempty"`
}

// ReleasePart is one version of a release. How it stands is known of one release
// that is shown, not of a list.
type ReleasePart struct {
	Component string   `json:"component" example:"engine-controller"`
	Team      string   `json:"team"`
	Release   string   `json:"release" doc:"The version" example:"43"`
	Artifact  string   `json:"artifact"`
	Rollout   string   `json:"rollout"`
	Standing  *Rollout `json:"standing,omitempty" doc:"Its rollout"`
}

// ReleaseLink is a requirement and what meets it.
type ReleaseLink struct {
	Component  string `json:"component" example:"engine-controller"`
	Release    string `json:"release" doc:"The version" example:"43"`
	Name       string `json:"name" doc:"What is required" example:"control-protocol"`
	Constraint string `json:"constraint" example:"^3"`
	By         string `json:"by,omitempty" doc:"Component that provides it" example:"flight-software"`
	ByRelease  string `json:"byRelease,omitempty" doc:"Its version" example:"18"`
	Provides   string `json:"provides,omitempty" doc:"In which version" example:"3.0.0"`
}

// CreateRelease assembles a release by hand.
type CreateRelease struct {
	Name   string   `json:"name,omitempty" maxLength:"200" doc:"Without it, named by its parts" example:"Protocol 3"`
	Parts  []string `json:"parts" minItems:"2" maxItems:"50" doc:"In the order in which they shall go" example:"[\"flight-software@18\", \"engine-controller@43\"]"`
	Reason string   `json:"reason" minLength:"1" maxLength:"2000" example:"The show on Friday needs both"`
}

// ReleaseAnswer says how versions could go.
type ReleaseAnswer struct {
	Works   bool          `json:"works"`
	Parts   []ReleasePart `json:"parts" nullable:"false" doc:"All that would have to go, in order"`
	Links   []ReleaseLink `json:"links" nullable:"false" doc:"How requirements would be met"`
	Reason  string        `json:"reason,omitempty" doc:"Why they do not go together, in a sentence"`
	Waiting string        `json:"waiting,omitempty" doc:"What they would wait for"`
}

// ReleaseFilter narrows a list of releases; empty fields do not.
type ReleaseFilter struct{ Component, State string }

// Releases lists releases, newest first.
func (c *Client) Releases(ctx context.Context, f ReleaseFilter, p Paging) (Page[Release], error) {
	q := p.query()
	if f.Component != "" {
		q.Set("component", f.Component)
	}
	if f.State != "" {
		q.Set("state", f.State)
	}
	return call[Page[Release]](ctx, c, http.MethodGet, path("releases"), q, nil)
}

// Release returns one release with the rollouts of its parts.
func (c *Client) Release(ctx context.Context, id string) (Release, error) {
	return call[Release](ctx, c, http.MethodGet, path("releases", id), nil, nil)
}

// CreateRelease assembles a release by hand.
func (c *Client) CreateRelease(ctx context.Context, in CreateRelease) (Release, error) {
	return call[Release](ctx, c, http.MethodPost, path("releases"), nil, in)
}

// SolveRelease says how versions, such as "engine-controller@43", could go.
func (c *Client) SolveRelease(ctx context.Context, parts []string) (ReleaseAnswer, error) {
	return call[ReleaseAnswer](ctx, c, http.MethodGet, path("releases", "solve"), url.Values{"part": parts}, nil)
}
