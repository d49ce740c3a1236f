package evidence

import (
	"math"

	"github.com/digital-factory/factory/internal/evidence/anytime"
)

// judge weighs one metric.
func judge(plan Plan, m Metric, in MetricInput, first bool) MetricVerdict {
	routes := plan.routes(m, first)
	mv := MetricVerdict{
		Name: m.Name, Kind: m.Kind, Decision: Hold, RatioHigh: anytime.MaxRatio,
		Threshold: anytime.Settled(-math.Log(m.Weight * plan.Alpha)),
	}
	if routes > 0 {
		mv.PromoteThreshold = anytime.Settled(math.Log(float64(routes) / plan.Beta))
	}
	switch {
	case m.Kind == Events:
		judgeEvents(&mv, plan, m, in, first)
	case first:
		return mv // nothing to compare it with
	case m.Kind == Proportion:
		judgeProportion(&mv, plan, m, in.Outcomes)
	case m.Kind == Histogram:
		judgeHistogram(&mv, plan, m, in.Histogram)
	default:
		judgeMean(&mv, plan, m, in.Means)
	}
	if routes > 0 {
		mv.Basis = basis(plan, m, mv)
	}
	if m.Guardrail && !first && mv.Basis == "" && watched(plan, m, mv) {
		mv.Basis = basisWatched
	}
	switch {
	case mv.LogE >= mv.Threshold:
		mv.Decision, mv.Basis = RollBack, ""
	case mv.Basis != "":
		mv.Decision = Promote
	}
	return mv
}

func basis(plan Plan, m Metric, mv MetricVerdict) string {
	if mv.LogEPromote >= mv.PromoteThreshold {
		return basisNotWorse
	}
	return ownBasis(plan, m, mv)
}

// ownBasis is how the canary's own units show a metric fine, with nothing to compare them with.
func ownBasis(plan Plan, m Metric, mv MetricVerdict) string {
	switch {
	case mv.PromoteThreshold == 0 || m.Kind != Events:
		return ""
	case mv.LogEAccepted >= mv.PromoteThreshold:
		return basisAccepted
	case plan.MaxHarm > 0 && mv.Arm.Units >= plan.SufficientUnits && mv.RateUpper <= plan.MaxHarm:
		return basisBounded
	}
	return ""
}

// watched says whether a guardrail was looked at on enough units.
func watched(plan Plan, m Metric, mv MetricVerdict) bool {
	enough := max(plan.MinimumUnits, 1)
	if mv.Watched != nil {
		return min(mv.Watched.Canary, mv.Watched.Baseline) >= enough
	}
	if m.Good { // it must have been seen happen, or nobody sends it
		return mv.Canary+mv.Baseline >= enough
	}
	return mv.Arm.Units >= enough // few events are what is hoped for: the units with a known outcome count
}

func judgeEvents(mv *MetricVerdict, plan Plan, m Metric, in MetricInput, first bool) {
	mv.Arm = in.Arm
	mv.Canary, mv.Baseline = total(in.Stages)
	if first {
		mv.LogE = anytime.Settled(in.Arm.LogE(plan.AcceptedRate))
	} else {
		judgeArms(mv, plan, m, in)
	}
	_, upper := in.Arm.RateInterval(plan.Beta / float64(max(plan.routes(m, first), 1)))
	mv.RateUpper = anytime.Settled(upper)
	if plan.AcceptedRate > 0 {
		mv.LogEAccepted = anytime.Settled(in.Arm.LogEPromote(plan.AcceptedRate))
	}
}

// judgeArms fills in the comparison of the arms. A good event is judged with the arms exchanged: harm is that
// the baseline has more of them.
func judgeArms(mv *MetricVerdict, plan Plan, m Metric, in MetricInput) {
	expect(mv, plan, in.Stages)
	stages := in.Stages
	strata := make([][]Stage, len(m.Strata))
	tolerance, margin := m.Limits(plan)
	for i, name := range m.Strata {
		for _, s := range in.Strata {
			if s.Name == name {
				strata[i] = s.Stages
			}
		}
		found := StratumVerdict{Name: name}
		found.Canary, found.Baseline = total(strata[i])
		if m.Good {
			strata[i] = exchangedAll(strata[i], Stage.Exchanged)
		}
		found.LogE = anytime.Settled(anytime.LogE(strata[i], tolerance))
		mv.Strata = append(mv.Strata, found)
	}
	if m.Good {
		stages = exchangedAll(stages, Stage.Exchanged)
	}
	mv.LogE = anytime.Settled(anytime.LogEStrata(stages, strata, tolerance))
	mv.LogEPromote = anytime.Settled(anytime.LogEPromote(stages, margin))
}

// expect fills in how many units the shares alone would have put into the canary, and the interval of the ratio.
func expect(mv *MetricVerdict, plan Plan, stages []Stage) {
	for _, s := range stages {
		mv.Expected += float64(s.Share * float64(s.Canary+s.Baseline))
	}
	mv.Expected = anytime.Settled(mv.Expected)
	low, high := anytime.RatioInterval(stages, plan.IntervalAlpha)
	mv.RatioLow, mv.RatioHigh = anytime.Settled(low), anytime.Settled(high)
}

func judgeProportion(mv *MetricVerdict, plan Plan, m Metric, stages []OutcomeStage) {
	showOutcomes(mv, plan, stages)
	if e, ok := anytime.Effect(stages, plan.IntervalAlpha); ok {
		mv.Effect = &e
	}
	if m.Good {
		stages = exchangedAll(stages, OutcomeStage.Exchanged)
	}
	tolerance, margin := m.Limits(plan)
	mv.LogE = anytime.Settled(anytime.LogEProportion(stages, m.Usual, tolerance))
	mv.LogEPromote = anytime.Settled(anytime.LogEProportionPromote(stages, m.Usual, margin))
}

// showOutcomes fills in the units that said yes, of how many.
func showOutcomes(mv *MetricVerdict, plan Plan, stages []OutcomeStage) {
	yes := make([]Stage, len(stages))
	mv.Watched = &Units{}
	for i, s := range stages {
		yes[i] = Stage{Share: s.Share, Canary: s.CanaryYes, Baseline: s.BaselineYes}
		if u := s.Units(); u.Informs() {
			mv.Watched.Canary += u.Canary
			mv.Watched.Baseline += u.Baseline
			mv.WatchedExpected += float64(s.Share * float64(u.Canary+u.Baseline))
		}
	}
	mv.WatchedExpected = anytime.Settled(mv.WatchedExpected)
	mv.Canary, mv.Baseline = total(yes)
	expect(mv, plan, yes)
}

func judgeHistogram(mv *MetricVerdict, plan Plan, m Metric, stages []HistogramStage) {
	judged := stages
	if m.Good {
		judged = exchangedAll(stages, HistogramStage.Exchanged)
	}
	tolerance, margin := m.Limits(plan)
	loudest := 0
	for i, edge := range m.Edges {
		here, shown := anytime.Above(judged, i), EdgeVerdict{At: edge.At}
		for _, s := range anytime.Above(stages, i) {
			shown.Canary += s.CanaryYes
			shown.Baseline += s.BaselineYes
		}
		shown.LogE = anytime.Settled(anytime.LogEProportion(here, edge.Share, tolerance))
		shown.LogEPromote = anytime.Settled(anytime.LogEProportionPromote(here, edge.Share, margin))
		mv.Edges = append(mv.Edges, shown)
		if shown.LogE > mv.Edges[loudest].LogE {
			loudest = i
		}
	}
	showOutcomes(mv, plan, anytime.Above(stages, loudest))
	mv.LogE = anytime.Settled(anytime.LogEHistogram(judged, m.Edges, tolerance))
	mv.LogEPromote = anytime.Settled(anytime.LogEHistogramPromote(judged, m.Edges, margin))
}

func judgeMean(mv *MetricVerdict, plan Plan, m Metric, stages []MeanStage) {
	mv.Watched = &Units{}
	for _, s := range stages {
		mv.Canary += s.Canary.Units
		mv.Baseline += s.Baseline.Units
		mv.Expected += float64(s.Share * float64(s.Canary.Units+s.Baseline.Units))
		if s.Informs() {
			mv.Watched.Canary += s.Canary.Units
			mv.Watched.Baseline += s.Baseline.Units
		}
	}
	mv.Expected = anytime.Settled(mv.Expected)
	if e, ok := anytime.MeanEffect(stages, plan.IntervalAlpha); ok {
		mv.Effect = &e
	}
	if m.Good {
		stages = exchangedAll(stages, MeanStage.Exchanged)
	}
	tolerance, margin := m.Limits(plan)
	tolerance, margin = tolerance*math.Abs(m.Usual), margin*math.Abs(m.Usual)
	if m.Bounds != nil {
		mv.LogE = anytime.Settled(anytime.LogEMean(stages, *m.Bounds, m.Usual, tolerance))
		mv.LogEPromote = anytime.Settled(anytime.LogEMeanPromote(stages, *m.Bounds, m.Usual, margin))
		return
	}
	mv.LogE = anytime.Settled(anytime.LogEMeanAsymptotic(stages, tolerance))
	mv.LogEPromote = anytime.Settled(anytime.LogEMeanAsymptoticPromote(stages, margin))
}

// exchangedAll swaps the arms of the stages that can be compared and drops the others.
func exchangedAll[S interface{ Informs() bool }](stages []S, exchanged func(S) S) []S {
	out := make([]S, 0, len(stages))
	for _, s := range stages {
		if s.Informs() {
			out = append(out, exchanged(s))
		}
	}
	return out
}

// total sums both arms over the stages.
func total(stages []Stage) (canary, baseline int64) {
	for _, s := range stages {
		canary += s.Canary
		baseline += s.Baseline
	}
	return canary, baseline
}
