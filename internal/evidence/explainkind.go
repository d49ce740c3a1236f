package evidence

import (
	"fmt"
	"math"

	"github.com/digital-factory/factory/internal/evidence/anytime"
)

// comparison states what was found in the two arms, for kinds other than events.
func comparison(plan Plan, metric Metric, m MetricVerdict) string {
	confidence := percent(1 - plan.IntervalAlpha)
	of := func(part, all int64) string {
		return fmt.Sprintf("%s of %s (%s)", count(part), count(all), percent(anytime.Settled(float64(part)/float64(max(all, 1)))))
	}
	switch m.Kind {
	case Histogram:
		edge := m.Edges[0]
		for _, e := range m.Edges {
			if e.LogE > edge.LogE {
				edge = e
			}
		}
		return fmt.Sprintf("Above %s were %s of the canary's units and %s of the baseline's.%s",
			quantity(edge.At, metric.Unit), of(edge.Canary, m.Watched.Canary), of(edge.Baseline, m.Watched.Baseline), missing(m))
	case Proportion:
		return fmt.Sprintf("It was yes for %s of the canary's units and %s of the baseline's.%s",
			of(m.Canary, m.Watched.Canary), of(m.Baseline, m.Watched.Baseline), missing(m))
	}
	if m.Effect == nil {
		return fmt.Sprintf("The means of %s units in the canary and %s in the baseline were compared.", count(m.Canary), count(m.Baseline))
	}
	return fmt.Sprintf("The canary's mean differs from the baseline's by %s, between %s and %s (%s confidence, %s units in the canary, %s in the baseline).",
		quantity(m.Effect.Estimate, metric.Unit), decimal(m.Effect.Low), quantity(m.Effect.High, metric.Unit), confidence, count(m.Canary), count(m.Baseline))
}

// missing says that an arm has far fewer units than its share brings. These tests
// know the share, so that what is missing is evidence too: a unit that hangs is
// never measured.
func missing(m MetricVerdict) string {
	all := m.Watched.Canary + m.Watched.Baseline
	spread := math.Sqrt(m.WatchedExpected * (1 - m.WatchedExpected/float64(max(all, 1))))
	if math.Abs(float64(m.Watched.Canary)-m.WatchedExpected) <= 3*spread {
		return ""
	}
	return fmt.Sprintf(" By its share the canary should have had %s of these %s units: what is missing in one arm speaks as well.", decimal(m.WatchedExpected), count(all))
}

func quantity(x float64, unit string) string {
	if unit == "" {
		return decimal(x)
	}
	return decimal(x) + " " + unit
}

func stratumText(m MetricVerdict) string {
	for _, s := range m.Strata {
		if s.LogE >= m.Threshold {
			return fmt.Sprintf(" The group %s alone shows it: %s of its %s units with this event were in the canary (log E %s).",
				s.Name, count(s.Canary), count(s.Canary+s.Baseline), decimal(s.LogE))
		}
	}
	return ""
}

func openOther(plan Plan, metric Metric, m MetricVerdict, first bool) string {
	switch {
	case first:
		return fmt.Sprintf("%s: a first version has nothing to be compared with.", m.Name)
	case m.Watched.Canary+m.Watched.Baseline == 0:
		return fmt.Sprintf("%s: no data yet, and silence shows nothing.", m.Name)
	}
	return fmt.Sprintf("%s: the evidence of harm is %s of the %s that roll back; that it is not worse %s of the %s that promote. %s",
		m.Name, decimal(m.LogE), decimal(m.Threshold), decimal(m.LogEPromote), decimal(m.PromoteThreshold), comparison(plan, metric, m))
}

func waitOther(plan Plan, metric Metric, in MetricInput, m MetricVerdict, first bool) string {
	if first {
		return fmt.Sprintf("%s waits for the next version.", m.Name)
	}
	if metric.Guardrail {
		return fmt.Sprintf("%s waits to be watched on %s units in each arm; so far %s in the canary and %s in the baseline.",
			m.Name, count(max(plan.MinimumUnits, 1)), count(m.Watched.Canary), count(m.Watched.Baseline))
	}
	if n, ok := unitsToShow(plan, metric, in, m); ok {
		return fmt.Sprintf("%s waits for about %s more units over both arms if the canary is no worse.", m.Name, count(n))
	}
	return fmt.Sprintf("%s waits for data from a stage with both arms.", m.Name)
}

// unitsToShow is about how many more units show non-inferiority when nothing differs and the last share that
// compares stays: what is missing divided by what one unit brings.
func unitsToShow(plan Plan, metric Metric, in MetricInput, m MetricVerdict) (int64, bool) {
	_, margin := metric.Limits(plan)
	missing, least := m.PromoteThreshold-m.LogEPromote, math.Inf(1)
	switch m.Kind {
	case Histogram:
		share, ok := lastShare(in.Histogram, func(s HistogramStage) float64 { return s.Share })
		for _, e := range metric.Edges {
			if ok {
				least = min(least, anytime.ProportionInformation(orient(share, metric.Good), e.Share, margin))
			}
		}
	case Proportion:
		if share, ok := lastShare(in.Outcomes, func(s OutcomeStage) float64 { return s.Share }); ok {
			least = anytime.ProportionInformation(orient(share, metric.Good), metric.Usual, margin)
		}
	case Mean:
		if share, ok := lastShare(in.Means, func(s MeanStage) float64 { return s.Share }); ok {
			least = anytime.MeanInformation(in.Means, share, margin*metric.Usual)
		}
	}
	n := missing / least
	return int64(math.Ceil(n)), n > 0 && n < 1e9
}

func orient(share float64, good bool) float64 {
	if good {
		return 1 - share
	}
	return share
}

func lastShare[S interface{ Informs() bool }](stages []S, share func(S) float64) (float64, bool) {
	for i := len(stages) - 1; i >= 0; i-- {
		if stages[i].Informs() {
			return share(stages[i]), true
		}
	}
	return 0, false
}

func explainSilence(plan Plan, s Silence) (reason, waiting string) {
	reason = fmt.Sprintf("Hold: units are silent. Of %s units in the canary whose report is due %s sent none, of %s in the baseline %s; the evidence (log E %s) has reached its threshold %s, which happens to units that report as they should in at most %s of rollouts. What does not arrive cannot be judged, so no promotion can rest on it.",
		count(s.Due.Canary), count(s.Silent.Canary), count(s.Due.Baseline), count(s.Silent.Baseline), decimal(s.LogE), decimal(s.Threshold), percent(plan.SilenceAlpha))
	return reason, "Find out why reports do not arrive (the units hang, telemetry is cut off), then start the rollout afresh or roll back."
}
