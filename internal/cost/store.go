package cost

import (
	"context"
	"errors"
	"time"

	"github.com/digital-factory/factory/internal/base/store"
)

// add adds uses, and what all processes used, to an hour.
func add(ctx context.Context, tx *store.Tx, hour int64, uses map[Who]Use, all float64) error {
	for who, u := range uses {
		_, err := tx.Exec(ctx, `insert into cost_use (component, place, hour, team, cpu_seconds, memory_gb_hours, storage_gb_hours, build_minutes)
			values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (component, place, hour) do update set team = $4, cpu_seconds = cost_use.cpu_seconds + $5,
				memory_gb_hours = cost_use.memory_gb_hours + $6, storage_gb_hours = cost_use.storage_gb_hours + $7, build_minutes = cost_use.build_minutes + $8`,
			string(who.Component), string(who.Place), hour, string(who.Team), u.CPU, u.Memory, u.Storage, u.Build)
		if err != nil {
			return err
		}
	}
	if all == 0 {
		return nil
	}
	_, err := tx.Exec(ctx, `insert into cost_children (hour, cpu_seconds) values ($1, $2)
		on conflict (hour) do update set cpu_seconds = cost_children.cpu_seconds + $2`, hour, all)
	return err
}

// line is what was used by a component at a place, or on a day at a place.
type line struct {
	Who
	day int64 // since 1970
	Use
}

const day = 24 * int64(time.Hour/time.Microsecond)

// byComponent returns what was used in hours from one to before another.
func byComponent(ctx context.Context, tx *store.Tx, f Filter, from, to int64) ([]line, error) {
	where, args := f.where(from, to)
	return store.List(ctx, tx, func(s store.Scanner) (l line, err error) {
		return l, s.Scan(&l.Component, &l.Team, &l.Place, &l.CPU, &l.Memory, &l.Storage, &l.Build)
	}, `select component, max(team), place, sum(cpu_seconds), sum(memory_gb_hours), sum(storage_gb_hours), sum(build_minutes) from cost_use `+where+
		` group by component, place order by component, place`, args...)
}

func byDay(ctx context.Context, tx *store.Tx, f Filter, from, to int64) ([]line, error) {
	where, args := f.where(from, to)
	return store.List(ctx, tx, func(s store.Scanner) (l line, err error) {
		return l, s.Scan(&l.day, &l.Place, &l.CPU, &l.Memory, &l.Storage, &l.Build)
	}, `select hour / 86400000000, place, sum(cpu_seconds), sum(memory_gb_hours), sum(storage_gb_hours), sum(build_minutes) from cost_use `+where+
		` group by hour / 86400000000, place order by 1, 2`, args...)
}

func (f Filter) where(from, to int64) (string, []any) {
	where, args := `where hour >= $1 and hour < $2`, []any{from, to}
	if f.Team != "" {
		where += ` and team = $3`
		return where, append(args, string(f.Team))
	}
	if f.Component != "" {
		where += ` and component = $3`
		args = append(args, string(f.Component))
	}
	return where, args
}

func childrenIn(ctx context.Context, tx *store.Tx, from, to int64) (seconds float64, err error) {
	return store.One(ctx, tx, store.Scan1[float64], `select coalesce(sum(cpu_seconds), 0.0) from cost_children where hour >= $1 and hour < $2`, from, to)
}

func rates(ctx context.Context, tx *store.Tx) (Rates, error) {
	var changed int64
	r, err := store.One(ctx, tx, func(s store.Scanner) (r Rates, err error) {
		return r, s.Scan(&r.CPUHour, &r.MemoryGBHour, &r.StorageGBMonth, &r.BuildMinute, &r.Currency, &r.Version, &r.By, &changed)
	}, `select cpu_hour, memory_gb_hour, storage_gb_month, build_minute, currency, version, by_name, changed from cost_rate where one = 1`)
	if errors.Is(err, store.ErrNone) {
		return Defaults(), nil
	}
	r.Changed = store.Time(changed)
	return r, err
}

// setRates replaces the rates of a version.
func setRates(ctx context.Context, tx *store.Tx, r Rates) error {
	n, err := tx.Exec(ctx, `insert into cost_rate (one, cpu_hour, memory_gb_hour, storage_gb_month, build_minute, currency, version, by_name, changed)
		values (1, $1, $2, $3, $4, $5, $6, $7, $8) on conflict (one) do update set cpu_hour = $1, memory_gb_hour = $2, storage_gb_month = $3, build_minute = $4, currency = $5,
			version = $6, by_name = $7, changed = $8 where cost_rate.version = $6 - 1`,
		r.CPUHour, r.MemoryGBHour, r.StorageGBMonth, r.BuildMinute, r.Currency, r.Version, r.By, store.Micros(r.Changed))
	if err != nil {
		return err
	}
	if n == 0 {
		now, err := rates(ctx, tx)
		if err != nil {
			return err
		}
		return store.Changed(0, "what a unit costs", now)
	}
	return nil
}
