package anytime

import (
	"math"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/digital-factory/factory/internal/evidence/simulate"
)

// quarters are edges that an exponential value of mean 1 exceeds with probability 1/2, 1/10 and 1/100.
var quarters = []Edge{{math.Ln2, 0.5}, {math.Log(10), 0.1}, {math.Log(100), 0.01}}

func bucket(edges []Edge, x float64) int {
	b := 0
	for b < len(edges) && x > edges[b].At {
		b++
	}
	return b
}

func emptyHistogram(share float64) HistogramStage {
	return HistogramStage{share, make([]int64, len(quarters)+1), make([]int64, len(quarters)+1)}
}

// histogramRamp plays units with one value each and looks every twenty; it returns when look stops it, and after
// how many units.
func histogramRamp(rng *rand.Rand, perStage int, value func(canary bool) float64, look func([]HistogramStage) bool) (bool, float64) {
	var stages []HistogramStage
	n := 0
	for _, share := range []float64{0.05, 0.25, 0.5} {
		stages = append(stages, emptyHistogram(share))
		s := stages[len(stages)-1]
		for i := range perStage {
			canary := rng.Float64() < share
			b := bucket(quarters, value(canary))
			if canary {
				s.Canary[b]++
			} else {
				s.Baseline[b]++
			}
			if n++; i%20 == 19 && look(stages) {
				return true, float64(n)
			}
		}
	}
	return false, 0
}

func TestHistogramKeepsBothErrors(t *testing.T) {
	t.Parallel()
	const n, level = 250, 0.1
	harm, _ := simulate.Runs(n, 30, func(rng *rand.Rand) (bool, float64) {
		return histogramRamp(rng, 300, func(bool) float64 { return rng.ExpFloat64() }, func(s []HistogramStage) bool {
			return LogEHistogram(s, quarters, 0) >= -math.Log(level)
		})
	})
	simulate.AtMost(t, "rolled back without a change", harm, n, level)
	// Above the last edge as many more as the margin says, fewer above the others: no promotion.
	wrong, _ := simulate.Runs(n, 31, func(rng *rand.Rand) (bool, float64) {
		return histogramRamp(rng, 300, func(canary bool) float64 {
			if canary && rng.Float64() < 0.01/0.99 {
				return 50
			}
			return rng.ExpFloat64()
		}, func(s []HistogramStage) bool { return LogEHistogramPromote(s, quarters, 1) >= -math.Log(level) })
	})
	simulate.AtMost(t, "promoted with twice as many slow ones", wrong, n, level)
}

// A service that got slower without a single error, at different places of the distribution.
func TestHistogramFindsSlowness(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		slower func(rng *rand.Rand) float64
		most   float64
	}{
		"everything by a half":    {func(rng *rand.Rand) float64 { return 1.5 * rng.ExpFloat64() }, 800},
		"one in twenty very slow": {func(rng *rand.Rand) float64 { return rng.ExpFloat64() + 9*float64(rng.IntN(20)/19) }, 800},
	} {
		found, units := simulate.Runs(40, 32, func(rng *rand.Rand) (bool, float64) {
			return histogramRamp(rng, 3000, func(canary bool) float64 {
				if canary {
					return c.slower(rng)
				}
				return rng.ExpFloat64()
			}, func(s []HistogramStage) bool { return LogEHistogram(s, quarters, 0) >= -math.Log(0.01) })
		})
		t.Logf("%s: %d of 40, %.0f units", name, found, units/40)
		if found < 40 || units/40 > 3000+c.most {
			t.Errorf("%s: found in %d of 40 after %.0f units", name, found, units/40)
		}
	}
}

// Ten requests of one unit are not ten units: half of the customers are far away and slow, always. Counted by
// request a harmless release is taken back far more often than promised; one request of each unit keeps it.
func TestRequestsAreNotUnits(t *testing.T) {
	t.Parallel()
	const n, level = 200, 0.05
	play := func(rng *rand.Rand, requests int) bool {
		s := emptyHistogram(0.25)
		for i := range 400 {
			arm := s.Baseline
			if rng.Float64() < s.Share {
				arm = s.Canary
			}
			far := 0.3 + 2*float64(rng.IntN(2))
			for range requests {
				arm[bucket(quarters, far*(0.9+0.2*rng.Float64()))]++
			}
			if i%20 == 19 && LogEHistogram([]HistogramStage{s}, quarters, 0) >= -math.Log(level) {
				return true
			}
		}
		return false
	}
	one, _ := simulate.Runs(n, 33, func(rng *rand.Rand) (bool, float64) { return play(rng, 1), 0 })
	simulate.AtMost(t, "one request of each unit", one, n, level)
	ten, _ := simulate.Runs(n, 34, func(rng *rand.Rand) (bool, float64) { return play(rng, 10), 0 })
	if ten < n/4 {
		t.Fatalf("ten requests of each unit: %d of %d rolled back; the trap this test stands for is gone", ten, n)
	}
}

func TestFreezeEdges(t *testing.T) {
	t.Parallel()
	bounds := []float64{0.1, 0.2, 0.4, 0.8}
	got, err := FreezeEdges(bounds, []int64{500, 380, 100, 15, 5}, 0.5, 0.1, 0.01)
	want := []Edge{{0.1, Settled(500.5 / 1001)}, {0.2, Settled(120.5 / 1001)}, {0.8, Settled(5.5 / 1001)}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Fatalf("got %v, %v, want %v", got, err, want)
	}
	for name, c := range map[string]struct {
		bounds []float64
		counts []int64
	}{
		"too few":        {bounds, []int64{10, 10, 10, 10, 10}},
		"falling":        {[]float64{2, 1}, []int64{100, 100, 100}},
		"another number": {bounds, []int64{100, 100}},
		"negative":       {bounds, []int64{1000, -1, 0, 0, 0}},
		"not a number":   {[]float64{math.NaN()}, []int64{1000, 1}},
	} {
		if edges, err := FreezeEdges(c.bounds, c.counts, 0.5); err == nil {
			t.Fatalf("%s: %v", name, edges)
		}
	}
}

func TestBandVectors(t *testing.T) {
	t.Parallel()
	near(t, "half width", BandHalfWidth(1e4, 0.05), 0.027711, sixDecimals)
	near(t, "half width", BandHalfWidth(1e6, 0.01), 0.002980, sixDecimals)
	if BandHalfWidth(0, 0.05) != 1 || BandHalfWidth(1, 0.05) != 1 {
		t.Fatal("a band around nothing")
	}
}

func TestQuantileIntervalHoldsAtEveryLook(t *testing.T) {
	t.Parallel()
	bounds := []float64{0.25, 0.5, 0.75, 1, 1.5, 2, 3, 5}
	const n = 200
	for _, q := range []float64{0.5, 0.9} {
		missed, _ := simulate.Runs(n, 35, func(rng *rand.Rand) (bool, float64) {
			counts := make([]int64, len(bounds)+1)
			for i := range 2000 {
				b := 0
				for x := rng.ExpFloat64(); b < len(bounds) && x > bounds[b]; {
					b++
				}
				counts[b]++
				if i%50 == 0 {
					if low, high := QuantileInterval(bounds, counts, q, 0.05); -math.Log(1-q) <= low || -math.Log(1-q) > high {
						return true, 0
					}
				}
			}
			return false, 0
		})
		simulate.AtMost(t, "quantile outside its interval", missed, n, 0.05)
	}
	low, high := QuantileInterval(bounds, []int64{0, 0, 9000, 1000, 0, 0, 0, 0, 0}, 0.5, 0.05)
	if low != 0.5 || high != 0.75 {
		t.Fatalf("the median of what lies between 0.5 and 0.75 is said to be in %v..%v", low, high)
	}
	if low, high = QuantileInterval(bounds, nil, 0.5, 0.05); !math.IsInf(low, -1) || !math.IsInf(high, 1) {
		t.Fatalf("nothing gives %v..%v", low, high)
	}
}
