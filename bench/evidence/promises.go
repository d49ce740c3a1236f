package main

import (
	"math"
	"math/rand/v2"

	"github.com/digital-factory/factory/internal/evidence/anytime"
)

// promises are asserted over at least as many runs as asked for and print nothing of their own.
func (b *bench) promises() {
	b.sticky()
	b.margins()
	b.kinds()
	b.whole()
	b.empty()
}

var rampShares = []float64{0.01, 0.05, 0.25}

// sticky plays units that come back and always fail, under a share that only grows. Counted once per rollout,
// as the engine asks for, alpha holds; counted once in each arm, every harmless release is rolled back.
func (b *bench) sticky() {
	const units, visits, alpha = 400, 900, 0.01
	play := func(rng *rand.Rand, perArm bool) bool {
		var place [units]float64
		for u := range place {
			place[u] = rng.Float64()
		}
		var seen [2][units]bool
		test := anytime.NewTest(rampShares[0], 0, 1)
		for k, rho := range rampShares {
			if k > 0 {
				test.Widen(rho)
			}
			for range visits {
				u := rng.IntN(units)
				canary, row := place[u] < rho, 0
				if perArm && canary {
					row = 1
				}
				if seen[row][u] {
					continue
				}
				seen[row][u] = true
				if test.Event(canary); canary && test.LogE() >= logOdds(alpha) {
					return true
				}
			}
		}
		return false
	}
	hits, _ := share(each(b, b.runs, func(rng *rand.Rand) bool { return play(rng, false) }))
	b.atMost("false rollback, units that always fail, ramp 1, 5, 25 %, counted once per rollout, alpha 1 %", hits, b.runs, alpha)
	hits, _ = share(each(b, b.runs/10, func(rng *rand.Rand) bool { return play(rng, true) }))
	b.breaks("the same, counted once per arm", hits, b.runs/10, 0.9)
}

// margins plays releases that are exactly as bad as the margin: they must not be promoted. The longer they run
// the closer the probability comes to beta, and the more runs it takes to show on which side it stays: so they
// end after 400 failing units.
func (b *bench) margins() {
	const beta, failures = 0.05, 400
	for _, margin := range []float64{0.25, 0.5, 1} {
		hits, _ := share(each(b, b.runs, func(rng *rand.Rand) bool {
			test := anytime.NewTest(rampShares[0], 0, margin)
			for k, rho := range rampShares {
				if k > 0 {
					test.Widen(rho)
				}
				for range failures / len(rampShares) {
					canary := rng.Float64() < fromCanary(rho, 1+margin)
					if test.Event(canary); !canary && test.LogEPromote() >= logOdds(beta) {
						return true
					}
				}
			}
			return false
		}))
		b.atMost("wrong promotion at the margin of "+percent(margin)+" within 400 failing units, ramp 1, 5, 25 %, beta 5 %", hits, b.runs, beta)
	}
	hits, _ := share(each(b, b.runs, func(rng *rand.Rand) bool {
		var arm anytime.OneArm
		for arm.Units < 3000 {
			if arm.Units++; rng.Float64() < 0.01 {
				if before := (anytime.OneArm{Units: arm.Units - 1, Failures: arm.Failures}); before.LogEPromote(0.01) >= logOdds(beta) {
					return true
				}
				arm.Failures++
			}
		}
		return arm.LogEPromote(0.01) >= logOdds(beta)
	}))
	b.atMost("wrong promotion at the accepted rate of 1 %, beta 5 %", hits, b.runs, beta)
}

// purchase is a value that is hard for averages: mostly nothing, seldom much, at most 100.
func purchase(rng *rand.Rand) float64 {
	if rng.Float64() < 0.8 {
		return 0
	}
	return min(20*math.Exp(rng.NormFloat64()), 100)
}

// kinds plays the other kinds of metrics: nothing changed, and changed exactly by the margin.
func (b *bench) kinds() {
	const alpha, beta, perStage = 0.01, 0.05, 500
	shares := []float64{0.05, 0.25, 0.5}
	proportion := func(rng *rand.Rand, ratio float64, look func(*anytime.ProportionTest) bool) bool {
		test := anytime.NewProportionTest(shares[0], 0.2, 0, 0.25)
		for k, rho := range shares {
			if k > 0 {
				test.Widen(rho)
			}
			for range perStage {
				canary, p := rng.Float64() < rho, 0.3
				if canary {
					p *= ratio
				}
				if test.Unit(canary, rng.Float64() < p); look(&test) {
					return true
				}
			}
		}
		return false
	}
	b.level("false rollback by a proportion, alpha 1 %", alpha, func(rng *rand.Rand) bool {
		return proportion(rng, 1, func(t *anytime.ProportionTest) bool { return t.LogE() >= logOdds(alpha) })
	})
	b.level("wrong promotion by a proportion at the margin of 25 %, beta 5 %", beta, func(rng *rand.Rand) bool {
		return proportion(rng, 1.25, func(t *anytime.ProportionTest) bool { return t.LogEPromote() >= logOdds(beta) })
	})
	mean := func(rng *rand.Rand, shift float64, look func([]anytime.MeanStage) bool) bool {
		var stages []anytime.MeanStage
		for _, rho := range shares {
			stages = append(stages, anytime.MeanStage{Share: rho})
			s := &stages[len(stages)-1]
			for i := range perStage {
				if rng.Float64() < rho {
					s.Canary.Add(purchase(rng) + shift)
				} else {
					s.Baseline.Add(purchase(rng))
				}
				if i%10 == 9 && look(stages) {
					return true
				}
			}
		}
		return false
	}
	const usual, margin = 5.91, 1.5
	bounds := anytime.Bounds{Low: 0, High: 100 + margin}
	for _, m := range []struct {
		name         string
		level, shift float64
		logE         func([]anytime.MeanStage) float64
	}{
		{"false rollback by a mean with bounds, alpha 1 %", alpha, 0, func(s []anytime.MeanStage) float64 { return anytime.LogEMean(s, bounds, usual, 0) }},
		{"wrong promotion by a mean with bounds at the margin, beta 5 %", beta, margin, func(s []anytime.MeanStage) float64 { return anytime.LogEMeanPromote(s, bounds, usual, margin) }},
		{"false rollback by a mean without bounds (asymptotic), alpha 1 %", alpha, 0, func(s []anytime.MeanStage) float64 { return anytime.LogEMeanAsymptotic(s, 0) }},
		{"wrong promotion by a mean without bounds (asymptotic) at the margin, beta 5 %", beta, margin, func(s []anytime.MeanStage) float64 { return anytime.LogEMeanAsymptoticPromote(s, margin) }},
	} {
		b.level(m.name, m.level, func(rng *rand.Rand) bool {
			return mean(rng, m.shift, func(s []anytime.MeanStage) bool { return m.logE(s) >= logOdds(m.level) })
		})
	}
}

func (b *bench) level(what string, limit float64, run func(rng *rand.Rand) bool) {
	hits, _ := share(each(b, b.runs, run))
	b.atMost(what, hits, b.runs, limit)
}
