package release

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/page"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/effect"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/release/rollout"
)

// crashesAfter ends the process, once, right after an act that begins so; skip
// lets as many of them pass.
func (w *world) crashesAfter(act string, skip int) (crashed func() bool) {
	over, m, kill := false, w.m, w.kill // of this process: the next one acts while it is still being put in w
	m.mu.Lock()
	defer m.mu.Unlock()
	m.after = func(done string) {
		m.mu.Lock()
		hit := !over && strings.HasPrefix(done, act)
		if hit && skip > 0 {
			hit = false
			skip--
		}
		over = over || hit
		m.mu.Unlock()
		if hit {
			kill()
		}
	}
	return func() bool { m.mu.Lock(); defer m.mu.Unlock(); return over }
}

// TestCrashAtEveryAct ends the process right after each thing that it does to
// the outside, before it could write down that it did, and begins it again:
// the rollout ends as it would have, and everything is told once.
func TestCrashAtEveryAct(t *testing.T) {
	for _, act := range []string{
		"deploy staging", "probe staging", "route staging", "deploy production", "probe production",
		"route production 0 0.05", "route production 1 0.25", "route production 0 0", "stop",
	} {
		t.Run(act, func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				w.first()
				crashed := w.crashesAfter(act, 0)
				w.publish("2", "normal")
				w.until("it crashes", func() bool {
					r := w.rollout("2")
					if now := w.m.route("engine", Production); r.Phase == Running && now.Rollout == r.ID && now.Stage == r.Stage {
						w.units(r, int(r.Version)*10_000, 4000, 0, 0)
					}
					return crashed()
				})
				w.again()
				r := w.promotes("2")
				base := facts[fact.RolloutStarted](w)[0].Rollout
				w.until("only what serves is left running", func() bool {
					up := w.m.up()
					return len(up) == 2 && up[r.Workload] && up[workload(r.ID, Staging)]
				})
				if now := w.m.route("engine", Production); now.Baseline != r.Workload || now.Canary != "" {
					t.Fatalf("production is routed %+v", now)
				}
				if w.m.stops(workload(base, Production)) == 0 {
					t.Fatal("the old version was never stopped")
				}
				w.toldOnce()
				replayed(t, w, r)
			})
		})
	}
}

// toldOnce checks that no fact of a rollout was told twice.
func (w *world) toldOnce() {
	w.t.Helper()
	all, err := w.j.Since(w.t.Context(), 0, 10_000)
	if err != nil {
		w.t.Fatal(err)
	}
	told := map[string]int{}
	for _, f := range all {
		told[f.Kind+" "+string(f.Subject)+" "+string(f.Data)]++
	}
	for what, n := range told {
		if n > 1 {
			w.t.Errorf("told %d times: %s", n, what)
		}
	}
	if _, err := w.j.Verify(w.t.Context()); err != nil {
		w.t.Errorf("the journal: %v", err)
	}
}

// TestPerformersRunAgain: every performer may be called for a rollout that is
// long past what it is for.
func TestPerformersRunAgain(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.first()
		w.publish("2", "normal")
		w.promotes("2")
		w.publish("3", "normal")
		r := w.reaches("3", Running)
		w.units(r, 0, 4000, 3, 0)
		w.reaches("3", RolledBack)
		w.until("all effects are done", func() bool {
			open, _, err := w.e.List(t.Context(), effect.Waiting, "", page.Ask{})
			running, _, err2 := w.e.List(t.Context(), effect.Running, "", page.Ask{})
			return err == nil && err2 == nil && len(open)+len(running) == 0
		})
		before := w.list()
		told, err := w.j.Head(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		routes := map[ref.Environment]Route{Staging: w.m.route("engine", Staging), Production: w.m.route("engine", Production)}
		up := w.m.up()
		for _, r := range before {
			for _, do := range []func(context.Context, Rollout) error{
				s(w).stage, s(w).start, s(w).route,
				func(ctx context.Context, r Rollout) error { return s(w).settle(ctx, r) },
				func(ctx context.Context, r Rollout) error { return s(w).settled(ctx, r, r.Moved) }, // the other of two that moved it
			} {
				if err := do(t.Context(), r); err != nil {
					t.Errorf("version %s: %v", r.Number, err)
				}
			}
		}
		now, err := w.j.Head(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		got := map[ref.Environment]Route{Staging: w.m.route("engine", Staging), Production: w.m.route("engine", Production)}
		if diff := cmp.Diff([]any{before, told, routes, up}, []any{w.list(), now, got, w.m.up()}); diff != "" {
			t.Fatalf("something moved (-before +after):\n%s", diff)
		}
	})
}

func s(w *world) *Service { return w.Service }

// TestLateCounts: what comes in after the verdict adds to the requests, never
// to the evidence; a rollout that nobody knows is told apart.
func TestLateCounts(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.first()
		w.publish("2", "normal")
		r := w.reaches("2", Running)
		w.units(r, 0, 4000, 3, 0)
		r = w.reaches("2", RolledBack)
		batches := func() (n int64) {
			err := w.db.View(t.Context(), func(tx *store.Tx) (err error) {
				n, err = store.One(t.Context(), tx, store.Scan1[int64], `select count(*) from release_counted where rollout = $1`, string(r.ID))
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		before := batches()
		if err := w.Observe(t.Context(), Traffic{Rollout: r.ID, Requests: 7, Unanswered: 2, Observations: []Observation{{Unit: "late", Arm: Canary, Failed: true, At: w.now()}}}); err != nil {
			t.Fatal(err)
		}
		d, err := w.Get(t.Context(), person(access.Auditor), r.ID)
		if err != nil {
			t.Fatal(err)
		}
		if d.Requests != r.Requests+7 || d.Unanswered != 2 || d.Inputs.Metrics[0].Arm.Units != 200 || !d.Deciding.Equal(r.Deciding) {
			t.Fatalf("after the verdict: %d requests, %+v", d.Requests, d.Inputs.Metrics[0].Arm)
		}
		late := rollout.NewTally()
		late.Add(rollout.Exposed, 0, Canary, "later") // by one who read the rollout before the verdict
		if err := rollout.NewKnown().Count(t.Context(), w.db, r.ID, rollout.Batch{Tally: late}, func() {}); err != nil {
			t.Fatal(err)
		}
		if now := batches(); before == 0 || now != before {
			t.Fatalf("%d batches of units, before %d", now, before)
		}
		wants(t, w.Observe(t.Context(), Traffic{Rollout: "unknown", Requests: 1}), "not-found", "no rollout")
	})
}

// TestClockSetBack: routes keep their order although the clock does not.
func TestClockSetBack(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.first()
		w.publish("2", "normal")
		r := w.reaches("2", Running)
		w.until("traffic is split", func() bool { return w.m.route("engine", Production).Rollout == r.ID })
		w.end()
		w.tick.Add(-3_600_000_000)
		*w = *begin(t, w.db, w.m, w.tick)
		r = w.promotes("2")
		if now := w.m.route("engine", Production); now.Baseline != r.Workload || now.Canary != "" {
			t.Fatalf("production is routed %+v", now)
		}
		w.publish("3", "normal")
		r = w.promotes("3")
		if now := []ref.Workload{w.m.route("engine", Production).Baseline, w.m.route("engine", Staging).Baseline}; !slices.Equal(now, []ref.Workload{r.Workload, workload(r.ID, Staging)}) {
			t.Fatalf("routed %v", now)
		}
	})
}
