package runtime

import (
	"context"

	"github.com/digital-factory/factory/internal/base/sandbox"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/runtime/printed"
	"github.com/digital-factory/factory/internal/runtime/replica"
)

// previewLimits are those of a workload that only tries a change.
var previewLimits = sandbox.Limits{MemoryBytes: 256 << 20, CPUs: 1, PIDs: 128, TempBytes: 32 << 20}

// limits returns what a workload may use.
func (w Workload) limits() sandbox.Limits {
	if _, preview := w.Environment.Change(); preview {
		return previewLimits
	}
	return limits
}

// Unroute leaves an environment of a component without traffic. It is for
// environments that end; counts of a rollout there are handed over as ever.
func (s *Service) Unroute(ctx context.Context, c ref.Component, e ref.Environment) error {
	s.routing.Lock()
	defer s.routing.Unlock()
	err := s.db.Update(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(ctx, `delete from runtime_route where component = $1 and environment = $2`, string(c), string(e))
		return err
	})
	if err != nil {
		return err
	}
	at, old := place{c, e}, s.routes.Load()
	before := old.routes[at]
	if before == nil {
		return nil
	}
	next := &table{routes: make(map[place]*route, len(old.routes))}
	for k, v := range old.routes {
		if k != at {
			next.routes[k] = v
		}
	}
	if before.counter != nil {
		s.retired.Add(before.counter)
	}
	s.routes.Store(next)
	return nil
}

// Forget removes what a workload printed that does not run any more.
func (s *Service) Forget(id ref.Workload) error {
	s.mu.Lock()
	w := s.workers[id]
	s.mu.Unlock()
	if w != nil && !w.over() {
		return nil
	}
	return printed.Remove(s.logPath(id))
}

// Crashing returns why a workload takes no traffic just now; empty when it does.
func (s *Service) Crashing(id ref.Workload) string {
	s.mu.Lock()
	w := s.workers[id]
	s.mu.Unlock()
	if w == nil {
		return ""
	}
	if st := w.Status(); st.State == replica.Crashed || st.State == replica.Broken || st.State == replica.Starting {
		return st.Reason
	}
	return ""
}
