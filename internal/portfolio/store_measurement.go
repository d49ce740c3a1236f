package portfolio

import (
	"context"
	"time"

	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/ref"
)

// setValue stores a measured value unless the key result was edited, or the
// value told by another replica, since it was read.
func setValue(ctx context.Context, tx *store.Tx, m measurement, told bool) (int64, error) {
	k := m.of
	if !told {
		return tx.Exec(ctx, `update portfolio_key_result set value = $3, measured = $4, problem = '' where id = $1 and version = $2`,
			string(k.ID), k.Version, m.value, store.Micros(m.at))
	}
	if k.told == nil {
		return tx.Exec(ctx, `update portfolio_key_result set value = $3, told = $3, measured = $4, problem = ''
			where id = $1 and version = $2 and told is null`, string(k.ID), k.Version, m.value, store.Micros(m.at))
	}
	return tx.Exec(ctx, `update portfolio_key_result set value = $3, told = $3, measured = $4, problem = ''
		where id = $1 and version = $2 and told = $5`, string(k.ID), k.Version, m.value, store.Micros(m.at), *k.told)
}

func setProblem(ctx context.Context, tx *store.Tx, k KeyResult, problem string) error {
	_, err := tx.Exec(ctx, `update portfolio_key_result set problem = $3 where id = $1 and version = $2`, string(k.ID), k.Version, problem)
	return err
}

// forgetMeasurements makes a key result unmeasured.
func forgetMeasurements(ctx context.Context, tx *store.Tx, id ref.KeyResult) error {
	if _, err := tx.Exec(ctx, `delete from portfolio_measurement where key_result = $1`, string(id)); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `update portfolio_key_result set value = null, measured = 0, told = null, problem = 'not measured yet' where id = $1`, string(id))
	return err
}

func insertMeasurement(ctx context.Context, tx *store.Tx, id ref.KeyResult, at time.Time, value float64) error {
	_, err := tx.Exec(ctx, `insert into portfolio_measurement (key_result, slot, at, value) values ($1, $2, $3, $4)
		on conflict (key_result, slot) do update set at = $3, value = $4`, string(id), int64(slotOf(at)), store.Micros(at), value)
	return err
}

// points returns at most n measurements from a slot to another, evenly spread
// over the time in which there are any, oldest first: of each interval the
// last.
func points(ctx context.Context, tx *store.Tx, id ref.KeyResult, from, to slots, n int64) ([]Point, error) {
	var begin, end *int64
	_, err := store.One(ctx, tx, func(s store.Scanner) (struct{}, error) { return struct{}{}, s.Scan(&begin, &end) },
		`select min(slot), max(slot) from portfolio_measurement where key_result = $1 and slot >= $2 and slot <= $3`, string(id), int64(from), int64(to))
	if err != nil || begin == nil || end == nil {
		return []Point{}, err
	}
	width := (*end-*begin)/n + 1
	return store.List(ctx, tx, func(s store.Scanner) (Point, error) {
		var p Point
		var at int64
		err := s.Scan(&at, &p.Value)
		p.At = store.Time(at)
		return p, err
	}, `select at, value from portfolio_measurement where key_result = $1 and slot in (
			select max(slot) from portfolio_measurement where key_result = $1 and slot >= $2 and slot <= $4 group by (slot - $2) / $3)
		order by slot`, string(id), *begin, width, int64(to))
}

// thinMeasurements keeps, from a slot up to before another, only the last
// measurement of each interval of the width.
func thinMeasurements(ctx context.Context, tx *store.Tx, from, before, width slots) error {
	_, err := tx.Exec(ctx, `delete from portfolio_measurement where slot >= $1 and slot < $2 and exists (
			select 1 from portfolio_measurement later where later.key_result = portfolio_measurement.key_result
			and later.slot > portfolio_measurement.slot and later.slot < portfolio_measurement.slot + $3
			and later.slot / $3 = portfolio_measurement.slot / $3)`, int64(from), int64(before), int64(width))
	return err
}

func dropMeasurements(ctx context.Context, tx *store.Tx, before slots) error {
	_, err := tx.Exec(ctx, `delete from portfolio_measurement where slot < $1`, int64(before))
	return err
}
