package release

import (
	"context"
	"strconv"
	"time"

	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/release/plan"
	"github.com/digital-factory/factory/internal/release/rollout"
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

// Outcome is something that a service said happened to a unit.
type Outcome = rollout.Outcome

// Observe counts what the gateway saw, durably, and has the rollout judged.
// Traffic of a rollout that has its verdict adds to the requests only.
func (s *Service) Observe(ctx context.Context, t Traffic) error {
	r, err := s.read(ctx, t.Rollout)
	if err != nil {
		return err
	}
	n := rollout.NewTally()
	var deciding time.Time
	now := s.now()
	for _, o := range t.Observations {
		s.force.See(t.Rollout, o.Stage, now)
		n.Add(rollout.Exposed, o.Stage, o.Arm, o.Unit)
		if o.Arm == Canary {
			n.Add(rollout.Served(o.Stage), o.Stage, o.Arm, o.Unit)
			n.Add(rollout.CanaryUnits, o.Stage, o.Arm, o.Unit)
		}
		if o.Failed {
			n.Add(rollout.Watched(plan.Errors), o.Stage, o.Arm, o.Unit)
			if o.Arm == Canary {
				n.Add(rollout.CanaryFailed, o.Stage, o.Arm, o.Unit)
			}
		}
		for i, source := range r.Plan.Sources {
			if source.Kind == plan.Latency && o.Took > 0 && o.At.Add(-o.Took).After(warm(r, source)) {
				m := r.Plan.Evidence.Metrics[i]
				n.Add(rollout.Among(rollout.Watched(m.Name), strconv.Itoa(plan.Bucket(m.Edges, o.Took))), o.Stage, o.Arm, o.Unit)
			}
		}
		if o.At.After(deciding) {
			deciding = o.At
		}
	}
	return s.count(ctx, t.Rollout, n, t.Requests, t.Unanswered, deciding)
}

// Outcomes counts what services said happened to units, where a rollout
// watches or measures it, under the stage that is in force.
func (s *Service) Outcomes(ctx context.Context, id ref.Rollout, list []Outcome) error {
	r, err := s.read(ctx, id)
	if err != nil || r.Phase != Running {
		return err
	}
	n := rollout.NewTally()
	deciding, now := time.Time{}, s.now()
	for _, o := range list {
		if !s.force.Counts(r, o.At, now) {
			continue
		}
		for i, e := range r.Experiments {
			if e.Event == o.Event && holds(e.Where, o.Attributes) {
				n.Add(rollout.OutcomeOf(i, o.Success), r.Stage, o.Arm, o.Unit)
			}
		}
		for i, source := range r.Plan.Sources {
			if source.Event == o.Event && holds(source.Where, o.Attributes) && n.AddOutcome(r.Plan.Evidence.Metrics[i], source, r.Stage, o) {
				deciding = s.now() // when it was told: services tell in batches, by their own clocks
			}
		}
	}
	return s.count(ctx, id, n, 0, 0, deciding)
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
func (s *Service) read(ctx context.Context, id ref.Rollout) (r Rollout, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		r, err = rollout.Get(ctx, tx, id)
		return err
	})
	return r, err
}

func (s *Service) count(ctx context.Context, id ref.Rollout, n *rollout.Tally, requests, unanswered int64, deciding time.Time) error {
	s.known.Drop(id, n)
	if n.Empty() && requests == 0 && unanswered == 0 {
		return nil
	}
	err := s.db.Update(ctx, func(tx *store.Tx) error { return s.countIn(ctx, tx, id, n, requests, unanswered, deciding) })
	if err == nil {
		s.known.Keep(id, n)
	}
	return err
}

func (s *Service) countIn(ctx context.Context, tx *store.Tx, id ref.Rollout, n *rollout.Tally, requests, unanswered int64, deciding time.Time) error {
	// The update comes first: it keeps a verdict from being stored until tx ends.
	if _, err := tx.Exec(ctx, `update release_rollout set requests = requests + $2, failed_requests = failed_requests + $3,
		deciding = case when $4 > deciding and phase = 'running' then $4 else deciding end where id = $1`,
		string(id), requests, unanswered, store.Micros(deciding)); err != nil {
		return err
	}
	r, err := rollout.Get(ctx, tx, id)
	if err != nil || r.Phase != Running && r.Phase != Starting {
		return err // the verdict stands; later events do not change its counts
	}
	if err := n.Write(ctx, tx, id); err != nil {
		return err
	}
	tx.After(s.nudge)
	return nil
}
