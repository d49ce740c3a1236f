package anytime

import (
	"math"
	"math/rand/v2"
)

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
