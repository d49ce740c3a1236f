// Package resource provides what components need beside their own process. A
// component's file says what: a database, a folder that stays, its address. The
// platform makes it be there in each environment, before the workload's first
// instruction, and says in the workload's variables how to reach it.
//
// A database is in a PostgreSQL server that the factory runs, one for each
// environment and one for all previews, from when the first workload needs it
// until a while after the last one did. The workload finds it on its own
// loopback, where the factory hands every connection on.
//
// Nothing that was provisioned goes by itself, but with a preview: what no version
// declares any more stays, is shown as unused, and is deleted by a person only.
//
// # Owns
//
// platform_resource, platform_resource_use, and the folders with the data.
//
// # Tells
//
// resource.provisioned, resource.failed, resource.deleted.
//
// # Asks
//
// Components who owns a component; Vault to keep passwords; Workloads what is
// deployed; Meter to take figures.
//
// # Invariants
//
// A resource is of one component and one environment, for ever. While a deployed
// workload declares it, it is not deleted. A password is nowhere but in the vault,
// in the server and in the workload.
package resource

import (
	"context"
	"path/filepath"
	"sync"
	"time"

	"github.com/digital-factory/factory/internal/base/egress"
	"github.com/digital-factory/factory/internal/base/sandbox"
	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/ref"
)

// Components knows who owns what.
type Components interface {
	// Owner returns the team of a component, or errs.NotFound.
	Owner(ctx context.Context, c ref.Component) (ref.Team, error)
}

// Vault keeps texts that nobody may read.
type Vault interface {
	// Seal keeps a text under a name.
	Seal(ctx context.Context, tx *store.Tx, name, text string) error
	// Unseal returns it; errs.NotFound when nothing is kept.
	Unseal(ctx context.Context, tx *store.Tx, name string) (string, error)
	// Shred forgets it.
	Shred(ctx context.Context, tx *store.Tx, name string) error
}

// Workloads knows what is deployed.
type Workloads interface {
	// Deployed returns the ids of all workloads that run or shall run.
	Deployed(ctx context.Context) ([]ref.Workload, error)
}

// Meter takes figures.
type Meter interface {
	Record(ctx context.Context, samples []Sample) error
}

// Sample is one value of a metric.
type Sample struct {
	Name   string
	Labels map[string]string
	Value  float64
	At     time.Time
}

// Asks are whom the service asks and tells.
type Asks struct {
	Components Components
	Vault      Vault
	Workloads  Workloads
	Meter      Meter
	// Address returns where customers reach a component in an environment.
	Address func(c ref.Component, e ref.Environment) string
	Reach   egress.Policy // what workloads may reach, of the hosts that they list
}

// pace is how long what waits.
type pace struct {
	wait    time.Duration // for a server to answer
	stop    time.Duration // for a server to end; longer, and it is killed
	first   time.Duration // before the first restart
	longest time.Duration // before any restart
	steady  time.Duration // of running after which the pauses start small again
	linger  time.Duration // of a server that nobody needs any more
	drain   time.Duration // for workloads to end, when the factory does
	dial    time.Duration // for a server that starts again, when a workload connects
}

func usual() pace {
	return pace{wait: time.Minute, stop: 10 * time.Second, first: 200 * time.Millisecond, longest: 30 * time.Second, steady: time.Minute,
		linger: 5 * time.Minute, drain: 25 * time.Second, dial: 10 * time.Second}
}

// Service provides resources.
type Service struct {
	db      *store.DB
	journal *journal.Journal
	box     *sandbox.Sandbox
	asks    Asks
	dir     string
	now     func() time.Time
	pace    pace

	wake     chan struct{}
	mu       sync.Mutex // guards what follows
	clusters map[string]*cluster
	volumes  map[place]*folder // that are mounted
	ended    bool              // nobody is served any more
	deleting map[place]bool
}

// place is a resource's name.
type place struct {
	component   ref.Component
	environment ref.Environment
	name        string
}

// New returns the service, which keeps its data below dir. It starts nothing.
func New(db *store.DB, j *journal.Journal, box *sandbox.Sandbox, a Asks, dir string, now func() time.Time) *Service {
	return &Service{db: db, journal: j, box: box, asks: a, dir: filepath.Clean(dir), now: now, pace: usual(),
		wake: make(chan struct{}, 1), clusters: map[string]*cluster{}, volumes: map[place]*folder{}, deleting: map[place]bool{}}
}

func (s *Service) nudge() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}
