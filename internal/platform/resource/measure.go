package resource

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/digital-factory/factory/internal/base/life"
	"github.com/digital-factory/factory/internal/base/postgres/server"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/ref"
)

// The metrics, by component, environment and resource.
const (
	metricDown  = "resource_down"        // 1 while a database that a workload uses cannot be reached
	metricBytes = "resource_bytes"       // that it has
	metricSize  = "resource_limit_bytes" // that fit into a volume
)

const (
	guardEvery   = 5 * time.Second
	meterEvery   = 2 * time.Second
	measureEvery = 30 * time.Second
	sweepEvery   = 10 * time.Second
)

func (s *Service) runParts(ctx context.Context, servers *sync.WaitGroup) error {
	return life.Together(ctx,
		life.Part{Name: "servers", Run: func(ctx context.Context) error {
			return life.Every(ctx, "servers", 5*time.Second, s.wake, func(ctx context.Context) error { return s.runNeeded(ctx, servers) })
		}},
		life.Part{Name: "volumes", Run: func(ctx context.Context) error {
			return life.Every(ctx, "volumes", guardEvery, nil, s.guard)
		}},
		life.Part{Name: "resource metrics", Run: func(ctx context.Context) error {
			return life.Every(ctx, "resource metrics", meterEvery, nil, s.record)
		}},
		life.Part{Name: "resources of previews", Run: func(ctx context.Context) error {
			return life.Every(ctx, "resources of previews", sweepEvery, nil, s.sweep)
		}},
		life.Part{Name: "sizes of resources", Run: func(ctx context.Context) error {
			return life.Every(ctx, "sizes of resources", measureEvery, nil, s.measure)
		}},
	)
}

// record tells which databases cannot be reached.
func (s *Service) record(ctx context.Context) error {
	now := s.now()
	var out []Sample
	s.mu.Lock()
	for _, c := range s.clusters {
		for at := range c.tenants {
			down := 0.0
			if c.server == nil {
				down = 1
			}
			out = append(out, Sample{metricDown, at.labels(), down, now})
		}
	}
	s.mu.Unlock()
	if len(out) == 0 {
		return nil
	}
	return s.asks.Meter.Record(ctx, out)
}

func (p place) labels() map[string]string {
	return map[string]string{"component": string(p.component), "environment": string(p.environment), "resource": p.name}
}

// sweep deletes what previews had that are gone: nobody keeps data in them.
func (s *Service) sweep(ctx context.Context) error {
	deployed, err := s.asks.Workloads.Deployed(ctx)
	if err != nil {
		return err
	}
	var left []row
	err = s.db.View(ctx, func(tx *store.Tx) error {
		list, err := rows(ctx, tx, "")
		if err != nil {
			return err
		}
		used, err := uses(ctx, tx, deployed)
		for _, r := range list {
			if clusterOf(r.environment) == previews && len(used[r.place]) == 0 {
				left = append(left, r)
			}
		}
		return err
	})
	for _, r := range left {
		team, e := s.asks.Components.Owner(ctx, r.component)
		if e == nil {
			e = s.remove(ctx, r, team, me())
		}
		err = errors.Join(err, e)
	}
	return err
}

// measure notes how large everything is, as far as it can be seen just now: the
// databases of a server that does not run are as they were. It forgets the uses
// of workloads that are gone.
func (s *Service) measure(ctx context.Context) error {
	var list []row
	var users []string
	err := s.db.View(ctx, func(tx *store.Tx) (err error) {
		if list, err = rows(ctx, tx, ""); err != nil {
			return err
		}
		users, err = store.List(ctx, tx, store.Scan1[string], `select distinct workload from platform_resource_use`)
		return err
	})
	if err != nil {
		return err
	}
	// Asked after the users were read: whose use is noted from now on is none of them,
	// and must not be taken for gone.
	deployed, err := s.asks.Workloads.Deployed(ctx)
	if err != nil {
		return err
	}
	gone := slices.DeleteFunc(users, func(w string) bool { return slices.Contains(deployed, ref.Workload(w)) })
	servers := map[string]*server.Server{}
	s.mu.Lock()
	for name, c := range s.clusters {
		if c.server != nil {
			servers[name] = c.server
		}
	}
	s.mu.Unlock()
	databases, failed := map[string]map[string]int64{}, error(nil)
	for name, srv := range servers {
		sizes, err := srv.Sizes(ctx)
		failed = errors.Join(failed, err)
		databases[name] = sizes
	}
	now := s.now()
	var samples []Sample
	for i := range list {
		r := &list[i]
		switch r.kind {
		case Postgres:
			if n := databases[clusterOf(r.environment)][r.database()]; n > 0 {
				r.bytes = n
			}
		case Volume:
			n, err := occupied(s.volumeDir(r.place))
			if err = missing(err); err == nil {
				r.bytes = n
			}
			failed = errors.Join(failed, err)
			samples = append(samples, Sample{metricSize, r.labels(), float64(r.size), now})
		}
		samples = append(samples, Sample{metricBytes, r.labels(), float64(r.bytes), now})
	}
	if err := s.keep(ctx, list, gone); err != nil {
		return errors.Join(failed, err)
	}
	if len(samples) > 0 {
		failed = errors.Join(failed, s.asks.Meter.Record(ctx, samples))
	}
	return failed
}

// keep stores sizes, and forgets the uses of workloads that are gone.
func (s *Service) keep(ctx context.Context, list []row, gone []string) error {
	return s.db.Update(ctx, func(tx *store.Tx) error {
		for _, r := range list {
			if _, err := tx.Exec(ctx, `update platform_resource set bytes = $4 where component = $1 and environment = $2 and name = $3 and bytes <> $4`,
				string(r.component), string(r.environment), r.name, r.bytes); err != nil {
				return err
			}
		}
		for _, w := range gone {
			if _, err := tx.Exec(ctx, `delete from platform_resource_use where workload = $1`, w); err != nil {
				return err
			}
		}
		return nil
	})
}
