package runtime

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/life"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/runtime/printed"
	"github.com/digital-factory/factory/internal/runtime/replica"
)

// Run keeps the desired workloads running and hands on what the gateway
// counted, until ctx ends; then it stops the workloads. A service runs once.
func (s *Service) Run(ctx context.Context) error {
	if err := os.MkdirAll(filepath.Join(s.dir, "logs"), 0o700); err != nil {
		return err
	}
	if err := s.takeUpRoutes(ctx); err != nil {
		return err
	}
	var workers sync.WaitGroup
	defer workers.Wait()
	return life.Together(ctx,
		life.Part{Name: "workloads", Run: func(ctx context.Context) error {
			return life.Every(ctx, "workloads", 5*time.Second, s.wake, func(ctx context.Context) error { return s.runDesired(ctx, &workers) })
		}},
		life.Part{Name: "gateway counts", Run: s.runCounts},
		life.Part{Name: "gateway metrics", Run: func(ctx context.Context) error {
			return life.Every(ctx, "gateway metrics", time.Second, nil, s.record)
		}},
	)
}

// takeUpRoutes puts the stored routes in force.
func (s *Service) takeUpRoutes(ctx context.Context) error {
	s.routing.Lock() // before reading: a newer one must not be overtaken
	defer s.routing.Unlock()
	stored, err := s.storedRoutes(ctx)
	if err != nil {
		return err
	}
	routes := make([]*route, len(stored))
	for i, r := range stored {
		if routes[i], err = s.prepare(ctx, r.Route); err != nil {
			return err
		}
		routes[i].since = r.since
	}
	s.apply(routes...)
	close(s.routed)
	return nil
}

// runDesired starts what is desired and does not run, and stops the rest.
func (s *Service) runDesired(ctx context.Context, group *sync.WaitGroup) error {
	want, err := s.desired(ctx)
	if err != nil {
		return err
	}
	scales := s.ask(ctx, want)
	s.mu.Lock()
	defer s.mu.Unlock()
	changed := false
	var failed error
	for _, w := range want {
		scale := scales[place{w.Component, w.Environment}]
		if old := s.workers[w.ID]; old != nil && (old.workload.is(w) || !old.over()) {
			if !old.workload.is(w) {
				old.cancel() // it was stopped, and deployed again before it had ended
			}
			old.Rescale(replica.Scale(scale))
			continue
		}
		log, err := printed.Open(s.logPath(w.ID), s.now)
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("open the log of %s: %w", w.ID, err))
			continue
		}
		bounded, cancel := context.WithCancel(ctx)
		worker := s.newWorker(w, log, scale, cancel)
		s.workers[w.ID] = worker
		group.Go(func() {
			worker.Run(bounded)
			_ = log.Close()
			s.nudge() // another of its name may wait for its end
		})
		changed = true
	}
	for id, w := range s.workers {
		if slices.ContainsFunc(want, func(d Workload) bool { return d.ID == id }) {
			continue
		}
		w.cancel()
		if w.over() {
			delete(s.workers, id)
			changed = true
		}
	}
	if changed {
		s.publish()
	}
	return failed
}

// publish shows the workers to who waits for them; s.mu is held.
func (s *Service) publish() {
	serving := maps.Clone(s.workers)
	s.serving.Store(&serving)
	close(s.changed)
	s.changed = make(chan struct{})
}

func (s *Service) logPath(id ref.Workload) string {
	return filepath.Join(s.dir, "logs", filepath.Base(string(id))+".log")
}

// Deploy makes a workload desired and returns once it can take traffic. A
// workload that never becomes ready is errs.Blocked with the reason and the
// last lines it printed.
func (s *Service) Deploy(ctx context.Context, w Workload) error {
	w.Created = s.now()
	var err error
	if w.Variables, err = s.variables.Newest(ctx, w.Component, w.Environment); err != nil {
		return err
	}
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		if err := insertWorkload(ctx, tx, w); err != nil {
			return err
		}
		w, err = store.One(ctx, tx, scanWorkload, `select `+workloadColumns+` from runtime_workload where id = $1`, string(w.ID)) // it may be there already
		return err
	})
	if err != nil {
		return err
	}
	s.nudge()
	worker, err := s.await(ctx, w.ID, w.is)
	if err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return errs.Because(errs.Unavailable, ctx.Err(), "%s version %s is not ready yet", w.Component, w.Number)
	case <-worker.Ended():
		return errs.New(errs.Unavailable, "%s version %s was stopped before it was ready", w.Component, w.Number)
	case <-worker.Settled():
	}
	if reason, advice := worker.Broken(); reason != "" {
		return errs.New(errs.Blocked, "%s version %s never became ready in %s: %s", w.Component, w.Number, w.Environment, reason).
			Do("%s", cmp.Or(advice, "correct the service, or its health path in .factory/component.yaml, and push again"))
	}
	return nil
}

// is reports whether two are the same deployment: the name alone is used again
// when what was stopped is deployed again.
func (w Workload) is(o Workload) bool { return w.ID == o.ID && w.Created.Equal(o.Created) }

// whichever is every deployment of a name.
func whichever(Workload) bool { return true }

// await returns the worker of a workload once there is one that is right.
func (s *Service) await(ctx context.Context, id ref.Workload, right func(Workload) bool) (*worker, error) {
	for {
		s.mu.Lock()
		w, changed := s.workers[id], s.changed
		s.mu.Unlock()
		if w != nil && right(w.workload) {
			return w, nil
		}
		select {
		case <-ctx.Done():
			return nil, errs.Because(errs.Unavailable, ctx.Err(), "the workload %s was not started in time", id)
		case <-changed:
		}
	}
}

// Stop ends a workload: no longer desired, drained, gone. An unknown one is no
// error.
func (s *Service) Stop(ctx context.Context, id ref.Workload) error {
	s.mu.Lock()
	worker := s.workers[id]
	s.mu.Unlock()
	if worker != nil {
		worker.cancel()
		select {
		case <-ctx.Done():
			return errs.Because(errs.Unavailable, ctx.Err(), "the workload %s does not end", id)
		case <-worker.Ended():
		}
	}
	// It is desired until it is gone, so that a Stop that is called again after a
	// crash finishes what this one began.
	var w Workload
	err := s.db.Update(ctx, func(tx *store.Tx) (err error) {
		w, err = store.One(ctx, tx, scanWorkload, `select `+workloadColumns+` from runtime_workload where id = $1`, string(id))
		if err != nil {
			return err
		}
		n, err := tx.Exec(ctx, `delete from runtime_workload where id = $1`, string(id))
		if err != nil || n == 0 {
			return err
		}
		return s.journal.Append(ctx, tx, journal.By{ID: "system/runtime", Name: "runtime"}, w.subject(), fact.WorkloadStopped{
			Workload: id, Component: w.Component, Environment: w.Environment, Version: w.Number,
		})
	})
	if errors.Is(err, store.ErrNone) {
		return nil
	} else if err != nil {
		return err
	}
	s.nudge() // it leaves the list of workers
	slog.Debug("a workload was stopped", "workload", id)
	return s.discard(ctx, w.Artifact)
}

// Probe sends n smoke requests, each as a unit of its own, straight to the
// workload, and reports how many failed with an example.
func (s *Service) Probe(ctx context.Context, id ref.Workload, n int) (failed int, example string, err error) {
	s.mu.Lock()
	w := s.workers[id]
	s.mu.Unlock()
	for i := range n {
		var in *replica.Process
		if w != nil {
			in = w.TakeFor(i)
		}
		if in == nil {
			return 0, "", errs.New(errs.Unavailable, "the workload %s is not ready", id)
		}
		err := in.Probe(ctx, i)
		in.Left()
		if err == nil {
			continue
		}
		if ctx.Err() != nil {
			return 0, "", errs.Because(errs.Unavailable, ctx.Err(), "the smoke requests took too long")
		}
		failed, example = failed+1, err.Error()
	}
	return failed, example, nil
}
