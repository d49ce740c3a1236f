package telemetry

import (
	"testing"
	"time"
)

// TestUnhealthyRule: an unhealthy replica in production is told until none is; one
// in staging is not, and nothing is told of what is gone.
func TestUnhealthyRule(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, r room) {
		goOn := func(production float64) {
			t.Helper()
			*r.at = r.at.Add(time.Second)
			err := r.Record(t.Context(), []Sample{
				{"workload_unhealthy", map[string]string{"component": "engine", "environment": string(Production)}, production, *r.at},
				{"workload_unhealthy", map[string]string{"component": "engine", "environment": "staging"}, 3, *r.at},
			})
			if err != nil {
				t.Fatal(err)
			}
			r.evaluateNow(t)
		}
		goOn(0)
		r.wantTold(t)
		goOn(1)
		r.wantTold(t, "unhealthy fired page of power")
		goOn(2)
		goOn(0)
		r.wantTold(t, "unhealthy fired page of power", "unhealthy resolved of power")
		goOn(1)
		*r.at = r.at.Add(10 * time.Minute) // nobody tells of it any more
		r.evaluateNow(t)
		r.wantTold(t, "unhealthy fired page of power", "unhealthy resolved of power", "unhealthy fired page of power", "unhealthy resolved of power")
	})
}
