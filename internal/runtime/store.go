package runtime

import (
	"context"
	"time"

	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/ref"
)

const workloadColumns = `id, component, team, environment, artifact, number, created, ready`

func scanWorkload(s store.Scanner) (Workload, error) {
	var w Workload
	var created, ready int64
	err := s.Scan(&w.ID, &w.Component, &w.Team, &w.Environment, &w.Artifact, &w.Number, &created, &ready)
	w.Created, w.Ready = store.Time(created), store.Time(ready)
	return w, err
}

func (s *Service) desired(ctx context.Context) (list []Workload, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		list, err = store.List(ctx, tx, scanWorkload, `select `+workloadColumns+` from runtime_workload order by id`)
		return err
	})
	return list, err
}

func insertWorkload(ctx context.Context, tx *store.Tx, w Workload) error {
	_, err := tx.Exec(ctx, `insert into runtime_workload (`+workloadColumns+`) values ($1, $2, $3, $4, $5, $6, $7, 0) on conflict (id) do nothing`,
		string(w.ID), string(w.Component), string(w.Team), string(w.Environment), string(w.Artifact), w.Number, store.Micros(w.Created))
	return err
}

// Route says which workloads take a component's traffic in an environment.
type Route struct {
	Component   ref.Component
	Environment ref.Environment
	Sequence    int64
	Baseline    ref.Workload
	Canary      ref.Workload // empty: all traffic goes to Baseline
	Rollout     ref.Rollout
	Stage       int
	Share       float64 // of units to Canary, 0..1
	Key         string  // of the hash that assigns units
}

const routeColumns = `component, environment, sequence, baseline, canary, rollout, stage, share, split_key`

// storedRoute is a Route and when it came into force.
type storedRoute struct {
	Route
	since time.Time
}

func scanRoute(s store.Scanner) (storedRoute, error) {
	var r storedRoute
	var since int64
	err := s.Scan(&r.Component, &r.Environment, &r.Sequence, &r.Baseline, &r.Canary, &r.Rollout, &r.Stage, &r.Share, &r.Key, &since)
	r.since = store.Time(since)
	return r, err
}

// saveRoute stores a route unless a later one is stored; then fresh is false.
func saveRoute(ctx context.Context, tx *store.Tx, r Route, now int64) (fresh bool, err error) {
	n, err := tx.Exec(ctx, `insert into runtime_route (`+routeColumns+`, since) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		on conflict (component, environment) do update set sequence = $3, baseline = $4, canary = $5, rollout = $6, stage = $7, share = $8, split_key = $9, since = $10
		where runtime_route.sequence <= $3`,
		string(r.Component), string(r.Environment), r.Sequence, string(r.Baseline), string(r.Canary), string(r.Rollout), r.Stage, r.Share, r.Key, now)
	return n > 0, err
}

func (s *Service) storedRoutes(ctx context.Context) (list []storedRoute, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		list, err = store.List(ctx, tx, scanRoute, `select `+routeColumns+`, since from runtime_route order by component, environment`)
		return err
	})
	return list, err
}
