package anytime

import "math"

// sampleRatioPrior is the weight, in units, of the belief that a broken split is still near the promised one:
// the concentration of the Beta mixture, after the reference code of Lindon and Malek.
const sampleRatioPrior = 100

// impossible is the log evidence reported for an arm that had no way to get a unit and got one.
const impossible = 1e6

// SampleRatioLogE is the log of the evidence, on either side, that units did not land in the canary with the
// promised share. Stages count first exposures: each unit once per rollout, when it was first assigned, whatever
// happened to it later.
//
// Hypothesis: each newly exposed unit lands in the canary with probability Share. Guarantee: P(E ever reaches
// 1/alpha) <= alpha. When it is reached the arms are not comparable (lost or retried requests, bots, a wrong
// hash): no promotion can rest on them. Per stage, with a = 100*rho and b = 100*(1-rho), the Beta mixture
// B(a+c, b+n-c)/B(a, b) / (rho^c (1-rho)^(n-c)); stages multiply.
func SampleRatioLogE(exposures []Stage) float64 {
	sum := 0.0
	for _, s := range exposures {
		if s.Share == 1 && s.Baseline > 0 {
			return impossible
		}
		if !s.Informs() {
			continue
		}
		a, b := sampleRatioPrior*s.Share, sampleRatioPrior*(1-s.Share)
		c, n := float64(s.Canary), float64(s.Baseline)
		sum += logBeta(a+c, b+n) - logBeta(a, b) - c*math.Log(s.Share) - n*math.Log1p(-s.Share)
	}
	return sum
}
