package anytime

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

func BenchmarkEffect(b *testing.B) {
	strata := []OutcomeStage{{0.05, 40, 60, 700, 1200}, {0.25, 200, 300, 600, 900}}
	for b.Loop() {
		Effect(strata, 0.05)
	}
}

func BenchmarkProportionUnit(b *testing.B) {
	test := NewProportionTest(0.05, 0.1, 0, 0.5)
	b.ReportMetric(float64(unsafe.Sizeof(test)), "bytes/test")
	i := 0
	for b.Loop() {
		i++
		test.Unit(i%20 == 0, i%7 == 0)
	}
}

// One edge of a histogram is one such test.
func BenchmarkProportionVerdict(b *testing.B) {
	test := NewProportionTest(0.05, 0.1, 0, 0.5)
	for i := range 400 {
		test.Unit(i%20 == 0, i%7 == 0)
	}
	sum := 0.0
	for b.Loop() {
		sum += test.LogE() + test.LogEPromote()
	}
	_ = sum
}

func BenchmarkLogEProportion(b *testing.B) {
	stages := []OutcomeStage{{0.05, 10, 40, 200, 800}, {0.25, 60, 190, 150, 600}}
	for b.Loop() {
		LogEProportion(stages, 0.2, 0)
	}
}

func BenchmarkMeanAdd(b *testing.B) {
	stage := MeanStage{Share: 0.05}
	for b.Loop() {
		stage.Baseline.Add(3.5)
	}
}

func BenchmarkMeanVerdict(b *testing.B) {
	stages := []MeanStage{{0.05, Moments{60, 1200, 30_000}, Moments{900, 18_000, 450_000}}, {0.25, Moments{200, 4000, 100_000}, Moments{600, 12_000, 300_000}}}
	b.ReportMetric(float64(unsafe.Sizeof(stages[0]))*4, "bytes/test")
	for b.Loop() {
		LogEMean(stages, Bounds{0, 100}, 20, 0)
		LogEMeanPromote(stages, Bounds{0, 100}, 20, 2)
	}
}

func BenchmarkIntensityVerdict(b *testing.B) {
	i := Intensity{30, 24.5}
	for b.Loop() {
		i.LogE()
		i.LogEPromote()
	}
}

func BenchmarkDetectorUnit(b *testing.B) {
	d := NewDetector(0.01)
	b.ReportMetric(float64(unsafe.Sizeof(d)), "bytes/test")
	for b.Loop() {
		d.Unit(false)
	}
}

func BenchmarkDetectorMinute(b *testing.B) {
	d := NewDetector(0.01)
	for b.Loop() {
		d.Units(OneArm{300, 3})
	}
}

func BenchmarkDetectorAlarm(b *testing.B) {
	d := NewDetector(0.01)
	d.Units(OneArm{300, 3})
	for b.Loop() {
		d.Alarm(1e6)
	}
}

// A hundred thousand live tests, each with an event and both verdicts every second, on one core: one turn must
// take less than a second.
func BenchmarkHundredThousandTests(b *testing.B) {
	tests := make([]Test, 100_000)
	for i := range tests {
		tests[i] = NewTest(0.05, 0, 0.5)
	}
	sum := 0.0
	for b.Loop() {
		for i := range tests {
			tests[i].Event(i%20 == 0)
			sum += tests[i].LogE() + tests[i].LogEPromote()
		}
	}
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/turn")
	_ = sum
}
