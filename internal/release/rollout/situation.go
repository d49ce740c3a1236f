package rollout

import (
	"context"
	"strconv"
	"strings"

	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/evidence"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/release/plan"
)

// Arm of a rollout.
type Arm string

// The arms.
const (
	Baseline Arm = "baseline"
	Canary   Arm = "canary"
)

// Count is one row of release_count.
type Count struct {
	name  string
	stage int
	arm   Arm
	evidence.Moments
}

func Counts(ctx context.Context, tx *store.Tx, id ref.Rollout) ([]Count, error) {
	return store.List(ctx, tx, func(s store.Scanner) (Count, error) {
		var c Count
		return c, s.Scan(&c.name, &c.stage, &c.arm, &c.Units, &c.Sum, &c.Squares)
	}, `select metric, stage, arm, units, total, squares from release_count where rollout = $1 order by metric, stage, arm`, string(id))
}

// Situate builds what Next decides from.
func Situate(r Rollout, rows []Count) Situation {
	s := Situation{Plan: r.Plan, Stage: r.Stage, Held: r.Held, First: r.First, Approvals: r.Approvals, Inputs: evidence.Inputs{FirstVersion: r.First}}
	shares := r.Plan.Shares()
	stages := len(shares)
	s.Inputs.Exposures = make([]evidence.Exposure, stages)
	for k, share := range shares {
		s.Inputs.Exposures[k].Share = share
	}
	s.Experiments = make([][]evidence.OutcomeStage, len(r.Experiments))
	for i := range s.Experiments {
		s.Experiments[i] = outcomes(shares)
	}
	at := map[string]int{} // metrics by what their counts are called
	for i, m := range r.Plan.Evidence.Metrics {
		at[Watched(m.Name)] = i
		s.Inputs.Metrics = append(s.Inputs.Metrics, nothing(m, shares))
	}
	for _, c := range rows {
		if c.stage < 0 || c.stage >= stages {
			continue
		}
		name, part, _ := strings.Cut(c.name, "#")
		if i, ok := at[name]; ok {
			take(&s.Inputs.Metrics[i], r.Plan.Evidence.Metrics[i].Kind, c, part)
			continue
		}
		exposure := &s.Inputs.Exposures[c.stage]
		switch {
		case name == Crashed && r.Plan.Evidence.Watch != nil:
			*armOf(c.arm, &s.lives().Crashes, &s.lives().Baseline) += c.Units
		case name == Exposed && c.arm == Canary:
			exposure.Canary += c.Units
		case name == Exposed:
			exposure.Baseline += c.Units
		case name == Served(c.stage):
			exposure.Served += c.Units
		case name == CanaryUnits:
			s.errors(func(m *evidence.MetricInput) { m.Arm.Units += c.Units })
		case name == CanaryFailed:
			s.errors(func(m *evidence.MetricInput) { m.Arm.Failures += c.Units })
		}
		for i := range r.Experiments {
			if name == key(OutcomeOf(i, true)) {
				takeOutcome(&s.Experiments[i][c.stage], c, part)
			}
		}
	}
	return s
}

// errors changes the counts of the server errors, the only ones that are known
// of the canary alone.
func (s *Situation) errors(change func(*evidence.MetricInput)) {
	for i, m := range s.Inputs.Metrics {
		if m.Name == plan.Errors {
			change(&s.Inputs.Metrics[i])
		}
	}
}

// nothing is what a metric's counts are before the first unit.
func nothing(m evidence.Metric, shares []float64) evidence.MetricInput {
	in := evidence.MetricInput{Name: m.Name}
	for _, share := range shares {
		switch m.Kind {
		case evidence.Events:
			in.Stages = append(in.Stages, evidence.Stage{Share: share})
		case evidence.Histogram:
			buckets := len(m.Edges) + 1
			in.Histogram = append(in.Histogram, evidence.HistogramStage{Share: share, Canary: make([]int64, buckets), Baseline: make([]int64, buckets)})
		case evidence.Mean:
			in.Means = append(in.Means, evidence.MeanStage{Share: share})
		}
	}
	if m.Kind == evidence.Proportion {
		in.Outcomes = outcomes(shares)
	}
	return in
}

func outcomes(shares []float64) []evidence.OutcomeStage {
	list := make([]evidence.OutcomeStage, len(shares))
	for k, share := range shares {
		list[k].Share = share
	}
	return list
}

// take adds a row to a metric's counts.
func take(in *evidence.MetricInput, kind evidence.Kind, c Count, part string) {
	switch kind {
	case evidence.Events:
		*armOf(c.arm, &in.Stages[c.stage].Canary, &in.Stages[c.stage].Baseline) += c.Units
	case evidence.Proportion:
		takeOutcome(&in.Outcomes[c.stage], c, part)
	case evidence.Histogram:
		h := in.Histogram[c.stage]
		if b, err := strconv.Atoi(part); err == nil && b >= 0 && b < len(h.Canary) {
			*armOf(c.arm, &h.Canary[b], &h.Baseline[b]) += c.Units
		}
	case evidence.Mean:
		m := armOf(c.arm, &in.Means[c.stage].Canary, &in.Means[c.stage].Baseline)
		m.Units, m.Sum, m.Squares = m.Units+c.Units, m.Sum+c.Sum, m.Squares+c.Squares
	}
}

func takeOutcome(o *evidence.OutcomeStage, c Count, part string) {
	if part == YesNo(true) {
		*armOf(c.arm, &o.CanaryYes, &o.BaselineYes) += c.Units
	} else {
		*armOf(c.arm, &o.CanaryNo, &o.BaselineNo) += c.Units
	}
}

func armOf[T any](a Arm, canary, baseline *T) *T {
	if a == Canary {
		return canary
	}
	return baseline
}
