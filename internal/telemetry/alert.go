package telemetry

import (
	"time"

	"github.com/digital-factory/factory/internal/ref"
)

// State of an alert.
type State string

// The states. Without an alert there is no episode.
const (
	Pending  State = "pending"  // the condition holds, not yet for long enough
	Firing   State = "firing"   // somebody should know
	Resolved State = "resolved" // it has passed
)

// Alert is one episode of a rule's condition in a component.
type Alert struct {
	ID          string
	Rule        string
	Component   ref.Component
	Team        ref.Team
	Environment ref.Environment
	State       State
	Text        string
	Value       float64 // the last one above Clear
	Since       time.Time
	Fired       time.Time
	Calm        time.Time // since when it has passed, while it still fires
	Resolved    time.Time
}

// change is what a step did to an alert.
type change int

const (
	nothing  change = iota
	began           // a pending alert must be kept
	fired           // the alert fires, from now on
	moved           // only figures changed
	dropped         // it was pending and has passed: nobody needs to know
	resolved        // it no longer fires
)

// reading is a rule's value for a component; there may be none.
type reading struct {
	value float64
	there bool
}

// step moves an alert by a reading; the zero Alert is none. It fires when the
// condition has held for the rule's For, and is resolved when the value has
// been at or below Clear, which is below the threshold, for Keep: an alert on
// the edge does not flap.
func (r Rule) step(a Alert, got reading, now time.Time) (Alert, change) {
	holds := got.there && got.value > r.Above
	switch a.State {
	case "", Resolved:
		if !holds {
			return Alert{}, nothing
		}
		a = Alert{State: Pending, Value: got.value, Since: now}
		if r.For <= 0 {
			a.State, a.Fired = Firing, now
			return a, fired
		}
		return a, began
	case Pending:
		if !holds {
			return a, dropped
		}
		a.Value = got.value
		if now.Sub(a.Since) >= r.For {
			a.State, a.Fired = Firing, now
			return a, fired
		}
		return a, moved
	}
	if got.there && got.value > r.Clear {
		a.Value, a.Calm = got.value, time.Time{}
		return a, moved
	}
	if a.Calm.IsZero() {
		a.Calm = now
	}
	if now.Sub(a.Calm) >= r.Keep {
		a.State, a.Resolved = Resolved, now
		return a, resolved
	}
	return a, moved
}
