package rollout

import (
	"context"
	"strings"
	"time"

	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/ref"
)

// Settles is after what time everything that happened can have come in. Services
// tell in batches, those of one version in others than those of the other: up to a
// second's worth (OpenTelemetry's usual pause; ours is a fifth of it) of one may be
// here while the same second of the other is not. Counted at once, that looks as if
// one of them had nothing to tell, and takes back versions that do no harm. So what
// is told is judged in the order in which it happened, when both have told it.
const Settles = 2 * time.Second

const slotWidth = 250 * time.Millisecond

// slotOf returns the end of the slot that something happened in, 0 when all of it
// can have come in already.
func slotOf(at, now time.Time) int64 {
	if at.IsZero() || at.After(now) {
		at = now // a clock that is ahead must not delay what is judged
	}
	end := at.Truncate(slotWidth).Add(slotWidth)
	if !end.After(now.Add(-Settles)) {
		return 0
	}
	return store.Micros(end)
}

// Ripen moves what has settled to the counts that are judged.
func Ripen(ctx context.Context, db *store.DB, now time.Time) error {
	upTo := store.Micros(now.Add(-Settles))
	type row struct {
		rollout ref.Rollout
		metric  string
	}
	var ripe []row
	err := db.View(ctx, func(tx *store.Tx) (err error) {
		ripe, err = store.List(ctx, tx, func(s store.Scanner) (r row, err error) { return r, s.Scan(&r.rollout, &r.metric) },
			`select distinct rollout, metric from release_pending where slot <= $1 order by rollout, metric`, upTo)
		return err
	})
	if err != nil || len(ripe) == 0 {
		return err
	}
	decides := map[ref.Rollout]bool{} // whether any metric of the plan is among them
	var ids []ref.Rollout
	for _, r := range ripe {
		if _, seen := decides[r.rollout]; !seen {
			ids = append(ids, r.rollout)
		}
		decides[r.rollout] = decides[r.rollout] || strings.HasPrefix(r.metric, Watched(""))
	}
	for _, id := range ids {
		err := db.Update(ctx, func(tx *store.Tx) error { return ripen(ctx, tx, id, upTo, now, decides[id]) })
		if err != nil {
			return err
		}
	}
	return nil
}

func ripen(ctx context.Context, tx *store.Tx, id ref.Rollout, upTo int64, now time.Time, decides bool) error {
	deciding := int64(0)
	if decides {
		deciding = store.Micros(now)
	}
	// It comes first: until tx ends nobody else counts.
	running, err := tx.Exec(ctx, `update release_rollout set deciding = case when $2 > deciding then $2 else deciding end where id = $1 and phase = 'running'`, string(id), deciding)
	if err != nil {
		return err
	}
	if running > 0 { // else the verdict stands
		if _, err := tx.Exec(ctx, `insert into release_count (rollout, metric, stage, arm, units, total, squares)
			select rollout, metric, stage, arm, sum(units), sum(total), sum(squares) from release_pending where rollout = $1 and slot <= $2
			group by rollout, metric, stage, arm `+addUp, string(id), upTo); err != nil {
			return err
		}
	}
	_, err = tx.Exec(ctx, `delete from release_pending where rollout = $1 and slot <= $2`, string(id), upTo)
	return err
}

// addUp ends an insert into release_count.
const addUp = `on conflict (rollout, metric, stage, arm) do update set units = release_count.units + excluded.units,
	total = release_count.total + excluded.total, squares = release_count.squares + excluded.squares`
