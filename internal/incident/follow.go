package incident

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/ref"
)

// Follow registers the follower that opens and ends incidents by facts and
// writes their timelines.
func (s *Service) Follow(j *journal.Journal) {
	j.Follow(journal.Follower{
		Name: "incident.incidents",
		Kinds: []string{
			fact.ComponentCreated{}.Kind(), fact.CommitsPushed{}.Kind(), fact.ArtifactMarkedBad{}.Kind(), fact.WorkloadCrashed{}.Kind(),
			fact.RolloutStarted{}.Kind(), fact.RolloutWidened{}.Kind(), fact.RolloutHeld{}.Kind(), fact.RolloutResumed{}.Kind(),
			fact.RolloutDecided{}.Kind(), fact.RolloutFinished{}.Kind(), fact.AlertFired{}.Kind(), fact.AlertResolved{}.Kind(), fact.FlagSwitched{}.Kind(),
		},
		Handle: s.handle,
	})
}

func (s *Service) handle(ctx context.Context, tx *store.Tx, f journal.Fact) error {
	c, text, err := describe(f)
	if err != nil {
		return err
	}
	if text != "" {
		if err := enter(ctx, tx, c, "", Entry{At: f.At, Kind: f.Kind, Text: text, Subject: f.Subject, Actor: f.Actor.Name}); err != nil {
			return err
		}
	}
	switch f.Kind {
	case fact.ComponentCreated{}.Kind():
		p, err := journal.Decode[fact.ComponentCreated](f)
		if err != nil {
			return err
		}
		return setComponent(ctx, tx, p.Component, p.Team)
	case fact.RolloutStarted{}.Kind():
		p, err := journal.Decode[fact.RolloutStarted](f)
		if err != nil {
			return err
		}
		return setRunning(ctx, tx, p.Component, p.Team, changeOf(p.Rollout, p.Artifact, p.Version, p.Change))
	case fact.RolloutFinished{}.Kind():
		p, err := journal.Decode[fact.RolloutFinished](f)
		if err != nil {
			return err
		}
		return s.finished(ctx, tx, f, p)
	case fact.AlertFired{}.Kind():
		p, err := journal.Decode[fact.AlertFired](f)
		if err != nil {
			return err
		}
		return s.fired(ctx, tx, f, p)
	case fact.AlertResolved{}.Kind():
		p, err := journal.Decode[fact.AlertResolved](f)
		if err != nil {
			return err
		}
		return s.calmed(ctx, tx, f, p)
	}
	return nil
}

func changeOf(r ref.Rollout, a ref.Artifact, version string, c fact.Change) Change {
	return Change{Rollout: r, Artifact: a, Release: version, Commit: c.Commit, CommitTitle: c.Title, Items: c.Items}
}

// finished opens an incident for a rollback that customers felt, and ends
// those that waited for a fix when a release is promoted.
func (s *Service) finished(ctx context.Context, tx *store.Tx, f journal.Fact, p fact.RolloutFinished) error {
	if err := setRunning(ctx, tx, p.Component, p.Team, Change{}); err != nil {
		return err
	}
	open, err := openOf(ctx, tx, p.Component, p.Environment)
	if err != nil {
		return err
	}
	by := access.System("incident").By()
	if p.Outcome == "promoted" {
		for _, i := range open {
			if !i.AwaitsFix {
				continue
			}
			if _, err := s.resolve(ctx, tx, by, i, f.At, fmt.Sprintf("%s %s was promoted", p.Component, p.Version), p.Rollout); err != nil {
				return err
			}
		}
		return nil
	}
	if !p.Exposed || p.Cause != "" { // another part of its release hurt, and has the incident
		return nil
	}
	decision := Decision{Reason: p.Reason, LogE: p.LogE, Alpha: p.Alpha}
	for _, i := range open {
		if i.Cause == Person {
			continue
		}
		if i.AwaitsFix {
			return nil // a second bad release in the same trouble: the timeline has it
		}
		i.AwaitsFix, i.Change, i.Decision = true, changeOf(p.Rollout, p.Artifact, p.Version, p.Change), decision
		if began := start(p, f); began.Before(i.Began) {
			i.Began = began
		}
		return deepen(ctx, tx, i)
	}
	_, err = s.open(ctx, tx, by, Incident{
		Title: fmt.Sprintf("%s %s was rolled back", p.Component, p.Version), Component: p.Component, Team: p.Team, Environment: p.Environment,
		Cause: Verdict, AwaitsFix: true, Change: changeOf(p.Rollout, p.Artifact, p.Version, p.Change), Decision: decision,
		Began: start(p, f), Opened: f.At,
	})
	return err
}

// start is when customers could first be hurt: when the rollout began.
func start(p fact.RolloutFinished, f journal.Fact) time.Time {
	if p.Started.IsZero() {
		return f.At
	}
	return p.Started.UTC().Truncate(time.Microsecond)
}

// fired opens an incident for an alert that pages, unless the component is in
// one already.
func (s *Service) fired(ctx context.Context, tx *store.Tx, f journal.Fact, p fact.AlertFired) error {
	if p.Severity != "page" {
		return nil
	}
	open, err := openOf(ctx, tx, p.Component, p.Environment)
	if err != nil {
		return err
	}
	if len(open) > 0 {
		return setAlert(ctx, tx, open[0].ID, p.Alert, true)
	}
	if err := setOwner(ctx, tx, p); err != nil {
		return err
	}
	team, running, err := component(ctx, tx, p.Component)
	if err != nil {
		return err
	}
	if p.Environment != "production" {
		running = Change{} // rollouts are in production
	}
	i, err := s.open(ctx, tx, access.System("incident").By(), Incident{
		Title: alertTitle(p), Component: p.Component, Team: team, Environment: p.Environment, Cause: Alert, Change: running,
		Began: f.At, Opened: f.At,
	})
	if err != nil {
		return err
	}
	return setAlert(ctx, tx, i.ID, p.Alert, true)
}

// setOwner notes the owner an alert names, for a component that no fact has
// told of.
func setOwner(ctx context.Context, tx *store.Tx, p fact.AlertFired) error {
	if p.Team == "" {
		return nil
	}
	return setComponent(ctx, tx, p.Component, p.Team)
}

func alertTitle(p fact.AlertFired) string {
	title := fmt.Sprintf("%s in %s: %s", p.Component, p.Environment, p.Alert)
	if p.Text != "" {
		title += ", " + p.Text
	}
	if r := []rune(title); len(r) > 200 {
		title = string(r[:199]) + "…"
	}
	return title
}

// calmed ends an incident of alerts with its last one.
func (s *Service) calmed(ctx context.Context, tx *store.Tx, f journal.Fact, p fact.AlertResolved) error {
	open, err := openOf(ctx, tx, p.Component, p.Environment)
	if err != nil {
		return err
	}
	for _, i := range open {
		part, err := hasAlert(ctx, tx, i.ID, p.Alert)
		if err != nil {
			return err
		}
		if !part {
			continue
		}
		if err := setAlert(ctx, tx, i.ID, p.Alert, false); err != nil {
			return err
		}
		left, err := firing(ctx, tx, i.ID)
		if err != nil {
			return err
		}
		if left > 0 || i.Cause != Alert || i.AwaitsFix {
			continue
		}
		if _, err := s.resolve(ctx, tx, access.System("incident").By(), i, f.At, "alert "+p.Alert+" no longer fires", ""); err != nil {
			return err
		}
	}
	return nil
}

// describe says in a sentence what a fact means for a component's history; an
// empty text leaves it out.
func describe(f journal.Fact) (c ref.Component, text string, err error) {
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
			c, text = p.Component, fmt.Sprintf("version %s crashed in %s: %s", p.Version, p.Environment, p.Reason)
		})
	case fact.RolloutStarted{}.Kind():
		err = read(f, func(p fact.RolloutStarted) {
			c, text = p.Component, fmt.Sprintf("rollout of version %s began", p.Version)
		})
	case fact.RolloutWidened{}.Kind():
		err = read(f, func(p fact.RolloutWidened) {
			c, text = p.Component, fmt.Sprintf("the rollout widened to %.4g %% of units", 100*p.Share)
		})
	case fact.RolloutHeld{}.Kind():
		err = read(f, func(p fact.RolloutHeld) { c, text = p.Component, "the rollout was held: "+p.Reason })
	case fact.RolloutResumed{}.Kind():
		err = read(f, func(p fact.RolloutResumed) { c, text = p.Component, "the rollout was resumed: "+p.Reason })
	case fact.RolloutDecided{}.Kind():
		err = read(f, func(p fact.RolloutDecided) {
			c, text = p.Component, fmt.Sprintf("verdict: %s, %s (log evidence %.2f at alpha %g)", strings.ReplaceAll(p.Verdict, "_", " "), p.Reason, p.LogE, p.Alpha)
			if p.ByHand {
				text = fmt.Sprintf("decided by hand: %s, %s", strings.ReplaceAll(p.Verdict, "_", " "), p.Reason)
			}
		})
	case fact.RolloutFinished{}.Kind():
		err = read(f, func(p fact.RolloutFinished) {
			c, text = p.Component, fmt.Sprintf("version %s was promoted", p.Version)
			if p.Outcome != "promoted" {
				text = fmt.Sprintf("version %s was rolled back, traffic is on %s again", p.Version, orBefore(p.BaseVersion))
			}
		})
	case fact.AlertFired{}.Kind():
		err = read(f, func(p fact.AlertFired) {
			c, text = p.Component, fmt.Sprintf("alert %s fired in %s: %s", p.Alert, p.Environment, p.Text)
		})
	case fact.AlertResolved{}.Kind():
		err = read(f, func(p fact.AlertResolved) {
			c, text = p.Component, fmt.Sprintf("alert %s no longer fires in %s", p.Alert, p.Environment)
		})
	case fact.FlagSwitched{}.Kind():
		err = read(f, func(p fact.FlagSwitched) {
			if c = p.Component; p.Killed {
				text = fmt.Sprintf("the feature behind flag %s was killed in %s: %s", p.Key, p.Environment, p.Reason)
			} else {
				text = fmt.Sprintf("flag %s was switched from %s to %s in %s", p.Key, p.From, p.To, p.Environment)
			}
		})
	}
	return c, text, err
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
