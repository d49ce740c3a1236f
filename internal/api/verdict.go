package api

import (
	"time"

	"github.com/digital-factory/factory/client"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/evidence"
	"github.com/digital-factory/factory/internal/release"
	"github.com/digital-factory/factory/internal/release/plan"
)

// plannedMetrics are the metrics of a plan with what is counted for each.
func plannedMetrics(p plan.Plan) []client.PlannedMetric {
	out := make([]client.PlannedMetric, len(p.Evidence.Metrics))
	for i, m := range p.Evidence.Metrics {
		tolerance, margin := m.Limits(p.Evidence)
		out[i] = client.PlannedMetric{
			Name: m.Name, Kind: kindOf(p, m.Name), Role: "primary", Better: "less", Unit: m.Unit, Weight: m.Weight, Margin: margin, Tolerance: tolerance,
			Usual: m.Usual, Edges: mapped(m.Edges, func(e evidence.Edge) float64 { return e.At }),
		}
		if m.Guardrail {
			out[i].Role = "guardrail"
		}
		if m.Good {
			out[i].Better = "more"
		}
		if i < len(p.Sources) {
			out[i].Event, out[i].Where, out[i].Value = p.Sources[i].Event, p.Sources[i].Where, p.Sources[i].Value
		}
	}
	return out
}

// kindOf is what is counted for a metric of the plan.
func kindOf(p plan.Plan, name string) string {
	for i, m := range p.Evidence.Metrics {
		if m.Name == name && i < len(p.Sources) {
			return string(p.Sources[i].Kind)
		}
	}
	return string(plan.ServerErrors)
}

func verdict(p plan.Plan, v evidence.Verdict) client.Verdict {
	var control *client.ControlCheck
	if c := v.Control; c != nil {
		control = &client.ControlCheck{Metric: c.Metric, Units: c.Units, Failed: c.Failed, LogE: c.LogE, Threshold: c.Threshold, Broken: c.Broken}
	}
	return client.Verdict{
		Decision: string(v.Decision), Reason: v.Reason, Waiting: v.Waiting, SplitLogE: v.SampleRatio.LogE, SplitThreshold: v.SampleRatio.Threshold,
		SplitBroken: v.SampleRatio.Broken, Control: control, HarmNotRuledOut: v.HarmNotRuledOut,
		Metrics: mapped(v.Metrics, func(m evidence.MetricVerdict) client.MetricVerdict {
			out := client.MetricVerdict{
				Name: m.Name, Kind: kindOf(p, m.Name), Decision: string(m.Decision), LogE: m.LogE, Threshold: m.Threshold, LogEPromote: m.LogEPromote,
				LogEAccepted: m.LogEAccepted, PromoteThreshold: m.PromoteThreshold, Basis: m.Basis, Canary: m.Canary, Baseline: m.Baseline, Expected: m.Expected,
				RatioLow: m.RatioLow, RatioHigh: m.RatioHigh, Units: m.Arm.Units, Failures: m.Arm.Failures, RateUpper: m.RateUpper,
				Edges: mapped(m.Edges, func(e evidence.EdgeVerdict) client.EdgeVerdict {
					return client.EdgeVerdict{At: e.At, Canary: e.Canary, Baseline: e.Baseline, LogE: e.LogE}
				}),
			}
			if m.Watched != nil {
				out.Watched = &client.ArmUnits{Canary: m.Watched.Canary, Baseline: m.Watched.Baseline}
			}
			if e := m.Effect; e != nil {
				out.Effect = &client.Difference{Estimate: e.Estimate, Low: e.Low, High: e.High, Level: 1 - p.Evidence.IntervalAlpha}
			}
			return out
		}),
	}
}

// plannedStages are the stages of a plan with the approvals that were given.
func plannedStages(p plan.Plan, given []release.Approval) []client.PlannedStage {
	out := make([]client.PlannedStage, len(p.Stages))
	for k, s := range p.Stages {
		out[k] = client.PlannedStage{Share: s.Share, Units: p.Minimum(k), Approval: s.Approval}
		if s.Soak > 0 {
			out[k].Soak = time.Duration(s.Soak).String()
		}
		if c := s.Cohort; c != nil && c.Found != nil {
			out[k].Cohort = &client.PlannedCohort{Who: c.String(), Units: c.Found.Units, Lowest: c.Found.Lowest, Digest: c.Found.Digest}
		}
		for _, a := range given {
			if a.Stage == k {
				out[k].Approved = &client.Approval{By: a.Name, Reason: a.Reason, At: store.Time(a.At)}
			}
		}
	}
	return out
}
