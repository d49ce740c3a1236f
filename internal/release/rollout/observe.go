package rollout

import (
	"context"
	"strconv"
	"time"

	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/release/plan"
)

// Observation is something that happened to a unit under a rollout, as the
// gateway saw it. The gateway may report a unit more than once; it is counted
// once.
type Observation struct {
	Unit   string // hash of the unit's identifier
	Arm    Arm    // that served it
	Stage  int    // in force then
	Failed bool   // it met a server error
	// Took is how long its first request took, 0 when this is about another.
	Took time.Duration
	At   time.Time
}

// Traffic is what the gateway saw of a rollout since it last told.
type Traffic struct {
	Rollout      ref.Rollout
	Observations []Observation
	Requests     int64
	Unanswered   int64 // got no answer from a service: the gateway's own 5xx, broken connections
}

// Counter counts what happens to units under rollouts, durably.
type Counter struct {
	db    *store.DB
	now   func() time.Time
	known *Known
	after func()
}

// NewCounter returns a counter; after is called when something was counted.
func NewCounter(db *store.DB, now func() time.Time, after func()) *Counter {
	return &Counter{db: db, now: now, known: NewKnown(), after: after}
}

// Observe counts what the gateway saw, durably, and has the rollout judged.
// Traffic of a rollout that has its verdict adds to the requests only.
func (c *Counter) Observe(ctx context.Context, t Traffic) error {
	r, err := c.read(ctx, t.Rollout)
	if err != nil {
		return err
	}
	n := NewTally()
	var deciding time.Time
	if r.Phase != Running && r.Phase != Starting {
		t.Observations = nil
	}
	for _, o := range t.Observations {
		n.Add(Exposed, o.Stage, o.Arm, o.Unit)
		if o.Arm == Canary {
			n.Add(Served(o.Stage), o.Stage, o.Arm, o.Unit)
			n.Add(CanaryUnits, o.Stage, o.Arm, o.Unit)
		}
		if o.Failed {
			n.Add(Watched(plan.Errors), o.Stage, o.Arm, o.Unit)
			if o.Arm == Canary {
				n.Add(CanaryFailed, o.Stage, o.Arm, o.Unit)
			}
		}
		for i, source := range r.Plan.Sources {
			if source.Kind == plan.Latency && o.Took > 0 && o.At.Add(-o.Took).After(warm(r, source)) {
				m := r.Plan.Evidence.Metrics[i]
				n.Add(Among(Watched(m.Name), strconv.Itoa(plan.Bucket(m.Edges, o.Took))), o.Stage, o.Arm, o.Unit)
			}
		}
		if o.At.After(deciding) {
			deciding = o.At
		}
	}
	return c.count(ctx, t.Rollout, Batch{Tally: n, Requests: t.Requests, Unanswered: t.Unanswered, Deciding: deciding})
}

// Outcomes counts what services said happened to units, where a rollout
// watches or measures it.
func (c *Counter) Outcomes(ctx context.Context, id ref.Rollout, list []Outcome) error {
	r, err := c.read(ctx, id)
	if err != nil || r.Phase != Running {
		return err
	}
	n, now := NewTally(), c.now()
	for _, o := range list {
		e := Event{Outcome: o, Now: now}
		for i, x := range r.Experiments {
			if x.Event == o.Event && holds(x.Where, o.Attributes) {
				n.AddExperiment(i, e)
			}
		}
		for i, source := range r.Plan.Sources {
			if source.Event == o.Event && holds(source.Where, o.Attributes) {
				n.AddOutcome(r.Plan.Evidence.Metrics[i], source, e)
			}
		}
	}
	return c.count(ctx, id, Batch{Tally: n})
}

// warm is when a stage is old enough for a latency to be measured. Which requests
// are left out depends on when they come alone, not on who answers them.
func warm(r Rollout, source plan.Source) time.Time {
	return r.Widened.Add(time.Duration(source.Warmup))
}

func holds(where, attributes map[string]string) bool {
	for k, v := range where {
		if attributes[k] != v {
			return false
		}
	}
	return true
}

// read returns a rollout.
func (c *Counter) read(ctx context.Context, id ref.Rollout) (r Rollout, err error) {
	err = c.db.View(ctx, func(tx *store.Tx) error {
		r, err = Get(ctx, tx, id)
		return err
	})
	return r, err
}

// count counts durably and has the rollout judged.
func (c *Counter) count(ctx context.Context, id ref.Rollout, b Batch) error {
	return c.known.Count(ctx, c.db, id, b, c.after)
}

// CountIn counts in a transaction that does more.
func (c *Counter) CountIn(ctx context.Context, tx *store.Tx, id ref.Rollout, n *Tally) error {
	open, err := CountIn(ctx, tx, id, Batch{Tally: n, Deciding: c.now()})
	if open && err == nil {
		tx.After(c.after)
	}
	return err
}
