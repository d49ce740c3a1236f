package rollout

import (
	"fmt"
	"time"

	"github.com/digital-factory/factory/internal/evidence"
	"github.com/digital-factory/factory/internal/release/plan"
)

// Step is what to do with a rollout that takes traffic.
type Step string

// The steps.
const (
	Stay     Step = "stay"
	Widen    Step = "widen"
	Promote  Step = "promote"
	RollBack Step = "roll_back"
)

// Situation is all that a step is decided from.
type Situation struct {
	Plan        plan.Plan
	Stage       int
	Held        string
	First       bool
	Inputs      evidence.Inputs
	Experiments [][]evidence.OutcomeStage // per experiment, per stage
	InStage     time.Duration             // how long the current stage lasts
	Approvals   []Approval
	Frozen      string // why nothing may change in production now; empty when it may
}

// Next decides. It does no input or output and reads no clock, so that a test
// can run a thousand rollouts in a moment and a person can replay any of them.
// A person's hold, an approval that is missing and a freeze stop widening and
// promotion, never a rollback.
func Next(s Situation) (step Step, verdict evidence.Verdict, waiting string) {
	step, verdict, waiting = s.byEvidence()
	if step != Widen && step != Promote {
		return step, verdict, waiting
	}
	if next := s.Stage + 1; !s.First && s.Unapproved(next) {
		return Stay, verdict, fmt.Sprintf("The evidence suffices; it waits for a person to approve that %g %% of the units get it.", 100*s.Plan.Stages[next].Share)
	}
	if s.Frozen != "" {
		return Stay, verdict, s.Frozen
	}
	return step, verdict, ""
}

// Unapproved reports whether a stage needs an approval that was not given.
func (s Situation) Unapproved(stage int) bool { return Unapproved(s.Plan, s.Approvals, stage) }

// Awaits returns the stage for which only a person's approval, and perhaps the
// end of a freeze, is missing.
func (s Situation) Awaits() (stage int, ok bool) {
	step, _, _ := s.byEvidence()
	next := s.Stage + 1
	return next, (step == Widen || step == Promote) && !s.First && s.Unapproved(next)
}

// byEvidence is the step that evidence and a person's hold allow.
func (s Situation) byEvidence() (step Step, verdict evidence.Verdict, waiting string) {
	verdict = evidence.Decide(s.Plan.Evidence, s.Inputs)
	if verdict.Decision == evidence.RollBack {
		return RollBack, verdict, ""
	}
	if s.Held != "" {
		return Stay, verdict, "held by a person: " + s.Held
	}
	last := len(s.Plan.Stages) - 1 // the stage that is the whole
	if s.Plan.Evidence.Watch != nil {
		switch {
		case !s.First && s.Stage+1 < last:
			return Widen, verdict, "" // there is no share to give it; other parts of its release have one
		case verdict.Decision == evidence.Promote:
			return Promote, verdict, ""
		}
		return Stay, verdict, verdict.Waiting
	}
	if !s.First {
		of := s.Plan.Evidence
		of.MinimumUnits = s.Plan.Minimum(s.Stage)
		if ready, why := evidence.ReadyToWiden(of, s.Inputs, s.Stage); !ready {
			return Stay, verdict, why
		}
		if soak := time.Duration(s.Plan.Stages[s.Stage].Soak); s.InStage < soak {
			return Stay, verdict, fmt.Sprintf("Enough units were served; this stage lasts %v at the least.", soak)
		}
		if s.Stage+1 < last {
			return Widen, verdict, ""
		}
	}
	if verdict.Decision != evidence.Promote {
		return Stay, verdict, verdict.Waiting
	}
	if why := s.experimentWaits(); why != "" {
		return Stay, verdict, why
	}
	return Promote, verdict, ""
}

// experimentWaits says what a measurement of a key result still lacks; empty
// when nothing, or when patience has run out.
func (s Situation) experimentWaits() string {
	if s.First || s.InStage >= time.Duration(s.Plan.ExperimentPatience) {
		return ""
	}
	for _, strata := range s.Experiments {
		var canary, baseline int64
		if s.untold(strata) {
			continue
		}
		for _, o := range strata {
			if o.Share < 1 {
				canary += o.CanaryYes + o.CanaryNo
				baseline += o.BaselineYes + o.BaselineNo
			}
		}
		if max(canary, baseline) >= s.Plan.ExperimentUnits && min(canary, baseline) == 0 {
			continue // one of the versions does not tell this outcome at all: there is nothing to compare
		}
		if least := min(canary, baseline); least < s.Plan.ExperimentUnits {
			return fmt.Sprintf("It is shown not to harm. To measure what it does to the key result it waits for %d units with an outcome in each version; so far %d with the new and %d with the old one.",
				s.Plan.ExperimentUnits, canary, baseline)
		}
	}
	return ""
}

// untoldUnits is how many times the units of an experiment each version must
// have met without one outcome, to show that the component does not tell it:
// the key result is moved by another.
const untoldUnits = 5

func (s Situation) untold(strata []evidence.OutcomeStage) bool {
	if s.InStage < 2*Settles {
		return false // it may have been told, and waits for the rest of its time
	}
	var met, told evidence.Stage
	for k, e := range s.Inputs.Exposures {
		if e.Share < 1 {
			u := strata[k].Units()
			met.Canary, met.Baseline = met.Canary+e.Canary, met.Baseline+e.Baseline
			told.Canary, told.Baseline = told.Canary+u.Canary, told.Baseline+u.Baseline
		}
	}
	return told.Canary+told.Baseline == 0 && min(met.Canary, met.Baseline) >= untoldUnits*s.Plan.ExperimentUnits
}
