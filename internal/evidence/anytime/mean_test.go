package anytime

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/digital-factory/factory/internal/evidence/simulate"
)

func TestNormalVectors(t *testing.T) {
	t.Parallel()
	r := normalTuning(1000, 0.05)
	near(t, "best r", r, 126.005610, sixDecimals)
	near(t, "bound at 1000", normalBound(1000, r, 0.05), 95.981736, sixDecimals)
	near(t, "bound at 100", normalBound(100, r, 0.05), 38.550546, sixDecimals)
	near(t, "q of the asymptotic sequence", math.Sqrt(1/normalTuning(5000, 0.05)), 0.03984007, 6e-9)
	// The mixture of the sequential probability ratio test: an estimate of 0.03 with variance 1e-4 and prior variance 1e-4
	// is a sum of 300 with variance 1e4, and the two-sided mixture is twice the mean of the one-sided ones.
	const sum, variance, prior = 0.03 / 1e-4, 1 / 1e-4, 1 / 1e-4
	both := math.Exp(logNormalMixture(sum, variance, prior)) + math.Exp(logNormalMixture(-sum, variance, prior))
	near(t, "ln of the mixture", math.Log(both/2), 1.903426, sixDecimals)
	for _, x := range []float64{-29.9, -30.1, -40} {
		near(t, "ln Phi", logNormalBelow(x), -x*x/2-math.Log(-x*math.Sqrt(2*math.Pi)), 2e-3)
	}
}

// meanRamp plays units with one value each and looks every twenty.
func meanRamp(rng *rand.Rand, perStage int, value func(canary bool) float64, look func([]MeanStage) bool) (bool, float64) {
	var stages []MeanStage
	n := 0
	for _, share := range []float64{0.05, 0.25, 0.5} {
		stages = append(stages, MeanStage{Share: share})
		s := &stages[len(stages)-1]
		for i := range perStage {
			if rng.Float64() < share {
				s.Canary.Add(value(true))
			} else {
				s.Baseline.Add(value(false))
			}
			if n++; i%20 == 19 && look(stages) {
				return true, float64(n)
			}
		}
	}
	return false, 0
}

// Values that are hard for averages: mostly nothing, seldom much.
func spend(rng *rand.Rand, bounds Bounds) float64 {
	if rng.Float64() < 0.8 {
		return 0
	}
	return bounds.Cut(20 * math.Exp(rng.NormFloat64()))
}

var purse = Bounds{0, 100}

const spent = 5.91 // the mean of spend

func TestMeanKeepsBothErrors(t *testing.T) {
	t.Parallel()
	const level = 0.1
	sum := 0.0
	rng := rand.New(rand.NewPCG(40, 0))
	for range 1_000_000 {
		sum += spend(rng, purse) / 1_000_000
	}
	near(t, "mean of what is spent", sum, spent, 0.05)
	for _, c := range []struct {
		name  string
		shift float64 // of the canary's mean
		logE  func([]MeanStage) float64
	}{
		{"rolled back without a change", 0, func(s []MeanStage) float64 { return LogEMean(s, purse, spent, 0) }},
		{"rolled back, usual mean wrong", 0, func(s []MeanStage) float64 { return LogEMean(s, purse, 60, 0) }},
		{"rolled back at the tolerance", 1, func(s []MeanStage) float64 { return LogEMean(s, Bounds{0, 101}, spent, 1) }},
		{"promoted at the margin", 2, func(s []MeanStage) float64 { return LogEMeanPromote(s, Bounds{0, 102}, spent, 2) }},
		{"asymptotically rolled back", 0, func(s []MeanStage) float64 { return LogEMeanAsymptotic(s, 0) }},
		{"asymptotically promoted at the margin", 2, func(s []MeanStage) float64 { return LogEMeanAsymptoticPromote(s, 2) }},
	} {
		n := 400
		if strings.HasPrefix(c.name, "asymp") {
			n = 1500
		}
		hits, _ := simulate.Runs(n, 41, func(rng *rand.Rand) (bool, float64) {
			return meanRamp(rng, 500, func(canary bool) float64 {
				if canary {
					return spend(rng, purse) + c.shift
				}
				return spend(rng, purse)
			}, func(s []MeanStage) bool { return c.logE(s) >= -math.Log(level) })
		})
		simulate.AtMost(t, c.name, hits, n, level)
	}
}

// Revenue that falls by a third without one error.
func TestMeanFindsALoss(t *testing.T) {
	t.Parallel()
	for name, logE := range map[string]func([]MeanStage) float64{
		"bounded":    func(s []MeanStage) float64 { return LogEMean(exchanged(s), purse, spent, 0) },
		"asymptotic": func(s []MeanStage) float64 { return LogEMeanAsymptotic(exchanged(s), 0) },
	} {
		const n = 100
		found, units := simulate.Runs(n, 42, func(rng *rand.Rand) (bool, float64) {
			return meanRamp(rng, 4000, func(canary bool) float64 {
				if canary && rng.IntN(3) == 0 {
					return 0
				}
				return spend(rng, purse)
			}, func(s []MeanStage) bool { return logE(s) >= -math.Log(0.01) })
		})
		t.Logf("%s: %d of %d, %.0f units", name, found, n, units/float64(max(found, 1)))
		if found < n*95/100 {
			t.Errorf("%s: found in %d of %d", name, found, n)
		}
	}
}

func TestMeanEffectCoversAtEveryLook(t *testing.T) {
	t.Parallel()
	const n, alpha = 1000, 0.1
	for _, shift := range []float64{0, 3} {
		missed, _ := simulate.Runs(n, 43, func(rng *rand.Rand) (bool, float64) {
			return meanRamp(rng, 700, func(canary bool) float64 {
				if canary {
					return spend(rng, purse) + shift
				}
				return spend(rng, purse)
			}, func(s []MeanStage) bool {
				e, ok := MeanEffect(s, alpha)
				return ok && (shift < e.Low || shift > e.High)
			})
		})
		simulate.AtMost(t, "outside the interval", missed, n, alpha)
	}
}

// A share of units is the mean of ones and zeros: both ways of measuring agree where there are enough.
func TestMeanEffectAgreesWithEffect(t *testing.T) {
	t.Parallel()
	share := []OutcomeStage{{0.2, 6_000, 14_000, 8_000, 72_000}, {0.5, 9_000, 21_000, 3_000, 27_000}}
	var mean []MeanStage
	for _, s := range share {
		mean = append(mean, MeanStage{s.Share, Moments{s.CanaryYes + s.CanaryNo, float64(s.CanaryYes), float64(s.CanaryYes)},
			Moments{s.BaselineYes + s.BaselineNo, float64(s.BaselineYes), float64(s.BaselineYes)}})
	}
	a, _ := Effect(share, 0.05)
	b, ok := MeanEffect(mean, 0.05)
	near(t, "estimate", b.Estimate, a.Estimate, 1e-4)
	near(t, "low", b.Low, a.Low, 2e-4)
	if !ok || a.Canary != b.Canary || a.Baseline != b.Baseline {
		t.Fatalf("%+v and %+v", a, b)
	}
}

// The evidence of the sums is never more than what betting value by value would have earned, so it is as valid.
func TestMeanBetsAreCovered(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(44, 0))
	for range 2000 {
		rho, usual, shift := 0.02+0.96*rng.Float64(), 100*rng.Float64(), 10*rng.Float64()
		s := MeanStage{Share: rho}
		least := min((1-rho)*-usual, -rho*(100-usual)) - rho*(1-rho)*shift
		exact := make([]float64, meanBets)
		for range rng.IntN(40) {
			y, canary := 100*math.Pow(rng.Float64(), 4), rng.Float64() < rho
			score := -rho*(y-usual) - rho*(1-rho)*shift
			if canary {
				s.Canary.Add(y)
				score = (1-rho)*(y-usual) - rho*(1-rho)*shift
			} else {
				s.Baseline.Add(y)
			}
			for j, bet := range meanGrid {
				exact[j] += math.Log1p(bet.u * score / -least)
			}
		}
		if got, most := LogEMean([]MeanStage{s}, purse, usual, shift), logMean(exact); got > most+1e-9 {
			t.Fatalf("%+v, usual %v, shift %v: %v, betting earns %v", s, usual, shift, got, most)
		}
	}
}

func TestMeanStageValidate(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]MeanStage{
		"squares too small": {0.5, Moments{2, 10, 10}, Moments{}},
		"nobody spent":      {0.5, Moments{0, 10, 100}, Moments{}},
		"not a number":      {0.5, Moments{1, math.NaN(), 1}, Moments{}},
		"share":             {0, Moments{}, Moments{}},
	} {
		if s.Validate() == nil {
			t.Fatalf("%s: %+v is taken for sound", name, s)
		}
	}
}

func exchanged(stages []MeanStage) []MeanStage {
	out := make([]MeanStage, len(stages))
	for i, s := range stages {
		out[i] = s.Exchanged()
	}
	return out
}
