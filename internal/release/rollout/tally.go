package rollout

import (
	"context"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/digital-factory/factory/internal/base/store"
	"github.com/digital-factory/factory/internal/evidence"
	"github.com/digital-factory/factory/internal/ref"
	"github.com/digital-factory/factory/internal/release/plan"
)

// Outcome is something that a service said happened to a unit.
type Outcome struct {
	Rollout    ref.Rollout
	Event      string
	Unit       string // hash of the unit's identifier, made as the gateway makes it
	Arm        Arm    // whose workload said so
	Stage      int    // that admitted it
	Success    bool
	Attributes map[string]string
	Values     map[string]float64
	At         time.Time
}

// What is counted beside the plan's metrics. A unit has one row in release_unit
// per name, so that it counts once, however often it is reported and wherever
// it moves.
const (
	Exposed      = "exposed"       // first exposure in the rollout, by arm
	CanaryUnits  = "canary"        // units that the canary ever served
	CanaryFailed = "canary-failed" // of these, units that ever failed there
)

// Served counts units per stage that the canary served.
func Served(stage int) string { return fmt.Sprintf("served-%d", stage) }

// OutcomeOf counts units by their first outcome of an experiment.
func OutcomeOf(experiment int, success bool) string {
	return Among(fmt.Sprintf("outcome-%d", experiment), YesNo(success))
}

// Watched counts units for a metric of the plan.
func Watched(metric string) string { return "metric:" + metric }

// Among is where in a count that has several parts, which exclude each other, a
// unit falls.
func Among(name, part string) string { return name + "#" + part }

// YesNo is the part of a yes or no.
func YesNo(yes bool) string {
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

// Tally orders what one batch wants to count. The first event of a unit wins,
// within the batch by order, against earlier batches by the database.
type Tally struct {
	seen   map[string]bool
	order  []group
	groups map[group][]unit
}

// unit is to be counted, with its number where the metric is a mean.
type unit struct {
	name  string
	value float64
}

// NewTally returns an empty tally.
func NewTally() *Tally { return &Tally{seen: map[string]bool{}, groups: map[group][]unit{}} }

// Add counts a unit.
func (t *Tally) Add(metric string, stage int, arm Arm, name string) {
	t.addValue(metric, stage, arm, unit{name: name})
}

func (t *Tally) addValue(metric string, stage int, arm Arm, u unit) {
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

// AddOutcome counts an outcome for a metric and reports whether it could.
func (t *Tally) AddOutcome(m evidence.Metric, source plan.Source, stage int, o Outcome) bool {
	name := Watched(m.Name)
	switch source.Kind {
	case plan.Count:
		t.Add(name, stage, o.Arm, o.Unit)
	case plan.Proportion:
		t.Add(Among(name, YesNo(o.Success)), stage, o.Arm, o.Unit)
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

// Empty reports whether there is nothing to count.
func (t *Tally) Empty() bool { return len(t.order) == 0 }

// Write counts the units that are new to what they are counted for.
func (t *Tally) Write(ctx context.Context, tx *store.Tx, id ref.Rollout) error {
	for _, g := range t.order {
		fresh, err := insertUnits(ctx, tx, id, key(g.metric), t.groups[g])
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
