package rollout

import (
	"context"
	"fmt"
	"slices"
	"strings"

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
	for stage, names := range members {
		for part := range slices.Chunk(names, unitRows) {
			args := []any{string(id), stage}
			var rows strings.Builder
			for i, n := range part {
				if i > 0 {
					rows.WriteString(", ")
				}
				fmt.Fprintf(&rows, "($1, $2, $%d)", i+3)
				args = append(args, n)
			}
			if _, err := tx.Exec(ctx, `insert into release_member (rollout, stage, unit) values `+rows.String()+` on conflict (rollout, stage, unit) do nothing`, args...); err != nil {
				return err
			}
		}
	}
	return nil
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
