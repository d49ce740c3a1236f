package incident

import (
	"context"
	"fmt"
	"time"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/ref"
)

// Follow registers the follower that opens and ends incidents by facts and
// writes their timelines, and another that has read since the first fact what
// changed, for a factory that is older than this room's interest in it.
func (s *Service) Follow(j *journal.Journal) {
	j.Follow(journal.Follower{Name: "incident.changes", Kinds: changes(), Handle: changed})
	j.Follow(journal.Follower{
		Name: "incident.incidents",
		Kinds: []string{
			fact.ComponentCreated{}.Kind(), fact.CommitsPushed{}.Kind(), fact.ArtifactMarkedBad{}.Kind(), fact.WorkloadCrashed{}.Kind(), fact.WorkloadUnhealthy{}.Kind(), fact.WorkloadRestarted{}.Kind(),
			fact.RolloutStarted{}.Kind(), fact.RolloutWidened{}.Kind(), fact.RolloutHeld{}.Kind(), fact.RolloutResumed{}.Kind(), fact.RolloutApproved{}.Kind(),
			fact.RolloutDecided{}.Kind(), fact.RolloutFinished{}.Kind(), fact.AlertFired{}.Kind(), fact.AlertResolved{}.Kind(), fact.FlagSwitched{}.Kind(),
			fact.DeploymentFinished{}.Kind(),
		},
		Handle: s.handle,
	})
}

func (s *Service) handle(ctx context.Context, tx *store.Tx, f journal.Fact) error {
	if err := changed(ctx, tx, f); err != nil { // now: an alert may be next
		return err
	}
	c, e, text, err := describe(f)
	if err != nil {
		return err
	}
	if text != "" {
		if err := enter(ctx, tx, c, "", Entry{At: f.At, Kind: f.Kind, Text: text, Subject: f.Subject, Actor: f.Actor.Name, Environment: e}); err != nil {
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
	title := fmt.Sprintf("%s %s was rolled back", p.Component, p.Version)
	decision := Decision{Reason: p.Reason, LogE: p.LogE, Alpha: p.Alpha}
	if len(open) == 0 {
		_, err = s.open(ctx, tx, by, Incident{
			Title: title, Component: p.Component, Team: p.Team, Environment: p.Environment,
			Cause: Verdict, AwaitsFix: true, Change: changeOf(p.Rollout, p.Artifact, p.Version, p.Change), Decision: decision,
			Began: start(p, f), Opened: f.At,
		})
		return err
	}
	i := open[0]
	if err := s.join(ctx, tx, by, i, Reason{At: f.At, Cause: Verdict, Text: title, Rollout: p.Rollout}); err != nil {
		return err
	}
	if i.AwaitsFix || i.Change.Rollout != "" && i.Decision != (Decision{}) {
		return nil // a second bad release in the same trouble
	}
	// What a person reported is over when a person says so: only they know that
	// it was this.
	i.AwaitsFix = i.Cause != Person
	i.Change, i.Decision = changeOf(p.Rollout, p.Artifact, p.Version, p.Change), decision
	if began := start(p, f); began.Before(i.Began) {
		i.Began = began
	}
	return deepen(ctx, tx, i)
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
	if err := lock(ctx, tx, p.Component); err != nil {
		return err
	}
	open, err := openOf(ctx, tx, p.Component, p.Environment)
	if err != nil {
		return err
	}
	by, cause, burn := access.System("incident").By(), causeOf(p.Cause), burnOf(p.Burn)
	if len(open) > 0 {
		i := open[0]
		if i.Burn, err = burnIn(ctx, tx, i.ID); err != nil {
			return err
		}
		part, err := hasAlert(ctx, tx, i.ID, p.Alert)
		if err != nil {
			return err
		}
		if !part {
			if err := s.join(ctx, tx, by, i, Reason{At: f.At, Cause: cause, Text: alertTitle(p)}); err != nil {
				return err
			}
		}
		if err := setBurn(ctx, tx, i, burn); err != nil {
			return err
		}
		if err := setRegression(ctx, tx, i.ID, regressionOf(p)); err != nil {
			return err
		}
		return setAlert(ctx, tx, i.ID, p.Alert, true)
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
	began := f.At
	if !p.Since.IsZero() && p.Since.Before(began) {
		began = p.Since.UTC().Truncate(time.Microsecond)
	}
	i, err := s.open(ctx, tx, by, Incident{
		Title: alertTitle(p), Component: p.Component, Team: team, Environment: p.Environment, Cause: cause, Change: running, Burn: burn,
		Began: began, Opened: f.At,
	})
	if err != nil {
		return err
	}
	if err := setRegression(ctx, tx, i.ID, regressionOf(p)); err != nil {
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

// alertTitle names an incident after the alert that opened it.
func alertTitle(p fact.AlertFired) string {
	title := fmt.Sprintf("%s in %s: %s", p.Component, p.Environment, p.Alert)
	switch causeOf(p.Cause) {
	case SLOBurn:
		return fmt.Sprintf("%s in %s burns its error budget %.3g times too fast", p.Component, p.Environment, p.Burn.Rate)
	case Worse:
		return fmt.Sprintf("%s %s in %s came to fail %.3g times as often as it promises", p.Component, p.Regression.Version, p.Environment, regressionOf(p).times())
	case Silence:
		return fmt.Sprintf("nothing is heard of %s in %s any more", p.Component, p.Environment)
	}
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
		if left > 0 || !i.Cause.byAlert() || i.AwaitsFix {
			continue
		}
		because := "alert " + p.Alert + " no longer fires"
		if p.Text != "" {
			because = p.Text
		}
		if _, err := s.resolve(ctx, tx, access.System("incident").By(), i, f.At, because, ""); err != nil {
			return err
		}
	}
	return nil
}
