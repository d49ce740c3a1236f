package resource

import (
	"context"
	"io"
	"os"
	"time"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/ref"
)

// How a resource does.
const (
	InUse  = "in use"
	Down   = "down"   // a deployed workload needs it, and it cannot be reached
	Unused = "unused" // no deployed workload declares it
)

// Resource is what a component has in an environment.
type Resource struct {
	Component   ref.Component
	Environment ref.Environment
	Name        string
	Type        string
	State       string
	Reason      string // why it is down
	Bytes       int64  // that it has
	Size        int64  // of a volume: how much fits in
	Restarts    int    // of its server since the factory started
	Created     time.Time
	Used        time.Time // when a workload began to use it last
	Workloads   []ref.Workload
}

// List returns what a component has in all environments.
func (s *Service) List(ctx context.Context, who access.Actor, c ref.Component) ([]Resource, error) {
	if err := who.May(access.Read, ""); err != nil {
		return nil, err
	}
	if _, err := s.asks.Components.Owner(ctx, c); err != nil {
		return nil, err
	}
	deployed, err := s.asks.Workloads.Deployed(ctx)
	if err != nil {
		return nil, err
	}
	out := []Resource{}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		list, err := rows(ctx, tx, c)
		if err != nil {
			return err
		}
		used, err := uses(ctx, tx, deployed)
		for _, r := range list {
			out = append(out, s.resource(r, used[r.place]))
		}
		return err
	})
	return out, err
}

func (s *Service) resource(r row, by []ref.Workload) Resource {
	out := Resource{Component: r.component, Environment: r.environment, Name: r.name, Type: r.kind, State: Unused,
		Bytes: r.bytes, Size: r.size, Created: r.created, Used: r.used, Workloads: by}
	if len(by) > 0 {
		out.State = InUse
	}
	if r.kind != Postgres {
		return out
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.clusters[clusterOf(r.environment)]; c != nil {
		out.Restarts = c.restarts
		if len(by) > 0 && c.server == nil && c.why != nil {
			out.State, out.Reason = Down, errs.Of(c.why).Text
		}
	}
	return out
}

// Delete removes a resource with all data that is in it. Nobody gets it back, so
// confirm must be its full name, component/environment/name. One that a deployed
// workload declares is errs.Blocked.
func (s *Service) Delete(ctx context.Context, who access.Actor, c ref.Component, e ref.Environment, name, confirm string) (err error) {
	team, err := s.asks.Components.Owner(ctx, c)
	if err != nil {
		return err
	}
	if err := who.May(access.Operate, string(team)); err != nil {
		return err
	}
	at := place{c, e, name}
	r, err := s.find(ctx, at)
	if err != nil {
		return err
	}
	if confirm != at.shown() {
		return errs.New(errs.Invalid, "what %s holds would be gone for ever", at.shown()).In("confirm", "must be %s", at.shown()).Do("write its full name when you are sure: %s", at.shown())
	}
	return s.remove(ctx, r, team, who.By())
}

func (s *Service) find(ctx context.Context, at place) (r row, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		r, err = get(ctx, tx, at)
		return err
	})
	return r, err
}

func (s *Service) isDeleting(at place) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.deleting[at]
}

// remove deletes the data first: what stops on the way can be done again.
func (s *Service) remove(ctx context.Context, r row, team ref.Team, by journal.By) error {
	s.mu.Lock()
	if s.deleting[r.place] {
		s.mu.Unlock()
		return errs.New(errs.Conflict, "%s is being deleted already", r.shown())
	}
	s.deleting[r.place] = true // nobody is given it from now on
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.deleting, r.place)
	}()
	deployed, err := s.asks.Workloads.Deployed(ctx)
	if err != nil {
		return err
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		used, err := uses(ctx, tx, deployed)
		if n := len(used[r.place]); err == nil && n > 0 {
			err = errs.New(errs.Blocked, "%s is in use by %d workloads that are deployed", r.shown(), n).
				Do("release a version that does not declare it first")
		}
		return err
	})
	if err != nil {
		return err
	}
	switch r.kind {
	case Postgres:
		c, release, err := s.need(clusterOf(r.environment))
		if err != nil {
			return err
		}
		defer release()
		srv, err := s.await(ctx, c, s.pace.wait)
		if err != nil {
			return err
		}
		if err := srv.Drop(ctx, r.database()); err != nil {
			return err
		}
	case Volume:
		if err := os.RemoveAll(s.volumeDir(r.place)); err != nil {
			return err
		}
	}
	return s.db.Update(ctx, func(tx *store.Tx) error {
		if err := erase(ctx, tx, r.place); err != nil {
			return err
		}
		if err := s.asks.Vault.Shred(ctx, tx, vaultName(r.place)); err != nil {
			return err
		}
		return s.journal.Append(ctx, tx, by, ref.Of("component", r.component), fact.ResourceDeleted{Component: r.component, Team: team,
			Environment: r.environment, Resource: r.name, Type: r.kind})
	})
}

// Dump writes a database as SQL. Its data is the team's, so reading the value
// stream is not enough.
func (s *Service) Dump(ctx context.Context, who access.Actor, c ref.Component, e ref.Environment, name string, to func() io.Writer) error {
	team, err := s.asks.Components.Owner(ctx, c)
	if err != nil {
		return err
	}
	if err := who.May(access.Operate, string(team)); err != nil {
		return err
	}
	r, err := s.find(ctx, place{c, e, name})
	if err != nil {
		return err
	}
	if r.kind != Postgres {
		return errs.New(errs.Invalid, "%s is a %s; only a database can be dumped", r.shown(), r.kind).Do("copy its folder with the factory's data: %s", s.volumeDir(r.place))
	}
	cluster, release, err := s.need(clusterOf(e))
	if err != nil {
		return err
	}
	defer release()
	srv, err := s.await(ctx, cluster, s.pace.wait)
	if err != nil {
		return err
	}
	return srv.Dump(ctx, r.database(), to())
}
