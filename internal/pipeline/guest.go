package pipeline

import (
	"context"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/ref"
)

// Guest makes this the service of an agent, at wiring time: it walks what it
// takes, and decides nothing that the factory decides. Whose turn it is, groups,
// schedules, and whether a branch has moved on are the factory's.
func (s *Service) Guest() { s.guest = true }

// Take walks a run of the factory, under its identifier and number. Taking it
// again changes nothing.
func (s *Service) Take(ctx context.Context, r Run) error {
	return s.db.Update(ctx, func(tx *store.Tx) error {
		_, err := getRun(ctx, tx, r.ID)
		if !errs.Is(err, errs.NotFound) {
			return err
		}
		tx.After(s.nudge)
		if _, err = insertRun(ctx, tx, r); err != nil {
			return err
		}
		// The publisher may have said what it made, on a machine that was lost then.
		_, err = tx.Exec(ctx, `update pipeline_run set artifact = $2 where id = $1`, string(r.ID), string(r.Artifact))
		return err
	})
}

// Leave ends a run: its processes are being ended. by is who wanted it.
func (s *Service) Leave(ctx context.Context, id ref.Run, by string) error {
	err := s.db.Update(ctx, func(tx *store.Tx) error {
		_, err := s.cancel(ctx, tx, me(), id, by)
		return err
	})
	s.interrupt(id)
	if errs.Is(err, errs.Blocked) || errs.Is(err, errs.NotFound) {
		return nil // it has ended
	}
	return err
}
