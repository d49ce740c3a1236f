package cli

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/digital-factory/factory/client"
	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/adapter/prom"
	"github.com/digital-factory/factory/internal/api"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/sandbox"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/pipeline"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/runtime"
	"github.com/digital-factory/factory/internal/telemetry"
)

// repository has one commit whose pipeline waits for a file in its workspace.
type repository struct{}

func (repository) Read(_ context.Context, _ ref.Component, _ ref.Commit, path string) ([]byte, error) {
	if path != pipeline.File {
		return nil, errs.New(errs.NotFound, "there is no %s", path)
	}
	return []byte("steps:\n  - name: build\n    run: |\n      echo begun\n      while [ ! -e go ]; do sleep 0.02; done\n      echo ended\nartifact: {binary: out/service}\n"), nil
}

func (repository) Export(context.Context, ref.Component, ref.Commit, string) error { return nil }
func (repository) Head(context.Context, ref.Component, string) (ref.Commit, error) { return "", nil }

// publisher publishes everything under one digest.
type publisher struct{}

func (publisher) Publish(context.Context, pipeline.Build) (ref.Artifact, []string, error) {
	return "sha256:abc", []string{"published"}, nil
}

// metricStore is a real one, as telemetry asks for it.
type metricStore struct{ *prom.Store }

func (m metricStore) Append(ctx context.Context, samples []telemetry.Sample) error {
	var out []prom.Sample
	for _, x := range samples {
		l := map[string]string{"__name__": x.Name}
		for k, v := range x.Labels {
			l[k] = v
		}
		out = append(out, prom.Sample{Labels: l, At: x.At, Value: x.Value})
	}
	return m.Store.Append(ctx, out)
}

func (m metricStore) Ingest(ctx context.Context, md pmetric.Metrics, forced map[string]string) (telemetry.Receipt, error) {
	r, err := m.IngestMetrics(ctx, md, forced)
	return telemetry.Receipt(r), err
}

func (m metricStore) Instant(ctx context.Context, query string, at time.Time) (out []telemetry.Sample, err error) {
	list, err := m.Store.Instant(ctx, query, at)
	for _, x := range list {
		out = append(out, telemetry.Sample{Labels: x.Labels, Value: x.Value, At: x.At})
	}
	return out, err
}

func (m metricStore) Range(ctx context.Context, query string, from, to time.Time, step time.Duration) (out []telemetry.Series, err error) {
	list, err := m.Store.Range(ctx, query, from, to, step)
	for _, x := range list {
		s := telemetry.Series{Labels: x.Labels}
		for _, p := range x.Points {
			s.Points = append(s.Points, telemetry.Point(p))
		}
		out = append(out, s)
	}
	return out, err
}

// door is a served factory of three rooms with somebody signed in.
type door struct {
	*client.Client
	db        *store.DB
	journal   *journal.Journal
	telemetry *telemetry.Service
	dir       string
}

func open(t *testing.T) door {
	t.Helper()
	dir := t.TempDir()
	db, err := store.Open(t.Context(), "sqlite:"+filepath.Join(dir, "factory.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if err := db.Migrate(t.Context(), journal.Schema(), access.Schema(), pipeline.Schema(), runtime.Schema(), telemetry.Schema()); err != nil {
		t.Fatal(err)
	}
	ps, err := prom.Open(filepath.Join(dir, "metrics"), prom.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ps.Close() })
	box, err := sandbox.New(t.Context(), sandbox.Options{Plain: true})
	if err != nil {
		t.Fatal(err)
	}
	j := journal.New(db, time.Now)
	acc := access.New(db, j, time.Now)
	runs := pipeline.New(db, j, box, repository{}, publisher{}, nil, pipeline.Tools{}, filepath.Join(dir, "runs"), time.Now)
	runs.Follow(j)
	work := runtime.New(db, j, box, runtime.Asks{}, filepath.Join(dir, "runtime"), time.Now)
	signals := telemetry.New(db, j, metricStore{ps}, metricStore{ps}, nil, nil, nil, time.Now)
	signals.Follow(j)
	srv := httptest.NewServer(api.New(acc.Authenticate(api.SessionCookie), api.Services{Access: acc, Journal: j, Pipeline: runs, Runtime: work, Telemetry: signals}))
	t.Cleanup(srv.Close)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for _, run := range []func(context.Context) error{j.Run, runs.Run} {
		wg.Go(func() {
			if err := run(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	t.Cleanup(func() { cancel(); wg.Wait() })
	c := &client.Client{URL: srv.URL}
	s, err := c.Begin(ctx, client.FirstAccount{Login: "mara", Name: "Mara Holt", Password: "a long enough sentence"})
	if err != nil {
		t.Fatal(err)
	}
	c.Token = s.Secret
	return door{c, db, j, signals, dir}
}

// factory runs a command and returns what it printed.
func (d door) factory(t *testing.T, args ...string) string {
	t.Helper()
	var out bytes.Buffer
	cmd := New(strings.NewReader(""), &out, io.Discard)
	cmd.SetArgs(append([]string{"--url", d.URL, "--token", d.Token}, args...))
	if err := cmd.ExecuteContext(t.Context()); err != nil {
		t.Fatalf("factory %s: %v", strings.Join(args, " "), err)
	}
	return out.String()
}

func (d door) tell(t *testing.T, subject ref.Subject, payloads ...fact.Payload) {
	t.Helper()
	err := d.db.Update(t.Context(), func(tx *store.Tx) error {
		for _, p := range payloads {
			if err := d.journal.Append(t.Context(), tx, journal.By{ID: "system/test", Name: "test"}, subject, p); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// until asks again and again, at the most for twenty seconds.
func until(t *testing.T, what string, ask func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	bound := time.After(20 * time.Second)
	for !ask() {
		select {
		case <-tick.C:
		case <-bound:
			t.Fatalf("%s does not happen", what)
		}
	}
}

func kindOf(err error) string {
	if p, ok := errors.AsType[*client.Problem](err); ok {
		return p.Kind
	}
	return ""
}

func wantIn(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(text, p) {
			t.Errorf("%q is not in:\n%s", p, text)
		}
	}
}

// TestSignalsThroughTheDoors asks three rooms over HTTP, by the client and by
// the command line.
func TestSignalsThroughTheDoors(t *testing.T) {
	t.Parallel()
	d := open(t)
	t.Run("runs", func(t *testing.T) { testRuns(t, d) })
	t.Run("workloads", func(t *testing.T) { testWorkloads(t, d) })
	t.Run("telemetry", func(t *testing.T) { testTelemetry(t, d) })
}

func testRuns(t *testing.T, d door) {
	ctx := t.Context()
	d.tell(t, "component/engine", fact.CommitsPushed{Component: "engine", Team: "power", Branch: "main", Trunk: true, Head: "3f2a9c1d77aa", Items: []ref.Item{"ENG-1"}, Commits: []fact.Commit{{Commit: "3f2a9c1d77aa", Title: "Begin"}}})

	var r client.Run
	until(t, "a running run", func() bool {
		page, err := d.Runs(ctx, client.RunFilter{Component: "engine", State: "running"}, client.Paging{})
		if err != nil {
			t.Fatal(err)
		}
		if len(page.Items) == 0 {
			return false
		}
		r = page.Items[0]
		detail, err := d.Run(ctx, r.ID)
		return err == nil && len(detail.Steps) == 2 && detail.Steps[0].State == "running"
	})
	if r.Number != 1 || r.Title != "Begin" || r.Commit != "3f2a9c1d77aa" || r.Items[0] != "ENG-1" || r.Started == nil || r.Finished != nil {
		t.Fatalf("%+v", r)
	}
	if _, err := d.RetryRun(ctx, r.ID); kindOf(err) != "blocked" {
		t.Errorf("retry of a running run: %v", err)
	}

	// What the step prints arrives while it runs.
	log, err := d.RunLog(ctx, r.ID, "build", true)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = log.Close() }()
	lines := bufio.NewReader(log)
	if first, err := lines.ReadString('\n'); first != "begun\n" || err != nil {
		t.Fatalf("%q %v", first, err)
	}
	if err := os.WriteFile(filepath.Join(d.dir, "runs", r.ID, "work", "go"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if rest, err := io.ReadAll(lines); string(rest) != "ended\n" || err != nil {
		t.Fatalf("%q %v", rest, err)
	}
	// A follower of all steps waits for those that have not begun.
	wantIn(t, d.factory(t, "run", "log", r.ID, "-f"), "=== build\nbegun\nended\n", "=== publish\n--- published\n")
	until(t, "the end of the run", func() bool {
		got, err := d.Run(ctx, r.ID)
		return err == nil && got.State == "succeeded"
	})
	wantIn(t, d.factory(t, "run", "show", r.ID), "run 1 of engine", "succeeded", "build", "publish", "sha256:abc")
	wantIn(t, d.factory(t, "run", "list", "--component", "engine"), "ID", "Begin", "3f2a9c1d77aa")
	wantIn(t, d.factory(t, "run", "log", r.ID, "build"), "begun\nended\n")
	if _, err := d.RunLog(ctx, r.ID, "no-such", false); kindOf(err) != "not-found" {
		t.Errorf("the log of no step: %v", err)
	}
	if _, err := d.CancelRun(ctx, r.ID); kindOf(err) != "blocked" {
		t.Errorf("cancel of a run that has ended: %v", err)
	}

	var again client.RunDetail
	if err := json.Unmarshal([]byte(d.factory(t, "run", "retry", r.ID, "-o", "json")), &again); err != nil || again.Number != 2 {
		t.Fatalf("%+v %v", again, err)
	}
	d.factory(t, "run", "cancel", again.ID)
	until(t, "the cancelled run's end", func() bool {
		got, err := d.Run(ctx, again.ID)
		return err == nil && got.State == "cancelled" && got.Reason == "cancelled by Mara Holt"
	})
	stranger := &client.Client{URL: d.URL}
	if _, err := stranger.RunLog(ctx, r.ID, "build", false); kindOf(err) != "denied" {
		t.Errorf("a stranger reads a log: %v", err)
	}
}

func testWorkloads(t *testing.T, d door) {
	ctx := t.Context()
	logs := filepath.Join(d.dir, "runtime", "logs")
	if err := os.MkdirAll(logs, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(logs, "w1.log"), []byte("2026 first\n2026 <script>\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := d.factory(t, "workload", "log", "w1"); got != "2026 first\n2026 <script>\n" {
		t.Errorf("%q", got)
	}
	if got := d.factory(t, "workload", "log", "w1", "--bytes", "20"); got != "2026 <script>\n" {
		t.Errorf("the end of the log: %q", got)
	}
	if _, err := d.WorkloadLog(ctx, "w2", 0); kindOf(err) != "not-found" {
		t.Errorf("the log of no workload: %v", err)
	}
	if _, err := d.WorkloadLog(ctx, "w1", 1<<40); kindOf(err) != "invalid" {
		t.Errorf("a terabyte of log: %v", err)
	}
	wantIn(t, d.factory(t, "workload", "list", "--component", "engine"), "COMPONENT")
	if list, err := d.Workloads(ctx, ""); err != nil || list.Items == nil {
		t.Errorf("%+v %v", list, err)
	}
}

func testTelemetry(t *testing.T, d door) {
	ctx := t.Context()
	d.tell(t, "component/engine", fact.ComponentCreated{Component: "engine", Team: "power"},
		fact.DeploymentFinished{Environment: "production", Version: "1", Outcome: "succeeded", Change: fact.Change{Component: "engine", Team: "power"}})
	d.tell(t, "workload/w1", fact.WorkloadCrashed{Workload: "w1", Component: "engine", Environment: "production"},
		fact.WorkloadCrashed{Workload: "w1", Component: "engine", Environment: "production"}, fact.WorkloadCrashed{Workload: "w1", Component: "engine", Environment: "production"})
	begin := time.Now().Add(-time.Minute)
	for i := range 60 {
		at := begin.Add(time.Duration(i) * time.Second)
		labels := map[string]string{"component": "engine", "environment": "production", "version": "1"}
		code := map[string]string{"component": "engine", "environment": "production", "version": "1", "code": "2xx"}
		if err := d.telemetry.Record(ctx, []telemetry.Sample{
			{Name: "gateway_requests_total", Labels: code, Value: float64(10 * (i + 1)), At: at},
			{Name: "gateway_request_duration_seconds_sum", Labels: labels, Value: float64(i), At: at},
		}); err != nil {
			t.Fatal(err)
		}
	}
	until(t, "the follower's end", func() bool {
		lags, err := d.journal.Lags(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range lags {
			if l.Behind > 0 {
				return false
			}
		}
		return true
	})
	if err := d.telemetry.Evaluate(ctx); err != nil {
		t.Fatal(err)
	}

	got, err := d.Dashboard(ctx, "engine", client.DashboardRange{From: begin})
	if err != nil {
		t.Fatal(err)
	}
	if got.Team != "power" || got.Environment != "production" || len(got.Charts) != 7 || len(got.Markers) != 1 || len(got.Alerts) != 1 || got.Step != 1 {
		t.Fatalf("%+v", got)
	}
	rate := got.Charts[0].Series
	if len(rate) != 1 || rate[0].Release != "1" || len(rate[0].Values) != len(got.Times) || rate[0].Values[30] == nil || math.Abs(*rate[0].Values[30]-10) > 0.5 { // a rate is extrapolated to the edges of its window
		t.Fatalf("%+v", got.Charts[0])
	}
	if got.Charts[2].Series == nil || len(got.Charts[2].Series) != 0 {
		t.Fatalf("latency without a histogram: %+v", got.Charts[2])
	}
	wantIn(t, d.factory(t, "dashboard", "engine", "--last", "1m"), "Requests", "10 requests/s", "█", "no data in this time", "Version 1 runs in production", "page firing", "crashed 3 times")
	wantIn(t, d.factory(t, "alert", "list", "--state", "firing"), "crash-loop", "page", "Read the end of the workload's log")

	alerts, err := d.Alerts(ctx, client.AlertFilter{Component: "engine"}, client.Paging{})
	if err != nil || len(alerts.Items) != 1 {
		t.Fatalf("%+v %v", alerts, err)
	}
	if a := alerts.Items[0]; a.Rule != "crash-loop" || a.State != "firing" || a.Fired == nil || a.Resolved != nil || a.Value != 3 || a.Threshold != 2 || a.Meaning == "" {
		t.Fatalf("%+v", a)
	}
	if _, err := d.Dashboard(ctx, "gearbox", client.DashboardRange{}); kindOf(err) != "not-found" {
		t.Errorf("the dashboard of no component: %v", err)
	}
	if _, err := d.Dashboard(ctx, "engine", client.DashboardRange{Environment: "moon"}); kindOf(err) != "invalid" {
		t.Errorf("the dashboard of no environment: %v", err)
	}
}

func TestSparkline(t *testing.T) {
	t.Parallel()
	v := func(list ...float64) (out []*float64) {
		for _, f := range list {
			if f < 0 {
				out = append(out, nil)
				continue
			}
			out = append(out, &f)
		}
		return out
	}
	for _, tt := range []struct {
		values []*float64
		top    float64
		want   string
	}{
		{nil, 0, ""},
		{v(0, 0), 0, "▁▁"},
		{v(0, 1, 2, -1, 7), 7, "▁▂▃ █"},
		{v(make([]float64, 120)...), 1, strings.Repeat("▁", 60)},
	} {
		if got := sparkline(tt.values, tt.top); got != tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
	}
}
