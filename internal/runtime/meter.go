package runtime

import (
	"context"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Sample is one value of a gateway metric.
type Sample struct {
	Name   string
	Labels map[string]string
	Value  float64
	At     time.Time
}

// bounds are the upper edges of the latency histogram, in seconds.
var bounds = []float64{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10}

type meterKey struct {
	place
	number string // version
}

type meterValues struct {
	classes [6]float64 // by status/100; 0 unused
	buckets []float64  // not cumulative; the last is above all bounds
	sum     float64
}

// meters is the gateway's view of every component, whatever the service says
// of itself.
type meters struct {
	mu      sync.Mutex // guards all
	byKey   map[meterKey]*meterValues
	retired []*counter // counters of routes that are no longer in force, with counts to hand over
}

func (m *meters) count(k meterKey, status int, took time.Duration) {
	i, _ := slices.BinarySearch(bounds, took.Seconds())
	m.mu.Lock()
	defer m.mu.Unlock()
	v := m.byKey[k]
	if v == nil {
		v = &meterValues{buckets: make([]float64, len(bounds)+1)}
		m.byKey[k] = v
	}
	v.classes[min(max(status/100, 1), 5)]++
	v.buckets[i]++
	v.sum += took.Seconds()
}

func (m *meters) retire(c *counter) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.retired = append(m.retired, c)
}

// retireAgain keeps a counter that could not be handed over, once.
func (m *meters) retireAgain(c *counter) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !slices.Contains(m.retired, c) {
		m.retired = append(m.retired, c)
	}
}

// takeRetired returns the retired counters. A request that was on its way when
// the route changed still counts into its counter, so each is looked at for a
// while longer.
func (m *meters) takeRetired() []*counter {
	m.mu.Lock()
	defer m.mu.Unlock()
	const most = 16
	if len(m.retired) > most {
		m.retired = slices.Delete(m.retired, 0, len(m.retired)-most)
	}
	return slices.Clone(m.retired)
}

// record hands the metrics over as Prometheus names them.
func (s *Service) record(ctx context.Context) error {
	now := s.now()
	var out []Sample
	s.meters.mu.Lock()
	for k, v := range s.meters.byKey {
		base := func(extra ...string) map[string]string {
			l := map[string]string{"component": string(k.component), "environment": string(k.environment), "version": k.number}
			for i := 0; i+1 < len(extra); i += 2 {
				l[extra[i]] = extra[i+1]
			}
			return l
		}
		for class, n := range v.classes {
			if n > 0 {
				out = append(out, Sample{"gateway_requests_total", base("code", strconv.Itoa(class)+"xx"), n, now})
			}
		}
		total := 0.0
		for i, n := range v.buckets {
			total += n
			le := "+Inf"
			if i < len(bounds) {
				le = strconv.FormatFloat(bounds[i], 'g', -1, 64)
			}
			out = append(out, Sample{"gateway_request_duration_seconds_bucket", base("le", le), total, now})
		}
		out = append(out, Sample{"gateway_request_duration_seconds_sum", base(), v.sum, now}, Sample{"gateway_request_duration_seconds_count", base(), total, now})
	}
	s.meters.mu.Unlock()
	if len(out) == 0 {
		return nil
	}
	return s.meter.Record(ctx, out)
}
