package runtime

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/ref"
)

const workloadColumns = `id, component, team, environment, artifact, number, variables, created, ready`

func scanWorkload(s store.Scanner) (Workload, error) {
	var w Workload
	var created, ready int64
	err := s.Scan(&w.ID, &w.Component, &w.Team, &w.Environment, &w.Artifact, &w.Number, &w.Variables, &created, &ready)
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
	_, err := tx.Exec(ctx, `insert into runtime_workload (`+workloadColumns+`) values ($1, $2, $3, $4, $5, $6, $7, $8, 0) on conflict (id) do nothing`,
		string(w.ID), string(w.Component), string(w.Team), string(w.Environment), string(w.Artifact), w.Number, w.Variables, store.Micros(w.Created))
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
	Strata      []Stratum // who is assigned, and how
	Key         string    // of the hash that assigns units
	Preview     Preview
}

// Stratum is those units that a stage admitted, and the share of them that the
// canary has. A unit that several admit is in the one with the greatest share,
// the first of these; one that none admits takes no part.
type Stratum struct {
	Stage  int     `json:"stage"`
	Share  float64 `json:"share"`            // 0..1
	Cohort bool    `json:"cohort,omitempty"` // only the cohort's members; else everybody
}

// Preview is a header by which a request asks for the canary; an empty one is
// none.
type Preview struct {
	Header string `json:"header,omitempty"`
	Value  string `json:"value,omitempty"`
}

const routeColumns = `component, environment, sequence, baseline, canary, rollout, stage, strata, split_key, preview`

// storedRoute is a Route and when it came into force.
type storedRoute struct {
	Route
	since time.Time
}

func scanRoute(s store.Scanner) (storedRoute, error) {
	var r storedRoute
	var strata, preview string
	var since int64
	if err := s.Scan(&r.Component, &r.Environment, &r.Sequence, &r.Baseline, &r.Canary, &r.Rollout, &r.Stage, &strata, &r.Key, &preview, &since); err != nil {
		return r, err
	}
	r.since = store.Time(since)
	if err := json.Unmarshal([]byte(strata), &r.Strata); err != nil {
		return r, fmt.Errorf("route of %s: %w", r.Component, err)
	}
	return r, json.Unmarshal([]byte(preview), &r.Preview)
}

// saveRoute stores a route unless a later one is stored; then fresh is false. One
// that is stored already keeps its time.
func saveRoute(ctx context.Context, tx *store.Tx, r Route, now int64) (fresh bool, err error) {
	strata, err := json.Marshal(r.Strata)
	if err != nil {
		return false, err
	}
	preview, err := json.Marshal(r.Preview)
	if err != nil {
		return false, err
	}
	n, err := tx.Exec(ctx, `insert into runtime_route (`+routeColumns+`, share, since) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, $11)
		on conflict (component, environment) do update set sequence = $3, baseline = $4, canary = $5, rollout = $6, stage = $7, strata = $8, split_key = $9, preview = $10,
			since = case when runtime_route.sequence = $3 then runtime_route.since else $11 end
		where runtime_route.sequence <= $3`,
		string(r.Component), string(r.Environment), r.Sequence, string(r.Baseline), string(r.Canary), string(r.Rollout), r.Stage, string(strata), r.Key, string(preview), now)
	return n > 0, err
}

func (s *Service) storedRoutes(ctx context.Context) (list []storedRoute, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		list, err = store.List(ctx, tx, scanRoute, `select `+routeColumns+`, since from runtime_route order by component, environment`)
		return err
	})
	return list, err
}
