package main

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/digital-factory/factory/internal/evidence/anytime"
)

// weather is what the minutes of an hour have in common beyond chance, as an autoregressive series of order 1
// with coefficient 0.7: a load that both arms feel, or a process of one arm that has its slow minutes.
type weather struct {
	name           string
	both, eachOwns bool
}

var weathers = []weather{
	{"minutes independent", false, false},
	{"both arms feel the same load", true, false},
	{"each arm has slow minutes of its own", false, true},
}

const perArm = 30 // units of each arm in a minute, on average

// judged is what the rules said of one metric of a release that changes nothing.
type judged struct{ once, peeked, onceTolerant, peekedTolerant, z, ours bool }

func (w weather) metric(rng *rand.Rand, alpha float64) (j judged) {
	var state [3]float64 // canary, baseline, both
	next := func(i int) float64 {
		state[i] = 0.7*state[i] + math.Sqrt(1-0.49)*rng.NormFloat64()
		return 0.1 * state[i]
	}
	var judge ranks
	means := peekedMeans{critical: 2.3263}
	tests := newExceedance(alpha)
	for minute := 1; minute <= 60; minute++ {
		own := [2]float64{next(0), next(1)}
		shared := next(2)
		var n, sum [2]float64
		for range 2 * perArm {
			arm := rng.IntN(2)
			level := 0.0
			if w.both {
				level = shared
			}
			if w.eachOwns {
				level = own[arm]
			}
			x := math.Exp(level + spread*rng.NormFloat64())
			n[arm]++
			sum[arm] += x
			means.unit(arm == 0, x)
			j.ours = tests.unit(arm == 0, x) || j.ours
		}
		judge.add(sum[0]/max(n[0], 1), sum[1]/max(n[1], 1))
		j.z = minute > 1 && means.minute() || j.z
		if minute >= 10 {
			now, tolerant := judge.verdict(0) != 0, judge.verdict(0.25) != 0
			j.peeked = j.peeked || now
			j.peekedTolerant = j.peekedTolerant || tolerant
			if minute == 60 {
				j.once, j.onceTolerant = now, tolerant
			}
		}
	}
	return j
}

func (b *bench) judge() {
	n := max(b.runs/10, 10)
	fmt.Printf("\n## A rank test on minutes: how often it fails a release that changes nothing\n\n%d hours, a latency of %d units per arm and minute, the mean of each minute judged at 98 %% in either direction; peeked: each minute from the tenth. Last columns on the same streams: a z-test of the means at 1 %% each minute, and **ours** (units above edges) at alpha 1 %%, with alpha split for ten metrics.\n\n| minutes | rank test, one look | peeked | peeked, 10 metrics | tolerance 0.25, one look | peeked | peeked, 10 metrics | z-test | **ours** | **ours, 10 metrics** |\n|---|---|---|---|---|---|---|---|---|---|\n", n, perArm)
	for k, w := range weathers {
		single := each(b, n, func(rng *rand.Rand) judged { return w.metric(rng, 0.01) })
		ten := each(b, n, func(rng *rand.Rand) (any judged) {
			for range 10 {
				j := w.metric(rng, 0.001)
				any.peeked = any.peeked || j.peeked
				any.peekedTolerant = any.peekedTolerant || j.peekedTolerant
				any.ours = any.ours || j.ours
			}
			return any
		})
		part := func(of []judged, pick func(judged) bool) string {
			hits := 0
			for _, j := range of {
				if pick(j) {
					hits++
				}
			}
			return percent(float64(hits) / float64(len(of)))
		}
		fmt.Printf("| %s | %s | %s | %s | %s | %s | %s | %s | %s | %s |\n", w.name,
			part(single, func(j judged) bool { return j.once }), part(single, func(j judged) bool { return j.peeked }), part(ten, func(j judged) bool { return j.peeked }),
			part(single, func(j judged) bool { return j.onceTolerant }), part(single, func(j judged) bool { return j.peekedTolerant }), part(ten, func(j judged) bool { return j.peekedTolerant }),
			part(single, func(j judged) bool { return j.z }), part(single, func(j judged) bool { return j.ours }), part(ten, func(j judged) bool { return j.ours }))
		if k < 2 {
			hits, _ := share(each(b, n, func(rng *rand.Rand) bool { return w.metric(rng, 0.05).ours }))
			b.atMost("false rollback by latency, "+w.name+", alpha 5 %", hits, n, 0.05)
		}
	}
	b.peeking()
}

// peeking is the two-proportion test at 5 % of two equal arms, by the number of looks.
func (b *bench) peeking() {
	fmt.Printf("\n## A significance test at 5 %%, by the number of looks\n\n%d days of 100 units per arm and minute, 2 %% failing in both, either direction.\n\n| looks, one a minute | 1 | 60 | 240 | 1,440 |\n|---|---|---|---|---|\n| z-test 5 %% |", b.runs)
	looks := []int{1, 60, 240, 1440}
	const alpha = 0.05
	type day struct {
		z    [4]bool
		ours bool
	}
	all := each(b, b.runs, func(rng *rand.Rand) (d day) {
		var x [2]float64
		test := anytime.NewTest(0.5, 0, 1)
		for minute := 1; minute <= looks[3]; minute++ {
			failing := [2]int{binomial(rng, 100, 0.02), binomial(rng, 100, 0.02)}
			for arm := range 2 {
				x[arm] += float64(failing[arm])
			}
			for open := failing; open[0]+open[1] > 0; {
				canary := rng.IntN(open[0]+open[1]) < open[0]
				if canary {
					open[0]--
				} else {
					open[1]--
				}
				if test.Event(canary); canary && !d.ours {
					d.ours = test.LogE() >= logOdds(alpha)
				}
			}
			n := float64(100 * minute)
			pooled := (x[0] + x[1]) / (2 * n)
			sd := math.Sqrt(pooled * (1 - pooled) * 2 / n)
			significant := sd > 0 && math.Abs(x[0]-x[1])/n >= 1.959964*sd
			for k, most := range looks {
				d.z[k] = d.z[k] || significant && minute <= most
			}
		}
		return d
	})
	for k := range looks {
		_, part := share(mapped(all, func(d day) bool { return d.z[k] }))
		fmt.Printf(" %s |", percent(part))
	}
	hits, part := share(mapped(all, func(d day) bool { return d.ours }))
	fmt.Printf("\n| **anytime, alpha 5 %%** (at every unit) | | | | %s |\n", percent(part))
	b.atMost("false rollback in a day, looked at after every failing unit, alpha 5 %", hits, len(all), alpha)
}

func mapped[A, B any](in []A, f func(A) B) []B {
	out := make([]B, len(in))
	for i, a := range in {
		out[i] = f(a)
	}
	return out
}
