package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"

	"github.com/digital-factory/factory/internal/evidence/anytime"
)

const (
	spread     = 0.6 // of the logarithm of a latency
	perMinute  = 200 // units, half and half
	longestRun = 400_000
)

// normal quantiles of 1/2, 9/10 and 99/100: the edges that are frozen in the plan.
var latencyEdges = []anytime.Edge{
	{At: 1, Share: 0.5}, {At: math.Exp(spread * 1.2815515655446004), Share: 0.1}, {At: math.Exp(spread * 2.3263478740408408), Share: 0.01},
}

// change is what a release does to a latency.
type change struct {
	name string
	of   func(rng *rand.Rand, latency float64) float64
}

func slower(factor float64) func(*rand.Rand, float64) float64 {
	return func(_ *rand.Rand, x float64) float64 { return factor * x }
}

func tail(part float64) func(*rand.Rand, float64) float64 {
	return func(rng *rand.Rand, x float64) float64 {
		if rng.Float64() < part {
			return 10 * x
		}
		return x
	}
}

var changes = []change{
	{"nothing", slower(1)}, {"all 10 % slower", slower(1.1)}, {"all 30 % slower", slower(1.3)},
	{"slow tail 1 % to 2 %", tail(0.01)}, {"slow tail 1 % to 3 %", tail(0.02)},
}

// watcher looks at the latencies of units and says when it would roll back.
type watcher interface {
	unit(canary bool, latency float64) (rollBack bool)
	minute() (rollBack bool)
}

// exceedance is this project's rule: units above frozen edges, looked at every ten units.
type exceedance struct {
	tests [3]anytime.ProportionTest
	alpha float64
	n     int
}

func newExceedance(alpha float64) *exceedance {
	e := &exceedance{alpha: alpha}
	for i, edge := range latencyEdges {
		e.tests[i] = anytime.NewProportionTest(0.5, edge.Share, 0, 1)
	}
	return e
}

func (e *exceedance) unit(canary bool, latency float64) bool {
	for i := range e.tests {
		e.tests[i].Unit(canary, latency > latencyEdges[i].At)
	}
	if e.n++; e.n%10 > 0 {
		return false
	}
	return anytime.LogAverage([]float64{e.tests[0].LogE(), e.tests[1].LogE(), e.tests[2].LogE()}) >= logOdds(e.alpha)
}
func (e *exceedance) minute() bool { return false }

// bands compares two distribution functions, each within a band that holds at every look.
type bands struct {
	alpha  float64
	counts [2][400]int64
	n      [2]int64
	next   int64
}

func (b *bands) unit(canary bool, latency float64) bool {
	arm := 1
	if canary {
		arm = 0
	}
	at := int((math.Log(latency)/spread + 5) * 40) // 400 edges from -5 to 5 standard deviations
	b.counts[arm][min(max(at, 0), 399)]++
	b.n[arm]++
	if n := b.n[0] + b.n[1]; n < b.next {
		return false
	} else {
		b.next = n + 1 + n/100
	}
	if b.n[0] == 0 || b.n[1] == 0 {
		return false
	}
	width := anytime.BandHalfWidth(b.n[0], b.alpha/2) + anytime.BandHalfWidth(b.n[1], b.alpha/2)
	var sum [2]int64
	for i := range b.counts[0] {
		sum[0] += b.counts[0][i]
		sum[1] += b.counts[1][i]
		if float64(sum[1])/float64(b.n[1])-float64(sum[0])/float64(b.n[0]) > width {
			return true
		}
	}
	return false
}
func (b *bands) minute() bool { return false }

// peekedMeans is a one-sided z-test on the two means, looked at every minute.
type peekedMeans struct {
	critical      float64
	n, sum, above [2]float64
}

func (p *peekedMeans) unit(canary bool, latency float64) bool {
	arm := 1
	if canary {
		arm = 0
	}
	p.n[arm]++
	p.sum[arm] += latency
	p.above[arm] += latency * latency
	return false
}
func (p *peekedMeans) minute() bool {
	variance := 0.0
	for arm := range 2 {
		m := p.sum[arm] / p.n[arm]
		variance += (p.above[arm]/p.n[arm] - m*m) / p.n[arm]
	}
	return p.sum[0]/p.n[0]-p.sum[1]/p.n[1] >= p.critical*math.Sqrt(variance)
}

// rankedMeans is the rank test on the means of the minutes, judged after an hour.
type rankedMeans struct {
	judge  ranks
	n, sum [2]float64
	at     int
}

func (r *rankedMeans) unit(canary bool, latency float64) bool {
	arm := 1
	if canary {
		arm = 0
	}
	r.n[arm]++
	r.sum[arm] += latency
	return false
}
func (r *rankedMeans) minute() bool {
	r.judge.add(r.sum[0]/r.n[0], r.sum[1]/r.n[1])
	r.n, r.sum = [2]float64{}, [2]float64{}
	r.at++
	return r.at == 60 && r.judge.verdict(0.25) > 0
}

// limit99 is a check of the canary's 99th percentile every minute against 1.2 times the usual one.
type limit99 struct {
	latencies     []float64
	limit, broken int
}

func (l *limit99) unit(canary bool, latency float64) bool {
	if canary {
		l.latencies = append(l.latencies, latency)
	}
	return false
}
func (l *limit99) minute() bool {
	if quantile(l.latencies, 0.99) > 1.2*latencyEdges[2].At {
		l.broken++
	}
	l.latencies = l.latencies[:0]
	return l.broken > l.limit
}

// watch plays units through a watcher and returns after how many it rolled back, 0 for never.
func watch(rng *rand.Rand, c change, w watcher, most int) float64 {
	for i := 1; i <= most; i++ {
		canary := rng.IntN(2) == 0
		latency := math.Exp(spread * rng.NormFloat64())
		if canary {
			latency = c.of(rng, latency)
		}
		if w.unit(canary, latency) || i%perMinute == 0 && w.minute() {
			return float64(i)
		}
	}
	return 0
}

func (b *bench) latency() {
	fmt.Printf("\n## Latency: rolled back within an hour of %d units a minute, half and half\n\nA latency per unit, lognormal; slow: ten times as long. %d rollouts of a release that changes nothing, %d of each other.\n\n| rule |", perMinute, b.runs, b.runs/10)
	for _, c := range changes {
		fmt.Printf(" %s |", c.name)
	}
	fmt.Print("\n|---|---|---|---|---|---|\n")
	for _, r := range []struct {
		name  string
		alpha float64
		start func() watcher
	}{
		{"**exceedance, alpha 5 %**", 0.05, func() watcher { return newExceedance(0.05) }},
		{"**exceedance, alpha 1 %**", 0.01, func() watcher { return newExceedance(0.01) }},
		{"bands of both distributions, alpha 1 %", 0.01, func() watcher { return &bands{alpha: 0.01} }},
		{"z-test of the means 1 %, each minute", 0, func() watcher { return &peekedMeans{critical: 2.3263} }},
		{"p99 above 1.2 times the usual, > 3 failed checks", 0, func() watcher { return &limit99{limit: 3} }},
		{"rank test of minute means 98 %, at the end only", 0, func() watcher { return &rankedMeans{} }},
	} {
		fmt.Printf("| %s |", r.name)
		for i, c := range changes {
			n := b.runs
			if i > 0 {
				n = b.runs / 10
			}
			hits, part := share(each(b, n, func(rng *rand.Rand) bool { return watch(rng, c, r.start(), 60*perMinute) > 0 }))
			fmt.Printf(" %s |", percent(part))
			if i == 0 && r.alpha > 0 {
				b.atMost("false rollback by latency, "+strings.Trim(r.name, "*"), hits, n, r.alpha)
			}
		}
		fmt.Println()
	}
	n := max(b.runs/50, 10)
	fmt.Printf("\nUnits until detection at alpha 1 %%, on average over %d rollouts:\n\n| change | exceedance | bands |\n|---|---|---|\n", n)
	for _, c := range changes[1:] {
		fmt.Printf("| %s |", c.name)
		for _, start := range []func() watcher{func() watcher { return newExceedance(0.01) }, func() watcher { return &bands{alpha: 0.01} }} {
			var found []float64
			for _, at := range each(b, n, func(rng *rand.Rand) float64 { return watch(rng, c, start(), longestRun) }) {
				if at > 0 {
					found = append(found, at)
				}
			}
			if len(found) < n {
				fmt.Printf(" %d of %d within %d |", len(found), n, longestRun)
			} else {
				fmt.Printf(" %.0f |", mean(found))
			}
		}
		fmt.Println()
	}
}
