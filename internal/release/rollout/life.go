package rollout

import (
	"context"
	"time"

	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/evidence"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/ref"
)

// Crashed counts how often a workload ended by itself while the rollout ran.
const Crashed = "crashed"

// Lives are the kinds of facts from which is known how processes do.
func Lives() []string {
	return []string{fact.WorkloadReady{}.Kind(), fact.WorkloadCrashed{}.Kind()}
}

// Lived notes that a workload became ready, with all its replicas, or that one of
// these ended by itself, for the rollout that it takes part in.
func Lived(ctx context.Context, tx *store.Tx, f journal.Fact) error {
	if f.Kind == (fact.WorkloadReady{}).Kind() {
		p, err := journal.Decode[fact.WorkloadReady](f)
		if err != nil {
			return err
		}
		if p.Ready < p.Replicas {
			return nil // it runs well when all of its replicas do
		}
		_, err = tx.Exec(ctx, `update release_rollout set steady = $2 where workload = $1 and phase in ('starting', 'running')`, string(p.Workload), store.Micros(f.At))
		return err
	}
	p, err := journal.Decode[fact.WorkloadCrashed](f)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `update release_rollout set steady = 0 where workload = $1 and phase in ('starting', 'running')`, string(p.Workload)); err != nil {
		return err
	}
	type row struct {
		id  ref.Rollout
		arm Arm
	}
	under, err := store.List(ctx, tx, func(s store.Scanner) (r row, err error) { return r, s.Scan(&r.id, &r.arm) },
		`select id, case when workload = $1 then 'canary' else 'baseline' end from release_rollout where phase = 'running' and (workload = $1 or base_workload = $1)`, string(p.Workload))
	if err != nil || len(under) == 0 {
		return err
	}
	counts := newRows(7)
	for _, r := range under {
		counts.add(string(r.id), Crashed, 0, string(r.arm), int64(1), 0.0, 0.0)
	}
	return counts.write(ctx, tx, `insert into release_count (rollout, metric, stage, arm, units, total, squares) values `, addUp)
}

// At adds what time has brought since the counts were made.
func (s *Situation) At(r Rollout, now time.Time) {
	s.InStage = now.Sub(r.Widened)
	if s.Plan.Evidence.Watch == nil || r.Steady.IsZero() {
		return
	}
	s.lives().Ran = max(0, now.Sub(r.Steady).Truncate(time.Second).Seconds())
}

// lives of the workloads, to be filled in.
func (s *Situation) lives() *evidence.Lives {
	if s.Inputs.Lives == nil {
		s.Inputs.Lives = &evidence.Lives{}
	}
	return s.Inputs.Lives
}
