package anytime

import "math"

// OutcomeStage counts, for one value of the split, the units whose FIRST outcome of a key result (a mission
// that succeeded or not) in this rollout fell into this stage, by arm and outcome.
type OutcomeStage struct {
	Share       float64 `json:"share"` // as in Stage
	CanaryYes   int64   `json:"canary_yes"`
	CanaryNo    int64   `json:"canary_no"`
	BaselineYes int64   `json:"baseline_yes"`
	BaselineNo  int64   `json:"baseline_no"`
}

// Units drops the outcomes and keeps how many units of each arm had one, for [SampleRatioLogE]: a release that
// changes WHO has an outcome makes the arms incomparable, and that shows here.
func (s OutcomeStage) Units() Stage {
	return Stage{Share: s.Share, Canary: s.CanaryYes + s.CanaryNo, Baseline: s.BaselineYes + s.BaselineNo}
}

// Informs is [Stage.Informs] of the units.
func (s OutcomeStage) Informs() bool { return s.Units().Informs() }

// Exchanged swaps the arms.
func (s OutcomeStage) Exchanged() OutcomeStage {
	return OutcomeStage{1 - s.Share, s.BaselineYes, s.BaselineNo, s.CanaryYes, s.CanaryNo}
}

// Validate reports a share outside (0, 1] or unsound counts.
func (s OutcomeStage) Validate() error {
	if err := ValidCounts(s.CanaryYes, s.CanaryNo, s.BaselineYes, s.BaselineNo); err != nil {
		return err
	}
	return s.Units().Validate()
}

// Measured is a difference in the share of units that succeed, canary minus baseline, as fractions in [-1, 1].
type Measured struct {
	Estimate float64 `json:"estimate"`
	Low      float64 `json:"low"`
	High     float64 `json:"high"`
	// Canary and Baseline are the units that the estimate rests on.
	Canary   int64 `json:"canary"`
	Baseline int64 `json:"baseline"`
}

const (
	// effectUnits per arm are asked for before an interval is given, because it rests on the central limit.
	effectUnits = 100
	// effectTuning is the information, in units times rho(1-rho), at which the interval is tightest: 1,000
	// units at an even split. It moves the width by a few per cent, not the coverage.
	effectTuning = 250.0
)

// Effect measures what the release did to a key result, from the counts alone. ok is false, and nothing is
// claimed, until each arm has 100 units in stages with a concurrent baseline.
//
// Estimand: the difference of success shares, averaged over stages with weight n_k*rho_k(1-rho_k). Score of a
// unit: (y-m_k)*(1-rho_k) in the canary, -(y-m_k)*rho_k in the baseline, which is rho_k(1-rho_k) times the
// inverse-propensity score. That weight is known before the unit is seen, favours the stages that can tell, and
// is 0 at share 1 where nothing can be compared. The centre m_k = (1-rho_k)*p_canary + rho_k*p_baseline only
// reduces variance: the score's mean is the same for every fixed m because the assignment is independent of the
// outcome; estimating it from the counts adds a product of two vanishing errors, so it stays asymptotically
// valid. The stages' scores add up; their variance is that of the two success shares within each stage.
//
// Guarantee: Low..High holds the estimand with probability about 1-alpha at every look at once, also when looks
// and shares depend on the data (asymptotic confidence sequence: Waudby-Smith et al.; half width
// sd*sqrt(2(t q^2+1)/(t^2 q^2) ln(sqrt(t q^2+1)/alpha)), t the information). "About" because it rests on the
// central limit; it is not a finite-sample bound. Each arm's variance counts ln(1/alpha) more successes and as
// many more failures than were seen (as Agresti and Coull do for one look), so that rare outcomes which have
// hardly been seen yet are not taken for impossible.
func Effect(strata []OutcomeStage, alpha float64) (effect Measured, ok bool) {
	if !(alpha > 0 && alpha < 1) || len(strata) > MaxStages {
		return Measured{}, false
	}
	var yes, n [2]float64 // canary, baseline
	for _, s := range strata {
		if s.Validate() != nil {
			return Measured{}, false
		}
		if !s.Informs() {
			continue
		}
		u := s.Units()
		effect.Canary += u.Canary
		effect.Baseline += u.Baseline
		yes[0] += float64(s.CanaryYes)
		yes[1] += float64(s.BaselineYes)
	}
	if effect.Canary < effectUnits || effect.Baseline < effectUnits {
		return Measured{Canary: effect.Canary, Baseline: effect.Baseline}, false
	}
	n[0], n[1] = float64(effect.Canary), float64(effect.Baseline)
	unseen := -math.Log(alpha)
	pc, pb := (yes[0]+unseen)/(n[0]+2*unseen), (yes[1]+unseen)/(n[1]+2*unseen)

	var score, information, squares, drift float64
	for _, s := range strata {
		u := s.Units()
		if !u.Informs() {
			continue
		}
		rho := s.Share
		m := (1-rho)*pc + rho*pb
		cy, cn := (1-m)*(1-rho), -m*(1-rho)
		by, bn := -(1-m)*rho, m*rho
		score += float64(s.CanaryYes)*cy + float64(s.CanaryNo)*cn + float64(s.BaselineYes)*by + float64(s.BaselineNo)*bn
		// The unseen outcomes are spread over the stages by their part in the arm.
		partC, partB := unseen*float64(u.Canary)/n[0], unseen*float64(u.Baseline)/n[1]
		squares += (float64(s.CanaryYes)+partC)*cy*cy + (float64(s.CanaryNo)+partC)*cn*cn +
			(float64(s.BaselineYes)+partB)*by*by + (float64(s.BaselineNo)+partB)*bn*bn
		w := rho * (1 - rho)
		units := float64(u.Canary + u.Baseline)
		information += units * w
		drift += units * w * w
	}
	difference := score / information
	// Within a stage the scores vary around w*difference, not around 0. At least a tenth of the raw second
	// moment is kept: the subtraction must not make a variance vanish.
	variance := max(squares-drift*difference*difference, squares/10)
	sd := math.Sqrt(variance / information)
	half := sd * asymptoticHalfWidth(information, effectTuning, alpha)
	effect.Estimate = Settled(clip(difference))
	effect.Low, effect.High = Settled(clip(difference-half)), Settled(clip(difference+half))
	return effect, true
}

// asymptoticHalfWidth is the half width, in standard deviations, of the asymptotic confidence sequence for a
// mean after t observations, tuned to be tightest at t = tuning.
func asymptoticHalfWidth(t, tuning, alpha float64) float64 {
	l := -2 * math.Log(alpha)
	q2 := (l + math.Log(l+1)) / tuning
	return math.Sqrt(2 * (t*q2 + 1) / (t * t * q2) * math.Log(math.Sqrt(t*q2+1)/alpha))
}

func clip(x float64) float64 { return max(-1, min(1, x)) }
