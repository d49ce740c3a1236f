package replica

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/fact"
	"github.com/digital-factory/factory/internal/runtime/health"
)

// slot is one replica of a workload. One process after another fills it; while
// one takes the place of another they are two.
type slot struct {
	number  int // from 1
	cancel  context.CancelFunc
	ended   chan struct{}           // closed when nothing of it is left
	renew   chan chan<- error       // asks for another process; told how that went
	current atomic.Pointer[Process] // nil while no process is ready

	// The worker's mu guards what follows.
	state    State
	since    time.Time // when the state began
	restarts int
	reason   string // why it crashed, is broken or is not healthy
	advice   string // what to do when it never could be started; may be empty
	leaves   bool   // it is one too many
	lived    bool   // its first life took traffic, or ended
	proven   bool   // it was ready once
	settled  bool   // that, or it is broken
}

// take returns the slot's process for a request, which is on its way to it then;
// nil when there is none. Whoever takes a process out waits for the requests that
// it then sees; one that is counted later sees that it is out.
func (sl *slot) take() *Process {
	for {
		in := sl.current.Load()
		if in == nil {
			return nil
		}
		in.inFlight.Add(1)
		if sl.current.Load() == in {
			return in
		}
		in.inFlight.Add(-1)
	}
}

func (g *Group) set(sl *slot, state State, reason string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.put(sl, state, reason)
}

// put is set for who holds g.mu.
func (g *Group) put(sl *slot, state State, reason string) {
	if sl.state != state {
		sl.since = g.now()
	}
	sl.state, sl.reason = state, reason
	sl.lived = sl.lived || state != Starting
	sl.proven = sl.proven || state == Ready
	sl.settled = sl.proven || sl.settled || state == Broken
	g.settle()
}

// settle closes what has come to pass; g.mu is held.
func (g *Group) settle() {
	begun, ready, broken := true, false, false
	list := *g.slots.Load()
	all := g.own > 0 && len(list) >= g.target()
	for _, sl := range list {
		begun, all = begun && sl.lived, all && sl.settled
		ready, broken = ready || sl.state == Ready, broken || sl.state == Broken
	}
	if (begun && len(list) > 0 || ready) && !g.isBegun {
		g.isBegun = true
		close(g.begun)
	}
	if (all || broken) && !g.isSet {
		g.isSet, g.proven = true, g.proven || !broken
		close(g.settled)
		g.poke()
	}
}

// runSlot keeps a replica running until ctx ends, then drains it.
func (g *Group) runSlot(ctx context.Context, sl *slot) {
	defer close(sl.ended)
	var drained sync.WaitGroup
	defer drained.Wait()
	pause := g.pace.First
	var asked chan<- error // by whom the next try is; nil: nobody
	for try := 1; ctx.Err() == nil; try++ {
		began := g.now()
		in, reason, err := g.bring(ctx, sl, asked != nil)
		if asked != nil {
			if in != nil {
				asked <- nil
			} else {
				asked <- g.notReady(sl, reason)
			}
			asked = nil
		}
		if in != nil {
			reason = g.runLives(ctx, sl, in, &drained)
		}
		if ctx.Err() != nil {
			return
		}
		if errs.Is(err, errs.Unavailable) {
			try-- // the outside is at fault, not the workload
		}
		if g.now().Sub(began) > g.pace.Steady {
			pause = g.pace.First
		}
		if try >= attempts && g.mayGiveUp(sl) {
			g.set(sl, Broken, reason)
			slog.Warn("a workload never became ready", "workload", g.of.ID, "replica", sl.number, "component", g.of.Component, "reason", reason)
			select {
			case <-ctx.Done():
				return
			case asked = <-sl.renew:
			}
		} else {
			g.crashed(ctx, sl, Crashed, reason)
			select {
			case <-ctx.Done():
			case asked = <-sl.renew:
			case <-time.After(pause):
			}
		}
		pause = min(2*pause, g.pace.Longest)
		g.set(sl, Starting, reason)
	}
}

// mayGiveUp reports whether a replica that does not become ready will never be.
func (g *Group) mayGiveUp(sl *slot) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return !g.proven && !sl.proven
}

// crashed tells that a replica's process ended by itself, and how the replica is
// now. Who sees that it was started once more must not see it as it was before.
func (g *Group) crashed(ctx context.Context, sl *slot, now State, reason string) {
	g.mu.Lock()
	sl.restarts++
	restarts := sl.restarts
	g.put(sl, now, reason)
	g.mu.Unlock()
	g.host.Tell(ctx, fact.WorkloadCrashed{Workload: g.of.ID, Component: g.of.Component, Environment: g.of.Environment,
		Version: g.of.Number, Reason: reason, Restarts: restarts, Replica: sl.number})
}

// bring starts a process for a replica and returns it when it is ready and warm;
// nil and why when it does not become so, err when it could not be started.
// A fresh one is given the limits that are set, else those in force, with which
// processes are known to become ready.
func (g *Group) bring(ctx context.Context, sl *slot, fresh bool) (in *Process, reason string, err error) {
	g.mu.Lock()
	limits := g.inForce
	if fresh || !g.good {
		limits = g.scale.limits()
	}
	g.mu.Unlock()
	sender, free := g.sender(sl.number)
	in, err = g.host.Start(ctx, Order{Replica: fmt.Sprint(sl.number), Sender: sender, Limits: limits, Learned: g.learn})
	if err != nil {
		free()
		if ctx.Err() == nil {
			slog.Error("a workload could not be started", "workload", g.of.ID, "component", g.of.Component, "error", err)
		}
		e := errs.Of(err)
		g.mu.Lock()
		sl.advice = e.Next
		g.mu.Unlock()
		return nil, strings.TrimSuffix(e.Text+"; "+e.Next, "; "), err
	}
	in.free = free
	unready := in.awaitReady(ctx, g.pace)
	switch {
	case ctx.Err() != nil:
		in.stop(g.pace)
	case unready != nil:
		in.Process.Kill()
	default:
		if in.Port > 0 {
			warm, cancel := context.WithTimeout(ctx, g.pace.Health)
			in.runWarm(warm)
			cancel()
		}
		return in, "", nil
	}
	over := in.Why()
	reason = in.finish()
	if unready != nil && !errors.Is(unready, errEnded) && over == "" && !in.result.OutOfMemory {
		reason = fmt.Sprintf("it did not become ready: %v", unready)
	}
	return nil, reason + in.Log.Tail(), nil
}

// runLives has a replica's processes take requests, one after another as they are
// replaced, until it has none any more, and says why that is.
func (g *Group) runLives(ctx context.Context, sl *slot, in *Process, drained *sync.WaitGroup) (reason string) {
	for {
		g.open(ctx, sl, in)
		next, asked, why := g.runLife(ctx, sl, in)
		if next == nil {
			return why
		}
		old := in
		in = next
		sl.current.Store(next) // from now on nobody is sent to the old one
		drained.Go(func() {
			if !old.finished {
				old.stop(g.pace)
				old.finish()
			}
			if asked != nil {
				asked <- nil
			}
		})
	}
}

// open has a process that is ready take requests.
func (g *Group) open(ctx context.Context, sl *slot, in *Process) {
	sl.current.Store(in)
	g.turn.Lock()
	defer g.turn.Unlock()
	g.mu.Lock()
	sl.since = g.now()
	if in.Limits == g.scale.limits() {
		g.inForce = in.Limits
	}
	g.good = g.good || in.Limits == g.inForce
	ready, all := 1, g.target()
	for _, o := range *g.slots.Load() {
		if o != sl && o.state == Ready {
			ready++
		}
	}
	g.mu.Unlock()
	g.host.Tell(ctx, fact.WorkloadReady{Workload: g.of.ID, Component: g.of.Component, Environment: g.of.Environment,
		Artifact: g.of.Artifact, Version: g.of.Number, Replica: sl.number, Ready: ready, Replicas: all})
	g.set(sl, Ready, "") // what follows from it is told after it
}

// birth is what came of starting another process.
type birth struct {
	in     *Process
	reason string
}

// runLife is the life of a process that takes requests. It returns when the
// process is over, with why; or when the next one is ready to take its place, with
// who asked for that, if anybody did. Whoever asked for one that does not become
// ready is told, and the old one stays.
func (g *Group) runLife(ctx context.Context, sl *slot, in *Process) (next *Process, asked chan<- error, reason string) {
	var beside sync.WaitGroup
	defer beside.Wait()
	life, end := context.WithCancel(ctx)
	defer end()
	verdicts := make(chan health.Verdict)
	if in.Port > 0 {
		beside.Go(func() {
			health.Run(life, health.Pace{Every: g.pace.Check, Bound: g.pace.Health, Bad: badAnswers, Silent: g.pace.Silent}, in.Health,
				func(ctx context.Context) (int, error) { return in.ask(ctx, in.Health, "") },
				func(v health.Verdict) {
					select {
					case verdicts <- v:
					case <-life.Done():
					}
				})
		})
	}
	var coming chan birth // another process is on its way
	begin := func(fresh bool) {
		coming = make(chan birth, 1)
		to := coming
		beside.Go(func() {
			n, why, _ := g.bring(ctx, sl, fresh)
			to <- birth{n, why}
		})
	}
	ended, over, renew, hung := in.Process.Done(), in.Over, sl.renew, ""
	for {
		select {
		case <-ctx.Done():
			sl.current.Store(nil)
			g.set(sl, Stopping, "")
			if ended != nil {
				in.stop(g.pace)
				in.finish()
			}
			if coming != nil {
				if b := <-coming; b.in != nil {
					b.in.stop(g.pace)
					b.in.finish()
				}
			}
			return nil, nil, ""
		case <-ended:
			sl.current.Store(nil)
			reason = in.finish() + in.Log.Tail()
			if coming == nil {
				return nil, nil, reason
			}
			end() // of the questions for its health
			ended, over = nil, nil
			g.crashed(ctx, sl, Starting, reason) // the next is on its way already
		case <-over:
			sl.current.Store(nil)
			over = nil
			in.Process.Kill()
		case v := <-verdicts:
			g.judge(ctx, sl, in, v)
			if v.State == health.Hung && hung == "" {
				if hung = v.Reason; coming == nil {
					begin(false)
				}
			}
		case asked = <-renew:
			renew = nil
			if coming == nil {
				begin(true)
			}
		case b := <-coming:
			if b.in != nil {
				if hung != "" {
					g.crashed(ctx, sl, Ready, hung)
				}
				return b.in, asked, ""
			}
			if asked != nil {
				asked <- g.notReady(sl, b.reason)
			}
			switch {
			case ended == nil:
				return nil, nil, b.reason
			case hung != "":
				sl.current.Store(nil)
				in.Process.Kill()
				in.finish()
				return nil, nil, hung + in.Log.Tail()
			}
			coming, asked, renew = nil, nil, sl.renew
		}
	}
}

// judge takes in how the health of a replica's process changed.
func (g *Group) judge(ctx context.Context, sl *slot, in *Process, v health.Verdict) {
	switch v.State {
	case health.Well:
		in.unwell.Store(false)
		in.Log.Mark("it is healthy again")
		g.set(sl, Ready, "")
	case health.Unwell:
		in.unwell.Store(true)
		in.Log.Mark("it is unhealthy: " + v.Reason)
		g.host.Tell(ctx, fact.WorkloadUnhealthy{Workload: g.of.ID, Component: g.of.Component, Environment: g.of.Environment,
			Version: g.of.Number, Replica: sl.number, Reason: v.Reason})
		g.set(sl, Ready, v.Reason)
	case health.Hung:
		in.Log.Mark("it is replaced: " + v.Reason)
	}
}
