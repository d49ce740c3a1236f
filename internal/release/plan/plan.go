// Package plan says before a rollout how it will go: how it widens, what is
// watched, and what decides. A plan is made from the platform's defaults and the
// rollout section of the component's repository, and is frozen, with its hash,
// before the first unit is exposed. Nothing here does input or output.
package plan

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/evidence"
)

// Plan says before a rollout how it widens and how it is decided. Its hash
// covers all of it and is told with rollout.started.
type Plan struct {
	// Stages, the last of which is the whole.
	Stages []Stage `json:"stages"`
	// Preview lets people try the new version out; nil: nobody.
	Preview *Preview `json:"preview,omitempty"`
	// Evidence is what verdicts rest on.
	Evidence evidence.Plan `json:"evidence"`
	// Sources say of each metric of Evidence, in the same order, what is counted.
	Sources []Source `json:"sources,omitempty"`
	// Unwatched are metrics that this rollout cannot watch.
	Unwatched []Unwatched `json:"unwatched,omitempty"`
	// ExperimentUnits is how many units of each arm must have had an outcome
	// before a rollout that can measure a key result becomes whole; after
	// ExperimentPatience in the last stage it no longer waits for them.
	ExperimentUnits    int64    `json:"experiment_units"`
	ExperimentPatience Duration `json:"experiment_patience"`
	// SmokeUnits is how many synthetic units a workload must serve before it
	// gets traffic.
	SmokeUnits int `json:"smoke_units"`
}

// Duration is a time.Duration that reads and writes as text: "5m".
type Duration time.Duration

// MarshalText writes "5m0s".
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText reads what time.ParseDuration reads.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	*d = Duration(v)
	return err
}

// Hotfix is the lane with the shorter ramp.
const Hotfix = "hotfix"

// Default is the platform's plan for a lane, before it is known what the
// baseline's latencies are. The hotfix lane has a shorter ramp and the same
// gates.
func Default(lane string, first bool) Plan {
	p := Plan{
		Stages: stagesOf(0.05, 0.25, 1), Evidence: evidence.DefaultPlan(),
		ExperimentUnits: 200, ExperimentPatience: Duration(10 * time.Minute), SmokeUnits: 10,
	}
	p.Evidence.Metrics = []evidence.Metric{{Name: Errors, Weight: 1}}
	p.Sources = []Source{{Kind: ServerErrors}}
	p.Evidence.MinimumUnits = 50
	p.Evidence.ControlAlpha, p.Evidence.ControlRate = 0.001, 0.05
	switch {
	case first:
		// Nobody is served yet: synthetic units alone must show that fewer than
		// one in twenty fails.
		p.Stages, p.SmokeUnits, p.Evidence.AcceptedRate = stagesOf(1), 200, 0.05
	case lane == Hotfix:
		p.Stages, p.Evidence.Repair = stagesOf(0.25, 1), true
	}
	return p
}

// overrides is the rollout section of a repository's component.yaml.
type overrides struct {
	Stages             []declaredStage `json:"stages"`
	Preview            *Preview        `json:"preview"`
	Margin             *float64        `json:"margin"`
	AcceptedRate       *float64        `json:"accepted_rate"`
	MinimumUnits       *int64          `json:"minimum_units"`
	ExperimentUnits    *int64          `json:"experiment_units"`
	ExperimentPatience *Duration       `json:"experiment_patience"`
	Metrics            []declared      `json:"metrics"`
	Watch              *Duration       `json:"watch"`
	Worker             bool            `json:"worker"` // the platform adds it for a component without a port
}

// Check refuses a rollout section that no plan can be made from.
func Check(section string) error {
	// A long history, so that everything that is declared is looked at.
	_, err := For("normal", false, section, Latencies{Bounds: []float64{1}, Counts: []int64{1000, 10}})
	return err
}

// For merges a repository's overrides, JSON or empty, into the platform's plan
// of the lane. Teams choose how fast to widen, what margin their customers bear
// and what of their business to watch; the error rates alpha and beta are the
// platform's. before are the latencies of the version that is live.
func For(lane string, first bool, section string, before Latencies) (Plan, error) {
	p := Default(lane, first)
	var o overrides
	if section != "" {
		dec := json.NewDecoder(bytes.NewReader([]byte(section)))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&o); err != nil {
			return p, errs.Because(errs.Invalid, err, "the rollout section of .factory/component.yaml cannot be read: %v", err)
		}
	}
	if asked := stages(o.Stages); len(asked) > 0 && !first && lane != Hotfix {
		p.Stages = asked
	} else {
		p.Stages = Approve(p.Stages, asked) // shorter, but never without a gate
	}
	if !first {
		p.Preview = o.Preview
	}
	set(&p.Evidence.Margin, o.Margin)
	set(&p.Evidence.MinimumUnits, o.MinimumUnits)
	set(&p.ExperimentUnits, o.ExperimentUnits)
	set(&p.ExperimentPatience, o.ExperimentPatience)
	if !first {
		set(&p.Evidence.AcceptedRate, o.AcceptedRate)
	}
	bad := errs.New(errs.Invalid, "the rollout plan is not sound").Do("correct the rollout section of .factory/component.yaml")
	switch {
	case o.Worker:
		p.worker(o, first, bad)
	case o.Watch != nil:
		bad.In("watch", "is for workers; a component with a port is judged by the requests that it serves")
	default:
		p.watch(o.Metrics, first, before, bad)
	}
	p.validate(first, bad)
	if len(bad.Fields) > 0 {
		return p, bad
	}
	return p, nil
}

func set[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}

func (p Plan) validate(first bool, bad *errs.Error) {
	p.validateStages(first, bad)
	p.Preview.validate(bad)
	if err := p.Evidence.Validate(); err != nil {
		bad.In("evidence", "%v", err)
	}
	if p.SmokeUnits < 1 || p.SmokeUnits > 10_000 || p.ExperimentUnits < 0 || p.ExperimentPatience < 0 {
		bad.In("smoke_units, experiment_units, experiment_patience", "must not be negative, and smoke_units 1 to 10000")
	}
}

// Hash names the plan: SHA-256 of its JSON, lower-case hex.
func (p Plan) Hash() string {
	raw, err := json.Marshal(p)
	if err != nil {
		return "" // NaN or infinity: validate refuses such a plan
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:])
}
