package variable

import (
	"context"
	"slices"
	"time"

	"github.com/digital-factory/factory/internal/base/life"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/ref"
)

const (
	eraseEvery = 10 * time.Minute
	// eraseAfter is how long a value that was replaced is kept at least: a workload
	// that is being deployed may still be given it.
	eraseAfter = time.Hour
)

// Run erases values that nothing runs with any more, until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	return life.Every(ctx, "variables", eraseEvery, nil, s.erase)
}

// erase removes each value that was replaced long enough ago and that nothing
// that runs was given, and keys that seal nothing.
func (s *Service) erase(ctx context.Context) error {
	if s.keyring.several() { // somebody rotated and stopped on the way
		if err := s.forget(ctx); err != nil {
			return err
		}
	}
	var old []replaced
	err := s.db.View(ctx, func(tx *store.Tx) (err error) {
		old, err = store.List(ctx, tx, func(s store.Scanner) (r replaced, err error) {
			return r, s.Scan(&r.component, &r.environment, &r.name, &r.since, &r.until)
		}, `select v.component, v.environment, v.name, v.revision, min(n.revision)
			from platform_variable v
			join platform_variable n on n.component = v.component and n.environment = v.environment and n.name = v.name and n.revision > v.revision
			join platform_variable_revision r on r.component = n.component and r.environment = n.environment and r.revision = n.revision
			where r.changed < $1
			group by v.component, v.environment, v.name, v.revision
			order by v.component, v.environment`, store.Micros(s.now().Add(-eraseAfter)))
		return err
	})
	if err != nil {
		return err
	}
	for len(old) > 0 {
		here := old[:1]
		for len(here) < len(old) && old[len(here)].component == here[0].component && old[len(here)].environment == here[0].environment {
			here = old[:len(here)+1]
		}
		old = old[len(here):]
		if err := s.eraseHere(ctx, here); err != nil {
			return err
		}
	}
	return nil
}

// replaced is a value that held from a revision until another, not included.
type replaced struct {
	component    ref.Component
	environment  ref.Environment
	name         string
	since, until int64
}

// eraseHere erases what nothing that runs in one environment was given.
func (s *Service) eraseHere(ctx context.Context, values []replaced) error {
	used, err := s.workloads.VariablesInUse(ctx, values[0].component, values[0].environment)
	if err != nil {
		return err
	}
	return s.db.Update(ctx, func(tx *store.Tx) error {
		for _, v := range values {
			if slices.ContainsFunc(used, func(n int64) bool { return v.since <= n && n < v.until }) {
				continue
			}
			if _, err := tx.Exec(ctx, `delete from platform_variable where component = $1 and environment = $2 and name = $3 and revision = $4`,
				string(v.component), string(v.environment), v.name, v.since); err != nil {
				return err
			}
		}
		return nil
	})
}
