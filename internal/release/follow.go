package release

import (
	"context"

	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/ref"
)

// Follow registers what the module learns from others.
func (s *Service) Follow(j *journal.Journal) {
	j.Follow(journal.Follower{Name: "release", Kinds: []string{fact.ArtifactPublished{}.Kind()}, Handle: s.published})
}

// published queues a rollout for a new artifact. Its identifier is made from
// nothing but chance: the follower runs exactly once.
func (s *Service) published(ctx context.Context, tx *store.Tx, f journal.Fact) error {
	p, err := journal.Decode[fact.ArtifactPublished](f)
	if err != nil {
		return err
	}
	tx.After(s.nudge)
	return insert(ctx, tx, Rollout{
		ID: ref.Rollout(ref.New()), Artifact: p.Artifact, Number: p.Version, Run: p.Run, Origin: p.Change,
		Phase: Queued, Waiting: "its turn", Created: s.now(),
	})
}
