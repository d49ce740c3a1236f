package evidence

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/digital-factory/factory/internal/evidence/anytime"
)

func (v Verdict) refused(what string, err error) Verdict {
	text := strings.ReplaceAll(err.Error(), "\n", "; ")
	v.Reason = fmt.Sprintf("Hold: %s, so nothing can be decided: %s.", what, text)
	v.Waiting = fmt.Sprintf("Correct this first: %s.", text)
	return v
}

func explainRollback(plan Plan, at int, m MetricVerdict, first bool) string {
	odds := fmt.Sprintf("The evidence of harm (log E %s) has reached its threshold %s. This mistakes a harmless release for a harmful one in at most %s of rollouts, however often it is looked at.",
		decimal(m.LogE), decimal(m.Threshold), percent(plan.Alpha))
	if first {
		return fmt.Sprintf("Roll back: %s. %s of %s units failed, where %s is accepted. %s",
			m.Name, count(m.Arm.Failures), count(m.Arm.Units), percent(plan.AcceptedRate), odds)
	}
	if m.Kind != Events {
		return fmt.Sprintf("Roll back: %s. %s %s", m.Name, comparison(plan, plan.Metrics[at], m), odds)
	}
	return fmt.Sprintf("Roll back: %s. %s of the %s units with this event were in the canary, where %s are expected from its share of the traffic: %s%s %s",
		m.Name, count(m.Canary), count(m.Canary+m.Baseline), decimal(m.Expected), ratioText(plan, m), stratumText(m), odds)
}

func ratioText(plan Plan, m MetricVerdict) string {
	confidence := percent(1 - plan.IntervalAlpha)
	if m.RatioHigh >= anytime.MaxRatio {
		return fmt.Sprintf("the canary's rate is at least %s times the baseline's (%s confidence).", decimal(m.RatioLow), confidence)
	}
	return fmt.Sprintf("the canary's rate is %s to %s times the baseline's (%s confidence).", decimal(m.RatioLow), decimal(m.RatioHigh), confidence)
}

func explainSplit(plan Plan, r SampleRatio) (reason, waiting string) {
	reason = fmt.Sprintf("Hold: the split is broken. %s units were first exposed to the canary and %s to the baseline; the evidence against the promised shares (log E %s) has reached its threshold %s, which happens to an intact split in at most %s of rollouts. The arms are not comparable, so no promotion can rest on them.",
		count(r.Canary), count(r.Baseline), decimal(r.LogE), decimal(r.Threshold), percent(plan.SampleRatioAlpha))
	return reason, "Find out why units do not reach the arms by their shares (lost or retried requests, caches, automated clients), then start the rollout afresh."
}

func explainPromotion(plan Plan, v Verdict) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Promote: every metric is shown to be fine, with at most %s risk that a release that is not gets promoted.", percent(plan.Beta))
	for i, m := range v.Metrics {
		_, margin := plan.Metrics[i].Limits(plan)
		switch m.Basis {
		case "":
			fmt.Fprintf(&b, " %s: not looked at, because a first version has nothing to be compared with.", m.Name)
		case basisAside:
			fmt.Fprintf(&b, " %s: a guardrail that stands aside, because the baseline fails itself.", m.Name)
		case basisWatched:
			fmt.Fprintf(&b, " %s: a guardrail, watched without a sign of harm (log E %s, threshold %s).", m.Name, decimal(m.LogE), decimal(m.Threshold))
		case basisNotWorse:
			if m.Kind != Events {
				fmt.Fprintf(&b, " %s: not worse than the baseline by %s or more. %s (Log E %s, threshold %s.)",
					m.Name, percent(margin), comparison(plan, plan.Metrics[i], m), decimal(m.LogEPromote), decimal(m.PromoteThreshold))
				continue
			}
			fmt.Fprintf(&b, " %s: not worse than the baseline by %s or more (%s units in the canary, %s in the baseline, log E %s, threshold %s).",
				m.Name, percent(margin), count(m.Canary), count(m.Baseline), decimal(m.LogEPromote), decimal(m.PromoteThreshold))
		case basisAccepted:
			fmt.Fprintf(&b, " %s: %s of the canary's %s units failed, which is below the accepted %s (log E %s, threshold %s).",
				m.Name, count(m.Arm.Failures), count(m.Arm.Units), percent(plan.AcceptedRate), decimal(m.LogEAccepted), decimal(m.PromoteThreshold))
		case basisBounded:
			fmt.Fprintf(&b, " %s: not proven fine, but after %s canary units with %s failures at most %s of the units may be failing, and the plan says that up to %s suffices.",
				m.Name, count(m.Arm.Units), count(m.Arm.Failures), percent(m.RateUpper), percent(plan.MaxHarm))
		}
	}
	return b.String()
}

func explainHold(plan Plan, in Inputs, v Verdict) (reason, waiting string) {
	var open, waits []string
	for i, m := range v.Metrics {
		text, wait := "", ""
		switch {
		case m.Decision == Promote:
			continue
		case m.Kind != Events:
			text, wait = openOther(plan, plan.Metrics[i], m, in.FirstVersion), waitOther(plan, plan.Metrics[i], in.metric(m.Name), m, in.FirstVersion)
		default:
			text, wait = openText(plan, m, in.FirstVersion), waitText(plan, m, in.metric(m.Name).Stages, in.FirstVersion, plan.Metrics[i])
		}
		if odd := untold(plan.Metrics[i], in); odd != "" {
			wait += fmt.Sprintf(" Of %s, %s", m.Name, odd)
		}
		open, waits = append(open, text), append(waits, wait)
	}
	reason = fmt.Sprintf("Hold: no harm is shown, but not every metric is shown to be fine (%d of %d are). %s Up to %s of the canary's units may be failing for all that is known.",
		len(v.Metrics)-len(open), len(v.Metrics), strings.Join(open, " "), percent(v.HarmNotRuledOut))
	return reason, strings.Join(waits, " ")
}

func openText(plan Plan, m MetricVerdict, first bool) string {
	if m.Arm.Units == 0 && m.Canary+m.Baseline == 0 {
		return fmt.Sprintf("%s: no data yet, and silence shows nothing.", m.Name)
	}
	text := fmt.Sprintf("%s: the evidence of harm is %s of the %s that roll back", m.Name, decimal(m.LogE), decimal(m.Threshold))
	if !first {
		text += fmt.Sprintf("; that it is not worse %s of the %s that promote (%s units in the canary, %s in the baseline)",
			decimal(m.LogEPromote), decimal(m.PromoteThreshold), count(m.Canary), count(m.Baseline))
	}
	if plan.AcceptedRate > 0 {
		text += fmt.Sprintf("; that less than %s of the units fail %s of the %s that promote (%s of %s canary units failed)",
			percent(plan.AcceptedRate), decimal(m.LogEAccepted), decimal(m.PromoteThreshold), count(m.Arm.Failures), count(m.Arm.Units))
	}
	return text + "."
}

func waitText(plan Plan, m MetricVerdict, stages []Stage, first bool, metric Metric) string {
	var ways []string
	if metric.Guardrail && !first {
		what := "canary units whose outcome is known"
		if metric.Good {
			what = "units with this event"
		}
		ways = append(ways, fmt.Sprintf("%s %s", count(max(plan.MinimumUnits, 1)), what))
	}
	if plan.AcceptedRate > 0 {
		if n, ok := unitsWanted(m.Arm, plan.AcceptedRate, m.PromoteThreshold); ok {
			ways = append(ways, fmt.Sprintf("about %s more canary units that do not fail", count(n)))
		}
	}
	if n, ok := eventsWanted(plan, m, stages, metric); ok && !first {
		ways = append(ways, fmt.Sprintf("about %s more units with this event over both arms if the canary is no worse", count(n)))
	}
	if plan.MaxHarm > 0 {
		ways = append(ways, fmt.Sprintf("at least %s canary units with at most %s possibly failing", count(plan.SufficientUnits), percent(plan.MaxHarm)))
	}
	switch {
	case len(ways) > 0:
		return fmt.Sprintf("%s waits for %s.", m.Name, strings.Join(ways, ", or "))
	case first && plan.AcceptedRate == 0:
		return fmt.Sprintf("%s: a first version has no baseline and the plan has no accepted rate, so no amount of data can show it fine. A person must decide, or a new plan set an accepted rate.", m.Name)
	}
	return fmt.Sprintf("%s waits for data from a stage with both arms.", m.Name)
}

// unitsWanted is how many more canary units without a failure show the rate below the accepted one.
func unitsWanted(a OneArm, rate, threshold float64) (int64, bool) {
	shown := func(n int64) bool {
		return OneArm{Units: a.Units + n, Failures: a.Failures}.LogEPromote(rate) >= threshold
	}
	low, high := int64(0), int64(1)
	for !shown(high) {
		if low, high = high, high*2; high > 1e9 {
			return 0, false
		}
	}
	for low+1 < high {
		if mid := (low + high) / 2; shown(mid) {
			high = mid
		} else {
			low = mid
		}
	}
	return high, true
}

// eventsWanted is about how many more events show non-inferiority when the ratio is 1 and the share stays: what
// is missing, divided by the divergence per event from the margin's boundary.
func eventsWanted(plan Plan, m MetricVerdict, stages []Stage, metric Metric) (int64, bool) {
	_, margin := metric.Limits(plan)
	for i := len(stages) - 1; i >= 0; i-- {
		if !stages[i].Informs() {
			continue
		}
		p := stages[i].Share
		if metric.Good {
			p = 1 - p
		}
		n := (m.PromoteThreshold - m.LogEPromote) / anytime.EventInformation(p, margin)
		return int64(math.Ceil(n)), n > 0 && n < 1e9
	}
	return 0, false
}

// upper begins a sentence.
func upper(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

func decimal(x float64) string {
	if math.Abs(x) >= 1e5 || x != 0 && math.Abs(x) < 0.01 {
		return strconv.FormatFloat(x, 'g', 3, 64)
	}
	return strings.TrimSuffix(strconv.FormatFloat(x, 'f', 2, 64), ".00")
}

func percent(x float64) string { return strconv.FormatFloat(anytime.Settled(x*100), 'g', 4, 64) + " %" }

// count writes a number of units with its thousands grouped.
func count(n int64) string {
	digits := strconv.FormatInt(n, 10)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
