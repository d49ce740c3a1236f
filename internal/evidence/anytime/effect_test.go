package anytime

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/digital-factory/factory/internal/evidence/simulate"
)

// drawRamp draws a rollout: one to four stages of growing share, base rates that drift from stage to stage.
type drawnStage struct{ share, base float64 }

func drawRamp(rng *rand.Rand, base float64) []drawnStage {
	shares := [][]float64{{0.05, 0.25, 0.5}, {0.01, 0.05, 0.25, 1}, {0.5}, {0.1, 0.5, 0.9}}[rng.IntN(4)]
	out := make([]drawnStage, len(shares))
	for i, s := range shares {
		out[i] = drawnStage{s, base * (0.7 + 0.6*rng.Float64())}
	}
	return out
}

func TestEffectCoversAtEveryLook(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ base, effect float64 }{{0, 0.6}, {0.05, 0}, {0.3, 0.1}, {0.6, -0.2}, {0.01, 0}, {0.01, 0.03}} {
		const n, alpha = 300, 0.1
		missed, _ := simulate.Runs(n, 13, func(rng *rand.Rand) (bool, float64) {
			ramp := drawRamp(rng, c.base)
			strata := make([]OutcomeStage, len(ramp))
			for k, r := range ramp {
				s := &strata[k]
				s.Share = r.share
				for i := range 2000 {
					canary, p := rng.Float64() < r.share, r.base
					if canary {
						p += c.effect
					}
					switch yes := rng.Float64() < p; {
					case canary && yes:
						s.CanaryYes++
					case canary:
						s.CanaryNo++
					case yes:
						s.BaselineYes++
					default:
						s.BaselineNo++
					}
					if i%50 == 0 {
						if e, ok := Effect(strata[:k+1], alpha); ok && (c.effect < e.Low || c.effect > e.High) {
							return true, 0
						}
					}
				}
			}
			return false, 0
		})
		simulate.AtMost(t, fmt.Sprintf("base %v, effect %v: outside the interval", c.base, c.effect), missed, n, alpha)
	}
}

func TestEffectIsClaimedOnlyFromEnoughRandomisedUnits(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		strata []OutcomeStage
	}{
		{"nothing", nil},
		{"a small canary", []OutcomeStage{{0.05, 40, 40, 600, 900}}},
		{"no concurrent baseline", []OutcomeStage{{1, 4000, 4000, 0, 0}}},
		{"baseline of an earlier day", []OutcomeStage{{0.01, 5, 5, 600, 900}, {1, 4000, 4000, 0, 0}}},
		{"unsound counts", []OutcomeStage{{0.5, -1, 1000, 1000, 1000}}},
	} {
		if e, ok := Effect(c.strata, 0.05); ok {
			t.Fatalf("%s: claimed %+v", c.name, e)
		}
	}
	if _, ok := Effect([]OutcomeStage{{0.5, 100, 100, 100, 100}}, 0); ok {
		t.Fatal("an interval of confidence 1 was claimed")
	}
}

func TestEffectReadsTheCounts(t *testing.T) {
	t.Parallel()
	e, ok := Effect([]OutcomeStage{{0.05, 61, 39, 0, 1900}, {0.5, 610, 390, 0, 1000}}, 0.05)
	if !ok || e.Canary != 1100 || e.Baseline != 2900 {
		t.Fatalf("got %+v, %v", e, ok)
	}
	near(t, "estimate", e.Estimate, 0.61, 0.005)
	if e.Low < 0.53 || e.High > 0.69 {
		t.Fatalf("the interval %v..%v is wider than 1,100 units warrant", e.Low, e.High)
	}
	none, ok := Effect([]OutcomeStage{{0.5, 0, 1000, 0, 1000}}, 0.05)
	if !ok || none.Low >= 0 || none.High <= 0 {
		t.Fatalf("no success anywhere gives %+v: an outcome not seen is not impossible", none)
	}
}

// With many units the width is that of the best centring: the variance of the outcomes within the arms, each
// weighted with the share of the other, and nothing of the effect itself.
func TestEffectIsAsTightAsTheCountsAllow(t *testing.T) {
	t.Parallel()
	e, _ := Effect([]OutcomeStage{{0.2, 12_000, 8_000, 8_000, 72_000}}, 0.05)
	near(t, "estimate", e.Estimate, 0.5, 1e-9)
	sd := math.Sqrt(0.8*0.6*0.4 + 0.2*0.1*0.9)
	want := sd * asymptoticHalfWidth(100_000*0.2*0.8, effectTuning, 0.05)
	near(t, "half width in units of what is possible", (e.High-e.Low)/2/want, 1, 0.005)
}
