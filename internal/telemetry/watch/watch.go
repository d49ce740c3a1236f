// Package watch decides whether a live version has come to fail more often than
// it promises, from what it served in one period after another.
package watch

import (
	"fmt"
	"math"
	"time"

	"github.com/digital-factory/factory/internal/evidence/anytime"
)

const (
	kept        = 144 // periods, half a day of the shortest: to tell since when, and how much
	calmPeriods = 3   // that must keep the promise, together, after an alarm
)

// What is known of false alarms: without a change, a component has one in Chance
// at most, on average, when its periods last for Lasts or longer.
const (
	Chance = 365 * 24 * time.Hour
	Lasts  = 5 * time.Minute
)

// AlarmAt is what an alarm takes, in periods between false ones.
const AlarmAt = float64(Chance / Lasts)

// Live is what is known of how a live version does. As JSON it survives a
// restart.
type Live struct {
	Accepted float64       `json:"accepted"` // share that may fail, as it is promised; 0 until that is known
	Turns    anytime.Turns `json:"turns"`
	Periods  []Period      `json:"periods,omitempty"` // oldest first
	Found    *Found        `json:"found,omitempty"`   // an alarm that is not over
	Over     string        `json:"over,omitempty"`    // what ended the last alarm
}

// Period is what a live version served in a time.
type Period struct {
	Began  time.Time `json:"began"`
	Served float64   `json:"served"`
	Failed float64   `json:"failed"`
}

// Found is an alarm.
type Found struct {
	Since  time.Time `json:"since"`  // the change, as far as known
	Served float64   `json:"served"` // since then
	Failed float64   `json:"failed"`
	LogE   float64   `json:"logE"`
	After  int       `json:"after"` // periods since the alarm
}

// Promise sets what share may fail. Another promise is watched from now on.
func (w *Live) Promise(accepted float64) (moved bool) {
	if accepted == w.Accepted {
		return false
	}
	w.Accepted, w.Turns = accepted, anytime.NewTurns(accepted)
	return true
}

// See takes a period that is over, of things that are called so.
func (w *Live) See(p Period, version, things string) {
	if w.Periods = append(w.Periods, p); len(w.Periods) > kept {
		w.Periods = w.Periods[len(w.Periods)-kept:]
	}
	if w.Found == nil {
		if w.Turns.Share(p.Failed / p.Served); w.Turns.Alarm(AlarmAt) {
			w.Found = w.find()
		}
		return
	}
	if w.Found.After++; w.Found.After < calmPeriods {
		return
	}
	last := Total(w.Periods[len(w.Periods)-calmPeriods:])
	if last.Failed <= w.Accepted*last.Served {
		w.Over = fmt.Sprintf("version %s keeps what it promises again: %.0f of its last %.0f %s failed", version, last.Failed, last.Served, things)
		w.Found, w.Periods, w.Turns = nil, nil, anytime.NewTurns(w.Accepted)
	}
}

// find says since when it seems to fail more, and how much: from where on what
// was beyond one and a half times the promise adds up to the most, which is where
// a sum of differences (CUSUM) would say that it began.
func (w *Live) find() *Found {
	from, sum, most := len(w.Periods)-1, 0.0, math.Inf(-1)
	for i := len(w.Periods) - 1; i >= 0; i-- {
		p := w.Periods[i]
		if sum += p.Failed/p.Served - 1.5*w.Accepted; sum > most {
			from, most = i, sum
		}
	}
	all := Total(w.Periods[from:])
	return &Found{Since: all.Began, Served: all.Served, Failed: all.Failed, LogE: w.Turns.Level()}
}

// Total adds up periods, of which there is one at least.
func Total(list []Period) Period {
	all := Period{Began: list[0].Began}
	for _, p := range list {
		all.Served, all.Failed = all.Served+p.Served, all.Failed+p.Failed
	}
	return all
}

// Level is the log of the evidence, as it was at an alarm while that lasts.
func (w *Live) Level() float64 {
	if w.Found != nil {
		return max(w.Found.LogE, math.Log(AlarmAt))
	}
	return min(w.Turns.Level(), math.Nextafter(math.Log(AlarmAt), 0))
}
