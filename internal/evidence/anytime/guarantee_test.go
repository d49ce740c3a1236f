package anytime

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/digital-factory/factory/internal/evidence/simulate"
)

// The guarantees hold for every alpha and beta, so they are tested at large ones: a flaw shows in a tenth of the
// runs. bench/evidence plays ten thousand and more at the levels that are used.
const runs = 1_200

// A release that changes nothing, looked at after every event of a whole ramp under a daily swing of load.
func TestFalseRollbacksStayBelowAlpha(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name             string
		alpha, tolerance float64
		ratio            float64
		runs             int
	}{
		{"no change", 0.1, 0, 1, 2 * runs},
		{"at the tolerance", 0.1, 0.25, 1.25, runs},
		{"better than before", 0.05, 0, 0.8, runs / 4},
	} {
		r := ramp1to100
		r.ratio, r.failures = c.ratio, 200
		threshold := -math.Log(c.alpha)
		hits, _ := simulate.Runs(c.runs, 1, func(rng *rand.Rand) (bool, float64) {
			test, at, fired := NewTest(r.shares[0], c.tolerance, 1), 0, false
			r.play(rng, func(stage int, canary bool) bool {
				for ; at < stage; at++ {
					test.Widen(r.shares[at+1])
				}
				test.Event(canary)
				fired = canary && test.LogE() >= threshold // only a canary's event can raise it
				return fired
			})
			return fired, 0
		})
		simulate.AtMost(t, c.name, hits, c.runs, c.alpha)
	}
}

// The other kind of error: a release exactly as bad as the margin must not be promoted.
func TestWrongPromotionsStayBelowBeta(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ margin, beta float64 }{{0.5, 0.1}, {1, 0.1}} {
		r := ramp1to100
		r.ratio, r.failures = 1+c.margin, 80
		threshold := -math.Log(c.beta)
		hits, _ := simulate.Runs(2*runs, 2, func(rng *rand.Rand) (bool, float64) {
			test, at, fired := NewTest(r.shares[0], 0, c.margin), 0, false
			r.play(rng, func(stage int, canary bool) bool {
				for ; at < stage; at++ {
					test.Widen(r.shares[at+1])
				}
				test.Event(canary)
				fired = !canary && test.LogEPromote() >= threshold
				return fired
			})
			return fired, 0
		})
		simulate.AtMost(t, "promoted at the margin", hits, 2*runs, c.beta)
	}
}

func TestOneArmKeepsBothErrors(t *testing.T) {
	t.Parallel()
	const rate, alpha, beta, units = 0.02, 0.1, 0.1, 900
	harm, _ := simulate.Runs(4*runs, 3, func(rng *rand.Rand) (bool, float64) {
		var arm OneArm
		for arm.Units < units {
			arm.Units++
			if rng.Float64() < rate {
				arm.Failures++
				if arm.LogE(rate) >= -math.Log(alpha) {
					return true, 0
				}
			}
		}
		return false, 0
	})
	simulate.AtMost(t, "rolled back at the accepted rate", harm, 4*runs, alpha)
	promoted, _ := simulate.Runs(4*runs, 4, func(rng *rand.Rand) (bool, float64) {
		var arm OneArm
		for arm.Units < units {
			arm.Units++
			if rng.Float64() < rate {
				// Evidence for promotion is highest just before a failure.
				if before := (OneArm{arm.Units - 1, arm.Failures}); before.LogEPromote(rate) >= -math.Log(beta) {
					return true, 0
				}
				arm.Failures++
			}
		}
		return arm.LogEPromote(rate) >= -math.Log(beta), 0
	})
	simulate.AtMost(t, "promoted at the accepted rate", promoted, 4*runs, beta)
}

func TestRateIntervalHoldsAtEveryLook(t *testing.T) {
	t.Parallel()
	for _, rate := range []float64{0.002, 0.05, 0.6} {
		const n = 400
		missed, _ := simulate.Runs(n, 5, func(rng *rand.Rand) (bool, float64) {
			var arm OneArm
			for arm.Units < 1000 {
				arm.Units++
				if rng.Float64() < rate {
					arm.Failures++
				}
				if arm.Units%50 == 0 {
					if low, high := arm.RateInterval(0.05); rate < low || rate > high {
						return true, 0
					}
				}
			}
			return false, 0
		})
		simulate.AtMost(t, "rate outside its interval", missed, n, 0.05)
	}
}

func TestRatioIntervalHoldsAtEveryLook(t *testing.T) {
	t.Parallel()
	for _, ratio := range []float64{0.5, 1, 3} {
		const n = 300
		r := ramp1to100
		r.ratio, r.failures = ratio, 400
		missed, _ := simulate.Runs(n, 6, func(rng *rand.Rand) (bool, float64) {
			stages := make([]Stage, len(r.shares))
			for i := range stages {
				stages[i].Share = r.shares[i]
			}
			seen, out := 0, false
			r.play(rng, func(stage int, canary bool) bool {
				if canary {
					stages[stage].Canary++
				} else {
					stages[stage].Baseline++
				}
				if seen++; seen%40 == 0 && stage < 3 {
					low, high := RatioInterval(stages, 0.05)
					out = ratio < low || ratio > high
				}
				return out
			})
			return out, 0
		})
		simulate.AtMost(t, "ratio outside its interval", missed, n, 0.05)
	}
}

func TestSampleRatioCheck(t *testing.T) {
	t.Parallel()
	const alpha = 0.1
	play := func(rng *rand.Rand, lost float64) bool {
		stages := []Stage{{Share: 0.01}, {Share: 0.05}, {Share: 0.25}, {Share: 0.5}}
		for k := range stages {
			s := &stages[k]
			for i := range 500 {
				if rng.Float64() >= s.Share {
					s.Baseline++
				} else if rng.Float64() >= lost {
					s.Canary++
				}
				if i%25 == 0 && SampleRatioLogE(stages) >= -math.Log(alpha) {
					return true
				}
			}
		}
		return false
	}
	intact, _ := simulate.Runs(runs, 7, func(rng *rand.Rand) (bool, float64) { return play(rng, 0), 0 })
	simulate.AtMost(t, "intact split called broken", intact, runs, alpha)
	const n = 100
	found, _ := simulate.Runs(n, 8, func(rng *rand.Rand) (bool, float64) { return play(rng, 0.5), 0 })
	if found < n*99/100 {
		t.Fatalf("a canary that loses half of its units was noticed in %d of %d runs", found, n)
	}
	if SampleRatioLogE([]Stage{{1, 500, 1}}) < 1000 {
		t.Fatal("a unit in the baseline of a full rollout went unnoticed")
	}
}

// Sticky units that always fail, under a share that only grows. Counted once per rollout the false rollbacks
// stay below alpha; counted once per arm every harmless release is rolled back, which is why Stage is defined
// as it is.
func TestAlwaysFailingUnits(t *testing.T) {
	t.Parallel()
	const alpha, units, perStage = 0.1, 300, 500
	shares := []float64{0.01, 0.05, 0.25, 0.5}
	play := func(rng *rand.Rand, perArm bool) bool {
		place := make([]float64, units)
		for u := range place {
			place[u] = rng.Float64()
		}
		var seen [2][units]bool // by arm; once per rollout uses the first row for both
		test := NewTest(shares[0], 0, 1)
		for k, share := range shares {
			if k > 0 {
				test.Widen(share)
			}
			for range perStage {
				u := rng.IntN(units)
				canary := place[u] < share
				row := 0
				if perArm && canary {
					row = 1
				}
				if seen[row][u] {
					continue
				}
				seen[row][u] = true
				test.Event(canary)
				if canary && test.LogE() >= -math.Log(alpha) {
					return true
				}
			}
		}
		return false
	}
	once, _ := simulate.Runs(runs, 9, func(rng *rand.Rand) (bool, float64) { return play(rng, false), 0 })
	simulate.AtMost(t, "counted once per rollout", once, runs, alpha)
	const n = 100
	arms, _ := simulate.Runs(n, 10, func(rng *rand.Rand) (bool, float64) { return play(rng, true), 0 })
	if arms < n*95/100 {
		t.Fatalf("counted per arm, %d of %d harmless releases were rolled back: the trap this test stands for is gone", arms, n)
	}
}
