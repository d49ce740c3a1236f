package runtime

import (
	"context"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
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

func (w Workload) meter() meterKey {
	return meterKey{place{w.Component, w.Environment}, w.Number}
}

// meterValues are counted by requests at once and never waited for.
type meterValues struct {
	classes [6]atomic.Int64  // by status/100; 0 unused
	buckets [14]atomic.Int64 // of bounds, not cumulative; the last is above all bounds
	nanos   atomic.Int64     // of all requests

	told  int64     // requests told last time; this and moved are record's, under meters.mu
	moved time.Time // when told last changed
}

func (v *meterValues) count(status int, took time.Duration) {
	i, _ := slices.BinarySearch(bounds, took.Seconds())
	v.classes[min(max(status/100, 1), 5)].Add(1)
	v.buckets[i].Add(1)
	v.nanos.Add(int64(took))
}

// meters is the gateway's view of every component, whatever the service says
// of itself.
type meters struct {
	mu      sync.Mutex // guards all
	byKey   map[meterKey]*meterValues
	retired []*counter // counters of routes that are no longer in force, with counts to hand over
}

// of returns the values of a version, which count from zero when it is new.
func (m *meters) of(k meterKey) *meterValues {
	m.mu.Lock()
	defer m.mu.Unlock()
	v := m.byKey[k]
	if v == nil {
		v = &meterValues{}
		m.byKey[k] = v
	}
	return v
}

func (m *meters) retire(c *counter) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.retired = append(m.retired, c)
}

// straggling is how long a retired counter is looked at for requests that were
// on their way when the route changed.
const straggling = 5 * time.Minute

// takeRetired returns the retired counters and forgets those that have been
// handed over and are long retired.
func (m *meters) takeRetired(now time.Time) []*counter {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.retired = slices.DeleteFunc(m.retired, func(c *counter) bool {
		if c.retired.IsZero() {
			c.retired = now
		}
		return now.Sub(c.retired) > straggling && c.empty()
	})
	return slices.Clone(m.retired)
}

// idle is how long the values of a version that no longer runs are told.
const idle = 5 * time.Minute

// record hands the metrics over as Prometheus names them.
func (s *Service) record(ctx context.Context) error {
	now := s.now()
	running := map[meterKey]bool{}
	for _, w := range *s.serving.Load() {
		running[w.workload.meter()] = true
	}
	var out []Sample
	s.meters.mu.Lock()
	for k, v := range s.meters.byKey {
		total := v.samples(k, func(name string, labels map[string]string, value float64) {
			out = append(out, Sample{name, labels, value, now})
		})
		if total != v.told {
			v.told, v.moved = total, now
		} else if !running[k] && now.Sub(v.moved) > idle {
			delete(s.meters.byKey, k)
		}
	}
	s.meters.mu.Unlock()
	if len(out) == 0 {
		return nil
	}
	return s.meter.Record(ctx, out)
}

// samples tells the values and returns the number of requests.
func (v *meterValues) samples(k meterKey, tell func(name string, labels map[string]string, value float64)) (total int64) {
	labels := func(extra ...string) map[string]string {
		l := map[string]string{"component": string(k.component), "environment": string(k.environment), "version": k.number}
		for i := 0; i+1 < len(extra); i += 2 {
			l[extra[i]] = extra[i+1]
		}
		return l
	}
	for class := range v.classes {
		if n := v.classes[class].Load(); n > 0 {
			tell("gateway_requests_total", labels("code", strconv.Itoa(class)+"xx"), float64(n))
		}
	}
	for i := range v.buckets {
		total += v.buckets[i].Load()
		le := "+Inf"
		if i < len(bounds) {
			le = strconv.FormatFloat(bounds[i], 'g', -1, 64)
		}
		tell("gateway_request_duration_seconds_bucket", labels("le", le), float64(total))
	}
	tell("gateway_request_duration_seconds_sum", labels(), time.Duration(v.nanos.Load()).Seconds())
	tell("gateway_request_duration_seconds_count", labels(), float64(total))
	return total
}
