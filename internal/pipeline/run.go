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
	"slices"
	"sync"
	"time"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/life"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/pipeline/definition"
	"github.com/digital-factory/factory/internal/pipeline/tree"
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
	parts := []life.Part{{Name: "pipeline schedules", Run: func(ctx context.Context) error {
		return life.Every(ctx, "schedules", scheduleLook, nil, s.due)
	}}, {Name: "pipeline logs", Run: func(ctx context.Context) error {
		return life.Every(ctx, "logs", time.Hour, nil, s.forgetLogs)
	}}}
	for range runners {
		parts = append(parts, life.Part{Name: "pipeline runner", Run: func(ctx context.Context) error {
			return life.Every(ctx, "pipeline", time.Second, s.wake, s.drain)
		}})
	}
	return life.Together(ctx, parts...)
}

// resume frees the runs that a crash interrupted, for claim to go on with them,
// and clears away the workspaces of ended ones. SQLite has one process, so every
// hold is from before; on PostgreSQL it may be another replica's, and runs out
// by itself when that is gone.
func (s *Service) resume(ctx context.Context) error {
	err := s.db.Update(ctx, func(tx *store.Tx) error {
		if tx.Postgres() {
			return nil
		}
		_, err := tx.Exec(ctx, `update pipeline_run set holder = '', held_until = 0 where state = 'running'`)
		return err
	})
	if err != nil {
		return err
	}
	found, err := filepath.Glob(s.workspace("*"))
	if err != nil {
		return err
	}
	for _, dir := range found {
		id := ref.Run(filepath.Base(filepath.Dir(dir)))
		err := s.db.View(ctx, func(tx *store.Tx) error {
			r, err := getRun(ctx, tx, id)
			if err == nil && r.State.ended() {
				s.clear(id)
			}
			return err
		})
		if err != nil && !errs.Is(err, errs.NotFound) {
			return err
		}
	}
	return nil
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
// under way, of these the one that has waited longest since a run of its began,
// so that teams take turns however much each has queued; of a team's, trunks
// before checks, then the oldest; never two of one branch.
// One runner is kept for trunks: checks have the others. A run whose holder is
// gone is taken up again with the steps that had not ended.
func (s *Service) claim(ctx context.Context) (r Run, found bool, err error) {
	now := s.now()
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		found = false
		id, err := store.One(ctx, tx, store.Scan1[ref.Run], `select id from pipeline_run r where (state = 'waiting' or (state = 'running' and held_until < $1 and holder <> $2))
			and not exists (select 1 from pipeline_run o where o.component = r.component and o.branch = r.branch and o.event = r.event and o.state = 'running' and o.id <> r.id)
			and (r.grp = '' or not exists (select 1 from pipeline_run o where o.component = r.component and o.grp = r.grp and o.state = 'running' and o.id <> r.id))
			and (checks = 0 or (select count(*) from pipeline_run o where o.checks = 1 and o.state = 'running' and o.holder = $2) < $3)
			order by case when state = 'running' then 0 when change like '%"lane":"hotfix"%' then 1 else 2 end,
				(select count(*) from pipeline_run o where o.team = r.team and o.state = 'running'),
				(select coalesce(max(o.started), 0) from pipeline_run o where o.team = r.team), checks, id limit 1`, store.Micros(now), s.holder, runners-1)
		if errors.Is(err, store.ErrNone) {
			return nil
		} else if err != nil {
			return err
		}
		n, err := tx.Exec(ctx, `update pipeline_run set state = 'running', started = case when started = 0 then $2 else started end, holder = $3, held_until = $4
			where id = $1 and (state = 'waiting' or (state = 'running' and held_until < $2 and holder <> $3))`, string(id), store.Micros(now), s.holder, store.Micros(now.Add(hold)))
		if err != nil || n == 0 {
			return err
		}
		if _, err := tx.Exec(ctx, `update pipeline_step set state = 'waiting' where run = $1 and state = 'running'`, string(id)); err != nil {
			return err
		}
		if r, err = getRun(ctx, tx, id); err != nil {
			return err
		}
		found = true
		if !r.Started.Equal(store.Time(store.Micros(now))) {
			return nil // told in an earlier life
		}
		if r.Check {
			return nil // its begin concerns nobody
		}
		return s.journal.Append(ctx, tx, me().By(), r.subject(), fact.RunStarted{Run: r.ID, Change: r.Change})
	})
	if errs.Is(err, errs.Conflict) { // another replica took a run of the same branch or group
		return r, false, nil
	}
	return r, found && err == nil, err
}

const (
	hold      = 20 * time.Second // how long a run is held without a sign of life
	holdAgain = 5 * time.Second
)

var (
	errCancelled = errs.New(errs.Blocked, "cancelled")
	errLost      = errs.New(errs.Unavailable, "another process took the run over")
)

// runHold keeps the hold on a run until ctx ends, and ends the run here when it
// is lost, was cancelled elsewhere, or is the check of a branch that is gone.
func (s *Service) runHold(ctx context.Context, r Run, end context.CancelCauseFunc) {
	tick := time.NewTicker(holdAgain)
	defer tick.Stop()
	for last := s.now(); ; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		gone, err := s.current(ctx, &r)
		if err != nil && ctx.Err() == nil {
			slog.Warn("where the branch of a check points is not known", "run", r.ID, "error", err)
		}
		now, held, by := s.now(), false, ""
		err = s.db.Update(ctx, func(tx *store.Tx) error {
			n, err := tx.Exec(ctx, `update pipeline_run set held_until = $3, cancelled_by = case when cancelled_by = '' then $4 else cancelled_by end
				where id = $1 and holder = $2 and state = 'running'`, string(r.ID), s.holder, store.Micros(now.Add(hold)), gone)
			if held = n > 0; err != nil || !held {
				return err
			}
			by, err = store.One(ctx, tx, store.Scan1[string], `select cancelled_by from pipeline_run where id = $1`, string(r.ID))
			return err
		})
		if err == nil && by != "" {
			end(errCancelled)
			return
		}
		if err == nil && held {
			last = now
		} else if ctx.Err() == nil && (err == nil || now.Sub(last) > hold) {
			end(errLost)
			return
		}
	}
}

// letGo gives up the hold when the factory stops, so that the next life goes on
// at once.
func (s *Service) letGo(ctx context.Context, id ref.Run) error {
	return s.db.Update(context.WithoutCancel(ctx), func(tx *store.Tx) error {
		_, err := tx.Exec(ctx, `update pipeline_run set holder = '', held_until = 0 where id = $1 and holder = $2 and state = 'running'`, string(id), s.holder)
		return err
	})
}

// walk runs a run to its end, unless the factory stops.
func (s *Service) walk(ctx context.Context, r Run) error {
	bounded, cancel := context.WithCancelCause(ctx)
	var held sync.WaitGroup
	begun := r // what follows writes r while it is held
	held.Go(func() { s.runHold(bounded, begun, cancel) })
	defer held.Wait()
	defer cancel(nil)
	s.mu.Lock()
	s.cancels[r.ID] = cancel
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.cancels, r.ID)
		s.mu.Unlock()
	}()
	by, err := s.cancelledBy(ctx, r.ID) // before it could be told through cancels, or before a crash
	if err != nil {
		return err
	}
	if by == "" {
		if by, err = s.overtaken(ctx, &r); err != nil {
			return err
		}
	}
	var def definition.Definition
	if by != "" {
		cancel(errCancelled)
	} else if def, err = s.prepare(bounded, &r); err == nil {
		in := false
		if in, err = s.enter(bounded, &r, def.Concurrency); err == nil && !in {
			return nil // it waits for its group
		}
		if err == nil {
			err = s.runSteps(bounded, &r, def)
		}
	}
	if ctx.Err() != nil {
		return s.letGo(ctx, r.ID) // stopping; the next life goes on with it
	}
	switch cause := context.Cause(bounded); {
	case errors.Is(cause, errLost):
		return cause
	case err == nil && by == "":
		r.State = Succeeded
		s.hand(ctx, r, def)
	case errors.Is(cause, errCancelled):
		if by, err = s.cancelledBy(ctx, r.ID); err != nil {
			return err
		}
		r.State, r.Step, r.Reason = Cancelled, "", whyCancelled(by)
		if by == goneAway {
			s.cache.Drop(r.scope())
		}
	case errs.Is(err, errs.Internal):
		slog.Error("a run failed inside the factory", "run", r.ID, "error", err)
		r.State, r.Reason = Failed, "the factory could not run it: "+err.Error()
	default:
		r.State, r.Reason = Failed, err.Error()
	}
	return s.settle(ctx, r)
}

// settle writes how a run ended. While that cannot be written the runner does
// nothing else: nobody would take the run up again.
func (s *Service) settle(ctx context.Context, r Run) error {
	pause := time.NewTicker(time.Second)
	defer pause.Stop()
	for {
		err := s.finish(ctx, r)
		if err == nil || errs.Is(err, errs.Conflict) { // it was ended by another
			return err
		}
		slog.Error("how a run ended could not be written and will be tried again", "run", r.ID, "error", err)
		select {
		case <-ctx.Done():
			return err
		case <-pause.C:
		}
	}
}

func (s *Service) cancelledBy(ctx context.Context, id ref.Run) (by string, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		by, err = store.One(ctx, tx, store.Scan1[string], `select cancelled_by from pipeline_run where id = $1`, string(id))
		return err
	})
	return by, err
}

func (s *Service) finish(ctx context.Context, r Run) error {
	err := s.db.Update(ctx, func(tx *store.Tx) error {
		r.Finished = s.now()
		if err := saveRun(ctx, tx, r); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `update pipeline_step set state = case when $2 = 'cancelled' then 'cancelled' else 'skipped' end
			where run = $1 and state in ('waiting', 'running')`, string(r.ID), string(r.State)); err != nil {
			return err
		}
		return s.journal.Append(ctx, tx, me().By(), r.subject(), r.ending())
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
	err := errors.Join(os.RemoveAll(s.sourceDir(id)), os.RemoveAll(s.closedDir(id)), os.RemoveAll(s.allBeside(id)), os.RemoveAll(s.workspace(id)))
	if err != nil {
		slog.Warn("a workspace could not be removed", "run", id, "error", err)
	}
}

// prepare lays out the workspace and the steps, or finds them laid out.
func (s *Service) prepare(ctx context.Context, r *Run) (definition.Definition, error) {
	data, err := s.source.Read(ctx, r.Change.Component, r.Change.Commit, File)
	if err != nil {
		if errs.Is(err, errs.NotFound) {
			return definition.Definition{}, errs.New(errs.Invalid, "the repository has no %s", File).Do("add one; the component's golden path shows how")
		}
		return definition.Definition{}, err
	}
	def, err := definition.Parse(data)
	if err != nil {
		return def, err
	}
	if r.Check {
		def.Steps = slices.DeleteFunc(def.Steps, func(sp definition.Spec) bool { return sp.Inject })
	}
	sum := sha256.Sum256(data)
	r.Digest = "sha256:" + hex.EncodeToString(sum[:])
	work, fresh := s.workspace(r.ID), false
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
		files, err := tree.List(half)
		if err != nil {
			return def, err
		}
		r.Tree = tree.Digest(files)
		if slices.ContainsFunc(def.Steps, func(sp definition.Spec) bool { return len(sp.Outputs) > 0 }) {
			if err := errors.Join(os.RemoveAll(s.sourceDir(r.ID)), tree.Copy(s.sourceDir(r.ID), half, nil)); err != nil {
				return def, err
			}
		}
		if err := os.Rename(half, work); err != nil {
			return def, err
		}
		fresh = true
	}
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		if err := insertSteps(ctx, tx, r.ID, def.Steps); err != nil {
			return err
		}
		if fresh { // what steps of an earlier life had made is not in it
			if _, err := tx.Exec(ctx, `update pipeline_step set state = 'waiting' where run = $1 and state = 'succeeded'`, string(r.ID)); err != nil {
				return err
			}
		}
		if err := saveRun(ctx, tx, *r); err != nil {
			return err
		}
		if err := s.reschedule(ctx, tx, r, def.Schedules); err != nil {
			return err
		}
		r.Steps, err = steps(ctx, tx, r.ID)
		return err
	})
	return def, err
}
