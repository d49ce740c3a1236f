package evidence

import (
	"fmt"
	"math"

	"github.com/digital-factory/factory/internal/evidence/anytime"
)

// Control is the check that the baseline is something to compare with: that it does not fail itself. Broken
// blocks promotion and widening, and a rollback by what a baseline that fails does not have (an order, a slow
// answer). A rollback because more of the canary's units fail stays possible.
type Control struct {
	// Metric that the baseline fails by: events for which the canary's units are counted too.
	Metric    string  `json:"metric"`
	LogE      float64 `json:"log_e"`
	Threshold float64 `json:"threshold"`
	Broken    bool    `json:"broken"`
	// Failed of Units units of the baseline failed, by their first exposure and first event; Canary are the same
	// counts of the canary's own units.
	Units  int64  `json:"units"`
	Failed int64  `json:"failed"`
	Canary OneArm `json:"canary"`
}

// controlRate is the share of the baseline's units that may fail for it to be a control.
func (p Plan) controlRate() float64 { return max(p.ControlRate, p.AcceptedRate) }

// own says whether a metric of failures is known of each arm alone: a unit that was exposed has failed or has not.
func own(m Metric, in MetricInput) bool { return m.Kind == Events && !m.Good && in.Arm.Units > 0 }

// checkControl weighs whether more of the baseline's units fail than a control may have. Hypothesis: each unit
// that is first exposed to the baseline fails there with a probability of at most the control rate. Guarantee:
// while it holds, P(ever broken) <= ControlAlpha. Over several metrics the one that says most is taken, each with
// an even part of ControlAlpha.
func checkControl(plan Plan, in Inputs) *Control {
	if plan.ControlAlpha == 0 || in.FirstVersion {
		return nil
	}
	var worst *Control
	judged := 0
	for _, m := range plan.Metrics {
		got := in.metric(m.Name)
		if !own(m, got) {
			continue
		}
		judged++
		c := &Control{Metric: m.Name, Canary: got.Arm}
		for _, e := range in.Exposures {
			c.Units += e.Baseline
		}
		_, c.Failed = total(got.Stages)
		c.Units = max(c.Units, c.Failed) // the report of a first exposure may be on its way
		c.LogE = anytime.Settled(anytime.OneArm{Units: c.Units, Failures: c.Failed}.LogE(plan.controlRate()))
		if worst == nil || c.LogE > worst.LogE {
			worst = c
		}
	}
	if worst != nil {
		worst.Threshold = anytime.Settled(math.Log(float64(judged) / plan.ControlAlpha))
		worst.Broken = worst.LogE >= worst.Threshold
	}
	return worst
}

// dead reports whether the baseline is nothing to compare with.
func (v Verdict) dead() bool { return v.Control != nil && v.Control.Broken }

// speaks says whether what a metric shows is the canary's doing also when the baseline fails: that more of its
// units fail than even the baseline's does, and so does that less good comes of it. That something slow, or told,
// is missing with units that got no answer does not.
func speaks(m Metric, in MetricInput) bool { return own(m, in) || m.Kind == Events && m.Good }

// uncompared is what a metric's verdict is while the baseline is nothing to compare with.
func uncompared(plan Plan, m Metric, in MetricInput, mv MetricVerdict) MetricVerdict {
	if mv.Decision == RollBack && speaks(m, in) {
		return mv
	}
	mv.Decision, mv.Basis = Hold, ""
	if !plan.Repair {
		return mv
	}
	if mv.Basis = ownBasis(plan, m, mv); mv.Basis == "" && m.Guardrail {
		mv.Basis = basisAside
	}
	if mv.Basis != "" {
		mv.Decision = Promote
	}
	return mv
}

// together says whether the canary is shown to fail too.
func (c Control) together(plan Plan) bool {
	return c.Canary.LogE(plan.controlRate()) >= math.Log(20)
}

// text says it with its numbers.
func (c Control) text(plan Plan) string {
	who := "The baseline fails itself"
	if c.together(plan) {
		who = "Both versions fail together"
	}
	return fmt.Sprintf("%s: %s of %s units of the baseline had %s, and %s of %s of the canary. ", who, count(c.Failed), count(c.Units), c.Metric, count(c.Canary.Failures), count(c.Canary.Units))
}

func explainControl(plan Plan, c Control) (reason, waiting string) {
	text := c.text(plan)
	reason = fmt.Sprintf("Hold: %sThe evidence that more than %s of the baseline's units fail (log E %s) has reached its threshold %s, which happens to a baseline that does not in at most %s of rollouts. There is nothing sound to compare the canary with: it is not promoted by a comparison, and not rolled back for what a failing baseline does not have.",
		text, percent(plan.controlRate()), decimal(c.LogE), decimal(c.Threshold), percent(plan.ControlAlpha))
	if c.together(plan) {
		return reason, text + "That points at something they share: a database, a partner, the machine. Mend that, then start the rollout afresh."
	}
	return reason, text + "There is nothing to compare with. Find out what ails the baseline, then start the rollout afresh; when this version is the repair, start it as a hotfix, which is then judged by its own units."
}
