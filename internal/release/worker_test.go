package release

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/release/rollout"
)

// tells appends what the runtime tells of a workload.
func (w *world) tells(of ref.Workload, p fact.Payload) {
	w.t.Helper()
	err := w.db.Update(w.t.Context(), func(tx *store.Tx) error {
		return w.j.Append(w.t.Context(), tx, journal.By{ID: "system/runtime", Name: "runtime"}, ref.Of("workload", of), p)
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) runs(of ref.Workload) {
	w.t.Helper()
	w.tells(of, fact.WorkloadReady{Workload: of, Component: "engine", Environment: Production})
}

func (w *world) crashes(of ref.Workload) {
	w.t.Helper()
	w.tells(of, fact.WorkloadCrashed{Workload: of, Component: "engine", Environment: Production, Reason: "it exited with code 1"})
}

// passes lets time pass after all that was told has been heard.
func (w *world) passes(long time.Duration, heard func(r Rollout) bool, number string) {
	w.t.Helper()
	w.until("it is heard", func() bool { return heard(w.rollout(number)) })
	w.tick.Add(long.Microseconds())
	w.nudge()
}

func steady(r Rollout) bool { return !r.Steady.IsZero() }

// did tells how the jobs of both versions went: of each n, so many failed.
func (w *world) did(r Rollout, from, n, canaryFails, baselineFails int) {
	w.t.Helper()
	var told []Outcome
	for _, side := range []struct {
		arm   Arm
		fails int
	}{{Canary, canaryFails}, {Baseline, baselineFails}} {
		for i := range n {
			told = append(told, Outcome{Rollout: r.ID, Event: "jobs", Unit: fmt.Sprint(side.arm, from+i), Arm: side.arm, Success: i >= side.fails, At: w.now()})
		}
	}
	if err := w.Outcomes(w.t.Context(), r.ID, told); err != nil {
		w.t.Fatal(err)
	}
	w.tick.Add((rollout.Settles + time.Second).Microseconds())
	w.nudge()
}

// TestWorker: what serves nothing goes to production without a person and without
// a request: by what was seen of its processes, and of its jobs where it tells them.
func TestWorker(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.m.section = `{"worker": true, "watch": "1m", "metrics": [{"name": "jobs", "kind": "proportion", "event": "jobs", "usual": 0.9, "margin": 0.5}]}`
		w.publish("1", "normal")
		one := w.reaches("1", Running)
		w.runs(one.Workload)
		w.passes(11*time.Second, steady, "1") // less than the watch: nothing works that waits behind it
		if r := w.reaches("1", Promoted); !strings.Contains(r.Reason, "it has run for 10s without ending by itself") {
			t.Errorf("promoted: %s", r.Reason)
		}

		w.publish("2", "normal")
		two := w.reaches("2", Running)
		w.until("both take their work", func() bool { return w.m.route("engine", Production).Canary == two.Workload })
		if r := w.m.route("engine", Production); len(r.Strata) != 0 || r.Baseline != one.Workload {
			t.Errorf("the route %+v", r)
		}
		w.runs(two.Workload)
		w.passes(50*time.Second, steady, "2")
		w.crashes(two.Workload)
		w.tells(two.Workload, fact.WorkloadReady{Workload: two.Workload, Component: "engine", Environment: Production, Replica: 1, Ready: 1, Replicas: 2})
		w.passes(time.Hour, func(r Rollout) bool { return !steady(r) }, "2") // it does not run: one of its replicas does
		w.runs(two.Workload)
		w.did(two, 0, 20, 2, 2)
		w.passes(30*time.Second, steady, "2") // not long enough since then
		d, err := w.Get(t.Context(), access.System("test"), two.ID)
		if err != nil || d.Phase != Running || d.Inputs.Lives == nil || d.Inputs.Lives.Crashes != 1 || !strings.Contains(d.Verdict.Waiting, "until it has run for 1m0s without ending by itself. It ended by itself once") {
			t.Errorf("%s: %+v %+v: %v", d.Phase, d.Inputs, d.Verdict, err)
		}
		w.passes(40*time.Second, steady, "2")
		two = w.reaches("2", Promoted)
		for _, says := range []string{"It ended by itself once while it was watched; the version before never ended by itself in the same time", "only 20 units of each version could be compared, fewer than the 50"} {
			if !strings.Contains(two.Reason, says) {
				t.Errorf("promoted without saying %q: %s", says, two.Reason)
			}
		}

		w.publish("3", "normal")
		three := w.reaches("3", Running)
		w.runs(three.Workload)
		for range 3 {
			w.crashes(three.Workload)
		}
		w.crashes(two.Workload)
		if r := w.reaches("3", RolledBack); !strings.Contains(r.Reason, "It ended by itself 3 times while it was watched") {
			t.Errorf("rolled back: %s", r.Reason)
		}
		if r := w.m.route("engine", Production); r.Baseline != two.Workload || r.Canary != "" {
			t.Errorf("the route %+v", r)
		}

		w.publish("4", "normal")
		four := w.reaches("4", Running)
		w.runs(four.Workload)
		w.until("both take their work", func() bool { return w.m.route("engine", Production).Canary == four.Workload })
		w.did(four, 0, 60, 40, 4)
		if r := w.reaches("4", RolledBack); !strings.Contains(r.Reason, "Roll back: jobs.") {
			t.Errorf("rolled back: %s", r.Reason)
		}
		for _, id := range []ref.Rollout{one.ID, two.ID, three.ID, four.ID} {
			if p, err := w.Replay(t.Context(), access.System("test"), id); err != nil || !p.Identical {
				t.Errorf("the verdict replays as %+v, not %+v: %v", p.Again, p.Stored, err)
			}
		}
	})
}
