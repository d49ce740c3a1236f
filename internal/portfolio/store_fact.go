package portfolio

import (
	"context"
	"time"

	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/ref"
)

func insertFeature(ctx context.Context, tx *store.Tx, id ref.Feature, i ref.Initiative, title string) error {
	_, err := tx.Exec(ctx, `insert into portfolio_feature (id, initiative, title, state, items, worked, active, begun) values ($1, $2, $3, 'planned', 0, 0, 0, 0)
		on conflict (id) do nothing`, string(id), string(i), title)
	return err
}

func moveFeature(ctx context.Context, tx *store.Tx, id ref.Feature, state string) error {
	_, err := tx.Exec(ctx, `update portfolio_feature set state = $2 where id = $1`, string(id), state)
	return err
}

func initiativeOf(ctx context.Context, tx *store.Tx, id ref.Feature) (ref.Initiative, error) {
	return store.One(ctx, tx, store.Scan1[ref.Initiative], `select initiative from portfolio_feature where id = $1`, string(id))
}

// featureCounts counts every initiative's features by state.
func featureCounts(ctx context.Context, tx *store.Tx) (map[ref.Initiative]Counts, error) {
	type row struct {
		initiative ref.Initiative
		state      string
		n          int
	}
	rows, err := store.List(ctx, tx, func(s store.Scanner) (row, error) {
		var r row
		return r, s.Scan(&r.initiative, &r.state, &r.n)
	}, `select initiative, state, count(*) from portfolio_feature group by initiative, state`)
	out := map[ref.Initiative]Counts{}
	for _, r := range rows {
		c := out[r.initiative]
		switch r.state {
		case "planned":
			c.Planned = r.n
		case "building":
			c.Building = r.n
		case "released":
			c.Released = r.n
		}
		out[r.initiative] = c
	}
	return out, err
}

// moveItem notes that an item goes into or out of work. Told twice, it counts
// once: only a change adds time.
func moveItem(ctx context.Context, tx *store.Tx, id ref.Item, feature ref.Feature, inWork bool, at time.Time) error {
	before, err := store.One(ctx, tx, store.Scan1[ref.Feature], `select feature from portfolio_work where item = $1`, string(id))
	if err != nil && err != store.ErrNone {
		return err
	}
	if inWork {
		_, err = tx.Exec(ctx, `insert into portfolio_work (item, feature, worked, since) values ($1, $2, 0, $3)
			on conflict (item) do update set feature = $2, since = case when portfolio_work.since = 0 then $3 else portfolio_work.since end`,
			string(id), string(feature), store.Micros(at))
	} else {
		_, err = tx.Exec(ctx, `update portfolio_work set feature = $2, worked = case when since > 0 then worked + $3 - since else worked end, since = 0 where item = $1`,
			string(id), string(feature), store.Micros(at))
	}
	if err != nil {
		return err
	}
	// The sums stand with the feature, in milliseconds, so that a board need
	// not read a hundred thousand items.
	_, err = tx.Exec(ctx, `update portfolio_feature set
		items = (select count(*) from portfolio_work w where w.feature = portfolio_feature.id),
		worked = (select coalesce(cast(sum(w.worked / 1000) as bigint), 0) from portfolio_work w where w.feature = portfolio_feature.id),
		active = (select count(*) from portfolio_work w where w.feature = portfolio_feature.id and w.since > 0),
		begun = (select coalesce(cast(sum(w.since / 1000) as bigint), 0) from portfolio_work w where w.feature = portfolio_feature.id)
		where id = $1 or id = $2`, string(feature), string(before))
	return err
}

// worked adds up how long the items of every initiative were in work until now.
func worked(ctx context.Context, tx *store.Tx, now time.Time) (map[ref.Initiative]work, error) {
	type row struct {
		initiative ref.Initiative
		work
	}
	rows, err := store.List(ctx, tx, func(s store.Scanner) (row, error) {
		var r row
		var done, active, begun int64
		err := s.Scan(&r.initiative, &r.items, &done, &active, &begun)
		r.time = time.Duration(done+active*now.UnixMilli()-begun) * time.Millisecond
		return r, err
	}, `select initiative, items, worked, active, begun from portfolio_feature where items > 0`)
	out := map[ref.Initiative]work{}
	for _, r := range rows {
		w := out[r.initiative]
		out[r.initiative] = work{time: w.time + r.time, items: w.items + r.items}
	}
	return out, err
}

func putEffect(ctx context.Context, tx *store.Tx, e Effect) error {
	_, err := tx.Exec(ctx, `insert into portfolio_effect (rollout, feature, key_result, component, event, estimate, low, high, level, units, grade, at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
		on conflict (rollout, feature, key_result) do update set component = $4, event = $5, estimate = $6, low = $7, high = $8, level = $9, units = $10, grade = $11, at = $12`,
		string(e.Rollout), string(e.Feature), string(e.KeyResult), string(e.Component), e.Event, e.Estimate, e.Low, e.High, e.Level, e.Units, string(e.Grade), store.Micros(e.At))
	return err
}

func putRollout(ctx context.Context, tx *store.Tx, id ref.Rollout, outcome string) error {
	_, err := tx.Exec(ctx, `insert into portfolio_rollout (id, outcome) values ($1, $2) on conflict (id) do update set outcome = $2`, string(id), outcome)
	return err
}

// effects returns what rollouts of an initiative's features did to key
// results, newest first, at most 200.
func effects(ctx context.Context, tx *store.Tx, id ref.Initiative) ([]Effect, error) {
	return store.List(ctx, tx, func(s store.Scanner) (Effect, error) {
		var e Effect
		var at int64
		err := s.Scan(&e.Rollout, &e.Component, &e.Feature, &e.KeyResult, &e.Event, &e.Estimate, &e.Low, &e.High, &e.Level, &e.Units, &e.Grade, &e.Kept, &at)
		e.At = store.Time(at)
		return e, err
	}, `select e.rollout, e.component, e.feature, e.key_result, e.event, e.estimate, e.low, e.high, e.level, e.units, e.grade, coalesce(r.outcome, 'running'), e.at
		from portfolio_effect e join portfolio_feature f on f.id = e.feature left join portfolio_rollout r on r.id = e.rollout
		where f.initiative = $1 order by e.at desc, e.rollout desc, e.feature, e.key_result limit 200`, string(id))
}

// putTotals adds up the effects of promoted rollouts of an initiative anew, by
// key result and grade. A rollout that carried several features of the
// initiative has one effect, told once for each: it counts once.
func putTotals(ctx context.Context, tx *store.Tx, id ref.Initiative) error {
	if _, err := tx.Exec(ctx, `delete from portfolio_total where initiative = $1`, string(id)); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `insert into portfolio_total (initiative, key_result, grade, rollouts, estimate, low, high, miss, units)
		select initiative, key_result, grade, count(*), sum(estimate), sum(low), sum(high), sum(1 - level), cast(sum(units) as bigint) from (
			select f.initiative, e.key_result, e.grade, e.rollout, min(e.estimate) as estimate, min(e.low) as low, max(e.high) as high, min(e.level) as level, max(e.units) as units
			from portfolio_feature f join portfolio_effect e on e.feature = f.id join portfolio_rollout r on r.id = e.rollout
			where f.initiative = $1 and r.outcome = 'promoted' group by f.initiative, e.key_result, e.grade, e.rollout) once
		group by initiative, key_result, grade`, string(id))
	return err
}

// measuredBy returns the initiatives that a rollout had an effect for.
func measuredBy(ctx context.Context, tx *store.Tx, id ref.Rollout) ([]ref.Initiative, error) {
	return store.List(ctx, tx, store.Scan1[ref.Initiative], `select distinct f.initiative from portfolio_effect e join portfolio_feature f on f.id = e.feature
		where e.rollout = $1 order by f.initiative`, string(id))
}

func totals(ctx context.Context, tx *store.Tx) (map[aim][]total, error) {
	type row struct {
		aim
		total
	}
	rows, err := store.List(ctx, tx, func(s store.Scanner) (row, error) {
		var r row
		return r, s.Scan(&r.initiative, &r.keyResult, &r.grade, &r.rollouts, &r.estimate, &r.low, &r.high, &r.miss, &r.units)
	}, `select initiative, key_result, grade, rollouts, estimate, low, high, miss, units from portfolio_total`)
	out := map[aim][]total{}
	for _, r := range rows {
		out[r.aim] = append(out[r.aim], r.total)
	}
	return out, err
}
