package fact

import (
	"time"

	"github.com/digital-factory/factory/internal/ref"
)

// LastChange is what changed last: the first suspect, not the culprit.
type LastChange struct {
	Subject ref.Subject `json:"subject"` // rollout, flag or artifact
	Text    string      `json:"text"`
	At      time.Time   `json:"at"`
	Version string      `json:"version,omitempty"`
	Commit  ref.Commit  `json:"commit,omitempty"`
	Items   []ref.Item  `json:"items,omitempty"`
}

// IncidentOpened tells that customers may be hurt. Subject: incident.
type IncidentOpened struct {
	Incident    ref.Incident    `json:"incident"`
	Title       string          `json:"title"`
	Component   ref.Component   `json:"component"`
	Team        ref.Team        `json:"team"`
	Environment ref.Environment `json:"environment"`
	Rollout     ref.Rollout     `json:"rollout,omitempty"`
	Artifact    ref.Artifact    `json:"artifact,omitempty"`
	Version     string          `json:"version,omitempty"`
	Commit      ref.Commit      `json:"commit,omitempty"`
	Items       []ref.Item      `json:"items,omitempty"`
	Cause       string          `json:"cause"`         // verdict, alert, slo-burn, silence, regression, person
	Began       time.Time       `json:"began"`         // start of the impact, as far as known
	Last        LastChange      `json:"last,omitzero"` // of the component in the environment, before it began
}

// Kind returns "incident.opened".
func (IncidentOpened) Kind() string { return "incident.opened" }

// IncidentNoted tells of an entry in the timeline. Subject: incident.
type IncidentNoted struct {
	Incident ref.Incident `json:"incident"`
	Text     string       `json:"text"`
}

// Kind returns "incident.noted".
func (IncidentNoted) Kind() string { return "incident.noted" }

// IncidentResolved tells that it is over. Subject: incident.
type IncidentResolved struct {
	Incident  ref.Incident  `json:"incident"`
	Component ref.Component `json:"component"`
	Team      ref.Team      `json:"team"`
	Rollout   ref.Rollout   `json:"rollout,omitempty"` // whose promotion resolved it
	Because   string        `json:"because"`
}

// Kind returns "incident.resolved".
func (IncidentResolved) Kind() string { return "incident.resolved" }

// IncidentJoined tells that another cause hurt the same component in the same
// environment while the incident was open: it is part of it. Subject: incident.
type IncidentJoined struct {
	Incident  ref.Incident  `json:"incident"`
	Component ref.Component `json:"component"`
	Team      ref.Team      `json:"team"`
	Cause     string        `json:"cause"` // as of incident.opened
	Text      string        `json:"text"`
	Rollout   ref.Rollout   `json:"rollout,omitempty"` // of cause verdict
}

// Kind returns "incident.joined".
func (IncidentJoined) Kind() string { return "incident.joined" }

// IncidentFollowedUp tells that an action item of an incident stands on the
// owning team's board. Subject: incident.
type IncidentFollowedUp struct {
	Incident  ref.Incident  `json:"incident"`
	Component ref.Component `json:"component"`
	Team      ref.Team      `json:"team"`
	Item      ref.Item      `json:"item"`
	Title     string        `json:"title"`
}

// Kind returns "incident.followed-up".
func (IncidentFollowedUp) Kind() string { return "incident.followed-up" }

// ReviewChanged tells that people wrote in an incident's review. Subject:
// incident.
type ReviewChanged struct {
	Incident ref.Incident `json:"incident"`
	Team     ref.Team     `json:"team"`
	Version  int64        `json:"version"`
	Fields   []string     `json:"fields"` // sections
}

// Kind returns "review.changed".
func (ReviewChanged) Kind() string { return "review.changed" }

// ReviewPublished tells that what was learned from an incident stands.
// Subject: incident.
type ReviewPublished struct {
	Incident  ref.Incident  `json:"incident"`
	Component ref.Component `json:"component"`
	Team      ref.Team      `json:"team"`
	Title     string        `json:"title"` // of the incident
	Version   int64         `json:"version"`
	Actions   []ref.Item    `json:"actions,omitempty"`
}

// Kind returns "review.published".
func (ReviewPublished) Kind() string { return "review.published" }
