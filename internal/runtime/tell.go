package runtime

import (
	"context"
	"time"

	"github.com/digital-factory/factory/internal/base/life"
	"github.com/digital-factory/factory/internal/runtime/count"
	"github.com/digital-factory/factory/internal/runtime/meter"
)

// flushEvery is how often what the gateway counted is handed over: so that a
// verdict follows its deciding event within a second.
const flushEvery = 100 * time.Millisecond

// runCounts hands over what was counted. What cannot be handed over is kept.
func (s *Service) runCounts(ctx context.Context) error {
	err := life.Every(ctx, "gateway counts", flushEvery, nil, s.flush)
	if last := s.flush(context.WithoutCancel(ctx)); err == nil {
		err = last
	}
	return err
}

func (s *Service) flush(ctx context.Context) error {
	var inForce []*count.Counter
	for _, rt := range s.routes.Load().routes {
		if rt.counter != nil {
			inForce = append(inForce, rt.counter)
		}
	}
	return s.retired.Flush(ctx, s.observer, s.now(), inForce)
}

// metricUnhealthy is how many replicas of a component in an environment do not
// answer their health check well.
const metricUnhealthy = "workload_unhealthy"

// record hands over the gateway's metrics, and how many replicas are unhealthy.
// Of a component that is gone a last zero is told.
func (s *Service) record(ctx context.Context) error {
	now := s.now()
	running := map[meter.Key]bool{}
	for _, w := range *s.serving.Load() {
		running[w.workload.meter()] = true
	}
	out, sick := s.meters.Samples(now, running), s.unhealthy()
	for at := range s.told {
		if _, there := sick[at]; !there {
			sick[at] = 0
		}
	}
	clear(s.told)
	for at, n := range sick {
		out = append(out, meter.Sample{Name: metricUnhealthy, At: now, Value: float64(n), Labels: map[string]string{"component": string(at.component), "environment": string(at.environment)}})
		if n > 0 {
			s.told[at] = true
		}
	}
	if len(out) == 0 {
		return nil
	}
	return s.meter.Record(ctx, out)
}

// unhealthy counts the unhealthy replicas of each component, where something runs.
func (s *Service) unhealthy() map[place]int {
	counts := map[place]int{}
	for _, w := range *s.serving.Load() {
		at := place{w.workload.Component, w.workload.Environment}
		if _, preview := at.environment.Change(); preview {
			continue
		}
		counts[at] += w.Unhealthy()
	}
	return counts
}
