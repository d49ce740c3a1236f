// Package replica keeps one workload running, by as many processes as it shall
// have. Each replica is a slot that one process after another fills: started,
// asked for its health, started again when it ends, and replaced by another that
// is ready before the old one is drained.
package replica

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/ref"
)

// Pace is how long is waited for what.
type Pace struct {
	Ready   time.Duration // for a start; longer, and it never will be ready
	Health  time.Duration // for the answer to one question for its health
	Check   time.Duration // between two questions for the health of one that is ready
	Silent  time.Duration // of questions that get no answer at all; longer, and the process is replaced
	Stop    time.Duration // after SIGTERM; longer, and it is killed
	First   time.Duration // before the first restart
	Longest time.Duration // before any restart
	Steady  time.Duration // of running after which the pauses start small again
}

// Usual is the pace of workloads.
func Usual() Pace {
	return Pace{Ready: 30 * time.Second, Health: 2 * time.Second, Check: 5 * time.Second, Silent: 30 * time.Second, Stop: 10 * time.Second,
		First: 200 * time.Millisecond, Longest: 30 * time.Second, Steady: time.Minute}
}

const (
	healthEvery = 20 * time.Millisecond // while it starts
	badAnswers  = 3                     // in a row, and one that was ready is unhealthy
	attempts    = 3                     // to become ready for the first time
)

// Scale is how many processes there shall be, and what each may use at most. Zero
// values leave what the version itself says.
type Scale struct {
	Replicas int
	CPUs     float64
	Memory   int64 // bytes
}

// limits is what is set about each process.
func (c Scale) limits() Scale { return Scale{CPUs: c.CPUs, Memory: c.Memory} }

// Workload is what the replicas are of.
type Workload struct {
	ID          ref.Workload
	Component   ref.Component
	Environment ref.Environment
	Artifact    ref.Artifact
	Number      string
	Proven      bool // it could take traffic once: it is never given up
	Most        int  // replicas
}

// Order is what a life shall be.
type Order struct {
	Replica string // its name in the log
	Sender  string // of telemetry: no two that live at once have the same
	Limits  Scale
	Learned func(port, replicas int) // told what the image says, before the process starts
}

// Host is where the processes run.
type Host interface {
	// Start starts a process.
	Start(ctx context.Context, o Order) (*Process, error)
	// Tell appends a fact about the workload; a failure to do so must not end it.
	Tell(ctx context.Context, p fact.Payload)
	// Apart has the replicas be told apart in the log, or no longer.
	Apart(is bool)
}

// Group is the replicas of one workload.
type Group struct {
	of       Workload
	host     Host
	pace     Pace
	now      func() time.Time
	wake     chan struct{}     // something is to be fitted
	restarts chan chan<- error // asks for all processes to be replaced
	ended    chan struct{}     // closed when nothing of it is left

	slots    atomic.Pointer[[]*slot] // in the order of their numbers; replaced, never changed
	unserved atomic.Bool             // it serves nothing

	turn sync.Mutex // makes becoming ready one after another; taken before mu
	mu   sync.Mutex // guards what follows, and the slots' part
	// What it shall be.
	own     int    // replicas that the version asks for; 0: not known before its image is
	scale   Scale  // that is set
	inForce Scale  // limits that new processes are given
	good    bool   // a process became ready with them
	refused *Scale // limits that were tried, and not every replica became ready with; nil: none
	because string
	leaving int             // replicas that are too many, and not gone yet
	rolling bool            // its processes are being replaced
	senders map[string]bool // names of telemetry that live processes have
	// How far it is.
	proven  bool          // it could take traffic with all its replicas once: it is not given up any more
	begun   chan struct{} // closed once a first life took traffic, or all ended
	isBegun bool
	settled chan struct{} // closed once each replica was ready, or one is broken
	isSet   bool
}

// New returns the replicas of a workload, none of which runs yet.
func New(of Workload, host Host, pace Pace, scale Scale, now func() time.Time) *Group {
	g := &Group{of: of, host: host, pace: pace, now: now, wake: make(chan struct{}, 1), restarts: make(chan chan<- error), ended: make(chan struct{}),
		scale: scale, inForce: scale.limits(), senders: map[string]bool{}, proven: of.Proven, begun: make(chan struct{}), settled: make(chan struct{})}
	g.slots.Store(&[]*slot{})
	return g
}

// Ended is closed when nothing of the workload is left.
func (g *Group) Ended() <-chan struct{} { return g.ended }

// Begun is closed once a first life took traffic, or all of them ended.
func (g *Group) Begun() <-chan struct{} { return g.begun }

// Settled is closed once each of the replicas that it began with was ready, or one
// will never be: then Broken says why.
func (g *Group) Settled() <-chan struct{} { return g.settled }

// Serves reports whether it serves requests, as far as is known.
func (g *Group) Serves() bool { return !g.unserved.Load() }

// Run keeps the workload running until ctx ends, then stops it gently. It returns
// when nothing of it is left.
func (g *Group) Run(ctx context.Context) {
	defer close(g.ended)
	var children sync.WaitGroup
	defer children.Wait()
	for {
		g.fit(ctx, &children)
		select {
		case <-ctx.Done():
			return
		case <-g.wake:
		case done := <-g.restarts:
			children.Go(func() {
				err := g.roll(ctx)
				g.Release()
				done <- err
			})
		}
	}
}

// fit gives a workload as many replicas as it shall have, and begins to replace
// them when their limits shall be others. The highest numbers go first.
func (g *Group) fit(ctx context.Context, children *sync.WaitGroup) {
	g.mu.Lock()
	defer g.mu.Unlock()
	list, most := slices.Clone(*g.slots.Load()), g.target()
	for len(list) < most {
		bounded, cancel := context.WithCancel(ctx)
		sl := &slot{number: len(list) + 1, cancel: cancel, ended: make(chan struct{}), renew: make(chan chan<- error), state: Starting, since: g.now()}
		list = append(list, sl)
		children.Go(func() {
			defer cancel()
			g.runSlot(bounded, sl)
			g.left(sl)
		})
	}
	for len(list) > most {
		list[len(list)-1].cancel()
		list[len(list)-1].leaves = true
		g.leaving++
		list = list[:len(list)-1]
	}
	g.slots.Store(&list)
	g.host.Apart(len(list)+g.leaving > 1)
	g.settle()
	if next := g.scale.limits(); next != g.inForce && (g.refused == nil || next != *g.refused) && !g.rolling {
		g.rolling = true
		children.Go(func() { g.limit(ctx, next) })
	}
}

// left notes that nothing of a replica is left.
func (g *Group) left(sl *slot) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if sl.leaves {
		g.leaving--
		g.poke()
	}
}

// target is how many replicas the workload shall have; g.mu is held.
func (g *Group) target() int {
	n := g.scale.Replicas
	if n == 0 {
		n = g.own
	}
	return min(max(n, 1), g.of.Most)
}

// Rescale tells how many there shall be, and what each may use.
func (g *Group) Rescale(to Scale) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.scale != to {
		g.scale = to
		if g.refused != nil && to.limits() != *g.refused {
			g.refused, g.because = nil, ""
		}
		g.poke()
	}
}

// learn notes what the image says.
func (g *Group) learn(port, replicas int) {
	g.unserved.Store(port == 0)
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.own == 0 {
		g.own = max(replicas, 1)
		g.poke()
	}
}

func (g *Group) poke() {
	select {
	case g.wake <- struct{}{}:
	default:
	}
}

// sender returns the name by which a life of a replica sends telemetry. While
// a process is replaced by another two of a replica live, and must not write to
// the same series.
func (g *Group) sender(replica int) (name string, free func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	name = fmt.Sprintf("%s-%d", g.of.ID, replica)
	for n := 2; g.senders[name]; n++ {
		name = fmt.Sprintf("%s-%d-%d", g.of.ID, replica, n)
	}
	g.senders[name] = true
	return name, func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		delete(g.senders, name)
	}
}

// Take returns the process that a request is for, which is on its way to it then:
// of those that are ready and healthy the one with the fewest; nil when none is
// ready. Those that refused the request are not asked again.
func (g *Group) Take(refused ...*Process) *Process {
	list := *g.slots.Load()
	if len(list) == 1 && refused == nil {
		return list[0].take()
	}
	for {
		var best *slot
		var in *Process
		var fewest int64
		for i, from := 0, rand.IntN(max(len(list), 1)); i < len(list); i++ {
			sl := list[(from+i)%len(list)]
			of := sl.current.Load()
			if of == nil || slices.Contains(refused, of) {
				continue
			}
			n := of.inFlight.Load()
			if of.unwell.Load() {
				n += 1 << 40 // still better than none
			}
			if in == nil || n < fewest {
				best, in, fewest = sl, of, n
			}
		}
		if in == nil {
			return nil
		}
		in.inFlight.Add(1)
		if best.current.Load() == in {
			return in
		}
		in.inFlight.Add(-1) // it was taken out just now
	}
}

// TakeFor is Take for a smoke request: all replicas have their turn.
func (g *Group) TakeFor(i int) *Process {
	if list := *g.slots.Load(); len(list) > 0 {
		if in := list[i/2%len(list)].take(); in != nil {
			return in
		}
	}
	return g.Take()
}

// Several reports whether there is more than one replica.
func (g *Group) Several() bool { return len(*g.slots.Load()) > 1 }

// Unhealthy is how many of the processes that are ready answer badly.
func (g *Group) Unhealthy() (n int) {
	for _, sl := range *g.slots.Load() {
		if in := sl.current.Load(); in != nil && in.unwell.Load() {
			n++
		}
	}
	return n
}
