// Package rollout is one artifact's way to the customers: its record and how it
// is kept, what is counted under it, and what it does next, which is decided
// from these alone.
package rollout

import (
	"slices"
	"time"

	"github.com/digital-factory/factory/internal/evidence"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/release/plan"
)

// The environments.
const (
	Staging    ref.Environment = "staging"
	Production ref.Environment = "production"
)

// Phase of a rollout.
type Phase string

// A rollout waits for its turn, proves itself in staging, is started in
// production, takes traffic, then settles after its verdict. The last four
// are ends.
const (
	Queued      Phase = "queued"
	InStaging   Phase = "staging"
	Starting    Phase = "starting"
	Running     Phase = "running"
	Promoting   Phase = "promoting"
	RollingBack Phase = "rolling_back"
	Promoted    Phase = "promoted"
	RolledBack  Phase = "rolled_back"
	Failed      Phase = "failed"     // never took traffic
	Superseded  Phase = "superseded" // a newer artifact took its place while it waited
)

// Ended reports whether nothing more happens.
func (p Phase) Ended() bool {
	return p == Promoted || p == RolledBack || p == Failed || p == Superseded
}

// Experiment is a key result that the rollout can measure as a randomised
// experiment: outcome events of a name and with attributes.
type Experiment struct {
	KeyResult ref.KeyResult     `json:"keyResult"`
	Feature   ref.Feature       `json:"feature"`
	Event     string            `json:"event"`
	Where     map[string]string `json:"where,omitempty"`
}

// Rollout is one artifact's way to the customers.
type Rollout struct {
	ID           ref.Rollout
	Artifact     ref.Artifact
	Number       string // the artifact's version, e.g. "12"
	Run          ref.Run
	Origin       fact.Change
	First        bool // there is no baseline
	BaseArtifact ref.Artifact
	BaseNumber   string
	BaseWorkload ref.Workload
	Workload     ref.Workload
	Plan         plan.Plan
	PlanHash     string
	SplitKey     string // keys the assignment of units to arms, afresh for each rollout
	Experiments  []Experiment
	Phase        Phase
	Stage        int
	Held         string // a person's reason; empty when not held
	Waiting      string // what it waits for, in a sentence
	Reason       string // why it ended as it did, or could not start
	Verdict      *evidence.Verdict
	Inputs       *evidence.Inputs // that the verdict was made from
	ByHand       string           // who rolled back by hand; empty when evidence decided
	Approvals    []Approval       // of stages that a person must approve
	Back         *Back            // where a promoted rollout is taken back to; nil otherwise
	Release      ref.Release      // whose part it is; empty when it goes by itself
	Cause        ref.Rollout      // of the part that took this one back; empty otherwise
	Ready        time.Time        // its workload in production had proved itself
	Steady       time.Time        // of a worker: since when it has run; zero while it does not
	Requests     int64
	Unanswered   int64 // requests that got no answer from a service
	Created      time.Time
	Staged       time.Time // staging proved it
	Started      time.Time // first production traffic
	Widened      time.Time // the current stage began
	Deciding     time.Time // the event that decided
	Decided      time.Time
	Moved        time.Time // traffic was where the verdict wants it
	Finished     time.Time
	Version      int64
}

// Approval is a person's word that a stage may begin.
type Approval struct {
	Stage  int    `json:"stage"`
	By     string `json:"by"` // account
	Name   string `json:"name"`
	Reason string `json:"reason"`
	At     int64  `json:"at"` // microseconds UTC
}

// Unapproved reports whether a stage of a plan needs an approval that is not
// among those given.
func Unapproved(p plan.Plan, given []Approval, stage int) bool {
	return p.Stages[stage].Approval && !slices.ContainsFunc(given, func(a Approval) bool { return a.Stage == stage })
}

// Back is a version that production ran before.
type Back struct {
	Artifact ref.Artifact `json:"artifact"`
	Number   string       `json:"number"`
	Commit   ref.Commit   `json:"commit"`
	Workload ref.Workload `json:"workload,omitempty"` // that runs it again; empty while it is only a possibility
	Since    int64        `json:"since"`              // when it was promoted, microseconds UTC
}

// Subject is what facts and effects of a rollout are about.
func (r Rollout) Subject() ref.Subject { return ref.Of("rollout", r.ID) }
