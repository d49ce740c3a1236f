// Package runtime runs workloads, sandboxed processes from verified images,
// and carries traffic to them: the gateway splits it between versions by a
// keyed hash of the unit and counts what each unit met.
//
// Owns: runtime_workload, runtime_route.
//
// Tells: workload.ready, workload.crashed, workload.stopped.
//
// Asks: Images to unpack, Telemetry to serve each workload's OTLP, Observer to
// take the counts, Meter to take gateway metrics, Cohorts for who takes part in a
// rollout that is not for everybody, Variables for what a workload is told, Resources for what it needs beside its
// process.
//
// Invariants: what runs is what runtime_workload lists; after a crash of the
// factory the same processes are started again. One that could take traffic once
// is never given up. A workload keeps the variables that it was deployed with; no
// secret of them stands in a log. A route with a lower sequence than the last is
// ignored. A unit keeps its arm while the share only grows. A
// workload is stopped only when no request is on its way to it.
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
	Args      []string
	Env       []string
	Dir       string
	Resources string   // what it needs beside its process, as Resources reads it; empty: nothing
	Port      int      // the service listens on it, on 127.0.0.1 or all addresses
	Health    string   // path that answers below 400 when the service can take traffic
	Smoke     []string // paths for smoke requests; Health when empty
}

// Images unpacks.
type Images interface {
	// Unpack verifies an image's digests and extracts it into dir, which is
	// missing or holds the same image already.
	Unpack(ctx context.Context, a ref.Artifact, dir string) (Image, error)
}

// Telemetry takes what a workload tells about itself.
type Telemetry interface {
	// Serve serves OTLP/HTTP, and OFREP for its flags, for one workload until
	// the listener closes. What comes in on the listener is that workload's and
	// nobody else's.
	Serve(l net.Listener, w Workload) error
}

// Observer takes what the gateway counted under a rollout.
type Observer interface {
	Observe(ctx context.Context, t Traffic) error
}

// Cohorts knows who takes part in a rollout.
type Cohorts interface {
	// Members returns the units that the stages with cohorts admit.
	Members(ctx context.Context, r ref.Rollout) ([]Member, error)
}

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
	// Provide makes it be there for one life of a workload. What cannot be is
	// errs.Blocked or errs.Invalid with what to do; that it is not yet,
	// errs.Unavailable.
	Provide(ctx context.Context, w Workload, declared string) (*Provided, error)
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
	Serve func(l net.Listener) // until l closes
}

// Asks are whom the service asks and tells.
type Asks struct {
	Images    Images
	Telemetry Telemetry
	Observer  Observer
	Meter     Meter
	Cohorts   Cohorts
	Variables Variables
	Resources Resources
}

// Service runs workloads and the gateway.
type Service struct {
	db        *store.DB
	journal   *journal.Journal
	box       *sandbox.Sandbox
	images    Images
	telemetry Telemetry
	observer  Observer
	meter     Meter
	cohorts   Cohorts
	variables Variables
	resources Resources
	dir       string
	now       func() time.Time
	pace      pace

	wake    chan struct{}
	routed  chan struct{} // closed by Run once the stored routes are in force
	routes  atomic.Pointer[table]
	serving atomic.Pointer[map[ref.Workload]*worker] // a copy of workers, for the gateway
	meters  meters

	mu      sync.Mutex // guards workers, changed and unpacking
	workers map[ref.Workload]*worker
	changed chan struct{} // closed and made anew when workers change
	routing sync.Mutex    // makes changes of routes one after another; taken before mu

	unpacking map[ref.Artifact]*sync.Mutex // makes users of an image's directory one after another
}

// New returns the service; dir is for unpacked images and logs. It starts
// nothing.
func New(db *store.DB, j *journal.Journal, box *sandbox.Sandbox, a Asks, dir string, now func() time.Time) *Service {
	s := &Service{db: db, journal: j, box: box, images: a.Images, telemetry: a.Telemetry, observer: a.Observer, meter: a.Meter, cohorts: a.Cohorts, variables: a.Variables, resources: a.Resources,
		dir: dir, now: now, pace: usual(),
		wake: make(chan struct{}, 1), routed: make(chan struct{}), workers: map[ref.Workload]*worker{}, changed: make(chan struct{})}
	s.routes.Store(&table{})
	s.serving.Store(&map[ref.Workload]*worker{})
	s.meters.byKey = map[meterKey]*meterValues{}
	s.unpacking = map[ref.Artifact]*sync.Mutex{}
	return s
}

func (s *Service) nudge() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (w Workload) subject() ref.Subject { return ref.Of("workload", w.ID) }
