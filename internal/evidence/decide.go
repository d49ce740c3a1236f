package evidence

import (
	"fmt"
	"math"
)

// Decide gives the verdict on the counts so far. It may be asked at every event, as often as wanted.
//
// Rules, in this order: roll back when the evidence of harm of any metric reaches 1/(weight*alpha); hold while
// the split is broken; promote when every metric is shown fine; else hold. A metric is fine when it is shown
// not worse than the baseline by the margin, or below the accepted rate, or, where the plan allows it after a
// given exposure, when the harm not ruled out is small enough. Without data nothing is fine.
//
// Guarantees, at every look at once: a release that raises no metric beyond the tolerance (a first version: none
// above the accepted rate) is rolled back with probability at most alpha; one with a metric that violates every
// promotion criterion of the plan is promoted with probability at most beta. Decide never fails and never
// panics: under an unsound plan or unsound counts it holds and says why.
func Decide(plan Plan, in Inputs) Verdict {
	v, harmful := weigh(plan, in)
	switch {
	case v.Reason != "": // refused
	case v.Decision == RollBack:
		v.Reason = explainRollback(plan, v.Metrics[harmful], in.FirstVersion)
	case v.Decision == Promote:
		v.Reason = explainPromotion(plan, v)
	case v.SampleRatio.Broken:
		v.Reason, v.Waiting = explainSplit(plan, v.SampleRatio)
	default:
		v.Reason, v.Waiting = explainHold(plan, in, v)
	}
	return v
}

// weigh decides without explaining, except why it refuses to; harmful is the index of the metric that rolls back.
func weigh(plan Plan, in Inputs) (v Verdict, harmful int) {
	v = Verdict{Decision: Hold, PlanHash: PlanHash(plan), Metrics: []MetricVerdict{}, HarmNotRuledOut: 1}
	if err := plan.Validate(); err != nil {
		return v.refused("the plan is not sound", err), -1
	}
	if err := in.Validate(); err != nil {
		return v.refused("the counts are not sound", err), -1
	}
	v.SampleRatio = checkSplit(plan, in)
	v.HarmNotRuledOut = 0
	fine, worst := 0, math.Inf(-1)
	for i, m := range plan.Metrics {
		mv := judge(plan, m, in.metric(m.Name), in.FirstVersion)
		v.Metrics = append(v.Metrics, mv)
		if mv.Basis != basisNotWorse {
			v.HarmNotRuledOut = max(v.HarmNotRuledOut, mv.RateUpper)
		}
		switch over := mv.LogE - mv.Threshold; {
		case mv.Decision == Promote:
			fine++
		case mv.Decision == RollBack && over > worst:
			v.Decision, harmful, worst = RollBack, i, over
		}
	}
	if v.Decision != RollBack && !v.SampleRatio.Broken && fine == len(plan.Metrics) {
		v.Decision = Promote
	}
	return v, harmful
}

// ReadyToWiden says whether the share may grow after stage (an index into in.Exposures), and if not, what it
// waits for: the canary must have served enough distinct units in that stage, the split must be intact, and
// nothing may speak for a rollback. It is no promotion: widening is how more evidence is gathered.
func ReadyToWiden(plan Plan, in Inputs, stage int) (ready bool, waiting string) {
	v, harmful := weigh(plan, in)
	switch {
	case v.Reason != "": // refused
		return false, v.Waiting
	case v.Decision == RollBack:
		return false, explainRollback(plan, v.Metrics[harmful], in.FirstVersion)
	case v.SampleRatio.Broken:
		_, waiting = explainSplit(plan, v.SampleRatio)
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

func judge(plan Plan, m Metric, in MetricInput, first bool) MetricVerdict {
	routes := plan.routes(first)
	mv := MetricVerdict{
		Name: m.Name, Decision: Hold, Arm: in.Arm, RatioHigh: MaxRatio, RateUpper: 1,
		Threshold: settled(-math.Log(m.Weight * plan.Alpha)),
	}
	mv.Canary, mv.Baseline = total(in.Stages)
	if first {
		mv.LogE = settled(in.Arm.LogE(plan.AcceptedRate))
	} else {
		judgeArms(&mv, plan, m, in.Stages)
	}
	_, upper := in.Arm.RateInterval(plan.Beta / float64(max(routes, 1)))
	mv.RateUpper = settled(upper)
	if routes > 0 {
		mv.PromoteThreshold = settled(math.Log(float64(routes) / plan.Beta))
		if plan.AcceptedRate > 0 {
			mv.LogEAccepted = settled(in.Arm.LogEPromote(plan.AcceptedRate))
		}
		mv.Basis = basis(plan, mv)
	}
	switch {
	case mv.LogE >= mv.Threshold:
		mv.Decision, mv.Basis = RollBack, ""
	case mv.Basis != "":
		mv.Decision = Promote
	}
	return mv
}

// judgeArms fills in the comparison of the arms. A good event is judged with the arms exchanged: harm is that
// the baseline has more of them.
func judgeArms(mv *MetricVerdict, plan Plan, m Metric, stages []Stage) {
	for _, s := range stages {
		mv.Expected += float64(s.Share * float64(s.Canary+s.Baseline))
	}
	mv.Expected = settled(mv.Expected)
	low, high := RatioInterval(stages, plan.IntervalAlpha)
	mv.RatioLow, mv.RatioHigh = settled(low), settled(high)
	if m.Good {
		stages = exchanged(stages)
	}
	mv.LogE = settled(LogE(stages, plan.Tolerance))
	mv.LogEPromote = settled(LogEPromote(stages, plan.Margin))
}

func exchanged(stages []Stage) []Stage {
	out := make([]Stage, 0, len(stages))
	for _, s := range stages {
		if s.informs() {
			out = append(out, Stage{Share: 1 - s.Share, Canary: s.Baseline, Baseline: s.Canary})
		}
	}
	return out
}

func basis(plan Plan, mv MetricVerdict) string {
	switch {
	case mv.LogEPromote >= mv.PromoteThreshold:
		return basisNotWorse
	case mv.LogEAccepted >= mv.PromoteThreshold:
		return basisAccepted
	case plan.MaxHarm > 0 && mv.Arm.Units >= plan.SufficientUnits && mv.RateUpper <= plan.MaxHarm:
		return basisBounded
	}
	return ""
}

func checkSplit(plan Plan, in Inputs) SampleRatio {
	r := SampleRatio{Threshold: settled(-math.Log(plan.SampleRatioAlpha))}
	stages := make([]Stage, len(in.Exposures))
	for i, e := range in.Exposures {
		stages[i] = e.Stage
	}
	r.Canary, r.Baseline = total(stages)
	if !in.FirstVersion {
		r.LogE = settled(SampleRatioLogE(stages))
		r.Broken = r.LogE >= r.Threshold
	}
	return r
}
