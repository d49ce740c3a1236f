package evidence

import "testing"

var rampCounts = []Stage{{Share: 0.01, Canary: 1, Baseline: 90}, {Share: 0.05, Canary: 10, Baseline: 190}, {Share: 0.25, Canary: 60, Baseline: 190}, {Share: 1, Canary: 300, Baseline: 0}}

func BenchmarkDecide(b *testing.B) {
	plan := DefaultPlan()
	in := Inputs{Metrics: []MetricInput{{Name: "failures", Stages: rampCounts, Arm: OneArm{Units: 3000, Failures: 70}}}}
	for b.Loop() {
		Decide(plan, in)
	}
}

func BenchmarkDecideEveryKind(b *testing.B) {
	plan, in := kinds(), Inputs{Metrics: fineInputs()}
	for b.Loop() {
		Decide(plan, in)
	}
}
