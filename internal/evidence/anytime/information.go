package anytime

import "math"

// EventInformation is what the first event of one more unit adds on average to [LogEPromote] against the margin,
// at best, when both arms are alike and a share of the units is in the canary: the divergence from the boundary.
// What is missing to a threshold, divided by it, is about how many more it takes.
func EventInformation(share, margin float64) float64 {
	edge := shifted(share, margin)
	return share*math.Log(share/edge) + (1-share)*math.Log((1-share)/(1-edge))
}

// ProportionInformation is what one more unit adds on average to [LogEProportionPromote] against the margin, at
// best, when both arms say yes with the usual share.
func ProportionInformation(share, usual, margin float64) float64 {
	k := 1 + margin
	a, b := share*(1-usual), (1-share)*(1-usual)
	x := closest(a, b, usual, k)
	return share*(usual*math.Log(usual/(k*x))+(1-usual)*(math.Log1p(-usual)-math.Log1p(-k*x))) +
		(1-share)*(usual*math.Log(usual/x)+(1-usual)*(math.Log1p(-usual)-math.Log1p(-x)))
}

// MeanInformation is what one more unit adds on average to the evidence against a shift of the mean, at best,
// when both arms are alike and vary as the stages do. It is 0 before the stages tell how they vary.
func MeanInformation(stages []MeanStage, share, shift float64) float64 {
	f, ok := fitMeans(stages)
	if !ok || f.sd == 0 {
		return 0
	}
	return shift * shift / (f.sd * f.sd) / 2 * share * (1 - share)
}
