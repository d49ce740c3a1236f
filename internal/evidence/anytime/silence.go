package anytime

// usualSilence is the share of silent units that bets are placed for when the plan accepts none.
const usualSilence = 0.02

// SilenceLogE is the log of the evidence that units fall silent: of those whose report is due, more in the
// canary than in the baseline, or, where accepted is above 0, more in both together than accepted. Each unit
// counts once per rollout, when its report falls due; yes is a unit from which none came. When a report is due
// is set before the rollout and does not regard the arm: an hour after the first exposure.
//
// Hypothesis: given the past, a unit of the canary is silent with no larger probability than one of the baseline,
// and each with at most the accepted one. Guarantee: while it holds, P(exp of it ever reaches 1/alpha) <= alpha.
// It is the mean of [LogEProportion] and [OneArm.LogE]; for a first version, without a baseline, the latter.
func SilenceLogE(stages []OutcomeStage, accepted float64, firstVersion bool) float64 {
	var all OneArm
	for _, s := range stages {
		units := s.Units()
		all.Units += units.Canary + units.Baseline
		all.Failures += s.CanaryYes + s.BaselineYes
	}
	usual := max(accepted, usualSilence)
	switch {
	case firstVersion && accepted > 0:
		return all.LogE(accepted)
	case firstVersion:
		return 0
	case accepted > 0:
		return LogAverage([]float64{LogEProportion(stages, usual, 0), all.LogE(accepted)})
	}
	return LogEProportion(stages, usual, 0)
}
