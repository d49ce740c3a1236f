package anytime

import (
	"encoding/json"
	"errors"
	"math"
)

const (
	// TurnCount is how many detectors take turns: what is dependent must end within TurnCount-1 periods.
	TurnCount = 3
	// TurnMost is how many times the accepted share a period counts for at most.
	TurnMost = 10.0
)

// Turns watches a live service by periods of time, each of which tells what share of its requests failed, for a
// change that may come at any time. Requests are no independent units: a broken customer sends a hundred, in this
// period and the next. So a period is one observation whatever the number of its requests ([Detector.Share]); it
// counts for at most [TurnMost] times the accepted share, so that a burst is no change; and [TurnCount] detectors
// take turns, so that each sees a period only when what it saw before is long over.
//
// Hypothesis: given all up to TurnCount-1 periods before it, the expected share of a period is at most the
// accepted one. It holds while customers and what they do are as they are accepted to be on average, as long as
// what one of them does is over within TurnCount-1 periods. Guarantee: while it holds the expected number of alarms
// in any n periods is at most n/ARL, when [Turns.Alarm] is asked after each of them with that ARL and a new Turns
// is begun after each alarm. (For each detector M + ARL*alarms - steps is a supermartingale; the detectors share
// the periods, and beginning anew for another's alarm only takes evidence away.) A customer who goes on failing
// for longer is a change, as far as the periods can tell.
//
// Delay: TurnCount*ln(ARL) over the divergence per period, at least TurnCount*ln(ARL)/ln(TurnMost) periods. As JSON it
// survives a restart to the bit.
type Turns struct {
	accepted float64
	taking   [TurnCount]Detector
	next     int
}

// NewTurns watches for an expected share above accepted, in (0, 1).
func NewTurns(accepted float64) Turns {
	t := Turns{accepted: accepted}
	for i := range t.taking {
		t.taking[i] = NewDetector(accepted / t.most())
	}
	return t
}

// most is where a share is cut.
func (t *Turns) most() float64 { return min(1, float64(TurnMost*t.accepted)) }

// Share takes the share of a period that failed, in [0, 1]. One that is no number is no step.
func (t *Turns) Share(failed float64) {
	if !(failed >= 0 && failed <= 1) {
		return
	}
	t.taking[t.next].Share(min(1, failed/t.most()))
	t.next = (t.next + 1) % TurnCount
}

// Level is the log of the evidence of the detector that has most, at least 0. It alarms at ln(ARL).
func (t *Turns) Level() float64 {
	most := 0.0
	for i := range t.taking {
		most = max(most, t.taking[i].Level())
	}
	return most
}

// Alarm says whether a detector has reached arl, in periods.
func (t *Turns) Alarm(arl float64) bool { return arl > 1 && t.Level() >= math.Log(arl) }

type turnsState struct {
	Accepted float64             `json:"accepted"`
	Taking   [TurnCount]Detector `json:"taking"`
	Next     int                 `json:"next"`
}

// MarshalJSON writes the whole state.
func (t Turns) MarshalJSON() ([]byte, error) {
	return json.Marshal(turnsState{t.accepted, t.taking, t.next})
}

// UnmarshalJSON reads what MarshalJSON wrote and refuses what cannot be.
func (t *Turns) UnmarshalJSON(text []byte) error {
	var s turnsState
	if err := json.Unmarshal(text, &s); err != nil {
		return err
	}
	if s.Next < 0 || s.Next >= TurnCount {
		return errors.New("the state of detectors that take turns is not sound")
	}
	*t = Turns{s.Accepted, s.Taking, s.Next}
	return nil
}
