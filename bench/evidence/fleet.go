package main

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/digital-factory/factory/internal/evidence/anytime"
)

const group = 10_000 // devices

// stops says after a report whether the rollout to the group stops.
type stops func(reports, failed int) bool

func abort(part float64, after int) stops {
	return func(reports, failed int) bool { return reports >= after && float64(failed) >= part*float64(reports) }
}

func groupThreshold(part float64) stops {
	return func(_, failed int) bool { return float64(failed) > part*group }
}

func accepted(rate, alpha float64) stops {
	last := -1
	return func(reports, failed int) bool {
		if failed == last { // only a failure raises the evidence
			return false
		}
		last = failed
		return (anytime.OneArm{Units: int64(reports), Failures: int64(failed)}).LogE(rate) >= logOdds(alpha)
	}
}

type halted struct {
	stopped         bool
	reports, failed float64
}

func (b *bench) fleet() {
	rates := []float64{0.01, 0.05, 0.15, 0.30, 0.90}
	fmt.Printf("\n## A fleet: a group of %d devices, 1 %% of failures accepted\n\n%d rollouts. Good: false stops. Bad: reports until the stop; failed devices until then. Wald: no test that stops a good build in vain at most 0.1 %% of the time needs fewer reports on average.\n\n| rule | good: 1 %% fail |", group, b.runs)
	for _, p := range rates[1:] {
		fmt.Printf(" %.0f %% fail |", 100*p)
	}
	fmt.Print("\n|---|---|---|---|---|---|\n| Wald, alpha 0.1 % | |")
	for _, p := range rates[1:] {
		fmt.Printf(" %.1f |", wald(p, 0.01, 0.001))
	}
	fmt.Println()
	for _, r := range []struct {
		name  string
		alpha float64
		start func() stops
	}{
		{"**anytime, alpha 5 %**", 0.05, func() stops { return accepted(0.01, 0.05) }},
		{"**anytime, alpha 1 %**", 0.01, func() stops { return accepted(0.01, 0.01) }},
		{"**anytime, alpha 0.1 %**", 0, func() stops { return accepted(0.01, 0.001) }},
		{"abort at 5 % failed after 20 reports", 0, func() stops { return abort(0.05, 20) }},
		{"abort at 2 % failed after 100 reports", 0, func() stops { return abort(0.02, 100) }},
		{"stop above 10 % of the whole group", 0, func() stops { return groupThreshold(0.1) }},
	} {
		fmt.Printf("| %s |", r.name)
		for i, p := range rates {
			n := b.runs
			if i > 0 {
				n = max(b.runs/10, 10)
			}
			found := each(b, n, func(rng *rand.Rand) halted {
				stop, failed := r.start(), 0
				for reports := 1; reports <= group; reports++ {
					if rng.Float64() < p {
						failed++
					}
					if stop(reports, failed) {
						return halted{true, float64(reports), float64(failed)}
					}
				}
				return halted{}
			})
			var hits int
			var sum halted
			for _, f := range found {
				if f.stopped {
					hits++
					sum.reports += f.reports
					sum.failed += f.failed
				}
			}
			switch {
			case i == 0:
				fmt.Printf(" %s |", percent(float64(hits)/float64(n)))
				if r.alpha > 0 {
					b.atMost("false stop of a fleet at the accepted rate, alpha "+percent(r.alpha), hits, n, r.alpha)
				}
			case hits == 0:
				fmt.Print(" never |")
			default:
				note := ""
				if hits < n {
					note = fmt.Sprintf(" (in %s)", percent(float64(hits)/float64(n)))
				}
				fmt.Printf(" %.1f; %.1f%s |", sum.reports/float64(hits), sum.failed/float64(hits), note)
			}
		}
		fmt.Println()
	}
}

// wald is the least mean number of units that any test of this alpha can need: ln(1/alpha) over the divergence.
func wald(p1, p0, alpha float64) float64 { return -math.Log(alpha) / divergence(p1, p0) }

func divergence(p1, p0 float64) float64 {
	d := p1 * math.Log(p1/p0)
	if p1 < 1 {
		d += (1 - p1) * math.Log((1-p1)/(1-p0))
	}
	return d
}
