package release

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/release/plan"
	"github.com/digital-factory/factory/internal/release/rollout"
)

// ramp is a plan under which traffic moves twice before a version is whole, and
// orders are watched besides errors.
const ramp = `{"stages": [0.2, 0.5, 1], "metrics": [
	{"name": "orders", "kind": "count", "event": "order.placed"},
	{"name": "paid", "kind": "proportion", "event": "order.placed", "role": "primary", "usual": 0.9, "margin": 0.5}
]}`

// crowd is who comes in one go: what a version does to them, and what clock tells
// of it.
type crowd struct {
	fails float64                            // probability to meet a server error
	slow  float64                            // to wait a second for an answer
	order float64                            // that an order is told
	event string                             // by what name; order.placed when empty
	skew  func(rng *rand.Rand) time.Duration // of the clock that tells; nil: none
}

// visits lets n new customers in under a stage, and services tell of them.
func (w *world) visits(r Rollout, stage, from, n int, old, fresh crowd) {
	w.t.Helper()
	rng := rand.New(rand.NewPCG(uint64(from), 5))
	t := Traffic{Rollout: r.ID, Requests: int64(n)}
	var told []Outcome
	for i := range n {
		o := Observation{Unit: fmt.Sprint("unit-", from+i), Arm: Baseline, Stage: stage, Took: 20 * time.Millisecond, At: w.now()}
		is := old
		if rng.Float64() < r.Plan.Stages[stage].Share {
			o.Arm, is = Canary, fresh
		}
		if o.Failed = rng.Float64() < is.fails; !o.Failed && rng.Float64() < is.slow {
			o.Took = time.Second
		}
		t.Observations = append(t.Observations, o)
		if o.Failed || rng.Float64() >= is.order {
			continue
		}
		e := Outcome{Rollout: r.ID, Event: is.event, Unit: o.Unit, Arm: o.Arm, Success: rng.Float64() < 0.9, At: o.At}
		if e.Event == "" {
			e.Event = "order.placed"
		}
		if is.skew != nil {
			e.At = e.At.Add(is.skew(rng))
		}
		told = append(told, e)
	}
	if err := w.Observe(w.t.Context(), t); err != nil {
		w.t.Fatal(err)
	}
	w.told(r, told)
	w.tick.Add((rollout.Settles + time.Second).Microseconds()) // everything of now has been told
	w.nudge()
}

// told hands over what services tell, as the app does: under the stage that was in
// force when it happened.
func (w *world) told(r Rollout, list []Outcome) {
	w.t.Helper()
	var known []Outcome
	now := w.now()
	for _, o := range list {
		o.At = rollout.When(o.At, now)
		switch {
		case !o.At.Before(r.Widened):
			o.Stage = r.Stage
		case !o.At.Before(r.Started):
			o.Stage = r.Stage - 1
		default:
			continue
		}
		known = append(known, o)
	}
	if err := w.Outcomes(w.t.Context(), r.ID, known); err != nil {
		w.t.Fatal(err)
	}
}

// ramps publishes version 2 under the section.
func (w *world) ramps(section, lane string) Rollout {
	w.t.Helper()
	w.m.section = section
	w.first()
	w.publish("2", lane)
	return w.reaches("2", Running)
}

// carries lets customers in, a few hundred at a time, until the rollout has ended or
// says what is awaited; who comes depends on the stage.
func (w *world) carries(awaited string, who func(stage int) (old, fresh crowd)) Rollout {
	w.t.Helper()
	from := 0
	w.until("it ends or says: "+awaited, func() bool {
		r := w.rollout("2")
		if r.Phase.Ended() || awaited != "" && strings.Contains(r.Waiting, awaited) {
			return true
		}
		if now := w.m.route("engine", Production); r.Phase == Running && now.Rollout == r.ID && now.Stage == r.Stage {
			old, fresh := who(r.Stage)
			w.visits(r, r.Stage, 2_000_000+from, 1, crowd{}, crowd{}) // the first whom the stage meets
			w.tick.Add((3 * time.Second).Microseconds())
			w.visits(r, r.Stage, from, 300, old, fresh)
			from += 300
		}
		return false
	})
	return w.rollout("2")
}

// ended checks that a rollout ended as it should, that its verdict can be
// made again, and that nothing was told twice.
func (w *world) ended(r Rollout, p Phase, says ...string) {
	w.t.Helper()
	if r.Phase != p {
		w.t.Fatalf("it is %s, reason %q, waits for %q; want %s", r.Phase, r.Reason, r.Waiting, p)
	}
	for _, part := range says {
		if !strings.Contains(r.Reason, part) {
			w.t.Fatalf("the reason does not say %q: %s", part, r.Reason)
		}
	}
	replayed(w.t, w, r)
	w.toldOnce()
}

// stays checks that a rollout is held by the evidence, and says why.
func (w *world) stays(r Rollout, says ...string) {
	w.t.Helper()
	if r.Phase != Running {
		w.t.Fatalf("it is %s: %s", r.Phase, r.Reason)
	}
	for _, part := range says {
		if !strings.Contains(r.Waiting, part) {
			w.t.Fatalf("it does not say %q: %s", part, r.Waiting)
		}
	}
}

// TestClockSkew: services, and the devices of customers even more so, tell the
// time wrongly. A harmless version is promoted and a harmful one taken back,
// whosever clock it is; no order is weighed with another share than the one that
// it happened under.
func TestClockSkew(t *testing.T) {
	by := func(d time.Duration) func(*rand.Rand) time.Duration {
		return func(*rand.Rand) time.Duration { return d }
	}
	device := func(rng *rand.Rand) time.Duration {
		return time.Duration(rng.Int64N(int64(4*time.Hour))) - 3*time.Hour
	}
	for _, c := range []struct {
		name       string
		old, fresh func(*rand.Rand) time.Duration
	}{
		{"all an hour behind", by(-time.Hour), by(-time.Hour)}, {"the canary five hours behind", nil, by(-5 * time.Hour)},
		{"the baseline an hour behind", by(-time.Hour), nil}, {"the canary ahead", nil, by(2 * time.Hour)}, {"every device its own", device, device},
	} {
		t.Run(c.name, func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				w.ramps(ramp, "normal")
				r := w.carries("", func(int) (crowd, crowd) {
					return crowd{order: 0.8, skew: c.old}, crowd{order: 0.8, skew: c.fresh}
				})
				w.ended(r, Promoted)
				for _, m := range r.Inputs.Metrics {
					for k, s := range m.Stages {
						if n := s.Canary + s.Baseline; m.Name == "orders" && k < 2 && (n < 100 || float64(s.Canary) < s.Share*float64(n)*0.8 || float64(s.Canary) > s.Share*float64(n)*1.2) {
							t.Fatalf("at a share of %v %d of %d orders were with the canary", s.Share, s.Canary, n)
						}
					}
				}
			})
		})
	}
	t.Run("it hides no harm", func(t *testing.T) {
		each(t, func(t *testing.T, w *world) {
			w.ramps(ramp, "normal")
			r := w.carries("", func(int) (crowd, crowd) {
				return crowd{order: 0.8, skew: by(-time.Hour)}, crowd{order: 0.4, skew: by(-time.Hour)}
			})
			w.ended(r, RolledBack, "orders")
		})
	})
}

// TestLateEvents: what is told late counts under the stage in which it happened,
// and what happened before the rollout not at all.
func TestLateEvents(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		r := w.ramps(ramp, "normal")
		tell := func(name string, at time.Time) {
			t.Helper()
			var list []Outcome
			for i := range 400 {
				list = append(list, Outcome{Rollout: r.ID, Event: "order.placed", Unit: fmt.Sprint(name, i), Arm: map[bool]Arm{true: Canary, false: Baseline}[i%5 == 0], Success: true, At: at})
			}
			w.told(r, list)
			w.tick.Add((rollout.Settles + time.Second).Microseconds())
		}
		orders := func() (n [2]int64) {
			t.Helper()
			if err := w.advance(t.Context()); err != nil {
				t.Fatal(err)
			}
			d, err := w.Get(t.Context(), person(access.Auditor), r.ID)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range d.Inputs.Metrics {
				for k := range n {
					if m.Name == "orders" {
						n[k] = m.Stages[k].Canary + m.Stages[k].Baseline
					}
				}
			}
			return n
		}
		w.tick.Add((5 * time.Second).Microseconds())
		tell("of before the rollout", r.Widened.Add(-time.Second))
		if n := orders(); n != [2]int64{} {
			t.Fatalf("%v orders of before the rollout are counted", n)
		}
		tell("of now", w.now())
		if n := orders(); n != [2]int64{400, 0} {
			t.Fatalf("%v orders are counted, of 400", n)
		}
		then := w.now()
		w.visits(r, 0, 10, 400, crowd{}, crowd{}) // enough for the next stage
		w.until("it widens", func() bool { return w.rollout("2").Stage == 1 })
		r = w.rollout("2")
		w.tick.Add((20 * time.Second).Microseconds())
		tell("late, of the stage before", then)
		if n := orders(); n != [2]int64{800, 0} {
			t.Fatalf("%v orders are counted: those of the stage before are weighed with another share", n)
		}
		if r = w.rollout("2"); r.Phase != Running {
			t.Fatalf("it is %s: %s", r.Phase, r.Reason)
		}
	})
}

// TestToldTwice: who cannot know whether it was heard tells again, also after the
// factory was started anew: everything counts once.
func TestToldTwice(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		r := w.ramps(ramp, "normal")
		w.visits(r, 0, 0, 30, crowd{order: 0.8}, crowd{order: 0.8})
		w.tick.Add((3 * time.Second).Microseconds())
		inputs := func() any {
			t.Helper()
			d, err := w.Get(t.Context(), person(access.Auditor), r.ID)
			if err != nil {
				t.Fatal(err)
			}
			return d.Inputs
		}
		w.visits(r, 0, 100, 200, crowd{order: 0.8, fails: 0.05}, crowd{order: 0.8, fails: 0.05})
		before := inputs()
		w.visits(r, 0, 100, 200, crowd{order: 0.8, fails: 0.05}, crowd{order: 0.8, fails: 0.05})
		w.again()
		w.visits(r, 0, 100, 200, crowd{order: 0.8, fails: 0.05}, crowd{order: 0.8, fails: 0.05})
		if diff := cmp.Diff(before, inputs()); diff != "" {
			t.Fatalf("what was told again has changed the counts (-before +after):\n%s", diff)
		}
	})
}

// TestMetricRenamed in the middle of a rollout. By both versions, as when a
// library or the collector does it: it stays, and says since when nobody tells of
// it. By the canary alone: that looks the same as if it had ceased to happen, so
// the version is taken back, and the reason names the other possibility.
func TestMetricRenamed(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.ramps(ramp, "normal")
		r := w.carries("neither version told of it", func(stage int) (crowd, crowd) {
			is := crowd{order: 0.1}
			if stage > 0 {
				is.event = "order_placed_total"
			}
			return is, is
		})
		w.stays(r, "Of paid, since the share is 50 %: neither version told of it for any of the ", "or is told under another name")
	})
	each2 := func(t *testing.T, w *world) {
		w.ramps(ramp, "normal")
		r := w.carries("", func(stage int) (crowd, crowd) {
			is, fresh := crowd{order: 0.05}, crowd{order: 0.05}
			if stage > 0 {
				fresh.event = "order_placed_total"
			}
			return is, fresh
		})
		w.ended(r, RolledBack, "ince the share is 50 %: the canary told of it for no unit", "told under another name")
	}
	t.Run("by the canary", func(t *testing.T) { each(t, each2) })
}

// TestBaselineDies in the middle of a rollout: the new version is neither promoted
// for being better than a ruin, nor taken back for what a ruin does not have. When
// it lives again, the rollout goes on.
func TestBaselineDies(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.m.section = ramp
		w.first()
		w.m.mu.Lock()
		w.m.served = plan.Latencies{Bounds: []float64{0.1, 0.25, 2}, Counts: []int64{4000, 50, 120, 0}}
		w.m.mu.Unlock()
		w.publish("2", "normal")
		w.reaches("2", Running)
		dead := func(stage int) (crowd, crowd) {
			old := crowd{order: 0.8, slow: 0.1}
			if stage > 0 {
				old.fails = 1
			}
			return old, crowd{order: 0.8, fails: 0.005, slow: 0.1}
		}
		r := w.carries("The baseline fails itself", dead)
		w.stays(r, " of the canary", "Find out what ails the baseline", "start it as a hotfix")
		for i := range 12 { // however long that lasts
			w.tick.Add((3 * time.Second).Microseconds())
			old, fresh := dead(1)
			w.visits(r, 1, 1_000_000+300*i, 300, old, fresh)
			if err := w.advance(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		w.stays(w.rollout("2"), "The baseline fails itself")
		if now := w.m.route("engine", Production); now.Stage != 1 || now.Rollout != r.ID {
			t.Fatalf("production is routed %+v", now)
		}
	})
	t.Run("as a hotfix", func(t *testing.T) {
		each(t, func(t *testing.T, w *world) {
			w.ramps("", "hotfix")
			r := w.carries("", func(int) (crowd, crowd) { return crowd{fails: 1}, crowd{} })
			w.ended(r, Promoted, "0 of the canary's", "which is below the accepted 1 %")
		})
	})
	t.Run("and lives again", func(t *testing.T) {
		each(t, func(t *testing.T, w *world) {
			w.ramps(`{"stages": [0.5, 1]}`, "normal")
			n := 0
			r := w.carries("", func(int) (crowd, crowd) {
				n++
				if n == 2 {
					return crowd{fails: 0.3}, crowd{fails: 0.05}
				}
				if n == 3 {
					w.stays(w.rollout("2"), "The baseline fails itself")
				}
				return crowd{fails: 0.002}, crowd{fails: 0.002}
			})
			w.ended(r, Promoted)
		})
	})
}

// TestBothFailTogether: what they share is ill. Nothing is decided, and the page
// points there; that the new version fails even more is still seen.
func TestBothFailTogether(t *testing.T) {
	for _, c := range []struct {
		name  string
		fresh float64
		want  Phase
	}{{"alike", 0.6, Running}, {"the canary more", 0.95, RolledBack}} {
		t.Run(c.name, func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				w.ramps(`{"stages": [0.2, 0.5, 1]}`, "normal")
				r := w.carries("Both versions fail together", func(stage int) (crowd, crowd) {
					if stage == 0 {
						return crowd{order: 0.8}, crowd{order: 0.8}
					}
					return crowd{fails: 0.6, order: 0.8}, crowd{fails: c.fresh, order: 0.8}
				})
				for i := 0; i < 20 && !r.Phase.Ended(); i++ {
					w.tick.Add((3 * time.Second).Microseconds())
					w.visits(r, 1, 1_000_000+300*i, 300, crowd{fails: 0.6, order: 0.8}, crowd{fails: c.fresh, order: 0.8})
					if err := w.advance(t.Context()); err != nil {
						t.Fatal(err)
					}
					if r = w.rollout("2"); r.Phase == RollingBack {
						r = w.reaches("2", RolledBack)
					}
				}
				if c.want == Running {
					w.stays(r, "Both versions fail together", "something they share")
				} else {
					w.ended(r, c.want, "server-errors")
				}
			})
		})
	}
}

// TestSlowStore: while somebody keeps the store busy, readers are not kept
// waiting, and what was seen meanwhile counts, once, and is judged.
func TestSlowStore(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.first()
		w.publish("2", "normal")
		r := w.reaches("2", Running)
		busy, done := make(chan struct{}), make(chan struct{})
		ended := make(chan error, 1)
		go func() {
			ended <- w.db.Update(t.Context(), func(tx *store.Tx) error {
				_, err := tx.Exec(t.Context(), `update release_rollout set version = version where id = $1`, string(r.ID))
				close(busy)
				<-done
				return err
			})
		}()
		<-busy
		observed := make(chan error, 1)
		go func() {
			bad := Traffic{Rollout: r.ID, Requests: 4000}
			for i := range 4000 {
				o := Observation{Unit: fmt.Sprint("unit-", i), Arm: Baseline, At: w.now()}
				if i%20 == 0 {
					o.Arm, o.Failed = Canary, i%60 == 0
				}
				bad.Observations = append(bad.Observations, o)
			}
			observed <- w.Observe(t.Context(), bad)
		}()
		d, err := w.Get(t.Context(), person(access.Auditor), r.ID)
		if err != nil || d.Phase != Running || d.Requests != 0 {
			t.Fatalf("while the store is busy: %v, %s with %d requests", err, d.Phase, d.Requests)
		}
		select {
		case err := <-observed:
			t.Fatalf("it was counted beside the lock: %v", err)
		default:
		}
		close(done)
		for _, c := range []chan error{ended, observed} {
			if err := <-c; err != nil {
				t.Fatal(err)
			}
		}
		r = w.reaches("2", RolledBack)
		if a := r.Inputs.Metrics[0].Arm; a.Units != 200 || a.Failures != 67 {
			t.Fatalf("counted %+v", a)
		}
		w.ended(r, RolledBack, "server-errors")
	})
}

// TestFullStore: when there is no room, who tells is told so and keeps it, a lever
// says why it does not move, nothing is half done; with room again it goes on by
// itself and the verdict is the same.
func TestFullStore(t *testing.T) {
	t.Parallel()
	db, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "full.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if err := db.Migrate(t.Context(), schemas()...); err != nil {
		t.Fatal(err)
	}
	w := outside(t, db)
	defer func() { w.end() }()
	w.first()
	w.publish("2", "normal")
	r := w.reaches("2", Running)
	w.until("traffic is split", func() bool { return w.m.route("engine", Production).Rollout == r.ID })
	pages := func(query string) {
		t.Helper()
		err := db.Update(t.Context(), func(tx *store.Tx) error {
			_, err := store.One(t.Context(), tx, store.Scan1[int64], query)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	bad := Traffic{Rollout: r.ID, Requests: 8000}
	for i := range 8000 {
		o := Observation{Unit: fmt.Sprint("a unit with a name that takes its room ", i), Arm: Baseline, At: w.now()}
		if i%20 == 0 {
			o.Arm, o.Failed = Canary, i%60 == 0
		}
		bad.Observations = append(bad.Observations, o)
	}
	before := w.rollout("2")
	pages(`pragma max_page_count = 1`) // no more than there are
	if err := w.Observe(t.Context(), bad); errs.KindOf(err) != errs.Unavailable || errs.Of(err).Next == "" {
		t.Fatalf("counts on a full disk: %v", err)
	}
	if err := w.advance(t.Context()); err != nil && errs.KindOf(err) != errs.Unavailable {
		t.Fatal(err)
	}
	long := strings.Repeat("x", 2000)
	for i := 0; ; i++ { // what room is left in pages that are there
		_, err := w.Hold(t.Context(), person(access.Member, "eng"), r.ID, long)
		if errs.KindOf(err) == errs.Unavailable {
			if errs.Of(err).Next == "" {
				t.Fatalf("a lever on a full disk: %v", err)
			}
			break
		}
		if err == nil {
			_, err = w.Resume(t.Context(), person(access.Member, "eng"), r.ID, long)
		}
		if err != nil && errs.KindOf(err) != errs.Unavailable || i > 1000 {
			t.Fatalf("a lever on a full disk: %v", err)
		}
	}
	if now := w.rollout("2"); now.Phase != Running || now.Requests != before.Requests {
		t.Fatalf("something was half done: %s with %d requests", now.Phase, now.Requests)
	}
	pages(`pragma max_page_count = 100000`)
	if err := w.Observe(t.Context(), bad); err != nil { // as the gateway does with what it could not hand over
		t.Fatal(err)
	}
	r = w.reaches("2", RolledBack)
	if a := r.Inputs.Metrics[0].Arm; a.Units != 400 || a.Failures != 134 || r.Requests != 8000 {
		t.Fatalf("counted %+v of %d requests", a, r.Requests)
	}
	w.ended(r, RolledBack, "server-errors")
}

// TestCrashWhileTakenBack ends the process right after each thing that a rollback
// does to the outside: it is finished as it would have been, told once, and the
// verdict stands.
func TestCrashWhileTakenBack(t *testing.T) {
	for _, act := range []string{"route production 0 0.05", "route production 0 0", "stop"} {
		t.Run(act, func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				w.first()
				w.until("staging is quiet", func() bool { return len(w.m.up()) == 2 })
				crashed := w.crashesAfter(act, 0)
				w.publish("2", "normal")
				fed := false
				w.until("it crashes", func() bool {
					r := w.rollout("2")
					if r.Phase == Running && !fed && w.m.route("engine", Production).Rollout == r.ID {
						w.units(r, 0, 4000, 3, 0)
						fed = true
					}
					return crashed()
				})
				w.again()
				if r := w.rollout("2"); !fed || r.Phase == Running && r.Requests == 0 {
					w.units(r, 0, 4000, 3, 0)
				}
				r := w.reaches("2", RolledBack)
				base := w.rollout("1")
				w.until("only what serves is left running", func() bool {
					up := w.m.up()
					return up[base.Workload] && !up[r.Workload]
				})
				if now := w.m.route("engine", Production); now.Baseline != base.Workload || now.Canary != "" {
					t.Fatalf("production is routed %+v", now)
				}
				if n := len(facts[fact.ArtifactMarkedBad](w)); n != 1 {
					t.Fatalf("marked bad %d times", n)
				}
				w.ended(r, RolledBack, "server-errors")
			})
		})
	}
}
