package evidence

import (
	"fmt"

	"github.com/digital-factory/factory/internal/evidence/anytime"
)

// Inputs are all the counts that a verdict rests on. The same inputs under the same plan give the same verdict.
type Inputs struct {
	// FirstVersion says that there is no baseline: only one-arm counts are used.
	FirstVersion bool `json:"first_version"`
	// Exposures has one entry per stage of the ramp, in order.
	Exposures []Exposure `json:"exposures"`
	// Metrics holds the counts of the plan's metrics by name; what the plan does not name is not looked at.
	Metrics []MetricInput `json:"metrics"`
	// Silence counts, per stage, each unit once when its report fell due: yes when none came. Only looked at
	// under a plan with a SilenceAlpha.
	Silence []OutcomeStage `json:"silence,omitempty"`
	// Lives is what was seen of the processes. Only looked at under a plan with a Watch.
	Lives *Lives `json:"lives,omitempty"`
}

// Exposure counts the units that a stage of the ramp reached.
type Exposure struct {
	// Stage counts FIRST exposures: each unit once per rollout, in the stage and arm that it was first given.
	Stage
	// Served counts the distinct units that the canary served in this stage, each once per stage, wherever
	// they were first exposed: what widening waits for. Where units return, few first exposures are left in a
	// later stage, but many units are served.
	Served int64 `json:"served"`
}

// Stratum is a group of units that is named in the plan before the rollout: a kind of hardware, a country.
type Stratum struct {
	Name string `json:"name"`
	// Stages count the units of the group; they are counted in the metric's own stages too.
	Stages []Stage `json:"stages"`
}

// MetricInput is what was counted for one metric.
type MetricInput struct {
	Name string `json:"name"`
	// Stages count first events per rollout; see [Stage]. For metrics of the kind Events.
	Stages []Stage `json:"stages"`
	// Arm counts, for the canary alone, the distinct units whose outcome is known, and of these the failed.
	Arm OneArm `json:"arm"`
	// Strata repeat, for the groups that the plan names, what Stages counts in them.
	Strata []Stratum `json:"strata,omitempty"`
	// Outcomes, Histogram and Means are the counts of metrics of these kinds, one entry per stage, in order.
	Outcomes  []OutcomeStage   `json:"outcomes,omitempty"`
	Histogram []HistogramStage `json:"histogram,omitempty"`
	Means     []MeanStage      `json:"means,omitempty"`
}

// Validate reports a share outside (0, 1] or a count that is negative or above MaxCount.
func (e Exposure) Validate() error {
	if err := e.Stage.Validate(); err != nil {
		return err
	}
	return anytime.ValidCounts(e.Served)
}

// Validate reports counts that are negative, too large or contradict each other, and metrics named twice.
func (in Inputs) Validate() error {
	if err := validStages(in.Exposures, Exposure.Validate); err != nil {
		return fmt.Errorf("exposures, %w", err)
	}
	if err := validStages(in.Silence, OutcomeStage.Validate); err != nil {
		return fmt.Errorf("silence: %w", err)
	}
	if err := in.Lives.validate(); err != nil {
		return err
	}
	names := map[string]bool{}
	for _, m := range in.Metrics {
		if names[m.Name] {
			return fmt.Errorf("metric %q is counted twice", m.Name)
		}
		names[m.Name] = true
		if err := m.validate(); err != nil {
			return fmt.Errorf("metric %q, %w", m.Name, err)
		}
	}
	return nil
}

func (m MetricInput) validate() error {
	if err := validStages(m.Stages, Stage.Validate); err != nil {
		return err
	}
	if err := validStages(m.Outcomes, OutcomeStage.Validate); err != nil {
		return fmt.Errorf("outcomes, %w", err)
	}
	if err := validStages(m.Means, MeanStage.Validate); err != nil {
		return fmt.Errorf("means, %w", err)
	}
	edges := 0
	if len(m.Histogram) > 0 {
		edges = len(m.Histogram[0].Canary) - 1
	}
	if err := validStages(m.Histogram, func(s HistogramStage) error { return s.Validate(edges) }); err != nil {
		return fmt.Errorf("histogram, %w", err)
	}
	strata := map[string]bool{}
	for _, s := range m.Strata {
		if strata[s.Name] {
			return fmt.Errorf("stratum %q is counted twice", s.Name)
		}
		strata[s.Name] = true
		if err := validStages(s.Stages, Stage.Validate); err != nil {
			return fmt.Errorf("stratum %q, %w", s.Name, err)
		}
	}
	if err := m.Arm.Validate(); err != nil {
		return fmt.Errorf("one-arm counts: %w", err)
	}
	return nil
}

// fits reports counts that the plan's metrics cannot have: a histogram over other edges, values out of bounds.
func (in Inputs) fits(plan Plan) error {
	for _, m := range plan.Metrics {
		got := in.metric(m.Name)
		for i, s := range got.Histogram {
			if err := s.Validate(len(m.Edges)); m.Kind == Histogram && err != nil {
				return fmt.Errorf("metric %q, stage %d: %w", m.Name, i, err)
			}
		}
		for i, s := range got.Means {
			if m.Bounds != nil && !(m.Bounds.Hold(s.Canary) && m.Bounds.Hold(s.Baseline)) {
				return fmt.Errorf("metric %q, stage %d: the values are not within the bounds %v and %v", m.Name, i, m.Bounds.Low, m.Bounds.High)
			}
		}
	}
	return nil
}

func validStages[S any](stages []S, valid func(S) error) error {
	if len(stages) > anytime.MaxStages {
		return fmt.Errorf("more than %d stages", anytime.MaxStages)
	}
	for i, s := range stages {
		if err := valid(s); err != nil {
			return fmt.Errorf("stage %d: %w", i, err)
		}
	}
	return nil
}

func (in Inputs) metric(name string) MetricInput {
	for _, m := range in.Metrics {
		if m.Name == name {
			return m
		}
	}
	return MetricInput{Name: name}
}
