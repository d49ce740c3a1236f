package anytime

import "math"

// The bets on two proportions: odds ratios, evenly spaced in their logarithm from GridLow to GridHigh.
const proportionBets = 10

// usualWeight is how many units the usual share that a plan names counts for against those of earlier stages.
const usualWeight = 50

// LogEProportion is the log of the evidence that a unit of the canary says yes with a larger probability than
// (1+margin) times that of a unit of the baseline. Every unit is counted once per rollout, with its outcome yes
// or no; the stages are in order. It is the test to take where yes is common (a tenth of the units and more),
// because it also reads the units that say no; for rare events [LogE] needs no denominators and loses nothing.
//
// usual is the share of yes that is expected in the baseline. It only chooses the bets: a wrong one costs time,
// never validity. From the second stage on the baseline of the earlier stages moves it.
//
// Hypothesis: for every unit, given the past, p_canary <= (1+margin)*p_baseline; both may drift. Guarantee: while
// it holds, P(exp of it ever reaches 1/alpha) <= alpha. Per bet (tc, tb) and unit: t(outcome in its arm) over
// t*(outcome in its arm), where (tc*, tb*) on the boundary is the closest to (tc, tb) in Kullback-Leibler
// divergence under the known share (derived at closest). By the theorem of Grünwald, de Heide and
// Koolen (Safe testing, 2024) that is an e-variable for the whole convex hypothesis; Turner, Ly and Grünwald,
// Generic e-variables for 2x2 tables (2024), give the form for blocks of fixed size. E is the mean over bets.
func LogEProportion(stages []OutcomeStage, usual, margin float64) float64 {
	return logProportion(stages, usual, margin, more)
}

// LogEProportionPromote is the log of the evidence that p_canary is below (1+margin)*p_baseline. Hypothesis:
// it is at or above that for every unit. Guarantee: P(exp of it ever reaches 1/beta) <= beta. Unlike with
// [LogEPromote], units that have had their outcome do not blur it: it tests the ratio of the shares themselves.
func LogEProportionPromote(stages []OutcomeStage, usual, margin float64) float64 {
	return logProportion(stages, usual, margin, fewer)
}

func logProportion(stages []OutcomeStage, usual, margin, direction float64) float64 {
	if !sound(margin) || !(usual > 0 && usual < 1) {
		return 0
	}
	var bets [proportionBets]float64
	yes, units := usual*usualWeight, float64(usualWeight)
	for _, s := range stages {
		u := s.Units()
		if !u.Informs() {
			continue
		}
		if u.Canary+u.Baseline > 0 {
			for j := range bets {
				p := payoff(s.Share, yes/units, 1+margin, direction, j)
				bets[j] += p.of(&s)
			}
		}
		yes += float64(s.BaselineYes)
		units += float64(u.Baseline)
	}
	return logMean(bets[:])
}

// proportionPayoff is what one unit adds to the log wealth of a bet.
type proportionPayoff struct{ canaryYes, canaryNo, baselineYes, baselineNo float64 }

// of is what the units of a stage add. The conversions keep the compiler from fusing the products.
func (p *proportionPayoff) of(s *OutcomeStage) float64 {
	return float64(p.canaryYes*float64(s.CanaryYes)) + float64(p.canaryNo*float64(s.CanaryNo)) +
		float64(p.baselineYes*float64(s.BaselineYes)) + float64(p.baselineNo*float64(s.BaselineNo))
}

// payoff prices bet j: tb is the usual share, tc the share whose odds are the bet's ratio away from the
// boundary k*tb.
func payoff(rho, usual, k, direction float64, j int) proportionPayoff {
	tb := min(max(usual, 1e-6), 1-1e-6, 0.98/k)
	odds := k * tb / (1 - k*tb) * math.Exp(direction*thetaOf(j, proportionBets)) // of tc
	tc := odds / (1 + odds)
	a, b := rho*(1-tc), (1-rho)*(1-tb)
	t := rho*tc + (1-rho)*tb
	x := closest(a, b, t, k)
	return proportionPayoff{
		canaryYes: math.Log(tc / (k * x)), canaryNo: -math.Log1p(odds) - math.Log1p(-k*x),
		baselineYes: math.Log(tb / x), baselineNo: math.Log1p(-tb) - math.Log1p(-x),
	}
}

// closest finds the point (k*x, x) of the boundary that is the closest to (tc, tb). The derivative of the
// divergence is 0 where
//
//	T(1-kx)(1-x) = A k x(1-x) + B x(1-kx),  A = rho(1-tc), B = (1-rho)(1-tb), T = 1-A-B,
//
// which, because T+A+B = 1, is k x^2 - (1 - A + k(1-B)) x + T = 0; the smaller root is the one below 1/k.
func closest(a, b, t, k float64) float64 {
	mid := 1 - a + k*(1-b)
	return 2 * t / (mid + math.Sqrt(max(mid*mid-4*k*t, 0)))
}
