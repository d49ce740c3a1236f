// Evidence measures how rollouts are decided, on simulated traffic with known truth: the rules of
// internal/evidence beside the two that are common elsewhere, a significance test that is looked at again and
// again and a threshold on the error ratio, on the very same streams. It prints its tables in Markdown. The same
// flags print the same tables.
package main

import (
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"sync"

	"github.com/digital-factory/factory/internal/evidence"
)

func main() {
	runs := flag.Int("runs", 10_000, "simulated rollouts per row of the first two tables; the others use a tenth")
	seed := flag.Uint64("seed", 1, "seed of all random numbers")
	flag.Parse()
	if flag.NArg() > 0 || *runs < 10 {
		fmt.Fprintln(os.Stderr, "usage: evidence [-runs N] [-seed N]    N of runs at least 10")
		os.Exit(2)
	}
	b := bench{*runs, *seed}
	b.falseRollbacks()
	b.badReleases()
	b.detection()
	b.promotion()
}

type bench struct {
	runs int
	seed uint64
}

// each plays n seeded runs on all cores and adds up what they return, column by column. All columns are whole
// numbers, so the sums do not depend on the order.
func (b bench) each(n int, run func(rng *rand.Rand, sum []int64)) []int64 {
	const columns = 16
	parts := make([][]int64, runtime.GOMAXPROCS(0))
	var wg sync.WaitGroup
	for w := range parts {
		parts[w] = make([]int64, columns)
		wg.Go(func() {
			for i := w; i < n; i += len(parts) {
				run(rand.New(rand.NewPCG(b.seed, uint64(i))), parts[w])
			}
		})
	}
	wg.Wait()
	total := make([]int64, columns)
	for _, p := range parts {
		for c, v := range p {
			total[c] += v
		}
	}
	return total
}

// The traffic of one rollout: an hour in which every minute brings 300 units that were not seen before, of
// which the given share of the baseline's fails.
const (
	minutes       = 60
	unitsPerMin   = 300
	failing       = 0.005
	maxErrorRatio = 0.01 // of the threshold rule: twice what is normal
)

// rule watches a stream and says when it would roll back.
type rule interface {
	unit(canary, failed bool) (rollBack bool)
	minute() (rollBack bool)
	widen(share float64)
}

// anytime is this project's rule: after every failing unit.
type anytime struct {
	test      evidence.Test
	threshold float64
}

func (a *anytime) unit(canary, failed bool) bool {
	if !failed {
		return false
	}
	a.test.Event(canary)
	return canary && a.test.LogE() >= a.threshold
}
func (a *anytime) minute() bool        { return false }
func (a *anytime) widen(share float64) { a.test.Widen(share) }

// peeked is the two-proportion z-test at a one-sided level, looked at every minute.
type peeked struct {
	critical float64
	n, x     [2]float64 // canary, baseline
}

func (p *peeked) unit(canary, failed bool) bool {
	arm := 1
	if canary {
		arm = 0
	}
	p.n[arm]++
	if failed {
		p.x[arm]++
	}
	return false
}
func (p *peeked) minute() bool {
	pooled := (p.x[0] + p.x[1]) / (p.n[0] + p.n[1])
	sd := math.Sqrt(pooled * (1 - pooled) * (1/p.n[0] + 1/p.n[1]))
	return sd > 0 && (p.x[0]/p.n[0]-p.x[1]/p.n[1])/sd >= p.critical
}
func (p *peeked) widen(float64) {}

// threshold is a check of the canary's error ratio every minute that rolls back after so many failed checks.
type threshold struct {
	limit, failedChecks int
	n, x                float64
}

func (t *threshold) unit(canary, failed bool) bool {
	if canary {
		t.n++
		if failed {
			t.x++
		}
	}
	return false
}
func (t *threshold) minute() bool {
	if t.n > 0 && t.x/t.n > maxErrorRatio {
		t.failedChecks++
	}
	t.n, t.x = 0, 0
	return t.failedChecks > t.limit
}
func (t *threshold) widen(float64) {}

var ruleNames = []string{"anytime, alpha 5 %", "anytime, alpha 1 %", "anytime, alpha 0.1 %", "z-test 5 %, each minute", "z-test 1 %, each minute", "threshold, > 0 failed checks", "threshold, > 3 failed checks"}

func rules(share float64) []rule {
	always := func(alpha float64) rule {
		return &anytime{evidence.NewTest(share, 0, 1), -math.Log(alpha)}
	}
	return []rule{always(0.05), always(0.01), always(0.001), &peeked{critical: 1.6449}, &peeked{critical: 2.3263}, &threshold{limit: 0}, &threshold{limit: 3}}
}

// ramp is the share in each part of the hour; drift multiplies everybody's failures as the hour goes on.
type ramp struct {
	name   string
	shares []float64
	drift  float64
}

var ramps = []ramp{
	{"half and half", []float64{0.5}, 1},
	{"5, 25, 50 %", []float64{0.05, 0.25, 0.5}, 1},
	{"5, 25, 50 %, failures of both arms triple meanwhile", []float64{0.05, 0.25, 0.5}, 3},
}

// hour plays one rollout for all rules at once. For each it adds to sum: whether it rolled back, and the failing canary units until
// then.
func hour(rng *rand.Rand, r ramp, ratio float64, sum []int64) {
	watching := rules(r.shares[0])
	broken, stage := int64(0), 0
	report := func(i int, rollBack bool) {
		if rollBack {
			sum[2*i]++
			sum[2*i+1] += broken
			watching[i] = nil
		}
	}
	for m := range minutes {
		for stage < m*len(r.shares)/minutes {
			stage++
			for _, w := range watching {
				if w != nil {
					w.widen(r.shares[stage])
				}
			}
		}
		risk := failing * (1 + (r.drift-1)*float64(m)/minutes)
		for range unitsPerMin {
			canary := rng.Float64() < r.shares[stage]
			p := risk
			if canary {
				p *= ratio
			}
			failed := rng.Float64() < p
			if canary && failed {
				broken++
			}
			for i, w := range watching {
				if w != nil {
					report(i, w.unit(canary, failed))
				}
			}
		}
		for i, w := range watching {
			if w != nil {
				report(i, w.minute())
			}
		}
	}
}

func (b bench) falseRollbacks() {
	fmt.Printf("## False rollbacks of a release that changes nothing\n\n%d rollouts of an hour, %d new units a minute, %.1f %% of them failing in both arms.\n\n| rule |", b.runs, unitsPerMin, 100*failing)
	found := make([][]int64, len(ramps))
	for i, r := range ramps {
		fmt.Printf(" %s |", r.name)
		found[i] = b.each(b.runs, func(rng *rand.Rand, sum []int64) { hour(rng, r, 1, sum) })
	}
	fmt.Print("\n|---|---|---|---|\n")
	for i, name := range ruleNames {
		fmt.Printf("| %s |", name)
		for k := range ramps {
			fmt.Printf(" %.2f %% |", 100*float64(found[k][2*i])/float64(b.runs))
		}
		fmt.Println()
	}
}

func (b bench) badReleases() {
	n := max(b.runs/10, 10)
	ratios := []float64{2, 5, 10}
	fmt.Printf("\n## Rollbacks of a release that is worse, within the hour\n\nRamp %s, %d rollouts: share rolled back; failing canary units until then, on average.\n\n| rule |", ramps[1].name, n)
	found := make([][]int64, len(ratios))
	for i, ratio := range ratios {
		fmt.Printf(" %v times the failures |", ratio)
		found[i] = b.each(n, func(rng *rand.Rand, sum []int64) { hour(rng, ramps[1], ratio, sum) })
	}
	fmt.Print("\n|---|---|---|---|\n")
	for i, name := range ruleNames {
		fmt.Printf("| %s |", name)
		for k := range ratios {
			hits := found[k][2*i]
			fmt.Printf(" %.1f %%; %.1f |", 100*float64(hits)/float64(n), float64(found[k][2*i+1])/float64(max(hits, 1)))
		}
		fmt.Println()
	}
}

func (b bench) detection() {
	n, alpha := max(b.runs/10, 10), 0.01
	fmt.Printf("\n## Failing units until detection, against the least possible\n\nAlpha 1 %%, %d runs, units of both arms. Wald: no test that stops in vain at most 1 %% of the time needs fewer on average.\n\n| canary share | ratio | Wald | mean | times Wald |\n|---|---|---|---|---|\n", n)
	for _, share := range []float64{0.01, 0.05, 0.25, 0.5} {
		for _, ratio := range []float64{1.5, 2, 5, 10} {
			p := share * ratio / (share*ratio + 1 - share)
			sum := b.each(n, func(rng *rand.Rand, sum []int64) {
				a := anytime{evidence.NewTest(share, 0, 1), -math.Log(alpha)}
				for i := int64(1); ; i++ {
					if a.unit(rng.Float64() < p, true) {
						sum[0] += i
						return
					}
				}
			})
			wald := -math.Log(alpha) / (p*math.Log(p/share) + (1-p)*math.Log((1-p)/(1-share)))
			mean := float64(sum[0]) / float64(n)
			fmt.Printf("| %v | %v | %.1f | %.1f | %.2f |\n", share, ratio, wald, mean, mean/wald)
		}
	}
}

func (b bench) promotion() {
	n, beta := max(b.runs/10, 10), 0.05
	fmt.Printf("\n## Failing units until a release that is no worse is promoted\n\nBeta 5 %%, %d runs, units of both arms.\n\n| margin | share 0.05 | share 0.25 | share 0.5 |\n|---|---|---|---|\n", n)
	for _, margin := range []float64{0.25, 0.5, 1} {
		fmt.Printf("| +%.0f %% |", 100*margin)
		for _, share := range []float64{0.05, 0.25, 0.5} {
			sum := b.each(n, func(rng *rand.Rand, sum []int64) {
				test := evidence.NewTest(share, 0, margin)
				for i := int64(1); ; i++ {
					canary := rng.Float64() < share
					test.Event(canary)
					if !canary && test.LogEPromote() >= -math.Log(beta) {
						sum[0] += i
						return
					}
				}
			})
			fmt.Printf(" %.0f |", float64(sum[0])/float64(n))
		}
		fmt.Println()
	}
	fmt.Printf("\nBy the accepted rate instead, canary units without a failure until it is shown to be below it:")
	for _, rate := range []float64{0.05, 0.01, 0.001} {
		units := int64(1)
		for (evidence.OneArm{Units: units}).LogEPromote(rate) < -math.Log(beta) {
			units++
		}
		fmt.Printf(" %.1f %%: %d;", 100*rate, units)
	}
	fmt.Println()
}
