package anytime

import (
	"encoding/json"
	"fmt"
	"math"
)

// Detector watches a service after the release is whole, when there is no other arm to compare with, for a
// change that may come at any time: a share of failing units, or of slow ones, above what is accepted.
//
// Guarantee: as long as nothing has changed, the mean number of steps until a false alarm (the average run
// length) is at least ARL, when [Detector.Alarm] is asked with that ARL; nothing is assumed but that in each step
// the probability, given the past, is at most the accepted one. There is no alpha here: whoever watches for ever
// will have a false alarm some day. Delay: about ln(ARL) over the divergence per step (Lorden 1971), plus what
// not knowing the size of the change costs.
//
// It is the Shiryaev-Roberts e-detector M = (1+M)*L of Shin, Ramdas and Rinaldo (E-detectors, 2024), for each bet
// of the grid, averaged. At the same ARL it alarms no later than their CUSUM, M = max(1, M)*L. A step is a unit
// ([Detector.Unit]), a number of units ([Detector.Units]) or a stretch of exposure ([Detector.Events]), and the
// ARL counts those calls. A plain value: copying it forks it; as JSON it survives a restart to the bit.
type Detector struct {
	accepted         float64
	win, lose, price [GridPoints]float64 // what L is for a unit that fails, for one that does not; -ln(lose)
	m                [GridPoints]float64
}

// detected is where M stops growing, so that nothing overflows: far above every ARL.
const detected = 1e250

// NewDetector watches for a failure probability above accepted, in (0, 1). Where only [Detector.Events] will be
// used, the accepted intensity is in its argument and any value does.
func NewDetector(accepted float64) Detector {
	d := Detector{accepted: accepted}
	for j := range GridPoints {
		d.price[j] = price(accepted, moreOdds[j])
		d.win[j], d.lose[j] = math.Exp(theta(j)-d.price[j]), math.Exp(-d.price[j])
	}
	return d
}

// Unit takes one unit as a step.
func (d *Detector) Unit(failed bool) {
	l := &d.lose
	if failed {
		l = &d.win
	}
	for j, m := range d.m {
		d.m[j] = min(float64((1+m)*l[j]), detected)
	}
}

// Share takes as one step what share of many failed, in [0, 1]: of the requests of a minute, say. However these
// depend on one another (one customer sends a hundred), they are one observation, whose mean is all that the
// hypothesis is about: at most the accepted one, given the past. L runs straight from what it is where none failed
// to what it is where all did, so its mean is at most 1 whatever the distribution (betting on a bounded mean,
// Waudby-Smith and Ramdas 2024). A share that is no number is no step.
func (d *Detector) Share(failed float64) {
	if !(failed >= 0 && failed <= 1) {
		return
	}
	for j, m := range d.m {
		l := d.lose[j] + float64(failed*(d.win[j]-d.lose[j]))
		d.m[j] = min(float64((1+m)*l), detected)
	}
}

// Units takes several units as one step, as when they are counted by the minute. Unsound counts are no step.
func (d *Detector) Units(arm OneArm) {
	if arm.Validate() != nil || !(d.accepted > 0 && d.accepted < 1) {
		return
	}
	for j := range d.m {
		d.grow(j, gain(theta(j), d.price[j], arm.Failures, arm.Units))
	}
}

// Events takes a stretch of exposure as one step: how many events there were, how many are accepted in it.
func (d *Detector) Events(i Intensity) {
	if i.Validate() != nil {
		return
	}
	for j := range d.m {
		d.grow(j, i.gain(theta(j), moreOdds[j]))
	}
}

func (d *Detector) grow(j int, logL float64) {
	d.m[j] = min(float64((1+d.m[j])*math.Exp(min(logL, 130))), detected) // exp(130) * detected is still finite
}

// Level is the log of the evidence that something has changed since some time or other. It alarms at ln(ARL).
func (d *Detector) Level() float64 {
	sum := 0.0
	for _, m := range d.m {
		sum += m
	}
	return math.Log(sum / GridPoints)
}

// Alarm says whether the mean has reached arl. After an alarm the caller starts a new Detector.
func (d *Detector) Alarm(arl float64) bool { return arl >= 1 && d.Level() >= math.Log(arl) }

type detectorState struct {
	Accepted float64             `json:"accepted"`
	M        [GridPoints]float64 `json:"m"`
}

// MarshalJSON writes the whole state.
func (d Detector) MarshalJSON() ([]byte, error) { return json.Marshal(detectorState{d.accepted, d.m}) }

// UnmarshalJSON reads what MarshalJSON wrote and refuses what no detector can have.
func (d *Detector) UnmarshalJSON(text []byte) error {
	var s detectorState
	if err := json.Unmarshal(text, &s); err != nil {
		return err
	}
	for _, m := range s.M {
		if !(m >= 0 && m <= detected) {
			return fmt.Errorf("the state of a detector is not sound: %v", m)
		}
	}
	*d = NewDetector(s.Accepted)
	d.m = s.M
	return nil
}
