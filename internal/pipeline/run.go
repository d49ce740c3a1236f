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
	"github.com/digital-factory/factory/internal/pipeline/queue"
	"github.com/digital-factory/factory/internal/pipeline/tree"
	"github.com/digital-factory/factory/internal/ref"
)

// me is the actor behind what the module does by itself.
func me() access.Actor { return access.System("pipeline") }

// Run takes runs from the queue until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	if err := s.resume(ctx); err != nil {
		return fmt.Errorf("take up runs of the last life: %w", err)
	}
	parts := []life.Part{{Name: "pipeline schedules", Run: func(ctx context.Context) error {
		return life.Every(ctx, "schedules", scheduleLook, nil, s.due) // an agent has none
	}}, {Name: "pipeline logs", Run: func(ctx context.Context) error {
		return life.Every(ctx, "logs", time.Hour, nil, s.forgetLogs)
	}}}
	for range s.Runners() {
		parts = append(parts, life.Part{Name: "pipeline runner", Run: func(ctx context.Context) error {
			return life.Every(ctx, "pipeline", time.Second, s.wake, s.drain)
		}})
	}
	return life.Together(ctx, parts...)
}

// resume frees the runs that a crash interrupted, for claim to go on with them,
// and clears away the workspaces of ended ones. SQLite has one process, so every
// hold of a process is from before; on PostgreSQL it may be another replica's, and
// runs out by itself when that is gone.
func (s *Service) resume(ctx context.Context) error {
	err := s.db.Update(ctx, func(tx *store.Tx) error { return queue.Begin(ctx, tx) })
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
		r, found, err := s.claim(ctx, s.self())
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

// claim takes the next run of the queue.
func (s *Service) claim(ctx context.Context, by queue.Taker) (r Run, found bool, err error) {
	now := s.now()
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		id, begins, err := queue.Claim(ctx, tx, by, now)
		if found = id != ""; err != nil || !found {
			return err
		}
		if r, err = getRun(ctx, tx, id); err != nil {
			return err
		}
		if !begins || r.Check {
			return nil // told in an earlier life, or its begin concerns nobody
		}
		return s.journal.Append(ctx, tx, me().By(), r.subject(), fact.RunStarted{Run: r.ID, Change: r.Change})
	})
	if errs.Is(err, errs.Conflict) { // another replica took a run of the same branch or group
		return r, false, nil
	}
	return r, found && err == nil, err
}

// self is this process as one that takes runs.
func (s *Service) self() queue.Taker {
	by := queue.Taker{Holder: s.holder, Checks: max(1, s.Runners()-1)}
	if s.guest { // whose turn it is was decided by the factory
		by.Checks = s.Runners()
	}
	return by
}

// Runners is how many runs go on at once in this process.
func (s *Service) Runners() int {
	if s.tools.Runners == 0 {
		return 2
	}
	return max(0, s.tools.Runners)
}

const holdAgain = 5 * time.Second

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
			held, by, err = s.renew(ctx, tx, r.ID, s.holder, now, gone)
			return err
		})
		if err == nil && by != "" {
			end(errCancelled)
			return
		}
		if err == nil && held {
			last = now
		} else if ctx.Err() == nil && (err == nil || now.Sub(last) > queue.Hold) {
			end(errLost)
			return
		}
	}
}

// renew keeps a hold; gone is who ended the run meanwhile, if anybody did.
func (s *Service) renew(ctx context.Context, tx *store.Tx, id ref.Run, holder string, now time.Time, gone string) (held bool, by string, err error) {
	if gone != "" {
		if _, err := tx.Exec(ctx, `update pipeline_run set cancelled_by = $3 where id = $1 and holder = $2 and state = 'running' and cancelled_by = ''`, string(id), holder, gone); err != nil {
			return false, "", err
		}
	}
	return queue.Renew(ctx, tx, id, holder, now)
}

// letGo gives up the hold when the factory stops, so that the next life goes on
// at once.
func (s *Service) letGo(ctx context.Context, id ref.Run) error {
	return s.db.Update(context.WithoutCancel(ctx), func(tx *store.Tx) error { return queue.Release(ctx, tx, id, s.holder) })
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
		r.State, r.Step, r.Reason = Cancelled, "", queue.WhyCancelled(by)
		if by == queue.GoneAway {
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
	err := s.db.Update(ctx, func(tx *store.Tx) error { return s.end(ctx, tx, r) })
	if err == nil {
		s.clear(r.ID)
	}
	return err
}

// end writes how a run ended, and tells it.
func (s *Service) end(ctx context.Context, tx *store.Tx, r Run) error {
	tx.After(s.nudge) // another may have waited for it
	r.Finished = s.now()
	if err := saveRun(ctx, tx, r); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `update pipeline_step set state = case when $2 = 'cancelled' then 'cancelled' else 'skipped' end
		where run = $1 and state in ('waiting', 'running')`, string(r.ID), string(r.State)); err != nil {
		return err
	}
	return s.journal.Append(ctx, tx, me().By(), r.subject(), r.ending())
}

func (s *Service) workspace(id ref.Run) string {
	return filepath.Join(s.dir, filepath.Base(string(id)), "work")
}

// besideOf is the folder of what a step's services leave, below that of the run's.
func (s *Service) besideOf(id ref.Run, step string) string {
	return filepath.Join(s.allBeside(id), filepath.Base(step))
}

func (s *Service) allBeside(id ref.Run) string {
	return filepath.Join(s.dir, filepath.Base(string(id)), "beside")
}

// clear removes a workspace; its logs stay.
func (s *Service) clear(id ref.Run) {
	err := errors.Join(os.RemoveAll(s.sourceDir(id)), os.RemoveAll(s.closedDir(id)), os.RemoveAll(s.allBeside(id)), os.RemoveAll(s.workspace(id)))
	if err != nil {
		slog.Warn("a workspace could not be removed", "run", id, "error", err)
	}
}

// define reads the run's pipeline file.
func (s *Service) define(ctx context.Context, r *Run) (definition.Definition, error) {
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
	r.Inputs = def.Inputs.Complete(r.Inputs)
	r.Digest = "sha256:" + hex.EncodeToString(sum[:])
	return def, nil
}

// prepare lays out the workspace and the steps, or finds them laid out.
func (s *Service) prepare(ctx context.Context, r *Run) (definition.Definition, error) {
	def, err := s.define(ctx, r)
	if err != nil {
		return def, err
	}
	source := ""
	if slices.ContainsFunc(def.Steps, func(sp definition.Spec) bool { return len(sp.Outputs) > 0 }) {
		source = s.sourceDir(r.ID)
	}
	digest, fresh, err := tree.LayOut(s.workspace(r.ID), source, func(dir string) error {
		return s.source.Export(ctx, r.Change.Component, r.Change.Commit, dir)
	})
	if err != nil {
		return def, err
	}
	if fresh {
		r.Tree = digest
	}
	return def, s.setOut(ctx, r, def, fresh)
}

// setOut writes a run's steps, or finds them written. What steps of an earlier
// life had made is not in a fresh workspace: they begin again.
func (s *Service) setOut(ctx context.Context, r *Run, def definition.Definition, fresh bool) error {
	return s.db.Update(ctx, func(tx *store.Tx) error {
		if err := insertSteps(ctx, tx, r.ID, def.Steps); err != nil {
			return err
		}
		if fresh {
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
		var err error
		r.Steps, err = steps(ctx, tx, r.ID)
		return err
	})
}
