// Package agent is the factory's side of agents: processes of this program on
// other machines that take runs from the queue and walk them there.
//
// Owns: agent_agent, and the key of the agents' authority on disk.
//
// Tells: agent.joined, agent.lost, agent.removed.
//
// Asks: Runs (the queue, and where what comes of a run is kept), and what the
// factory's own runners ask too: files, secrets, publishing, the account.
//
// Invariants: an agent is who has a certificate that the factory's authority
// signed and stands in the registry; both are looked at with every request. It is
// given files, secrets and a place to write only for runs that it holds. Signing
// keys and the database never leave the factory. Whose turn it is, is decided
// here. What an agent has not said for [queue.Hold] that it has, begins again
// elsewhere; what it had printed stays.
package agent

import (
	"context"
	"embed"
	"sync"
	"time"

	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/journal"
	"github.com/digital-factory/factory/internal/pipeline"
	"github.com/digital-factory/factory/internal/pipeline/agent/wire"
	"github.com/digital-factory/factory/internal/pipeline/queue"
	"github.com/digital-factory/factory/internal/ref"
)

//go:embed migrations
var files embed.FS

// Schema is the package's tables.
func Schema() store.Schema { return store.Schema{Module: "agent", Files: files} }

// State is what an agent does.
type State string

// The states.
const (
	Expected  State = "expected"  // it has not joined; its token holds
	Expired   State = "expired"   // it has not joined, and its token does not hold any more
	Connected State = "connected" // it takes runs
	Draining  State = "draining"  // it takes no more, and ends when those that it has have
	Stopped   State = "stopped"   // it ended in order
	Lost      State = "lost"      // it gave no sign of life
)

// Agent is a machine that takes runs.
type Agent struct {
	ID        ref.Agent
	Name      string
	State     State
	Host      wire.Host
	Created   time.Time
	CreatedBy string
	Joined    time.Time // zero: never
	Expires   time.Time // of its certificate, which it renews by itself
	Seen      time.Time // zero: never
	Runs      []pipeline.Run

	token             string // hash of the secret, hex; empty: it was used
	tokenUntil        time.Time
	lost, stopped     time.Time
	drain, otherBuild bool
}

// Account counts what a step on an agent uses; it returns what is to be called
// with its processor time when it has ended.
type Account func(r pipeline.Run) (end func(cpu time.Duration))

// Asks is what the factory's own runners ask too.
type Asks struct {
	Runs      *pipeline.Service
	Source    pipeline.Source
	Secrets   pipeline.Secrets
	Publisher pipeline.Publisher
	Keeper    pipeline.Keeper // nil: nobody keeps what checks build
	Account   Account         // nil: nobody keeps one
	Door      string          // address at which agents are waited for; empty: they are not
}

// Service knows the agents.
type Service struct {
	Asks
	db        *store.DB
	journal   *journal.Journal
	authority *Authority
	version   string // of this program
	dir       string // for what agents send
	now       func() time.Time
	joins     limiter

	mu        sync.Mutex    // guards what follows
	bell      chan struct{} // closed and made anew when there may be something to tell
	counts    map[step]func(cpu time.Duration)
	answering map[ref.Agent]*sync.Mutex
}

// step is one that is under way on an agent.
type step struct {
	run  ref.Run
	name string
}

// New returns the service; dir is for what agents send. It starts nothing.
func New(db *store.DB, j *journal.Journal, asks Asks, a *Authority, version, dir string, now func() time.Time) *Service {
	s := &Service{Asks: asks, db: db, journal: j, authority: a, version: version, dir: dir, now: now, joins: limiter{now: now}, bell: make(chan struct{}), counts: map[step]func(time.Duration){}, answering: map[ref.Agent]*sync.Mutex{}}
	asks.Runs.LendWith(s.ring, s.idle)
	return s
}

// ring wakes the agents that wait for orders.
func (s *Service) ring() {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.bell)
	s.bell = make(chan struct{})
}

func (s *Service) rung() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bell
}

// state decides what an agent does.
func (a Agent) state(now time.Time) State {
	switch {
	case a.Joined.IsZero() && now.After(a.tokenUntil):
		return Expired
	case a.Joined.IsZero():
		return Expected
	case !a.lost.IsZero():
		return Lost
	case !a.stopped.IsZero():
		return Stopped
	case a.drain || a.otherBuild:
		return Draining
	}
	return Connected
}

// overdue reports whether an agent that should be there gives no sign of life.
func (a Agent) overdue(now time.Time) bool {
	return !a.Joined.IsZero() && a.lost.IsZero() && a.stopped.IsZero() && now.Sub(a.Seen) > queue.Hold
}

// idle says why nobody takes a run that waits, where no process of the factory
// takes any; empty when an agent will.
func (s *Service) idle(ctx context.Context) string {
	list, err := s.all(ctx)
	if err != nil {
		return ""
	}
	for _, a := range list {
		if a.State == Connected {
			return ""
		}
	}
	return "no agent is connected, and this factory runs nothing itself; see factory agent list"
}
