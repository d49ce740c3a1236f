package rollout

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/evidence"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/release/plan"
)

// TestSettles: what is told counts once both versions can have told what happened
// until then, in the order in which it happened, late things at once; and once
// only.
func TestSettles(t *testing.T) {
	t.Parallel()
	counting(t, func(t *testing.T, db *store.DB) {
		began := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
		now := began
		k, units := NewKnown(), 0
		tell := func(id ref.Rollout, arm Arm, n int, ago time.Duration) {
			t.Helper()
			tally := NewTally()
			for range n {
				e := Event{Outcome: Outcome{Unit: fmt.Sprint(units), Arm: arm, Success: true, Values: map[string]float64{"amount": 2}, At: now.Add(-ago)}, Now: now}
				units++
				tally.AddExperiment(0, e)
				tally.AddOutcome(evidence.Metric{Name: "sold"}, plan.Source{Kind: plan.Mean, Value: "amount"}, e)
			}
			for range 2 { // telling it again changes nothing
				if err := k.Count(t.Context(), db, id, Batch{Tally: tally}, nothingNew); err != nil {
					t.Fatal(err)
				}
			}
		}
		wants := func(when string, n int64) {
			t.Helper()
			if err := Ripen(t.Context(), db, now); err != nil {
				t.Fatal(err)
			}
			want := map[string]evidence.Moments{}
			if n > 0 {
				want = map[string]evidence.Moments{"outcome-0": {Units: n}, Watched("sold"): {Units: n, Sum: float64(2 * n), Squares: float64(4 * n)}}
			}
			if diff := cmp.Diff(want, counts(t, db, "a")); diff != "" {
				t.Fatalf("%s (-want +got):\n%s", when, diff)
			}
		}
		tell("a", Baseline, 512, 0)
		tell("a", Baseline, 100, time.Second)
		wants("one version has told", 0)
		now = now.Add(time.Second)
		tell("a", Canary, 30, time.Second)
		tell("a", Canary, 7, -time.Hour) // by a clock that is ahead
		wants("the other too, but there may be more", 0)
		now = began.Add(-time.Second + slotWidth + Settles)
		wants("what happened first has settled", 100)
		tell("a", Canary, 5, time.Minute)
		wants("very late", 105)
		now = began.Add(slotWidth + Settles)
		wants("what happened next", 105+542)
		now = began.Add(time.Second + slotWidth + Settles)
		wants("all", 105+542+7)

		tell("a", Canary, 9, 0)
		err := db.Update(t.Context(), func(tx *store.Tx) error {
			r, err := Get(t.Context(), tx, "a")
			if err != nil {
				return err
			}
			if !r.Deciding.Equal(now) {
				t.Errorf("the deciding event is of %v, want %v", r.Deciding, now)
			}
			r.Phase = RollingBack
			return Save(t.Context(), tx, r)
		})
		if err != nil {
			t.Fatal(err)
		}
		now = now.Add(time.Minute)
		wants("the verdict stands", 654)
		var left int64
		err = db.View(t.Context(), func(tx *store.Tx) (err error) {
			left, err = store.One(t.Context(), tx, store.Scan1[int64], `select count(*) from release_pending`)
			return err
		})
		if err != nil || left != 0 {
			t.Fatalf("%d rows are left: %v", left, err)
		}
	})
}
