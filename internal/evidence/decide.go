package evidence

import (
	"errors"
	"fmt"
	"math"

	"github.com/digital-factory/factory/internal/evidence/anytime"
)

// Decide gives the verdict on the counts so far. It may be asked at every event, as often as wanted.
//
// Rules, in this order: roll back when the evidence of harm of any metric reaches 1/(weight*alpha); hold while the
// baseline itself fails (see [Control]), the split is broken or units are silent; promote when every metric is fine; else hold. A metric is fine when it
// is shown not worse than the baseline by the margin; one that counts events also when it is shown below the
// accepted rate or, where the plan allows it after a given exposure, when the harm not ruled out is small enough;
// a guardrail when it was watched on enough units. Without data nothing is fine. A first version is judged by the
// one-arm counts of its events alone, guardrails or not: its other metrics have nothing to be compared with and
// stand aside.
//
// Guarantees, at every look at once: a release that raises no metric beyond the tolerance (a first version: none
// above the accepted rate) is rolled back with probability at most alpha; one with a metric that is no guardrail
// and violates every promotion criterion of the plan is promoted with probability at most beta. (For means
// without bounds both hold asymptotically.) Decide never fails and never panics: under an unsound plan or unsound
// counts it holds and says why.
func Decide(plan Plan, in Inputs) Verdict {
	if plan.Watch != nil {
		return decideWatched(plan, in)
	}
	v, harmful := weigh(plan, in)
	switch {
	case v.Reason != "": // refused
	case v.Decision == RollBack:
		v.Reason = explainRollback(plan, harmful, v.Metrics[harmful], in.FirstVersion)
		if odd := untold(plan.Metrics[harmful], in); odd != "" {
			v.Reason += " " + upper(odd)
		}
	case v.Decision == Promote:
		v.Reason = explainPromotion(plan, v)
	case v.dead() && !plan.Repair:
		v.Reason, v.Waiting = explainControl(plan, *v.Control)
	case v.SampleRatio.Broken:
		v.Reason, v.Waiting = explainSplit(plan, v.SampleRatio)
	case v.Silence != nil && v.Silence.Broken:
		v.Reason, v.Waiting = explainSilence(plan, *v.Silence)
	default:
		v.Reason, v.Waiting = explainHold(plan, in, v)
		if v.dead() {
			v.Waiting = v.Control.text(plan) + "As a repair it is judged by its own units alone. " + v.Waiting
		}
	}
	return v
}

// weigh decides without explaining, except why it refuses to; harmful is the index of the metric that rolls back.
func weigh(plan Plan, in Inputs) (v Verdict, harmful int) {
	v = Verdict{Decision: Hold, PlanHash: PlanHash(plan), Metrics: []MetricVerdict{}, HarmNotRuledOut: 1}
	if err := plan.Validate(); err != nil {
		return v.refused("the plan is not sound", err), -1
	}
	if err := errors.Join(in.Validate(), in.fits(plan)); err != nil {
		return v.refused("the counts are not sound", err), -1
	}
	v.SampleRatio, v.Silence, v.Control = checkSplit(plan, in), checkSilence(plan, in), checkControl(plan, in)
	harm, counted, judged, fine, worst := 0.0, 0, 0, 0, math.Inf(-1)
	for i, m := range plan.Metrics {
		mv := judge(plan, m, in.metric(m.Name), in.FirstVersion)
		if v.dead() {
			mv = uncompared(plan, m, in.metric(m.Name), mv)
		}
		v.Metrics = append(v.Metrics, mv)
		// What should happen may not be counted for the canary alone: it may still come.
		if m.Kind == Events && !(m.Good && mv.Arm.Units == 0) {
			counted++
			if mv.Basis != basisNotWorse {
				harm = max(harm, mv.RateUpper)
			}
		}
		if m.Kind == Events || !in.FirstVersion {
			judged++
		}
		switch over := mv.LogE - mv.Threshold; {
		case mv.Decision == Promote:
			fine++
		case mv.Decision == RollBack && over > worst:
			v.Decision, harmful, worst = RollBack, i, over
		}
	}
	if counted > 0 {
		v.HarmNotRuledOut = harm
	}
	if v.Decision != RollBack && !v.SampleRatio.Broken && (v.Silence == nil || !v.Silence.Broken) && judged > 0 && fine == judged {
		v.Decision = Promote
	}
	return v, harmful
}

// ReadyToWiden says whether the share may grow after stage (an index into in.Exposures), and if not, what it
// waits for: the canary must have served enough distinct units in that stage, the split must be intact,
// the units must report, and nothing may speak for a rollback. It is no promotion: widening is how more evidence is gathered.
func ReadyToWiden(plan Plan, in Inputs, stage int) (ready bool, waiting string) {
	v, harmful := weigh(plan, in)
	switch {
	case v.Reason != "": // refused
		return false, v.Waiting
	case v.Decision == RollBack:
		return false, explainRollback(plan, harmful, v.Metrics[harmful], in.FirstVersion)
	case v.dead() && !plan.Repair:
		_, waiting = explainControl(plan, *v.Control)
		return false, waiting
	case v.SampleRatio.Broken:
		_, waiting = explainSplit(plan, v.SampleRatio)
		return false, waiting
	case v.Silence != nil && v.Silence.Broken:
		_, waiting = explainSilence(plan, *v.Silence)
		return false, waiting
	case stage < 0 || stage >= len(in.Exposures):
		return false, fmt.Sprintf("No exposures have been counted for stage %d yet.", stage)
	}
	e := in.Exposures[stage]
	if served := max(e.Served, e.Canary); served < max(plan.MinimumUnits, 1) {
		return false, fmt.Sprintf("The canary has served %s of the %s units that this stage asks for.",
			count(served), count(max(plan.MinimumUnits, 1)))
	}
	return true, ""
}

func checkSplit(plan Plan, in Inputs) SampleRatio {
	r := SampleRatio{Threshold: anytime.Settled(-math.Log(plan.SampleRatioAlpha))}
	stages := make([]Stage, len(in.Exposures))
	for i, e := range in.Exposures {
		stages[i] = e.Stage
	}
	r.Canary, r.Baseline = total(stages)
	if !in.FirstVersion {
		r.LogE = anytime.Settled(anytime.SampleRatioLogE(stages))
		r.Broken = r.LogE >= r.Threshold
	}
	return r
}

func checkSilence(plan Plan, in Inputs) *Silence {
	if plan.SilenceAlpha == 0 {
		return nil
	}
	s := &Silence{Threshold: anytime.Settled(-math.Log(plan.SilenceAlpha))}
	for _, k := range in.Silence {
		units := k.Units()
		s.Silent.Canary += k.CanaryYes
		s.Silent.Baseline += k.BaselineYes
		s.Due.Canary += units.Canary
		s.Due.Baseline += units.Baseline
	}
	s.LogE = anytime.Settled(anytime.SilenceLogE(in.Silence, plan.AcceptedSilence, in.FirstVersion))
	s.Broken = s.LogE >= s.Threshold
	return s
}
