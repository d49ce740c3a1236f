package incident

import (
	"fmt"
	"strings"

	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/ref"
)

// describe says in a sentence what a fact means for a component's history, and
// in which environment; an empty text leaves it out.
func describe(f journal.Fact) (c ref.Component, e ref.Environment, text string, err error) {
	switch f.Kind {
	case fact.CommitsPushed{}.Kind():
		err = read(f, func(p fact.CommitsPushed) {
			if c = p.Component; p.Trunk && len(p.Commits) > 0 {
				text = fmt.Sprintf("%s pushed to %s: %s", count(max(p.Total, len(p.Commits)), "commit"), p.Branch, p.Commits[len(p.Commits)-1].Title)
			}
		})
	case fact.ArtifactMarkedBad{}.Kind():
		err = read(f, func(p fact.ArtifactMarkedBad) {
			c, text = p.Component, fmt.Sprintf("version %s was marked bad: %s", p.Version, p.Reason)
		})
	case fact.WorkloadCrashed{}.Kind():
		err = read(f, func(p fact.WorkloadCrashed) {
			c, e, text = p.Component, p.Environment, fmt.Sprintf("version %s crashed in %s: %s", p.Version, p.Environment, p.Reason)
		})
	case fact.WorkloadUnhealthy{}.Kind():
		err = read(f, func(p fact.WorkloadUnhealthy) {
			c, e, text = p.Component, p.Environment, fmt.Sprintf("version %s is unhealthy in %s: %s", p.Version, p.Environment, p.Reason)
		})
	case fact.WorkloadRestarted{}.Kind():
		err = read(f, func(p fact.WorkloadRestarted) {
			c, e, text = p.Component, p.Environment, fmt.Sprintf("version %s is restarted in %s", p.Version, p.Environment)
		})
	case fact.RolloutStarted{}.Kind():
		err = read(f, func(p fact.RolloutStarted) {
			c, e, text = p.Component, p.Environment, fmt.Sprintf("rollout of version %s began", p.Version)
		})
	case fact.RolloutWidened{}.Kind():
		err = read(f, func(p fact.RolloutWidened) {
			c, text = p.Component, fmt.Sprintf("the rollout widened to %.4g %% of units", 100*p.Share)
		})
	case fact.RolloutHeld{}.Kind():
		err = read(f, func(p fact.RolloutHeld) { c, text = p.Component, "the rollout was held: "+p.Reason })
	case fact.RolloutResumed{}.Kind():
		err = read(f, func(p fact.RolloutResumed) { c, text = p.Component, "the rollout was resumed: "+p.Reason })
	case fact.RolloutApproved{}.Kind():
		err = read(f, func(p fact.RolloutApproved) {
			c, text = p.Component, fmt.Sprintf("approved for %.4g %% of units: %s", 100*p.Share, p.Reason)
		})
	case fact.RolloutDecided{}.Kind():
		err = read(f, func(p fact.RolloutDecided) {
			c, text = p.Component, fmt.Sprintf("verdict: %s, %s (log evidence %.2f at alpha %g)", strings.ReplaceAll(p.Verdict, "_", " "), p.Reason, p.LogE, p.Alpha)
			if p.ByHand {
				text = fmt.Sprintf("decided by hand: %s, %s", strings.ReplaceAll(p.Verdict, "_", " "), p.Reason)
			}
		})
	case fact.RolloutFinished{}.Kind():
		err = read(f, func(p fact.RolloutFinished) {
			c, e, text = p.Component, p.Environment, fmt.Sprintf("version %s was promoted", p.Version)
			if p.Outcome != "promoted" {
				text = fmt.Sprintf("version %s was rolled back, traffic is on %s again", p.Version, orBefore(p.BaseVersion))
			}
		})
	case fact.AlertFired{}.Kind():
		err = read(f, func(p fact.AlertFired) {
			c, e, text = p.Component, p.Environment, fmt.Sprintf("alert %s fired in %s: %s", p.Alert, p.Environment, p.Text)
		})
	case fact.AlertResolved{}.Kind():
		err = read(f, func(p fact.AlertResolved) {
			c, e, text = p.Component, p.Environment, fmt.Sprintf("alert %s no longer fires in %s", p.Alert, p.Environment)
			if p.Text != "" {
				text += ": " + p.Text
			}
		})
	case fact.FlagSwitched{}.Kind():
		err = read(f, func(p fact.FlagSwitched) {
			c, e, text = p.Component, p.Environment, switched(p)
		})
	}
	return c, e, text, err
}

func orBefore(version string) string {
	if version == "" {
		return "what ran before"
	}
	return "version " + version
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	if stem, y := strings.CutSuffix(what, "y"); y && !strings.HasSuffix(what, "ay") {
		return fmt.Sprintf("%d %sies", n, stem)
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// read hands the payload of f to use.
func read[P fact.Payload](f journal.Fact, use func(P)) error {
	p, err := journal.Decode[P](f)
	if err == nil {
		use(p)
	}
	return err
}
