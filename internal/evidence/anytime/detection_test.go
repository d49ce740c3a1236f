package anytime

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/digital-factory/factory/internal/evidence/simulate"
)

// wald is the least mean number of events any test of this alpha that never stops in vain can need:
// ln(1/alpha) over the divergence per event.
func wald(p1, p0, alpha float64) float64 {
	return -math.Log(alpha) / (p1*math.Log(p1/p0) + (1-p1)*math.Log((1-p1)/(1-p0)))
}

// The budget is 1.5 times, which bench/evidence asserts over ten thousand runs; a few hundred leave some noise.
func TestDetectionIsNearWaldsBound(t *testing.T) {
	t.Parallel()
	const alpha, n = 0.01, 1600
	for _, c := range []struct{ share, ratio float64 }{
		{0.05, 1.5}, {0.05, 2}, {0.05, 5}, {0.05, 10}, {0.01, 2}, {0.01, 5}, {0.01, 10}, {0.25, 2}, {0.25, 5}, {0.5, 2}, {0.5, 5},
	} {
		p := shifted(c.share, c.ratio-1)
		size := n
		if c.ratio < 5 {
			size = n / 4
		}
		found, events := simulate.Runs(size, 11, func(rng *rand.Rand) (bool, float64) {
			test := NewTest(c.share, 0, 1)
			for i := 1; i < 200_000; i++ {
				canary := rng.Float64() < p
				test.Event(canary)
				if canary && test.LogE() >= -math.Log(alpha) {
					return true, float64(i)
				}
			}
			return false, 0
		})
		name := fmt.Sprintf("share %v, ratio %v", c.share, c.ratio)
		if found != size {
			t.Fatalf("%s: found in %d of %d runs", name, found, size)
		}
		bound := wald(p, c.share, alpha)
		mean := events / float64(size)
		t.Logf("%s: %.1f events, Wald %.1f, %.2f times", name, mean, bound, mean/bound)
		if mean > 1.55*bound {
			t.Errorf("%s: %.1f events on average, %.2f times Wald's bound %.1f", name, mean, mean/bound, bound)
		}
	}
}

// A release that is no worse is promoted, and in the number of events that the design counts on.
func TestPromotionSize(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ share, margin, most float64 }{
		{0.05, 1, 300}, {0.25, 1, 95}, {0.5, 1, 85}, {0.25, 0.5, 300}, {0.5, 0.5, 250},
	} {
		const n = 300
		found, events := simulate.Runs(n, 12, func(rng *rand.Rand) (bool, float64) {
			test := NewTest(c.share, 0, c.margin)
			for i := 1; i < 20_000; i++ {
				canary := rng.Float64() < c.share
				test.Event(canary)
				if !canary && test.LogEPromote() >= -math.Log(0.05) {
					return true, float64(i)
				}
			}
			return false, 0
		})
		mean := events / float64(max(found, 1))
		t.Logf("share %v, margin %v: %.0f events", c.share, c.margin, mean)
		if found < n || mean > c.most {
			t.Errorf("share %v, margin %v: %d of %d promoted, %.0f events on average, want at most %.0f", c.share, c.margin, found, n, mean, c.most)
		}
	}
}
