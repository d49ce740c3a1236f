package anytime

import (
	"encoding/json"
	"fmt"
)

// Test is the pair of [LogE] and [LogEPromote] kept up to date event by event: an event costs two additions,
// reading costs one exponential per bet, and the whole state stays below 1 KB, so that one core carries
// hundreds of thousands of them. Its values are those of the functions on the same stages, to the bit.
// The zero Test is not usable; start with [NewTest]. It is a plain value: copying it forks the test. Written as
// JSON and read back it goes on as if nothing had happened, also to the bit.
type Test struct {
	share, tolerance, margin float64
	informs                  bool
	canary, all              int64 // of the stage in force
	harm, good               side
}

// side holds per bet the log wealth of the closed stages and the price of an event in the stage in force.
type side struct {
	closed [GridPoints]float64
	price  [GridPoints]float64
}

// NewTest starts a test with the first stage's share. tolerance is the margin of the rollback side, margin
// that of the promotion side, both fractions as in [LogE] and [LogEPromote].
func NewTest(share, tolerance, margin float64) Test {
	t := Test{tolerance: tolerance, margin: margin}
	t.open(share)
	return t
}

// Widen closes the stage in force and begins one with the new share.
func (t *Test) Widen(share float64) {
	if t.informs {
		for j := range GridPoints {
			d := theta(j)
			t.harm.closed[j] += gain(d, t.harm.price[j], t.canary, t.all)
			t.good.closed[j] += gain(-d, t.good.price[j], t.canary, t.all)
		}
	}
	t.open(share)
}

// testState is a Test without what follows from the rest of it.
type testState struct {
	Share     float64             `json:"share"`
	Tolerance float64             `json:"tolerance"`
	Margin    float64             `json:"margin"`
	Canary    int64               `json:"canary"`
	Baseline  int64               `json:"baseline"`
	Harm      [GridPoints]float64 `json:"harm"` // log wealth of the closed stages, per bet
	Good      [GridPoints]float64 `json:"good"`
}

// MarshalJSON writes the whole state.
func (t Test) MarshalJSON() ([]byte, error) {
	return json.Marshal(testState{t.share, t.tolerance, t.margin, t.canary, t.all - t.canary, t.harm.closed, t.good.closed})
}

// UnmarshalJSON reads what MarshalJSON wrote and refuses a share or counts that no test can have.
func (t *Test) UnmarshalJSON(text []byte) error {
	var s testState
	if err := json.Unmarshal(text, &s); err != nil {
		return err
	}
	if err := (Stage{s.Share, s.Canary, s.Baseline}).Validate(); err != nil {
		return fmt.Errorf("the state of a test is not sound: %w", err)
	}
	*t = NewTest(s.Share, s.Tolerance, s.Margin)
	t.canary, t.all = s.Canary, s.Canary+s.Baseline
	t.harm.closed, t.good.closed = s.Harm, s.Good
	return nil
}

func (t *Test) open(share float64) {
	t.share, t.canary, t.all = share, 0, 0
	t.informs = Stage{Share: share}.Informs()
	if !t.informs {
		return
	}
	low, high := shifted(share, t.tolerance), shifted(share, t.margin)
	for j := range GridPoints {
		t.harm.price[j] = price(low, moreOdds[j])
		t.good.price[j] = price(high, fewerOdds[j])
	}
}

// Event counts the first event of one unit, in the arm it is in.
func (t *Test) Event(canary bool) {
	t.all++
	if canary {
		t.canary++
	}
}

// LogE is [LogE] of the events so far against the tolerance.
func (t *Test) LogE() float64 { return t.read(&t.harm, more) }

// LogEPromote is [LogEPromote] of the events so far against the margin.
func (t *Test) LogEPromote() float64 { return t.read(&t.good, fewer) }

func (t *Test) read(s *side, direction float64) float64 {
	bets := s.closed
	if t.informs {
		for j := range bets {
			bets[j] += gain(direction*theta(j), s.price[j], t.canary, t.all)
		}
	}
	return logMean(bets[:])
}
