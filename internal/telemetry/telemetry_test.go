package telemetry

import (
	"context"
	"errors"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/adapter/prom"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/page"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/base/store/storetest"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/ref"
)

// metrics is a real metric store as the app hands it in.
type metrics struct{ *prom.Store }

func (m metrics) Append(ctx context.Context, samples []Sample) error {
	out := make([]prom.Sample, len(samples))
	for i, x := range samples {
		l := map[string]string{"__name__": x.Name}
		for k, v := range x.Labels {
			l[k] = v
		}
		out[i] = prom.Sample{Labels: l, At: x.At, Value: x.Value}
	}
	return m.Store.Append(ctx, out)
}

func (m metrics) Ingest(ctx context.Context, md pmetric.Metrics, forced map[string]string) (Receipt, error) {
	r, err := m.IngestMetrics(ctx, md, forced)
	return Receipt(r), err
}

func (m metrics) Instant(ctx context.Context, query string, at time.Time) ([]Sample, error) {
	list, err := m.Store.Instant(ctx, query, at)
	var out []Sample
	for _, x := range list {
		out = append(out, Sample{Labels: x.Labels, Value: x.Value, At: x.At})
	}
	return out, err
}

func (m metrics) Range(ctx context.Context, query string, from, to time.Time, step time.Duration) ([]Series, error) {
	list, err := m.Store.Range(ctx, query, from, to, step)
	var out []Series
	for _, x := range list {
		s := Series{Labels: x.Labels}
		for _, p := range x.Points {
			s.Points = append(s.Points, Point(p))
		}
		out = append(out, s)
	}
	return out, err
}

// outcomes takes every log record with a body for an outcome.
type outcomes struct {
	taken []Outcome
	from  Source
	err   error
}

func (o *outcomes) Find(ld plog.Logs) (list []Outcome) {
	records := ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords()
	for i := range records.Len() {
		r := records.At(i)
		if r.EventName() == "" {
			continue
		}
		o := Outcome{Event: r.EventName(), Unit: "u1"}
		if unit, is := r.Attributes().Get("unit.id"); is {
			o.Unit = unit.Str()
		}
		if how, is := r.Attributes().Get("outcome"); is {
			o.Success = how.Str() == "success"
		}
		if r.Timestamp() != 0 {
			o.At = r.Timestamp().AsTime()
		}
		list = append(list, o)
	}
	return list
}

func (o *outcomes) Take(_ context.Context, from Source, list []Outcome) error {
	o.from, o.taken = from, append(o.taken, list...)
	return o.err
}

type usage []Usage

func (u *usage) Usage(context.Context) ([]Usage, error) { return *u, nil }

// promises are those of artifacts.
type promises struct{}

func (promises) Promise(_ context.Context, _ ref.Component, a ref.Artifact) (Promise, error) {
	switch a {
	case "sha256:strict":
		return Promise{Share: 0.999}, nil
	case "sha256:worker":
		return Promise{Share: 0.99, Event: "jobs", Once: true}, nil
	case "sha256:shop":
		return Promise{Share: 0.95, Event: "checkout"}, nil
	}
	return Promise{}, errs.New(errs.NotFound, "there is no artifact %s", a)
}

// room is a telemetry service on a real metric store with a clock that the
// test moves.
type room struct {
	*Service
	db   *store.DB
	j    *journal.Journal
	eva  access.Actor
	at   *time.Time
	out  *outcomes
	runs *usage
	gate map[[3]string]float64 // gateway counts by version, code and bucket
}

func each(t *testing.T, f func(t *testing.T, r room)) {
	t.Helper()
	storetest.Each(t, []store.Schema{journal.Schema(), Schema()}, func(t *testing.T, db *store.DB) {
		at := noon
		now := func() time.Time { return at }
		p, err := prom.Open(t.TempDir(), prom.Options{Now: now, Reserved: []string{"gateway_", "workload_", "telemetry_"}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := p.Close(); err != nil {
				t.Error(err)
			}
		})
		j := journal.New(db, now)
		out, runs := &outcomes{}, &usage{}
		eva := access.Actor{ID: "a-eva", Name: "Eva", Login: "eva", Roles: []access.Role{access.Member}, Teams: []string{"engine"}, Scopes: access.Scopes()}
		r := room{New(db, j, metrics{p}, metrics{p}, out, runs, promises{}, now), db, j, eva, &at, out, runs, map[[3]string]float64{}}
		r.tell(t, "component/engine", fact.ComponentCreated{Component: "engine", Team: "power"})
		f(t, r)
	})
}

// tell appends a fact and lets the follower handle it.
func (r room) tell(t *testing.T, subject ref.Subject, p fact.Payload) {
	t.Helper()
	err := r.db.Update(t.Context(), func(tx *store.Tx) error {
		return r.j.Append(t.Context(), tx, journal.By{ID: "system/test", Name: "test"}, subject, p)
	})
	if err != nil {
		t.Fatal(err)
	}
	head, err := r.j.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	facts, err := r.j.Since(t.Context(), head-1, 1)
	if err != nil {
		t.Fatal(err)
	}
	err = r.db.Update(t.Context(), func(tx *store.Tx) error {
		if err := r.learn(t.Context(), tx, facts[0]); err != nil || p.Kind() != (fact.RolloutFinished{}).Kind() {
			return err
		}
		return released(t.Context(), tx, facts[0])
	})
	if err != nil {
		t.Fatalf("%s: %v", p.Kind(), err)
	}
}

// load is what a version meets each second.
type load struct {
	version  string
	requests float64
	failed   float64
	bucket   string // of the latency, as the gateway's le
}

// traffic passes that many seconds, in which the gateway counts and the alerts
// are evaluated every five.
func (r room) traffic(t *testing.T, seconds int, loads ...load) {
	t.Helper()
	for range seconds {
		*r.at = r.at.Add(time.Second)
		for _, l := range loads {
			r.gate[[3]string{l.version, "2xx"}] += l.requests - l.failed
			r.gate[[3]string{l.version, "5xx"}] += l.failed
			for _, le := range []string{"0.05", "0.1", "1", "2.5", "+Inf"} {
				n := l.requests
				if l.bucket != "" && bound(le) < bound(l.bucket) {
					n = 0
				}
				r.gate[[3]string{l.version, "", le}] += n
			}
		}
		var out []Sample
		for k, v := range r.gate {
			name, labels := "gateway_requests_total", map[string]string{"component": "engine", "environment": "production", "version": k[0], "code": k[1]}
			if k[2] != "" {
				name = "gateway_request_duration_seconds_bucket"
				delete(labels, "code")
				labels["le"] = k[2]
			}
			if v > 0 || k[2] != "" {
				out = append(out, Sample{name, labels, v, *r.at})
			}
		}
		if err := r.Record(t.Context(), out); err != nil {
			t.Fatal(err)
		}
		if r.at.Second()%5 == 0 {
			r.evaluateNow(t)
		}
	}
}

func bound(le string) float64 {
	var v float64
	if le == "+Inf" {
		return math.Inf(1)
	}
	_, _ = fmt.Sscan(le, &v)
	return v
}

func (r room) evaluateNow(t *testing.T) {
	t.Helper()
	if err := r.Evaluate(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// told lists the alert facts, oldest first.
func (r room) told(t *testing.T) []string {
	t.Helper()
	list, _, err := r.j.List(t.Context(), journal.Filter{Kind: "alert"}, page.Ask{Limit: 500})
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for i := range list {
		f := list[len(list)-1-i]
		if p, err := journal.Decode[fact.AlertFired](f); err == nil {
			out = append(out, fmt.Sprintf("%s fired %s of %s", p.Alert, p.Severity, p.Team))
		}
		if p, err := journal.Decode[fact.AlertResolved](f); err == nil {
			out = append(out, fmt.Sprintf("%s resolved of %s", p.Alert, p.Team))
		}
	}
	return out
}

func (r room) wantTold(t *testing.T, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, r.told(t)); diff != "" {
		t.Fatalf("alert facts at %s (-want +got):\n%s", r.at.Format(time.TimeOnly), diff)
	}
}

func TestErrorsFireAndResolve(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, r room) {
		r.traffic(t, 70, load{version: "1", requests: 10, failed: 0.4})
		r.wantTold(t)
		r.traffic(t, 30, load{version: "1", requests: 10, failed: 5})
		r.wantTold(t, "errors fired page of power")
		list, _, err := r.Alerts(t.Context(), r.eva, "engine", Firing, page.Ask{})
		if err != nil || len(list) != 1 {
			t.Fatalf("%v %v", list, err)
		}
		if a := list[0]; a.Rule != RuleErrors || a.Environment != Production || a.Value < 0.05 || a.Text == "" || a.Fired.Sub(a.Since) != 10*time.Second {
			t.Fatalf("%+v", a)
		}
		r.traffic(t, 60, load{version: "1", requests: 10, failed: 0.4})
		r.wantTold(t, "errors fired page of power")
		r.traffic(t, 60, load{version: "1", requests: 10})
		r.wantTold(t, "errors fired page of power", "errors resolved of power")
		if list, _, err := r.Alerts(t.Context(), r.eva, "engine", Resolved, page.Ask{}); err != nil || len(list) != 1 || list[0].Resolved.IsZero() {
			t.Fatalf("%+v %v", list, err)
		}
	})
}

func TestFewRequestsDoNotAlert(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, r room) {
		r.traffic(t, 120, load{version: "1", requests: 0.3, failed: 0.3, bucket: "2.5"})
		r.wantTold(t)
	})
}

// A version under a rollout is the rollout's business: before, and after it
// was taken back, its failures fire no alert; those of the baseline do.
func TestCanaryIsLeftOut(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, r room) {
		change := fact.Change{Component: "engine", Team: "power", Title: "Faster"}
		r.traffic(t, 60, load{version: "1", requests: 10})
		r.tell(t, "rollout/r1", fact.RolloutStarted{Rollout: "r1", Environment: Production, Version: "2", BaseVersion: "1", Change: change})
		both := []load{{version: "1", requests: 8}, {version: "2", requests: 8, failed: 8, bucket: "2.5"}}
		r.traffic(t, 120, both...)
		r.wantTold(t)
		r.tell(t, "rollout/r1", fact.RolloutFinished{Rollout: "r1", Environment: Production, Version: "2", BaseVersion: "1", Outcome: "rolled_back", Reason: "it fails", Change: change})
		r.traffic(t, 180, load{version: "1", requests: 10})
		r.wantTold(t)
		r.tell(t, "rollout/r2", fact.RolloutStarted{Rollout: "r2", Environment: Production, Version: "3", BaseVersion: "1", Change: change})
		r.traffic(t, 60, load{version: "1", requests: 8, failed: 4}, load{version: "3", requests: 8})
		r.wantTold(t, "errors fired page of power")
		r.tell(t, "rollout/r2", fact.RolloutFinished{Rollout: "r2", Environment: Production, Version: "3", BaseVersion: "1", Outcome: "promoted", Change: change})
		r.traffic(t, 120, load{version: "3", requests: 16})
		r.wantTold(t, "errors fired page of power", "errors resolved of power")
		r.traffic(t, 60, load{version: "3", requests: 16, failed: 8})
		r.wantTold(t, "errors fired page of power", "errors resolved of power", "errors fired page of power", "slo-burn-fast fired page of power")
	})
}

func TestLatencyFires(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, r room) {
		r.traffic(t, 90, load{version: "1", requests: 10, bucket: "1"})
		r.wantTold(t)
		r.traffic(t, 60, load{version: "1", requests: 10, bucket: "2.5"})
		r.wantTold(t, "latency fired ticket of power")
		r.traffic(t, 150, load{version: "1", requests: 10, bucket: "0.05"})
		r.wantTold(t, "latency fired ticket of power", "latency resolved of power")
	})
}

func TestCrashLoopFires(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, r room) {
		crash := func(e ref.Environment) {
			r.tell(t, "workload/w1", fact.WorkloadCrashed{Workload: "w1", Component: "engine", Environment: e, Version: "1"})
		}
		for range 3 {
			crash("staging") // nobody is woken for staging
		}
		crash(Production)
		crash(Production)
		r.evaluateNow(t)
		r.wantTold(t)
		*r.at = r.at.Add(time.Minute)
		crash(Production)
		r.evaluateNow(t)
		r.wantTold(t, "crash-loop fired page of power")
		*r.at = r.at.Add(4*time.Minute + 30*time.Second) // only the last counts still
		r.evaluateNow(t)
		r.wantTold(t, "crash-loop fired page of power")
		*r.at = r.at.Add(time.Minute)
		r.evaluateNow(t)
		r.wantTold(t, "crash-loop fired page of power", "crash-loop resolved of power")
	})
}

func TestSilenceFires(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, r room) {
		r.traffic(t, 120, load{version: "1", requests: 10})
		r.traffic(t, 600)
		r.wantTold(t, "silence fired ticket of power")
		r.traffic(t, 10, load{version: "1", requests: 10})
		r.wantTold(t, "silence fired ticket of power", "silence resolved of power")
	})
}

// TestResourceRules: a database that is back within seconds wakes nobody; one
// that stays away does; a volume is somebody's task before it is full.
func TestResourceRules(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, r room) {
		at := func(e ref.Environment, name string) map[string]string {
			return map[string]string{"component": "engine", "environment": string(e), "resource": name}
		}
		goOn := func(seconds int, down, bytes float64) {
			t.Helper()
			for range seconds {
				*r.at = r.at.Add(time.Second)
				samples := []Sample{{"resource_down", at(Production, "db"), down, *r.at}, {"resource_down", at("staging", "db"), 1, *r.at},
					{"resource_bytes", at(Production, "files"), bytes, *r.at}, {"resource_limit_bytes", at(Production, "files"), 100, *r.at}}
				if err := r.Record(t.Context(), samples); err != nil {
					t.Fatal(err)
				}
				r.evaluateNow(t)
			}
		}
		goOn(8, 1, 90)
		goOn(60, 0, 90)
		r.wantTold(t)
		goOn(60, 1, 90)
		r.wantTold(t, "resource-down fired page of power")
		goOn(60, 0, 95)
		r.wantTold(t, "resource-down fired page of power", "resource-down resolved of power", "resource-full fired ticket of power")
	})
}

// TestJobRule: a job that failed is told until it succeeds; one in staging is not.
func TestJobRule(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, r room) {
		goOn := func(report, backup float64) {
			t.Helper()
			for range 6 {
				*r.at = r.at.Add(time.Second)
				var samples []Sample
				for job, value := range map[string]float64{"report": report, "backup": backup} {
					samples = append(samples, Sample{"workload_job_failed", map[string]string{"component": "engine", "environment": string(Production), "job": job}, value, *r.at},
						Sample{"workload_job_failed", map[string]string{"component": "engine", "environment": "staging", "job": job}, 1, *r.at})
				}
				if err := r.Record(t.Context(), samples); err != nil {
					t.Fatal(err)
				}
				r.evaluateNow(t)
			}
		}
		goOn(0, 0)
		r.wantTold(t)
		goOn(1, 0)
		r.wantTold(t, "job-failed fired ticket of power")
		goOn(0, 1) // the other
		goOn(0, 0)
		r.wantTold(t, "job-failed fired ticket of power", "job-failed resolved of power")
	})
}

func TestEveryRuleSaysWhatToDo(t *testing.T) {
	t.Parallel()
	for _, r := range Rules() {
		if r.Title == "" || r.Meaning == "" || r.Advice == "" || r.Unit == "" || r.Clear > r.Above || r.Text("engine", 0.5) == "" || r.Expression() == "" {
			t.Errorf("%+v", r)
		}
	}
}

func TestRuleStatuses(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, r room) {
		r.traffic(t, 30, load{version: "1", requests: 10, failed: 10})
		list, interval, err := r.RuleStatuses(t.Context())
		if err != nil || interval != 5*time.Second || len(list) != len(Rules()) {
			t.Fatalf("%d rules of %d, %s %v", len(list), len(Rules()), interval, err)
		}
		for _, s := range list {
			if r.at.Sub(s.Evaluated) >= max(s.Every, time.Second) || s.Err != nil || len(s.Alerts) > 0 != (s.Name == RuleErrors) {
				t.Errorf("%s: evaluated %s, %d alerts, %v", s.Name, s.Evaluated, len(s.Alerts), s.Err)
			}
			if _, err := r.querier.Instant(t.Context(), s.Expression(), *r.at); err != nil {
				t.Errorf("%s is no PromQL: %v", s.Name, err)
			}
		}
	})
}

func TestDashboard(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, r room) {
		change := fact.Change{Component: "engine", Team: "power", Title: "Faster"}
		*r.runs = usage{{Component: "engine", Environment: Production, Version: "1", Workload: "w1", Memory: 64 << 20}}
		begin := *r.at
		step := func(n int, loads ...load) {
			for range n {
				r.traffic(t, 1, loads...)
				(*r.runs)[0].CPU += 250 * time.Millisecond
				if err := r.measure(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
		}
		step(60, load{version: "1", requests: 10, bucket: "0.1"})
		r.tell(t, "component/engine", fact.DeploymentFinished{Environment: "staging", Version: "2", Outcome: "succeeded", Change: change})
		r.tell(t, "rollout/r1", fact.RolloutStarted{Rollout: "r1", Environment: Production, Version: "2", BaseVersion: "1", Change: change})
		r.tell(t, "rollout/r1", fact.RolloutWidened{Rollout: "r1", Component: "engine", Stage: 1, Share: 0.25})
		r.tell(t, "incident/i1", fact.IncidentOpened{Incident: "i1", Title: "It smokes", Component: "engine", Environment: Production})
		step(60, load{version: "1", requests: 6, bucket: "0.1"}, load{version: "2", requests: 4, failed: 1, bucket: "1"})
		r.tell(t, "incident/i1", fact.IncidentResolved{Incident: "i1", Component: "engine", Because: "it no longer smokes"})

		d, err := r.Dashboard(t.Context(), r.eva, Ask{Component: "engine", From: begin})
		if err != nil {
			t.Fatal(err)
		}
		if d.Team != "power" || d.Step != time.Second || d.Window != 5*time.Second || len(d.Times) != 121 || !d.Times[120].Equal(*r.at) {
			t.Fatalf("%s %s %s %d times to %s", d.Team, d.Step, d.Window, len(d.Times), d.Times[len(d.Times)-1])
		}
		// At the end of each minute: what each chart shows of each version.
		got := map[string][2]float64{}
		for _, c := range d.Charts {
			for _, l := range c.Series {
				if len(l.Values) != len(d.Times) {
					t.Fatalf("%s has %d values for %d times", c.Name, len(l.Values), len(d.Times))
				}
				got[c.Name+" "+l.Release] = [2]float64{rounded(l.Values[60]), rounded(l.Values[120])}
			}
		}
		want := map[string][2]float64{
			"rate 1": {10, 6}, "rate 2": {none, 4}, "errors 1": {0, 0}, "errors 2": {none, 0.25},
			"latency-p50 1": {0.075, 0.075}, "latency-p50 2": {none, 0.55}, "latency-p95 1": {0.098, 0.098}, "latency-p95 2": {none, 0.955},
			"latency-p99 1": {0.1, 0.1}, "latency-p99 2": {none, 0.991}, "cpu 1": {0.25, 0.25}, "memory 1": {64 << 20, 64 << 20},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("charts (-want +got):\n%s", diff)
		}
		var markers []string
		for _, m := range d.Markers {
			markers = append(markers, m.Kind+" "+m.Release+": "+m.Text)
		}
		wantMarkers := []string{
			"rollout.started 2: The rollout of version 2 begins: Faster", "rollout.widened 2: Version 2 takes 25 % of the units",
			"incident.opened : Incident: It smokes", "incident.resolved : The incident is over: it no longer smokes",
		}
		if diff := cmp.Diff(wantMarkers, markers); diff != "" {
			t.Fatalf("markers (-want +got):\n%s", diff)
		}
		staging, err := r.Dashboard(t.Context(), r.eva, Ask{Component: "engine", Environment: "staging", From: begin})
		if err != nil || len(staging.Markers) != 1 || len(staging.Charts) != 7 || len(staging.Charts[0].Series) != 0 {
			t.Fatalf("%+v %v", staging, err)
		}
	})
}

// rounded has three digits; no number is none.
func rounded(v float64) float64 {
	if math.IsNaN(v) {
		return none
	}
	return math.Round(v*1000) / 1000
}

func TestDashboardRefuses(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, r room) {
		tests := []struct {
			name string
			who  access.Actor
			ask  Ask
			want errs.Kind
		}{
			{"an unknown component", r.eva, Ask{Component: "no-such"}, errs.NotFound},
			{"no time", r.eva, Ask{Component: "engine", From: noon.Add(time.Hour)}, errs.Invalid},
			{"a year", r.eva, Ask{Component: "engine", From: noon.AddDate(-1, 0, 0)}, errs.Invalid},
			{"a stranger", access.Nobody(), Ask{Component: "engine"}, errs.Denied},
		}
		for _, tt := range tests {
			if _, err := r.Dashboard(t.Context(), tt.who, tt.ask); !errs.Is(err, tt.want) {
				t.Errorf("%s: %v, want %s", tt.name, err, tt.want)
			}
		}
		d, err := r.Dashboard(t.Context(), r.eva, Ask{Component: "engine"})
		if err != nil || len(d.Charts) != 7 || d.Step != 5*time.Second {
			t.Fatalf("the first minute of a component: %+v %v", d, err)
		}
	})
}

// The first failure of a version counts although the series begins with it.
func TestFirstCountIsSeen(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, r room) {
		l := map[string]string{"component": "engine", "environment": "production", "version": "1", "code": "5xx"}
		for i := range 5 {
			if err := r.Record(t.Context(), []Sample{{"gateway_requests_total", l, 3, noon.Add(time.Duration(i) * time.Second)}}); err != nil {
				t.Fatal(err)
			}
		}
		v, ok, err := r.Instant(t.Context(), `sum(increase(gateway_requests_total{code="5xx"}[6s]))`, noon.Add(4*time.Second))
		if err != nil || !ok || math.Abs(v-3) > 0.7 { // increase() extrapolates
			t.Fatalf("%g %t %v", v, ok, err)
		}
	})
}

func TestInstant(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, r room) {
		for _, v := range []string{"1", "2"} {
			if err := r.append(t.Context(), []Sample{{"orders", map[string]string{"version": v}, 5, noon}}); err != nil {
				t.Fatal(err)
			}
		}
		for query, want := range map[string]float64{"sum(orders)": 10, "40 + 2": 42} {
			if v, ok, err := r.Instant(t.Context(), query, noon); v != want || !ok || err != nil {
				t.Errorf("%s: %g %t %v", query, v, ok, err)
			}
		}
		for _, query := range []string{"nothing", "0 / 0", "1 / 0"} {
			if _, ok, err := r.Instant(t.Context(), query, noon); ok || err != nil {
				t.Errorf("%s: %t %v", query, ok, err)
			}
		}
		for query, want := range map[string]string{"orders": "the query yields 2 series, where one number is needed", "sum(": ""} {
			_, _, err := r.Instant(t.Context(), query, noon)
			if !errs.Is(err, errs.Invalid) || want != "" && errs.Of(err).Text != want {
				t.Errorf("%s: %v", query, err)
			}
		}
	})
}

func gauge(name string, attrs map[string]any) pmetric.Metrics {
	md := pmetric.NewMetrics()
	rm := md.ResourceMetrics().AppendEmpty()
	_ = rm.Resource().Attributes().FromRaw(attrs)
	m := rm.ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
	m.SetName(name)
	p := m.SetEmptyGauge().DataPoints().AppendEmpty()
	p.SetDoubleValue(7)
	p.SetTimestamp(1)
	return md
}

func stamped(md pmetric.Metrics, at time.Time) pmetric.Metrics {
	md.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().At(0).Gauge().DataPoints().At(0).SetTimestamp(pcommon.NewTimestampFromTime(at))
	return md
}

func TestSink(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, r room) {
		ctx := t.Context()
		workload := Source{Workload: "w1", Component: "engine", Team: "power", Environment: "production", Version: "12"}
		lie := map[string]any{"component": "gearbox", "service.name": "gearbox", "version": "99"}
		if n, msg, err := r.Metrics(ctx, workload, stamped(gauge("heat", lie), noon)); n != 0 || msg != "" || err != nil {
			t.Fatalf("%d %q %v", n, msg, err)
		}
		if v, ok, err := r.Instant(ctx, `heat{component="engine",environment="production",version="12",service_name="engine"}`, noon); v != 7 || !ok || err != nil {
			t.Fatalf("a workload passes for another: %g %t %v", v, ok, err)
		}
		if n, msg, err := r.Metrics(ctx, workload, stamped(gauge("gateway_requests", nil), noon)); n != 1 || msg == "" || err != nil {
			t.Fatalf("reserved name: %d %q %v", n, msg, err)
		}
		outside := Source{Sender: r.eva}
		if n, _, err := r.Metrics(ctx, outside, stamped(gauge("heat", map[string]any{"component": "field", "device.id": "d1"}), noon)); n != 0 || err != nil {
			t.Fatalf("%d %v", n, err)
		}
		if _, ok, err := r.Instant(ctx, `heat{component="field",device_id="d1"}`, noon); !ok || err != nil {
			t.Fatalf("an outside sender's own attributes are lost: %v", err)
		}

		ld := plog.NewLogs()
		records := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
		records.AppendEmpty().SetEventName("mission.finished")
		records.AppendEmpty().Body().SetStr("just a line")
		if _, _, err := r.Logs(ctx, workload, ld); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]Outcome{{Event: "mission.finished", Unit: "u1"}}, r.out.taken); diff != "" || r.out.from.Workload != "w1" {
			t.Fatalf("outcomes of %+v (-want +got):\n%s", r.out.from, diff)
		}
		td := ptrace.NewTraces()
		td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
		if _, _, err := r.Traces(ctx, workload, td); err != nil {
			t.Fatal(err)
		}
		if err := r.measure(ctx); err != nil {
			t.Fatal(err)
		}
		for signal, want := range map[string]float64{"points": 1, "outcomes": 1, "lines": 1, "spans": 1} {
			if v, _, err := r.Instant(ctx, fmt.Sprintf(`telemetry_received_total{component="engine",signal=%q}`, signal), noon); v != want || err != nil {
				t.Errorf("%s received: %g %v, want %g", signal, v, err, want)
			}
		}

		r.out.err = errors.New("the database is gone")
		if _, _, err := r.Logs(ctx, workload, ld); err == nil {
			t.Error("outcomes that were not taken are acknowledged")
		}
		for name, err := range map[string]error{
			"metrics": third(r.Metrics(ctx, Source{}, gauge("heat", nil))),
			"logs":    third(r.Logs(ctx, Source{}, ld)),
			"traces":  third(r.Traces(ctx, Source{Sender: access.Actor{ID: "x", Roles: []access.Role{access.Auditor}, Scopes: access.Scopes()}}, td)),
		} {
			if !errs.Is(err, errs.Denied) {
				t.Errorf("%s of somebody who may not: %v", name, err)
			}
		}
	})
}

func third(_ int, _ string, err error) error { return err }
