package runtime

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/digital-factory/factory/internal/base/sandbox"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/runtime/meter"
	"github.com/digital-factory/factory/internal/runtime/printed"
	"github.com/digital-factory/factory/internal/runtime/replica"
)

// pace is how long a workload is waited for.
type pace struct {
	replica.Pace
	hold time.Duration // of a request, while the factory has just started and the workloads start
}

const otlpPort = 4318

// limits of one process. They are the platform's guardrail.
var limits = sandbox.Limits{MemoryBytes: 512 << 20, CPUs: 2, PIDs: 256, TempBytes: 64 << 20}

// worker keeps one workload running.
type worker struct {
	*replica.Group
	workload Workload
	log      *printed.Log
	meter    *meter.Values
	cancel   context.CancelFunc
	waiting  atomic.Int64 // requests that wait for its first life
}

// newWorker returns a worker that does not run yet.
func (s *Service) newWorker(w Workload, log *printed.Log, scale Scale, cancel context.CancelFunc) *worker {
	made := &worker{workload: w, log: log, meter: s.meters.Of(w.meter()), cancel: cancel}
	most := MostReplicas
	if _, preview := w.Environment.Change(); preview {
		most = 1
	}
	of := replica.Workload{ID: w.ID, Component: w.Component, Environment: w.Environment, Artifact: w.Artifact, Number: w.Number, Proven: !w.Ready.IsZero(), Most: most}
	made.Group = replica.New(of, &hosted{s, made}, s.pace.Pace, replica.Scale(scale), s.now)
	return made
}

// over reports whether the worker is done.
func (w *worker) over() bool {
	select {
	case <-w.Ended():
		return true
	default:
		return false
	}
}

// hosted is what the replicas of a workload ask the service.
type hosted struct {
	s *Service
	w *worker
}

// Start starts a process of the workload.
func (h *hosted) Start(ctx context.Context, o replica.Order) (*replica.Process, error) {
	return h.s.start(ctx, h.w.workload, h.w.log, o, nil)
}

// Apart has the replicas be told apart in the log, or no longer.
func (h *hosted) Apart(is bool) { h.w.log.Apart(is) }

// Tell appends a fact about the workload; a failure to do so must not end it.
func (h *hosted) Tell(ctx context.Context, p fact.Payload) {
	w, s := h.w.workload, h.s
	err := s.db.Update(context.WithoutCancel(ctx), func(tx *store.Tx) error {
		if r, is := p.(fact.WorkloadReady); is && r.Ready >= r.Replicas && w.Ready.IsZero() {
			// It is never given up from now on, not after a restart of the factory either.
			if _, err := tx.Exec(ctx, `update runtime_workload set ready = $2 where id = $1 and ready = 0`, string(w.ID), store.Micros(s.now())); err != nil {
				return err
			}
		}
		return s.journal.Append(ctx, tx, journal.By{ID: "system/runtime", Name: "runtime"}, w.subject(), p)
	})
	if err != nil {
		slog.Error("a fact about a workload could not be told", "workload", w.ID, "kind", p.Kind(), "error", err)
	}
}
