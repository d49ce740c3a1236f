package pipeline

import (
	"context"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/pipeline/definition"
	"github.com/digital-factory/factory/internal/pipeline/queue"
	"github.com/digital-factory/factory/internal/ref"
)

// enter has a run join the group that its pipeline file names, of which one goes
// on at a time. It reports false when another does: then the run is back in the
// queue. With cancel the older runs of the group that publish nothing are ended.
func (s *Service) enter(ctx context.Context, r *Run, c definition.Concurrency) (in bool, err error) {
	if c.Group == "" || s.guest { // it joined when it was lent
		return true, nil
	}
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		if c.Cancel {
			if err := s.endOlder(ctx, tx, r, c.Group); err != nil {
				return err
			}
		}
		busy, err := store.One(ctx, tx, store.Scan1[int64], `select count(*) from pipeline_run where component = $1 and grp = $2 and state = 'running' and id <> $3`,
			string(r.Change.Component), c.Group, string(r.ID))
		if err != nil {
			return err
		}
		if in = busy == 0; !in {
			return queue.PutBack(ctx, tx, r.ID, c.Group)
		}
		_, err = tx.Exec(ctx, `update pipeline_run set grp = $2, reason = '' where id = $1`, string(r.ID), c.Group)
		return err
	})
	if errs.Is(err, errs.Conflict) { // another replica's run came in between
		return false, s.db.Update(ctx, func(tx *store.Tx) error { return queue.PutBack(ctx, tx, r.ID, c.Group) })
	}
	r.Reason = ""
	return in, err
}

// endOlder ends the runs of a group that were queued before and publish nothing.
func (s *Service) endOlder(ctx context.Context, tx *store.Tx, r *Run, group string) error {
	old, err := store.List(ctx, tx, store.Scan1[ref.Run], `select id from pipeline_run where component = $1 and grp = $2 and checks = 1 and state in ('waiting', 'running')
		and cancelled_by = '' and id < $3`, string(r.Change.Component), group, string(r.ID))
	if err != nil {
		return err
	}
	for _, id := range old {
		if _, err := s.cancel(ctx, tx, me(), id, queue.NewerInGroup); err != nil {
			return err
		}
		tx.After(func() { s.interrupt(id) })
	}
	return nil
}
