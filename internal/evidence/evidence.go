// Package evidence decides about a rollout: a pure function from a plan that was frozen before and from counts to
// a verdict, with no I/O, no clock and nothing random, so that a stored decision replays to the same answer.
//
// The story. A release is rolled out to a growing share of the units (customers, devices). Every unit is
// assigned by one keyed hash against that share, so for each unit that is counted for the first time in this
// rollout the probability that it sits in the canary is known exactly: the share then in force. The tests of
// package anytime turn the counts into evidence of harm and evidence of being fine, each valid however often
// somebody looks. [Decide] puts them together under a [Plan] of [Metric]s, whose [PlanHash] is told before the
// first unit is exposed: roll back when one metric shows harm, promote when every one is shown fine, and where
// neither is reached hold: three verdicts, never two. A broken split and silent units block a promotion; a first
// version, without a baseline, is judged by its failing units against an accepted rate.
//
// Why a unit is counted once per rollout and not once per arm: units are sticky and the share grows, so a
// customer who always fails is seen failing in the baseline, then moves over and fails in the canary. Counted in
// both arms he makes a harmless release look harmful with certainty; counted once, where he failed first, the
// coin stays fair.
//
// docs/evidence.md explains it to a statistician and to a product manager, with measured figures.
package evidence

import "github.com/digital-factory/factory/internal/evidence/anytime"

// The counts that a verdict rests on, in the words of package anytime.
type (
	Stage          = anytime.Stage
	OneArm         = anytime.OneArm
	OutcomeStage   = anytime.OutcomeStage
	HistogramStage = anytime.HistogramStage
	MeanStage      = anytime.MeanStage
	Moments        = anytime.Moments
	Bounds         = anytime.Bounds
	Edge           = anytime.Edge
	Measured       = anytime.Measured
)

// Effect measures what the release did to a key result: see [anytime.Effect].
func Effect(strata []OutcomeStage, alpha float64) (effect Measured, ok bool) {
	return anytime.Effect(strata, alpha)
}
