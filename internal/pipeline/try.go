package pipeline

import (
	"context"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/ref"
)

// Try queues a check of files that no push brought, those of a laptop, and ends
// what an earlier try left unfinished. The commit is what the source knows them
// by. It is for a service of its own database, before it runs: elsewhere pushes
// queue checks. The steps get the secrets that they ask for, which are those of
// whose files these are.
func (s *Service) Try(ctx context.Context, who access.Actor, c ref.Component, branch string, commit ref.Commit) (r Run, err error) {
	if err := who.May(access.BuildComponent, ""); err != nil {
		return r, err
	}
	s.own = true
	now := s.now()
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		left, err := store.List(ctx, tx, store.Scan1[ref.Run], `select id from pipeline_run where state in ('waiting', 'running')`)
		if err != nil {
			return err
		}
		for _, old := range left {
			if _, err := s.cancel(ctx, tx, who, old, "a newer try"); err != nil {
				return err
			}
		}
		id := ref.Run(ref.New())
		err = s.queue(ctx, tx, who, Run{ID: id, Branch: branch, Check: true, Queued: now, Change: fact.Change{
			Component: c, Commit: commit, Title: "tried by hand", Lane: "normal", Pushed: now, Committed: now,
		}})
		if err != nil {
			return err
		}
		r, err = getRun(ctx, tx, id)
		return err
	})
	return r, err
}
