package release

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/evidence"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/release/plan"
)

// Arm of a rollout.
type Arm string

// The arms.
const (
	Baseline Arm = "baseline"
	Canary   Arm = "canary"
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
type Outcome struct {
	Rollout    ref.Rollout
	Event      string
	Unit       string // hash of the unit's identifier, made as the gateway makes it
	Arm        Arm    // whose workload said so
	Success    bool
	Attributes map[string]string
	Values     map[string]float64
	At         time.Time
}

// What is counted beside the plan's metrics. A unit has one row in release_unit
// per name, so that it counts once, however often it is reported and wherever
// it moves.
const (
	exposed      = "exposed"       // first exposure in the rollout, by arm
	canaryUnits  = "canary"        // units that the canary ever served
	canaryFailed = "canary-failed" // of these, units that ever failed there
)

// served counts units per stage that the canary served.
func served(stage int) string { return fmt.Sprintf("served-%d", stage) }

// outcome counts units by their first outcome of an experiment.
func outcome(experiment int, success bool) string {
	return among(fmt.Sprintf("outcome-%d", experiment), answer(success))
}

// watched counts units for a metric of the plan.
func watched(metric string) string { return "metric:" + metric }

// among is where in a count that has several parts, which exclude each other, a
// unit falls.
func among(name, part string) string { return name + "#" + part }

// answer is the part of a yes or no.
func answer(yes bool) string {
	if yes {
		return "yes"
	}
	return "no"
}

// key is what makes a unit's row unique: the parts exclude each other.
func key(name string) string {
	base, _, _ := strings.Cut(name, "#")
	return base
}

// group is a row of release_count to be raised.
type group struct {
	metric string
	stage  int
	arm    Arm
}

// tally orders what one batch wants to count. The first event of a unit wins,
// within the batch by order, against earlier batches by the database.
type tally struct {
	seen   map[string]bool
	order  []group
	groups map[group][]unit
}

// unit is to be counted, with its number where the metric is a mean.
type unit struct {
	name  string
	value float64
}

func newTally() *tally { return &tally{seen: map[string]bool{}, groups: map[group][]unit{}} }

func (t *tally) add(metric string, stage int, arm Arm, name string) {
	t.addValue(metric, stage, arm, unit{name: name})
}

func (t *tally) addValue(metric string, stage int, arm Arm, u unit) {
	if k := key(metric) + "\x00" + u.name; t.seen[k] {
		return
	} else {
		t.seen[k] = true
	}
	g := group{metric, stage, arm}
	if _, known := t.groups[g]; !known {
		t.order = append(t.order, g)
	}
	t.groups[g] = append(t.groups[g], u)
}

// Observe counts what the gateway saw, durably, and has the rollout judged.
// Traffic of a rollout that has its verdict adds to the requests only.
func (s *Service) Observe(ctx context.Context, t Traffic) error {
	r, err := s.read(ctx, t.Rollout)
	if err != nil {
		return err
	}
	n := newTally()
	var deciding time.Time
	for _, o := range t.Observations {
		n.add(exposed, o.Stage, o.Arm, o.Unit)
		if o.Arm == Canary {
			n.add(served(o.Stage), o.Stage, o.Arm, o.Unit)
			n.add(canaryUnits, o.Stage, o.Arm, o.Unit)
		}
		if o.Failed {
			n.add(watched(plan.Errors), o.Stage, o.Arm, o.Unit)
			if o.Arm == Canary {
				n.add(canaryFailed, o.Stage, o.Arm, o.Unit)
			}
		}
		for i, source := range r.Plan.Sources {
			if source.Kind == plan.Latency && o.Took > 0 {
				m := r.Plan.Evidence.Metrics[i]
				n.add(among(watched(m.Name), strconv.Itoa(plan.Bucket(m.Edges, o.Took))), o.Stage, o.Arm, o.Unit)
			}
		}
		if o.At.After(deciding) {
			deciding = o.At
		}
	}
	return s.count(ctx, t.Rollout, n, t.Requests, t.Unanswered, deciding)
}

// Outcomes counts what services said happened to units, where a rollout
// watches or measures it. The stage is the one that was in force then.
func (s *Service) Outcomes(ctx context.Context, rollout ref.Rollout, list []Outcome) error {
	r, err := s.read(ctx, rollout)
	if err != nil || r.Phase != Running {
		return err
	}
	n := newTally()
	deciding := time.Time{}
	for _, o := range list {
		stage := r.Stage
		if stage > 0 && !o.At.IsZero() && o.At.Before(r.Widened) {
			stage-- // telemetry comes in batches; this one happened before the stage began
		}
		for i, e := range r.Experiments {
			if e.Event == o.Event && holds(e.Where, o.Attributes) {
				n.add(outcome(i, o.Success), stage, o.Arm, o.Unit)
			}
		}
		for i, source := range r.Plan.Sources {
			if source.Event == o.Event && holds(source.Where, o.Attributes) && n.addOutcome(r.Plan.Evidence.Metrics[i], source, stage, o) {
				deciding = s.now() // when it was told: services tell in batches, by their own clocks
			}
		}
	}
	return s.count(ctx, rollout, n, 0, 0, deciding)
}

// addOutcome counts an outcome for a metric and reports whether it could.
func (t *tally) addOutcome(m evidence.Metric, source plan.Source, stage int, o Outcome) bool {
	name := watched(m.Name)
	switch source.Kind {
	case plan.Count:
		t.add(name, stage, o.Arm, o.Unit)
	case plan.Proportion:
		t.add(among(name, answer(o.Success)), stage, o.Arm, o.Unit)
	case plan.Mean:
		value, told := o.Values[source.Value]
		if !told || math.IsNaN(value) || math.Abs(value) > mostValue {
			return false
		}
		if m.Bounds != nil {
			value = m.Bounds.Cut(value)
		}
		t.addValue(name, stage, o.Arm, unit{o.Unit, value})
	default:
		return false
	}
	return true
}

// mostValue bounds a unit's number, so that a million of them can be squared and
// summed.
const mostValue = 1e60

func holds(where, attributes map[string]string) bool {
	for k, v := range where {
		if attributes[k] != v {
			return false
		}
	}
	return true
}

func (s *Service) count(ctx context.Context, id ref.Rollout, n *tally, requests, unanswered int64, deciding time.Time) error {
	s.known.drop(id, n)
	if len(n.order) == 0 && requests == 0 && unanswered == 0 {
		return nil
	}
	err := s.db.Update(ctx, func(tx *store.Tx) error { return s.countIn(ctx, tx, id, n, requests, unanswered, deciding) })
	if err == nil {
		s.known.keep(id, n)
	}
	return err
}

func (s *Service) countIn(ctx context.Context, tx *store.Tx, id ref.Rollout, n *tally, requests, unanswered int64, deciding time.Time) error {
	// The update comes first: it keeps a verdict from being stored until tx ends.
	if _, err := tx.Exec(ctx, `update release_rollout set requests = requests + $2, failed_requests = failed_requests + $3,
		deciding = case when $4 > deciding and phase = 'running' then $4 else deciding end where id = $1`,
		string(id), requests, unanswered, store.Micros(deciding)); err != nil {
		return err
	}
	r, err := get(ctx, tx, id)
	if err != nil || r.Phase != Running {
		return err // the verdict stands; later events do not change its counts
	}
	for _, g := range n.order {
		fresh, err := insertUnits(ctx, tx, id, key(g.metric), n.groups[g])
		if err != nil {
			return err
		}
		if fresh.Units == 0 {
			continue
		}
		if _, err := tx.Exec(ctx, `insert into release_count (rollout, metric, stage, arm, units, total, squares) values ($1, $2, $3, $4, $5, $6, $7)
			on conflict (rollout, metric, stage, arm) do update set units = release_count.units + $5, total = release_count.total + $6, squares = release_count.squares + $7`,
			string(id), g.metric, g.stage, string(g.arm), fresh.Units, fresh.Sum, fresh.Squares); err != nil {
			return err
		}
	}
	tx.After(s.nudge)
	return nil
}

const unitRows = 200 // rows per statement

// insertUnits adds units that are new to the metric and sums up which were.
func insertUnits(ctx context.Context, tx *store.Tx, id ref.Rollout, metric string, units []unit) (fresh evidence.Moments, err error) {
	for len(units) > 0 {
		n := min(len(units), unitRows)
		args := []any{string(id), metric}
		values := make(map[string]float64, n)
		var rows strings.Builder
		for i, u := range units[:n] {
			if i > 0 {
				rows.WriteString(", ")
			}
			fmt.Fprintf(&rows, "($1, $2, $%d)", i+3)
			args = append(args, u.name)
			values[u.name] = u.value
		}
		added, err := store.List(ctx, tx, store.Scan1[string], `insert into release_unit (rollout, metric, unit) values `+rows.String()+`
			on conflict (rollout, metric, unit) do nothing returning unit`, args...)
		if err != nil {
			return fresh, err
		}
		for _, name := range added {
			fresh.Add(values[name])
		}
		units = units[n:]
	}
	return fresh, nil
}
