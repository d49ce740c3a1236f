package anytime

import (
	"fmt"
	"math"
)

// Intensity counts events against an exposure where no unit can be told from another, or one unit may rightly
// have many: crashes against hours of flight, wakes or miles.
type Intensity struct {
	// Events is how many there were.
	Events int64 `json:"events"`
	// Expected is how many there would have been at the accepted intensity: accepted events per hour times
	// hours. It may grow at a rate of its own; it must not depend on events that are still to come.
	Expected float64 `json:"expected"`
}

// Validate reports a negative or too large count or expectation.
func (i Intensity) Validate() error {
	if !(i.Expected >= 0 && i.Expected <= float64(MaxCount)) {
		return fmt.Errorf("the expected number of events %v is not in 0 to %d", i.Expected, MaxCount)
	}
	return ValidCounts(i.Events)
}

// LogE is the log of the evidence that events come more often than accepted.
//
// Hypothesis: given the past, at every moment the intensity is at most the accepted one. Guarantee: while it
// holds, P(exp(LogE) ever reaches 1/alpha) <= alpha, at every moment and not only at events. Per bet with ratio
// r: N*ln(r) - (r-1)*L, the likelihood ratio of two Poisson processes; E is the mean over the bets of the grid.
// Events that come in bursts by one cause break it: count causes (units, [OneArm]) instead. Source: Wald (1945)
// for one bet; the mixture as in [LogE].
func (i Intensity) LogE() float64 { return i.mixture(more) }

// LogEPromote is the log of the evidence that events come less often than accepted. Hypothesis: the intensity is
// at least the accepted one. Guarantee: P(exp of it ever reaches 1/beta) <= beta.
func (i Intensity) LogEPromote() float64 { return i.mixture(fewer) }

func (i Intensity) mixture(direction float64) float64 {
	if i.Validate() != nil {
		return 0
	}
	odds := &moreOdds
	if direction < 0 {
		odds = &fewerOdds
	}
	var bets [GridPoints]float64
	for j := range bets {
		bets[j] = i.gain(direction*theta(j), odds[j])
	}
	return logMean(bets[:])
}

// gain is the log wealth of the bet on exp(d), with odds = exp(d)-1.
func (i Intensity) gain(d, odds float64) float64 {
	return float64(d*float64(i.Events)) - float64(odds*i.Expected)
}

// Interval holds the ratio of the intensity to the accepted one with probability 1-alpha at every look at once,
// when that ratio is constant: all R that the Gamma(1/2, 1/2) mixture b^a G(a+N) / (G(a) (b+L)^(a+N)) over
// R^N exp(-R L) does not reject at 1/alpha. high is [MaxRatio] where nothing bounds it. Source: Howard et al.
// (2021), the gamma-Poisson mixture.
func (i Intensity) Interval(alpha float64) (low, high float64) {
	if i.Validate() != nil || i.Expected == 0 || !(alpha > 0 && alpha < 1) {
		return 0, MaxRatio
	}
	const a, b = 0.5, 0.5
	n, l := float64(i.Events), i.Expected
	top, _ := math.Lgamma(a + n)
	bottom, _ := math.Lgamma(a)
	mixture := a*math.Log(b) + top - bottom - (a+n)*math.Log(b+l)
	rejected := func(r float64) bool {
		likelihood := -r * l
		if n > 0 {
			likelihood += n * math.Log(r)
		}
		return mixture-likelihood >= -math.Log(alpha)
	}
	best := min(n/l, MaxRatio)
	return crossing(best, 0, rejected), crossing(best, MaxRatio, rejected)
}
