package portfolio

import (
	"fmt"
	"math"
	"time"

	"github.com/digital-factory/factory/internal/ref"
)

// Grade says how much a measured number proves.
type Grade string

// The grades. They are computed, never typed.
const (
	Randomised  Grade = "A" // concurrent arms, assignment by chance
	Quasi       Grade = "B" // quasi-experimental
	BeforeAfter Grade = "C" // the same quantity earlier and later; other causes not excluded
	Stated      Grade = "D" // somebody's prediction only
)

// Result holds what was predicted for an initiative against what was measured.
type Result struct {
	Unit       string   `json:"unit"`
	Predicted  *float64 `json:"predicted,omitempty"` // in the key result's unit
	Measured   *float64 `json:"measured,omitempty"`  // in Unit
	Low        *float64 `json:"low,omitempty"`
	High       *float64 `json:"high,omitempty"`
	Level      float64  `json:"level,omitempty"` // the interval covers with at least this confidence
	Grade      Grade    `json:"grade"`
	Basis      string   `json:"basis"`      // in a sentence, what Measured rests on
	Comparable bool     `json:"comparable"` // Predicted and Measured have the same unit
}

// Effect is what one rollout did to a key result.
type Effect struct {
	Rollout   ref.Rollout   `json:"rollout"`
	Component ref.Component `json:"component"`
	Feature   ref.Feature   `json:"feature"`
	KeyResult ref.KeyResult `json:"keyResult"`
	Event     string        `json:"event"`
	Estimate  float64       `json:"estimate"` // new minus old version, share of units with success
	Low       float64       `json:"low"`
	High      float64       `json:"high"`
	Level     float64       `json:"level"`
	Units     int64         `json:"units"`
	Grade     Grade         `json:"grade"`
	Kept      string        `json:"kept"` // running, promoted, rolled_back
	At        time.Time     `json:"at"`
}

// total adds up the effects of one grade on an initiative's key result, of
// promoted rollouts, each rollout once.
type total struct {
	grade    Grade
	rollouts int
	estimate float64
	low      float64
	high     float64
	miss     float64 // sum over rollouts of 1 - level
	units    int64
}

// reading is a measured value and its time.
type reading struct {
	value float64
	at    time.Time
}

// scale turns a share of units into a key result's unit; ok is false when the
// unit is not one of shares.
func scale(unit string) (factor float64, ok bool) {
	switch unit {
	case "%", "percent":
		return 100, true
	case "", "share", "ratio":
		return 1, true
	}
	return 0, false
}

// result grades an initiative's outcome by the best evidence there is. Each
// rollout is measured against the version before it, so the effects of
// successive promoted rollouts add up; the sum of their intervals covers the
// sum with at least 1 minus the sum of their error probabilities
// (Bonferroni). Grades are not mixed.
func result(k *KeyResult, predicted *float64, totals []total, before *reading) Result {
	r := Result{Predicted: predicted, Grade: Stated, Comparable: true, Basis: "nothing was measured yet: this is a prediction"}
	if k == nil {
		r.Basis = "no key result is chosen"
		return r
	}
	r.Unit = k.Unit
	var best *total
	for i, t := range totals {
		if t.rollouts > 0 && (best == nil || t.grade < best.grade) {
			best = &totals[i]
		}
	}
	switch {
	case best != nil && best.grade <= Quasi:
		factor, ok := scale(k.Unit)
		if !ok {
			factor, r.Unit, r.Comparable = 1, "share of units", false
		}
		measured, low, high := possible(best.estimate)*factor, possible(best.low)*factor, possible(best.high)*factor
		r.Measured, r.Grade = &measured, best.grade
		how := map[Grade]string{Randomised: "randomised", Quasi: "quasi-experimental"}[best.grade]
		r.Basis = fmt.Sprintf("%s: sum of the effects of %s promoted, %d units", how, plural(best.rollouts, "rollout"), best.units)
		if level := 1 - best.miss; level >= 0.5 {
			r.Low, r.High, r.Level = &low, &high, math.Round(level*1e6)/1e6
		} else {
			r.Basis += "; too many rollouts for one interval"
		}
	case before != nil && k.Value != nil && k.Measured.After(before.at):
		moved := *k.Value - before.value
		r.Measured, r.Grade = &moved, BeforeAfter
		r.Basis = fmt.Sprintf("before and after: the key result went from %.4g to %.4g %s since implementing began; other causes are not excluded", before.value, *k.Value, k.Unit)
	}
	return r
}

// possible cuts a change of a share at what a share can change by. What is cut
// off an interval cannot be true, so it covers as before.
func possible(change float64) float64 { return max(-1, min(1, change)) }

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// Money is an amount in whole units of a currency (ISO 4217).
type Money struct {
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
}

// Spend is what an initiative has cost, as far as it can be computed: the days
// that its items were in work, at the declared rate.
type Spend struct {
	Days  float64 `json:"days"`
	Items int     `json:"items"`          // that were ever in work
	Cost  *Money  `json:"cost,omitempty"` // nil while no day rate is declared
}

func spend(worked time.Duration, items int, rate *Money) Spend {
	s := Spend{Days: worked.Hours() / 24, Items: items}
	if rate != nil {
		s.Cost = &Money{Amount: int64(math.Round(s.Days * float64(rate.Amount))), Currency: rate.Currency}
	}
	return s
}
