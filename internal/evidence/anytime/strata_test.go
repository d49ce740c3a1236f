package anytime

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/digital-factory/factory/internal/evidence/simulate"
)

func TestCombining(t *testing.T) {
	t.Parallel()
	near(t, "mean", LogAverage([]float64{math.Log(3), math.Log(1)}), math.Log(2), 1e-12)
	near(t, "mean of the very unlike", LogAverage([]float64{700, -700}), 700-math.Ln2, 1e-9)
	near(t, "mean of nothing", LogAverage(nil), 0, 0)
	near(t, "product", LogProduct([]float64{math.Log(3), math.Log(4)}), math.Log(12), 1e-12)
}

// groups plays events of five groups, one of them small, and looks after each of the canary's.
func groups(rng *rand.Rand, events int, ratio func(group int) float64, look func(all []Stage, strata [][]Stage) bool) (bool, float64) {
	const rho = 0.25
	all, strata := []Stage{{Share: rho}}, make([][]Stage, 5)
	for g := range strata {
		strata[g] = []Stage{{Share: rho}}
	}
	for n := 1; n <= events; n++ {
		g := 0
		if rng.Float64() > 0.04 {
			g = 1 + rng.IntN(4)
		}
		if rng.Float64() < shifted(rho, ratio(g)-1) {
			all[0].Canary++
			strata[g][0].Canary++
			if look(all, strata) {
				return true, float64(n)
			}
			continue
		}
		all[0].Baseline++
		strata[g][0].Baseline++
	}
	return false, 0
}

func TestStrataKeepAlpha(t *testing.T) {
	t.Parallel()
	const n, level = 500, 0.1
	hits, _ := simulate.Runs(n, 70, func(rng *rand.Rand) (bool, float64) {
		return groups(rng, 250, func(int) float64 { return 1 }, func(all []Stage, strata [][]Stage) bool {
			return LogEStrata(all, strata, 0) >= -math.Log(level)
		})
	})
	simulate.AtMost(t, "rolled back without a change", hits, n, level)
}

// A fault of one small group is found with at most 1.5 times the events that the group would need if watched
// alone, and long before all together show it.
func TestStrataFindAFaultOfAFew(t *testing.T) {
	t.Parallel()
	const n, alpha = 80, 0.001
	sick := func(group int) float64 {
		if group == 0 {
			return 8
		}
		return 1
	}
	mean := func(logE func(all []Stage, strata [][]Stage) float64) float64 {
		found, sum := simulate.Runs(n, 71, func(rng *rand.Rand) (bool, float64) {
			return groups(rng, 20_000, sick, func(all []Stage, strata [][]Stage) bool { return logE(all, strata) >= -math.Log(alpha) })
		})
		return sum / float64(max(found, 1))
	}
	alone := mean(func(_ []Stage, strata [][]Stage) float64 { return LogE(strata[0], 0) })
	together := mean(func(all []Stage, strata [][]Stage) float64 { return LogEStrata(all, strata, 0) })
	pooled := mean(func(all []Stage, _ [][]Stage) float64 { return LogE(all, 0) })
	t.Logf("events until found: alone %.0f, with groups %.0f, pooled %.0f", alone, together, pooled)
	if together > 1.5*alone || pooled < 2*together {
		t.Fatalf("events until found: alone %.0f, with groups %.0f, pooled %.0f", alone, together, pooled)
	}
}

func TestSilence(t *testing.T) {
	t.Parallel()
	const level = 0.1
	play := func(rng *rand.Rand, canary, baseline, accepted float64, first bool) bool {
		var stages []OutcomeStage
		for _, share := range []float64{0.05, 0.25, 0.5} {
			stages = append(stages, OutcomeStage{Share: share})
			s := &stages[len(stages)-1]
			for i := range 400 {
				switch in := rng.Float64() < share; {
				case in && rng.Float64() < canary:
					s.CanaryYes++
				case in:
					s.CanaryNo++
				case rng.Float64() < baseline:
					s.BaselineYes++
				default:
					s.BaselineNo++
				}
				if i%10 == 9 && SilenceLogE(stages, accepted, first) >= -math.Log(level) {
					return true
				}
			}
		}
		return false
	}
	for _, c := range []struct {
		name                       string
		canary, baseline, accepted float64
		first, silent              bool
	}{
		{"as they should", 0.05, 0.05, 0.05, false, false},
		{"as they should, no share accepted", 0.2, 0.2, 0, false, false},
		{"as they should, a first version", 0.05, 0.05, 0.05, true, false},
		{"the canary is dead", 0.9, 0.02, 0, false, true},
		{"both arms are cut off", 0.6, 0.6, 0.05, false, true},
		{"a first version is dead", 0.9, 0.9, 0.05, true, true},
	} {
		n := 200
		if c.silent {
			n = 30
		}
		hits, _ := simulate.Runs(n, 72, func(rng *rand.Rand) (bool, float64) {
			return play(rng, c.canary, c.baseline, c.accepted, c.first), 0
		})
		if !c.silent {
			simulate.AtMost(t, c.name, hits, n, level)
		} else if hits < n {
			t.Fatalf("%s: noticed in %d of %d", c.name, hits, n)
		}
	}
	if SilenceLogE([]OutcomeStage{{0.5, 50, 0, 50, 0}}, 0, true) != 0 {
		t.Fatal("a first version without an accepted silence was called silent")
	}
}
