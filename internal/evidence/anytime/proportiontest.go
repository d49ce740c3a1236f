package anytime

import (
	"encoding/json"
	"fmt"
)

// ProportionTest is the pair of [LogEProportion] and [LogEProportionPromote] kept up to date unit by unit, as
// [Test] is of the count test: a unit costs an addition, reading costs one exponential per bet, the state is
// below 1 KB. For a histogram take one per edge. Its values are those of the functions on the same stages, to
// the bit. The zero value is not usable; start with [NewProportionTest]. Copying forks it; JSON keeps it whole.
type ProportionTest struct {
	proportionState
	harm, good [proportionBets]proportionPayoff // of the stage in force
}

// proportionState is a ProportionTest without what follows from the rest of it.
type proportionState struct {
	Usual     float64                 `json:"usual"`
	Tolerance float64                 `json:"tolerance"`
	Margin    float64                 `json:"margin"`
	Yes       float64                 `json:"yes"`   // of the baseline in closed stages, with the usual share's weight
	Units     float64                 `json:"units"` // the same
	Stage     OutcomeStage            `json:"stage"` // in force
	Harm      [proportionBets]float64 `json:"harm"`  // log wealth of the closed stages, per bet
	Good      [proportionBets]float64 `json:"good"`
}

// NewProportionTest starts a test with the first stage's share; usual and margins are those of [LogEProportion],
// tolerance for the rollback side and margin for the promotion side.
func NewProportionTest(share, usual, tolerance, margin float64) ProportionTest {
	t := ProportionTest{proportionState: proportionState{
		Usual: usual, Tolerance: tolerance, Margin: margin, Yes: usual * usualWeight, Units: usualWeight,
	}}
	t.open(share)
	return t
}

// Widen closes the stage in force and begins one with the new share.
func (t *ProportionTest) Widen(share float64) {
	if units := t.Stage.Units(); t.informs() {
		if units.Canary+units.Baseline > 0 {
			for j := range proportionBets {
				t.Harm[j] += t.harm[j].of(&t.Stage)
				t.Good[j] += t.good[j].of(&t.Stage)
			}
		}
		t.Yes += float64(t.Stage.BaselineYes)
		t.Units += float64(units.Baseline)
	}
	t.open(share)
}

func (t *ProportionTest) informs() bool {
	return t.Stage.Informs() && t.Usual > 0 && t.Usual < 1 && sound(t.Tolerance) && sound(t.Margin)
}

func (t *ProportionTest) open(share float64) {
	t.Stage = OutcomeStage{Share: share}
	if !t.informs() {
		return
	}
	for j := range proportionBets {
		t.harm[j] = payoff(share, t.Yes/t.Units, 1+t.Tolerance, more, j)
		t.good[j] = payoff(share, t.Yes/t.Units, 1+t.Margin, fewer, j)
	}
}

// Unit counts one unit with its outcome, in the arm it is in.
func (t *ProportionTest) Unit(canary, yes bool) {
	s := &t.Stage
	switch {
	case canary && yes:
		s.CanaryYes++
	case canary:
		s.CanaryNo++
	case yes:
		s.BaselineYes++
	default:
		s.BaselineNo++
	}
}

// LogE is [LogEProportion] of the units so far against the tolerance.
func (t *ProportionTest) LogE() float64 { return t.read(&t.Harm, &t.harm) }

// LogEPromote is [LogEProportionPromote] of the units so far against the margin.
func (t *ProportionTest) LogEPromote() float64 { return t.read(&t.Good, &t.good) }

func (t *ProportionTest) read(closed *[proportionBets]float64, pay *[proportionBets]proportionPayoff) float64 {
	bets := *closed
	if t.informs() {
		for j := range bets {
			bets[j] += pay[j].of(&t.Stage)
		}
	}
	return logMean(bets[:])
}

// MarshalJSON writes the whole state.
func (t ProportionTest) MarshalJSON() ([]byte, error) { return json.Marshal(t.proportionState) }

// UnmarshalJSON reads what MarshalJSON wrote and refuses a stage that no test can have.
func (t *ProportionTest) UnmarshalJSON(text []byte) error {
	var s proportionState
	if err := json.Unmarshal(text, &s); err != nil {
		return err
	}
	if err := s.Stage.Validate(); err != nil {
		return fmt.Errorf("the state of a test of proportions is not sound: %w", err)
	}
	if !(s.Units > 0) {
		return fmt.Errorf("the state of a test of proportions is not sound: %v units", s.Units)
	}
	*t = ProportionTest{proportionState: s}
	stage := s.Stage
	t.open(stage.Share)
	t.Stage = stage
	return nil
}
