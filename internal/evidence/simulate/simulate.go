// Package simulate plays seeded runs of something random and bounds the probability of what came out, for the
// tests that a guarantee is kept. Nothing that ships uses it.
package simulate

import (
	"math"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
)

// Runs plays n seeded runs on all cores; run i always sees the same random numbers. It returns how many runs
// said yes and the sum of what they returned.
func Runs(n int, seed uint64, run func(rng *rand.Rand) (yes bool, value float64)) (hits int, sum float64) {
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

// Upper99 is the exact (Clopper-Pearson) upper 99 % bound of a probability after hits in n runs.
func Upper99(hits, n int) float64 {
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

// AtMost fails the test when the upper 99 % bound of the probability is above the limit.
func AtMost(t testing.TB, what string, hits, n int, limit float64) {
	t.Helper()
	bound := Upper99(hits, n)
	t.Logf("%s: %d of %d, upper 99%% bound %.4f, limit %.4f", what, hits, n, bound, limit)
	if bound > limit {
		t.Fatalf("%s: %d of %d runs; the upper 99%% bound %.4f is above %.4f", what, hits, n, bound, limit)
	}
}
