package rollout

import (
	"context"

	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/ref"
)

// Member is a unit of a cohort and the stage that it takes part in.
type Member struct {
	Stage int
	Unit  string // its name under the split
}

// AddMembers keeps who takes part in the stages with cohorts.
func AddMembers(ctx context.Context, tx *store.Tx, id ref.Rollout, members map[int][]string) error {
	r := newRows(3)
	for stage, names := range members {
		for _, n := range names {
			r.add(string(id), stage, n)
		}
	}
	return r.write(ctx, tx, `insert into release_member (rollout, stage, unit) values `, ` on conflict (rollout, stage, unit) do nothing`)
}

// CopyMembers gives a rollout the cohorts of another.
func CopyMembers(ctx context.Context, tx *store.Tx, from, to ref.Rollout) error {
	if from == "" || from == to {
		return nil
	}
	_, err := tx.Exec(ctx, `insert into release_member (rollout, stage, unit) select $2, stage, unit from release_member where rollout = $1
		on conflict (rollout, stage, unit) do nothing`, string(from), string(to))
	return err
}

// Members returns who takes part in the stages with cohorts.
func Members(ctx context.Context, tx *store.Tx, id ref.Rollout) ([]Member, error) {
	return store.List(ctx, tx, func(s store.Scanner) (Member, error) {
		var m Member
		return m, s.Scan(&m.Stage, &m.Unit)
	}, `select stage, unit from release_member where rollout = $1 order by stage, unit`, string(id))
}
