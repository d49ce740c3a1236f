package insight

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func near(a, b, within float64) bool { return a == b || math.Abs(a-b) <= within }

// Reference values: R 4 quantile(type=7), prop.test without continuity
// correction, poisson.test, survfit(conf.type="log-log").
func TestQuantile(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		sample []float64
		p      float64
		want   float64
	}{
		{[]float64{7}, 0.5, 7}, {[]float64{1, 100}, 0.5, 50.5}, {[]float64{1, 2, 3, 4}, 0.25, 1.75},
		{[]float64{1, 2, 3, 4, 10}, 0.85, 6.4}, {[]float64{3, 5}, 0, 3}, {[]float64{3, 5}, 1, 5},
	} {
		if got := quantile(c.sample, c.p); !near(got, c.want, 1e-12) {
			t.Errorf("quantile(%v, %v) = %v, want %v", c.sample, c.p, got, c.want)
		}
	}
}

func TestWilson(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		k, n      int
		low, high float64
	}{
		{0, 10, 0, 0.2775328}, {1, 10, 0.01787621, 0.4041500}, {5, 10, 0.2365931, 0.7634069}, {10, 10, 0.7224672, 1}, {15, 148, 0.06239, 0.16049},
	} {
		if in := wilson(c.k, c.n); !near(in.low, c.low, 2e-5) || !near(in.high, c.high, 2e-5) {
			t.Errorf("wilson(%d, %d) = %v, want %v %v", c.k, c.n, in, c.low, c.high)
		}
	}
}

func TestPoisson(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		k         int
		low, high float64
	}{
		{0, 0, 3.688879}, {1, 0.02531781, 5.571643}, {4, 1.089865, 10.24159}, {100, 81.36395, 121.6270},
	} {
		if in := poisson(c.k); !near(in.low, c.low, 1e-4) || !near(in.high, c.high, 1e-3) {
			t.Errorf("poisson(%d) = %v, want %v %v", c.k, in, c.low, c.high)
		}
	}
	exact, byar := poisson(1000), poisson(1001)
	if !near(exact.low+1, byar.low, 0.1) || !near(exact.high+1, byar.high, 0.1) {
		t.Errorf("the approximation does not join: %v, %v", exact, byar)
	}
}

func TestMedianIntervalNeedsSix(t *testing.T) {
	t.Parallel()
	sample := []float64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}
	for n, want := range map[int]interval{6: {1, 6}, 8: {1, 8}, 9: {2, 8}, 10: {2, 9}} {
		if in, ok := medianInterval(sample[:n]); !ok || in != want {
			t.Errorf("n=%d: %v %v, want %v", n, in, ok, want)
		}
	}
	if _, ok := medianInterval(sample[:5]); ok {
		t.Error("five observations gave an interval")
	}
	if a, b := rankBelow(2000), rankBelow(2001); b-a < 0 || b-a > 2 {
		t.Errorf("the approximation does not join: %d, %d", a, b)
	}
}

// The interval must hold the true median in at least 95 of 100 samples,
// whatever the distribution.
func TestMedianIntervalCovers(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(7, 7))
	missed := 0
	const runs = 4000
	for range runs {
		sample := make([]float64, 6+random.IntN(40))
		for i := range sample {
			sample[i] = random.ExpFloat64()
		}
		slices.Sort(sample)
		if in, _ := medianInterval(sample); in.low > math.Ln2 || in.high < math.Ln2 {
			missed++
		}
	}
	if missed > runs*6/100 {
		t.Errorf("missed %d of %d", missed, runs)
	}
}

func TestKaplanMeier(t *testing.T) {
	t.Parallel()
	// Freireich 1963, remission of leukaemia under 6-MP and placebo: medians 23
	// and 8 weeks.
	mp := []life{{6, false}, {6, false}, {6, false}, {6, true}, {7, false}, {9, true}, {10, false}, {10, true}, {11, true}, {13, false}, {16, false},
		{17, true}, {19, true}, {20, true}, {22, false}, {23, false}, {25, true}, {32, true}, {32, true}, {34, true}, {35, true}}
	placebo := []life{}
	for _, t := range []float64{1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23} {
		placebo = append(placebo, life{t, false})
	}
	for name, c := range map[string]struct {
		lives   []life
		median  float64
		in      interval
		reached bool
	}{
		"6-MP":         {mp, 23, interval{13, math.Inf(1)}, true},
		"placebo":      {placebo, 8, interval{4, 11}, true},
		"all open":     {[]life{{1, true}, {2, true}}, math.Inf(1), interval{math.Inf(1), math.Inf(1)}, false},
		"mostly open":  {[]life{{1, false}, {2, true}, {2, true}, {2, true}}, math.Inf(1), interval{1, math.Inf(1)}, false},
		"open at once": {[]life{{5, true}, {5, false}, {5, false}}, 5, interval{5, math.Inf(1)}, true},
		"nothing":      {nil, math.Inf(1), interval{math.Inf(1), math.Inf(1)}, false},
	} {
		median, in, reached := kaplanMeier(c.lives)
		if median != c.median || reached != c.reached || in != c.in {
			t.Errorf("%s: %v %v %v, want %v %v %v", name, median, in, reached, c.median, c.in, c.reached)
		}
	}
}

func TestSpan(t *testing.T) {
	t.Parallel()
	for seconds, want := range map[float64]string{0: "0 s", 3.14: "3.1 s", 60: "1 min", 312.4: "5 min 12 s", 7200: "2 h", 90000: "1 d 1 h", 86399.6: "1 d"} {
		if got := Span(seconds); got != want {
			t.Errorf("Span(%v) = %q, want %q", seconds, got, want)
		}
	}
}
