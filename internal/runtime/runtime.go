// Package runtime runs workloads, each by one sandboxed process or several, its
// replicas, from a verified image, and carries traffic to them: the gateway splits
// it between versions by a keyed hash of the unit, gives each request to the replica
// with the fewest on their way, and counts what each unit met.
//
// Owns: runtime_workload, runtime_route.
//
// Tells: workload.ready, workload.crashed, workload.unhealthy, workload.restarted,
// workload.stopped.
//
// Asks: Images to unpack, Telemetry to serve each workload's OTLP, Observer to
// take the counts, Meter to take gateway metrics, Cohorts for who takes part in a
// rollout that is not for everybody, Variables for what a workload is told, Resources for what it needs beside its
// process, Scales for how many replicas it has and what each may use.
//
// Invariants: what runs is what runtime_workload lists; after a crash of the
// factory the same processes are started again. One that could take traffic once
// is never given up. One that is deployed again after it was stopped starts
// again. A workload keeps the variables that it was deployed with; no
// secret of them stands in a log. A route with a lower sequence than the last is
// ignored. A unit keeps its arm while the share only grows. A
// process is stopped only when no request is on its way to it, and replaced only
// by one that is ready; a request that a process began to receive is sent to no
// other. No replica is taken out because of its health when it is the last, and
// none is replaced that gives any answer. No two live processes send telemetry
// under the same name.
package runtime

import (
	"context"
	"embed"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/digital-factory/factory/internal/base/sandbox"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/runtime/count"
	"github.com/digital-factory/factory/internal/runtime/meter"
	"github.com/digital-factory/factory/internal/runtime/replica"
)

//go:embed migrations
var files embed.FS

// Schema is the module's tables.
func Schema() store.Schema { return store.Schema{Module: "runtime", Files: files} }

// Workload is a version of a component that shall run in an environment.
type Workload struct {
	ID          ref.Workload
	Component   ref.Component
	Team        ref.Team
	Environment ref.Environment
	Artifact    ref.Artifact
	Number      string // the artifact's version
	Variables   int64  // their revision; set when it is deployed
	Created     time.Time
	Ready       time.Time // when it could take traffic for the first time; zero: never yet
}

// Image is an unpacked image and what it says of itself.
type Image struct {
	Args     []string
	Env      []string
	Dir      string
	Needs    string        // beside its process, as Resources reads it; empty: nothing
	CPUs     float64       // at most; 0: as many as the platform gives
	Memory   int64         // bytes, likewise
	Replicas int           // processes that the version asks for; 0: one
	Port     int           // the service listens on it, on 127.0.0.1 or all addresses; 0: a worker, that serves nothing
	Steady   time.Duration // a worker is ready when it has run so long without ending
	Says     string        // a worker that has this is ready at the first line with it instead
	Health   string        // path that answers below 400 when the service can take traffic
	Smoke    []string      // paths for smoke requests; Health when empty
}

// Images unpacks.
type Images interface {
	// Unpack verifies an image's digests and extracts it into dir, which is
	// missing or holds the same image already.
	Unpack(ctx context.Context, a ref.Artifact, dir string) (Image, error)
}

// Telemetry takes what a workload tells about itself.
type Telemetry interface {
	// Serve serves OTLP/HTTP, and OFREP for its flags, for one process of a
	// workload until the listener closes. What comes in on the listener is that
	// process's and nobody else's: sender is its service.instance.id, which no
	// other process has while it lives.
	Serve(l net.Listener, w Workload, sender string) error
}

// Cohorts knows who takes part in a rollout.
type Cohorts interface {
	// Members returns the units that the stages with cohorts admit.
	Members(ctx context.Context, r ref.Rollout) ([]Member, error)
}

// Traffic is what was counted of a rollout since the last time.
type Traffic = count.Traffic

// Observation is something that happened to a unit under a rollout.
type Observation = count.Observation

// Sample is one value of a metric of the factory's own.
type Sample = meter.Sample

// Meter takes the gateway's own metrics, once a second.
type Meter interface {
	Record(ctx context.Context, samples []Sample) error
}

// Variables knows what the workloads of a component are told in an environment.
type Variables interface {
	// Newest returns the revision for a new workload.
	Newest(ctx context.Context, c ref.Component, e ref.Environment) (int64, error)
	// Values returns the variables of a revision as KEY=value, and the values of
	// these that are secrets.
	Values(ctx context.Context, c ref.Component, e ref.Environment, revision int64) (variables, secrets []string, err error)
}

// Resources provides what images need beside their process.
type Resources interface {
	// Provide makes it be there for one life of a workload, which is told told
	// besides. What cannot be is
	// errs.Blocked or errs.Invalid with what to do; that it is not yet,
	// errs.Unavailable.
	Provide(ctx context.Context, w Workload, needs string, told []string) (*Provided, error)
}

// Provided is what one life of a workload gets.
type Provided struct {
	Env       []string // KEY=value
	Secrets   []string // that are hidden in its log
	Binds     []sandbox.Bind
	FileBytes int64    // how large any file may become; 0: no bound
	Notes     []string // for its log
	Doors     []Door
	Over      <-chan struct{} // closed when the life must end
	Why       func() string   // it must
	Release   func()          // to be called when the life has ended
}

// Door is a port of the workload's own on which it is served.
type Door struct {
	Port  int
	Serve func(l net.Listener, say func(line string)) // until l closes; say writes to its log
}

// Asks are whom the service asks and tells.
type Asks struct {
	Images    Images
	Telemetry Telemetry
	Observer  count.Observer
	Meter     Meter
	Cohorts   Cohorts
	Variables Variables
	Resources Resources
	Scales    Scales
}

// Service runs workloads and the gateway.
type Service struct {
	db        *store.DB
	journal   *journal.Journal
	box       *sandbox.Sandbox
	images    Images
	telemetry Telemetry
	observer  count.Observer
	meter     Meter
	cohorts   Cohorts
	variables Variables
	resources Resources
	scales    Scales
	dir       string
	now       func() time.Time
	pace      pace
	account   Account // nil: nobody keeps one

	wake    chan struct{}
	routed  chan struct{} // closed by Run once the stored routes are in force
	routes  atomic.Pointer[table]
	serving atomic.Pointer[map[ref.Workload]*worker] // a copy of workers, for the gateway
	meters  *meter.Meters
	retired count.Retired
	told    map[place]bool  // of which is told how many of its replicas are unhealthy; only record uses it
	scaled  map[place]Scale // as was known last; only runDesired uses it

	mu      sync.Mutex // guards workers, changed and unpacking
	workers map[ref.Workload]*worker
	changed chan struct{} // closed and made anew when workers change
	routing sync.Mutex    // makes changes of routes one after another; taken before mu

	using     map[ref.Artifact]int         // how many processes run one time from an image; guarded by mu
	unpacking map[ref.Artifact]*sync.Mutex // makes users of an image's directory one after another
}

// New returns the service; dir is for unpacked images and logs. It starts
// nothing.
func New(db *store.DB, j *journal.Journal, box *sandbox.Sandbox, a Asks, dir string, now func() time.Time) *Service {
	s := &Service{db: db, journal: j, box: box, images: a.Images, telemetry: a.Telemetry, observer: a.Observer, meter: a.Meter, cohorts: a.Cohorts, variables: a.Variables, resources: a.Resources, scales: a.Scales,
		dir: dir, now: now, pace: pace{replica.Usual(), 10 * time.Second},
		wake: make(chan struct{}, 1), routed: make(chan struct{}), workers: map[ref.Workload]*worker{}, changed: make(chan struct{})}
	s.routes.Store(&table{})
	s.serving.Store(&map[ref.Workload]*worker{})
	s.meters, s.told = meter.New(), map[place]bool{}
	s.unpacking, s.using = map[ref.Artifact]*sync.Mutex{}, map[ref.Artifact]int{}
	return s
}

func (s *Service) nudge() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (w Workload) meter() meter.Key {
	return meter.Key{Component: w.Component, Environment: w.Environment, Version: w.Number}
}

func (w Workload) subject() ref.Subject { return ref.Of("workload", w.ID) }
