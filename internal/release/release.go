// Package release brings published artifacts to customers, or takes them back:
// staging, then a rollout in production under a frozen plan, decided by
// evidence.
//
// Owns: release_rollout, release_counted, release_unit, release_pending,
// release_count, release_trace, release_bad, release_live, release_member; in [assembly]
// release_release, release_part, release_needs, release_turn; in [freeze]
// release_freeze.
//
// Tells: release.assembled, release.finished, deployment.finished, rollout.started, rollout.widened, rollout.held,
// rollout.resumed, rollout.asked, rollout.approved, rollout.decided, rollout.finished, effect.measured,
// artifact.marked-bad, artifact.cleared, freeze.declared, freeze.lifted.
//
// Asks: Runtime to run and route, Artifacts to verify, KeyResults for what a
// rollout can measure, Latencies for what is slow, Units for who makes a
// cohort, Known for what a freeze may be for.
//
// Invariants: a component has at most one rollout under way. A plan is frozen
// and hashed, with who its cohorts are, before the first unit is exposed. A unit counts once per metric
// and rollout. A verdict is stored with its counts before traffic moves, is
// never judged again, and replays to the identical answer. An artifact that was
// rolled back is applied by nothing until a person clears it. Parts of a release
// take traffic all at once, for the same units, or none does; one that is taken
// back takes all back, and it alone is marked.
package release

import (
	"context"
	"embed"
	"time"

	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/effect"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/release/assembly"
	"github.com/digital-factory/factory/internal/release/draft"
	"github.com/digital-factory/factory/internal/release/freeze"
	"github.com/digital-factory/factory/internal/release/plan"
	"github.com/digital-factory/factory/internal/release/rollout"
)

//go:embed migrations
var files embed.FS

// Schema is the module's tables.
func Schema() store.Schema { return store.Schema{Module: "release", Files: files} }

// The environments.
const (
	Staging    = rollout.Staging
	Production = rollout.Production
)

// What a rollout is, and what its next step is decided from.
type (
	Rollout    = rollout.Rollout
	Phase      = rollout.Phase
	Experiment = rollout.Experiment
	Back       = rollout.Back
	Approval   = rollout.Approval
	Live       = rollout.Live
	Arm        = rollout.Arm
)

// The phases.
const (
	Queued      = rollout.Queued
	InStaging   = rollout.InStaging
	Starting    = rollout.Starting
	Running     = rollout.Running
	Promoting   = rollout.Promoting
	RollingBack = rollout.RollingBack
	Promoted    = rollout.Promoted
	RolledBack  = rollout.RolledBack
	Failed      = rollout.Failed
	Superseded  = rollout.Superseded
)

// The arms.
const (
	Baseline = rollout.Baseline
	Canary   = rollout.Canary
)

// Runtime runs workloads and routes traffic.
type Runtime interface {
	// Deploy starts a workload, or finds it running, and returns once it answers
	// its health check. errs.Blocked or errs.Invalid says why it never will.
	Deploy(ctx context.Context, d Deployment) error
	// Route makes traffic of components' environments obey the routes, all from
	// the same moment on, and returns when no new request disobeys them.
	Route(ctx context.Context, list ...Route) (time.Time, error)
	// Stop drains and stops a workload; an unknown one is no error.
	Stop(ctx context.Context, w ref.Workload) error
	// Probe sends smoke requests of n distinct synthetic units to a workload and
	// reports how many failed, with an example of the failures.
	Probe(ctx context.Context, w ref.Workload, n int) (failed int, example string, err error)
}

// Deployment is a workload to run.
type Deployment struct {
	Workload    ref.Workload
	Component   ref.Component
	Team        ref.Team
	Environment ref.Environment
	Artifact    ref.Artifact
	Number      string
}

// Route says which workloads take a component's traffic in an environment.
type Route struct {
	Component   ref.Component
	Environment ref.Environment
	Sequence    int64 // a route with a lower number than the last is stale
	Baseline    ref.Workload
	Canary      ref.Workload // empty: all traffic goes to Baseline
	Rollout     ref.Rollout
	Stage       int
	Strata      []Stratum // who is assigned, and how; several where stages have cohorts
	Key         string    // of the hash that assigns units
	Preview     plan.Preview
}

// Stratum is those units that a stage admitted and the share of them that the
// canary has. A unit that several admit is in the one with the greatest share,
// the first of these.
type Stratum struct {
	Stage  int
	Share  float64 // 0..1
	Cohort bool    // only the cohort's members, which release knows; else everybody
}

// Artifacts vouches for images.
type Artifacts interface {
	// Verify returns nil when the image carries a valid signature, provenance
	// and SBOM of ours, and with it what is sealed into the image.
	Verify(ctx context.Context, component ref.Component, a ref.Artifact) (Sealed, error)
}

// Sealed is what the repository said of a version: sections of its component
// file, as JSON or empty.
type Sealed struct {
	Rollout string
	Parts   string // what it provides and requires
}

// KeyResults knows what work items are meant to move.
type KeyResults interface {
	// ForItems returns the experiments that items' features name.
	ForItems(ctx context.Context, items []ref.Item) ([]Experiment, error)
}

// What a plan is drafted from.
type (
	Latencies = draft.Latencies
	Units     = draft.Units
	Members   = draft.Members
)

// What is counted under a rollout.
type (
	Observation = rollout.Observation
	Traffic     = rollout.Traffic
	Outcome     = rollout.Outcome
)

// Service runs releases.
type Service struct {
	rollout.Reader
	*rollout.Counter
	Freezes *freeze.Service

	db      *store.DB
	journal *journal.Journal
	effects *effect.Log
	runtime Runtime
	sealed  Artifacts
	results KeyResults
	drafts  draft.Maker
	now     func() time.Time
	wake    chan struct{}
	fits    *assembly.Memory
}

// Asks is whom the module asks.
type Asks struct {
	Runtime    Runtime
	Artifacts  Artifacts
	KeyResults KeyResults
	Latencies  Latencies
	Units      Units
	Known      freeze.Known
}

// New returns the service. It starts nothing.
func New(db *store.DB, j *journal.Journal, e *effect.Log, a Asks, now func() time.Time) *Service {
	s := &Service{
		Reader: rollout.Reader{DB: db}, db: db, journal: j, effects: e, runtime: a.Runtime, sealed: a.Artifacts, results: a.KeyResults,
		drafts: draft.Maker{DB: db, Latencies: a.Latencies, Units: a.Units}, now: now, wake: make(chan struct{}, 1), fits: &assembly.Memory{},
	}
	s.Counter = rollout.NewCounter(db, now, s.nudge)
	s.Freezes = freeze.New(db, j, a.Known, now, s.nudge)
	return s
}

func (s *Service) nudge() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}
