// Package meter counts what the gateway answered for every version of every
// component, whatever the service says of itself, and tells it as Prometheus names
// such things.
package meter

import (
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/digital-factory/factory/internal/ref"
)

// Sample is one value of a metric.
type Sample struct {
	Name   string
	Labels map[string]string
	Value  float64
	At     time.Time
}

// bounds are the upper edges of the latency histogram, in seconds.
var bounds = []float64{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10}

// Key names a version in an environment; an empty version is nobody's.
type Key struct {
	Component   ref.Component
	Environment ref.Environment
	Version     string
}

// Values are counted by requests at once and never waited for.
type Values struct {
	classes [6]atomic.Int64  // by status/100; 0 unused
	buckets [14]atomic.Int64 // of bounds, not cumulative; the last is above all bounds
	nanos   atomic.Int64     // of all requests

	told  int64     // requests told last time; this and moved are guarded by the mutex of Meters
	moved time.Time // when told last changed
}

// Count counts an answer.
func (v *Values) Count(status int, took time.Duration) {
	i, _ := slices.BinarySearch(bounds, took.Seconds())
	v.classes[min(max(status/100, 1), 5)].Add(1)
	v.buckets[i].Add(1)
	v.nanos.Add(int64(took))
}

// Meters are those of all versions.
type Meters struct {
	mu    sync.Mutex // guards all
	byKey map[Key]*Values
}

// New returns meters that have counted nothing.
func New() *Meters { return &Meters{byKey: map[Key]*Values{}} }

// Of returns the values of a version, which count from zero when it is new.
func (m *Meters) Of(k Key) *Values {
	m.mu.Lock()
	defer m.mu.Unlock()
	v := m.byKey[k]
	if v == nil {
		v = &Values{}
		m.byKey[k] = v
	}
	return v
}

// idle is how long the values of a version that no longer runs are told.
const idle = 5 * time.Minute

// Samples tells all values, and forgets those of versions that have long been
// gone.
func (m *Meters) Samples(now time.Time, running map[Key]bool) (out []Sample) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for k, v := range m.byKey {
		total := v.samples(k, func(name string, labels map[string]string, value float64) {
			out = append(out, Sample{name, labels, value, now})
		})
		if total != v.told {
			v.told, v.moved = total, now
		} else if !running[k] && now.Sub(v.moved) > idle {
			delete(m.byKey, k)
		}
	}
	return out
}

// samples tells the values and returns the number of requests.
func (v *Values) samples(k Key, tell func(name string, labels map[string]string, value float64)) (total int64) {
	labels := func(extra ...string) map[string]string {
		l := map[string]string{"component": string(k.Component), "environment": string(k.Environment), "version": k.Version}
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
