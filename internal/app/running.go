package app

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"time"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/adapter/otlp"
	"github.com/digital-factory/factory/internal/adapter/prom"
	"github.com/digital-factory/factory/internal/artifact"
	"github.com/digital-factory/factory/internal/flag"
	"github.com/digital-factory/factory/internal/platform"
	"github.com/digital-factory/factory/internal/portfolio"
	"github.com/digital-factory/factory/internal/product"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/release"
	"github.com/digital-factory/factory/internal/release/plan"
	"github.com/digital-factory/factory/internal/release/rollout"
	"github.com/digital-factory/factory/internal/runtime"
	"github.com/digital-factory/factory/internal/team"
	"github.com/digital-factory/factory/internal/telemetry"
	"github.com/digital-factory/factory/internal/unit"
)

// workloads lets release ask runtime.
type workloads struct{ runtime *runtime.Service }

// Deploy starts a workload and waits until it is ready.
func (w workloads) Deploy(ctx context.Context, d release.Deployment) error {
	return w.runtime.Deploy(ctx, runtime.Workload{ID: d.Workload, Component: d.Component, Team: d.Team, Environment: d.Environment, Artifact: d.Artifact, Number: d.Number})
}

// Route moves traffic.
func (w workloads) Route(ctx context.Context, list ...release.Route) (time.Time, error) {
	routes := make([]runtime.Route, len(list))
	for i, r := range list {
		routes[i] = runtime.Route{Component: r.Component, Environment: r.Environment, Sequence: r.Sequence, Baseline: r.Baseline, Canary: r.Canary,
			Rollout: r.Rollout, Stage: r.Stage, Key: r.Key, Preview: runtime.Preview(r.Preview)}
		for _, s := range r.Strata {
			routes[i].Strata = append(routes[i].Strata, runtime.Stratum(s))
		}
	}
	return w.runtime.Route(ctx, routes...)
}

// Stop drains and stops a workload.
func (w workloads) Stop(ctx context.Context, id ref.Workload) error { return w.runtime.Stop(ctx, id) }

// Probe sends smoke requests.
func (w workloads) Probe(ctx context.Context, id ref.Workload, n int) (int, string, error) {
	return w.runtime.Probe(ctx, id, n)
}

// existing lets release ask what a freeze may be for.
type existing struct {
	team     *team.Service
	platform *platform.Service
}

// HasTeam returns an errs.NotFound when there is no such team.
func (e existing) HasTeam(ctx context.Context, t ref.Team) error {
	_, err := e.team.Get(ctx, access.System("release"), t)
	return err
}

// HasComponent returns an errs.NotFound when there is no such component.
func (e existing) HasComponent(ctx context.Context, c ref.Component) error {
	_, err := e.platform.Get(ctx, access.System("release"), string(c))
	return err
}

// cohorts lets release ask unit who makes a cohort.
type cohorts struct{ unit *unit.Service }

// Cohort returns the members by the names that the gateway gives them.
func (c cohorts) Cohort(ctx context.Context, of plan.Cohort, key string) (out release.Members, err error) {
	found, err := c.unit.Find(ctx, access.System("release"), unit.Ask{Where: of.Where, Rank: of.Rank, Take: of.Take, Key: key})
	if err != nil {
		return out, err
	}
	out = release.Members{Known: found.Known, Lowest: found.Lowest, Names: make([]string, len(found.Members))}
	for i, id := range found.Members {
		out.Names[i] = runtime.Name(key, id)
	}
	return out, nil
}

// observer lets runtime tell release what the gateway counted, and ask who takes
// part. Release is known only after runtime, which it needs.
type observer struct{ release *release.Service }

// Observe hands traffic over.
func (o *observer) Observe(ctx context.Context, t runtime.Traffic) error {
	out := release.Traffic{Rollout: t.Rollout, Requests: t.Requests, Unanswered: t.Unanswered, Observations: make([]release.Observation, len(t.Observations))}
	for i, b := range t.Observations {
		out.Observations[i] = release.Observation{Unit: b.Unit, Arm: release.Arm(b.Arm), Stage: b.Stage, Failed: b.Failed, Took: b.Took, At: b.At}
	}
	return o.release.Observe(ctx, out)
}

// Members returns who takes part in the stages of a rollout with cohorts.
func (o *observer) Members(ctx context.Context, id ref.Rollout) ([]runtime.Member, error) {
	list, err := o.release.Members(ctx, id)
	out := make([]runtime.Member, len(list))
	for i, m := range list {
		out[i] = runtime.Member(m)
	}
	return out, err
}

// results lets release ask what a rollout can measure.
type results struct {
	product   *product.Service
	portfolio *portfolio.Service
}

// ForItems follows items to their features and these to their key results.
func (r results) ForItems(ctx context.Context, items []ref.Item) ([]release.Experiment, error) {
	me := access.System("release")
	aims, err := r.product.ForItems(ctx, me, items)
	if err != nil || len(aims) == 0 {
		return nil, err
	}
	var ids []ref.KeyResult
	for _, a := range aims {
		ids = append(ids, a.KeyResult)
	}
	known, err := r.portfolio.KeyResults(ctx, me, ids)
	if err != nil {
		return nil, err
	}
	var out []release.Experiment
	for _, a := range aims {
		for _, k := range known {
			twice := slices.ContainsFunc(out, func(e release.Experiment) bool { return e.Feature == a.Feature && e.KeyResult == k.ID })
			if k.ID == a.KeyResult && k.Outcome != nil && !twice {
				out = append(out, release.Experiment{KeyResult: k.ID, Feature: a.Feature, Event: k.Outcome.Event, Where: k.Outcome.Where})
			}
		}
	}
	return out, nil
}

// workloadDoor is what the factory offers a workload: what comes in on its
// listener is its own telemetry, and what it asks for are its own flags.
type workloadDoor struct {
	receiver *otlp.Receiver
	flags    *flag.Service
}

// Serve serves OTLP/HTTP and OFREP until the listener closes.
func (d *workloadDoor) Serve(l net.Listener, w runtime.Workload, sender string) error {
	mux := http.NewServeMux()
	mux.Handle("/", d.receiver.Handler(telemetry.Source{Workload: w.ID, Process: sender, Component: w.Component, Team: w.Team, Environment: w.Environment, Version: w.Number}))
	mux.Handle("/ofrep/", d.flags.Handler(w.Component, given(w.Environment)))
	srv := &http.Server{
		Handler: mux,
		// A workload is not trusted to be quick or brief.
		ReadTimeout: 10 * time.Second, MaxHeaderBytes: 16 << 10,
		ErrorLog: slog.NewLogLogger(slog.Default().Handler(), slog.LevelDebug),
	}
	if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// sink hands what otlp received to telemetry, which is known only after
// runtime, whose workloads send.
type sink struct{ telemetry *telemetry.Service }

func (s *sink) Metrics(ctx context.Context, from otlp.Source, md pmetric.Metrics) (int, string, error) {
	return s.telemetry.Metrics(ctx, from.(telemetry.Source), md)
}

func (s *sink) Logs(ctx context.Context, from otlp.Source, ld plog.Logs) (int, string, error) {
	return s.telemetry.Logs(ctx, from.(telemetry.Source), ld)
}

func (s *sink) Traces(ctx context.Context, from otlp.Source, td ptrace.Traces) (int, string, error) {
	return s.telemetry.Traces(ctx, from.(telemetry.Source), td)
}

// meter lets runtime hand the gateway's metrics to telemetry.
type meter struct{ telemetry *telemetry.Service }

// Record hands samples over.
func (m *meter) Record(ctx context.Context, samples []runtime.Sample) error {
	out := make([]telemetry.Sample, len(samples))
	for i, s := range samples {
		out[i] = telemetry.Sample(s)
	}
	return m.telemetry.Record(ctx, out)
}

// metrics lets telemetry use the metric store.
type metrics struct{ store *prom.Store }

// Append stores the factory's own samples.
func (m metrics) Append(ctx context.Context, samples []telemetry.Sample) error {
	out := make([]prom.Sample, len(samples))
	for i, s := range samples {
		labels := map[string]string{"__name__": s.Name}
		for k, v := range s.Labels {
			labels[k] = v
		}
		out[i] = prom.Sample{Labels: labels, At: s.At, Value: s.Value}
	}
	return m.store.Append(ctx, out)
}

// Ingest stores OTLP metrics of others.
func (m metrics) Ingest(ctx context.Context, md pmetric.Metrics, forced map[string]string) (telemetry.Receipt, error) {
	r, err := m.store.IngestMetrics(ctx, md, forced)
	return telemetry.Receipt(r), err
}

// Instant evaluates a query at one moment.
func (m metrics) Instant(ctx context.Context, query string, at time.Time) ([]telemetry.Sample, error) {
	list, err := m.store.Instant(ctx, query, at)
	out := make([]telemetry.Sample, len(list))
	for i, s := range list {
		out[i] = telemetry.Sample{Name: s.Labels["__name__"], Labels: s.Labels, Value: s.Value, At: s.At}
	}
	return out, err
}

// Range evaluates a query over a time.
func (m metrics) Range(ctx context.Context, query string, from, to time.Time, step time.Duration) ([]telemetry.Series, error) {
	list, err := m.store.Range(ctx, query, from, to, step)
	out := make([]telemetry.Series, len(list))
	for i, s := range list {
		out[i] = telemetry.Series{Labels: s.Labels, Points: make([]telemetry.Point, len(s.Points))}
		for k, p := range s.Points {
			out[i].Points[k] = telemetry.Point(p)
		}
	}
	return out, err
}

// outcomes lets telemetry hand what happened to units to the rollout that
// their traffic is under.
type outcomes struct {
	runtime *runtime.Service
	release *release.Service
	now     func() time.Time
}

// Find returns the outcomes among log records.
func (o *outcomes) Find(ld plog.Logs) []telemetry.Outcome {
	found, _ := otlp.Outcomes(ld)
	out := make([]telemetry.Outcome, len(found))
	for i, f := range found {
		out[i] = telemetry.Outcome(f)
	}
	return out
}

// Take gives outcomes to release, under the names that the gateway gives the
// units. Without a rollout nobody counts them.
func (o *outcomes) Take(ctx context.Context, from telemetry.Source, list []telemetry.Outcome) error {
	if from.Workload == "" {
		return nil // who sends from outside is under no rollout
	}
	split, under := o.runtime.SplitOf(runtime.Workload{ID: from.Workload, Component: from.Component, Environment: from.Environment})
	if !under {
		return nil
	}
	out := make([]release.Outcome, 0, len(list))
	now := o.now()
	for _, l := range list {
		l.At = rollout.When(l.At, now)
		if unit, stage, counts := split.Unit(l.Unit, l.At); counts {
			out = append(out, release.Outcome{Rollout: split.Rollout, Event: l.Event, Unit: unit, Arm: release.Arm(split.Arm), Stage: stage,
				Success: l.Success, Attributes: l.Attrs, Values: l.Values, At: l.At})
		}
	}
	return o.release.Outcomes(ctx, split.Rollout, out)
}

// promises lets telemetry ask artifact what an image promises.
type promises struct{ artifact *artifact.Service }

// Promise reads the objective that is sealed into the image.
func (p promises) Promise(ctx context.Context, c ref.Component, a ref.Artifact) (telemetry.Promise, error) {
	v, err := p.artifact.Verify(ctx, access.System("telemetry"), string(c), a, artifact.Policy{Component: c})
	if err != nil {
		return telemetry.Promise{}, err
	}
	o, err := platform.ObjectiveOf(v.Config.Labels)
	return telemetry.Promise{Share: o.Share(), Event: o.Event, Once: o.Jobs}, err
}

// usage lets telemetry ask runtime what workloads use.
type usage struct{ runtime *runtime.Service }

// Usage returns what each workload uses.
func (u usage) Usage(ctx context.Context) ([]telemetry.Usage, error) {
	list, err := u.runtime.Workloads(ctx, access.System("telemetry"), "")
	out := make([]telemetry.Usage, 0, len(list))
	for _, w := range list {
		for _, r := range w.Replicas {
			out = append(out, telemetry.Usage{Component: w.Component, Environment: w.Environment, Version: w.Number, Workload: w.ID, Replica: r.Number, CPU: r.CPU, Memory: r.Memory})
		}
	}
	return out, err
}

// alertRules shows the built-in alerts to clients of the Prometheus API.
func (r rooms) alertRules(ctx context.Context) ([]prom.RuleGroup, error) {
	list, interval, err := r.signals.RuleStatuses(ctx)
	group := prom.RuleGroup{Name: "components", Interval: interval}
	for _, st := range list {
		rule := prom.Rule{
			Name: st.Name, Query: st.Query, For: st.For, Evaluated: st.Evaluated, Took: st.Took, Err: st.Err,
			Labels:      map[string]string{"severity": string(st.Severity)},
			Annotations: map[string]string{"summary": st.Title, "description": st.Meaning + " " + st.Advice},
		}
		for _, al := range st.Alerts {
			rule.Alerts = append(rule.Alerts, prom.Alert{
				Labels:      map[string]string{"alertname": st.Name, "component": string(al.Component), "environment": string(al.Environment), "team": string(al.Team)},
				Annotations: map[string]string{"summary": al.Text},
				Firing:      !al.Fired.IsZero(), Since: al.Since, Value: al.Value,
			})
		}
		group.Rules = append(group.Rules, rule)
	}
	return []prom.RuleGroup{group}, err
}
