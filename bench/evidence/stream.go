package main

import (
	"math"
	"math/rand/v2"
	"slices"
)

func sortFloats(x []float64) { slices.Sort(x) }

// stream is the traffic of a rollout: minutes of so many units that were not seen before, of which the given
// share of the baseline's fails. The minutes are spread evenly over the shares; drift multiplies everybody's
// failures as time goes on.
type stream struct {
	name           string
	minutes, units int
	failing, ratio float64
	drift          float64
	shares         []float64
}

// binomial draws how many of n succeed.
func binomial(rng *rand.Rand, n int, p float64) (k int) {
	if p <= 0 {
		return 0
	}
	if p > 0.2 {
		for range n {
			if rng.Float64() < p {
				k++
			}
		}
		return k
	}
	// From one success to the next.
	perTrial := math.Log1p(-p)
	for at := 0; ; k++ {
		at += 1 + int(math.Log(1-rng.Float64())/perTrial)
		if at > n {
			return k
		}
	}
}

// play runs all rules over the stream at once. It returns for each in which minute it rolled back (-1: never)
// and how many failing units the canary had until then.
func (s stream) play(rng *rand.Rand, rules []rule) (when, broken []int) {
	when, broken = make([]int, len(rules)), make([]int, len(rules))
	for i := range when {
		when[i] = -1
	}
	left, soFar, stage := len(rules), 0, 0
	stop := func(i, minute int) {
		when[i], broken[i] = minute, soFar
		left--
	}
	for m := 0; m < s.minutes && left > 0; m++ {
		for stage < m*len(s.shares)/s.minutes {
			stage++
			for i, r := range rules {
				if when[i] < 0 {
					r.widen(s.shares[stage])
				}
			}
		}
		risk := s.failing * (1 + (s.drift-1)*float64(m)/float64(s.minutes))
		canary := binomial(rng, s.units, s.shares[stage])
		units := [2]int{canary, s.units - canary}
		failing := [2]int{binomial(rng, units[0], risk*s.ratio), binomial(rng, units[1], risk)}
		for open := failing; open[0]+open[1] > 0; {
			arm := 1
			if rng.IntN(open[0]+open[1]) < open[0] {
				arm = 0
				soFar++
			}
			open[arm]--
			for i, r := range rules {
				if when[i] < 0 && r.failed(arm == 0) {
					stop(i, m)
				}
			}
		}
		for i, r := range rules {
			if when[i] < 0 && r.minute(units, failing) {
				stop(i, m)
			}
		}
	}
	return when, broken
}
