package fact

import (
	"time"

	"github.com/digital-factory/factory/internal/ref"
)

// DeploymentFinished tells that a version runs in an environment without a
// rollout (staging), or could not. Subject: component.
type DeploymentFinished struct {
	Environment ref.Environment `json:"environment"`
	Artifact    ref.Artifact    `json:"artifact"`
	Version     string          `json:"version"`
	Outcome     string          `json:"outcome"` // succeeded, failed
	Reason      string          `json:"reason,omitempty"`
	// Cause is the rollout of another part of its release, without which this one
	// does not go: nothing was found against this version.
	Cause ref.Rollout `json:"cause,omitempty"`
	Change
}

// Kind returns "deployment.finished".
func (DeploymentFinished) Kind() string { return "deployment.finished" }

// RolloutStarted tells that a version begins to take production traffic under
// a frozen plan. Subject: rollout.
type RolloutStarted struct {
	Rollout     ref.Rollout     `json:"rollout"`
	Environment ref.Environment `json:"environment"`
	Artifact    ref.Artifact    `json:"artifact"`
	Version     string          `json:"version"`
	Baseline    ref.Artifact    `json:"baseline,omitempty"` // empty for a first version
	BaseVersion string          `json:"baseVersion,omitempty"`
	Run         ref.Run         `json:"run"`
	PlanHash    string          `json:"planHash"`
	Release     ref.Release     `json:"release,omitempty"` // whose part it is
	Change
}

// Kind returns "rollout.started".
func (RolloutStarted) Kind() string { return "rollout.started" }

// RolloutWidened tells that a stage began. Subject: rollout.
type RolloutWidened struct {
	Rollout   ref.Rollout   `json:"rollout"`
	Component ref.Component `json:"component"`
	Stage     int           `json:"stage"`
	Share     float64       `json:"share"` // of units to the new version, 0..1
}

// Kind returns "rollout.widened".
func (RolloutWidened) Kind() string { return "rollout.widened" }

// RolloutHeld tells that a person stopped a rollout from widening. Subject:
// rollout.
type RolloutHeld struct {
	Rollout   ref.Rollout   `json:"rollout"`
	Component ref.Component `json:"component"`
	Reason    string        `json:"reason"`
}

// Kind returns "rollout.held".
func (RolloutHeld) Kind() string { return "rollout.held" }

// RolloutResumed tells that a held rollout goes on. Subject: rollout.
type RolloutResumed struct {
	Rollout   ref.Rollout   `json:"rollout"`
	Component ref.Component `json:"component"`
	Reason    string        `json:"reason"`
}

// Kind returns "rollout.resumed".
func (RolloutResumed) Kind() string { return "rollout.resumed" }

// RolloutAsked tells that a stage of a rollout waits for a person's approval and
// for nothing else. Subject: rollout.
type RolloutAsked struct {
	Rollout ref.Rollout `json:"rollout"`
	Version string      `json:"version"`
	Stage   int         `json:"stage"` // 0: nothing runs in production yet
	Share   float64     `json:"share"` // of units to the new version then, 0..1
	Change
}

// Kind returns "rollout.asked".
func (RolloutAsked) Kind() string { return "rollout.asked" }

// RolloutApproved tells that a person approved that a stage of a rollout may
// begin. Subject: rollout.
type RolloutApproved struct {
	Rollout ref.Rollout `json:"rollout"`
	Version string      `json:"version"`
	Stage   int         `json:"stage"`
	Share   float64     `json:"share"` // of units to the new version, 0..1
	Reason  string      `json:"reason"`
	Change
}

// Kind returns "rollout.approved".
func (RolloutApproved) Kind() string { return "rollout.approved" }

// RolloutDecided tells the verdict, before traffic is moved. Subject: rollout.
type RolloutDecided struct {
	Rollout ref.Rollout `json:"rollout"`
	Verdict string      `json:"verdict"` // promote, roll_back
	Reason  string      `json:"reason"`
	LogE    float64     `json:"logE"`
	Alpha   float64     `json:"alpha"`
	ByHand  bool        `json:"byHand"`
	Release ref.Release `json:"release,omitempty"` // whose part it is
	Cause   ref.Rollout `json:"cause,omitempty"`   // of the part that took this one back with it
	Change
}

// Kind returns "rollout.decided".
func (RolloutDecided) Kind() string { return "rollout.decided" }

// RolloutFinished tells that traffic has settled. Subject: rollout.
type RolloutFinished struct {
	Rollout     ref.Rollout     `json:"rollout"`
	Environment ref.Environment `json:"environment"`
	Artifact    ref.Artifact    `json:"artifact"`
	Version     string          `json:"version"`
	BaseVersion string          `json:"baseVersion,omitempty"`
	Outcome     string          `json:"outcome"` // promoted, rolled_back
	Reason      string          `json:"reason"`
	LogE        float64         `json:"logE"`
	Alpha       float64         `json:"alpha"`
	Exposed     bool            `json:"exposed"` // production traffic reached it
	Started     time.Time       `json:"started"`
	Run         ref.Run         `json:"run"`
	Release     ref.Release     `json:"release,omitempty"` // whose part it is
	// Cause is the rollout of another part of the release, which took this one
	// back with it: nothing was found against this version.
	Cause ref.Rollout `json:"cause,omitempty"`
	Change
}

// Kind returns "rollout.finished".
func (RolloutFinished) Kind() string { return "rollout.finished" }

// ReleasePart is one version of a release.
type ReleasePart struct {
	Component ref.Component `json:"component"`
	Version   string        `json:"version"`
	Artifact  ref.Artifact  `json:"artifact"`
	Rollout   ref.Rollout   `json:"rollout"`
}

// ReleaseAssembled tells that versions of several components roll out together
// or not at all. Subject: release.
type ReleaseAssembled struct {
	Release ref.Release   `json:"release"`
	Name    string        `json:"name"`
	Parts   []ReleasePart `json:"parts"`            // in the order in which they go; back they go in reverse
	ByHand  bool          `json:"byHand,omitempty"` // a person chose the parts
	Reason  string        `json:"reason"`
}

// Kind returns "release.assembled".
func (ReleaseAssembled) Kind() string { return "release.assembled" }

// ReleaseFinished tells what became of a release. Subject: release.
type ReleaseFinished struct {
	Release ref.Release   `json:"release"`
	Name    string        `json:"name"`
	Outcome string        `json:"outcome"` // released, rolled_back, failed
	Reason  string        `json:"reason,omitempty"`
	Cause   ref.Rollout   `json:"cause,omitempty"` // of the part that took the others back
	Parts   []ReleasePart `json:"parts"`
}

// Kind returns "release.finished".
func (ReleaseFinished) Kind() string { return "release.finished" }

// EffectMeasured tells what a rollout did to a key result. Subject: rollout.
type EffectMeasured struct {
	Rollout   ref.Rollout   `json:"rollout"`
	Component ref.Component `json:"component"`
	Team      ref.Team      `json:"team"`
	Items     []ref.Item    `json:"items,omitempty"`
	KeyResult ref.KeyResult `json:"keyResult"`
	Feature   ref.Feature   `json:"feature"`
	Outcome   string        `json:"outcome"`  // name of the outcome event
	Estimate  float64       `json:"estimate"` // canary minus baseline share of units with success
	Low       float64       `json:"low"`
	High      float64       `json:"high"`
	Level     float64       `json:"level"` // of the confidence sequence, e.g. 0.95
	Units     int64         `json:"units"`
	Grade     string        `json:"grade"` // A randomised, B quasi-experimental, C before/after, D stated
}

// Kind returns "effect.measured".
func (EffectMeasured) Kind() string { return "effect.measured" }

// WorkloadReady tells that a process answers its health check. Subject:
// workload.
type WorkloadReady struct {
	Workload    ref.Workload    `json:"workload"`
	Component   ref.Component   `json:"component"`
	Environment ref.Environment `json:"environment"`
	Artifact    ref.Artifact    `json:"artifact"`
	Version     string          `json:"version"`
	Replica     int             `json:"replica,omitempty"`  // of the workload, from 1; 0: told before there were several
	Ready       int             `json:"ready,omitempty"`    // replicas of it that are ready now, with this one
	Replicas    int             `json:"replicas,omitempty"` // of so many
}

// Kind returns "workload.ready".
func (WorkloadReady) Kind() string { return "workload.ready" }

// WorkloadCrashed tells that a process ended by itself. Subject: workload.
type WorkloadCrashed struct {
	Workload    ref.Workload    `json:"workload"`
	Component   ref.Component   `json:"component"`
	Environment ref.Environment `json:"environment"`
	Version     string          `json:"version"`
	Reason      string          `json:"reason"`
	Restarts    int             `json:"restarts"`          // of the replica
	Replica     int             `json:"replica,omitempty"` // of the workload, from 1
}

// Kind returns "workload.crashed".
func (WorkloadCrashed) Kind() string { return "workload.crashed" }

// WorkloadUnhealthy tells that a process that was ready no longer answers its
// health check well; once, until it does again. Subject: workload.
type WorkloadUnhealthy struct {
	Workload    ref.Workload    `json:"workload"`
	Component   ref.Component   `json:"component"`
	Environment ref.Environment `json:"environment"`
	Version     string          `json:"version"`
	Replica     int             `json:"replica"` // of the workload, from 1
	Reason      string          `json:"reason"`
}

// Kind returns "workload.unhealthy".
func (WorkloadUnhealthy) Kind() string { return "workload.unhealthy" }

// WorkloadRestarted tells that somebody has the processes of a workload be
// replaced, one after another. Subject: workload.
type WorkloadRestarted struct {
	Workload    ref.Workload    `json:"workload"`
	Component   ref.Component   `json:"component"`
	Environment ref.Environment `json:"environment"`
	Version     string          `json:"version"`
	Replicas    int             `json:"replicas"`
}

// Kind returns "workload.restarted".
func (WorkloadRestarted) Kind() string { return "workload.restarted" }

// WorkloadStopped tells that a workload was drained and stopped. Subject:
// workload.
type WorkloadStopped struct {
	Workload    ref.Workload    `json:"workload"`
	Component   ref.Component   `json:"component"`
	Environment ref.Environment `json:"environment"`
	Version     string          `json:"version"`
}

// Kind returns "workload.stopped".
func (WorkloadStopped) Kind() string { return "workload.stopped" }

// Burn is how an error budget goes: what an objective allows to fail within a
// period.
type Burn struct {
	Event     string  `json:"event,omitempty"` // outcome event that the objective is of; empty: requests
	Objective float64 `json:"objective"`       // share of requests or events that shall succeed, 0..1
	Period    float64 `json:"period"`          // seconds that the budget is for
	Rate      float64 `json:"rate"`            // times faster than the objective allows; 1 uses the budget up in one period
	Window    float64 `json:"window"`          // seconds that Rate, Spent, Requests and Failed are of
	Spent     float64 `json:"spent"`           // share of the period's budget that went in the window
	Left      float64 `json:"left"`            // share of the period's budget that is left; below 0 when overspent
	Requests  float64 `json:"requests"`        // or events
	Failed    float64 `json:"failed"`
}

// Regression is what was found of a live version that fails more often than it
// promises, since some time after its release.
type Regression struct {
	Version    string      `json:"version"`
	Rollout    ref.Rollout `json:"rollout,omitempty"` // that brought it; taking it back is the lever
	Before     string      `json:"before,omitempty"`  // version that it replaced
	Event      string      `json:"event,omitempty"`   // outcome event that is promised; empty: requests
	Promised   float64     `json:"promised"`          // share of requests or events that may fail, 0..1
	Requests   float64     `json:"requests"`          // or events, since the change, as far as known
	Failed     float64     `json:"failed"`
	LogE       float64     `json:"logE"`       // natural logarithm of the evidence of a change
	Threshold  float64     `json:"threshold"`  // that it reached
	ChanceDays float64     `json:"chanceDays"` // between alarms without a change, on average, at the least
}

// AlertFired tells that a rule's condition holds. Subject: component.
type AlertFired struct {
	Alert       string          `json:"alert"` // name of the rule
	Component   ref.Component   `json:"component"`
	Team        ref.Team        `json:"team"`
	Environment ref.Environment `json:"environment"`
	Severity    string          `json:"severity"` // page, ticket
	Text        string          `json:"text"`
	Value       float64         `json:"value"`
	Cause       string          `json:"cause,omitempty"`     // slo-burn, silence, regression; empty for any other condition
	Since       time.Time       `json:"since,omitzero"`      // when what the rule watches for began, as far as known
	Burn        Burn            `json:"burn,omitzero"`       // of cause slo-burn
	Regression  Regression      `json:"regression,omitzero"` // of cause regression
}

// Kind returns "alert.fired".
func (AlertFired) Kind() string { return "alert.fired" }

// AlertResolved tells that it no longer holds. Subject: component.
type AlertResolved struct {
	Alert       string          `json:"alert"`
	Component   ref.Component   `json:"component"`
	Team        ref.Team        `json:"team"`
	Environment ref.Environment `json:"environment"`
	Cause       string          `json:"cause,omitempty"` // as of alert.fired
	Text        string          `json:"text,omitempty"`  // what ended it, in a sentence
}

// Kind returns "alert.resolved".
func (AlertResolved) Kind() string { return "alert.resolved" }

// UnitsRecorded tells that attributes of units were recorded; not whose.
// Subject: units.
type UnitsRecorded struct {
	Units int `json:"units"`
}

// Kind returns "units.recorded".
func (UnitsRecorded) Kind() string { return "units.recorded" }

// UnitsForgotten tells that what was known of units was removed. Subject: units.
type UnitsForgotten struct {
	Units int `json:"units"`
}

// Kind returns "units.forgotten".
func (UnitsForgotten) Kind() string { return "units.forgotten" }

// FreezeDeclared tells of a window of time in which production shall not
// change. Subject: freeze.
type FreezeDeclared struct {
	Freeze    ref.Freeze    `json:"freeze"`
	Name      string        `json:"name"`
	Reason    string        `json:"reason"`
	Team      ref.Team      `json:"team,omitempty"`      // empty: of every team
	Component ref.Component `json:"component,omitempty"` // empty: every component
	Begins    time.Time     `json:"begins"`
	Ends      time.Time     `json:"ends"`
}

// Kind returns "freeze.declared".
func (FreezeDeclared) Kind() string { return "freeze.declared" }

// FreezeLifted tells that a freeze ended before its time. Subject: freeze.
type FreezeLifted struct {
	Freeze    ref.Freeze    `json:"freeze"`
	Name      string        `json:"name"`
	Team      ref.Team      `json:"team,omitempty"`
	Component ref.Component `json:"component,omitempty"`
	Reason    string        `json:"reason"`
}

// Kind returns "freeze.lifted".
func (FreezeLifted) Kind() string { return "freeze.lifted" }

// VariablesChanged tells that the variables of a component in an environment have
// a new revision. It never has a value. Subject: component.
type VariablesChanged struct {
	Component   ref.Component   `json:"component"`
	Team        ref.Team        `json:"team"`
	Environment ref.Environment `json:"environment"`
	Revision    int64           `json:"revision"`
	Set         []string        `json:"set,omitempty"`    // names
	Secret      []string        `json:"secret,omitempty"` // those of them that are secrets
	Unset       []string        `json:"unset,omitempty"`  // names
}

// Kind returns "variables.changed".
func (VariablesChanged) Kind() string { return "variables.changed" }

// Scale is how many processes serve, and what each may use at the most; what is
// left out is as the version says.
type Scale struct {
	Replicas int    `json:"replicas,omitempty"`
	CPU      string `json:"cpu,omitempty"`    // processors, such as 500m
	Memory   string `json:"memory,omitempty"` // such as 256Mi
}

// ScaleChanged tells that somebody set how a component is scaled in an
// environment. Subject: component.
type ScaleChanged struct {
	Component   ref.Component   `json:"component"`
	Team        ref.Team        `json:"team"`
	Environment ref.Environment `json:"environment"`
	Revision    int64           `json:"revision"`
	From        Scale           `json:"from"`
	To          Scale           `json:"to"`
}

// Kind returns "scale.changed".
func (ScaleChanged) Kind() string { return "scale.changed" }

// VariablesRekeyed tells that all secrets are sealed with a new key. Subject:
// variables.
type VariablesRekeyed struct {
	Secrets int `json:"secrets"`
}

// Kind returns "variables.rekeyed".
func (VariablesRekeyed) Kind() string { return "variables.rekeyed" }

// ArtifactsRekeyed tells that the evidence of all artifacts is signed by a new
// key, and that the former counts no more. Subject: artifacts.
type ArtifactsRekeyed struct {
	Key       string `json:"key"` // ids: SHA-256 of the public keys in DER, in hexadecimal
	Former    string `json:"former"`
	Artifacts int    `json:"artifacts"`
}

// Kind returns "artifacts.rekeyed".
func (ArtifactsRekeyed) Kind() string { return "artifacts.rekeyed" }
