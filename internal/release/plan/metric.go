package plan

import (
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/evidence"
	"github.com/digital-factory/factory/internal/evidence/anytime"
)

// Kind of a source: what of a unit is counted.
type Kind string

// The kinds. The first two are seen by the gateway, whatever the service says;
// the others are told by it as outcome events.
const (
	ServerErrors Kind = "server-errors" // units that met an answer of 500 or above, or none
	Latency      Kind = "latency"       // how long a unit's first request took
	Count        Kind = "count"         // units to which the event happened
	Proportion   Kind = "proportion"    // of the units with the event, those whose first was a success
	Mean         Kind = "mean"          // the number that a unit's first event carries
)

// Errors and Slowness are the metrics of the gateway's sources.
const (
	Errors   = "server-errors"
	Slowness = "latency"
)

// Source says what is counted for a metric.
type Source struct {
	Kind  Kind              `json:"kind"`
	Event string            `json:"event,omitempty"` // name of the outcome event
	Where map[string]string `json:"where,omitempty"` // attributes that it must have
	Value string            `json:"value,omitempty"` // attribute with the number, of a mean
	// Warmup of a latency: requests that come so soon after a stage began are not
	// measured, with either version.
	Warmup Duration `json:"warmup,omitempty"`
}

// Unwatched is a metric that a rollout cannot watch, and why.
type Unwatched struct {
	Name string `json:"name"`
	Why  string `json:"why"`
}

// Latencies are requests by how long they took: Bounds are the upper ends of
// the buckets in seconds, rising; Counts has one more, for what took longer.
type Latencies struct {
	Bounds []float64
	Counts []int64
}

// The platform's latency metric: harm is when more than twice as many units as
// with the old version wait longer than a person notices.
const (
	usualFloor     = 250 * time.Millisecond
	usualTolerance = 1.0
	usualWarmup    = 2 * time.Second // a new process opens connections, fills caches
)

// edgeShares are the shares of the slowest requests at which a latency's edges
// are looked for.
var edgeShares = []float64{0.1, 0.01}

// declared is a metric in a repository's component.yaml.
type declared struct {
	Name      string            `json:"name"`
	Kind      Kind              `json:"kind"`
	Role      string            `json:"role"`   // primary, or guardrail when empty
	Better    string            `json:"better"` // more when empty, or less
	Event     string            `json:"event"`
	Where     map[string]string `json:"where"`
	Value     string            `json:"value"`
	Unit      string            `json:"unit"`
	Margin    float64           `json:"margin"`
	Tolerance float64           `json:"tolerance"`
	Weight    float64           `json:"weight"`
	Usual     float64           `json:"usual"`
	Bounds    *evidence.Bounds  `json:"bounds"`
	Floor     Duration          `json:"floor"`  // of a latency: what is quicker is no harm
	Warmup    *Duration         `json:"warmup"` // of a latency
}

const maxMetrics = 20 // each takes its part of alpha

// watch adds the declared metrics, and the latency, which is always watched.
func (p *Plan) watch(list []declared, first bool, before Latencies, bad *errs.Error) {
	if !slices.ContainsFunc(list, func(d declared) bool { return d.Kind == Latency }) {
		list = append(list[:len(list):len(list)], declared{Kind: Latency})
	}
	if len(list) > maxMetrics {
		bad.In("metrics", "%d are declared: at most %d", len(list), maxMetrics)
		return
	}
	p.Evidence.Metrics[0].Weight = 0
	seen := map[string]bool{Errors: true}
	for i, d := range list {
		if d.Kind == Latency && d.Name == "" {
			d.Name = Slowness
		}
		at := fmt.Sprintf("metrics[%d]", i)
		m, ok := d.metric(at, bad)
		if seen[d.Name] {
			bad.In(at+".name", "%q is watched already", d.Name)
		}
		seen[d.Name] = true
		if !ok {
			continue
		}
		if first {
			p.Unwatched = append(p.Unwatched, Unwatched{d.Name, "a first version has nothing to be compared with"})
			continue
		}
		if d.Kind == Latency {
			edges, why := d.edges(before)
			if why != "" {
				p.Unwatched = append(p.Unwatched, Unwatched{d.Name, why})
				continue
			}
			m.Edges = edges
		}
		p.Evidence.Metrics = append(p.Evidence.Metrics, m)
		source := Source{Kind: d.Kind, Event: d.Event, Where: d.Where, Value: d.Value}
		if d.Kind == Latency {
			source.Warmup = Duration(usualWarmup)
			set(&source.Warmup, d.Warmup)
		}
		p.Sources = append(p.Sources, source)
	}
	p.Evidence.Metrics = evidence.EvenWeights(p.Evidence.Metrics)
}

var named = regexp.MustCompile(`^[a-z][a-z0-9-]{0,59}$`)

// metric checks a declaration and says it in the engine's words.
func (d declared) metric(at string, bad *errs.Error) (m evidence.Metric, ok bool) {
	before := len(bad.Fields)
	wants := func(is bool, field, text string, args ...any) {
		if !is {
			bad.In(at+"."+field, text, args...)
		}
	}
	wants(named.MatchString(d.Name), "name", "%q must be lower-case letters, digits and dashes, beginning with a letter", d.Name)
	wants(d.Role == "" || d.Role == "primary" || d.Role == "guardrail", "role", "%q must be primary or guardrail", d.Role)
	wants(d.Better == "" || d.Better == "more" || d.Better == "less", "better", "%q must be more or less", d.Better)
	wants(len(d.Where) <= 20, "where", "has %d conditions: at most 20", len(d.Where))
	wants(d.Kind == Mean || d.Value == "" && d.Bounds == nil, "value, bounds", "are for a mean")
	wants(d.Kind == Mean || d.Kind == Proportion || d.Usual == 0, "usual", "is for a proportion or a mean")
	wants(d.Kind == Latency || d.Floor == 0, "floor", "is for a latency")
	wants(d.Kind == Latency || d.Warmup == nil, "warmup", "is for a latency")
	wants(d.Warmup == nil || *d.Warmup >= 0, "warmup", "must not be negative")
	wants(d.Floor >= 0, "floor", "%v must not be negative", time.Duration(d.Floor))
	m = evidence.Metric{
		Name: d.Name, Weight: d.Weight, Good: d.Better != "less", Guardrail: d.Role != "primary", Margin: d.Margin, Tolerance: d.Tolerance,
		Usual: d.Usual, Bounds: d.Bounds, Unit: d.Unit,
	}
	switch d.Kind {
	case Latency:
		wants(d.Event == "" && len(d.Where) == 0 && d.Better != "more" && d.Unit == "", "kind", "latency is measured by the gateway: it has no event, where, better or unit")
		m.Kind, m.Good, m.Unit = evidence.Histogram, false, "s"
		if m.Tolerance == 0 {
			if m.Tolerance = usualTolerance; m.Margin != 0 {
				m.Tolerance = min(m.Tolerance, m.Margin)
			}
		}
		if m.Margin == 0 {
			m.Margin = m.Tolerance
		}
		return m, len(bad.Fields) == before
	case Count:
		wants(d.Unit == "", "unit", "is for a mean")
		// Nothing told looks like nothing happened: such a guardrail would hold for ever, or pass unseen.
		wants(d.Better != "less" || d.Role == "primary", "better", "a guardrail cannot count what should be rare, because silence looks like success: tell the outcome of every unit and declare a proportion, or take role: primary where it happens often")
	case Proportion:
		wants(d.Unit == "", "unit", "is for a mean")
		if m.Kind = evidence.Proportion; m.Usual == 0 {
			m.Usual = 0.5 // it only chooses the first bets
		}
	case Mean:
		wants(d.Value != "", "value", "must name the attribute that holds the number")
		wants(d.Usual != 0, "usual", "must say what the mean was so far: the margin is a part of it")
		m.Kind = evidence.Mean
	default:
		wants(false, "kind", "%q must be %s, %s, %s or %s", d.Kind, Count, Proportion, Mean, Latency)
		return m, false
	}
	wants(d.Event != "", "event", "must name the outcome event that the service tells")
	return m, len(bad.Fields) == before
}

// edges freezes what counts as slow from what the live version does. Where its
// slowest requests are quicker than the floor, the floor counts.
func (d declared) edges(before Latencies) (edges []evidence.Edge, why string) {
	floor := time.Duration(d.Floor)
	if floor == 0 {
		floor = usualFloor
	}
	from, _ := slices.BinarySearch(before.Bounds, floor.Seconds())
	if from >= len(before.Bounds) {
		return nil, "the live version served no requests by which to tell what is slow"
	}
	// All that is quicker becomes one bucket.
	counts := append([]int64{0}, before.Counts[from+1:]...)
	for _, n := range before.Counts[:from+1] {
		counts[0] += n
	}
	edges, err := anytime.FreezeEdges(before.Bounds[from:], counts, edgeShares...)
	if err != nil {
		return nil, fmt.Sprintf("what is slow could not be told from the live version: %v", err)
	}
	return edges, ""
}

// Bucket is where among a latency's edges a request that took so long falls.
func Bucket(edges []evidence.Edge, took time.Duration) int {
	i, _ := slices.BinarySearchFunc(edges, took.Seconds(), func(e evidence.Edge, s float64) int {
		switch {
		case e.At < s:
			return -1
		case e.At > s:
			return 1
		}
		return 0
	})
	return i
}
