package anytime

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"

	"github.com/digital-factory/factory/internal/evidence/simulate"
)

// Whatever the bet, the share and the truth inside the hypothesis: one more unit does not raise the evidence on
// average. That is the definition of evidence, checked over the whole of both hypotheses.
func TestProportionBetsAreFair(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 20))
	for range 50_000 {
		rho, usual, k := rng.Float64(), math.Pow(rng.Float64(), 3), 0.5+2*rng.Float64()
		if rng.IntN(3) == 0 {
			k = 1
		}
		direction := more
		if rng.IntN(2) == 0 {
			direction = fewer
		}
		pay := payoff(rho, usual, k, direction, rng.IntN(proportionBets))
		baseline := rng.Float64()
		boundary := k * baseline
		canary := boundary * rng.Float64()
		if direction == fewer {
			canary = boundary + (1-boundary)*rng.Float64()
		}
		if rng.IntN(3) == 0 {
			canary = boundary
		}
		if canary > 1 {
			continue
		}
		mean := rho*(canary*math.Exp(pay.canaryYes)+(1-canary)*math.Exp(pay.canaryNo)) +
			(1-rho)*(baseline*math.Exp(pay.baselineYes)+(1-baseline)*math.Exp(pay.baselineNo))
		if !(mean <= 1+1e-9) || k == 1 && canary == boundary && math.Abs(mean-1) > 1e-9 {
			t.Fatalf("rho %v, usual %v, k %v, direction %v: truth %v and %v gives %v", rho, usual, k, direction, canary, baseline, mean)
		}
	}
}

// outcomeRamp plays a ramp of units with an outcome each and hands the test over after each, until told to stop.
func outcomeRamp(rng *rand.Rand, usual, baseline, ratio, margin float64, perStage int, look func(test *ProportionTest, canary, yes bool) (stop bool)) bool {
	shares := []float64{0.05, 0.25, 0.5}
	test := NewProportionTest(shares[0], usual, 0, margin)
	for k, share := range shares {
		if k > 0 {
			test.Widen(share)
		}
		drift := 1 - 0.4*float64(k)*rng.Float64() // of both arms
		for range perStage {
			canary := rng.Float64() < share
			p := baseline * drift
			if canary {
				p *= ratio
			}
			yes := rng.Float64() < p
			test.Unit(canary, yes)
			if look(&test, canary, yes) {
				return true
			}
		}
	}
	return false
}

func TestProportionKeepsBothErrors(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ usual, baseline float64 }{{0.3, 0.3}, {0.02, 0.6}, {0.5, 0.02}} {
		const n, level = 1200, 0.1
		harm, _ := simulate.Runs(n, 21, func(rng *rand.Rand) (bool, float64) {
			return outcomeRamp(rng, c.usual, c.baseline, 1, 0.25, 80, func(test *ProportionTest, canary, yes bool) bool {
				return canary == yes && test.LogE() >= -math.Log(level)
			}), 0
		})
		simulate.AtMost(t, fmt.Sprintf("usual %v, baseline %v: rolled back without a change", c.usual, c.baseline), harm, n, level)
		wrong, _ := simulate.Runs(n, 22, func(rng *rand.Rand) (bool, float64) {
			return outcomeRamp(rng, c.usual, c.baseline, 1.25, 0.25, 60, func(test *ProportionTest, canary, yes bool) bool {
				return canary != yes && test.LogEPromote() >= -math.Log(level)
			}), 0
		})
		simulate.AtMost(t, fmt.Sprintf("usual %v, baseline %v: promoted at the margin", c.usual, c.baseline), wrong, n, level)
	}
}

// Where yes is common the test needs no more than 1.5 times the units of a test that knows both shares.
func TestProportionDetection(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ rho, baseline, canary float64 }{{0.5, 0.3, 0.45}, {0.25, 0.5, 0.65}, {0.05, 0.1, 0.2}, {0.5, 0.02, 0.05}} {
		const n, alpha = 200, 0.01
		found, units := simulate.Runs(n, 23, func(rng *rand.Rand) (bool, float64) {
			test := NewProportionTest(c.rho, c.baseline, 0, 1)
			for i := 1; i < 20_000; i++ {
				canary, p := rng.Float64() < c.rho, c.baseline
				if canary {
					p = c.canary
				}
				yes := rng.Float64() < p
				test.Unit(canary, yes)
				if canary == yes && test.LogE() >= -math.Log(alpha) {
					return true, float64(i)
				}
			}
			return false, 0
		})
		// The information of a unit against the closest harmless truth: the arms alike at their pooled share.
		pooled := c.rho*c.canary + (1-c.rho)*c.baseline
		kl := func(p, q float64) float64 { return p*math.Log(p/q) + (1-p)*math.Log((1-p)/(1-q)) }
		bound := -math.Log(alpha) / (c.rho*kl(c.canary, pooled) + (1-c.rho)*kl(c.baseline, pooled))
		mean := units / n
		t.Logf("%+v: %.0f units, bound %.0f, %.2f times", c, mean, bound, mean/bound)
		if found < n || mean > 1.55*bound {
			t.Errorf("%+v: found in %d of %d, %.0f units on average, %.2f times the bound", c, found, n, mean, mean/bound)
		}
	}
}

func TestProportionTestEqualsTheFunctionsToTheBit(t *testing.T) {
	t.Parallel()
	if size := unsafe.Sizeof(ProportionTest{}); size >= 1024 {
		t.Fatalf("a live test takes %d bytes", size)
	}
	for seed := range uint64(60) {
		rng := rand.New(rand.NewPCG(seed, 24))
		usual, tolerance, margin := rng.Float64(), rng.Float64()/2, 0.5+rng.Float64()
		var stages []OutcomeStage
		var test ProportionTest
		for range 1 + rng.IntN(4) {
			share := rng.Float64()
			if rng.IntN(5) == 0 {
				share = 1
			}
			if stages = append(stages, OutcomeStage{Share: share}); len(stages) == 1 {
				test = NewProportionTest(share, usual, tolerance, margin)
			} else {
				test.Widen(share)
			}
			for range rng.IntN(40) {
				canary, yes := rng.Float64() < share, rng.IntN(3) == 0
				one := ProportionTest{}
				one.Stage = stages[len(stages)-1]
				one.Unit(canary, yes)
				stages[len(stages)-1] = one.Stage
				test.Unit(canary, yes)
			}
			var again ProportionTest
			fromJSON(t, asJSON(t, test), &again)
			for _, got := range []ProportionTest{test, again} {
				if l, want := got.LogE(), LogEProportion(stages, usual, tolerance); l != want {
					t.Fatalf("seed %d, %+v: LogE %v, function %v", seed, stages, l, want)
				}
				if l, want := got.LogEPromote(), LogEProportionPromote(stages, usual, margin); l != want {
					t.Fatalf("seed %d, %+v: LogEPromote %v, function %v", seed, stages, l, want)
				}
			}
			test = again
		}
	}
	for _, text := range []string{`{"usual":0.1,"units":0,"stage":{"share":0.5}}`, `{"usual":0.1,"units":50,"stage":{"share":7}}`, `[]`} {
		if err := new(ProportionTest).UnmarshalJSON([]byte(text)); err == nil {
			t.Fatalf("%s was read as a test", text)
		}
	}
}
