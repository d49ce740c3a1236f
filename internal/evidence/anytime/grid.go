package anytime

import "math"

// The bets: GridPoints rate ratios, evenly spaced in their logarithm from GridLow to GridHigh, with equal
// weight. Not knowing the size of the effect costs at most ln(GridPoints) of evidence against the best bet,
// and in practice much less because neighbouring bets win together.
const (
	GridPoints = 24
	GridLow    = 1.1
	GridHigh   = 64.0
)

const (
	lnGridLow  = 0.09531017980432486
	lnGridHigh = 4.1588830833596715
)

// moreOdds and fewerOdds hold exp(d)-1 for the log ratio d of each bet: constants, worth not computing anew.
var (
	moreOdds  = gridOdds(more)
	fewerOdds = gridOdds(fewer)
)

func gridOdds(direction float64) (odds [GridPoints]float64) {
	for j := range odds {
		odds[j] = math.Expm1(direction * theta(j))
	}
	return odds
}

// theta is the log ratio of bet j.
func theta(j int) float64 { return thetaOf(j, GridPoints) }

// thetaOf is the same with another number of bets between the same ends.
func thetaOf(j, points int) float64 {
	return lnGridLow + float64(float64(j)*((lnGridHigh-lnGridLow)/float64(points-1)))
}

// The direction of a bet: more events in the canary than the boundary allows, or fewer.
const (
	more  = +1.0
	fewer = -1.0
)

// LogE is the log of the evidence that the canary's rate of first events exceeds (1+margin) times the
// baseline's. Counts are units, margin is a fraction (0.25: up to a quarter more is tolerated; must be > -1).
//
// Hypothesis: at every moment a unit's first event is at most 1+margin times as likely to come from a unit of
// the canary as the share says, that is P(canary) <= rho(1+m)/(rho(1+m)+1-rho). It holds whenever the release
// raises no unit's rate by more than that. Guarantee: while it holds, P(exp(LogE) ever reaches 1/alpha) <=
// alpha over the whole rollout, looking after every event, also when the share is changed because of what was
// seen. Per bet with log ratio d: d*sum(c_k) - sum(n_k*ln(1+rho_k*(exp(d)-1))); E is the mean over the bets.
// Stages that carry no evidence (share 1, unsound values) are left out.
func LogE(stages []Stage, margin float64) float64 { return logMixture(stages, margin, more) }

// LogEPromote is the log of the evidence that the canary's rate of first events is below (1+margin) times the
// baseline's: non-inferiority.
//
// Hypothesis: the rate is at or above that boundary at every moment. Guarantee: while it holds, P(exp of it
// ever reaches 1/beta) <= beta. Units that have had their event drop out of the count, in the worse arm faster,
// so the ratio that is tested lies nearer to 1 than that of the risks per visit: no matter while few units are
// hit (one in twenty makes 1.5 look like 1.49), but where most are, it compares how many were hit and not how
// often. The rollback side only becomes more careful by it.
func LogEPromote(stages []Stage, margin float64) float64 { return logMixture(stages, margin, fewer) }

func logMixture(stages []Stage, margin, direction float64) float64 {
	if !sound(margin) {
		return 0
	}
	odds := &moreOdds
	if direction < 0 {
		odds = &fewerOdds
	}
	var bets [GridPoints]float64
	for _, s := range stages {
		if !s.Informs() || s.Canary+s.Baseline == 0 {
			continue
		}
		share := shifted(s.Share, margin)
		for j := range bets {
			bets[j] += gain(direction*theta(j), price(share, odds[j]), s.Canary, s.Canary+s.Baseline)
		}
	}
	return logMean(bets[:])
}

// sound says whether a margin can be tested against.
func sound(margin float64) bool { return margin > -1 && !math.IsInf(margin, 1) }

// shifted is the probability that an event comes from the canary when its rate is 1+margin times the
// baseline's and a share rho of the units is in it.
func shifted(rho, margin float64) float64 {
	r := float64(rho * (1 + margin))
	return r / (r + (1 - rho))
}

// price is what every event costs a bet: ln(1+rho*(exp(d)-1)), with e = exp(d)-1.
func price(rho, e float64) float64 { return math.Log1p(float64(rho * e)) }

// gain is the log wealth of one bet over one stage. The conversions keep the compiler from fusing the
// products, so that every processor computes the same.
func gain(d, price float64, canary, all int64) float64 {
	return float64(d*float64(canary)) - float64(price*float64(all))
}

// logMean is ln(mean(exp(bets))) without overflow.
func logMean(bets []float64) float64 {
	top := bets[0]
	for _, b := range bets {
		top = max(top, b)
	}
	sum := 0.0
	for _, b := range bets {
		if b > top-40 { // smaller ones do not reach the last bit of the sum
			sum += math.Exp(b - top)
		}
	}
	return top + math.Log(sum/float64(len(bets)))
}
