package telemetry

import (
	"context"
	"fmt"
	"time"

	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/ref"
)

// Marker is something that happened to a component, to be seen beside its
// figures.
type Marker struct {
	ID          string // of the fact
	Component   ref.Component
	Environment ref.Environment
	At          time.Time
	Kind        string // of the fact
	Subject     ref.Subject
	Release     string // version; may be empty
	Outcome     string // of what finished; else empty
	Text        string
}

// afterglow is how long a version that was taken back still does not count in
// alerts: its failures stay in their windows for a minute.
const afterglow = 90 * time.Second

// remember is how long crashes and ended rollouts are kept: until their last
// sample, a zero, has been written many times.
const remember = 2 * crashWindow

// Follow registers what the module learns from others.
func (s *Service) Follow(j *journal.Journal) {
	j.Follow(journal.Follower{
		Name: "telemetry",
		Kinds: []string{
			fact.ComponentCreated{}.Kind(), fact.DeploymentFinished{}.Kind(),
			fact.RolloutStarted{}.Kind(), fact.RolloutWidened{}.Kind(), fact.RolloutFinished{}.Kind(),
			fact.WorkloadCrashed{}.Kind(), fact.IncidentOpened{}.Kind(), fact.IncidentResolved{}.Kind(),
		},
		Handle: s.learn,
	})
	j.Follow(journal.Follower{Name: "telemetry.releases", Kinds: []string{fact.RolloutFinished{}.Kind()}, Handle: released})
}

func (s *Service) learn(ctx context.Context, tx *store.Tx, f journal.Fact) error {
	m := Marker{ID: f.ID, At: f.At, Kind: f.Kind, Subject: f.Subject}
	switch f.Kind {
	case fact.ComponentCreated{}.Kind():
		p, err := journal.Decode[fact.ComponentCreated](f)
		if err != nil {
			return err
		}
		return setComponent(ctx, tx, p.Component, p.Team)
	case fact.WorkloadCrashed{}.Kind():
		p, err := journal.Decode[fact.WorkloadCrashed](f)
		if err != nil {
			return err
		}
		if err := forgetCrashes(ctx, tx, s.now().Add(-remember)); err != nil {
			return err
		}
		return insertCrash(ctx, tx, f.ID, p.Component, p.Environment, f.At)
	case fact.DeploymentFinished{}.Kind():
		p, err := journal.Decode[fact.DeploymentFinished](f)
		if err != nil {
			return err
		}
		m.Component, m.Environment, m.Release, m.Outcome = p.Component, p.Environment, p.Version, p.Outcome
		m.Text = fmt.Sprintf("Version %s runs in %s", p.Version, p.Environment)
		if p.Outcome != "succeeded" {
			m.Text = fmt.Sprintf("Version %s could not be deployed to %s: %s", p.Version, p.Environment, p.Reason)
		}
	case fact.RolloutStarted{}.Kind():
		p, err := journal.Decode[fact.RolloutStarted](f)
		if err != nil {
			return err
		}
		m.Component, m.Environment, m.Release = p.Component, p.Environment, p.Version
		m.Text = fmt.Sprintf("The rollout of version %s begins: %s", p.Version, p.Title)
		if err := setCanary(ctx, tx, canary{p.Component, p.Environment, p.Version, time.Time{}}); err != nil {
			return err
		}
	case fact.RolloutWidened{}.Kind():
		p, err := journal.Decode[fact.RolloutWidened](f)
		if err != nil {
			return err
		}
		first, err := firstMarker(ctx, tx, f.Subject)
		if err != nil {
			return err
		}
		m.Component, m.Environment, m.Release = p.Component, first.Environment, first.Release
		m.Text = fmt.Sprintf("Version %s takes %g %% of the units", first.Release, 100*p.Share)
	case fact.RolloutFinished{}.Kind():
		p, err := journal.Decode[fact.RolloutFinished](f)
		if err != nil {
			return err
		}
		m.Component, m.Environment, m.Release, m.Outcome = p.Component, p.Environment, p.Version, p.Outcome
		m.Text = fmt.Sprintf("Version %s was promoted", p.Version)
		end := f.At
		if p.Outcome != "promoted" {
			m.Text = fmt.Sprintf("Version %s was rolled back: %s", p.Version, p.Reason)
			end = f.At.Add(afterglow)
		}
		if err := setCanary(ctx, tx, canary{p.Component, p.Environment, p.Version, end}); err != nil {
			return err
		}
		if p.Outcome == "promoted" && p.Environment == Production {
			if err := setObjective(ctx, tx, p.Component, p.Artifact); err != nil {
				return err
			}
		}
		if err := forgetCanaries(ctx, tx, f.At.Add(-remember)); err != nil {
			return err
		}
	case fact.IncidentOpened{}.Kind():
		p, err := journal.Decode[fact.IncidentOpened](f)
		if err != nil {
			return err
		}
		m.Component, m.Environment, m.Release = p.Component, p.Environment, p.Version
		m.Text = "Incident: " + p.Title
	case fact.IncidentResolved{}.Kind():
		p, err := journal.Decode[fact.IncidentResolved](f)
		if err != nil {
			return err
		}
		first, err := firstMarker(ctx, tx, f.Subject)
		if err != nil {
			return err
		}
		m.Component, m.Environment = p.Component, first.Environment
		m.Text = "The incident is over: " + p.Because
	default:
		return nil
	}
	if m.Environment == "" { // of facts that do not say: rollouts and incidents are there
		m.Environment = Production
	}
	return insertMarker(ctx, tx, m)
}
