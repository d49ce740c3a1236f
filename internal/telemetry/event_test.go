package telemetry

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/telemetry/units"
)

// promote lets a version of the component be live, with the promise of an
// artifact.
func (r room) promote(t *testing.T, version string, a ref.Artifact) {
	t.Helper()
	id := ref.Rollout("ro-" + version)
	change := fact.Change{Component: "engine", Team: "power"}
	r.tell(t, ref.Of("rollout", id), fact.RolloutStarted{Rollout: id, Environment: Production, Version: version, Change: change})
	r.tell(t, ref.Of("rollout", id), fact.RolloutFinished{Rollout: id, Environment: Production, Artifact: a, Version: version, Outcome: "promoted", Change: change})
}

// job is what a workload tells.
type job struct {
	version, event, unit string
	failed               bool
	at                   time.Time // zero: it does not say
}

// does lets workloads tell of jobs, in one batch each, and has them reckoned.
func (r room) does(t *testing.T, jobs ...job) {
	t.Helper()
	for _, x := range jobs {
		ld := plog.NewLogs()
		l := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
		l.SetEventName(x.event)
		l.Attributes().PutStr("unit.id", x.unit)
		l.Attributes().PutStr("outcome", map[bool]string{false: "success", true: "failure"}[x.failed])
		if !x.at.IsZero() {
			l.SetTimestamp(pcommon.NewTimestampFromTime(x.at))
		}
		from := Source{Workload: "w-" + ref.Workload(x.version), Component: "engine", Team: "power", Environment: Production, Version: x.version}
		if _, _, err := r.Logs(t.Context(), from, ld); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.measure(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// counted are the jobs that the promise is reckoned from.
func (r room) counted(event string) tally {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.tallies[tallied{where{"engine", Production}, event}]
}

func TestEventsAreCountedOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, r room) {
		r.promote(t, "1", "sha256:worker")
		want := func(what string, served, failed float64) {
			t.Helper()
			if diff := cmp.Diff(tally{served, failed}, r.counted("jobs"), cmp.AllowUnexported(tally{})); diff != "" {
				t.Fatalf("%s (-want +got):\n%s", what, diff)
			}
		}
		r.does(t, job{version: "1", event: "jobs", unit: "a", at: *r.at}, job{version: "1", event: "jobs", unit: "b", failed: true, at: *r.at})
		want("two jobs", 2, 1)
		r.does(t, job{version: "1", event: "jobs", unit: "a", at: *r.at}, job{version: "1", event: "jobs", unit: "a", failed: true, at: r.at.Add(time.Minute)})
		want("told again, at whatever time and however it went then", 2, 1)
		r.does(t, job{version: "1", event: "mails", unit: "c", failed: true}, job{version: "1", event: "jobs", unit: "d"})
		want("another event; one that does not say when", 3, 1)
		*r.at = r.at.Add(units.Remembered / 2)
		r.does(t, job{version: "1", event: "jobs", unit: "e", at: r.at.Add(-time.Hour)}, job{version: "1", event: "jobs", unit: "f", at: r.at.Add(-units.Remembered - time.Second)})
		want("late; so late that nobody knows whether it was counted", 4, 1)
		*r.at = r.at.Add(units.Remembered / 2)
		r.does(t, job{version: "1", event: "jobs", unit: "e", failed: true})
		want("still known after a while", 4, 1)
		*r.at = r.at.Add(2 * units.Remembered)
		r.does(t, job{version: "1", event: "jobs", unit: "a", at: *r.at})
		want("the same name another day is another job", 5, 1)

		change := fact.Change{Component: "engine", Team: "power"}
		r.tell(t, "rollout/ro-2", fact.RolloutStarted{Rollout: "ro-2", Environment: Production, Version: "2", BaseVersion: "1", Change: change})
		r.does(t, job{version: "2", event: "jobs", unit: "x", failed: true}, job{version: "1", event: "jobs", unit: "x"}, job{version: "2", event: "jobs", unit: "y", failed: true})
		want("the version under a rollout is left out, and hides nothing", 6, 1)
		if n, failed, event, known, err := r.Served(t.Context(), "engine", Production, r.at.Add(-time.Minute), *r.at); err != nil || !known || event != "jobs" || n < 2 || failed < 2 {
			t.Fatalf("those of the rollout are there to be seen: %v %v of %s, %v %v", failed, n, event, known, err)
		}
	})
}

// Events that cannot be reckoned wait: none is lost, and none counts twice.
func TestEventsWaitForTheDatabase(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, r room) {
		r.promote(t, "1", "sha256:worker")
		r.does(t, job{version: "1", event: "jobs", unit: "a"})
		r.out.err = errors.New("busy")
		ld := plog.NewLogs()
		ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().SetEventName("jobs")
		from := Source{Workload: "w", Component: "engine", Environment: Production, Version: "1"}
		if _, _, err := r.Logs(t.Context(), from, ld); err == nil {
			t.Fatal("what was not taken is sent again, so it must not be counted")
		}
		r.out.err = nil
		run := func(query string) {
			t.Helper()
			if err := r.db.Update(t.Context(), func(tx *store.Tx) error { _, err := tx.Exec(t.Context(), query); return err }); err != nil {
				t.Fatal(err)
			}
		}
		run(`alter table telemetry_canary rename to telemetry_gone`)
		if _, _, err := r.Logs(t.Context(), from, ld); err != nil {
			t.Fatal(err)
		}
		if err := r.measure(t.Context()); err == nil {
			t.Fatal("nobody knows what is under a rollout")
		}
		run(`alter table telemetry_gone rename to telemetry_canary`)
		r.does(t)
		if got := r.counted("jobs"); got != (tally{2, 1}) {
			t.Fatalf("%+v", got)
		}
	})
}

// A customer who checks out again does so at another time: that is another event,
// and the promise is of events, not of requests.
func TestEventsOfAService(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, r room) {
		r.promote(t, "1", "sha256:shop")
		if err := r.regress(t.Context(), *r.at); err != nil { // it asks what is promised
			t.Fatal(err)
		}
		r.does(t, job{version: "1", event: "checkout", unit: "eva", at: *r.at}, job{version: "1", event: "checkout", unit: "eva", at: *r.at, failed: true},
			job{version: "1", event: "checkout", unit: "eva", at: r.at.Add(time.Second), failed: true}, job{version: "1", event: "checkout", unit: "eva"}, job{version: "1", event: "checkout", unit: "eva"})
		r.pass(t, 60, load{version: "1", requests: 10, failed: 10})
		if got := r.counted("checkout"); got != (tally{4, 1}) {
			t.Fatalf("%+v", got)
		}
		if got := r.counted(""); got != (tally{}) {
			t.Fatalf("requests count too: %+v", got)
		}
		r.wantTold(t, "errors fired page of power") // which watches the gateway whatever is promised
	})
}

// minutes passes time in which a worker does six jobs a minute, of which some
// fail.
func (r room) minutes(t *testing.T, n int, failed func(job int) bool) {
	t.Helper()
	for range n {
		for i := range 4 {
			*r.at = r.at.Add(15 * time.Second)
			var jobs []job
			if i%2 == 0 {
				for k := range 3 {
					jobs = append(jobs, job{version: "1", event: "jobs", unit: fmt.Sprint(r.at.Unix(), k), failed: failed(k), at: *r.at})
				}
			}
			r.does(t, jobs...)
			if err := r.promise(t.Context(), *r.at); err != nil {
				t.Fatal(err)
			}
		}
		r.evaluateNow(t)
	}
}

func allWell(int) bool      { return false }
func oneInThree(k int) bool { return k == 0 }

// A worker that fails its jobs burns its budget: the alert says so of jobs, the
// dashboard too, and it is over when they go well again. So does the watch over
// its live version.
func TestBurnOfAWorker(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, r room) {
		r.promote(t, "1", "sha256:worker")
		r.minutes(t, 30, allWell)
		r.wantTold(t)
		began := *r.at
		r.minutes(t, 20, oneInThree)
		r.wantTold(t, "slo-burn-slow fired page of power")
		p := r.lastFired(t, RuleBurnSlow)
		if b := p.Burn; b.Event != "jobs" || b.Objective != 0.99 || b.Rate < 6 || b.Failed < 10 || b.Requests < 180 || b.Left >= 1 {
			t.Fatalf("%+v", p)
		}
		if off := p.Since.Sub(began); off < -5*time.Minute || off > 5*time.Minute {
			t.Fatalf("it began at %s, said %s", began, p.Since)
		}
		for _, part := range []string{`events "jobs" of engine failed in`, "promised success of 99 %"} {
			if !strings.Contains(p.Text, part) {
				t.Errorf("no %q in %q", part, p.Text)
			}
		}
		d, err := r.Dashboard(t.Context(), r.eva, Ask{Component: "engine"})
		if err != nil || d.Budget == nil {
			t.Fatalf("%+v %v", d.Budget, err)
		}
		if b := d.Budget; b.Event != "jobs" || math.Abs(b.Window-50*60) > 30 || math.Abs(b.Requests-300) > 6 || math.Abs(b.Failed-40) > 3 || b.Left >= 1 {
			t.Fatalf("%+v", b)
		}
		names := map[string]int{}
		for _, c := range d.Charts {
			names[c.Name] = len(c.Series)
		}
		if diff := cmp.Diff(map[string]int{"rate": 0, "errors": 0, "latency-p50": 0, "latency-p95": 0, "latency-p99": 0, "cpu": 0, "memory": 0, "events": 1, "events-failed": 1}, names); diff != "" {
			t.Fatalf("charts (-want +got):\n%s", diff)
		}
		if s, err := r.Dashboard(t.Context(), r.eva, Ask{Component: "engine", Environment: "staging"}); err != nil || s.Budget != nil {
			t.Fatalf("nothing is promised in staging: %+v %v", s.Budget, err)
		}
		if d, err := r.again(6*time.Minute).Dashboard(t.Context(), r.eva, Ask{Component: "engine"}); err != nil || d.Budget == nil || d.Budget.Objective != 0.99 || d.Budget.Event != "jobs" {
			t.Fatalf("after a restart, before the first job: %+v %v", d.Budget, err)
		}
		r.minutes(t, 40, allWell)
		r.wantTold(t, "slo-burn-slow fired page of power", "slo-burn-slow resolved of power")
		for range 6 {
			r.minutes(t, 60, oneInThree)
		}
		if p := r.lastFired(t, RuleRegression); p.Regression.Event != "jobs" || !strings.Contains(p.Text, `events "jobs" of engine failed since`) {
			t.Fatalf("%+v", p)
		}
	})
}

// When another thing is promised the budget begins anew: requests of before are
// not jobs.
func TestBurnOfAnotherPromise(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, r room) {
		r.pass(t, 60, load{version: "1", requests: 10})
		r.promote(t, "1", "sha256:worker")
		r.minutes(t, 4, oneInThree)
		r.wantTold(t)
		r.minutes(t, 10, oneInThree)
		r.wantTold(t, "silence fired ticket of power", "slo-burn-fast fired page of power")
		if b := r.lastFired(t, RuleBurnFast).Burn; b.Requests > 90 || math.Abs(b.Failed/b.Requests-1.0/3) > 0.03 {
			t.Fatalf("%+v", b)
		}
	})
}

// A worker that does nothing any more while it still runs and sends metrics.
func TestStandstill(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, r room) {
		r.promote(t, "1", "sha256:worker")
		r.minutes(t, 10, allWell)
		r.wantTold(t)
		for range 24 {
			*r.at = r.at.Add(15 * time.Second)
			r.does(t)
		}
		r.evaluateNow(t)
		r.wantTold(t, "standstill fired ticket of power")
		r.minutes(t, 1, allWell)
		r.wantTold(t, "standstill fired ticket of power", "standstill resolved of power")
	})
}
