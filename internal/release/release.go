// Package release brings published artifacts to customers, or takes them back:
// staging, then a rollout in production under a frozen plan, decided by
// evidence.
//
// Owns: release_rollout, release_unit, release_count, release_trace,
// release_bad, release_live.
//
// Tells: deployment.finished, rollout.started, rollout.widened, rollout.held,
// rollout.resumed, rollout.decided, rollout.finished, effect.measured,
// artifact.marked-bad, artifact.cleared.
//
// Asks: Runtime to run and route, Artifacts to verify, KeyResults for what a
// rollout can measure, Latencies for what is slow.
//
// Invariants: a component has at most one rollout under way. A plan is frozen
// and hashed before the first unit is exposed. A unit counts once per metric
// and rollout. A verdict is stored with its counts before traffic moves, is
// never judged again, and replays to the identical answer. An artifact that was
// rolled back is applied by nothing until a person clears it.
package release

import (
	"context"
	"embed"
	"time"

	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/effect"
	"github.com/digital-factory/factory/internal/evidence"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/release/plan"
)

//go:embed migrations
var files embed.FS

// Schema is the module's tables.
func Schema() store.Schema { return store.Schema{Module: "release", Files: files} }

// The environments.
const (
	Staging    ref.Environment = "staging"
	Production ref.Environment = "production"
)

// Phase of a rollout.
type Phase string

// A rollout waits for its turn, proves itself in staging, is started in
// production, takes traffic, then settles after its verdict. The last four
// are ends.
const (
	Queued      Phase = "queued"
	InStaging   Phase = "staging"
	Starting    Phase = "starting"
	Running     Phase = "running"
	Promoting   Phase = "promoting"
	RollingBack Phase = "rolling_back"
	Promoted    Phase = "promoted"
	RolledBack  Phase = "rolled_back"
	Failed      Phase = "failed"     // never took traffic
	Superseded  Phase = "superseded" // a newer artifact took its place while it waited
)

// Ended reports whether nothing more happens.
func (p Phase) Ended() bool {
	return p == Promoted || p == RolledBack || p == Failed || p == Superseded
}

// Experiment is a key result that the rollout can measure as a randomised
// experiment: outcome events of a name and with attributes.
type Experiment struct {
	KeyResult ref.KeyResult     `json:"keyResult"`
	Feature   ref.Feature       `json:"feature"`
	Event     string            `json:"event"`
	Where     map[string]string `json:"where,omitempty"`
}

// Rollout is one artifact's way to the customers.
type Rollout struct {
	ID           ref.Rollout
	Artifact     ref.Artifact
	Number       string // the artifact's version, e.g. "12"
	Run          ref.Run
	Origin       fact.Change
	First        bool // there is no baseline
	BaseArtifact ref.Artifact
	BaseNumber   string
	BaseWorkload ref.Workload
	Workload     ref.Workload
	Plan         plan.Plan
	PlanHash     string
	SplitKey     string // keys the assignment of units to arms, afresh for each rollout
	Experiments  []Experiment
	Phase        Phase
	Stage        int
	Held         string // a person's reason; empty when not held
	Waiting      string // what it waits for, in a sentence
	Reason       string // why it ended as it did, or could not start
	Verdict      *evidence.Verdict
	Inputs       *evidence.Inputs // that the verdict was made from
	ByHand       string           // who rolled back by hand; empty when evidence decided
	Back         *Back            // where a promoted rollout is taken back to; nil otherwise
	Requests     int64
	Unanswered   int64 // requests that got no answer from a service
	Created      time.Time
	Staged       time.Time // staging proved it
	Started      time.Time // first production traffic
	Widened      time.Time // the current stage began
	Deciding     time.Time // the event that decided
	Decided      time.Time
	Moved        time.Time // traffic was where the verdict wants it
	Finished     time.Time
	Version      int64
}

// Runtime runs workloads and routes traffic.
type Runtime interface {
	// Deploy starts a workload, or finds it running, and returns once it answers
	// its health check. errs.Blocked or errs.Invalid says why it never will.
	Deploy(ctx context.Context, d Deployment) error
	// Route makes traffic of a component's environment obey the route and
	// returns when no new request disobeys it.
	Route(ctx context.Context, r Route) (time.Time, error)
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
	Share       float64 // of units to the canary, 0..1
	Key         string  // of the hash that assigns units
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

// Latencies knows how long requests take.
type Latencies interface {
	// Latencies returns the requests that a version answered lately, by how long
	// they took; nothing when it is not known to have served any.
	Latencies(ctx context.Context, d Deployment) (plan.Latencies, error)
}

// KeyResults knows what work items are meant to move.
type KeyResults interface {
	// ForItems returns the experiments that items' features name.
	ForItems(ctx context.Context, items []ref.Item) ([]Experiment, error)
}

// Service runs releases.
type Service struct {
	db      *store.DB
	journal *journal.Journal
	effects *effect.Log
	runtime Runtime
	sealed  Artifacts
	results KeyResults
	slow    Latencies
	now     func() time.Time
	wake    chan struct{}
}

// New returns the service. It starts nothing.
func New(db *store.DB, j *journal.Journal, e *effect.Log, rt Runtime, a Artifacts, k KeyResults, l Latencies, now func() time.Time) *Service {
	return &Service{db: db, journal: j, effects: e, runtime: rt, sealed: a, results: k, slow: l, now: now, wake: make(chan struct{}, 1)}
}

func (s *Service) nudge() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (r Rollout) subject() ref.Subject { return ref.Of("rollout", r.ID) }
