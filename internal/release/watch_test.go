package release

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/release/plan"
	"github.com/digital-factory/factory/internal/release/rollout"
)

// customers are units whose requests take time, who buy or not, and for how
// much: what a version does to them.
type customers struct {
	slow  float64 // probability to wait a second
	paid  float64 // probability that a checkout succeeds
	tells float64 // probability that the service tells it at all
	spent float64 // mean
}

var content = customers{slow: 0.005, paid: 0.9, tells: 0.5, spent: 40}

const shop = `{"stages": [0.5, 1], "metrics": [
	{"name": "checkouts", "kind": "count", "event": "checkout.finished"},
	{"name": "paid", "kind": "proportion", "event": "checkout.finished", "where": {"method": "card"}, "role": "primary", "usual": 0.9, "margin": 0.5},
	{"name": "basket", "kind": "mean", "event": "checkout.finished", "value": "amount", "unit": "EUR", "usual": 40, "bounds": {"low": 0, "high": 200}, "margin": 0.2}
]}`

// come lets n new customers of the current stage in; each is told twice.
func (w *world) come(r Rollout, from, n int, old, fresh customers) {
	w.t.Helper()
	rng := rand.New(rand.NewPCG(uint64(from), 3))
	t := Traffic{Rollout: r.ID, Requests: int64(n)}
	var told []Outcome
	for i := range n {
		o := Observation{Unit: fmt.Sprint("unit-", from+i), Arm: Baseline, Stage: r.Stage, Took: 20 * time.Millisecond, At: w.now()}
		is := old
		if rng.Float64() < r.Plan.Stages[r.Stage].Share {
			o.Arm, is = Canary, fresh
		}
		if rng.Float64() < is.slow {
			o.Took = time.Second
		}
		again := o
		again.Took = 0
		t.Observations = append(t.Observations, o, again)
		if rng.Float64() >= is.tells {
			continue
		}
		e := Outcome{Rollout: r.ID, Event: "checkout.finished", Unit: o.Unit, Arm: o.Arm, Stage: r.Stage, Success: rng.Float64() < is.paid, At: w.now(),
			Attributes: map[string]string{"method": "card"}, Values: map[string]float64{"amount": 2 * is.spent * rng.Float64()}}
		later := e
		later.Success, later.Values = !e.Success, map[string]float64{"amount": 0}
		told = append(told, e, later)
	}
	if err := w.Observe(w.t.Context(), t); err != nil {
		w.t.Fatal(err)
	}
	for part := range slices.Chunk(told, 500) {
		if err := w.Outcomes(w.t.Context(), r.ID, part); err != nil {
			w.t.Fatal(err)
		}
	}
	w.tick.Add((rollout.Settles + time.Second).Microseconds()) // everything of now has been told
	w.nudge()
}

// open brings the shop to production, and its second version before customers.
func (w *world) open() Rollout {
	w.t.Helper()
	w.m.section = shop
	w.first()
	w.m.mu.Lock()
	w.m.served = plan.Latencies{Bounds: []float64{0.1, 0.25, 2}, Counts: []int64{4000, 50, 20, 0}}
	w.m.mu.Unlock()
	w.publish("2", "normal")
	return w.reaches("2", Running)
}

// TestWatched: each kind of harm, and only that, takes a version back that
// answers every request without an error; the reason names it, and the verdict
// can be made again.
func TestWatched(t *testing.T) {
	slow, refused, silent, thrifty := content, content, content, content
	slow.slow, refused.paid, silent.tells, thrifty.spent = 0.2, 0.6, 0, 28
	for _, c := range []struct {
		name, metric string
		fresh        customers
	}{
		{"content", "", content}, {"slow", "latency", slow}, {"refused", "paid", refused}, {"silent", "checkouts", silent}, {"thrifty", "basket", thrifty},
	} {
		t.Run(c.name, func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				r := w.open()
				w.tick.Add(2_000_000) // the version is warm
				from := 0
				w.until("it is decided", func() bool {
					if r = w.rollout("2"); r.Phase == Running && w.m.route("engine", Production).Rollout == r.ID {
						w.come(r, from, 2000, content, c.fresh)
						from += 2000
					}
					return r.Phase.Ended()
				})
				switch {
				case c.metric == "" && r.Phase != Promoted:
					t.Fatalf("%s: %s", r.Phase, r.Reason)
				case c.metric != "" && (r.Phase != RolledBack || !strings.Contains(r.Reason, c.metric)):
					t.Fatalf("%s: %s; want a rollback for %s", r.Phase, r.Reason, c.metric)
				}
				if p, err := w.Replay(t.Context(), person(access.Auditor), r.ID); err != nil || !p.Identical {
					t.Fatalf("it does not replay: %v", err)
				}
			})
		})
	}
}

// TestColdIsNotMeasured: a version that is slow in its first two seconds only is
// promoted; the same requests later take it back.
func TestColdIsNotMeasured(t *testing.T) {
	cold := content
	cold.slow = 0.5
	each(t, func(t *testing.T, w *world) {
		r := w.open()
		w.come(r, 0, 300, content, cold)
		d, err := w.Get(t.Context(), person(access.Auditor), r.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range d.Verdict.Metrics {
			if m.Name == plan.Slowness && m.Watched.Canary+m.Watched.Baseline != 0 {
				t.Fatalf("measured while it was cold: %+v", m.Watched)
			}
		}
		w.tick.Add(2_000_000)
		w.come(r, 300, 300, content, cold)
		if r = w.reaches("2", RolledBack); !strings.Contains(r.Reason, plan.Slowness) {
			t.Fatal(r.Reason)
		}
	})
}

// TestNothingTold: a metric that no service tells holds, and says so, however
// much traffic goes well.
func TestNothingTold(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.m.section = shop
		w.first()
		w.publish("2", "normal")
		r := w.reaches("2", Running)
		mute := content
		mute.tells = 0
		w.come(r, 0, 6000, mute, mute)
		w.until("it says what it waits for", func() bool { return strings.Contains(w.rollout("2").Waiting, "paid") })
		if r = w.rollout("2"); r.Phase != Running {
			t.Fatalf("%s: %s", r.Phase, r.Reason)
		}
	})
}
