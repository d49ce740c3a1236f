package portfolio

import (
	"context"
	"time"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/life"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/ref"
)

// part is the name under which the service acts by itself.
const part = "portfolio"

// Run measures the key results, at once and then every interval, and thins
// their history, until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	var thinned time.Time
	return life.Every(ctx, "measure key results", s.every, nil, func(ctx context.Context) error {
		if err := s.Measure(ctx); err != nil {
			return err
		}
		if now := s.clock(); now.Sub(thinned) >= slotsOf(fine).length() {
			if err := s.thin(ctx, now); err != nil {
				return err
			}
			thinned = now
		}
		return nil
	})
}

// Measure asks for the value of every key result once. A query that fails is
// that key result's problem, shown with it; the others are measured.
func (s *Service) Measure(ctx context.Context) error {
	var all []KeyResult
	err := s.db.View(ctx, func(tx *store.Tx) (err error) {
		all, err = keyResults(ctx, tx, "")
		return err
	})
	if err != nil {
		return err
	}
	at := s.clock()
	found := make([]measurement, len(all))
	for n, k := range all {
		if found[n], err = s.measure(ctx, k, at); err != nil {
			return err
		}
	}
	return s.db.Update(ctx, func(tx *store.Tx) error {
		for _, m := range found {
			if err := s.record(ctx, tx, m); err != nil {
				return err
			}
		}
		return nil
	})
}

// measurement is what the metrics said about a key result.
type measurement struct {
	of      KeyResult
	at      time.Time
	value   float64
	problem string // why there is no value
}

// measure asks without a transaction: the answer may take time.
func (s *Service) measure(ctx context.Context, k KeyResult, at time.Time) (measurement, error) {
	m := measurement{of: k, at: at}
	value, ok, err := s.metrics.Instant(ctx, k.Query, at)
	switch {
	case ctx.Err() != nil:
		return m, ctx.Err()
	case err != nil:
		m.problem = "the query was not answered: " + errs.Of(err).Text
	case !ok:
		m.problem = "the query finds no data yet"
	case !finite(value):
		m.problem = "the query gives no number, as when nothing is divided by nothing"
	default:
		m.value = value
	}
	return m, nil
}

func (s *Service) record(ctx context.Context, tx *store.Tx, m measurement) error {
	k := m.of
	if m.problem != "" {
		if m.problem == k.Problem {
			return nil
		}
		return setProblem(ctx, tx, k, m.problem)
	}
	told := k.visible(m.value)
	n, err := setValue(ctx, tx, m, told)
	if err != nil || n == 0 { // changed, or told by another replica, since it was asked
		return err
	}
	if err := insertMeasurement(ctx, tx, k.ID, m.at, m.value); err != nil {
		return err
	}
	if !told {
		return nil
	}
	return s.journal.Append(ctx, tx, access.System(part).By(), ref.Of("key-result", k.ID),
		fact.KeyResultMeasured{KeyResult: k.ID, Value: m.value, Score: Score(k.Baseline, k.Target, m.value)})
}

// History is kept in slots of 10 s, the last value of each, and thinned with
// age: at most 360 + 576 + 9,600 rows per key result.
const (
	slot   = 10 * time.Second
	fine   = 5 * time.Minute // width kept after rawFor
	coarse = time.Hour       // width kept after fineFor
	rawFor = time.Hour

	fineFor   = 48 * time.Hour
	coarseFor = 400 * 24 * time.Hour
)

// slots counts slots of history.
type slots int64

func slotOf(t time.Time) slots        { return slots(t.UnixMicro() / slot.Microseconds()) }
func slotsOf(d time.Duration) slots   { return slots(d / slot) }
func (n slots) length() time.Duration { return time.Duration(n) * slot }

// thin removes what is older than it is kept for, and of each wider interval
// all but the last value.
func (s *Service) thin(ctx context.Context, now time.Time) error {
	return s.db.Update(ctx, func(tx *store.Tx) error {
		if err := thinMeasurements(ctx, tx, slotOf(now.Add(-fineFor)), slotOf(now.Add(-rawFor)), slotsOf(fine)); err != nil {
			return err
		}
		if err := thinMeasurements(ctx, tx, 0, slotOf(now.Add(-fineFor)), slotsOf(coarse)); err != nil {
			return err
		}
		return dropMeasurements(ctx, tx, slotOf(now.Add(-coarseFor)))
	})
}
