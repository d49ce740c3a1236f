package evidence

import (
	"testing"
	"unsafe"
)

func BenchmarkTestEvent(b *testing.B) {
	test := NewTest(0.05, 0, 0.5)
	b.ReportMetric(float64(unsafe.Sizeof(test)), "bytes/test")
	i := 0
	for b.Loop() {
		i++
		test.Event(i%20 == 0)
	}
}

func BenchmarkTestVerdict(b *testing.B) {
	test := NewTest(0.05, 0, 0.5)
	for i := range 400 {
		test.Event(i%20 == 0)
	}
	sum := 0.0
	for b.Loop() {
		sum += test.LogE() + test.LogEPromote()
	}
	_ = sum
}

var rampCounts = []Stage{{0.01, 1, 90}, {0.05, 10, 190}, {0.25, 60, 190}, {1, 300, 0}}

func BenchmarkLogE(b *testing.B) {
	for b.Loop() {
		LogE(rampCounts, 0)
	}
}

func BenchmarkRatioInterval(b *testing.B) {
	for b.Loop() {
		RatioInterval(rampCounts, 0.05)
	}
}

func BenchmarkDecide(b *testing.B) {
	plan := DefaultPlan()
	in := Inputs{Metrics: []MetricInput{{Name: "failures", Stages: rampCounts, Arm: OneArm{Units: 3000, Failures: 70}}}}
	for b.Loop() {
		Decide(plan, in)
	}
}

func BenchmarkEffect(b *testing.B) {
	strata := []OutcomeStage{{0.05, 40, 60, 700, 1200}, {0.25, 200, 300, 600, 900}}
	for b.Loop() {
		Effect(strata, 0.05)
	}
}
