// Package anytime is the mathematics of looking as often as one likes: pure functions from counts to evidence,
// with no I/O, no clock and nothing random. What package evidence decides rests on it.
//
// The idea. When a release changes nothing, the arms of the units that are counted are coin flips with a bias that
// is known exactly, whatever the load, the time of day or the rate of failures. Betting against that coin gives a
// process E that is 1 at the start and whose expectation stays at most 1 under the hypothesis at every stopping
// time; by Ville's inequality the chance that E ever reaches 1/alpha is at most alpha, however often somebody
// looks, also when the share of the canary is changed because of what was seen. Every function says its
// hypothesis, its guarantee, its units and its source.
//
//   - Units to which something happened, two arms: [LogE], [LogEPromote], live as a [Test]. One arm against an
//     accepted rate: [OneArm], or [Intensity] for events against an exposure. Groups of units: [LogEStrata].
//   - Units with an outcome, yes or no: [LogEProportion], live as a [ProportionTest]. Numbers: [LogEHistogram]
//     over frozen edges ([FreezeEdges]), [LogEMean] within bounds, [LogEMeanAsymptotic] without.
//   - Checks: [SampleRatioLogE] guards the split, [SilenceLogE] that units report. After the release is whole a
//     [Detector] watches for a change.
//   - How large something is, as intervals that hold at every look at once: [RatioInterval],
//     [OneArm.RateInterval], [OneArm.FailingInGroup], [Intensity.Interval], [Effect], [MeanEffect],
//     [QuantileInterval].
//   - Combining: [LogAverage], [LogProduct].
//
// Counts are those of units, each counted once per metric and rollout, in the stage and arm of its first time.
// All log values are natural logarithms. Sources: Lindon and Malek, Anytime-valid inference for multinomial
// count data (2022); Howard, Ramdas, McAuliffe, Sekhon, Time-uniform confidence sequences (2021); Waudby-Smith
// et al., Time-uniform central limit theory (2024); Ville (1939).
package anytime

import (
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

// Informs says whether the stage can tell the arms apart and is sound enough to be read.
func (s Stage) Informs() bool {
	return s.Share > 0 && s.Share < 1 && s.Canary >= 0 && s.Baseline >= 0
}

// Exchanged swaps the arms: for what should be more rather than less.
func (s Stage) Exchanged() Stage { return Stage{1 - s.Share, s.Baseline, s.Canary} }

// Validate reports a share outside (0, 1] or a count that is negative or above MaxCount.
func (s Stage) Validate() error {
	if !(s.Share > 0 && s.Share <= 1) {
		return fmt.Errorf("the share %v of a stage is not in (0, 1]", s.Share)
	}
	return ValidCounts(s.Canary, s.Baseline)
}

// ValidCounts reports a count that is negative or above MaxCount.
func ValidCounts(counts ...int64) error {
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

// MaxStages bounds the stages of one rollout, so that totals cannot overflow.
const MaxStages = 1000

// Settled rounds to nine decimals. A verdict is computed from settled numbers, so that what is stored, shown
// and compared with a threshold is the same number, also where another processor rounds the last bit otherwise.
func Settled(x float64) float64 {
	if math.Abs(x) > 1e6 {
		return math.Round(x)
	}
	return math.Round(x*1e9) / 1e9
}
