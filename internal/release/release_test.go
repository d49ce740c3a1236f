package release

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/evidence"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/release/rollout"
)

// TestFirstVersionGoesLive: nobody is served yet, so synthetic units decide.
func TestFirstVersionGoesLive(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.first()
		r := w.rollout("1")
		if !r.First || r.Verdict.Decision != evidence.Promote || r.Requests != 0 || r.Moved.IsZero() || r.Finished.IsZero() {
			t.Fatalf("not what a first version is: %+v", r)
		}
		d, err := w.Get(t.Context(), person(access.Auditor), r.ID)
		if err != nil {
			t.Fatal(err)
		}
		if got := d.Inputs.Metrics[0].Arm; got != (evidence.OneArm{Units: 200}) {
			t.Fatalf("decided from %+v, want 200 synthetic units and no failure", got)
		}
		lives, err := w.Lives(t.Context(), person(access.Auditor), "engine")
		if err != nil {
			t.Fatal(err)
		}
		var where []string
		for _, l := range lives {
			where = append(where, string(l.Environment)+" "+l.Number)
		}
		if diff := cmp.Diff([]string{"staging 1", "production 1"}, where); diff != "" {
			t.Fatalf("what runs where (-want +got):\n%s", diff)
		}
		if got := w.m.route("engine", Production); got.Baseline != r.Workload || got.Canary != "" {
			t.Fatalf("production is routed %+v", got)
		}
		deployed, started, finished := facts[fact.DeploymentFinished](w), facts[fact.RolloutStarted](w), facts[fact.RolloutFinished](w)
		if len(deployed) != 1 || deployed[0].Outcome != "succeeded" || len(started) != 1 || started[0].Baseline != "" || started[0].PlanHash != r.PlanHash ||
			len(finished) != 1 || finished[0].Outcome != "promoted" || !finished[0].Exposed {
			t.Fatalf("told: %+v %+v %+v", deployed, started, finished)
		}
	})
}

// TestSecondVersion goes through its stages in order, and evidence promotes it.
func TestSecondVersion(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.first()
		old := w.rollout("1").Workload
		w.publish("2", "normal")
		r := w.promotes("2")
		var shares []float64
		for _, route := range w.m.seen {
			if route.Rollout == r.ID {
				shares = append(shares, shareOf(route))
				if route.Baseline != old || route.Canary != r.Workload || route.Key != r.SplitKey {
					t.Errorf("routed %+v", route)
				}
			}
		}
		if diff := cmp.Diff([]float64{0.05, 0.25}, slices.Compact(shares)); diff != "" {
			t.Fatalf("shares on the way (-want +got):\n%s", diff)
		}
		if got := w.m.route("engine", Production); got.Baseline != r.Workload || got.Canary != "" {
			t.Fatalf("after the promotion production is routed %+v", got)
		}
		w.until("the old version is stopped", func() bool { up := w.m.up(); return !up[old] && up[r.Workload] && len(up) == 2 })
		if r.Deciding.IsZero() || r.Decided.Before(r.Deciding) || r.Moved.Before(r.Decided) || r.Requests < 8000 || r.BaseNumber != "1" {
			t.Fatalf("times and counts: %+v", r)
		}
		replayed(t, w, r)
		widened := facts[fact.RolloutWidened](w)
		if len(widened) != 1 || widened[0].Stage != 1 || widened[0].Share != 0.25 {
			t.Fatalf("widened: %+v", widened)
		}
		d, err := w.Get(t.Context(), person(access.Auditor), r.ID)
		if err != nil || len(d.Trace) < 2 || d.Trace[len(d.Trace)-1].Canary == 0 {
			t.Fatalf("the picture has %d points: %v", len(d.Trace), err)
		}
	})
}

func replayed(t *testing.T, w *world, r Rollout) {
	t.Helper()
	p, err := w.Replay(t.Context(), person(access.Auditor), r.ID)
	if err != nil {
		t.Fatal(err)
	}
	if !p.Identical {
		t.Fatalf("replay differs (-stored +again):\n%s", cmp.Diff(p.Stored, p.Again))
	}
}

// TestLiveAgain: what is live can be rolled out again, as to give it new
// variables; where that does harm the version is not to blame, and stays live.
func TestLiveAgain(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.first()
		a := w.publish("2", "normal")
		live := w.promotes("2")
		lead := person(access.Member, "eng")
		for _, harm := range []bool{true, false} {
			r, err := w.Start(t.Context(), lead, a, "normal", "new variables")
			if err != nil {
				t.Fatal(err)
			}
			if !harm {
				r = w.promotes("2")
				w.until("the old workload is stopped", func() bool { return !w.m.up()[live.Workload] })
				if now := w.m.route("engine", Production); now.Baseline != r.Workload {
					t.Fatalf("production is routed %+v", now)
				}
				continue
			}
			w.units(w.reaches("2", Running), 0, 4000, 3, 0)
			r = w.reaches("2", RolledBack)
			replayed(t, w, r)
			if now := w.m.route("engine", Production); now.Baseline != live.Workload || now.Canary != "" {
				t.Fatalf("after the rollback production is routed %+v", now)
			}
		}
		if bad := facts[fact.ArtifactMarkedBad](w); len(bad) != 0 {
			t.Fatalf("marked: %+v", bad)
		}
	})
}

// TestBadVersion is rolled back by evidence, marked, and refused until a person
// clears it.
func TestBadVersion(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.first()
		base := w.rollout("1").Workload
		a := w.publish("2", "normal")
		r := w.reaches("2", Running)
		w.units(r, 0, 4000, 3, 0)
		r = w.reaches("2", RolledBack)
		if got := w.m.route("engine", Production); got.Baseline != base || got.Canary != "" {
			t.Fatalf("after the rollback production is routed %+v", got)
		}
		w.until("the bad version is stopped", func() bool { return !w.m.up()[r.Workload] && w.m.up()[base] })
		replayed(t, w, r)
		if bad := facts[fact.ArtifactMarkedBad](w); len(bad) != 1 || bad[0].Artifact != a || bad[0].Rollout != r.ID {
			t.Fatalf("marked: %+v", bad)
		}
		if f := facts[fact.RolloutFinished](w); len(f) != 2 || f[1].Outcome != "rolled_back" || !f[1].Exposed || f[1].LogE < math.Log(1/f[1].Alpha) {
			t.Fatalf("finished: %+v", f)
		}
		lead := person(access.Member, "eng")
		_, err := w.Start(t.Context(), lead, a, "normal", "again")
		wants(t, err, errs.Blocked, "marked bad")
		wants(t, w.Clear(t.Context(), person(access.Member, "other"), a, "sure"), errs.Denied, "eng")
		wants(t, w.Clear(t.Context(), lead, a, " "), errs.Invalid, "reason")
		if err := w.Clear(t.Context(), lead, a, "the metric was wrong"); err != nil {
			t.Fatal(err)
		}
		wants(t, w.Clear(t.Context(), lead, a, "twice"), errs.NotFound, "not marked")
		if _, err := w.Start(t.Context(), lead, a, "hotfix", "again"); err != nil {
			t.Fatal(err)
		}
		_, err = w.Start(t.Context(), lead, a, "hotfix", "and again")
		wants(t, err, errs.Blocked, "already")
		r = w.promotes("2")
		if diff := cmp.Diff([]float64{0.25, 1}, r.Plan.Shares()); diff != "" {
			t.Fatalf("the hotfix lane: %s", diff)
		}
		_, err = w.Start(t.Context(), lead, "sha256:never", "normal", "unknown")
		wants(t, err, errs.NotFound, "published")
		_, err = w.Start(t.Context(), lead, a, "fast", "lane")
		wants(t, err, errs.Invalid, "lane")
	})
}

func wants(t *testing.T, err error, kind errs.Kind, text string) {
	t.Helper()
	if !errs.Is(err, kind) || !strings.Contains(err.Error(), text) {
		t.Errorf("error %q of kind %q, want kind %q with %q", err, errs.KindOf(err), kind, text)
	}
}

// TestUnitCountsOnce however often, in whichever arm and after whatever restart
// it is reported.
func TestUnitCountsOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.first()
		w.publish("2", "normal")
		r := w.reaches("2", Running)
		see := func(requests int64, list ...Observation) {
			t.Helper()
			if err := w.Observe(t.Context(), Traffic{Rollout: r.ID, Observations: list, Requests: requests, Unanswered: 1}); err != nil {
				t.Fatal(err)
			}
		}
		at := w.now()
		seen := func(unit string, arm Arm, stage int, failed bool) Observation {
			return Observation{Unit: unit, Arm: arm, Stage: stage, Failed: failed, At: at}
		}
		see(10, seen("a", Baseline, 0, true), seen("a", Baseline, 0, true), seen("b", Canary, 0, false))
		see(5, seen("a", Canary, 1, true), seen("b", Canary, 1, true)) // both moved on to the next stage
		w.again()
		see(0, seen("a", Baseline, 0, true), seen("a", Canary, 1, true), seen("b", Canary, 0, true))
		d, err := w.Get(t.Context(), person(access.Auditor), r.ID)
		if err != nil {
			t.Fatal(err)
		}
		in := d.Inputs
		want := evidence.Inputs{
			Exposures: []evidence.Exposure{
				{Stage: evidence.Stage{Share: 0.05, Canary: 1, Baseline: 1}, Served: 1},
				{Stage: evidence.Stage{Share: 0.25}, Served: 2},
				{Stage: evidence.Stage{Share: 1}},
			},
			Metrics: []evidence.MetricInput{{
				Name:   "server-errors",
				Stages: []evidence.Stage{{Share: 0.05, Baseline: 1}, {Share: 0.25, Canary: 1}, {Share: 1}},
				Arm:    evidence.OneArm{Units: 2, Failures: 2},
			}},
		}
		if diff := cmp.Diff(&want, in); diff != "" {
			t.Fatalf("counted (-want +got):\n%s", diff)
		}
		if d.Requests != 15 || d.Unanswered != 3 {
			t.Fatalf("%d requests, %d unanswered; want 15 and 3", d.Requests, d.Unanswered)
		}
	})
}

// TestEffectIsTold: a randomised rollout measures what it did to the key
// result, with the numbers that the outcomes give.
func TestEffectIsTold(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.first()
		w.m.list = []Experiment{{KeyResult: "kr-1", Feature: "f-1", Event: "missions", Where: map[string]string{"class": "heavy"}}}
		w.publish("2", "hotfix") // one stage: 25 %
		r := w.reaches("2", Running)
		w.units(r, 0, 3000, 0, 0)
		w.until("it waits for the experiment", func() bool { return strings.Contains(w.rollout("2").Waiting, "key result") })
		var list []Outcome
		var want evidence.OutcomeStage
		want.Share = 0.25
		heavy, light := map[string]string{"class": "heavy", "n": "1"}, map[string]string{"class": "light"}
		for i := range 1200 {
			o := Outcome{Rollout: r.ID, Event: "missions", Unit: fmt.Sprint("unit-", i), Arm: Baseline, Stage: r.Stage, Success: i%5 == 1, Attributes: heavy, At: w.now()}
			switch {
			case i%4 == 0:
				o.Arm, o.Success = Canary, i%8 == 0
				if o.Success {
					want.CanaryYes++
				} else {
					want.CanaryNo++
				}
			case o.Success:
				want.BaselineYes++
			default:
				want.BaselineNo++
			}
			again := o
			again.Success = !o.Success // a unit's later outcomes change nothing
			other, foreign := o, o
			other.Attributes, foreign.Event = light, "logins"
			list = append(list, other, foreign, o, again)
		}
		for part := range slices.Chunk(list, 700) {
			if err := w.Outcomes(t.Context(), r.ID, part); err != nil {
				t.Fatal(err)
			}
		}
		w.tick.Add((rollout.Settles + time.Second).Microseconds())
		w.nudge()
		r = w.reaches("2", Promoted)
		m, ok := evidence.Effect([]evidence.OutcomeStage{want}, r.Plan.Evidence.IntervalAlpha)
		if !ok {
			t.Fatal("the example is too small")
		}
		wantFact := []fact.EffectMeasured{{Rollout: r.ID, Component: "engine", Team: "eng", Items: []ref.Item{"ENG-1"}, KeyResult: "kr-1", Feature: "f-1",
			Outcome: "missions", Estimate: m.Estimate, Low: m.Low, High: m.High, Level: 0.95, Units: 1200, Grade: "A"}}
		if diff := cmp.Diff(wantFact, facts[fact.EffectMeasured](w)); diff != "" {
			t.Fatalf("told (-want +got):\n%s", diff)
		}
		if math.Abs(m.Estimate-0.3) > 0.05 {
			t.Fatalf("half against a fifth is estimated as %v", m.Estimate)
		}
	})
}

// TestStagingFails: the reason is told, the version in staging stays, nothing is
// left running, and the next version has its turn.
func TestStagingFails(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.first()
		kept := workload(w.rollout("1").ID, Staging)
		for _, c := range []struct {
			number, section string
			before          func(context.Context, string) error
			fails           int
			where           ref.Environment
			reason          string
		}{
			{"unsigned", "", nil, 0, Staging, "no valid signature"},
			{"3", `{"stages":[1]}`, nil, 0, Staging, "must begin below 1"},
			{"4", "", func(_ context.Context, act string) error {
				if act == "deploy staging" {
					return errs.New(errs.Blocked, "never became ready: it exited with code 2")
				}
				return nil
			}, 0, Staging, "exited with code 2"},
			{"5", "", nil, 1, Staging, "1 of 10 smoke requests failed"},
			{"6", "", func(_ context.Context, act string) error {
				if act == "deploy production" {
					return errs.New(errs.Invalid, "the image names no port")
				}
				return nil
			}, 0, Production, "names no port"},
		} {
			w.m.mu.Lock()
			w.m.before, w.m.section, w.m.fails = c.before, c.section, func(ref.Workload) int { return c.fails }
			w.m.mu.Unlock()
			told := len(facts[fact.DeploymentFinished](w))
			w.publish(c.number, "normal")
			r := w.reaches(c.number, Failed)
			if !strings.Contains(r.Reason, c.reason) || r.Waiting != "" || r.Finished.IsZero() {
				t.Errorf("version %s ended with %q", c.number, r.Reason)
			}
			all := facts[fact.DeploymentFinished](w)
			if last := all[len(all)-1]; len(all) == told || last.Outcome != "failed" || last.Environment != c.where || last.Version != c.number {
				t.Errorf("version %s told %+v", c.number, last)
			}
			if c.where == Production {
				kept = workload(r.ID, Staging)
			}
			w.until("nothing is left running", func() bool {
				up := w.m.up()
				return len(up) == 2 && up[kept] && up[w.rollout("1").Workload]
			})
			if got := w.m.route("engine", Staging); got.Baseline != kept {
				t.Errorf("after version %s failed, staging is routed to %s, want %s", c.number, got.Baseline, kept)
			}
		}
	})
}

// TestUnsettledFirstVersion: what synthetic units neither prove nor disprove
// ends with a reason instead of waiting for ever.
func TestUnsettledFirstVersion(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.m.fails = func(id ref.Workload) int {
			if strings.HasSuffix(string(id), "production") {
				return 10
			}
			return 0
		}
		w.publish("1", "normal")
		if r := w.reaches("1", Failed); !strings.Contains(r.Reason, "50 of 1000 smoke requests failed") {
			t.Fatalf("reason %q", r.Reason)
		}
		w.m.mu.Lock()
		w.m.fails = func(id ref.Workload) int { return 150 }
		w.m.mu.Unlock()
		w.publish("2", "normal")
		if r := w.reaches("2", Failed); !strings.Contains(r.Reason, "10 of 10 smoke requests failed") {
			t.Fatalf("reason %q", r.Reason)
		}
		w.m.mu.Lock()
		w.m.fails = func(id ref.Workload) int {
			if strings.HasSuffix(string(id), "production") {
				return 150
			}
			return 0
		}
		w.m.mu.Unlock()
		w.publish("3", "normal")
		w.reaches("3", RolledBack)
		if f := facts[fact.RolloutFinished](w); len(f) != 1 || f[0].Exposed || f[0].Outcome != "rolled_back" {
			t.Fatalf("told %+v", f)
		}
		w.until("nothing of it serves production", func() bool {
			return !w.m.up()[w.rollout("3").Workload]
		})
		if got := w.m.route("engine", Production); got.Baseline != "" {
			t.Fatalf("production is routed %+v", got)
		}
	})
}

// TestTransientFailure says in the rollout what it waits for, and goes on.
func TestTransientFailure(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		noted := make(chan struct{})
		tries := 0
		w.m.before = func(ctx context.Context, act string) error {
			if act != "deploy staging" {
				return nil
			}
			if tries++; tries == 1 {
				return errs.New(errs.Unavailable, "the registry does not answer")
			}
			select {
			case <-noted:
			case <-ctx.Done():
			}
			return nil
		}
		w.publish("1", "normal")
		w.until("the reason is shown", func() bool {
			w.tick.Add(time.Second.Microseconds()) // the pause between tries runs out
			return strings.Contains(w.rollout("1").Waiting, "the registry does not answer")
		})
		close(noted)
		w.until("it goes on", func() bool {
			w.tick.Add(time.Second.Microseconds())
			return w.rollout("1").Phase == Promoted
		})
	})
}

// TestOneAtATime: one rollout per component; newer versions overtake those that
// wait, a hotfix is not overtaken by a normal one.
func TestOneAtATime(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.first()
		w.publish("2", "normal")
		r := w.reaches("2", Running)
		w.publish("3", "normal")
		w.publish("4", "hotfix")
		w.publish("5", "normal")
		w.until("they wait", func() bool {
			return strings.Contains(w.rollout("4").Waiting, "version 2") && strings.Contains(w.rollout("5").Waiting, "version 2")
		})
		if got := w.rollout("3"); got.Phase != Superseded || got.Reason == "" {
			t.Fatalf("version 3 is %s", got.Phase)
		}
		// The index holds what the service promises, should two replicas race.
		err := w.db.Update(t.Context(), func(tx *store.Tx) error {
			_, err := tx.Exec(t.Context(), `update release_rollout set phase = 'staging' where id = $1`, string(w.rollout("5").ID))
			return err
		})
		wants(t, err, errs.Conflict, "")
		_ = r
		w.promotes("2")
		w.promotes("4")
		w.promotes("5")
	})
}

// TestLevers: who may pull them, what they do, and that a hold stops neither a
// rollback nor another look.
func TestLevers(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.first()
		w.publish("2", "normal")
		r := w.reaches("2", Running)
		lead := person(access.Member, "eng")
		for _, who := range []access.Actor{access.Nobody(), person(access.Auditor), person(access.Board), person(access.Product), person(access.Member, "other")} {
			_, err := w.Hold(t.Context(), who, r.ID, "why")
			wants(t, err, errs.Denied, "")
			_, err = w.RollBack(t.Context(), who, r.ID, "", "why")
			wants(t, err, errs.Denied, "")
		}
		_, err := w.Hold(t.Context(), lead, r.ID, "")
		wants(t, err, errs.Invalid, "reason")
		_, err = w.Hold(t.Context(), lead, "none", "why")
		wants(t, err, errs.NotFound, "no rollout")
		_, err = w.Resume(t.Context(), lead, r.ID, "why")
		wants(t, err, errs.Blocked, "not held")
		if _, err := w.Hold(t.Context(), person(access.Platform), r.ID, "the support line reports noise"); err != nil {
			t.Fatal(err)
		}
		w.units(r, 0, 8000, 0, 0)
		if err := w.advance(t.Context()); err != nil {
			t.Fatal(err)
		}
		held := w.rollout("2")
		if held.Stage != 0 || held.Phase != Running || !strings.Contains(held.Waiting, "noise") {
			t.Fatalf("while held: %+v", held)
		}
		w.again()
		if got, err := w.Resume(t.Context(), lead, r.ID, "nothing found"); err != nil || got.Held != "" {
			t.Fatalf("resume: %v", err)
		}
		w.until("it widens", func() bool { return w.rollout("2").Stage == 1 })
		if _, err := w.Hold(t.Context(), lead, r.ID, "again"); err != nil {
			t.Fatal(err)
		}
		w.units(w.rollout("2"), 10_000, 4000, 2, 0)
		r = w.reaches("2", RolledBack)
		if r.ByHand != "" || r.Verdict.Decision != evidence.RollBack {
			t.Fatalf("evidence rolled it back, but it says %q by %q", r.Reason, r.ByHand)
		}
		_, err = w.Hold(t.Context(), lead, r.ID, "late")
		wants(t, err, errs.Blocked, "ended")

		// By hand, with evidence that would have promoted it.
		w.publish("3", "normal")
		r = w.reaches("3", Running)
		w.units(r, 0, 2000, 0, 0)
		if r, err = w.RollBack(t.Context(), lead, r.ID, "", "customers complain"); err != nil || r.Phase != RollingBack {
			t.Fatalf("roll back: %v, %s", err, r.Phase)
		}
		if _, err = w.RollBack(t.Context(), lead, r.ID, "", "twice"); err != nil && !errs.Is(err, errs.Blocked) { // it may have ended by now
			t.Fatalf("a second pull: %v", err)
		}
		r = w.reaches("3", RolledBack)
		if r.ByHand != "Robin" || !strings.Contains(r.Reason, "customers complain") {
			t.Fatalf("by hand: %q, %q", r.ByHand, r.Reason)
		}
		replayed(t, w, r)
		told := facts[fact.RolloutDecided](w)
		if last := told[len(told)-1]; !last.ByHand || last.Verdict != "roll_back" {
			t.Fatalf("told %+v", last)
		}
		if held, resumed := facts[fact.RolloutHeld](w), facts[fact.RolloutResumed](w); len(held) != 2 || len(resumed) != 1 {
			t.Fatalf("held %d times, resumed %d", len(held), len(resumed))
		}
	})
}

// TestTakenBackBeforeTraffic: a rollout that is stuck in staging is not stuck
// for a person.
func TestTakenBackBeforeTraffic(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.first()
		there, on := make(chan struct{}), make(chan struct{})
		w.m.before = func(ctx context.Context, act string) error {
			if act == "deploy staging" {
				close(there)
				select {
				case <-on:
				case <-ctx.Done():
				}
			}
			return nil
		}
		w.publish("2", "normal")
		w.until("it is being deployed", func() bool {
			select {
			case <-there:
				return true
			default:
				return w.rollout("2").Phase == Failed
			}
		})
		r, err := w.RollBack(t.Context(), person(access.Member, "eng"), w.rollout("2").ID, "", "wrong branch")
		if err != nil || r.Phase != Failed || !strings.Contains(r.Reason, "wrong branch") {
			t.Fatalf("%v, %s: %s", err, r.Phase, r.Reason)
		}
		w.m.mu.Lock()
		w.m.before = nil
		w.m.mu.Unlock()
		close(on)
		w.until("what was on its way is stopped", func() bool {
			return w.m.stops(workload(r.ID, Staging)) == 1 && len(w.m.up()) == 2
		})
		w.publish("3", "normal")
		w.promotes("3")
	})
}
