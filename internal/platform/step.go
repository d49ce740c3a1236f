package platform

import (
	"slices"
	"time"

	"github.com/digital-factory/factory/internal/ref"
)

// Step is a station on the way from nothing to live in production.
type Step struct {
	Name    string      // repository, run, staging, production
	Title   string      // for people
	State   string      // waiting, running, done, failed
	Text    string      // what came of it, or why it failed
	Subject ref.Subject // what to look at; may be empty
	At      time.Time   // when the state was reached; zero while waiting
}

// States of a step.
const (
	Waiting = "waiting"
	Running = "running"
	Done    = "done"
	Failed  = "failed"
)

const (
	repositoryStep = "repository"
	runStep        = "run"
)

// titles says what each step is, in order.
var titles = []Step{
	{Name: repositoryStep, Title: "Repository with the first commit"},
	{Name: runStep, Title: "First run: test, build, SBOM, image, signature"},
	{Name: Staging, Title: "Running in staging"},
	{Name: Production, Title: "Live in production"},
}

// begin is the provisioning of a component that was just created.
func begin(now time.Time) []Step {
	steps := slices.Clone(titles)
	for i := range steps {
		steps[i].State = Waiting
	}
	steps[0].State, steps[0].At = Running, now
	return steps
}

// reach returns the steps after one of them reached a state. Steps before it
// are done; those after it wait, because a new try passes all of them again.
func reach(steps []Step, name, state, text string, subject ref.Subject, at time.Time) []Step {
	steps = slices.Clone(steps)
	i := slices.IndexFunc(steps, func(s Step) bool { return s.Name == name })
	if i < 0 {
		return steps
	}
	for j := range steps {
		switch s := &steps[j]; {
		case j < i && s.State != Done:
			s.State, s.At = Done, at
		case j > i && s.State != Waiting:
			*s = Step{Name: s.Name, Title: s.Title, State: Waiting}
		}
	}
	s := &steps[i]
	s.State, s.Text, s.At = state, text, at
	if subject != "" {
		s.Subject = subject
	}
	return steps
}

// stateOf sums the steps up.
func stateOf(steps []Step, ready time.Time) string {
	switch {
	case !ready.IsZero():
		return "ready"
	case slices.ContainsFunc(steps, func(s Step) bool { return s.State == Failed }):
		return "failed"
	}
	return "provisioning"
}
