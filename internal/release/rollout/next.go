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
}

// Next decides. It does no input or output and reads no clock, so that a test
// can run a thousand rollouts in a moment and a person can replay any of them.
// A person's hold stops widening and promotion, never a rollback.
func Next(s Situation) (step Step, verdict evidence.Verdict, waiting string) {
	verdict = evidence.Decide(s.Plan.Evidence, s.Inputs)
	if verdict.Decision == evidence.RollBack {
		return RollBack, verdict, ""
	}
	if s.Held != "" {
		return Stay, verdict, "held by a person: " + s.Held
	}
	last := len(s.Plan.Shares) - 1 // the stage that is the whole
	if !s.First {
		if ready, why := evidence.ReadyToWiden(s.Plan.Evidence, s.Inputs, s.Stage); !ready {
			return Stay, verdict, why
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
