package release

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/effect"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/release/plan"
	"github.com/digital-factory/factory/internal/release/rollout"
)

// BenchmarkOutcomes counts outcome events for a rollout with three metrics and a
// key result, in batches as SDKs send them, on a database that syncs: of
// customers who are new, each counted for four things, and of those who came
// before. Events/s, and the memory held at the end.
func BenchmarkOutcomes(b *testing.B) {
	db, err := store.Open(b.Context(), "sqlite:"+filepath.Join(b.TempDir(), "factory.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if err := db.Migrate(b.Context(), schemas()...); err != nil {
		b.Fatal(err)
	}
	j := journal.New(db, time.Now)
	s := New(db, j, effect.New(db, time.Now), Asks{}, time.Now)
	p, err := plan.For("normal", false, shop, plan.Latencies{})
	if err != nil {
		b.Fatal(err)
	}
	r := Rollout{ID: "r", Artifact: "a", Number: "2", Phase: Queued, Created: time.Now()}
	err = db.Update(b.Context(), func(tx *store.Tx) error {
		if err := rollout.Insert(b.Context(), tx, r); err != nil {
			return err
		}
		r.Version, r.Phase, r.Plan, r.Experiments = 1, Running, p, []Experiment{{KeyResult: "k", Event: "checkout.finished"}}
		r.Started, r.Widened = time.Now(), time.Now()
		return rollout.Save(b.Context(), tx, r)
	})
	if err != nil {
		b.Fatal(err)
	}
	const batch = 512
	events := func(units func() int) []Outcome {
		list := make([]Outcome, batch)
		for i := range list {
			unit := units()
			list[i] = Outcome{Rollout: "r", Event: "checkout.finished", Unit: fmt.Sprintf("%032x", unit), Arm: Baseline, Success: unit%3 > 0,
				Attributes: map[string]string{"method": "card"}, Values: map[string]float64{"amount": float64(unit % 100)}, At: time.Now()}
			if unit%4 == 0 {
				list[i].Arm = Canary
			}
		}
		return list
	}
	run := func(units func() int) func(b *testing.B) {
		return func(b *testing.B) {
			for b.Loop() {
				if err := s.Outcomes(b.Context(), "r", events(units)); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(batch*b.N)/b.Elapsed().Seconds(), "events/s")
			var m runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&m)
			b.ReportMetric(float64(m.HeapAlloc)/1e6, "MB")
		}
	}
	rng, next := rand.New(rand.NewPCG(1, 2)), 0
	b.Run("NewCustomers", run(func() int { next++; return next }))
	b.Run("SameCustomers", run(func() int { return 1 + rng.IntN(next) }))
}
