package thread

import (
	"context"

	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/journal"
)

const follower = "thread.graph"

// Follow registers the follower that keeps the graph.
func (s *Service) Follow(j *journal.Journal) {
	j.Follow(journal.Follower{Name: follower, Handle: handle})
}

func handle(ctx context.Context, tx *store.Tx, f journal.Fact) error {
	c, err := project(f)
	if err != nil {
		return err
	}
	for _, n := range c.nodes {
		n.At = f.At
		if err := put(ctx, tx, n); err != nil {
			return err
		}
	}
	for _, e := range c.cut {
		if err := cut(ctx, tx, e); err != nil {
			return err
		}
	}
	for _, e := range c.edges {
		if err := join(ctx, tx, e, f.At); err != nil {
			return err
		}
	}
	return nil
}

// Rebuild empties the graph and reads all facts again.
func (s *Service) Rebuild(ctx context.Context, j *journal.Journal) error {
	return s.db.Update(ctx, func(tx *store.Tx) error {
		if err := empty(ctx, tx); err != nil {
			return err
		}
		return j.Rewind(ctx, tx, follower)
	})
}
