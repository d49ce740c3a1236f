package team

import (
	"context"
	"errors"
	"math"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/ref"
)

const selectTeam = `select t.id, t.name, t.item_key, t.mission, t.day_rate, t.created, t.version,
	coalesce(c.ready, 0), coalesce(c.in_work, 0), coalesce(c.done, 0),
	(select count(*) from team_component k where k.team = t.id)
	from team_team t left join team_count c on c.team = t.id `

func scan(s store.Scanner) (Team, error) {
	var t Team
	var rate, created int64
	err := s.Scan(&t.ID, &t.Name, &t.Key, &t.Mission, &rate, &created, &t.Version,
		&t.Counts.Ready, &t.Counts.InWork, &t.Counts.Done, &t.Counts.Components)
	t.DayRate, t.Created = float64(rate)/100, store.Time(created)
	return t, err
}

func cents(rate float64) int64 { return int64(math.Round(rate * 100)) }

func insert(ctx context.Context, tx *store.Tx, t Team) error {
	_, err := tx.Exec(ctx, `insert into team_team (id, name, item_key, mission, day_rate, created, version)
		values ($1, $2, $3, $4, $5, $6, $7)`,
		string(t.ID), t.Name, t.Key, t.Mission, cents(t.DayRate), store.Micros(t.Created), t.Version)
	return err
}

func update(ctx context.Context, tx *store.Tx, id ref.Team, in Change) (int64, error) {
	return tx.Exec(ctx, `update team_team set name = $3, mission = $4, day_rate = $5, version = version + 1
		where id = $1 and version = $2`, string(id), in.Version, in.Name, in.Mission, cents(in.DayRate))
}

func get(ctx context.Context, tx *store.Tx, id ref.Team) (Team, error) {
	t, err := store.One(ctx, tx, scan, selectTeam+`where t.id = $1`, string(id))
	if errors.Is(err, store.ErrNone) {
		return Team{}, errs.New(errs.NotFound, "there is no team %q", id).Do("list the teams: factory team list")
	}
	return t, err
}

func listAfter(ctx context.Context, tx *store.Tx, after string, limit int) ([]Team, error) {
	return store.List(ctx, tx, scan, selectTeam+`where t.id > $1 order by t.id limit $2`, after, limit)
}

func components(ctx context.Context, tx *store.Tx, id ref.Team) ([]ref.Component, error) {
	return store.List(ctx, tx, store.Scan1[ref.Component], `select component from team_component where team = $1 order by component`, string(id))
}
