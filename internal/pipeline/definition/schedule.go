package definition

import (
	"slices"
	"strings"

	"github.com/digital-factory/factory/internal/base/cron"
	"github.com/digital-factory/factory/internal/base/errs"
)

// Schedule is when the trunk's head is run again.
type Schedule struct {
	Cron  string   `yaml:"cron" json:"cron"`             // as package cron reads it
	Steps []string `yaml:"steps" json:"steps,omitempty"` // with what they need; none: all
}

const mostSchedules = 10

// checkSchedules says what is wrong with the schedules, and writes them the same
// way.
func (d *Definition) checkSchedules(bad *errs.Error, at func(string, ...any) string, names map[string]int) {
	if len(d.Schedules) > mostSchedules {
		bad.In(at("$.schedules"), "lists %d schedules; at most %d", len(d.Schedules), mostSchedules)
		return
	}
	for i := range d.Schedules {
		c := &d.Schedules[i]
		if s, err := cron.Parse(c.Cron); err != nil {
			bad.In(at("$.schedules[%d].cron", i), "%s", err)
		} else {
			c.Cron = s.String()
		}
		for j, n := range c.Steps {
			if _, known := names[n]; !known {
				bad.In(at("$.schedules[%d].steps[%d]", i, j), "there is no step %q", n)
			}
		}
		if slices.ContainsFunc(d.Schedules[:i], func(o Schedule) bool { return o.Cron == c.Cron && slices.Equal(o.Steps, c.Steps) }) {
			bad.In(at("$.schedules[%d]", i), "is there twice")
		}
	}
}

// With returns the names of steps and of all that they need, directly or through
// others; nil when no step is named. A step with a matrix may be named without
// its values. Unknown names are returned as missing.
func With(steps []Spec, named []string) (with map[string]bool, missing []string) {
	if len(named) == 0 {
		return nil, nil
	}
	with = map[string]bool{}
	var add func(name string) bool
	add = func(name string) (found bool) {
		for _, s := range steps {
			base, _, _ := strings.Cut(s.Name, "[")
			if s.Inject || name != s.Name && name != base {
				continue
			}
			if found = true; with[s.Name] {
				continue
			}
			with[s.Name] = true
			for _, n := range s.Needs {
				add(n)
			}
		}
		return found
	}
	for _, n := range named {
		if !add(n) {
			missing = append(missing, n)
		}
	}
	return with, missing
}
