// Package evidence is the mathematics of deciding about a rollout: pure functions from counts to a verdict,
// with no I/O, no clock and nothing random, so that a stored decision replays to the same answer.
//
// The story. A release is rolled out to a growing share of the units (customers, devices). Every unit is
// assigned by one keyed hash against that share, so for each unit that shows an event for the first time in
// this rollout the probability that it sits in the canary is known exactly: the share then in force. When the
// release changes nothing, the arms of these first events are coin flips with known bias, whatever the load,
// the time of day or the rate of failures. Betting against that coin ([LogE]) gives a process E that is 1 at
// the start and whose expectation stays at most 1 under the hypothesis at every stopping time; by Ville's
// inequality the chance that E ever reaches 1/alpha is at most alpha, however often somebody looks. The
// mirrored bet ([LogEPromote]) against "worse by more than the margin" is the evidence for promotion. Where
// neither is reached the answer is hold: three verdicts, never two.
//
// Why first events per rollout and not per arm: units are sticky and the share grows, so a customer who always
// fails is seen failing in the baseline, then moves over and fails in the canary. Counted in both arms he makes
// a harmless release look harmful with certainty; counted once, where he failed first, the coin stays fair.
//
// A first version has no baseline; [OneArm] tests its failing units against an accepted rate. [SampleRatioLogE]
// guards the split itself. [RatioInterval], [OneArm.RateInterval] and [Effect] state how large something is, as
// confidence sequences: intervals that hold at every look at once. [Decide] puts it together under a [Plan]
// that is frozen, and hashed by [PlanHash], before the first unit is exposed.
//
// All log values are natural logarithms. Sources: Lindon and Malek, Anytime-valid inference for multinomial
// count data (2022); Howard, Ramdas, McAuliffe, Sekhon, Time-uniform confidence sequences (2021); Waudby-Smith
// et al., Time-uniform central limit theory (2024); Ville (1939).
package evidence

import (
	"errors"
	"fmt"
	"math"
)

// MaxCount is the largest count that is accepted anywhere: above it floating point no longer carries the
// differences that the formulas rest on.
const MaxCount = int64(1_000_000_000_000)

// Stage counts, for one metric and one value of the split, the units whose FIRST event of that metric in this
// rollout fell into this stage. A unit is counted in one stage and one arm per rollout and never again.
type Stage struct {
	// Share is the probability, in (0, 1], with which the randomisation put a unit that is new to the metric
	// into the canary while this stage was in force. A stage with share 1 has no concurrent baseline and so
	// carries no evidence for the comparison of arms.
	Share float64 `json:"share"`
	// Canary and Baseline are numbers of units.
	Canary   int64 `json:"canary"`
	Baseline int64 `json:"baseline"`
}

// informs says whether the stage can tell the arms apart and is sound enough to be read.
func (s Stage) informs() bool {
	return s.Share > 0 && s.Share < 1 && s.Canary >= 0 && s.Baseline >= 0
}

// Validate reports a share outside (0, 1] or a count that is negative or above MaxCount.
func (s Stage) Validate() error {
	if !(s.Share > 0 && s.Share <= 1) {
		return fmt.Errorf("the share %v of a stage is not in (0, 1]", s.Share)
	}
	return validCounts(s.Canary, s.Baseline)
}

func validCounts(counts ...int64) error {
	for _, n := range counts {
		if n < 0 {
			return fmt.Errorf("the count %d is negative", n)
		}
		if n > MaxCount {
			return fmt.Errorf("the count %d is above %d", n, MaxCount)
		}
	}
	return nil
}

// maxStages bounds the stages of one rollout, so that totals cannot overflow.
const maxStages = 1000

var errStages = errors.New("more than 1000 stages")

// total sums both arms over the stages.
func total(stages []Stage) (canary, baseline int64) {
	for _, s := range stages {
		canary += s.Canary
		baseline += s.Baseline
	}
	return canary, baseline
}

// settled rounds to nine decimals. A verdict is computed from settled numbers, so that what is stored, shown
// and compared with a threshold is the same number, also where another processor rounds the last bit otherwise.
func settled(x float64) float64 {
	if math.Abs(x) > 1e6 {
		return math.Round(x)
	}
	return math.Round(x*1e9) / 1e9
}
