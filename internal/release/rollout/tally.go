package rollout

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math"
	"strconv"
	"strings"
	"time"

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
	Stage      int    // under whose share its unit was assigned when it happened
	Success    bool
	Attributes map[string]string
	Values     map[string]float64
	At         time.Time
}

// What is counted beside the plan's metrics. A unit counts once per name,
// however often it is reported and wherever it moves.
const (
	Exposed      = "exposed"       // first exposure in the rollout, by arm
	CanaryUnits  = "canary"        // units that the canary ever served
	CanaryFailed = "canary-failed" // of these, units that ever failed there
)

// Served counts units per stage that the canary served.
func Served(stage int) string { return "served-" + strconv.Itoa(stage) }

// OutcomeOf counts units by their first outcome of an experiment.
func OutcomeOf(experiment int, success bool) string {
	return "outcome-" + strconv.Itoa(experiment) + "#" + YesNo(success)
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

// key is what a unit counts once for: the parts exclude each other.
func key(name string) string {
	base, _, _ := strings.Cut(name, "#")
	return base
}

// group is a row of release_count to be raised, or of release_pending.
type group struct {
	metric string
	stage  int
	arm    Arm
	slot   int64 // of release_pending; 0: of release_count
}

// Tally is what one batch wants to count, in its order: the first event of a
// unit wins.
type Tally struct {
	groups []group
	place  map[group]int // of each in groups
	list   []entry
}

// entry is a unit to be counted, with its number where the metric is a mean.
type entry struct {
	unit  uint64
	group int
	value float64
}

// NewTally returns an empty tally.
func NewTally() *Tally { return &Tally{place: map[group]int{}} }

// Add counts a unit.
func (t *Tally) Add(metric string, stage int, arm Arm, name string) {
	t.add(group{metric: metric, stage: stage, arm: arm}, short(name), 0)
}

// Event is an outcome that is to be counted.
type Event struct {
	Outcome
	Now time.Time // when it was told
}

func (e Event) group(metric string) group {
	return group{metric, e.Stage, e.Arm, slotOf(e.At, e.Now)}
}

// AddExperiment counts an outcome for an experiment.
func (t *Tally) AddExperiment(experiment int, e Event) {
	t.add(e.group(OutcomeOf(experiment, e.Success)), short(e.Unit), 0)
}

func (t *Tally) add(g group, unit uint64, value float64) {
	i, known := t.place[g]
	if !known {
		i = len(t.groups)
		t.place[g] = i
		t.groups = append(t.groups, g)
	}
	t.list = append(t.list, entry{unit, i, value})
}

// short is a unit's name, which is a hash, folded to half its length. That two of
// a million units share one, so that one is not counted, has a probability of 3
// in 10^8. Names that are no hash (of synthetic units) are made one.
func short(name string) uint64 {
	var raw [16]byte
	if len(name) != 2*len(raw) || !unhex(raw[:], name) {
		sum := sha256.Sum256([]byte(name))
		copy(raw[:], sum[:])
	}
	return binary.LittleEndian.Uint64(raw[:8]) ^ binary.LittleEndian.Uint64(raw[8:])
}

func unhex(into []byte, name string) bool {
	_, err := hex.Decode(into, []byte(name))
	return err == nil
}

// AddOutcome counts an outcome for a metric.
func (t *Tally) AddOutcome(m evidence.Metric, source plan.Source, e Event) {
	name := Watched(m.Name)
	switch source.Kind {
	case plan.Count:
		t.add(e.group(name), short(e.Unit), 0)
	case plan.Proportion:
		t.add(e.group(Among(name, YesNo(e.Success))), short(e.Unit), 0)
	case plan.Mean:
		value, told := e.Values[source.Value]
		if !told || math.IsNaN(value) || math.Abs(value) > mostValue {
			return
		}
		if m.Bounds != nil {
			value = m.Bounds.Cut(value)
		}
		t.add(e.group(name), short(e.Unit), value)
	}
}

// mostValue bounds a unit's number, so that a million of them can be squared and
// summed.
const mostValue = 1e60

// Empty reports whether there is nothing to count.
func (t *Tally) Empty() bool { return len(t.list) == 0 }

// merge adds what another tally wants to count, after one's own.
func (t *Tally) merge(o *Tally) {
	place := make([]int, len(o.groups))
	for i, g := range o.groups {
		k, known := t.place[g]
		if !known {
			k = len(t.groups)
			t.place[g] = k
			t.groups = append(t.groups, g)
		}
		place[i] = k
	}
	for _, e := range o.list {
		e.group = place[e.group]
		t.list = append(t.list, e)
	}
}
