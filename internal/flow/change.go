package flow

import (
	"context"
	"errors"
	"time"

	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/ref"
)

// stage is how far a change (a push of an item's commits to a trunk) has come.
// An item may have several changes, in several components.
type stage string

const (
	verifying stage = "verifying"
	releasing stage = "releasing"
	released  stage = "released"
	failed    stage = "failed"
)

// standing is the state of an item: where its latest open change is, else what
// the last fact about a change says.
func standing(open, last stage) State {
	switch {
	case open == verifying:
		return Verifying
	case open == releasing:
		return Releasing
	case last == released:
		return Done
	}
	return Building
}

func stageOf(ctx context.Context, tx *store.Tx, item ref.Item, c fact.Change) (stage, error) {
	got, err := store.One(ctx, tx, store.Scan1[stage], `select stage from flow_change where item = $1 and component = $2 and commit_id = $3`,
		string(item), string(c.Component), string(c.Commit))
	if errors.Is(err, store.ErrNone) {
		return "", nil
	}
	return got, err
}

func setStage(ctx context.Context, tx *store.Tx, item ref.Item, c fact.Change, to stage) error {
	_, err := tx.Exec(ctx, `insert into flow_change (item, component, commit_id, pushed, stage) values ($1, $2, $3, $4, $5)
		on conflict (item, component, commit_id) do update set stage = $5`,
		string(item), string(c.Component), string(c.Commit), store.Micros(c.Pushed), string(to))
	return err
}

// openStage returns the stage of an item's latest change that is on its way,
// empty when there is none.
func openStage(ctx context.Context, tx *store.Tx, item ref.Item) (stage, error) {
	got, err := store.One(ctx, tx, store.Scan1[stage], `select stage from flow_change where item = $1 and stage in ('verifying', 'releasing')
		order by pushed desc, commit_id limit 1`, string(item))
	if errors.Is(err, store.ErrNone) {
		return "", nil
	}
	return got, err
}

// carriedBy returns the items with open changes of a component that were
// pushed not later than then.
func carriedBy(ctx context.Context, tx *store.Tx, component ref.Component, then time.Time) ([]ref.Item, error) {
	return store.List(ctx, tx, store.Scan1[ref.Item], `select distinct item from flow_change
		where component = $1 and stage in ('verifying', 'releasing') and pushed <= $2`, string(component), store.Micros(then))
}

func releaseCarried(ctx context.Context, tx *store.Tx, item ref.Item, component ref.Component, then time.Time) error {
	_, err := tx.Exec(ctx, `update flow_change set stage = 'released'
		where item = $1 and component = $2 and stage in ('verifying', 'releasing') and pushed <= $3`,
		string(item), string(component), store.Micros(then))
	return err
}
