package runtime

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/base/life"
	"github.com/digital-factory/factory/internal/ref"
)

// Arm of a rollout.
type Arm string

// The arms.
const (
	Baseline Arm = "baseline"
	Canary   Arm = "canary"
)

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

const (
	shards       = 64
	flushEvery   = 100 * time.Millisecond
	rememberMost = 1 << 15 // units per shard: 2 million in all; forgetting costs a repeated report, no wrong count
)

// counter counts one rollout while it is in one stage. The same unit is reported once per
// arm and kind, so that the database sees a trickle, not the traffic.
type counter struct {
	rollout    ref.Rollout
	requests   atomic.Int64
	unanswered atomic.Int64
	shards     [shards]struct {
		sync.Mutex
		seen map[[16]byte]uint8 // bits of what was noted
	}
	mu      sync.Mutex // guards pending
	pending []Observation
	retired time.Time // when it was first seen to be no longer in force; under meters.mu
}

func newCounter(r ref.Rollout) *counter {
	c := &counter{rollout: r}
	for i := range c.shards {
		c.shards[i].seen = map[[16]byte]uint8{}
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

// first reports whether the unit's first request has just come. Which it is
// shows when it comes, not when it is answered: of two at once the quicker would
// count, and hide a version that is slow.
func (c *counter) first(unit digest) bool { return c.remember(unit, came) }

// remember notes bits of a unit and reports whether any of them is new.
func (c *counter) remember(unit digest, bits uint8) bool {
	key := [16]byte(unit[16:])
	shard := &c.shards[key[0]%shards]
	shard.Lock()
	defer shard.Unlock()
	old, known := shard.seen[key]
	if old&bits == bits {
		return false
	}
	if !known && len(shard.seen) >= rememberMost {
		clear(shard.seen)
	}
	shard.seen[key] = old | bits
	return true
}

// count counts an answered request of a unit that a stage admitted; took is 0
// unless it was the unit's first.
func (c *counter) count(unit digest, arm Arm, stage int, failed, answered bool, took time.Duration, at time.Time) {
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
	c.pending = append(c.pending, Observation{unit.name(), arm, stage, failed, took, at})
	c.mu.Unlock()
}

// runCounts hands over what was counted, often enough that a verdict follows
// its deciding event within a second. What cannot be handed over is kept.
func (s *Service) runCounts(ctx context.Context) error {
	err := life.Every(ctx, "gateway counts", flushEvery, nil, s.flush)
	if last := s.flush(context.WithoutCancel(ctx)); err == nil {
		err = last
	}
	return err
}

func (s *Service) flush(ctx context.Context) error {
	open := s.meters.takeRetired(s.now())
	for _, rt := range s.routes.Load().routes {
		if rt.counter != nil {
			open = append(open, rt.counter)
		}
	}
	var failed error
	for _, c := range open { // what one observer's rollout lacks must not hold up the others
		failed = errors.Join(failed, s.hand(ctx, c))
	}
	return failed
}

// empty reports whether nothing waits to be handed over.
func (c *counter) empty() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.pending) == 0 && c.requests.Load() == 0
}

func (s *Service) hand(ctx context.Context, c *counter) error {
	c.mu.Lock()
	batch := c.pending
	c.pending = nil
	c.mu.Unlock()
	t := Traffic{Rollout: c.rollout, Observations: batch, Requests: c.requests.Swap(0), Unanswered: c.unanswered.Swap(0)}
	if len(batch) == 0 && t.Requests == 0 {
		return nil
	}
	err := s.observer.Observe(ctx, t)
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
