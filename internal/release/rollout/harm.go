package rollout

import (
	"math"

	"github.com/digital-factory/factory/internal/evidence"
	"github.com/digital-factory/factory/internal/evidence/anytime"
)

// LogE is the strongest evidence of harm that the stored verdict names.
func (r Rollout) LogE() float64 {
	if r.Verdict == nil {
		return 0
	}
	return LogE(r.Plan.Evidence, *r.Verdict)
}

// LogE is the evidence of harm in any metric: the sum of what the metrics found,
// each by its part of alpha. It begins at 0, and where one metric rolls back it
// has reached ln(1/alpha).
func LogE(p evidence.Plan, v evidence.Verdict) float64 {
	logs := make([]float64, 0, len(v.Metrics))
	for i, m := range v.Metrics {
		logs = append(logs, m.LogE+math.Log(p.Metrics[i].Weight*float64(len(v.Metrics))))
	}
	return anytime.Settled(anytime.LogAverage(logs))
}

// LogFine is how far the metric that is the farthest from being shown fine has
// come, on a scale where ln(1/beta) shows it.
func LogFine(p evidence.Plan, v evidence.Verdict) float64 {
	least := math.Inf(1)
	for i, m := range v.Metrics {
		if !p.Metrics[i].Guardrail && m.PromoteThreshold > 0 {
			least = min(least, max(m.LogEPromote, m.LogEAccepted)/m.PromoteThreshold)
		}
	}
	if math.IsInf(least, 1) {
		return 0
	}
	return anytime.Settled(-least * math.Log(p.Beta))
}

// Over is how far the evidence of harm of the worst metric is beyond what rolls
// back.
func Over(v evidence.Verdict) float64 {
	most := 0.0
	for i, m := range v.Metrics {
		if o := m.LogE - m.Threshold; i == 0 || o > most {
			most = o
		}
	}
	return most
}
