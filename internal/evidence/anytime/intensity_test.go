package anytime

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/digital-factory/factory/internal/evidence/simulate"
)

// Crashes over hours of flight, looked at after each and before each.
func TestIntensityKeepsBothErrors(t *testing.T) {
	t.Parallel()
	const n, level = 4000, 0.1
	play := func(rng *rand.Rand, look func(before, after Intensity) bool) bool {
		var i Intensity
		for i.Expected < 50 {
			i.Expected += rng.ExpFloat64()
			before := i
			i.Events++
			if look(before, i) {
				return true
			}
		}
		return false
	}
	harm, _ := simulate.Runs(n, 50, func(rng *rand.Rand) (bool, float64) {
		return play(rng, func(_, after Intensity) bool { return after.LogE() >= -math.Log(level) }), 0
	})
	simulate.AtMost(t, "rolled back at the accepted intensity", harm, n, level)
	wrong, _ := simulate.Runs(n, 51, func(rng *rand.Rand) (bool, float64) {
		return play(rng, func(before, _ Intensity) bool { return before.LogEPromote() >= -math.Log(level) }), 0
	})
	simulate.AtMost(t, "promoted at the accepted intensity", wrong, n, level)
	missed, _ := simulate.Runs(300, 52, func(rng *rand.Rand) (bool, float64) {
		return play(rng, func(before, after Intensity) bool {
			_, high := before.Interval(0.1)
			low, _ := after.Interval(0.1)
			return low > 1 || high < 1
		}), 0
	})
	simulate.AtMost(t, "intensity outside its interval", missed, 300, 0.1)
}

// Over all that a stretch of exposure can bring at the accepted intensity, the evidence is 1 on average.
func TestIntensityIsFair(t *testing.T) {
	t.Parallel()
	for _, expected := range []float64{0.01, 1, 4} {
		harm, fine := 0.0, 0.0
		probability := -expected // its logarithm
		for n := range int64(2000) {
			i := Intensity{n, expected}
			harm += math.Exp(probability + i.LogE())
			fine += math.Exp(probability + i.LogEPromote())
			probability += math.Log(expected / float64(n+1))
		}
		near(t, "mean evidence of harm", harm, 1, 1e-9)
		near(t, "mean evidence of being fine", fine, 1, 1e-9)
	}
}

func TestIntensityDetection(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ ratio, most float64 }{{2, 18}, {5, 1.7}} {
		const n = 1000
		_, sum := simulate.Runs(n, 53, func(rng *rand.Rand) (bool, float64) {
			var i Intensity
			for {
				i.Expected += rng.ExpFloat64() / c.ratio
				if i.Events++; i.LogE() >= -math.Log(0.01) {
					return true, i.Expected
				}
			}
		})
		wald := -math.Log(0.01) / (c.ratio*math.Log(c.ratio) - (c.ratio - 1))
		t.Logf("ratio %v: %.2f expected events, Wald %.2f", c.ratio, sum/n, wald)
		if sum/n > c.most {
			t.Errorf("ratio %v: %.2f expected events on average, want at most %v", c.ratio, sum/n, c.most)
		}
	}
}

// The closed form of the mixture is the integral over the Gamma(1/2, 1/2) prior.
func TestIntensityIntervalAgainstDirectIntegration(t *testing.T) {
	t.Parallel()
	for _, i := range []Intensity{{7, 3}, {0, 4}, {120, 100}} {
		n, l := float64(i.Events), i.Expected
		sum, step := 0.0, 1e-4 // over x = sqrt(r), where the prior has no pole
		norm := math.Sqrt(0.5) / math.Sqrt(math.Pi)
		for x := step / 2; x < 8; x += step {
			r := x * x
			sum += math.Exp(n*math.Log(r)-r*l-0.5*r) * norm * 2 * step
		}
		low, high := i.Interval(0.05)
		for _, r := range []float64{low, high} {
			if r > 0 {
				near(t, "evidence at the bound", math.Log(sum)-n*math.Log(r)+r*l, math.Log(20), 1e-6)
			}
		}
	}
	for _, i := range []Intensity{{}, {Events: 3}, {-1, 2}, {1, math.NaN()}} {
		if low, high := i.Interval(0.05); low != 0 || high != MaxRatio {
			t.Fatalf("%+v gives %v..%v", i, low, high)
		}
	}
}

func TestFailingInGroup(t *testing.T) {
	t.Parallel()
	const group, n = 300, 200
	for _, failing := range []int{0, 6, 150} {
		missed, _ := simulate.Runs(n, 54, func(rng *rand.Rand) (bool, float64) {
			var arm OneArm
			for _, device := range rng.Perm(group) {
				arm.Units++
				if device < failing {
					arm.Failures++
				}
				if arm.Units%20 > 0 {
					continue
				}
				if low, high := arm.FailingInGroup(group, 0.1); int64(failing) < low || int64(failing) > high {
					return true, 0
				}
			}
			return false, 0
		})
		simulate.AtMost(t, "failing devices outside their interval", missed, n, 0.1)
	}
	for _, c := range []struct {
		arm       OneArm
		low, high int64
	}{{OneArm{}, 0, 300}, {OneArm{300, 7}, 7, 7}, {OneArm{301, 7}, 0, 300}, {OneArm{-1, 0}, 0, 300}} {
		if low, high := c.arm.FailingInGroup(group, 0.1); low != c.low || high != c.high {
			t.Fatalf("%+v: %d..%d, want %d..%d", c.arm, low, high, c.low, c.high)
		}
	}
	// What has been seen of a group narrows it more than the same of an endless stream.
	arm := OneArm{250, 5}
	_, high := arm.FailingInGroup(group, 0.05)
	if _, rate := arm.RateInterval(0.05); float64(high)/group > 0.8*rate {
		t.Fatalf("at most %d of %d fail, against a rate of at most %v", high, group, rate)
	}
}
