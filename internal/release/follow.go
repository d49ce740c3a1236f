package release

import (
	"context"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/release/assembly"
	"github.com/digital-factory/factory/internal/release/parts"
	"github.com/digital-factory/factory/internal/release/rollout"
)

// Follow registers what the module learns from others.
func (s *Service) Follow(j *journal.Journal) {
	j.Follow(journal.Follower{Name: "release", Kinds: []string{fact.ArtifactPublished{}.Kind()}, Handle: s.published})
	j.Follow(journal.Follower{Name: "release.lives", Kinds: rollout.Lives(), Handle: rollout.Lived})
}

// published queues a rollout for a new artifact. Its identifier is made from
// nothing but chance: the follower runs exactly once.
func (s *Service) published(ctx context.Context, tx *store.Tx, f journal.Fact) error {
	p, err := journal.Decode[fact.ArtifactPublished](f)
	if err != nil {
		return err
	}
	needs, faults := parts.Parse(p.Provides, p.Requires)
	if len(faults) > 0 {
		return errs.New(errs.Internal, "what %s %s provides and requires cannot be read: %s", p.Component, p.Version, faults[0].Text)
	}
	if err := assembly.Know(ctx, tx, p.Artifact, p.Component, p.Version, needs); err != nil {
		return err
	}
	tx.After(s.nudge)
	return rollout.Insert(ctx, tx, Rollout{
		ID: ref.Rollout(ref.New()), Artifact: p.Artifact, Number: p.Version, Run: p.Run, Origin: p.Change,
		Phase: Queued, Waiting: "its turn", Created: s.now(),
	})
}
