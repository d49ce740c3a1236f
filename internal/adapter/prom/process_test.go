package prom_test

import (
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/digital-factory/factory/internal/adapter/prom"
)

// TestProcessesAreApart: cumulative and delta counters of two processes that call
// themselves the same are two series, each of which begins at zero: their sum is
// what both did, and no point of one looks like a reset of the other.
func TestProcessesAreApart(t *testing.T) {
	t.Parallel()
	s := fresh(t, prom.Options{Now: func() time.Time { return noon }})
	for i := range 4 {
		at := noon.Add(time.Duration(i-4) * 10 * time.Second)
		for process, done := range map[string]int64{"w-1": 100 + 10*int64(i), "w-2": 2 * int64(i)} {
			md, ms := metrics(map[string]any{"service.name": "mine", "service.instance.id": "the one", "service_instance_id": "the one"})
			counter(ms, "orders", noon.Add(-time.Minute), at, done, map[string]any{"instance": "the one"})
			counter(ms, "parts", at.Add(-10*time.Second), at, 5, nil)
			ms.At(1).Sum().SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
			ingest(t, s, md, map[string]string{"component": "shop", "service.instance.id": process})
		}
	}
	wantValues(t, s, `count(orders_total)`, noon, 2)
	wantValues(t, s, `sum(orders_total)`, noon, 136)
	wantValues(t, s, `sum(resets(orders_total[2m]))`, noon, 0)
	wantValues(t, s, `sum(max_over_time(orders_total[2m]) - min_over_time(orders_total[2m]))`, noon, 136)
	wantValues(t, s, `sum(parts_total)`, noon, 40)
}
