package anytime

import (
	"math"
	"testing"
)

func near(t *testing.T, what string, got, want, within float64) {
	t.Helper()
	if !(math.Abs(got-want) <= within) {
		t.Fatalf("%s: got %.9f, want %.9f", what, got, want)
	}
}

// The published vectors are given with six decimals.
const sixDecimals = 6e-7

func TestGridVectors(t *testing.T) {
	t.Parallel()
	near(t, "lnGridLow", lnGridLow, math.Log(GridLow), 1e-15)
	near(t, "lnGridHigh", lnGridHigh, math.Log(GridHigh), 1e-15)
	near(t, "highest bet", math.Exp(theta(GridPoints-1)), GridHigh, 1e-12)
	for _, v := range []struct {
		canary, baseline int64
		share, want      float64
	}{
		{10, 90, 0.05, 0.422602},
		{35, 335, 0.05, 3.957211},
		{5, 95, 0.05, -2.111350},
		{5, 28, 0.01, 8.039885},
		{0, 0, 0.05, 0},
		{7, 0, 1, 0}, // nobody left in the baseline: nothing is compared
	} {
		got := LogE([]Stage{{v.share, v.canary, v.baseline}}, 0)
		near(t, "log E", got, v.want, sixDecimals)
	}
}

func TestDirichletVectors(t *testing.T) {
	t.Parallel()
	for _, v := range []struct {
		canary, baseline int64
		share, want      float64
	}{
		{60, 40, 0.5, 0.658892},
		{600, 400, 0.5, 17.098940},
		{30, 370, 0.05, 0.905927},
		{130, 870, 0.1, 2.909936},
	} {
		got := SampleRatioLogE([]Stage{{v.share, v.canary, v.baseline}})
		near(t, "log E", got, v.want, sixDecimals)
	}
	near(t, "p", math.Exp(-SampleRatioLogE([]Stage{{0.5, 600, 400}})), 3.74994e-8, 1e-13)
}

func TestAsymptoticVectors(t *testing.T) {
	t.Parallel()
	near(t, "half width", asymptoticHalfWidth(1e4, 5000, 0.05), 0.03061477, 6e-9)
}

// The mean of the evidence over all outcomes of the next event is what it was: the definition of a martingale,
// checked on the boundary of the hypothesis, and its fall inside it.
func TestEvidenceIsAMartingale(t *testing.T) {
	t.Parallel()
	for _, margin := range []float64{0, 0.25, 1} {
		for _, s := range []Stage{{0.05, 3, 40}, {0.25, 30, 40}, {0.5, 0, 9}, {0.01, 1, 0}} {
			step := func(e func([]Stage, float64) float64, p float64) float64 {
				now := math.Exp(e([]Stage{s}, margin))
				canary := math.Exp(e([]Stage{{s.Share, s.Canary + 1, s.Baseline}}, margin))
				baseline := math.Exp(e([]Stage{{s.Share, s.Canary, s.Baseline + 1}}, margin))
				return (p*canary + (1-p)*baseline) / now
			}
			edge := shifted(s.Share, margin)
			near(t, "rollback side at the boundary", step(LogE, edge), 1, 1e-12)
			near(t, "promotion side at the boundary", step(LogEPromote, edge), 1, 1e-12)
			if step(LogE, edge*0.9) >= 1 || step(LogEPromote, edge*1.1) >= 1 {
				t.Fatalf("evidence grows on average inside its hypothesis at %+v, margin %v", s, margin)
			}
		}
	}
}

// The ratio interval holds exactly the ratios that the mixture does not reject, so a ratio near a bound flips.
func TestRatioIntervalAgainstDirectIntegration(t *testing.T) {
	t.Parallel()
	for _, stages := range [][]Stage{
		{{0.05, 10, 90}},
		{{0.05, 35, 335}, {0.25, 80, 200}},
		{{0.01, 5, 0}},
		{{0.25, 0, 60}},
		{{0.5, 40000, 41000}},
	} {
		l := ratioLikelihood(stages)
		sum, step := 0.0, 0.0002
		top := l.at(l.peak(1))
		for x := -12.0; x <= 12; x += step {
			sum += math.Exp(l.at(x)-top-x*x/2) * step
		}
		want := top + math.Log(sum/math.Sqrt(2*math.Pi))
		near(t, "log mixture", l.logMixture(), want, 1e-7)
		low, high := RatioInterval(stages, 0.05)
		for _, bound := range []float64{low, high} {
			if bound > 0 && bound < MaxRatio {
				near(t, "evidence at the bound", want-l.at(math.Log(bound)), math.Log(20), 1e-6)
			}
		}
	}
	if low, high := RatioInterval(nil, 0.05); low != 0 || high != MaxRatio {
		t.Fatalf("no data gives %v..%v", low, high)
	}
}
