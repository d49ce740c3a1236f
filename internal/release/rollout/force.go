package rollout

import (
	"sync"
	"time"

	"github.com/digital-factory/factory/internal/ref"
)

const (
	// settles is how long after traffic has moved what services tell is not
	// counted: they tell in batches, five a second.
	settles = 2 * time.Second
	// moves is how long traffic takes to move at most, where nobody reported that
	// it has.
	moves = 30 * time.Second
	// believed is how late a report may be for the time that it states to count.
	believed = time.Minute
)

// Force knows since when stages are in force, as the gateway reports: a stage
// begins when it is decided, and traffic moves a little later, or much later when
// the machine is slow. What a service tells in between happened under the share
// before, and would be weighed with the wrong one.
type Force struct {
	mu sync.Mutex // guards in
	in map[ref.Rollout]inForce
}

type inForce struct {
	stage int
	since time.Time
}

// mostInForce bounds the memory: rollouts that were under way since the start.
const mostInForce = 10_000

// NewForce knows of no stage.
func NewForce() *Force { return &Force{in: map[ref.Rollout]inForce{}} }

// See notes that the gateway reported a unit under a stage.
func (f *Force) See(id ref.Rollout, stage int, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if known, ok := f.in[id]; ok && known.stage >= stage {
		return
	}
	if len(f.in) >= mostInForce {
		clear(f.in)
	}
	f.in[id] = inForce{stage, now}
}

// Counts reports whether what a service tells now happened under the rollout's
// stage. It goes by the factory's clock, and so treats both versions alike,
// however wrong theirs are: services, and devices even more so, have clocks of
// their own. The time that a report states (zero when it does not) only leaves it
// out, when it is late by so little that the clock may well be right and is from
// before the stage; what is left out once is counted when the unit does it again.
func (f *Force) Counts(r Rollout, stated, now time.Time) bool {
	f.mu.Lock()
	known, ok := f.in[r.ID]
	f.mu.Unlock()
	if ok && known.stage == r.Stage {
		if now.Sub(known.since) < settles {
			return false
		}
	} else if now.Sub(r.Widened) < moves {
		return false
	}
	return stated.IsZero() || !stated.Before(r.Widened) || now.Sub(stated) > believed
}
