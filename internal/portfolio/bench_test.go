package portfolio

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/ref"
)

// BenchmarkBoard reads the board of a large company: 300 initiatives, 40 key
// results with a year of history, 3,000 features, 100,000 items and 20,000
// measured effects.
func BenchmarkBoard(b *testing.B) {
	db, err := store.Open(b.Context(), "sqlite:"+filepath.Join(b.TempDir(), "factory.db"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	if err := db.Migrate(b.Context(), journal.Schema(), Schema()); err != nil {
		b.Fatal(err)
	}
	now := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	s := New(db, journal.New(db, time.Now), &gauge{}, Options{}, func() time.Time { return now })
	ctx := b.Context()
	err = db.Update(ctx, func(tx *store.Tx) error {
		var krs []KeyResult
		for range 10 {
			o := Objective{ID: ref.Objective(ref.New()), ObjectiveFields: ObjectiveFields{Title: "An objective"}, Version: 1, Created: now}
			if err := insertObjective(ctx, tx, o); err != nil {
				return err
			}
			for range 4 {
				k := KeyResult{ID: ref.KeyResult(ref.New()), Objective: o.ID, KeyResultFields: KeyResultFields{Title: "A key result", Query: "q", Unit: "%", Target: 60}, Version: 1, Created: now}
				krs = append(krs, k)
				if err := insertKeyResult(ctx, tx, k); err != nil {
					return err
				}
				for at, n := now, 0; n < 9500; n++ {
					if err := insertMeasurement(ctx, tx, k.ID, at, float64(n)); err != nil {
						return err
					}
					switch {
					case n < 240:
						at = at.Add(-15 * time.Second)
					case n < 240+564:
						at = at.Add(-fine)
					default:
						at = at.Add(-coarse)
					}
				}
			}
		}
		feature := 0
		for n := range 300 {
			k := krs[n%len(krs)]
			f := complete().fields
			f.KeyResult = k.ID
			i := Initiative{ID: ref.Initiative(ref.New()), Objective: k.Objective, Fields: f, State: Implementing, Since: now, Version: 1, Created: now}
			if err := insertInitiative(ctx, tx, i); err != nil {
				return err
			}
			for range 10 {
				feature++
				id := ref.Feature(fmt.Sprint("f", feature))
				if err := insertFeature(ctx, tx, id, i.ID, "A feature"); err != nil {
					return err
				}
				for item := range 33 {
					if err := moveItem(ctx, tx, ref.Item(fmt.Sprint("I-", feature, "-", item)), id, true, now.Add(-time.Hour)); err != nil {
						return err
					}
				}
				for rollout := range 7 {
					r := ref.Rollout(fmt.Sprint("r", feature, "-", rollout))
					if err := putRollout(ctx, tx, r, "promoted"); err != nil {
						return err
					}
					if err := putEffect(ctx, tx, Effect{Rollout: r, Feature: id, KeyResult: k.ID, Estimate: 0.1, Level: 0.95, Grade: Randomised, At: now}); err != nil {
						return err
					}
				}
			}
		}
		all, err := initiatives(ctx, tx)
		if err != nil {
			return err
		}
		for _, i := range all {
			if err := putTotals(ctx, tx, i.ID); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := s.Board(ctx, access.System("bench")); err != nil {
			b.Fatal(err)
		}
	}
}
