package evidence

import (
	"errors"
	"fmt"
	"math"

	"github.com/digital-factory/factory/internal/evidence/anytime"
)

// Kind says what of a unit is counted for a metric. Whatever it is, a unit counts once per metric and rollout.
type Kind string

// The kinds.
const (
	// Events counts the first time that something happened to a unit: an error, a crash, a login.
	Events Kind = ""
	// Proportion counts an outcome, yes or no, of each unit that has one: an order that was completed.
	Proportion Kind = "proportion"
	// Histogram counts in which bucket a number measured once for each unit falls: a latency.
	Histogram Kind = "histogram"
	// Mean sums up a number per unit: what it spent.
	Mean Kind = "mean"
)

// Metric is something that is counted once for each unit, and what would be harm.
type Metric struct {
	Name string `json:"name"`
	// Weight is the part of Alpha that this metric may spend; the weights of a plan add up to at most 1.
	// [EvenWeights] spreads them.
	Weight float64 `json:"weight"`
	// Good marks what should be more rather than less (logins, completed orders, revenue): then less of it in
	// the canary is the harm, and a margin says by how much more the baseline may have. It is how a canary that
	// fails silently is seen, so pair every metric of errors with one. One-arm counts of good events take as
	// failures the units to which it did not happen.
	Good bool `json:"good"`
	// Kind is what is counted; "" counts events.
	Kind Kind `json:"kind,omitempty"`
	// Guardrail marks a metric that rolls back when it is harmed but need not be proven unharmed: for a promotion
	// it is enough that it was watched on as many units as a stage must serve, in the canary and, where numbers or
	// outcomes are compared, in the baseline. Metrics that are no guardrail must be shown fine; a plan has at least
	// one. In a first version, which has nothing else to go by, events must be shown fine although a guardrail.
	Guardrail bool `json:"guardrail,omitempty"`
	// Margin and Tolerance take the place of the plan's for this metric where they are not 0. For a mean they
	// are parts of |Usual|, for the other kinds of the baseline's share or rate.
	Margin    float64 `json:"margin,omitempty"`
	Tolerance float64 `json:"tolerance,omitempty"`
	// Usual is what the baseline's share (proportion, in (0, 1)) or mean (not 0) was before the rollout.
	Usual float64 `json:"usual,omitempty"`
	// Bounds of the values of a mean; with them it is judged in finite samples, without only asymptotically.
	Bounds *Bounds `json:"bounds,omitempty"`
	// Edges of a histogram, rising, frozen from the baseline.
	Edges []Edge `json:"edges,omitempty"`
	// Unit is what a histogram's or a mean's numbers are in ("s", "EUR"); it is only shown.
	Unit string `json:"unit,omitempty"`
	// Strata names groups of units, for events, that are watched by themselves besides all together.
	Strata []string `json:"strata,omitempty"`
}

// Limits are the tolerance and the margin that hold for the metric: its own, or the plan's.
func (m Metric) Limits(p Plan) (tolerance, margin float64) {
	tolerance, margin = p.Tolerance, p.Margin
	if m.Margin != 0 {
		margin = m.Margin
		tolerance = min(tolerance, margin)
	}
	if m.Tolerance != 0 {
		tolerance = m.Tolerance
	}
	return tolerance, margin
}

func (p Plan) validMetrics() (errs []error) {
	if len(p.Metrics) == 0 && p.Watch == nil {
		return []error{errors.New("metrics is empty: name at least one metric")}
	}
	names, weights, primary := map[string]bool{}, 0.0, false
	for _, m := range p.Metrics {
		if m.Name == "" || names[m.Name] {
			errs = append(errs, fmt.Errorf("metric %q has no name or a name used twice", m.Name))
		}
		names[m.Name] = true
		if !(m.Weight > 0 && m.Weight <= 1) || p.Alpha*m.Weight < math.SmallestNonzeroFloat64*1e20 {
			errs = append(errs, fmt.Errorf("metric %q has weight %v: it must be above 0 and at most 1", m.Name, m.Weight))
		}
		weights += m.Weight
		primary = primary || !m.Guardrail
		if err := m.validKind(); err != nil {
			errs = append(errs, fmt.Errorf("metric %q: %w", m.Name, err))
		}
		if tolerance, margin := m.Limits(p); !(margin > 0 && margin <= 1000 && tolerance >= 0 && tolerance <= margin) {
			errs = append(errs, fmt.Errorf("metric %q: its margin %v must be above 0 and at most 1000, its tolerance %v between 0 and the margin", m.Name, margin, tolerance))
		}
	}
	if !primary && p.Watch == nil {
		errs = append(errs, errors.New("every metric is a guardrail: at least one must have to be shown fine, or nothing is shown by a promotion"))
	}
	if weights > 1+1e-9 {
		errs = append(errs, fmt.Errorf("the weights of the metrics add up to %v: at most 1", weights))
	}
	return errs
}

func (m Metric) validKind() error {
	strata := map[string]bool{}
	for _, s := range m.Strata {
		if s == "" || strata[s] || m.Kind != Events {
			return fmt.Errorf("stratum %q has no name or a name used twice, or the metric does not count events", s)
		}
		strata[s] = true
	}
	switch m.Kind {
	case Events:
		return nil
	case Proportion:
		if !(m.Usual > 0 && m.Usual < 1) {
			return fmt.Errorf("the usual share is %v: it must be above 0 and below 1", m.Usual)
		}
		return nil
	case Mean:
		if m.Usual == 0 || !(math.Abs(m.Usual) <= 1e100) {
			return fmt.Errorf("the usual mean is %v: its margin is a part of it, so it must not be 0", m.Usual)
		}
		if b := m.Bounds; b != nil && !(b.Low <= m.Usual && m.Usual <= b.High && b.Low < b.High && b.High-b.Low <= 1e100) {
			return fmt.Errorf("the usual mean %v is not between the bounds %v and %v", m.Usual, b.Low, b.High)
		}
		return nil
	case Histogram:
		return anytime.ValidEdges(m.Edges)
	}
	return fmt.Errorf("kind %q: it must be %q, %q, %q or %q", m.Kind, Events, Proportion, Histogram, Mean)
}

// EvenWeights returns the metrics with what is left of the weight 1, spread evenly over those without one. The
// weights split alpha: the probability that ANY metric takes back a harmless release stays below alpha
// (Bonferroni), and no metric is judged more strictly because another one turned out well.
func EvenWeights(metrics []Metric) []Metric {
	left, without := 1.0, 0
	for _, m := range metrics {
		left -= m.Weight
		if m.Weight == 0 {
			without++
		}
	}
	out := append([]Metric(nil), metrics...)
	for i := range out {
		if out[i].Weight == 0 {
			out[i].Weight = math.Floor(max(left, 0)/float64(without)*1e9) / 1e9
		}
	}
	return out
}
