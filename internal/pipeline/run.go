package pipeline

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/life"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/ref"
)

// runners is how many runs go on at once on this machine.
const runners = 2

// me is the actor behind what the module does by itself.
func me() access.Actor { return access.System("pipeline") }

// Run takes runs from the queue until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	if err := s.resume(ctx); err != nil {
		return fmt.Errorf("take up runs of the last life: %w", err)
	}
	parts := make([]life.Part, runners)
	for i := range parts {
		parts[i] = life.Part{Name: "pipeline runner", Run: func(ctx context.Context) error {
			return life.Every(ctx, "pipeline", time.Second, s.wake, s.drain)
		}}
	}
	return life.Together(ctx, parts...)
}

// resume puts runs that a crash interrupted back to the front of the queue;
// their steps that had ended stay so.
func (s *Service) resume(ctx context.Context) error {
	return s.db.Update(ctx, func(tx *store.Tx) error {
		if tx.Postgres() {
			return nil // another replica may be at it; its runs are its own
		}
		if _, err := tx.Exec(ctx, `update pipeline_step set state = 'waiting' where state = 'running'`); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `update pipeline_run set state = 'waiting' where state = 'running'`)
		return err
	})
}

func (s *Service) drain(ctx context.Context) error {
	for ctx.Err() == nil {
		r, found, err := s.claim(ctx)
		if err != nil || !found {
			return err
		}
		s.nudge() // there may be more for the other runner
		if err := s.walk(ctx, r); err != nil {
			return fmt.Errorf("run %s: %w", r.ID, err)
		}
	}
	return nil
}

// claim takes the next run: hotfixes first, then the team with the fewest runs
// under way, then the oldest; never two of one component.
func (s *Service) claim(ctx context.Context) (r Run, found bool, err error) {
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		id, err := store.One(ctx, tx, store.Scan1[ref.Run], `select id from pipeline_run r where state = 'waiting'
			and not exists (select 1 from pipeline_run o where o.component = r.component and o.state = 'running')
			order by case when change like '%"lane":"hotfix"%' then 0 else 1 end,
				(select count(*) from pipeline_run o where o.team = r.team and o.state = 'running'), id limit 1`)
		if errors.Is(err, store.ErrNone) {
			found = false
			return nil
		} else if err != nil {
			return err
		}
		if r, err = getRun(ctx, tx, id); err != nil {
			return err
		}
		first := r.Started.IsZero()
		r.State, found = Running, true
		if first {
			r.Started = s.now()
		}
		if n, err := tx.Exec(ctx, `update pipeline_run set state = 'running', started = $2 where id = $1 and state = 'waiting'`, string(id), store.Micros(r.Started)); err != nil || n == 0 {
			found = false
			return err
		}
		if !first {
			return nil
		}
		return s.journal.Append(ctx, tx, me().By(), r.subject(), fact.RunStarted{Run: r.ID, Change: r.Change})
	})
	return r, found, err
}

var errCancelled = errs.New(errs.Blocked, "cancelled")

// walk runs a run to its end, unless the factory stops.
func (s *Service) walk(ctx context.Context, r Run) error {
	bounded, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	s.mu.Lock()
	s.cancels[r.ID] = cancel
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.cancels, r.ID)
		s.mu.Unlock()
	}()
	def, err := s.prepare(bounded, &r)
	if err == nil {
		err = s.runSteps(bounded, &r, def)
	}
	if ctx.Err() != nil {
		return nil // stopping; the next life goes on with it
	}
	switch {
	case errors.Is(context.Cause(bounded), errCancelled):
		r.State, r.Reason = Cancelled, "cancelled by "+r.CancelledBy
	case err != nil && errs.Is(err, errs.Internal):
		slog.Error("a run failed inside the factory", "run", r.ID, "error", err)
		r.State, r.Reason = Failed, "the factory could not run it: "+err.Error()
	case err != nil:
		r.State, r.Reason = Failed, err.Error()
	default:
		r.State = Succeeded
	}
	return s.finish(ctx, r)
}

func (s *Service) finish(ctx context.Context, r Run) error {
	err := s.db.Update(ctx, func(tx *store.Tx) error {
		if r.State == Cancelled {
			by, err := store.One(ctx, tx, store.Scan1[string], `select cancelled_by from pipeline_run where id = $1`, string(r.ID))
			if err != nil {
				return err
			}
			r.Reason = "cancelled by " + by
		}
		r.Finished = s.now()
		if err := saveRun(ctx, tx, r); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `update pipeline_step set state = case when $2 = 'cancelled' then 'cancelled' else 'skipped' end
			where run = $1 and state in ('waiting', 'running')`, string(r.ID), string(r.State)); err != nil {
			return err
		}
		return s.journal.Append(ctx, tx, me().By(), r.subject(), fact.RunFinished{
			Run: r.ID, Outcome: string(r.State), Step: r.Step, Reason: r.Reason, Artifact: r.Artifact, Change: r.Change,
		})
	})
	if err == nil {
		s.clear(r.ID)
	}
	return err
}

func (s *Service) workspace(id ref.Run) string {
	return filepath.Join(s.dir, filepath.Base(string(id)), "work")
}

// clear removes a workspace; its logs stay.
func (s *Service) clear(id ref.Run) {
	if err := os.RemoveAll(s.workspace(id)); err != nil {
		slog.Warn("a workspace could not be removed", "run", id, "error", err)
	}
}

// prepare lays out the workspace and the steps, or finds them laid out.
func (s *Service) prepare(ctx context.Context, r *Run) (Definition, error) {
	data, err := s.source.Read(ctx, r.Change.Component, r.Change.Commit, File)
	if err != nil {
		if errs.Is(err, errs.NotFound) {
			return Definition{}, errs.New(errs.Invalid, "the repository has no %s", File).Do("add one; the component's golden path shows how")
		}
		return Definition{}, err
	}
	def, err := Parse(data)
	if err != nil {
		return def, err
	}
	sum := sha256.Sum256(data)
	r.Digest = "sha256:" + hex.EncodeToString(sum[:])
	work := s.workspace(r.ID)
	if _, err := os.Stat(work); errors.Is(err, os.ErrNotExist) {
		// Laid out beside and renamed, so that half a workspace is never used.
		half := work + ".half"
		if err := os.RemoveAll(half); err != nil {
			return def, err
		}
		if err := os.MkdirAll(half, 0o755); err != nil {
			return def, err
		}
		if err := s.source.Export(ctx, r.Change.Component, r.Change.Commit, half); err != nil {
			return def, err
		}
		if err := os.Rename(half, work); err != nil {
			return def, err
		}
	}
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		if err := insertSteps(ctx, tx, r.ID, def.Steps); err != nil {
			return err
		}
		if err := saveRun(ctx, tx, *r); err != nil {
			return err
		}
		r.Steps, err = steps(ctx, tx, r.ID)
		return err
	})
	return def, err
}
