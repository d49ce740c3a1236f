// Package telemetry is where signals arrive and are made sense of: metrics and
// outcomes of workloads, the gateway's counts, a dashboard and alerts for
// every component from its first minute, without a line by its team.
//
// Owns: telemetry_component, telemetry_marker, telemetry_canary,
// telemetry_crash, telemetry_objective, telemetry_alert, telemetry_release.
//
// Tells: alert.fired, alert.resolved.
//
// Asks: Recorder and Querier (the metric store), Outcomes to take what
// workloads tell about units, Workloads for what they use of the machine,
// Objectives for what a version promises.
//
// Invariants: what a workload sends carries the workload's own component,
// environment and version, whatever it claims. A rule has at most one open
// episode in a component; alert.fired and alert.resolved come in pairs. A
// version under a rollout is judged by its rollout, not by alerts about
// requests. A component of which nothing was ever heard cannot fall silent, nor
// does one while the factory itself does not listen.
package telemetry

import (
	"context"
	"embed"
	"hash/maphash"
	"sync"
	"time"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/telemetry/chart"
	"github.com/digital-factory/factory/internal/telemetry/units"
)

//go:embed migrations
var files embed.FS

// Schema is the module's tables.
func Schema() store.Schema { return store.Schema{Module: "telemetry", Files: files} }

// Production is the environment whose traffic alerts watch.
const Production ref.Environment = "production"

// Sample is one value of one series. Labels are those beside the name.
type Sample struct {
	Name   string
	Labels map[string]string
	Value  float64
	At     time.Time
}

// Point is a value at a time.
type Point = chart.Point

// Series is what one series did over a time.
type Series = chart.Series

// Receipt says what became of the data points of a request.
type Receipt struct {
	Accepted int
	Rejected int
	Why      string // for the sender; empty when all were taken
}

// Recorder stores metrics.
type Recorder interface {
	// Append stores the factory's own samples. A conflict means that some were
	// too old or there already, and the rest are stored.
	Append(ctx context.Context, samples []Sample) error
	// Ingest stores OTLP metrics of others; the attributes in forced become
	// labels of each series, whatever the sender says about them.
	Ingest(ctx context.Context, md pmetric.Metrics, forced map[string]string) (Receipt, error)
}

// Querier evaluates PromQL.
type Querier interface {
	Instant(ctx context.Context, query string, at time.Time) ([]Sample, error)
	Range(ctx context.Context, query string, from, to time.Time, step time.Duration) ([]Series, error)
}

// Outcomes finds what workloads tell about units in their log records, and
// takes it.
type Outcomes interface {
	// Find returns the outcomes among log records; all others are plain lines.
	Find(ld plog.Logs) []Outcome
	// Take takes the outcomes of one source. When it fails none were taken and
	// the sender is told to send them again.
	Take(ctx context.Context, from Source, list []Outcome) error
}

// Usage is what one process of a workload uses of the machine.
type Usage struct {
	Component   ref.Component
	Environment ref.Environment
	Version     string
	Workload    ref.Workload
	Replica     int           // of the workload
	CPU         time.Duration // processor time since its process started
	Memory      int64         // bytes now
}

// Workloads knows what runs.
type Workloads interface {
	Usage(ctx context.Context) ([]Usage, error)
}

// Service takes signals in, draws dashboards and evaluates alerts.
type Service struct {
	db        *store.DB
	journal   *journal.Journal
	recorder  Recorder
	querier   Querier
	outcomes  Outcomes
	workloads Workloads
	promises  Objectives
	now       func() time.Time
	rules     []Rule
	seed      maphash.Seed

	mu       sync.Mutex              // guards what follows
	begun    map[string]bool         // counter series that have their zero
	received map[receivedKey]float64 // since the start
	last     map[string]evaluation   // of each rule, by its name
	counted  map[string]count        // the gateway's counters as they were last, by series
	tallies  map[tallied]tally
	stored   time.Time                      // when the tallies were stored last
	promised map[ref.Component]Promise      // as it was last; nil before that was asked for
	told     []told                         // events that are not reckoned yet
	units    map[ref.Component]*units.Known // that are counted once
	happened map[outcomesOf]float64         // events, since the start
	heard    map[where]*hearing             // since the start
	live     map[where]bool                 // where a workload's process runs
	periods  map[ref.Component]*serving     // of live versions, not over yet
	listened time.Time                      // when silence was measured last
}

// New returns the service. It starts nothing.
func New(db *store.DB, j *journal.Journal, r Recorder, q Querier, o Outcomes, w Workloads, p Objectives, now func() time.Time) *Service {
	return &Service{db: db, journal: j, recorder: r, querier: q, outcomes: o, workloads: w, promises: p, now: now, rules: Rules(), seed: maphash.MakeSeed(),
		begun: map[string]bool{}, received: map[receivedKey]float64{}, last: map[string]evaluation{},
		counted: map[string]count{}, tallies: map[tallied]tally{}, units: map[ref.Component]*units.Known{}, happened: map[outcomesOf]float64{}, heard: map[where]*hearing{}, live: map[where]bool{}, periods: map[ref.Component]*serving{}}
}
