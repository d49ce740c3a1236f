package app

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/digital-factory/factory/internal/access"
	"github.com/digital-factory/factory/internal/adapter/otlp"
	"github.com/digital-factory/factory/internal/adapter/prom"
	"github.com/digital-factory/factory/internal/api"
	"github.com/digital-factory/factory/internal/app/account"
	"github.com/digital-factory/factory/internal/app/latency"
	"github.com/digital-factory/factory/internal/app/local"
	"github.com/digital-factory/factory/internal/app/scaled"
	"github.com/digital-factory/factory/internal/app/scheduled"
	"github.com/digital-factory/factory/internal/artifact"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/life"
	"github.com/digital-factory/factory/internal/base/process"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/cost"
	"github.com/digital-factory/factory/internal/dossier"
	"github.com/digital-factory/factory/internal/effect"
	"github.com/digital-factory/factory/internal/flag"
	"github.com/digital-factory/factory/internal/flow"
	"github.com/digital-factory/factory/internal/incident"
	"github.com/digital-factory/factory/internal/insight"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/pipeline"
	"github.com/digital-factory/factory/internal/pipeline/agent"
	"github.com/digital-factory/factory/internal/platform"
	"github.com/digital-factory/factory/internal/platform/export"
	"github.com/digital-factory/factory/internal/platform/resource"
	"github.com/digital-factory/factory/internal/platform/scale"
	"github.com/digital-factory/factory/internal/platform/upgrade"
	"github.com/digital-factory/factory/internal/platform/variable"
	"github.com/digital-factory/factory/internal/portfolio"
	"github.com/digital-factory/factory/internal/product"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/release"
	"github.com/digital-factory/factory/internal/release/preview"
	"github.com/digital-factory/factory/internal/runtime"
	"github.com/digital-factory/factory/internal/runtime/job"
	"github.com/digital-factory/factory/internal/source"
	"github.com/digital-factory/factory/internal/source/change"
	"github.com/digital-factory/factory/internal/source/upstream"
	"github.com/digital-factory/factory/internal/team"
	"github.com/digital-factory/factory/internal/telemetry"
	"github.com/digital-factory/factory/internal/thread"
	"github.com/digital-factory/factory/internal/unit"
)

// schemas are every room's tables.
func schemas() []store.Schema {
	return []store.Schema{
		journal.Schema(), effect.Schema(), access.Schema(), portfolio.Schema(), product.Schema(), team.Schema(), flow.Schema(),
		platform.Schema(), source.Schema(), pipeline.Schema(), agent.Schema(), artifact.Schema(), release.Schema(), runtime.Schema(), telemetry.Schema(),
		incident.Schema(), insight.Schema(), thread.Schema(), flag.Schema(), unit.Schema(), cost.Schema(),
	}
}

// rooms are the wired modules that routes and doors need.
type rooms struct {
	artifact *artifact.Service
	source   *source.Service
	runtime  *runtime.Service
	store    *prom.Store
	receiver *otlp.Receiver
	signals  *telemetry.Service
	flags    *flag.Service
	agents   *agent.Service
	signer   *agent.Authority
}

// furnish wires the rooms: each gets what it asks of others, in its own words.
func (a *App) furnish(ctx context.Context) error {
	dir := func(name string) string { return filepath.Join(a.opts.Data, name) }
	db, j, now := a.db, a.journal, time.Now

	metricStore, err := prom.Open(dir("metrics"), prom.Options{Retention: 30 * 24 * time.Hour, OutOfOrderWindow: 24 * time.Hour,
		Reserved: []string{"gateway_", "workload_", "telemetry_", "factory_", "resource_"}, Logger: slog.Default()})
	if err != nil {
		return err
	}
	a.closing.Push("metric store", func(context.Context) error { return metricStore.Close() })
	artifacts, err := artifact.New(ctx, dir("artifacts"), artifact.Options{DB: db, Journal: j, Now: now, Log: slog.Default()})
	if err != nil {
		return err
	}
	a.closing.Push("artifacts", func(context.Context) error { return artifacts.Close() })
	exe, err := os.Executable()
	if err != nil {
		return err
	}

	// Signals: the sink's telemetry is made last, because it asks runtime, whose
	// workloads speak to the sink.
	in, counts, watch, own := &sink{}, &meter{}, &observer{}, &ownedBy{}
	receiver := otlp.New(in, slog.Default())
	funds := portfolio.New(db, j, &valueOf{in}, portfolio.Options{Every: a.opts.Measure}, now)
	products := product.New(db, j, funds, now)
	flags := flag.New(db, j, own, features{products}, now)
	if err := flags.Load(ctx); err != nil {
		return err
	}
	keyring, err := variable.OpenKeyring(filepath.Join(dir("keys"), "variables.json"))
	if err != nil {
		return err
	}
	variables, provider, scales := &configuration{}, &provisions{}, &scaled.Scales{}
	drafts, err := artifact.OpenDrafts(dir("previews"), previewBytes)
	if err != nil {
		return err
	}
	a.closing.Push("previews", func(context.Context) error { return drafts.Close() })
	run := runtime.New(db, j, a.box, runtime.Asks{Images: images{artifacts, drafts}, Telemetry: &workloadDoor{receiver, flags}, Observer: watch, Meter: counts,
		Cohorts: watch, Variables: variables, Resources: provider, Scales: scales}, dir("runtime"), now)
	variables.variable = variable.New(db, j, keyring, own, run, now)
	reach, err := a.opts.Network.Policy()
	if err != nil {
		return err
	}
	scales.Service = scale.New(db, j, own, scaled.Versions{Runtime: run, Artifact: artifacts}, run, now)
	provider.resource = resource.New(db, j, a.box, resource.Asks{Components: own, Vault: variables.variable, Workloads: run, Meter: provider,
		Address: func(c ref.Component, e ref.Environment) string {
			return platform.RouteURL(a.GatewayURL(), string(c), string(e))
		}, Reach: reach}, dir("resources"), now)

	teams := team.New(db, j, a.access, now)
	work := flow.New(db, j, teams, features{products}, now)
	hints, used := &pushed{}, &account.Git{}
	repos := source.New(db, j, items{work}, settings{}, source.Config{Dir: dir("git"), Hook: []string{exe, "hook", "pre-receive"}, Hint: hints.Hint, Spent: used.Spent}, now)
	changes := change.New(db, j, a.effects, repos, a.URL, now)
	hints.changes = changes
	renderings := upstream.New(repos)
	paths, err := platform.New(db, j, a.effects, teamNames{teams}, pathRepositories{renderings}, func() platform.Addresses {
		return platform.Addresses{Main: a.URL(), Gateway: a.GatewayURL()}
	}, now)
	if err != nil {
		return err
	}
	own.platform = paths
	paths.AdoptWith(adopting{upgradeChanges{changes}, renderings, commits{repos}})
	upgrades := upgrade.New(db, j, a.effects, paths, upgradeRepositories{renderings}, upgradeChanges{changes}, now)
	costs := cost.New(db, j, own, account.Stores{Artifact: artifacts, Resource: provider.resource, Metrics: metricStore, Git: dir("git"), TSDB: dir("metrics"), Now: now}, account.Servers{Resource: provider.resource}, process.Children, now)
	used.Cost = costs
	run.AccountTo(account.Workloads(costs))
	host := local.Tools(ctx, a.opts.Cache)
	host.KeepLogs, host.Runners, host.Reach = a.opts.KeepLogs, a.opts.Runners, reach
	images := publisher{artifacts, a.URL()}
	runs := pipeline.New(db, j, a.box, commits{repos}, images, variables.variable, host, dir("runs"), now)
	exports := export.New(export.Asks{Repositories: trunks{commits{repos}}, Components: described{own, commits{repos}, variables.variable, scales.Service, a.URL, host.GoVersion}})
	units := unit.New(db, j, now)
	rollouts := release.New(db, j, a.effects, release.Asks{Runtime: workloads{run}, Artifacts: sealed{artifacts}, KeyResults: results{products, funds},
		Latencies: latency.Seen{Store: metricStore, Now: now}, Units: cohorts{units}, Known: existing{teams, paths}}, now)
	watch.release = rollouts
	jobs := job.New(db, j, scheduled.Asks(rollouts, own, artifacts, run, counts), now)
	previews := preview.New(db, j, a.effects, previewed{run}, draftImages{drafts}, func(c ref.Component, e ref.Environment) string {
		return platform.RouteURL(a.GatewayURL(), string(c), string(e))
	}, now)
	runs.AccountTo(account.Steps(costs))
	keeper := &kept{drafts, previews, a.URL}
	runs.KeepWith(keeper)
	authority, err := agent.OpenAuthority(filepath.Join(dir("keys"), "agents.pem"), now)
	if err != nil {
		return err
	}
	agents := agent.New(db, j, agent.Asks{Runs: runs, Source: commits{repos}, Secrets: variables.variable, Publisher: images, Keeper: keeper, Account: account.Elsewhere(costs), Door: a.agentsDoor()},
		authority, local.Version(), dir("sent"), now)
	signals := telemetry.New(db, j, metrics{metricStore}, metrics{metricStore}, &outcomes{run, rollouts, now}, usage{run}, promises{artifacts}, now)
	in.telemetry, counts.telemetry, provider.telemetry = signals, signals, signals
	incidents := incident.New(db, j, boards{work}, harm{signals, rollouts}, now)
	insights := insight.New(db, now)
	graph := thread.New(db)
	dossiers := dossier.New(j, decided{rollouts}, threads{graph}, seals{artifacts}, now)

	a.rooms = rooms{artifacts, repos, run, metricStore, receiver, signals, flags, agents, authority}
	for _, m := range []interface{ Follow(*journal.Journal) }{funds, products, teams, work, paths, upgrades, changes, runs, rollouts, previews, signals, incidents, insights, graph} {
		m.Follow(j)
	}
	repos.Effects(a.effects)
	changes.Effects(a.effects)
	paths.Effects(a.effects)
	upgrades.Effects(a.effects)
	rollouts.Effects(a.effects)
	previews.Effects(a.effects)
	a.effects.OnFailed(func(ctx context.Context, tx *store.Tx, e effect.Effect) error {
		return errors.Join(paths.Failed(ctx, tx, e), upgrades.Failed(ctx, tx, e))
	})
	a.parts = []life.Part{
		{Name: "journal", Run: j.Run}, {Name: "effects", Run: a.effects.Run}, {Name: "source", Run: repos.Run}, {Name: "platform", Run: paths.Run},
		{Name: "pipeline", Run: runs.Run}, {Name: "agents", Run: agents.Run}, {Name: "artifact", Run: artifacts.Run}, {Name: "release", Run: rollouts.Run}, {Name: "runtime", Run: run.Run},
		{Name: "telemetry", Run: signals.Run}, {Name: "flags", Run: flags.Run}, {Name: "variables", Run: variables.variable.Run}, {Name: "resources", Run: provider.resource.Run}, {Name: "key results", Run: funds.Run},
		{Name: "previews", Run: previews.Run}, {Name: "costs", Run: costs.Run}, {Name: "jobs", Run: jobs.Run},
	}
	a.api = api.New(a.access.Authenticate(api.SessionCookie), api.Services{
		Access: a.access, Journal: j, Effects: a.effects, Release: rollouts, Portfolio: funds, Product: products, Platform: paths, Upgrade: upgrades, Source: repos, Change: changes,
		Team: teams, Flow: work, Incident: incidents, Insight: insights, Thread: graph, Telemetry: signals, Pipeline: runs, Agent: agents, Runtime: run, Artifact: artifacts, Dossier: dossiers, Flag: flags, Unit: units, Variable: variables.variable, Scale: scales.Service, Export: exports, Preview: previews, Cost: costs, Manual: a.manual, Resource: provider.resource, Job: jobs,
		Health: a.health,
	})
	return a.serveDoors()
}

// valueOf lets portfolio measure key results by telemetry, which is made after
// it.
type valueOf struct{ sink *sink }

// Instant evaluates a query that gives one value. What somebody does in a
// preview is no outcome.
func (v *valueOf) Instant(ctx context.Context, query string, at time.Time) (float64, bool, error) {
	return v.sink.telemetry.Instant(ctx, prom.Without(query, "environment", ref.ChangePattern), at)
}

// features lets flow ask product which features exist.
type features struct{ product *product.Service }

// HasFeature reports whether a feature exists.
func (f features) HasFeature(ctx context.Context, _ *store.Tx, id ref.Feature) (bool, error) {
	_, err := f.product.Feature(ctx, access.System("flow"), id)
	if errs.Is(err, errs.NotFound) {
		return false, nil
	}
	return err == nil, err
}

// configuration lets runtime ask what workloads are told, of variables, which asks runtime.
type configuration struct{ variable *variable.Service }

// Newest returns the revision for a new workload.
func (c *configuration) Newest(ctx context.Context, of ref.Component, e ref.Environment) (int64, error) {
	return c.variable.Newest(ctx, of, given(e))
}

// Values returns the variables of a revision.
func (c *configuration) Values(ctx context.Context, of ref.Component, e ref.Environment, revision int64) (variables, secrets []string, err error) {
	v, err := c.variable.Values(ctx, of, given(e), revision)
	if given(e) != e {
		return v.Open(), nil, err
	}
	return v.Variables, v.Secrets, err
}

// pushed lets source ask changes, which are made after it, what to tell who
// pushed a branch.
type pushed struct{ changes *change.Service }

// Hint returns lines for the pusher's terminal.
func (p *pushed) Hint(ctx context.Context, component, branch string) []string {
	return p.changes.Hint(ctx, component, branch)
}

// ownedBy lets others ask platform, which is made after them, who owns a component.
type ownedBy struct{ platform *platform.Service }

// Owner returns the team of a component.
func (o *ownedBy) Owner(ctx context.Context, component ref.Component) (ref.Team, error) {
	c, err := o.platform.Get(ctx, access.System("flag"), string(component))
	return c.Team, err
}

// teamNames lets platform ask which teams exist.
type teamNames struct{ team *team.Service }

// Exists reports whether a team exists.
func (t teamNames) Exists(ctx context.Context, name string) (bool, error) {
	_, err := t.team.Get(ctx, access.System("platform"), ref.Team(name))
	if errs.Is(err, errs.NotFound) {
		return false, nil
	}
	return err == nil, err
}
