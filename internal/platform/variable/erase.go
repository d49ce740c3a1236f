package variable

import (
	"context"
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

// erase removes what was replaced before all that runs was deployed.
func (s *Service) erase(ctx context.Context) error {
	type place struct {
		component   ref.Component
		environment ref.Environment
		floor       int64 // highest revision that is old enough
	}
	var places []place
	err := s.db.View(ctx, func(tx *store.Tx) (err error) {
		places, err = store.List(ctx, tx, func(s store.Scanner) (p place, err error) {
			return p, s.Scan(&p.component, &p.environment, &p.floor)
		}, `select component, environment, max(revision) from platform_variable_revision where changed < $1 group by component, environment`,
			store.Micros(s.now().Add(-eraseAfter)))
		return err
	})
	if err != nil {
		return err
	}
	for _, p := range places {
		oldest, runs, err := s.workloads.OldestVariables(ctx, p.component, p.environment)
		if err != nil {
			return err
		}
		if runs {
			p.floor = min(p.floor, oldest)
		}
		err = s.db.Update(ctx, func(tx *store.Tx) error {
			_, err := tx.Exec(ctx, `delete from platform_variable where component = $1 and environment = $2 and exists
				(select 1 from platform_variable n where n.component = platform_variable.component and n.environment = platform_variable.environment
					and n.name = platform_variable.name and n.revision > platform_variable.revision and n.revision <= $3)`, string(p.component), string(p.environment), p.floor)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
