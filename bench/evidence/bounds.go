package main

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/digital-factory/factory/internal/evidence/anytime"
)

// fromCanary is the probability that an event comes from the canary, with a share rho of the units in it and
// ratio times the baseline's rate.
func fromCanary(rho, ratio float64) float64 { return rho * ratio / (rho*ratio + 1 - rho) }

func (b *bench) bounds() {
	b.detection()
	b.intensities()
	b.promotion()
	b.detectors()
}

func (b *bench) detection() {
	const alpha = 0.01
	fmt.Printf("\n## Failing units until detection, against the least possible\n\nAlpha 1 %%, %d runs, units of both arms. Wald: no test that stops in vain at most 1 %% of the time needs fewer on average. Oracle: the test that is told the ratio.\n\n| canary share | ratio | Wald | oracle | ours, mean (p90) | times Wald |\n|---|---|---|---|---|---|\n", b.runs)
	for _, rho := range []float64{0.01, 0.05, 0.25, 0.5} {
		for _, ratio := range []float64{1.5, 2, 3, 5, 10} {
			p := fromCanary(rho, ratio)
			win, lose := math.Log(p/rho), math.Log((1-p)/(1-rho))
			both := each(b, b.runs, func(rng *rand.Rand) [2]float64 {
				test, told, ours, oracle := anytime.NewTest(rho, 0, 1), 0.0, 0.0, 0.0
				for i := 1.0; ours == 0 || oracle == 0; i++ {
					canary := rng.Float64() < p
					if told += lose; canary {
						told += win - lose
					}
					if oracle == 0 && told >= logOdds(alpha) {
						oracle = i
					}
					if test.Event(canary); canary && ours == 0 && test.LogE() >= logOdds(alpha) {
						ours = i
					}
				}
				return [2]float64{ours, oracle}
			})
			ours, oracle := make([]float64, len(both)), make([]float64, len(both))
			for i, v := range both {
				ours[i], oracle[i] = v[0], v[1]
			}
			bound := wald(p, rho, alpha)
			fmt.Printf("| %v | %v | %.1f | %.1f | %.1f (%.0f) | %.2f |\n", rho, ratio, bound, mean(oracle), mean(ours), quantile(ours, 0.9), mean(ours)/bound)
			b.below(fmt.Sprintf("detection at share %v, ratio %v, times Wald", rho, ratio), mean(ours)/bound, 1.5)
		}
	}
}

func (b *bench) intensities() {
	fmt.Printf("\n## One arm, events against an accepted intensity (crashes per hour)\n\nAlpha 1 %%, %d runs, in events that were expected until detection.\n\n| ratio | Wald | ours | times Wald |\n|---|---|---|---|\n", b.runs)
	for _, ratio := range []float64{1.5, 2, 5, 10} {
		found := each(b, b.runs, func(rng *rand.Rand) float64 {
			var i anytime.Intensity
			for {
				i.Expected += rng.ExpFloat64() / ratio
				if i.Events++; i.LogE() >= logOdds(0.01) {
					return i.Expected
				}
			}
		})
		bound := logOdds(0.01) / (ratio*math.Log(ratio) - (ratio - 1))
		fmt.Printf("| %v | %.2f | %.2f | %.2f |\n", ratio, bound, mean(found), mean(found)/bound)
	}
}

func (b *bench) promotion() {
	n, beta := max(b.runs/10, 10), 0.05
	fmt.Printf("\n## Failing units until a release that is no worse is promoted\n\nBeta 5 %%, %d runs, units of both arms.\n\n| margin | share 0.05 | share 0.25 | share 0.5 |\n|---|---|---|---|\n", n)
	for _, margin := range []float64{0.25, 0.5, 1} {
		fmt.Printf("| +%.0f %% |", 100*margin)
		for _, rho := range []float64{0.05, 0.25, 0.5} {
			fmt.Printf(" %.0f |", mean(each(b, n, func(rng *rand.Rand) float64 {
				test := anytime.NewTest(rho, 0, margin)
				for i := 1.0; ; i++ {
					canary := rng.Float64() < rho
					test.Event(canary)
					if !canary && test.LogEPromote() >= logOdds(beta) {
						return i
					}
				}
			})))
		}
		fmt.Println()
	}
	fmt.Print("\nBy the accepted rate instead, canary units without a failure until it is shown to be below it:")
	for _, rate := range []float64{0.05, 0.01, 0.001} {
		units := int64(1)
		for (anytime.OneArm{Units: units}).LogEPromote(rate) < logOdds(beta) {
			units++
		}
		fmt.Printf(" %.1f %%: %d;", 100*rate, units)
	}
	fmt.Println()
}

func (b *bench) detectors() {
	const accepted, arl = 0.01, 10_000.0
	n := max(b.runs/10, 10)
	fmt.Printf("\n## After the release is whole: units until a change is noticed\n\n1 %% of the units may fail; at most one false alarm in %.0f units on average is asked for; %d runs. Lorden: ln(ARL) over the divergence, which the worst case of the best test that knows the change comes to as the ARL grows; at this one it is less.\n\n| units failing from now on | Lorden | ours |\n|---|---|---|\n", arl, n)
	until := func(rng *rand.Rand, p float64, limit int) float64 {
		d := anytime.NewDetector(accepted)
		for i := 1; i < limit; i++ {
			failed := rng.Float64() < p
			if d.Unit(failed); failed && d.Alarm(arl) {
				return float64(i)
			}
		}
		return float64(limit)
	}
	for _, p := range []float64{0.02, 0.03, 0.05, 0.1, 0.5} {
		fmt.Printf("| %.0f %% | %.0f | %.0f |\n", 100*p, logOdds(1/arl)/divergence(p, accepted), mean(each(b, n, func(rng *rand.Rand) float64 { return until(rng, p, math.MaxInt32) })))
	}
	run := mean(each(b, n, func(rng *rand.Rand) float64 { return until(rng, accepted, 20*int(arl)) }))
	fmt.Printf("\nUnits between false alarms, on average: %.0f.\n", run)
	b.below("detector: units asked for between false alarms, per unit found", arl/run, 1)
}
