// Package latency lets release ask the metric store how long requests took.
package latency

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/digital-factory/factory/internal/adapter/prom"
	"github.com/digital-factory/factory/internal/base/errs"
	"github.com/digital-factory/factory/internal/release/plan"
	"github.com/digital-factory/factory/internal/release/rollout"
)

// Seen is what the metric store has of requests.
type Seen struct {
	Store *prom.Store
	Now   func() time.Time
}

// latelyServed is what counts as lately: long enough for services that are
// seldom asked, short enough that it is still so.
const latelyServed = "24h"

// Latencies returns what the gateway saw of a version in the last day.
func (l Seen) Latencies(ctx context.Context, d rollout.Live) (plan.Latencies, error) {
	query := fmt.Sprintf(`sum by (le) (increase(gateway_request_duration_seconds_bucket{component=%q, environment=%q, version=%q}[%s]))`,
		d.Component, d.Environment, d.Number, latelyServed)
	list, err := l.Store.Instant(ctx, query, l.Now())
	if err != nil {
		return plan.Latencies{}, err
	}
	return buckets(list)
}

// buckets makes counts of a cumulative histogram.
func buckets(list []prom.Sample) (out plan.Latencies, err error) {
	upTo := map[float64]float64{}
	for _, s := range list {
		le, err := strconv.ParseFloat(s.Labels["le"], 64)
		if err != nil {
			return out, errs.Because(errs.Internal, err, "the gateway's histogram has a bucket %q", s.Labels["le"])
		}
		upTo[le] = s.Value
	}
	before := 0.0
	for _, le := range slices.Sorted(maps.Keys(upTo)) {
		if !math.IsInf(le, 1) {
			out.Bounds = append(out.Bounds, le)
		}
		out.Counts = append(out.Counts, int64(math.Round(max(upTo[le]-before, 0))))
		before = max(before, upTo[le])
	}
	if len(out.Counts) != len(out.Bounds)+1 {
		return plan.Latencies{}, nil // nothing was served
	}
	return out, nil
}
