package team

import (
	"context"

	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/ref"
)

// Follow registers the follower that counts a team's components and items.
func (s *Service) Follow(j *journal.Journal) {
	j.Follow(journal.Follower{
		Name:   "team.counts",
		Kinds:  []string{fact.ComponentCreated{}.Kind(), fact.ItemCreated{}.Kind(), fact.ItemMoved{}.Kind()},
		Handle: count,
	})
}

func count(ctx context.Context, tx *store.Tx, f journal.Fact) error {
	switch f.Kind {
	case fact.ComponentCreated{}.Kind():
		c, err := journal.Decode[fact.ComponentCreated](f)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `insert into team_component (component, team) values ($1, $2)
			on conflict (component) do update set team = $2`, string(c.Component), string(c.Team))
		return err
	case fact.ItemCreated{}.Kind():
		i, err := journal.Decode[fact.ItemCreated](f)
		if err != nil {
			return err
		}
		return add(ctx, tx, i.Team, "ready", 1)
	default:
		m, err := journal.Decode[fact.ItemMoved](f)
		if err != nil {
			return err
		}
		if err := add(ctx, tx, m.Team, m.From, -1); err != nil {
			return err
		}
		return add(ctx, tx, m.Team, m.To, 1)
	}
}

// add changes the count of items in a state.
func add(ctx context.Context, tx *store.Tx, team ref.Team, state string, by int) error {
	var ready, inWork, done int
	switch state {
	case "ready":
		ready = by
	case "done":
		done = by
	default:
		inWork = by
	}
	_, err := tx.Exec(ctx, `insert into team_count (team, ready, in_work, done) values ($1, $2, $3, $4)
		on conflict (team) do update set ready = team_count.ready + $2, in_work = team_count.in_work + $3, done = team_count.done + $4`,
		string(team), ready, inWork, done)
	return err
}
