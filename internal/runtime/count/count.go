// Package count counts what the units of a rollout met at the gateway. The same
// unit is told once per arm and kind, so that the database sees a trickle, not the
// traffic; what could not be handed over is kept.
package count

import (
	"context"
	"encoding/hex"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/ref"
)

// Arm of a rollout.
type Arm string

// The arms.
const (
	Baseline Arm = "baseline"
	Canary   Arm = "canary"
)

// Unit is the keyed hash that a unit is known by under a rollout.
type Unit [16]byte

// Name is the unit's name within the rollout.
func (u Unit) Name() string { return hex.EncodeToString(u[:]) }

// Observation is something that happened to a unit under a rollout.
type Observation struct {
	Unit   string
	Arm    Arm
	Stage  int
	Failed bool
	Took   time.Duration // of the unit's first request under this stage; 0 when this is about a later one
	At     time.Time
}

// Traffic is what was counted of a rollout since the last time.
type Traffic struct {
	Rollout      ref.Rollout
	Observations []Observation
	Requests     int64
	Unanswered   int64
}

// Observer takes what was counted.
type Observer interface {
	Observe(ctx context.Context, t Traffic) error
}

const (
	shards       = 64
	rememberMost = 1 << 15 // units per shard: 2 million in all; forgetting costs a repeated report, no wrong count
)

// Counter counts one rollout while it is in one stage.
type Counter struct {
	rollout    ref.Rollout
	requests   atomic.Int64
	unanswered atomic.Int64
	shards     [shards]struct {
		sync.Mutex
		seen map[Unit]uint8 // bits of what was noted
	}
	mu      sync.Mutex // guards pending
	pending []Observation
	retired time.Time // when it was first seen to be no longer in force; guarded by the mutex of Retired
}

// New returns a counter of a rollout.
func New(r ref.Rollout) *Counter {
	c := &Counter{rollout: r}
	for i := range c.shards {
		c.shards[i].seen = map[Unit]uint8{}
	}
	return c
}

// What was remembered of a unit.
const (
	byBaseline uint8 = 1 << iota
	byCanary
	failedBaseline
	failedCanary
	came // its first request has come
)

// First reports whether the unit's first request has just come. Which it is
// shows when it comes, not when it is answered: of two at once the quicker would
// count, and hide a version that is slow.
func (c *Counter) First(unit Unit) bool { return c.remember(unit, came) }

// remember notes bits of a unit and reports whether any of them is new.
func (c *Counter) remember(unit Unit, bits uint8) bool {
	shard := &c.shards[unit[0]%shards]
	shard.Lock()
	defer shard.Unlock()
	old, known := shard.seen[unit]
	if old&bits == bits {
		return false
	}
	if !known && len(shard.seen) >= rememberMost {
		clear(shard.seen)
	}
	shard.seen[unit] = old | bits
	return true
}

// Count counts an answered request of a unit that a stage admitted; took is 0
// unless it was the unit's first.
func (c *Counter) Count(unit Unit, arm Arm, stage int, failed, answered bool, took time.Duration, at time.Time) {
	c.requests.Add(1)
	if !answered {
		c.unanswered.Add(1)
	}
	bits := byBaseline
	if arm == Canary {
		bits = byCanary
	}
	if failed {
		bits |= bits << 2
	}
	if !c.remember(unit, bits) && took == 0 {
		return
	}
	c.mu.Lock()
	c.pending = append(c.pending, Observation{unit.Name(), arm, stage, failed, took, at})
	c.mu.Unlock()
}

// empty reports whether nothing waits to be handed over.
func (c *Counter) empty() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.pending) == 0 && c.requests.Load() == 0
}

// hand hands over what was counted. What cannot be handed over is kept.
func (c *Counter) hand(ctx context.Context, to Observer) error {
	c.mu.Lock()
	batch := c.pending
	c.pending = nil
	c.mu.Unlock()
	t := Traffic{Rollout: c.rollout, Observations: batch, Requests: c.requests.Swap(0), Unanswered: c.unanswered.Swap(0)}
	if len(batch) == 0 && t.Requests == 0 {
		return nil
	}
	err := to.Observe(ctx, t)
	if errs.Is(err, errs.NotFound) {
		slog.Warn("counts of a rollout that nobody knows are dropped", "rollout", c.rollout, "requests", t.Requests)
		return nil
	}
	if err != nil {
		c.requests.Add(t.Requests)
		c.unanswered.Add(t.Unanswered)
		c.mu.Lock()
		c.pending = append(batch, c.pending...)
		c.mu.Unlock()
		return err
	}
	return nil
}

// straggling is how long a retired counter is looked at for requests that were
// on their way when the route changed.
const straggling = 5 * time.Minute

// Retired are counters of routes that are no longer in force, with counts to hand
// over. The zero value is empty.
type Retired struct {
	mu   sync.Mutex // guards all
	list []*Counter
}

// Add adds one.
func (r *Retired) Add(c *Counter) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list = append(r.list, c)
}

// take returns the retired counters and forgets those that have been handed over
// and are long retired.
func (r *Retired) take(now time.Time) []*Counter {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list = slices.DeleteFunc(r.list, func(c *Counter) bool {
		if c.retired.IsZero() {
			c.retired = now
		}
		return now.Sub(c.retired) > straggling && c.empty()
	})
	return slices.Clone(r.list)
}

// Flush hands over what the retired counters and those in force counted.
func (r *Retired) Flush(ctx context.Context, to Observer, now time.Time, inForce []*Counter) error {
	var failed error
	for _, c := range append(r.take(now), inForce...) { // what one observer's rollout lacks must not hold up the others
		failed = errors.Join(failed, c.hand(ctx, to))
	}
	return failed
}
