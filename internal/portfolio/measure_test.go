package portfolio

import (
	"context"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/ref"
)

func (r *room) measure(values ...float64) {
	r.t.Helper()
	for _, v := range values {
		r.gauge.set("heavy", v)
		if err := r.Measure(r.t.Context()); err != nil {
			r.t.Fatal(err)
		}
		r.turn(15 * time.Second)
	}
}

func TestMeasureTellsVisibleMoves(t *testing.T) {
	t.Parallel()
	each(t, func(r *room) {
		_, k := r.beginning()
		r.measure(0, 0.3, 0.5, 0.6, 0.9, 30) // visible: 0 the first, 0.6 a hundredth of 60, 30
		if n := strings.Count(r.kinds(), "key-result.measured"); n != 3 {
			t.Fatalf("told %d times: %s", n, r.kinds())
		}
		got, history, err := r.KeyResult(r.t.Context(), r.board, k.ID)
		if err != nil {
			r.t.Fatal(err)
		}
		if *got.Value != 30 || *got.Score() != 0.5 || got.Problem != "" || len(got.Spark) != 6 || len(history) != 6 || history[5].Value != 30 {
			r.t.Fatalf("%+v %v", got, history)
		}
		r.turn(24 * time.Hour) // silence does not press the line together
		if got, history, err = r.KeyResult(r.t.Context(), r.board, k.ID); err != nil || len(got.Spark) != 6 || len(history) != 6 {
			r.t.Fatalf("%+v %v %v", got, history, err)
		}
	})
}

func TestMeasureSaysWhyThereIsNoValue(t *testing.T) {
	t.Parallel()
	each(t, func(r *room) {
		ctx := r.t.Context()
		o, k := r.beginning()
		far := k.KeyResultFields
		far.Query = "far"
		must[KeyResult](r.t)(r.CreateKeyResult(ctx, r.board, o.ID, far))
		broken := k.KeyResultFields
		broken.Query = "0/0"
		r.gauge.set("0/0", math.NaN())
		must[KeyResult](r.t)(r.CreateKeyResult(ctx, r.board, o.ID, broken))
		if err := r.Measure(ctx); err != nil {
			r.t.Fatal(err)
		}
		b := must[Board](r.t)(r.Board(ctx, r.board))
		for n, want := range []string{"no data", "does not answer", "no number"} {
			if got := b.Objectives[0].KeyResults[n]; got.Value != nil || !strings.Contains(got.Problem, want) {
				r.t.Errorf("%s: %+v", got.Query, got)
			}
		}
		r.measure(30)
		b = must[Board](r.t)(r.Board(ctx, r.board))
		if s := b.Objectives[0].Score; s == nil || *s != 0.5 {
			r.t.Fatalf("the objective's score counts what was measured: %v", s)
		}
	})
}

func TestAnotherQueryBeginsAnew(t *testing.T) {
	t.Parallel()
	each(t, func(r *room) {
		ctx := r.t.Context()
		_, k := r.beginning()
		r.measure(30, 40)
		f := k.KeyResultFields
		f.Target = 80
		kept := must[KeyResult](r.t)(r.ChangeKeyResult(ctx, r.board, k.ID, 1, f))
		if kept.Value == nil || len(kept.Spark) != 2 {
			r.t.Fatalf("another target keeps the history: %+v", kept)
		}
		f.Query = "heavier"
		if fresh := must[KeyResult](r.t)(r.ChangeKeyResult(ctx, r.board, k.ID, 2, f)); fresh.Value != nil || len(fresh.Spark) != 0 {
			r.t.Fatalf("%+v", fresh)
		}
		got, history, err := r.KeyResult(ctx, r.board, k.ID)
		if err != nil || got.Value != nil || len(history) != 0 {
			r.t.Fatalf("%+v %v %v", got, history, err)
		}
	})
}

func TestHistoryStaysBounded(t *testing.T) {
	t.Parallel()
	each(t, func(r *room) {
		ctx := r.t.Context()
		_, k := r.beginning()
		end := r.now
		begin := end.Add(-54 * time.Hour)
		err := r.db.Update(ctx, func(tx *store.Tx) error {
			for at, n := begin, 0; !at.After(end); at, n = at.Add(90*time.Second), n+1 {
				if err := insertMeasurement(ctx, tx, k.ID, at, float64(n)); err != nil {
					return err
				}
			}
			return insertMeasurement(ctx, tx, k.ID, end.Add(time.Second), 54*40) // the same slot: replaces
		})
		if err != nil {
			r.t.Fatal(err)
		}
		count := func() (n int64) {
			if err := r.db.View(ctx, func(tx *store.Tx) (err error) {
				n, err = store.One(ctx, tx, store.Scan1[int64], `select count(*) from portfolio_measurement where key_result = $1`, string(k.ID))
				return err
			}); err != nil {
				r.t.Fatal(err)
			}
			return n
		}
		if n := count(); n != 54*40+1 {
			r.t.Fatalf("%d rows before thinning", n)
		}
		for range 2 { // the second time there is nothing left to do
			if err := r.thin(ctx, end); err != nil {
				r.t.Fatal(err)
			}
			// raw: 1 h of 90 s; fine: 47 h of 5 min; coarse: 6 h of 1 h
			if n := count(); n < 40+47*12+6 || n > 40+47*12+6+4 {
				r.t.Fatalf("%d rows after thinning", n)
			}
		}
		got, history, err := r.KeyResult(ctx, r.board, k.ID)
		if err != nil {
			r.t.Fatal(err)
		}
		if len(got.Spark) > 60 || len(got.Spark) < 55 {
			r.t.Fatalf("%d points in the sparkline", len(got.Spark))
		}
		for n, p := range got.Spark[1:] {
			if !p.At.After(got.Spark[n].At) || p.Value <= got.Spark[n].Value {
				r.t.Fatalf("the sparkline goes back at %d: %v", n, p)
			}
		}
		if last := got.Spark[len(got.Spark)-1]; last.Value != 54*40 {
			r.t.Fatalf("the newest point is missing: %v", last)
		}
		if len(history) > 500 || len(history) < 100 {
			r.t.Fatalf("%d points in the history", len(history))
		}
		if err := r.thin(ctx, end.Add(coarseFor+time.Minute)); err != nil {
			r.t.Fatal(err)
		}
		if n := count(); n != 0 {
			r.t.Fatalf("%d rows outlive their time", n)
		}
	})
}

// told is the story of an initiative as the other rooms tell it.
func TestPredictedAgainstMeasured(t *testing.T) {
	t.Parallel()
	each(t, func(r *room) {
		ctx := r.t.Context()
		o, k := r.beginning()
		r.measure(5)
		i := r.approved(o, k)
		get := func() Initiative {
			r.t.Helper()
			return must[Detail](r.t)(r.Initiative(ctx, r.board, i.ID)).Initiative
		}
		r.tell(fact.FeatureCreated{Feature: "f1", Product: "p", Initiative: i.ID, KeyResult: k.ID, Title: "New engine"})
		r.tell(fact.FeatureCreated{Feature: "f2", Product: "p", Initiative: i.ID, KeyResult: k.ID, Title: "Bigger battery"})
		r.tell(fact.FeatureCreated{Feature: "f9", Product: "p", Initiative: "another", KeyResult: k.ID, Title: "Elsewhere"})
		if got := get(); got.State != Ready || got.Features != (Counts{Planned: 2}) {
			r.t.Fatalf("planned work does not begin: %+v", got)
		}
		r.tell(fact.FeatureMoved{Feature: "f9", From: "planned", To: "building"})
		r.tell(fact.FeatureMoved{Feature: "f1", From: "planned", To: "building"})
		if got := get(); got.State != Implementing || got.Features != (Counts{Planned: 1, Building: 1}) || got.Result.Grade != Stated {
			r.t.Fatalf("building begins: %+v", got)
		}
		if n := strings.Count(r.kinds(), "initiative.moved"); n != 4 {
			r.t.Fatalf("moved %d times: %s", n, r.kinds())
		}

		r.turn(time.Minute)
		r.measure(20)
		if got := get().Result; got.Grade != BeforeAfter || *got.Measured != 15 {
			r.t.Fatalf("%+v", got)
		}

		effect := func(rollout ref.Rollout, f ref.Feature, estimate float64) fact.EffectMeasured {
			return fact.EffectMeasured{Rollout: rollout, Component: "engine-controller", Feature: f, KeyResult: k.ID, Outcome: "mission.finished",
				Estimate: estimate, Low: estimate - 0.05, High: estimate + 0.05, Level: 0.95, Units: 400, Grade: "A"}
		}
		r.tell(effect("r1", "f1", 0.25))
		if got := get().Result; got.Grade != BeforeAfter {
			r.t.Fatalf("a rollout that still runs does not count: %+v", got)
		}
		r.tell(fact.RolloutFinished{Rollout: "r1", Outcome: "promoted"})
		r.tell(fact.RolloutFinished{Rollout: "r2", Outcome: "rolled_back"})
		r.tell(effect("r2", "f1", -0.3)) // it is gone from customers
		r.tell(effect("r3", "f1", 0.1))
		r.tell(effect("r3", "f2", 0.1)) // the same rollout carried both features
		r.tell(fact.RolloutFinished{Rollout: "r3", Outcome: "promoted"})
		r.tell(effect("r4", "f9", 0.9)) // another initiative's
		r.tell(fact.RolloutFinished{Rollout: "r4", Outcome: "promoted"})
		d := must[Detail](r.t)(r.Initiative(ctx, r.board, i.ID))
		got := d.Result
		near := func(a, b float64) bool { return math.Abs(a-b) < 1e-9 }
		if got.Grade != Randomised || !near(*got.Measured, 35) || !near(*got.Low, 25) || !near(*got.High, 45) || !near(got.Level, 0.9) || *got.Predicted != 40 {
			r.t.Fatalf("%+v", got)
		}
		if len(d.Effects) != 4 {
			r.t.Fatalf("%+v", d.Effects)
		}
		for _, e := range d.Effects {
			if want := map[ref.Rollout]string{"r1": "promoted", "r2": "rolled_back", "r3": "promoted"}[e.Rollout]; e.Kept != want {
				r.t.Errorf("%s: kept %q, want %q", e.Rollout, e.Kept, want)
			}
		}
		after := must[Initiative](r.t)(r.Decide(ctx, r.board, i.ID, d.Version, Persevere, "it holds"))
		if after.State != Implementing || after.Gate.Open() {
			r.t.Fatalf("%+v", after.Gate)
		}
		r.tell(fact.FeatureMoved{Feature: "f1", From: "building", To: "released"})
		if after = must[Initiative](r.t)(r.MoveInitiative(ctx, r.board, i.ID, after.Version, Done)); after.State != Done || after.Place.Rank != 0 {
			r.t.Fatalf("%+v", after)
		}
	})
}

func TestSpendIsWhatItemsWereInWork(t *testing.T) {
	t.Parallel()
	each(t, func(r *room) {
		ctx := r.t.Context()
		o, k := r.beginning()
		i := r.approved(o, k)
		r.tell(fact.FeatureCreated{Feature: "f1", Product: "p", Initiative: i.ID, KeyResult: k.ID, Title: "New engine"})
		move := func(item ref.Item, f ref.Feature, to string) { r.tell(fact.ItemMoved{Item: item, Feature: f, To: to}) }
		move("ENG-1", "f1", "building")
		r.turn(24 * time.Hour)
		move("ENG-1", "f1", "verifying")
		move("ENG-2", "f1", "building")
		move("ENG-3", "", "building") // no feature
		r.turn(12 * time.Hour)
		move("ENG-1", "f1", "done") // 1.5 days
		move("ENG-2", "f1", "ready")
		r.turn(48 * time.Hour)
		move("ENG-2", "f1", "building")
		r.turn(6 * time.Hour) // 0.5 + 0.25 days so far
		f := i.Fields
		f.DayRate = &Money{1000, "EUR"}
		got := must[Initiative](r.t)(r.ChangeInitiative(ctx, r.board, i.ID, i.Version, f)).Spend
		if got.Days != 2.25 || got.Items != 2 || *got.Cost != (Money{2250, "EUR"}) {
			r.t.Fatalf("%+v %v", got, got.Cost)
		}
	})
}

func TestPivotTakesTheApprovalBack(t *testing.T) {
	t.Parallel()
	each(t, func(r *room) {
		ctx := r.t.Context()
		o, k := r.beginning()
		i := r.approved(o, k)
		r.tell(fact.FeatureCreated{Feature: "f1", Product: "p", Initiative: i.ID, KeyResult: k.ID, Title: "New engine"})
		i = must[Initiative](r.t)(r.MoveInitiative(ctx, r.board, i.ID, i.Version, Implementing))
		i = must[Initiative](r.t)(r.Decide(ctx, r.board, i.ID, i.Version, Pivot, "nobody wants it"))
		if i.State != Reviewing || i.Approved {
			r.t.Fatalf("%+v", i)
		}
		i = must[Initiative](r.t)(r.MoveInitiative(ctx, r.board, i.ID, i.Version, Analysing))
		i = must[Initiative](r.t)(r.Decide(ctx, r.board, i.ID, i.Version, Go, "the new hypothesis is better"))
		if i.State != Implementing || !i.Approved {
			r.t.Fatalf("go with features at work leads on: %+v", i)
		}
		if d := must[Detail](r.t)(r.Initiative(ctx, r.board, i.ID)); len(d.Decisions) != 3 || d.Decisions[0].Verdict != Go {
			r.t.Fatalf("%+v", d.Decisions)
		}
	})
}

// counting answers every query and calls third on the third.
type counting struct {
	asked int
	third func()
}

func (c *counting) Instant(context.Context, string, time.Time) (float64, bool, error) {
	if c.asked++; c.asked == 3 {
		c.third()
	}
	return float64(c.asked), true, nil
}

func TestRunMeasuresAgainAndAgain(t *testing.T) {
	t.Parallel()
	each(t, func(r *room) {
		r.beginning()
		ctx, end := context.WithCancel(r.t.Context())
		defer end()
		m := &counting{third: end}
		s := New(r.db, r.j, m, Options{Every: time.Millisecond}, func() time.Time { return r.now })
		if err := s.Run(ctx); err != nil {
			r.t.Fatal(err)
		}
		b := must[Board](r.t)(r.Board(r.t.Context(), r.board))
		if k := b.Objectives[0].KeyResults[0]; m.asked != 3 || *k.Value != 2 {
			r.t.Fatalf("asked %d times, value %v: what is measured while ending is not stored", m.asked, *k.Value)
		}
	})
}
