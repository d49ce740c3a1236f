package anytime

import (
	"fmt"
	"math"
)

// Moments sums up one number per unit: units, the sum of their values, the sum of the squares.
type Moments struct {
	Units   int64   `json:"units"`
	Sum     float64 `json:"sum"`
	Squares float64 `json:"squares"`
}

// Add counts the value of one more unit.
func (m *Moments) Add(value float64) {
	m.Units++
	m.Sum += value
	m.Squares += value * value
}

// around gives the sums of (y-a) and (y-a)^2.
func (m Moments) around(a float64) (sum, squares float64) {
	n := float64(m.Units)
	return m.Sum - n*a, max(m.Squares-2*a*m.Sum+n*a*a, 0)
}

// MeanStage sums up, for one value of the split, the values of the units that began to be observed in this stage,
// in the arm they were in then: ONE value per unit and rollout, by a rule that does not regard the arm (its first
// order; what it spent in its first hour). A value that takes its time to settle is added when it is known. Units
// without a value are not in it, so a release that changes who has one must be seen by another metric, or counts
// them with the value 0.
type MeanStage struct {
	Share    float64 `json:"share"` // as in Stage
	Canary   Moments `json:"canary"`
	Baseline Moments `json:"baseline"`
}

// Units drops the values, for [SampleRatioLogE].
func (s MeanStage) Units() Stage {
	return Stage{Share: s.Share, Canary: s.Canary.Units, Baseline: s.Baseline.Units}
}

// Informs is [Stage.Informs] of the units.
func (s MeanStage) Informs() bool { return s.Units().Informs() }

// Exchanged swaps the arms.
func (s MeanStage) Exchanged() MeanStage { return MeanStage{1 - s.Share, s.Baseline, s.Canary} }

// Validate reports unsound counts and sums that no values can have.
func (s MeanStage) Validate() error {
	for _, m := range [2]Moments{s.Canary, s.Baseline} {
		square := m.Sum * m.Sum
		if !(math.Abs(m.Sum) <= 1e150) || !(m.Squares >= 0 && m.Squares <= 1e300) || square > float64(m.Units)*m.Squares*(1+1e-6)+1e-300 {
			return fmt.Errorf("no %d values add up to %v with squares that add up to %v", m.Units, m.Sum, m.Squares)
		}
	}
	return s.Units().Validate()
}

// Bounds are the least and the largest value a unit can have. What lies outside is counted as the bound, which
// is decided before the rollout: then the mean that is judged is that of the values so cut.
type Bounds struct {
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

// Cut brings a value within the bounds.
func (b Bounds) Cut(value float64) float64 { return min(max(value, b.Low), b.High) }

// Hold says whether the moments can be those of values within the bounds.
func (b Bounds) Hold(m Moments) bool {
	n := float64(m.Units)
	slack := 1e-9 * n * max(math.Abs(b.Low), math.Abs(b.High))
	most := n * max(b.Low*b.Low, b.High*b.High)
	return m.Sum >= n*b.Low-slack && m.Sum <= n*b.High+slack && m.Squares <= most*(1+1e-9)
}

// meanBets is the number of bets on a mean, meanLow and meanHigh the ends of their logarithmic grid, as parts
// of the largest bet that can never lose everything.
const (
	meanBets = 16
	meanLow  = 0.004
	meanHigh = 0.9
)

// meanBet is a bet u with what it pays for the square of a score, -ln(1-u)-u.
type meanBet struct{ u, psi float64 }

var meanGrid = func() (grid [meanBets]meanBet) {
	for j := range grid {
		u := meanLow * math.Pow(meanHigh/meanLow, float64(j)/(meanBets-1))
		grid[j] = meanBet{u, -math.Log1p(-u) - u}
	}
	return grid
}()

// LogEMean is the log of the evidence that the canary's mean exceeds the baseline's by more than shift (in the
// values' unit). usual is a value near the mean; it only chooses where values are centred: a wrong one costs
// time, never validity.
//
// Hypothesis: for every unit, given the past, its expected value in the canary is at most shift above that in
// the baseline; both may drift. Guarantee, for values within the bounds and without any assumption on their
// distribution, in finite samples: P(exp of it ever reaches 1/alpha) <= alpha.
//
// Score of a unit: s = (1-rho)(y-usual) in the canary, -rho(y-usual) in the baseline, minus rho(1-rho)*shift; its
// mean is rho(1-rho) times (difference - shift). It is at least -b, so a bet of u/b on it, u < 1, grows by
// 1 + u s/b >= exp(u s/b - (-ln(1-u)-u) s^2/b^2) (Fan, Grama and Liu 2015): the sums of s and s^2 suffice, which
// is the empirical Bernstein bound of Howard et al. (2021) and Waudby-Smith and Ramdas (2024). E is the mean
// over the bets u.
func LogEMean(stages []MeanStage, bounds Bounds, usual, shift float64) float64 {
	return logMeanBets(stages, bounds, usual, shift, more)
}

// LogEMeanPromote is the log of the evidence that the canary's mean is less than shift above the baseline's.
// Hypothesis: it is at least shift above. Guarantee: P(exp of it ever reaches 1/beta) <= beta.
func LogEMeanPromote(stages []MeanStage, bounds Bounds, usual, shift float64) float64 {
	return logMeanBets(stages, bounds, usual, shift, fewer)
}

func logMeanBets(stages []MeanStage, bounds Bounds, usual, shift, direction float64) float64 {
	if !(bounds.Low < bounds.High) || math.IsInf(bounds.High-bounds.Low, 0) || math.IsNaN(usual) || math.IsNaN(shift) {
		return 0
	}
	usual = bounds.Cut(usual)
	var bets [meanBets]float64
	for _, s := range stages {
		if !s.Informs() {
			continue
		}
		rho := s.Share
		score, squares := scores(s, usual, shift)
		// The furthest that a score can go against the bet.
		least := min((1-rho)*(bounds.Low-usual), -rho*(bounds.High-usual)) - rho*(1-rho)*shift
		if direction < 0 {
			score = -score
			least = rho*(1-rho)*shift - max((1-rho)*(bounds.High-usual), -rho*(bounds.Low-usual))
		}
		if least >= 0 {
			continue // it cannot go against the bet at all: the shift is outside of what the bounds allow
		}
		z, zz := score/-least, squares/(least*least)
		for j, bet := range meanGrid {
			bets[j] += float64(bet.u*z) - float64(bet.psi*zz)
		}
	}
	return logMean(bets[:])
}

// scores adds up s and s^2 over a stage.
func scores(s MeanStage, centre, shift float64) (sum, squares float64) {
	rho := s.Share
	drop := rho * (1 - rho) * shift
	for _, arm := range [2]struct {
		m Moments
		w float64
	}{{s.Canary, 1 - rho}, {s.Baseline, -rho}} {
		d, dd := arm.m.around(centre)
		n := float64(arm.m.Units)
		sum += arm.w*d - n*drop
		squares += arm.w*arm.w*dd - 2*arm.w*drop*d + n*drop*drop
	}
	return sum, max(squares, 0)
}
