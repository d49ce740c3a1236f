package runtime

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/runtime/printed"
	"github.com/digital-factory/factory/internal/runtime/replica"
)

// State of a workload, and of one of its replicas.
type State = replica.State

// Replica is one of the processes that serve a workload, and how it does.
type Replica = replica.Replica

// Status is a workload and how it does.
type Status struct {
	Workload
	replica.Status
	Share  float64 // of its environment's units, 0..1
	Worker bool    // it serves nothing, as far as is known since it was started
}

// Workloads returns how everything that runs does, by component; component
// narrows it when not empty.
func (s *Service) Workloads(ctx context.Context, who access.Actor, component ref.Component) ([]Status, error) {
	if err := who.May(access.Read, ""); err != nil {
		return nil, err
	}
	s.mu.Lock()
	workers := make([]*worker, 0, len(s.workers))
	for _, w := range s.workers {
		workers = append(workers, w)
	}
	s.mu.Unlock()
	list := []Status{}
	for _, w := range workers {
		if component != "" && w.workload.Component != component {
			continue
		}
		st := Status{Workload: w.workload, Status: w.Status(), Worker: !w.Serves()}
		st.InFlight += w.waiting.Load()
		if rt := s.routes.Load().routes[place{w.workload.Component, w.workload.Environment}]; rt != nil {
			switch w.workload.ID {
			case rt.Canary:
				st.Share = rt.now()
			case rt.Baseline:
				st.Share = 1
				if rt.Canary != "" {
					st.Share = 1 - rt.now()
				}
			}
		}
		list = append(list, st)
	}
	slices.SortFunc(list, func(a, b Status) int {
		return strings.Compare(string(a.Component)+"\x00"+string(a.Environment)+"\x00"+string(a.ID), string(b.Component)+"\x00"+string(b.Environment)+"\x00"+string(b.ID))
	})
	return list, nil
}

// Log returns the last bytes, up to most, of what a workload printed, cut at a
// line.
func (s *Service) Log(_ context.Context, who access.Actor, id ref.Workload, most int64) (string, error) {
	if err := who.May(access.Read, ""); err != nil {
		return "", err
	}
	text, err := printed.Read(s.logPath(id), most)
	if errors.Is(err, os.ErrNotExist) {
		return "", errs.New(errs.NotFound, "there is no log of a workload %s", id)
	}
	return text, err
}

// Since returns when the routes of a component last changed, by environment.
func (s *Service) Since(ctx context.Context, c ref.Component) (at map[ref.Environment]time.Time, err error) {
	at = map[ref.Environment]time.Time{}
	type row struct {
		env   ref.Environment
		since int64
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		rows, err := store.List(ctx, tx, func(s store.Scanner) (row, error) {
			var r row
			return r, s.Scan(&r.env, &r.since)
		}, `select environment, since from runtime_route where component = $1`, string(c))
		for _, r := range rows {
			at[r.env] = store.Time(r.since)
		}
		return err
	})
	return at, err
}

// VariablesInUse returns the revisions of variables that the workloads of a
// component in an environment were deployed with. The previews of changes are
// given staging's.
func (s *Service) VariablesInUse(ctx context.Context, c ref.Component, e ref.Environment) (used []int64, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) (err error) {
		used, err = store.List(ctx, tx, store.Scan1[int64],
			`select distinct variables from runtime_workload
				where component = $1 and (environment = $2 or ($2 = 'staging' and environment like 'change-%')) order by variables`, string(c), string(e))
		return err
	})
	return used, err
}

// Deployed returns the ids of all workloads that run or shall run.
func (s *Service) Deployed(ctx context.Context) ([]ref.Workload, error) {
	list, err := s.desired(ctx)
	ids := make([]ref.Workload, len(list))
	for i, w := range list {
		ids[i] = w.ID
	}
	return ids, err
}
