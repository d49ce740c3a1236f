package evidence

import "fmt"

// Inputs are all the counts that a verdict rests on. The same inputs under the same plan give the same verdict.
type Inputs struct {
	// FirstVersion says that there is no baseline: only one-arm counts are used.
	FirstVersion bool `json:"first_version"`
	// Exposures has one entry per stage of the ramp, in order.
	Exposures []Exposure `json:"exposures"`
	// Metrics holds the counts of the plan's metrics by name; what the plan does not name is not looked at.
	Metrics []MetricInput `json:"metrics"`
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

// MetricInput is what was counted for one metric.
type MetricInput struct {
	Name string `json:"name"`
	// Stages count first events per rollout; see [Stage].
	Stages []Stage `json:"stages"`
	// Arm counts, for the canary alone, the distinct units whose outcome is known, and of these the failed.
	Arm OneArm `json:"arm"`
}

// Validate reports counts that are negative, too large or contradict each other, and metrics named twice.
func (in Inputs) Validate() error {
	if len(in.Exposures) > maxStages {
		return fmt.Errorf("exposures: %w", errStages)
	}
	for i, e := range in.Exposures {
		if err := e.Validate(); err != nil {
			return fmt.Errorf("exposures of stage %d: %w", i, err)
		}
		if err := validCounts(e.Served); err != nil {
			return fmt.Errorf("units served in stage %d: %w", i, err)
		}
	}
	names := map[string]bool{}
	for _, m := range in.Metrics {
		if names[m.Name] {
			return fmt.Errorf("metric %q is counted twice", m.Name)
		}
		names[m.Name] = true
		if len(m.Stages) > maxStages {
			return fmt.Errorf("metric %q: %w", m.Name, errStages)
		}
		for i, s := range m.Stages {
			if err := s.Validate(); err != nil {
				return fmt.Errorf("metric %q, stage %d: %w", m.Name, i, err)
			}
		}
		if err := m.Arm.Validate(); err != nil {
			return fmt.Errorf("metric %q, one-arm counts: %w", m.Name, err)
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
