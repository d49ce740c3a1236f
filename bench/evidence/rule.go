package main

import (
	"math"

	"github.com/digital-factory/factory/internal/evidence/anytime"
)

// rule watches a stream of units and says when it would roll back. It is told of every failing unit as it comes,
// and of every minute with all units and the failing ones by arm (0 the canary, 1 the baseline).
type rule interface {
	failed(canary bool) (rollBack bool)
	minute(units, failing [2]int) (rollBack bool)
	widen(share float64)
}

// quiet is what most rules do when nothing concerns them.
type quiet struct{}

func (quiet) failed(bool) bool           { return false }
func (quiet) minute(_, _ [2]int) bool    { return false }
func (quiet) widen(float64)              {}
func logOdds(alpha float64) (ln float64) { return -math.Log(alpha) }

// bothArms is this project's rule: both arms, after every failing unit.
type bothArms struct {
	quiet
	test      anytime.Test
	threshold float64
}

func (a *bothArms) failed(canary bool) bool {
	a.test.Event(canary)
	return canary && a.test.LogE() >= a.threshold
}
func (a *bothArms) widen(share float64) { a.test.Widen(share) }

// oneArm is this project's rule without a baseline, against an accepted rate, after every minute.
type oneArm struct {
	quiet
	arm             anytime.OneArm
	rate, threshold float64
}

func (o *oneArm) minute(units, failing [2]int) bool {
	o.arm.Units += int64(units[0])
	o.arm.Failures += int64(failing[0])
	return failing[0] > 0 && o.arm.LogE(o.rate) >= o.threshold
}

// peeked is the two-proportion z-test at a one-sided level, looked at every minute or at the end only.
type peeked struct {
	quiet
	critical float64
	from, at int // the first minute that is looked at, the minute now
	n, x     [2]float64
}

func (p *peeked) minute(units, failing [2]int) bool {
	for arm := range 2 {
		p.n[arm] += float64(units[arm])
		p.x[arm] += float64(failing[arm])
	}
	if p.at++; p.at < p.from {
		return false
	}
	pooled := (p.x[0] + p.x[1]) / (p.n[0] + p.n[1])
	sd := math.Sqrt(pooled * (1 - pooled) * (1/p.n[0] + 1/p.n[1]))
	return sd > 0 && (p.x[0]/p.n[0]-p.x[1]/p.n[1])/sd >= p.critical
}

// threshold is a check of the canary's error ratio every minute that rolls back after more than limit failed ones.
type threshold struct {
	quiet
	ratio         float64
	limit, broken int
}

func (t *threshold) minute(units, failing [2]int) bool {
	if units[0] > 0 && float64(failing[0])/float64(units[0]) > t.ratio {
		t.broken++
	}
	return t.broken > t.limit
}

// ranked is the rank test on the error ratios of the minutes, judged once at the end or from a minute on.
type ranked struct {
	quiet
	judge    ranks
	from, at int
}

func (r *ranked) minute(units, failing [2]int) bool {
	ratio := func(arm int) float64 { return float64(failing[arm]) / float64(max(units[arm], 1)) }
	r.judge.add(ratio(0), ratio(1))
	if r.at++; r.at < r.from {
		return false
	}
	return r.judge.verdict(0.25) > 0
}

// ranks is the Mann-Whitney test as Kayenta takes it: a 98 % interval for the shift between the arms, by the
// normal approximation, and a fault when it stays beyond a part of the Hodges-Lehmann estimate.
type ranks struct {
	canary, baseline, differences []float64
	fresh, merged                 []float64
}

func (r *ranks) add(canary, baseline float64) {
	r.fresh = r.fresh[:0]
	r.canary = append(r.canary, canary)
	for _, b := range r.baseline {
		r.fresh = append(r.fresh, canary-b)
	}
	r.baseline = append(r.baseline, baseline)
	for _, c := range r.canary {
		r.fresh = append(r.fresh, c-baseline)
	}
	sortFloats(r.fresh)
	r.merged = r.merged[:0]
	i, j := 0, 0
	for i < len(r.differences) || j < len(r.fresh) {
		if j == len(r.fresh) || i < len(r.differences) && r.differences[i] <= r.fresh[j] {
			r.merged = append(r.merged, r.differences[i])
			i++
		} else {
			r.merged = append(r.merged, r.fresh[j])
			j++
		}
	}
	r.differences, r.merged = r.merged, r.differences
}

// verdict is +1 when the canary is higher, -1 when it is lower, 0 when it passes.
func (r *ranks) verdict(tolerance float64) int {
	const z98 = 2.3263478740408408
	n, m := float64(len(r.canary)), float64(len(r.baseline))
	k := int(math.Floor(n*m/2 - z98*math.Sqrt(n*m*(n+m+1)/12)))
	if k < 1 {
		return 0
	}
	low, high := r.differences[k-1], r.differences[len(r.differences)-k]
	estimate := math.Abs(r.differences[len(r.differences)/2])
	switch {
	case low > tolerance*estimate:
		return 1
	case high < -tolerance*estimate:
		return -1
	}
	return 0
}
