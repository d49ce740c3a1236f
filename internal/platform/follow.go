package platform

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/ref"
)

// Follow registers the follower that watches components on their way to
// production.
func (s *Service) Follow(j *journal.Journal) {
	j.Follow(journal.Follower{
		Name: "platform-provisioning",
		Kinds: []string{
			"repository.created", "commits.pushed", "run.queued", "run.started", "run.finished",
			"deployment.finished", "rollout.started", "rollout.finished",
		},
		Handle: s.watch,
	})
	j.Follow(journal.Follower{Name: "platform-paths", Kinds: []string{fact.CheckFinished{}.Kind()}, Handle: s.checked})
}

// watch moves a component's steps by a fact. Once it is ready, nothing moves
// them any more: they tell how the first version came to production.
func (s *Service) watch(ctx context.Context, tx *store.Tx, f journal.Fact) error {
	switch f.Kind {
	case "repository.created":
		p, err := journal.Decode[fact.RepositoryCreated](f)
		if err != nil {
			return err
		}
		return s.step(ctx, tx, p.Component, repositoryStep, Done, "", "", f.At)
	case "commits.pushed":
		p, err := journal.Decode[fact.CommitsPushed](f)
		if err != nil || !p.Trunk || p.Before != "" {
			return err
		}
		return s.brought(ctx, tx, p.Component)
	case "run.queued":
		p, err := journal.Decode[fact.RunQueued](f)
		if err != nil {
			return err
		}
		return s.step(ctx, tx, p.Component, runStep, Running, "waits for a free place", f.Subject, f.At)
	case "run.started":
		p, err := journal.Decode[fact.RunStarted](f)
		if err != nil {
			return err
		}
		return s.step(ctx, tx, p.Component, runStep, Running, "", f.Subject, f.At)
	case "run.finished":
		p, err := journal.Decode[fact.RunFinished](f)
		if err != nil {
			return err
		}
		if p.Outcome != "succeeded" {
			return s.step(ctx, tx, p.Component, runStep, Failed, first(p.Reason, "the run was "+p.Outcome), f.Subject, f.At)
		}
		if p.Artifact == "" { // a branch: nothing will be deployed
			return nil
		}
		if err := s.step(ctx, tx, p.Component, runStep, Done, "", f.Subject, f.At); err != nil {
			return err
		}
		return s.step(ctx, tx, p.Component, Staging, Running, "", ref.Of("artifact", p.Artifact), f.At)
	case "deployment.finished":
		p, err := journal.Decode[fact.DeploymentFinished](f)
		if err != nil || p.Environment != Staging {
			return err
		}
		if p.Outcome != "succeeded" {
			return s.step(ctx, tx, p.Component, Staging, Failed, p.Reason, ref.Of("artifact", p.Artifact), f.At)
		}
		return s.step(ctx, tx, p.Component, Staging, Done, "version "+p.Version, ref.Of("artifact", p.Artifact), f.At)
	case "rollout.started":
		p, err := journal.Decode[fact.RolloutStarted](f)
		if err != nil || p.Environment != Production {
			return err
		}
		return s.step(ctx, tx, p.Component, Production, Running, "version "+p.Version, f.Subject, f.At)
	case "rollout.finished":
		p, err := journal.Decode[fact.RolloutFinished](f)
		if err != nil || p.Environment != Production {
			return err
		}
		if p.Outcome != "promoted" {
			return s.step(ctx, tx, p.Component, Production, Failed, p.Reason, f.Subject, f.At)
		}
		return s.ready(ctx, tx, p, f)
	}
	return fmt.Errorf("nobody asked for facts of kind %s", f.Kind)
}

// step records that a step reached a state, unless the component is ready or
// not of this factory.
func (s *Service) step(ctx context.Context, tx *store.Tx, component ref.Component, name, state, text string, subject ref.Subject, at time.Time) error {
	ready, err := store.One(ctx, tx, store.Scan1[int64], `select ready from platform_component where name = $1`, string(component))
	if errors.Is(err, store.ErrNone) || err == nil && ready != 0 {
		return nil
	} else if err != nil {
		return err
	}
	before, err := loadSteps(ctx, tx, string(component))
	if err != nil {
		return err
	}
	after := reach(before, name, state, text, subject, at)
	if slices.Equal(before, after) {
		return nil
	}
	return saveSteps(ctx, tx, string(component), before, after)
}

// ready tells, once, that a component's first version is live.
func (s *Service) ready(ctx context.Context, tx *store.Tx, p fact.RolloutFinished, f journal.Fact) error {
	if err := s.step(ctx, tx, p.Component, Production, Done, "version "+p.Version, f.Subject, f.At); err != nil {
		return err
	}
	fresh, err := markReady(ctx, tx, p.Component, f.At)
	if err != nil || !fresh {
		return err
	}
	return s.journal.Append(ctx, tx, access.System("platform").By(), ref.Of("component", p.Component), fact.ComponentReady{Component: p.Component, Team: p.Team})
}

func first(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}
