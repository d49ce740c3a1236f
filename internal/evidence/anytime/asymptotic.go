package anytime

import "math"

// LogEMeanAsymptotic is [LogEMean] for values without bounds: it rests on the central limit, so its guarantee
// holds about and not exactly, and it says nothing (0) before each arm has 100 units. Prefer [LogEMean] where a
// bound can be named. Values with a very long tail need many more units: cut them.
//
// The scores of [LogEMean], centred at the mean that was found, through the one-sided normal mixture of Howard et
// al. (2021), ln(4r/(V+r))/2 + S^2/(2(V+r)) + ln Phi(S/sqrt(V+r)), with the variance estimated (Waudby-Smith et
// al., Time-uniform central limit theory, 2024).
func LogEMeanAsymptotic(stages []MeanStage, shift float64) float64 {
	return logMeanAsymptotic(stages, shift, more)
}

// LogEMeanAsymptoticPromote is [LogEMeanPromote] for values without bounds, with the same reservation.
func LogEMeanAsymptoticPromote(stages []MeanStage, shift float64) float64 {
	return logMeanAsymptotic(stages, shift, fewer)
}

func logMeanAsymptotic(stages []MeanStage, shift, direction float64) float64 {
	f, ok := fitMeans(stages)
	if !ok || f.sd == 0 || math.IsNaN(shift) {
		return 0
	}
	r := normalTuning(effectTuning, 0.02)
	return logNormalMixture(direction*(f.difference-shift)*f.information/f.sd, f.information, r)
}

// MeanEffect is what the release did to a mean, in the values' unit, as [Effect] is to a share of units: an
// estimate and an asymptotic confidence sequence. ok is false until each arm has 100 units in stages with a
// concurrent baseline. Estimand, score and guarantee are those of [Effect].
func MeanEffect(stages []MeanStage, alpha float64) (effect Measured, ok bool) {
	if !(alpha > 0 && alpha < 1) {
		return Measured{}, false
	}
	f, ok := fitMeans(stages)
	effect = Measured{Canary: f.canary, Baseline: f.baseline}
	if !ok {
		return effect, false
	}
	half := f.sd * asymptoticHalfWidth(f.information, effectTuning, alpha)
	effect.Estimate, effect.Low, effect.High = Settled(f.difference), Settled(f.difference-half), Settled(f.difference+half)
	return effect, true
}

// meanFit is a difference of means with what is known about its spread: information is the number of units
// times rho(1-rho), sd the standard deviation of the scores at one unit of information.
type meanFit struct {
	canary, baseline            int64
	difference, information, sd float64
}

func fitMeans(stages []MeanStage) (f meanFit, ok bool) {
	if len(stages) > MaxStages {
		return f, false
	}
	var sums [2]float64
	for _, s := range stages {
		if s.Validate() != nil {
			return meanFit{}, false
		}
		if s.Informs() {
			f.canary += s.Canary.Units
			f.baseline += s.Baseline.Units
			sums[0] += s.Canary.Sum
			sums[1] += s.Baseline.Sum
		}
	}
	if f.canary < effectUnits || f.baseline < effectUnits {
		return f, false
	}
	canary, baseline := sums[0]/float64(f.canary), sums[1]/float64(f.baseline)
	var score, squares, drift float64
	for _, s := range stages {
		if !s.Informs() {
			continue
		}
		one, two := scores(s, (1-s.Share)*canary+s.Share*baseline, 0)
		score += one
		squares += two
		w := s.Share * (1 - s.Share)
		n := float64(s.Canary.Units + s.Baseline.Units)
		f.information += n * w
		drift += n * w * w
	}
	f.difference = score / f.information
	variance := max(squares-drift*f.difference*f.difference, squares/10)
	f.sd = math.Sqrt(variance / f.information)
	return f, true
}

// logNormalMixture is the one-sided evidence of a sum s with variance v, for the mixture parameter r.
func logNormalMixture(s, v, r float64) float64 {
	x := s / math.Sqrt(v+r)
	return math.Log(4*r/(v+r))/2 + x*x/2 + logNormalBelow(x)
}

// logNormalBelow is ln Phi(x), also where Phi(x) is too small for a float64.
func logNormalBelow(x float64) float64 {
	if x > -30 {
		return math.Log(math.Erfc(-x/math.Sqrt2) / 2)
	}
	return -x*x/2 - math.Log(-x*math.Sqrt(2*math.Pi))
}

// normalTuning is the mixture parameter for which the two-sided bound is tightest at variance v, and normalBound
// that bound: |S| stays below it at all times with probability 1-alpha. Source: Howard et al. (2021).
func normalTuning(v, alpha float64) float64 {
	l := -2 * math.Log(alpha)
	return v / (l + math.Log(1+l))
}

func normalBound(v, r, alpha float64) float64 {
	return math.Sqrt((v + r) * (math.Log(1+v/r) - 2*math.Log(alpha)))
}
