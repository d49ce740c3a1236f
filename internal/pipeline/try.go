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
// whose files these are. Inputs that are not given are as in any check.
func (s *Service) Try(ctx context.Context, who access.Actor, c ref.Component, branch string, commit ref.Commit, inputs map[string]any) (r Run, err error) {
	if err := who.May(access.BuildComponent, ""); err != nil {
		return r, err
	}
	s.own = true
	now := s.now()
	try := Run{ID: ref.Run(ref.New()), Branch: branch, Check: true, Queued: now, Change: fact.Change{
		Component: c, Commit: commit, Title: "tried by hand", Lane: "normal", Pushed: now, Committed: now,
	}}
	if len(inputs) > 0 { // else what is wrong with the file is told by the run
		def, err := s.define(ctx, &try)
		if err != nil {
			return r, err
		}
		if try.Inputs, err = def.Inputs.Offered(inputs); err != nil {
			return r, err
		}
	}
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
		if err := s.queue(ctx, tx, who, try); err != nil {
			return err
		}
		r, err = getRun(ctx, tx, try.ID)
		return err
	})
	return r, err
}
