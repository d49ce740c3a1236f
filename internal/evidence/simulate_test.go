package evidence

import (
	"math"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
)

// simulate runs n seeded runs on all cores; run i always sees the same random numbers. It returns how many runs
// said yes and the sum of what they returned.
func simulate(n int, seed uint64, run func(rng *rand.Rand) (yes bool, value float64)) (hits int, sum float64) {
	workers := runtime.GOMAXPROCS(0)
	type part struct {
		hits int
		sum  float64
	}
	parts := make([]part, workers)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := w; i < n; i += workers {
				if yes, value := run(rand.New(rand.NewPCG(seed, uint64(i)))); yes {
					parts[w].hits++
					parts[w].sum += value
				}
			}
		})
	}
	wg.Wait()
	for _, p := range parts {
		hits += p.hits
		sum += p.sum
	}
	return hits, sum
}

// upper99 is the exact (Clopper-Pearson) upper 99 % bound of a probability after hits in n runs.
func upper99(hits, n int) float64 {
	low, high := float64(hits)/float64(n), 1.0
	for range 60 {
		p := (low + high) / 2
		term := float64(n) * math.Log1p(-p) // log P(X = 0)
		tail := math.Exp(term)
		for k := 1; k <= hits; k++ {
			term += math.Log(float64(n-k+1)/float64(k)) + math.Log(p/(1-p))
			tail += math.Exp(term)
		}
		if tail > 0.01 {
			low = p
		} else {
			high = p
		}
	}
	return high
}

func atMost(t *testing.T, what string, hits, n int, limit float64) {
	t.Helper()
	bound := upper99(hits, n)
	t.Logf("%s: %d of %d, upper 99%% bound %.4f, limit %.4f", what, hits, n, bound, limit)
	if bound > limit {
		t.Fatalf("%s: %d of %d runs; the upper 99%% bound %.4f is above %.4f", what, hits, n, bound, limit)
	}
}

// ramp is a rollout over a day: each stage's share, when it ends (in days), and the failures per day at the mean
// load. Load swings by 80 % around its mean over the day, so stages see very different traffic.
type ramp struct {
	shares   []float64
	ends     []float64
	failures float64
	ratio    float64 // of the canary's rate to the baseline's
}

var ramp1to100 = ramp{shares: []float64{0.01, 0.05, 0.25, 1}, ends: []float64{0.15, 0.4, 0.8, 1}, failures: 600, ratio: 1}

// play draws the ramp's first events in order of time and hands each over with its stage, until told to stop.
func (r ramp) play(rng *rand.Rand, event func(stage int, canary bool) (stop bool)) {
	stage, now := 0, 0.0
	phase := rng.Float64()
	fastest := r.failures * 1.8 * max(1, r.ratio)
	for {
		now += rng.ExpFloat64() / fastest
		for stage < len(r.ends) && now > r.ends[stage] {
			stage++
		}
		if stage == len(r.ends) {
			return
		}
		// Thinning: the rate now, over both arms, against the fastest one.
		rho := r.shares[stage]
		load := r.failures * (1 + 0.8*math.Sin(2*math.Pi*(now+phase)))
		canaryRate, rate := load*rho*r.ratio, load*(1-rho)
		u := rng.Float64() * fastest
		if u < canaryRate+rate && event(stage, u < canaryRate) {
			return
		}
	}
}
