package scale

import (
	"context"
	"errors"
	"time"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/ref"
)

// Service keeps scales.
type Service struct {
	db         *store.DB
	journal    *journal.Journal
	components Components
	versions   Versions
	runtime    Runtime
	now        func() time.Time
}

// New returns the service. It starts nothing.
func New(db *store.DB, j *journal.Journal, c Components, v Versions, r Runtime, now func() time.Time) *Service {
	return &Service{db: db, journal: j, components: c, versions: v, runtime: r, now: now}
}

// List returns how a component is scaled in each environment, errs.NotFound when
// there is no such component.
func (s *Service) List(ctx context.Context, who access.Actor, c ref.Component) (list []Environment, err error) {
	if err := who.May(access.Read, ""); err != nil {
		return nil, err
	}
	if _, err := s.components.Owner(ctx, c); err != nil {
		return nil, err
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		list = nil
		for _, name := range environments {
			e, err := load(ctx, tx, c, name)
			if err != nil {
				return err
			}
			list = append(list, e)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for i := range list {
		if list[i].Says, err = s.versions.Says(ctx, c, list[i].Name); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// Set replaces how a component is scaled in an environment, and has what runs
// there follow at once. A setting of nothing leaves all to the version. When
// nothing changes the version stays. from is the version that the change was made
// from; when it is not the newest the error is an errs.Conflict with the current
// Environment.
func (s *Service) Set(ctx context.Context, who access.Actor, c ref.Component, name ref.Environment, from int64, in Setting) (e Environment, err error) {
	team, err := s.components.Owner(ctx, c)
	if err != nil {
		return e, err
	}
	if err := who.May(access.Operate, string(team)); err != nil {
		return e, err
	}
	to, err := check(name, in)
	if err != nil {
		return e, err
	}
	says, err := s.versions.Says(ctx, c, name)
	if err != nil {
		return e, err
	}
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		if e, err = load(ctx, tx, c, name); err != nil {
			return err
		}
		if e.Says = says; e.Version != from {
			return errs.New(errs.Conflict, "the scale of %s in %s is at version %d, and this change was made from %d", c, name, e.Version, from).
				With(e).Do("look at what changed, and change it again")
		}
		if e.Set == to {
			return nil
		}
		told := fact.ScaleChanged{Component: c, Team: team, Environment: name, Revision: from + 1, From: e.Set.fact(), To: to.fact()}
		e.Set, e.Version, e.By, e.Changed = to, from+1, who.Name, s.now().UTC().Truncate(time.Microsecond)
		if err := save(ctx, tx, c, e); err != nil {
			return err
		}
		tx.After(s.runtime.Rescale)
		return s.journal.Append(ctx, tx, who.By(), ref.Of("component", c), told)
	})
	return e, err
}

// Scale returns what is set for a component in an environment. It is for the
// runtime.
func (s *Service) Scale(ctx context.Context, c ref.Component, name ref.Environment) (Scale, error) {
	var e Environment
	err := s.db.View(ctx, func(tx *store.Tx) (err error) {
		e, err = load(ctx, tx, c, name)
		return err
	})
	return e.Set, err
}

func load(ctx context.Context, tx *store.Tx, c ref.Component, name ref.Environment) (Environment, error) {
	e, err := store.One(ctx, tx, func(s store.Scanner) (Environment, error) {
		e := Environment{Name: name}
		var changed int64
		err := s.Scan(&e.Set.Replicas, &e.Set.MilliCPU, &e.Set.Memory, &e.Version, &e.By, &changed)
		e.Changed = store.Time(changed)
		return e, err
	}, `select replicas, milli_cpu, memory, version, by_name, changed from platform_scale where component = $1 and environment = $2`, string(c), string(name))
	if errors.Is(err, store.ErrNone) {
		return Environment{Name: name}, nil
	}
	return e, err
}

// save writes what was loaded in the same transaction.
func save(ctx context.Context, tx *store.Tx, c ref.Component, e Environment) error {
	n, err := tx.Exec(ctx, `insert into platform_scale (component, environment, replicas, milli_cpu, memory, version, by_name, changed) values ($1, $2, $3, $4, $5, $6, $7, $8)
		on conflict (component, environment) do update set replicas = $3, milli_cpu = $4, memory = $5, version = $6, by_name = $7, changed = $8 where platform_scale.version = $6 - 1`,
		string(c), string(e.Name), e.Set.Replicas, e.Set.MilliCPU, e.Set.Memory, e.Version, e.By, store.Micros(e.Changed))
	if err != nil {
		return err
	}
	return store.Changed(n, "the scale", e)
}
