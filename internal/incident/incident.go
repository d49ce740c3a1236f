// Package incident keeps the times in which customers may have been hurt: from
// the verdict, alert or person that noticed, to what ended it, with everything
// that happened to the component in between.
//
// # Owns
//
// incident_incident, incident_alert, incident_cause, incident_burn, incident_regression,
// incident_review, incident_action;
// incident_component, incident_entry and incident_change, which are projections.
//
// # Tells
//
// incident.opened, incident.joined, incident.noted, incident.resolved,
// incident.followed-up, review.changed, review.published.
//
// # Asks
//
// Board, to put action items on and to know where they stand; Harm, how many
// requests and units failed. All else is carried along by facts.
//
// # Invariants
//
// What one component suffers in one environment at one time is one incident: a
// rollback, the alerts around it and who reports it do not open two. A rollback that no
// customer's traffic reached is no incident. An incident ends once, and its review
// is published once. A draft says what facts know and nothing else.
package incident

import (
	"embed"
	"math"
	"time"

	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/ref"
)

//go:embed migrations
var files embed.FS

// Schema is the module's tables.
func Schema() store.Schema { return store.Schema{Module: "incident", Files: files} }

// State of an incident.
type State string

// The states.
const (
	Open     State = "open"
	Resolved State = "resolved"
)

// Incident is a time in which customers may have been hurt.
type Incident struct {
	ID              ref.Incident
	Title           string
	State           State
	Component       ref.Component
	Team            ref.Team // owns the component
	Environment     ref.Environment
	Cause           Cause
	AwaitsFix       bool // a verdict is part of it: it ends when a release of the component is promoted
	Change          Change
	Decision        Decision
	Began           time.Time // start of the impact, as far as known
	Opened          time.Time // when it was noticed
	Resolved        time.Time // zero while open
	ResolvedBecause string
	ResolvedBy      ref.Rollout // whose promotion ended it; may be empty
	Burn            Burn        // of the error budget, when it is part of it; not in lists
	Regression      Regression  // of the live version, when it is part of it; not in lists
}

// Change is what was being rolled out, as far as known.
type Change struct {
	Rollout     ref.Rollout
	Artifact    ref.Artifact
	Release     string // version
	Commit      ref.Commit
	CommitTitle string
	Items       []ref.Item
}

// Decision is the evidence of a verdict; the zero value when there was none.
type Decision struct {
	Reason string
	LogE   float64 // natural logarithm of the evidence against the release
	Alpha  float64 // accepted probability of a false rollback
}

// Threshold is ln(1/alpha): LogE at or above it rolls back.
func (d Decision) Threshold() float64 { return -math.Log(d.Alpha) }

// Lasted is the time from the beginning of the impact to its end, or to now.
func (i Incident) Lasted(now time.Time) time.Duration {
	if !i.Resolved.IsZero() {
		now = i.Resolved
	}
	return max(0, now.Sub(i.Began))
}

// Entry is a line of an incident's timeline.
type Entry struct {
	At      time.Time
	Kind    string // of the fact
	Text    string
	Subject ref.Subject // may be empty
	Actor   string      // name of who or what did it

	Environment ref.Environment // where it was; empty: nowhere in particular. Not read back
}
