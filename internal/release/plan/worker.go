package plan

import (
	"fmt"
	"time"

	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/evidence"
)

// How a worker is watched: to it nobody sends requests, so that none can be split
// between versions. Both run beside each other and take their work themselves.
const (
	usualWatch = 5 * time.Minute
	leastWatch = time.Second
	mostWatch  = 7 * 24 * time.Hour
	firstWatch = 10 * time.Second // at the most, of a first version: nothing waits behind it that works
	crashes    = 3
)

// worker makes the plan one for a component that serves nothing.
func (p *Plan) worker(o overrides, first bool, bad *errs.Error) {
	watch := Duration(usualWatch)
	set(&watch, o.Watch)
	if d := time.Duration(watch); d < leastWatch || d > mostWatch {
		bad.In("watch", "%v must be from %v to %v", d, leastWatch, mostWatch)
	}
	p.Stages = stagesOf(0.5, 1) // they share the work; how is theirs
	if first {
		p.Stages, watch = stagesOf(1), min(watch, Duration(firstWatch))
	}
	p.Stages = Approve(p.Stages, stages(o.Stages))
	p.Evidence.Watch = &evidence.Watch{Seconds: time.Duration(watch).Seconds(), Crashes: crashes}
	p.Evidence.ControlAlpha, p.Evidence.ControlRate = 0, 0
	p.Evidence.Metrics, p.Sources = nil, nil
	if o.Preview != nil {
		bad.In("preview", "is for requests, and nobody sends any to a worker; leave it out")
	}
	for i, s := range o.Stages {
		if s.Cohort != nil {
			bad.In(fmt.Sprintf("stages[%d].cohort", i), "is for requests, and nobody sends any to a worker; leave it out")
		}
	}
	if len(o.Metrics) > maxMetrics {
		bad.In("metrics", "%d are declared: at most %d", len(o.Metrics), maxMetrics)
		return
	}
	seen := map[string]bool{}
	for i, d := range o.Metrics {
		at := fmt.Sprintf("metrics[%d]", i)
		if d.Kind != Proportion {
			bad.In(at+".kind", "%q: which version of a worker takes what is not known before, so only proportions can be compared: how it went for every unit", d.Kind)
			continue
		}
		m, ok := d.metric(at, bad)
		if seen[d.Name] {
			bad.In(at+".name", "%q is watched already", d.Name)
		}
		seen[d.Name] = true
		switch {
		case !ok:
		case first:
			p.Unwatched = append(p.Unwatched, Unwatched{d.Name, "a first version has nothing to be compared with"})
		default:
			p.Evidence.Metrics = append(p.Evidence.Metrics, m)
			p.Sources = append(p.Sources, Source{Kind: d.Kind, Event: d.Event, Where: d.Where})
		}
	}
	p.Evidence.Metrics = evidence.EvenWeights(p.Evidence.Metrics)
}
