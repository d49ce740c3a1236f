// Package cost says what each team's components use, and what that costs:
// processor time and memory of what runs, minutes of builds, storage.
//
// Nothing is estimated. Whoever starts a process opens an account for it, in
// the name of a component; the account is read while the process runs and once
// more when it has ended, with the process's own count. All processes that the
// factory started are counted besides, as the system counts them. What nobody
// has an account for is the difference, and is shown as such.
//
// Uses are kept by component, place and hour; prices are not kept: what is
// shown is priced by the rates as they are.
//
// # Owns
//
// cost_use, cost_children, cost_rate.
//
// # Tells
//
// rates.changed.
//
// # Asks
//
// Owners for a component's team, Stores for what is stored, Servers for what
// several components share.
//
// # Invariants
//
// A use is counted once. What is counted since the last minute is lost when the
// factory is killed, of its components and of the whole alike.
package cost

import (
	"context"
	"embed"
	"sync"
	"time"

	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/ref"
)

//go:embed migrations
var files embed.FS

// Schema is the module's tables.
func Schema() store.Schema { return store.Schema{Module: "cost", Files: files} }

// Place is where something is used.
type Place string

// The places. Builds are the steps of pipelines, Source is git.
const (
	Production Place = "production"
	Staging    Place = "staging"
	Previews   Place = "previews"
	Builds     Place = "builds"
	Source     Place = "source"
	Repository Place = "repository"
	Artifacts  Place = "artifacts"
	Telemetry  Place = "telemetry"
	Resources  Place = "resources"
)

// Who is in whose name something is used.
type Who struct {
	Component ref.Component
	Team      ref.Team // empty: it is asked for
	Place     Place
}

// Use is what was used.
type Use struct {
	CPU     float64 // seconds
	Memory  float64 // GB-hours
	Storage float64 // GB-hours
	Build   float64 // minutes
}

func (u Use) plus(o Use) Use {
	return Use{u.CPU + o.CPU, u.Memory + o.Memory, u.Storage + o.Storage, u.Build + o.Build}
}

const gigabyte = 1e9 // bytes

// Owners knows whose a component is.
type Owners interface {
	Owner(ctx context.Context, c ref.Component) (ref.Team, error)
}

// Stored is what a component has on disk.
type Stored struct {
	Component ref.Component
	Place     Place
	Bytes     int64
}

// Stores knows what is stored.
type Stores interface {
	Stored(ctx context.Context) ([]Stored, error)
}

// Shared is a process that several components use: each has an equal part of
// what it uses.
type Shared struct {
	Life   any // which process: another after a restart
	Among  []Who
	CPU    time.Duration
	Memory int64
}

// Servers knows what is shared.
type Servers interface {
	Shared() []Shared
}

// Read returns what a process used so far, and how many bytes of memory it has.
type Read func() (cpu time.Duration, memory int64)

// Service keeps the accounts.
type Service struct {
	db       *store.DB
	journal  *journal.Journal
	owners   Owners
	stores   Stores
	servers  Servers
	children func() time.Duration
	now      func() time.Time

	mu      sync.Mutex // guards all below
	open    map[*account]bool
	shared  map[any]*share
	unsaved map[Who]Use
	all     float64       // CPU seconds of all children, unsaved
	seen    time.Duration // of all children, the most ever read
	stored  time.Time     // when storage was last looked at
}

// New returns the service; children returns what all processes used that were
// started from here. It starts nothing.
func New(db *store.DB, j *journal.Journal, o Owners, s Stores, sv Servers, children func() time.Duration, now func() time.Time) *Service {
	return &Service{db: db, journal: j, owners: o, stores: s, servers: sv, children: children, now: now, open: map[*account]bool{}, shared: map[any]*share{}, unsaved: map[Who]Use{}, seen: children()}
}

// account is a process that runs.
type account struct {
	who  Who
	read Read
	meter
}

// share is the account of a process that is shared.
type share struct {
	meter
	among []Who // who used it last
}

// meter is how far a process is counted.
type meter struct {
	cpu    time.Duration // counted so far
	memory int64         // at the last look
	since  time.Time     // counted until
}

// advance returns what was used since it was last called.
func (m *meter) advance(now time.Time, cpu time.Duration, memory int64) (u Use, took time.Duration) {
	took = max(now.Sub(m.since), 0)
	u = Use{CPU: max(cpu-m.cpu, 0).Seconds(), Memory: float64(memory+m.memory) / 2 / gigabyte * took.Hours()}
	m.cpu, m.memory, m.since = max(m.cpu, cpu), memory, now
	return u, took
}

// Open begins to count what a process uses, and returns what is to be called
// with its whole processor time when it has ended.
func (s *Service) Open(who Who, read Read) (end func(cpu time.Duration)) {
	a := &account{who: who, read: read, meter: meter{since: s.now()}}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open[a] = true
	return func(cpu time.Duration) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.count(a, cpu, a.memory)
		delete(s.open, a)
	}
}

// Elsewhere is Open for a process on another machine, whose use is known when it
// has ended.
func (s *Service) Elsewhere(who Who) (end func(cpu time.Duration)) {
	done := s.Open(who, func() (time.Duration, int64) { return 0, 0 })
	return func(cpu time.Duration) {
		done(cpu)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.all += cpu.Seconds()
	}
}

// Spend counts processor time of what has ended already.
func (s *Service) Spend(who Who, cpu time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unsaved[who] = s.unsaved[who].plus(Use{CPU: cpu.Seconds()})
}

// count adds what a process used since it was last looked at; s.mu is held.
func (s *Service) count(a *account, cpu time.Duration, memory int64) {
	u, took := a.advance(s.now(), cpu, memory)
	if a.who.Place == Builds {
		u.Build, u.Memory = took.Minutes(), 0 // its memory is priced with its minutes
	}
	s.unsaved[a.who] = s.unsaved[a.who].plus(u)
}
