package anytime

import "math"

// OneArm counts the canary alone: of Units distinct units whose outcome is known, Failures failed.
//
// A unit's outcome is known once it had its fair chance to fail, by the rule the caller chose before the
// rollout (its first outcome, an hour of use). Counting a unit as soon as it is exposed keeps [OneArm.LogE]
// valid, because failures that are still to come only lower it, but makes [OneArm.LogEPromote] too hopeful.
type OneArm struct {
	Units    int64 `json:"units"`
	Failures int64 `json:"failures"`
}

func (a OneArm) stage(acceptedRate float64) [1]Stage {
	return [1]Stage{{Share: acceptedRate, Canary: a.Failures, Baseline: a.Units - a.Failures}}
}

// Validate reports negative counts, more failures than units, or counts above MaxCount.
func (a OneArm) Validate() error { return ValidCounts(a.Units, a.Failures, a.Units-a.Failures) }

// LogE is the log of the evidence that a unit fails with a probability above acceptedRate, in (0, 1).
//
// Hypothesis: given what was seen before, each unit fails with probability at most acceptedRate. Guarantee: P(E
// ever reaches 1/alpha) <= alpha. It is [LogE] with the accepted rate in the place of the share: the bets are
// odds ratios. An accepted rate outside (0, 1) gives 0: no evidence.
func (a OneArm) LogE(acceptedRate float64) float64 {
	s := a.stage(acceptedRate)
	return logMixture(s[:], 0, more)
}

// LogEPromote is the log of the evidence that a unit fails with a probability below acceptedRate.
//
// Hypothesis: each unit fails with probability at least acceptedRate. Guarantee: P(E ever reaches 1/beta) <= beta.
func (a OneArm) LogEPromote(acceptedRate float64) float64 {
	s := a.stage(acceptedRate)
	return logMixture(s[:], 0, fewer)
}

// RateInterval holds the failure rate with probability 1-alpha at every look at once (a confidence sequence):
// all p that the Beta(1/2, 1/2) mixture B(S+1/2, n-S+1/2)/B(1/2, 1/2) / (p^S (1-p)^(n-S)) does not reject at
// 1/alpha. Without units it is [0, 1].
func (a OneArm) RateInterval(alpha float64) (low, high float64) {
	if a.Units <= 0 || a.Validate() != nil || !(alpha > 0 && alpha < 1) {
		return 0, 1
	}
	n, s := float64(a.Units), float64(a.Failures)
	mixture := logBeta(s+0.5, n-s+0.5) - logBeta(0.5, 0.5)
	rejected := func(p float64) bool {
		l := 0.0
		if s > 0 {
			l += s * math.Log(p)
		}
		if n > s {
			l += (n - s) * math.Log1p(-p)
		}
		return mixture-l >= -math.Log(alpha)
	}
	// The likelihood falls on both sides of S/n, so each bound is a crossing.
	low, high = crossing(s/n, 0, rejected), crossing(s/n, 1, rejected)
	return low, high
}

// FailingInGroup holds how many units of a finite group of the given size fail or will fail, at every look at once
// with probability 1-alpha, when the units that reported so far are a random part of the group: all K for which
// the Beta(1/2, 1/2) mixture over the probability of this sequence when K of the group fail stays below 1/alpha.
// Once all have reported it is exact. A group smaller than the units that reported gives 0 to group.
// Source: Waudby-Smith and Ramdas, Confidence sequences for sampling without replacement (2020).
func (a OneArm) FailingInGroup(group int64, alpha float64) (low, high int64) {
	if a.Validate() != nil || group < a.Units || ValidCounts(group) != nil || !(alpha > 0 && alpha < 1) {
		return 0, max(group, 0)
	}
	n, s, all := float64(a.Units), float64(a.Failures), float64(group)
	mixture := logBeta(s+0.5, n-s+0.5) - logBeta(0.5, 0.5)
	// falling is ln(k (k-1) ... (k-j+1)).
	falling := func(k, j float64) float64 {
		top, _ := math.Lgamma(k + 1)
		bottom, _ := math.Lgamma(k - j + 1)
		return top - bottom
	}
	rejected := func(k int64) bool {
		f := float64(k)
		return mixture-(falling(f, s)+falling(all-f, n-s)-falling(all, n)) >= -math.Log(alpha)
	}
	first, last := a.Failures, group-(a.Units-a.Failures) // what is possible at all
	best := last
	if a.Units > 0 {
		best = min(max(int64(s/n*all), first), last)
	}
	if a.Units == 0 || rejected(best) { // by a rounding of the best guess only
		return first, last
	}
	return edgeOf(best, first, rejected), edgeOf(best, last, rejected)
}

// edgeOf finds the outermost count that is not rejected, from inside towards outside.
func edgeOf(inside, outside int64, rejected func(int64) bool) int64 {
	if !rejected(outside) {
		return outside
	}
	for inside+1 != outside && inside-1 != outside && inside != outside {
		if mid := (inside + outside) / 2; rejected(mid) {
			outside = mid
		} else {
			inside = mid
		}
	}
	return inside
}

// crossing finds, between inside (not rejected) and outside, the outermost point that is not yet known to be
// rejected, rounding outwards; it is outside itself when that is not rejected.
func crossing(inside, outside float64, rejected func(float64) bool) float64 {
	if !rejected(outside) {
		return outside
	}
	for range 60 {
		mid := (inside + outside) / 2
		if rejected(mid) {
			outside = mid
		} else {
			inside = mid
		}
	}
	return outside
}

func logBeta(a, b float64) float64 {
	la, _ := math.Lgamma(a)
	lb, _ := math.Lgamma(b)
	lab, _ := math.Lgamma(a + b)
	return la + lb - lab
}
