package main

import (
	"fmt"
	"math/rand/v2"

	"github.com/digital-factory/factory/internal/evidence"
	"github.com/digital-factory/factory/internal/evidence/anytime"
)

// fourKinds is a plan with a metric of every kind; alpha and beta are those of the platform.
func fourKinds() evidence.Plan {
	p := evidence.DefaultPlan()
	p.AcceptedRate, p.Margin = 0, 1
	p.Metrics = evidence.EvenWeights([]evidence.Metric{
		{Name: "failures"},
		{Name: "orders", Kind: evidence.Proportion, Usual: 0.2, Good: true, Guardrail: true},
		{Name: "latency", Kind: evidence.Histogram, Edges: latencyEdges, Guardrail: true},
		{Name: "revenue", Kind: evidence.Mean, Usual: 5.91, Bounds: &anytime.Bounds{High: 100}, Good: true, Guardrail: true},
	})
	return p
}

// traffic draws what new units do, with failures at the given ratio in the canary, and counts each unit once.
func traffic(rng *rand.Rand, in *evidence.Inputs, units int, ratio float64) {
	k := len(in.Exposures) - 1
	exposure := &in.Exposures[k]
	failures, orders, latency, revenue := &in.Metrics[0].Stages[k], &in.Metrics[1].Outcomes[k], &in.Metrics[2].Histogram[k], &in.Metrics[3].Means[k]
	for range units {
		canary := rng.Float64() < exposure.Share
		risk, buckets, spent := 0.02, latency.Baseline, &revenue.Baseline
		if canary {
			exposure.Canary++
			exposure.Served++
			in.Metrics[0].Arm.Units++
			risk, buckets, spent = risk*ratio, latency.Canary, &revenue.Canary
		} else {
			exposure.Baseline++
		}
		failed := rng.Float64() < risk
		switch {
		case failed && canary:
			failures.Canary++
			in.Metrics[0].Arm.Failures++
		case failed:
			failures.Baseline++
		}
		value, bucket := purchase(rng), 0
		for x := rng.ExpFloat64(); bucket < len(latencyEdges) && x > latencyEdges[bucket].At; {
			bucket++
		}
		buckets[bucket]++
		spent.Add(value)
		switch {
		case canary && value > 0:
			orders.CanaryYes++
		case canary:
			orders.CanaryNo++
		case value > 0:
			orders.BaselineYes++
		default:
			orders.BaselineNo++
		}
	}
}

func open(in *evidence.Inputs, share float64) {
	stage := anytime.Stage{Share: share}
	in.Exposures = append(in.Exposures, evidence.Exposure{Stage: stage})
	in.Metrics[0].Stages = append(in.Metrics[0].Stages, stage)
	in.Metrics[1].Outcomes = append(in.Metrics[1].Outcomes, anytime.OutcomeStage{Share: share})
	n := len(latencyEdges) + 1
	in.Metrics[2].Histogram = append(in.Metrics[2].Histogram, anytime.HistogramStage{Share: share, Canary: make([]int64, n), Baseline: make([]int64, n)})
	in.Metrics[3].Means = append(in.Metrics[3].Means, anytime.MeanStage{Share: share})
}

// decideAll plays whole rollouts by Decide under the plan of four kinds, with verdicts after every 100 units.
func decideAll(rng *rand.Rand, plan evidence.Plan, ratio float64) evidence.Decision {
	in := evidence.Inputs{Metrics: make([]evidence.MetricInput, len(plan.Metrics))}
	for i, m := range plan.Metrics {
		in.Metrics[i].Name = m.Name
	}
	for _, share := range []float64{0.05, 0.25, 0.5} {
		open(&in, share)
		for range 8 {
			traffic(rng, &in, 100, ratio)
			if v := evidence.Decide(plan, in); v.Decision != evidence.Hold {
				return v.Decision
			}
		}
	}
	return evidence.Hold
}

func (b *bench) whole() {
	plan := fourKinds()
	b.level("false rollback by a plan with four kinds of metrics, ramp 5, 25, 50 %, alpha 1 %", plan.Alpha, func(rng *rand.Rand) bool {
		return decideAll(rng, plan, 1) == evidence.RollBack
	})
	b.level("wrong promotion by that plan, failures at the margin of 100 %, beta 5 %", plan.Beta, func(rng *rand.Rand) bool {
		return decideAll(rng, plan, 2) == evidence.Promote
	})
}

// empty asks for verdicts where one metric of a loose plan has no data while the others are fine beyond doubt.
func (b *bench) empty() {
	hits, _ := share(each(b, max(b.runs, 10_000), func(rng *rand.Rand) bool {
		plan := fourKinds()
		plan.Alpha, plan.Beta, plan.MinimumUnits = rng.Float64(), rng.Float64(), rng.Int64N(2)
		plan.MaxHarm, plan.SufficientUnits, plan.AcceptedRate = rng.Float64(), 1+rng.Int64N(100), rng.Float64()
		for i := range plan.Metrics {
			plan.Metrics[i].Guardrail = rng.IntN(2) == 0
			plan.Metrics[i].Margin = 1 + 20*rng.Float64()
		}
		plan.Metrics[rng.IntN(len(plan.Metrics))].Guardrail = false
		const many = 100_000
		in := evidence.Inputs{Metrics: []evidence.MetricInput{
			{Name: "failures", Arm: anytime.OneArm{Units: many}, Stages: []anytime.Stage{{Share: 0.5, Canary: 100, Baseline: 1000}}},
			{Name: "orders", Outcomes: []anytime.OutcomeStage{{Share: 0.5, CanaryYes: many / 2, CanaryNo: many / 2, BaselineYes: many / 2, BaselineNo: many / 2}}},
			{Name: "latency", Histogram: []anytime.HistogramStage{{Share: 0.5, Canary: []int64{many, many, 1000, 100}, Baseline: []int64{many, many, 1000, 100}}}},
			{Name: "revenue", Means: []anytime.MeanStage{{Share: 0.5, Canary: anytime.Moments{Units: many, Sum: 6 * many, Squares: 50 * many}, Baseline: anytime.Moments{Units: many, Sum: 6 * many, Squares: 50 * many}}}},
		}}
		k := rng.IntN(len(in.Metrics))
		if in.Metrics[k] = (evidence.MetricInput{Name: in.Metrics[k].Name}); rng.IntN(2) == 0 {
			in.Metrics = append(in.Metrics[:k], in.Metrics[k+1:]...)
		}
		return evidence.Decide(plan, in).Decision == evidence.Promote
	}))
	b.checks = append(b.checks, check{"promotions while a metric has no data", fmt.Sprintf("%d of %d", hits, max(b.runs, 10_000)), "none", hits == 0})
}
