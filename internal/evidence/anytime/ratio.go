package anytime

import "math"

// MaxRatio stands for "no upper bound" in a ratio interval: nothing that large has been ruled out.
const MaxRatio = 1e6

// ratioPrior is the standard deviation of the log rate ratio in the mixture that the interval inverts. It
// decides where the interval is tightest (ratios of a few), not whether it holds.
const ratioPrior = 1.0

// RatioInterval holds the ratio of the canary's to the baseline's rate of first events with probability
// 1-alpha at every look at once, when that ratio is the same over the rollout. low is 0 where nothing bounds
// it below, high is MaxRatio where nothing bounds it above.
//
// With the log likelihood f(t) = t*sum(c_k) - sum(n_k ln(1-rho_k+rho_k e^t)), it keeps all t whose evidence
// integral(e^f dN(0, 1)) / e^f(t) is below 1/alpha. f is concave, so what is kept is an interval.
func RatioInterval(stages []Stage, alpha float64) (low, high float64) {
	if !(alpha > 0 && alpha < 1) {
		return 0, MaxRatio
	}
	l := ratioLikelihood(stages)
	level := l.logMixture() + math.Log(alpha)
	rejected := func(t float64) bool { return l.at(t) <= level }
	end := math.Log(MaxRatio)
	best := l.peak(0)
	low, high = 0, MaxRatio
	if rejected(-end) {
		low = math.Exp(crossing(best, -end, rejected))
	}
	if rejected(end) {
		high = math.Exp(crossing(best, end, rejected))
	}
	return low, high
}

type ratioLikelihood []Stage

func (l ratioLikelihood) at(t float64) float64 {
	e, sum := math.Expm1(t), 0.0
	for _, s := range l {
		if s.Informs() {
			sum += gain(t, price(s.Share, e), s.Canary, s.Canary+s.Baseline)
		}
	}
	return sum
}

// slope and curve are the first and second derivative; precision adds a normal prior around 0.
func (l ratioLikelihood) slope(t, precision float64) (slope, curve float64) {
	slope, curve = -precision*t, -precision
	odds := math.Exp(t)
	for _, s := range l {
		if s.Informs() {
			n := float64(s.Canary + s.Baseline)
			p := s.Share * odds / (1 - s.Share + s.Share*odds)
			slope += float64(s.Canary) - n*p
			curve -= n * p * (1 - p)
		}
	}
	return slope, curve
}

// peak finds the maximum by bisection of the falling slope.
func (l ratioLikelihood) peak(precision float64) float64 {
	low, high := -math.Log(MaxRatio), math.Log(MaxRatio)
	for range 60 {
		mid := (low + high) / 2
		if slope, _ := l.slope(mid, precision); slope > 0 {
			low = mid
		} else {
			high = mid
		}
	}
	return (low + high) / 2
}

// logMixture is the log of the integral of the likelihood over the prior, by the trapezoidal rule, which
// converges faster than any power of the step for a smooth peak that is followed down on both sides.
func (l ratioLikelihood) logMixture() float64 {
	const precision = 1 / (ratioPrior * ratioPrior)
	g := func(t float64) float64 { return l.at(t) - precision*t*t/2 }
	top := l.peak(precision)
	_, curve := l.slope(top, precision)
	step, height := 0.25/math.Sqrt(-curve), g(top)
	sum := 1.0
	for _, h := range [2]float64{-step, step} {
		for i := 1; i < 4000; i++ {
			v := g(top+float64(i)*h) - height
			sum += math.Exp(v)
			if v < -36 {
				break
			}
		}
	}
	return height + math.Log(sum*step/(ratioPrior*math.Sqrt(2*math.Pi)))
}
