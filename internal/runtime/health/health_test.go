package health

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestRun: what is told of a process that behaves in a way, one letter for each
// question: well, bad (503), refused, late (3 s), hangs (for good).
func TestRun(t *testing.T) {
	t.Parallel()
	const hung = "it did not answer for 30s at /healthz"
	for _, c := range []struct {
		name, does string
		want       []Verdict
		at         []time.Duration // when it was told
	}{
		{"well", "wwwwwwww", nil, nil},
		{"two bad ones are none", "wbbwbbwrrw", nil, nil},
		{"unwell, and well again at once", "wbbbbbbbbbbw", []Verdict{{Unwell, "it answers 503 Service Unavailable at /healthz"}, {}}, []time.Duration{20 * time.Second, 60 * time.Second}},
		{"flaps", "bbbwbbbw", []Verdict{{Unwell, "it answers 503 Service Unavailable at /healthz"}, {}, {Unwell, "it answers 503 Service Unavailable at /healthz"}, {}}, []time.Duration{15 * time.Second, 20 * time.Second, 35 * time.Second, 40 * time.Second}},
		{"late is bad, and not hung", "llllllllll", []Verdict{{Unwell, "it does not answer within 2s at /healthz"}}, []time.Duration{18 * time.Second}},
		{"hangs", "whhhhhhhhh", []Verdict{{Unwell, "it does not answer within 2s at /healthz"}, {Hung, hung}}, []time.Duration{25 * time.Second, 40 * time.Second}},
		{"hangs, but not wholly", "hhhhbhhhhw", []Verdict{{Unwell, "it does not answer within 2s at /healthz"}, {}}, []time.Duration{20 * time.Second, 50 * time.Second}},
		{"nobody listens", "rrrrrrrr", []Verdict{{Unwell, "it does not answer at /healthz: refused"}, {Hung, hung}}, []time.Duration{15 * time.Second, 30 * time.Second}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(len(c.does)*5+4)*time.Second)
				defer cancel()
				began := time.Now()
				var asked atomic.Int64
				var told []Verdict
				var at []time.Duration
				ask := func(ctx context.Context) (int, error) {
					switch c.does[asked.Add(1)-1] {
					case 'b':
						return http.StatusServiceUnavailable, nil
					case 'r':
						return 0, errors.New("refused")
					case 'l':
						<-time.After(3 * time.Second)
					case 'h':
						<-ctx.Done()
						return 0, ctx.Err()
					}
					return http.StatusOK, nil
				}
				Run(ctx, Pace{5 * time.Second, 2 * time.Second, 3, 30 * time.Second}, "/healthz", ask, func(v Verdict) {
					told, at = append(told, v), append(at, time.Since(began))
				})
				if diff := cmp.Diff(c.want, told); diff != "" {
					t.Error(diff)
				}
				if diff := cmp.Diff(c.at, at); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}
